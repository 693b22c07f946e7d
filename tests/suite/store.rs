//! The store of installed drivers: what drivers are told when they are installed, configured and removed, the commands, and what holds when many
//! install at once or are killed.

mod beside;
mod commands;
mod crash;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use drvhost::configure::{self, Answer};
use drvhost::install::{self, Installed, Removed};
use drvhost::{Builder, Error, Registry, Session, Store, Trace};
use drvhost_tests::*;
use mmsystem::*;

/// A store of the test's own, with all that its drivers are told and say.
struct Rig {
    machine: Machine,
    folder: Folder,
    store: Store,
    said: Arc<Mutex<Vec<String>>>,
}

impl Rig {
    fn new(machine: Machine) -> Self {
        let folder = Folder::new(machine);
        let store = Store::at(&folder.file("config"), &folder.file("data"));
        folder.copy_driver("settings", "settings.dll");
        Self { machine, folder, store, said: Arc::default() }
    }

    /// The driver with settings, as it lies before it is installed.
    fn file(&self) -> PathBuf {
        self.folder.file("settings.dll")
    }

    /// What sessions are started with; the trace begins anew, and so does what is said.
    fn builder(&self) -> Builder {
        let (said, trace) = (Arc::clone(&self.said), Trace::to_file(&self.folder.file("trace")).unwrap());
        said.lock().unwrap().clear();
        let hear = move |_: &str, text: &str| {
            if let Some(text) = text.strip_prefix("settings ") {
                said.lock().unwrap().push(text.to_owned());
            }
        };
        let builder =
            Session::builder().registry(Registry::new()).deadline(Some(std::time::Duration::from_secs(30)));
        builder.trace(trace).on_text(hear)
    }

    fn try_install(&self, alias: &str, text: &str) -> Result<Installed, Error> {
        install::install(&self.store, &self.builder(), &self.file(), Some(alias), Some(text), &[], &[])
    }

    fn install(&self, alias: &str, text: &str) -> Installed {
        self.try_install(alias, text).unwrap_or_else(|error| panic!("{alias} `{text}`: {error}"))
    }

    fn remove(&self, alias: &str) -> Removed {
        install::remove(&self.store, &self.builder(), alias)
            .unwrap_or_else(|error| panic!("{alias}: {error}"))
    }

    /// A session that knows the installed drivers.
    fn session(&self) -> Session {
        let mut registry = Registry::new();
        registry.add_installed(&self.store).unwrap();
        self.builder().registry(registry).start().unwrap()
    }

    fn configure(&self, alias: &str) -> Option<Answer> {
        let session = self.session();
        configure::configure(&session, &session.registry().resolve(alias, None).unwrap()).unwrap()
    }

