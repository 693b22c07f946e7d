//! What holds where: run by root and by an ordinary user, with and without user namespaces, with and without Landlock. SECURITY.md has it as a table.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use drvhost_tests::*;
use serde_json::Value;
use tempfile::TempDir;

/// What the probe's exit code says when the act worked.
const WORKED: i32 = 100;

/// Tests that are run inside each environment, by a process that is in it: what a driver does there that wants out.
const HOSTILE_ACTS: [&str; 6] =
    ["open", "socket", "fork", "kill_of_the_host", "mmap_of_code", "no_file_opens"];

/// Where drvhost runs.
#[derive(Debug, Clone, Copy)]
struct Environment {
    root: bool,
    user_namespaces: bool,
    landlock: bool,
}

impl Environment {
    /// What `without` takes away for it, which may be nothing.
    fn lacking(self) -> String {
        let lacks = [(self.root, "root"), (self.user_namespaces, "userns"), (self.landlock, "landlock")];
        // A test that an ordinary user runs has nothing to take away.
        let is_root = cfg!(not(not_root));
        let lacks = lacks.iter().filter(|(there, what)| !there && (is_root || *what != "root"));
        lacks.map(|(_, what)| *what).collect::<Vec<_>>().join(",")
    }

    fn command(self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_without"));
        command.arg(self.lacking());
        command.arg(program.as_ref());
        command
    }

    /// Who it is there.
    fn user(self) -> u32 {
        if self.root {
            0
        } else if cfg!(not_root) {
            rustix::process::getuid().as_raw()
        } else {
            ORDINARY_USER
        }
    }

    /// A folder that is its user's, with a file in it.
    fn folder(self) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("a file");
        for path in [folder.path(), &file] {
            chown(path, Some(self.user()), Some(self.user())).expect("the owner can be changed");
        }
        folder
    }

    /// Whether namespaces are to be had: root makes them without one of users.
    fn namespaces(self) -> bool {
        self.root || self.user_namespaces
    }

    /// What a worker's layers but the filter leave of each act.
    fn left(self) -> [(&'static str, i32); 6] {
        let on_files = |by_landlock| match self {
            Self { .. } if self.namespaces() => libc::ENOENT,
            Self { landlock: true, .. } => by_landlock,
            Self { .. } => WORKED,
        };
        // Root is nobody by then.
        let signal = if self.root || self.landlock { libc::EPERM } else { WORKED };
        [
            // The limit of descriptors: there is none for a file or a socket.
            ("create", libc::EMFILE),
            ("connect", libc::EBADF),
            // The limit of processes.
            ("fork", libc::EAGAIN),
            // What takes no descriptor. Landlock does not know modes.
            ("make-folder", on_files(libc::EACCES)),
            ("change-mode", on_files(WORKED)),
            ("signal", signal),
        ]
    }
}

