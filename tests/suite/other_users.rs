//! What another user of the computer can do to drvhost, or have it do. Only root can be two users.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use drvhost_tests::*;
use rustix::process::{Pid, Signal, kill_process};

/// Who runs drvhost, and somebody else.
const USER: u32 = ORDINARY_USER;
const OTHER: u32 = ORDINARY_USER + 1;

/// A command that is run by one of them.
fn by(user: u32, program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.uid(user).gid(user).env_clear().env("PATH", "/usr/bin:/bin");
    command
}

/// A line of the shell's, run by one of them.
fn shell(user: u32, line: &str) -> Output {
    by(user, "/bin/sh").args(["-c", line]).output().expect("a shell")
}

/// A folder of the user's with the test synth and a song in it, and a home.
fn folder(machine: Machine) -> Folder {
    let folder = Folder::new(machine);
    folder.copy_driver("midisynth", "synth.dll");
    let song = SmfTrack::new().on(0, 0, 60, 100).off(500, 0, 60).end(0);
    folder.write("song.mid", Smf::single(500, song).bytes());
    fs::create_dir(folder.file("home")).expect("a folder");
    for path in [folder.path(), &folder.file("home")] {
        chown(path, Some(USER), Some(USER)).expect("root can do that");
    }
    folder
}

/// Plays the song into a file, as the user.
fn play(folder: &Folder, output: &Path) -> Output {
    let mut command = by(USER, program("drvhost"));
    command.args([
        "play",
        "song.mid",
        "--driver",
        "./synth.dll",
        "--tail",
        "100ms",
        "--deadline",
        "30s",
        "-o",
    ]);
    command.arg(output).current_dir(folder.path()).env("HOME", folder.file("home"));
    command.output().expect("drvhost starts")
}

/// A folder that everybody can write to, in which the other user has put a link to a file of the user's where the output is to be.
fn trap(folder: &Folder, mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
    let shared = tempfile::tempdir().expect("a folder");
    fs::set_permissions(shared.path(), Permissions::from_mode(mode)).expect("root can do that");
    folder.write("precious", "mine");
    chown(folder.file("precious"), Some(USER), Some(USER)).expect("root can do that");
    let link = shared.path().join("out.wav");
    symlink(folder.file("precious"), &link).expect("a link");
    std::os::unix::fs::lchown(&link, Some(OTHER), Some(OTHER)).expect("root can do that");
    (shared, link)
}

macro_rules! two_users {
    ($($test:tt)*) => {
        driver_test! { cfg_attr(any(no_mingw, not_root), ignore = "needs root, and mingw-w64 for x86-64 and i686"); $($test)* }
    };
}

two_users!(nobody_looks_into_a_worker, |machine| {
    let folder = folder(machine);
    folder.copy_driver("spy", "looked-into.dll");
    let mut command = by(USER, program("drvhost"));
    command.args(["run", "./looked-into.dll", "--json"]).current_dir(folder.path());
    command.env("HOME", folder.file("home")).stdout(Stdio::piped());
    let mut host = command.spawn().expect("drvhost starts");
    let mut ready = String::new();
    let mut stdout = std::io::BufReader::new(host.stdout.take().expect("a pipe"));
    std::io::BufRead::read_line(&mut stdout, &mut ready).expect("a line");
    let [worker] = workers(host.id(), "looked-into.dll")[..] else { panic!("one worker: {ready}") };
    // All of it is there for root, so that what follows is a refusal and no mistake in the path.
    for file in ["mem", "maps", "environ", "fd/."] {
        assert!(Path::new(&format!("/proc/{worker}/{file}")).exists(), "{file}");
    }
    for user in [USER, OTHER] {
        for line in ["cat /proc/W/maps", "head -c 1 /proc/W/mem", "cat /proc/W/environ", "ls /proc/W/fd/"] {
            let looked = shell(user, &line.replace('W', &worker.to_string()));
            let said = String::from_utf8_lossy(&looked.stderr).into_owned();
            assert!(!looked.status.success() && said.contains("Permission denied"), "{user}: {line}: {said}");
            assert!(looked.stdout.is_empty(), "{user}: {line}: {looked:?}");
        }
    }
    for process in [worker, host.id()] {
        assert!(!shell(OTHER, &format!("kill -KILL {process}")).status.success());
        assert_eq!(status(process, "State").map(|state| state.starts_with('Z')), Some(false));
    }
    kill_process(Pid::from_child(&host), Signal::TERM).expect("it runs");
    assert!(host.wait().expect("its end").success());
});

two_users!(a_link_under_an_outputs_name_is_not_followed, |machine| {
    let folder = folder(machine);
    let (_shared, link) = trap(&folder, 0o777);
    let played = play(&folder, &link);
    assert!(played.status.success(), "{played:?}");
    assert_eq!(fs::read(folder.file("precious")).unwrap(), b"mine");
    let made = fs::symlink_metadata(&link).unwrap();
    assert!(made.is_file() && made.uid() == USER && made.len() > 1000, "{made:?}");
});

two_users!(a_link_that_cannot_be_replaced_is_an_error, |machine| {
    const EXIT_HOST: i32 = 5;
    let folder = folder(machine);
    // As /tmp is: each removes what is their own.
    let (shared, link) = trap(&folder, 0o1777);
    let played = play(&folder, &link);
    let said = String::from_utf8_lossy(&played.stderr).into_owned();
    assert_eq!(played.status.code(), Some(EXIT_HOST), "{said}");
    assert!(said.contains("out.wav"), "{said}");
    assert_eq!(fs::read(folder.file("precious")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(shared.path()).unwrap().count(), 1, "nothing else is left there");
});

two_users!(what_drivers_keep_is_their_users_only, |machine| {
    let folder = folder(machine);
    folder.copy_driver("files", "files.dll");
    let mut command = by(USER, program("drvhost"));
    // It counts in a file how often it was asked.
    let message = format!("{FILES_COUNT:#x}");
    command
        .args(["send", "./files.dll", &message])
        .current_dir(folder.path())
        .env("HOME", folder.file("home"));
    let sent = command.output().expect("drvhost starts");
    assert_eq!(String::from_utf8_lossy(&sent.stdout), "1\n", "{sent:?}");
    let (mut folders, mut files) = (vec![folder.file("home")], Vec::new());
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    assert!(files.iter().any(|file| file.ends_with("count.txt")), "{files:?}");
    for file in files {
        let read = shell(OTHER, &format!("cat '{}'", file.display()));
        let said = String::from_utf8_lossy(&read.stderr).into_owned();
        assert!(!read.status.success() && said.contains("Permission denied"), "{}: {said}", file.display());
    }
});
