//! Applies one layer of a worker's isolation to itself, then tries something that the layer must prevent.
//!
//! `layer-probe LAYER ACT ARGUMENT` ends with 100 if the act worked, and else with the error's number; a layer that kills shows in how it ends. The
//! worker itself has no switch to leave a layer out, so this program is how each is tried alone. `all-but-seccomp` is all that a worker does but for
//! the filter.

use std::process::ExitCode;

use sandbox::filter::{Filter, Stage};
use sandbox::{Terms, isolate, memory, speculation};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [layer, act, argument] = arguments.as_slice() else { return ExitCode::from(2) };
    // Told apart from an act that fails: a layer that this system does not offer.
    if let Err(why) = apply(layer) {
        println!("unavailable: {why}");
        return ExitCode::SUCCESS;
    }
    let result = act_out(act, argument);
    if layer == "seccomp" {
        // Not allowed to print or to exit any more; the act was what should have ended this process.
        loop {
            std::hint::spin_loop();
        }
    }
    // The descriptors are gone under that layer, so the exit code carries the answer.
    match result {
        Ok(()) => ExitCode::from(100),
        Err(error) => ExitCode::from(u8::try_from(error.raw_os_error().unwrap_or(255)).unwrap_or(255)),
    }
}

fn apply(layer: &str) -> std::io::Result<()> {
    match layer {
        "none" => Ok(()),
        "namespaces" => isolate::namespaces().map(|_| ()),
        "privileges" => isolate::privileges().map(|_| ()),
        "landlock" => isolate::landlock().map(|_| ()),
        "descriptors" => isolate::descriptors(),
        "limits" => isolate::limits(),
        "memory" => memory::memory(memory::LEAST).map(|_| ()),
        "speculation" => {
            // Of two kinds, one may be all that can be had; the act tells.
            let _ = speculation::speculation();
            Ok(())
        }
        "all-but-seccomp" => {
            let started_by = std::os::unix::process::parent_id();
            let terms =
                Terms { memory: memory::LEAST, processor_time: None, fixed_addresses: false, threads: false };
            isolate::leave(started_by).and_then(|_| isolate::confine(terms, || Ok(()))).map(|_| ())
        }
        "privileges+limits" => isolate::privileges().and_then(|_| isolate::limits()),
        "seccomp" => {
            let filter = Filter::compile(Stage::Running).map_err(std::io::Error::other)?;
            filter.install().map_err(std::io::Error::other)
        }
        _ => Err(std::io::Error::other("no such layer")),
    }
}

/// Does one thing by a raw system call.
fn act_out(act: &str, argument: &str) -> std::io::Result<()> {
    let mut path = argument.as_bytes().to_vec();
    path.push(0);
    let number: i64 = argument.parse().unwrap_or(0);
    // SAFETY: each call gets what its manual page asks for: a NUL-terminated path, integers, or the address of a live local.
    let result = unsafe {
        match act {
            "create" => libc::syscall(libc::SYS_creat, path.as_ptr(), 0o600),
            "make-folder" => libc::syscall(libc::SYS_mkdir, path.as_ptr(), 0o700),
            "change-mode" => libc::syscall(libc::SYS_chmod, path.as_ptr(), 0o700),
            // As much more as the argument says, in MiB: mapped as it would be used, or made writable later.
            "allocate" | "make-writable" => {
                let (write, read) = (libc::PROT_READ | libc::PROT_WRITE, libc::PROT_READ);
                let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
                let first = if act == "allocate" { write } else { read };
                match libc::syscall(libc::SYS_mmap, 0, number << 20, first, flags, -1, 0) {
                    -1 => -1,
                    start => libc::syscall(libc::SYS_mprotect, start, number << 20, write),
                }
            }
            // Whether a kind of speculation is off: the error says that it is not.
            "speculate" => {
                match libc::syscall(libc::SYS_prctl, libc::PR_GET_SPECULATION_CTRL, number, 0, 0, 0) {
                    -1 => -1,
                    state if state == i64::from(libc::PR_SPEC_NOT_AFFECTED) => 0,
                    state if state & i64::from(libc::PR_SPEC_DISABLE | libc::PR_SPEC_FORCE_DISABLE) != 0 => 0,
                    _ => return Err(std::io::Error::from_raw_os_error(libc::EPERM)),
                }
            }
            "write" => libc::syscall(libc::SYS_write, number, path.as_ptr(), 1),
            "fork" => match libc::syscall(libc::SYS_fork) {
                // The child has nothing to do.
                0 => libc::syscall(libc::SYS_exit_group, 0),
                result => result,
            },
            // To this process from one that it has made of itself: as it is, or as a worker that is a copy of a template.
            "signal-from-a-child" => from_a_child(|_| Ok(())),
            "signal-from-a-copy" => from_a_child(|original| isolate::follow(original, &mut [])),
            "execute-memory" => {
                let protection = libc::PROT_READ | libc::PROT_EXEC;
                let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
                libc::syscall(libc::SYS_mmap, 0, 4096, protection, flags, -1, 0)
            }
            "signal" => libc::syscall(libc::SYS_kill, number, 0),
            "trace" => libc::syscall(libc::SYS_ptrace, libc::PTRACE_SEIZE, number, 0, 0),
            "connect" => {
                let socket = libc::syscall(libc::SYS_socket, libc::AF_INET, libc::SOCK_STREAM, 0);
                let address = libc::sockaddr_in {
                    sin_family: libc::AF_INET.unsigned_abs().try_into().unwrap_or(0),
                    sin_port: u16::try_from(number).unwrap_or(0).to_be(),
                    sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
                    sin_zero: [0; 8],
                };
                let length = size_of_val(&address);
                libc::syscall(libc::SYS_connect, socket, &raw const address, length)
            }
            _ => return Err(std::io::Error::from_raw_os_error(254)),
        }
    };
    if result == -1 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}

/// Sends this process a signal from a child that has prepared itself: what came of it, as a system call says it.
fn from_a_child(prepare: impl FnOnce(u32) -> std::io::Result<()>) -> i64 {
    let original = std::process::id();
    // SAFETY: this process has one thread, so the child has all that it needs; its status is a live local.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            let sent = prepare(original).map(|()| libc::syscall(libc::SYS_kill, original, 0));
            libc::_exit(i32::from(!matches!(sent, Ok(0))));
        }
        let mut status = 0;
        match libc::waitpid(child, &raw mut status, 0) == child && libc::WIFEXITED(status) {
            true if libc::WEXITSTATUS(status) == 0 => 0,
            _ => {
                *libc::__errno_location() = libc::EPERM;
                -1
            }
        }
    }
}
