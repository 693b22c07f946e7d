//! Sources of each kind, with drivers made for the purpose.

use std::fs;

use pe::builder::Builder;
use tempfile::TempDir;

use super::*;
use crate::regfile::Data;
use crate::store::entries;
use crate::store::read_hive;

struct Rig {
    folder: TempDir,
    store: Store,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(&folder.path().join("config"), &folder.path().join("data"));
        Self { folder, store }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    fn driver(&self, name: &str, machine: Machine, mark: &[u8]) {
        let mut bytes = driver(machine);
        bytes.splice(0x40..0x40 + mark.len(), mark.iter().copied());
        self.write(name, bytes);
    }

    fn import(&self, source: Source<'_>) -> Vec<Imported> {
        import(&self.store, &Registry::new(), source).unwrap()
    }

    /// Section, name and value of every entry, and the machine's name.
    fn entries(&self) -> Vec<String> {
        let describe = |entry: crate::store::StoreEntry| {
            format!("{} {} {}={}", entry.machine, entry.section, entry.alias, entry.value)
        };
        entries(&self.store.read().unwrap()).into_iter().map(describe).collect()
    }
}

fn summary(imported: &[Imported]) -> Vec<String> {
    let describe = |entry: &Imported| {
        let reason = entry.reason.as_deref().unwrap_or(if entry.imported { "imported" } else { "" });
        format!("{}: {reason}", entry.alias)
    };
    imported.iter().map(describe).collect()
}

#[test]
fn a_wine_prefix_is_brought_over_without_wines_own() {
    let rig = Rig::new();
    rig.driver("wine/drive_c/windows/system32/Wide.dll", Machine::X86_64, b"");
    rig.driver("wine/drive_c/windows/syswow64/narrow.dll", Machine::I386, b"");
    rig.driver("wine/drive_c/windows/system32/own.dll", Machine::X86_64, b"Wine builtin DLL");
    rig.driver("wine/drive_c/Codecs/Deep/far.acm", Machine::I386, b"");
    let system = r#"WINE REGISTRY Version 2
;; All keys relative to REGISTRY\\Machine

[Software\\Microsoft\\Windows NT\\CurrentVersion\\Drivers32] 1700000000
#time=1d
"vidc.wide"="wide.dll  COM1"
"vidc.own"="own.dll"
"msacm.far"="c:\\codecs\\deep\\FAR.ACM"
"vidc.none"="none.dll"

[Software\\Wow6432Node\\Microsoft\\Windows NT\\CurrentVersion\\drivers32]
"vidc.narrow"="narrow.dll"
"vidc.wide"="wide.dll"

[Software\\Microsoft\\Windows NT\\CurrentVersion\\Fonts]
"a"="b.dll"
"#;
    rig.write("wine/system.reg", system);
    rig.write(
        "wine/user.reg",
        "WINE REGISTRY Version 2\n;; All keys relative to REGISTRY\\\\User\\\\S-1\n\
         [Software\\\\Microsoft\\\\Multimedia\\\\msacm.far]\n\"q\"=dword:00000007\n[Software\\\\Other]\n\"x\"=\"y\"\n",
    );
    let done = rig.import(Source::WinePrefix(&rig.path("wine")));
    assert_eq!(
        summary(&done),
        [
            "msacm.far: imported",
            "vidc.none: there is no file `none.dll` where drivers were looked for",
            "vidc.own: its driver is Wine's own, which is found without being brought over",
            "vidc.wide: imported",
            "vidc.narrow: imported",
            "vidc.wide: there is no file `wide.dll` where drivers were looked for",
        ]
    );
    assert_eq!(
        rig.entries(),
        [
            "x86_64 Drivers32 vidc.wide=Wide.dll  COM1",
            "i386 Drivers32 msacm.far=far.acm",
            "i386 Drivers32 vidc.narrow=narrow.dll"
        ]
    );
    let hive = read_hive(&rig.store.settings_file()).unwrap();
    let multimedia = "HKEY_CURRENT_USER\\Software\\Microsoft\\Multimedia\\msacm.far";
    assert_eq!(hive.get(multimedia, "q"), Some(&Data::Dword(7)));
    assert_eq!(hive.keys().filter(|key| key.contains("Other") || key.contains("Fonts")).count(), 0);
    // The files are the store's own now.
    fs::remove_dir_all(rig.path("wine")).unwrap();
    let mut registry = Registry::new();
    registry.add_installed(&rig.store).unwrap();
    assert_eq!(
        registry.resolve("msacm.far", None).unwrap().path,
        rig.store.folder(Machine::I386).join("far.acm")
    );
}