fn drvhost(environment: Environment, folder: &Folder, arguments: &[&str]) -> Output {
    let mut command = environment.command(program("drvhost"));
    command.args(arguments).args(["--deadline", "30s"]).current_dir(folder.path()).env_remove("HOME");
    command.output().expect("the command starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The layers that `info --host` calls missing, with the reasons.
fn missing(environment: Environment) -> BTreeMap<String, String> {
    let output = drvhost(environment, &Folder::default(), &["info", "--host", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let host: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    let layers = host["layers"].as_array().expect("layers").iter();
    let word = |layer: &Value, field: &str| layer[field].as_str().expect("a word").to_owned();
    layers
        .filter(|layer| layer["active"] == false)
        .map(|layer| (word(layer, "name"), word(layer, "detail")))
        .collect()
}

/// What `info --host` says, as it must be.
fn layers_are_as_expected(environment: Environment) -> BTreeMap<String, String> {
    let missing = missing(environment);
    let expected = [(environment.landlock, "landlock"), (environment.namespaces(), "namespaces")];
    let expected: Vec<_> = expected.iter().filter(|(there, _)| !there).map(|(_, layer)| *layer).collect();
    assert_eq!(missing.keys().collect::<Vec<_>>(), expected, "{environment:?}");
    assert!(missing.values().all(|why| !why.is_empty()), "{missing:?}");
    missing
}

/// Drivers run with what there is, which is said once, and with `--require-sandbox full` only where nothing is missing.
fn drivers_run_or_are_refused(environment: Environment, missing: &BTreeMap<String, String>) {
    for machine in [Machine::X86_64, Machine::I386] {
        let folder = Folder::with_spies(machine, &["spy.dll"]);
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("a folder");
        let message = format!("{XOR:#x}");
        let send = ["send", "./spy.dll", &message, "5", "3"];
        let output = drvhost(environment, &folder, &send);
        assert_eq!((output.status.code(), &*text(&output.stdout)), (Some(0), "6\n"), "{output:?}");
        let said = text(&output.stderr);
        assert_eq!(said.lines().count(), usize::from(!missing.is_empty()), "{said}");
        assert!(missing.keys().all(|layer| said.contains(&format!("{layer} ("))), "{said}");

        let full = drvhost(environment, &folder, &[&send[..], &["--require-sandbox", "full"]].concat());
        let json =
            drvhost(environment, &folder, &[&send[..], &["--require-sandbox", "full", "--json"]].concat());
        if missing.is_empty() {
            assert_eq!((full.status.code(), &*text(&full.stdout)), (Some(0), "6\n"), "{full:?}");
            continue;
        }
        for output in [&full, &json] {
            assert_eq!((output.status.code(), output.stdout.len()), (Some(5), 0), "{output:?}");
        }
        let error: Value = serde_json::from_slice(&json.stderr).expect("one line of JSON");
        assert_eq!(error["blame"], "host", "{error}");
        assert!(error["advice"].is_string(), "{error}");
        for said in [text(&full.stderr), error["error"].to_string()] {
            assert_eq!(said.lines().count(), 1, "{said}");
            // With the reason, as JSON has it between quotes.
            let named = |(layer, why): (&String, &String)| said.contains(&format!("{layer} ({why})"));
            assert!(missing.iter().all(named), "{missing:?}: {said}");
        }
    }
}

/// A driver that wants out is stopped by the filter, wherever it runs.
fn hostile_drivers_are_stopped(environment: Environment) {
    let mut command = environment.command(std::env::current_exe().expect("the running program has a path"));
    command.arg("--exact").env_remove("HOME").current_dir("/");
    for act in HOSTILE_ACTS {
        command.args(["x86_64", "i386"].map(|machine| format!("sandbox::{act}::{machine}")));
    }
    let output = command.output().expect("the tests start");
    let passed = format!("test result: ok. {} passed; 0 failed", 2 * HOSTILE_ACTS.len());
    assert!(output.status.success() && text(&output.stdout).contains(&passed), "{output:?}");
}

/// What the other layers hold without the filter.
fn the_other_layers_hold_what_the_table_says(environment: Environment) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port().to_string();
    // Of the user's own, so that nothing but a layer keeps signals from it.
    let mut victim = Command::new("sleep");
    if cfg!(not(not_root)) {
        victim.uid(environment.user());
    }
    let mut victim = victim.arg("60").stdin(Stdio::null()).spawn().expect("a process");
    let victims_id = victim.id().to_string();
    let probe = |layers: &str, act: &str| {
        let folder = environment.folder();
        let (made, file) = (folder.path().join("made"), folder.path().join("file"));
        let argument = match act {
            "connect" => port.clone(),
            "signal" => victims_id.clone(),
            "change-mode" => file.display().to_string(),
            _ => made.display().to_string(),
        };
        let mut command = environment.command(env!("CARGO_BIN_EXE_layer-probe"));
        let output = command.args([layers, act, &argument]).output().expect("the probe");
        assert!(output.stdout.is_empty(), "{output:?}");
        output.status.code()
    };
    let results =
        environment.left().map(|(act, left)| (act, probe("none", act), probe("all-but-seccomp", act), left));
    let _ = victim.kill();
    let _ = victim.wait();
    for (act, without, with, left) in results {
        assert_eq!(
            without,
            Some(WORKED),
            "{act} must work without layers to prove anything, in {environment:?}"
        );
        assert_eq!(with, Some(left), "{act} in {environment:?}");
    }
}

fn holds(environment: Environment) {
    let missing = layers_are_as_expected(environment);
    drivers_run_or_are_refused(environment, &missing);
    hostile_drivers_are_stopped(environment);
    the_other_layers_hold_what_the_table_says(environment);
}

macro_rules! environments {
    ($($(#[$needs:meta])? $name:ident: $user_namespaces:literal, $landlock:literal;)*) => {
        $(
            #[test]
            #[cfg_attr(no_mingw, ignore = "needs mingw-w64 for x86-64 and i686")]
            $(#[$needs])?
            fn $name() {
                let root = stringify!($name).starts_with("root");
                holds(Environment { root, user_namespaces: $user_namespaces, landlock: $landlock });
            }
        )*
    };
}

environments! {
    #[cfg_attr(not_root, ignore = "needs root")]
    root: true, true;
    #[cfg_attr(not_root, ignore = "needs root")]
    root_without_landlock: true, false;
    #[cfg_attr(not_root, ignore = "needs root")]
    root_without_user_namespaces: false, true;
    #[cfg_attr(not_root, ignore = "needs root")]
    root_without_either: false, false;
    user: true, true;
    user_without_landlock: true, false;
    user_without_user_namespaces: false, true;
    user_without_either: false, false;
}

spy_test!(what_is_missing_is_said_once_however_many_workers_there_are, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll", "other.dll", "third.dll"]);
    let environment = Environment { root: true, user_namespaces: true, landlock: false };
    let mut command = environment.command(program("drvhost"));
    command.args(["run", "./spy.dll", "./other.dll", "./third.dll", "--json"]).current_dir(folder.path());
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("drvhost starts");
    let mut stdout = std::io::BufReader::new(process.stdout.take().expect("a pipe"));
    let mut ready = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut ready).expect("a line");
    assert_eq!(all_workers(process.id()).len(), 3, "{ready}");
    let pid = rustix::process::Pid::from_child(&process);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    let output = process.wait_with_output().expect("its end");
    let said = text(&output.stderr);
    assert_eq!(said.matches(NOTICE).count(), 1, "{said}");
    assert!(output.status.success() && said.contains("landlock ("), "{output:?}");
});
