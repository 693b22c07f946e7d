//! Each isolation layer alone prevents what it is there for. The layers together are tried from inside a driver, in `sandbox.rs`.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use drvhost_tests::status;

/// What the probe's exit code says when the act worked.
const WORKED: i32 = 100;

/// Tries an act under one layer. A layer that this system does not offer fails the test with the reason: every layer is expected where
/// the tests run.
fn probe(layer: &str, act: &str, argument: &str) -> ExitStatus {
    let output = Command::new(env!("CARGO_BIN_EXE_layer-probe"))
        .args([layer, act, argument])
        .output()
        .expect("the probe");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.is_empty(), "{layer} is not to be had here: {said}");
    output.status
}

/// The act works without any layer, and fails with `errno` under this one.
fn fails(layer: &str, act: &str, argument: &str, errno: i32) {
    assert_eq!(
        probe("none", act, argument).code(),
        Some(WORKED),
        "{act} must work without layers to prove anything"
    );
    assert_eq!(probe(layer, act, argument).code(), Some(errno), "{act} under {layer}");
}

fn killed_by_seccomp(act: &str, argument: &str) {
    assert_eq!(probe("seccomp", act, argument).signal(), Some(libc::SIGSYS), "{act} under seccomp");
}

fn own_pid() -> String {
    std::process::id().to_string()
}

fn scratch_file() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made").display().to_string();
    (folder, path)
}

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    (listener, port)
}

#[test]
fn landlock_alone_denies_files_sockets_and_signals() {
    let ((_folder, path), (_listener, port)) = (scratch_file(), listener());
    fails("landlock", "create", &path, libc::EACCES);
    fails("landlock", "connect", &port, libc::EACCES);
    fails("landlock", "signal", &own_pid(), libc::EPERM);
}

#[test]
fn landlock_keeps_a_copy_apart_from_what_it_is_a_copy_of() {
    let from = |act| probe("landlock", act, "").code();
    assert_eq!(from("signal-from-a-child"), Some(WORKED), "what is in one domain can signal each other");
    assert_eq!(from("signal-from-a-copy"), Some(libc::EPERM));
}

#[test]
fn namespaces_alone_leave_no_files_and_no_network() {
    let ((_folder, path), (_listener, port)) = (scratch_file(), listener());
    // The folder is not there any more.
    fails("namespaces", "create", &path, libc::ENOENT);
    fails("namespaces", "create", "/dev/null", libc::ENOENT);
    fails("namespaces", "connect", &port, libc::ENETUNREACH);
}

#[test]
fn without_privileges_nothing_of_another_user_is_reached() {
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let (_folder, path) = scratch_file();
    let expected = if root { libc::EACCES } else { WORKED };
    assert_eq!(
        probe("privileges", "create", &path).code(),
        Some(expected),
        "a user's own files are for other layers"
    );
    if root {
        fails("privileges", "signal", &own_pid(), libc::EPERM);
    }
}

#[test]
fn descriptors_alone_leaves_nothing_to_write_to() {
    // Standard error: what stands on standard output says that a layer is not to be had.
    fails("descriptors", "write", "2", libc::EBADF);
}

#[test]
fn limits_alone_stop_files_and_processes() {
    let (_folder, path) = scratch_file();
    fails("limits", "create", &path, libc::EMFILE);
    // Root is above the limit of processes, so it counts together with the loss of root.
    fails("privileges+limits", "fork", "", libc::EAGAIN);
}

#[test]
fn memory_alone_stops_what_would_be_beyond_the_ceiling() {
    // Half of the ceiling (sandbox::memory::LEAST) is there with it as well, and all of it is not.
    for act in ["allocate", "make-writable"] {
        assert_eq!(probe("memory", act, "128").code(), Some(WORKED), "{act}");
        fails("memory", act, "256", libc::ENOMEM);
    }
}

#[test]
fn speculation_alone_switches_off_what_the_kernel_lets_it() {
    for (kind, field) in [("0", "Speculation_Store_Bypass"), ("1", "SpeculationIndirectBranch")] {
        // What the kernel says of a process that has asked for nothing: on, and nothing to be done about it.
        let here = status(std::process::id(), field).unwrap_or_default();
        let without_switch = ["", "vulnerable", "always enabled", "unknown", "unsupported"].contains(&&*here);
        let expected = if without_switch { libc::EPERM } else { WORKED };
        assert_eq!(probe("speculation", "speculate", kind).code(), Some(expected), "{field}: {here}");
    }
}

#[test]
fn seccomp_alone_kills_for_every_act() {
    let ((_folder, path), (_listener, port)) = (scratch_file(), listener());
    killed_by_seccomp("create", &path);
    killed_by_seccomp("write", "1");
    killed_by_seccomp("fork", "");
    killed_by_seccomp("execute-memory", "");
    killed_by_seccomp("signal", &own_pid());
    killed_by_seccomp("trace", &own_pid());
    killed_by_seccomp("connect", &port);
}