#[test]
fn a_system_ini_is_brought_over() {
    let rig = Rig::new();
    rig.driver("WINDOWS/SYSTEM/a.drv", Machine::I386, b"");
    rig.driver("WINDOWS/mci.dll", Machine::I386, b"");
    let ini = "[boot]\ndrivers=mmsystem.dll\n[drivers]\ntimer=timer.drv\n[DRIVERS32]\nvidc.a=C:\\Windows\\System\\A.DRV x\n\
               [Installable Compressors]\nVIDC.B=a.drv\n[mci32]\nfilm=mci.dll\n";
    let file = rig.write("WINDOWS/SYSTEM.INI", ini);
    let done = rig.import(Source::SystemIni(&file));
    assert_eq!(summary(&done), ["vidc.a: imported", "VIDC.B: imported"]);
    assert_eq!(rig.entries(), ["i386 Drivers32 vidc.a=a.drv x", "i386 Drivers32 VIDC.B=a.drv"]);
}

#[test]
fn a_reg_file_is_brought_over_with_its_keys_and_changes_nothing_that_is_there() {
    let rig = Rig::new();
    rig.driver("a.dll", Machine::X86_64, b"");
    let text = "REGEDIT4\n[HKLM\\Software\\Microsoft\\Windows NT\\CurrentVersion\\Drivers32]\n\"vidc.a\"=\"a.dll\"\n\
                \"vidc.text\"=\"text.dll\"\n[HKCU\\Software\\Author\\A]\n\"quality\"=dword:1\n";
    rig.write("text.dll", "no driver");
    let file = rig.write("a.reg", text);
    let done = rig.import(Source::Reg(&file));
    assert!(done[0].imported && !done[1].imported, "{done:?}");
    assert!(done[1].reason.as_ref().unwrap().contains("text.dll: not a Windows executable"), "{done:?}");
    rig.write("a.reg", text.replace("dword:1", "dword:2").replace("\"a.dll\"", "\"a.dll again\""));
    let again = rig.import(Source::Reg(&file));
    assert_eq!(again[0].reason.as_deref(), Some("the store has an entry of this name, `a.dll`"));
    assert_eq!(rig.entries(), ["x86_64 Drivers32 vidc.a=a.dll"]);
    let hive = read_hive(&rig.store.settings_file()).unwrap();
    assert_eq!(hive.get("HKEY_CURRENT_USER\\Software\\Author\\A", "QUALITY"), Some(&Data::Dword(1)));
}

#[test]
fn what_cannot_be_read_brings_nothing() {
    let rig = Rig::new();
    let file = rig.write("a.reg", "REGEDIT4\n\nnonsense");
    let error = import(&rig.store, &Registry::new(), Source::Reg(&file)).unwrap_err();
    assert!(error.to_string().ends_with("a.reg: line 3: this is no key in brackets, no value that begins with a quotation mark, and no comment"), "{error}");
    assert!(import(&rig.store, &Registry::new(), Source::WinePrefix(&rig.path("none"))).is_err());
    assert!(!rig.store.file().exists());
}

/// A driver's file, as small as it can be.
fn driver(machine: Machine) -> Vec<u8> {
    Builder::new(machine.into()).code(&[0xC3]).export("DriverProc", 0).build()
}