    /// Every message since the builder was made.
    fn sequence(&self) -> Sequence {
        Sequence::of(calls_in(&self.folder.file("trace")).iter().map(|call| call.number))
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    /// The aliases in the store, and the files.
    fn installed(&self) -> (Vec<String>, Vec<String>) {
        let mut registry = Registry::new();
        registry.add_installed(&self.store).unwrap();
        let files = std::fs::read_dir(self.store.folder(self.machine)).into_iter().flatten().flatten();
        let mut files: Vec<_> = files.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        files.sort();
        (registry.aliases(), files)
    }
}

spy_test!(c086_configure_is_sent_only_to_a_driver_that_has_a_dialog, |machine| {
    let rig = Rig::new(machine);
    rig.install("vidc.with", "");
    rig.install("vidc.without", "query=0");
    assert_eq!(rig.configure("vidc.with"), Some(Answer::Ok));
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN QUERYCONFIGURE CONFIGURE CLOSE DISABLE FREE");
    assert_eq!(rig.configure("vidc.without"), None);
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN QUERYCONFIGURE CLOSE DISABLE FREE");
    let session = rig.session();
    for (alias, dialog) in [("vidc.with", true), ("vidc.without", false)] {
        let driver = session.registry().resolve(alias, None).unwrap();
        assert_eq!(configure::has_dialog(&session, &driver).unwrap(), dialog, "{alias}");
    }
    assert!(!rig.sequence().to_string().contains(" CONFIGURE"), "asking is not configuring");
});

spy_test!(c087_configure_carries_a_structure_whose_names_may_be_missing, |machine| {
    let rig = Rig::new(machine);
    let size = pick(machine, 12, 20);
    rig.install("vidc.a", "");
    let _ = rig.configure("vidc.a");
    assert_eq!(rig.said(), [format!("CONFIGURE l1=0 size={size} section=Drivers32 alias=vidc.a")]);
    let session = rig.session();
    let by_file = driver_file(rig.file(), "");
    assert_eq!(configure::configure(&session, &by_file).unwrap(), Some(Answer::Ok));
    assert_eq!(rig.said(), [format!("CONFIGURE l1=0 size={size} section=NULL alias=NULL")]);
    let hdrvr = session.open(&by_file, |_| Ok(0)).unwrap();
    assert_eq!(session.send(hdrvr, DRV_CONFIGURE, 7, 0).unwrap(), i64::from(DRVCNF_OK));
    assert_eq!(rig.said().last().unwrap(), "CONFIGURE l1=7 none");
});

spy_test!(c088_answers_cancel_are_done_or_want_a_restart, |machine| {
    let rig = Rig::new(machine);
    for (answer, meaning) in [(0, Answer::Cancel), (1, Answer::Ok), (2, Answer::Restart)] {
        let alias = format!("vidc.{answer}");
        rig.install(&alias, &format!("configure={answer}"));
        assert_eq!(rig.configure(&alias), Some(meaning));
        rig.remove(&alias);
    }
    let error = rig.try_install("vidc.a", "install=0").unwrap_err();
    assert_eq!(error.to_string(), "settings.dll refused DRV_INSTALL: it answered DRVCNF_CANCEL");
    assert_eq!(rig.installed(), (vec![], vec![]), "what is cancelled is undone");
    assert_eq!(rig.install("vidc.a", "install=1").answer, Some(Answer::Ok));
    rig.remove("vidc.a");
    assert_eq!(rig.install("vidc.a", "install=2").answer, Some(Answer::Restart));
    assert_eq!(rig.installed(), (vec!["vidc.a".to_owned()], vec!["settings.dll".to_owned()]));
});

spy_test!(c089_install_and_remove_come_after_open, |machine| {
    let rig = Rig::new(machine);
    let installed = rig.install("vidc.a", "x");
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN INSTALL QUERYCONFIGURE CLOSE DISABLE FREE");
    assert_eq!((installed.value.as_str(), installed.configurable), ("settings.dll x", true));
    let size = pick(machine, 12, 20);
    assert_eq!(rig.said(), [format!("INSTALL l1=0 size={size} section=Drivers32 alias=vidc.a")]);
    let removed = rig.remove("vidc.a");
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN REMOVE CLOSE DISABLE FREE");
    assert_eq!((removed.told, removed.restart), (true, false));
    rig.install("vidc.a", "remove=2");
    assert!(rig.remove("vidc.a").restart);
});

spy_test!(c090_install_is_for_a_files_first_entry_and_remove_for_its_last, |machine| {
    let rig = Rig::new(machine);
    assert!(rig.install("vidc.a", "").answer.is_some());
    assert_eq!(rig.install("vidc.b", "").answer, None);
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN QUERYCONFIGURE CLOSE DISABLE FREE");
    assert!(!rig.remove("vidc.a").told);
    assert_eq!(rig.sequence(), "");
    assert_eq!(rig.installed(), (vec!["vidc.b".to_owned()], vec!["settings.dll".to_owned()]));
    assert!(rig.remove("VIDC.B").told);
    assert_eq!(rig.installed(), (vec![], vec![]));
});

spy_test!(c091_the_acms_longer_structure_is_accepted, |machine| {
    let rig = Rig::new(machine);
    rig.install("msacm.a", "");
    let size = pick(machine, 16, 24);
    assert_eq!(rig.said(), [format!("INSTALL l1=0 size={size}+ section=Drivers32 alias=msacm.a")]);
});

spy_test!(c092_configuring_an_audio_codec_supplies_section_and_alias, |machine| {
    let rig = Rig::new(machine);
    rig.install("msacm.a", "");
    assert_eq!(rig.configure("msacm.a"), Some(Answer::Ok));
    let size = pick(machine, 16, 24);
    assert_eq!(rig.said(), [format!("CONFIGURE l1=0 size={size}+ section=Drivers32 alias=msacm.a")]);
});

spy_test!(c093_without_plug_and_play_install_is_sent_and_pnpinstall_never, |machine| {
    let rig = Rig::new(machine);
    rig.install("vidc.a", "");
    let numbers: Vec<_> = calls_in(&rig.folder.file("trace")).iter().map(|call| call.number).collect();
    assert!(numbers.contains(&DRV_INSTALL) && !numbers.contains(&DRV_PNPINSTALL), "{numbers:?}");
});

spy_test!(the_entry_is_there_before_the_driver_is_told, |machine| {
    let rig = Rig::new(machine);
    rig.install("vidc.a", "reopen");
    assert_eq!(rig.said()[1..], ["reopened"]);
});

spy_test!(a_driver_that_fails_is_not_installed, |machine| {
    let rig = Rig::new(machine);
    for text in ["open=0", "install=fault", "query=fault"] {
        let error = rig.try_install("vidc.a", text).unwrap_err();
        assert_eq!(error.blame(), drvhost::Blame::Driver, "{text}: {error}");
        assert_eq!(rig.installed(), (vec![], vec![]), "{text}");
    }
    rig.install("vidc.a", "");
    assert!(rig.try_install("vidc.b", "open=0").is_err());
    assert_eq!(rig.installed(), (vec!["vidc.a".to_owned()], vec!["settings.dll".to_owned()]));
});

spy_test!(a_driver_that_cannot_be_told_is_removed_all_the_same, |machine| {
    let rig = Rig::new(machine);
    rig.install("vidc.a", "remove=fault");
    let removed = rig.remove("vidc.a");
    assert!(!removed.told && removed.reason.unwrap().contains("faulted in DRV_REMOVE"));
    rig.install("vidc.a", "");
    std::fs::remove_file(rig.store.folder(machine).join("settings.dll")).unwrap();
    assert!(rig.remove("vidc.a").reason.unwrap().contains("settings.dll"));
    assert_eq!(rig.installed(), (vec![], vec![]));
});

spy_test!(an_installed_driver_stays_when_its_file_goes, |machine| {
    let rig = Rig::new(machine);
    rig.install("vidc.a", "open=77");
    std::fs::remove_file(rig.file()).unwrap();
    let session = rig.session();
    let hdrvr = session.open_driver("vidc.a", None, 0).unwrap();
    assert_eq!(session.send(hdrvr, XOR, 5, 3).unwrap(), 6);
    assert_eq!(session.instances()[0].id, 77);
});
