//! From inside a driver: nothing of the system can be reached, by functions or by system calls of its own. Each layer alone is tried in
//! `layers.rs`.

use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

use drvhost::{Block, Error, Hdrvr};
use drvhost_tests::*;

/// Protections and flags of mmap(2).
const PROT_ALL: i64 = 7;
const MAP_PRIVATE_ANONYMOUS: i64 = 0x22;

/// Makes a system call in the driver; up to five arguments.
fn system_call(rig: &Rig, hostile: Hdrvr, number: i64, arguments: &[i64]) -> Result<i64, Error> {
    let mut values = vec![number];
    values.extend(arguments);
    values.resize(6, 0);
    let block = rig.block(hostile, &values);
    rig.session.send(hostile, HOSTILE_SYSCALL, block.lparam(), 0)
}

/// A session with a hostile driver, seen from where its system calls are made.
struct Inside {
    rig: Rig,
    hostile: Hdrvr,
    /// A path that exists, in the driver's memory.
    path: Block,
}

/// The call ends the message with a fault that names it, and the driver goes on.
fn is_denied(machine: Machine, number: i64, arguments: fn(&Inside) -> Vec<i64>) {
    let rig = Rig::new(machine);
    let hostile = rig.open("hostile", "");
    let path = rig.session.arena(hostile).and_then(|arena| arena.block_with(b"/etc/passwd\0")).unwrap();
    let inside = Inside { rig, hostile, path };
    let error = system_call(&inside.rig, hostile, number, &arguments(&inside)).unwrap_err();
    let Error::Faulted { fault, .. } = &error else { panic!("{error}") };
    assert!(fault.text.contains(&format!("system call {number},")), "{error}");
    assert_eq!(fault.place.as_ref().map(|place| place.module.as_str()), Some("hostile.dll"), "{error}");
    assert_eq!(inside.rig.send(hostile, XOR, 5, 3), 6);
}

fn own_pid() -> i64 {
    std::process::id().into()
}

spy_test!(open, |machine| is_denied(machine, libc::SYS_open, |inside| vec![inside.path.lparam(), 0]));
spy_test!(openat, |machine| is_denied(machine, libc::SYS_openat, |inside| vec![
    -100,
    inside.path.lparam(),
    0
]));
spy_test!(socket, |machine| is_denied(machine, libc::SYS_socket, |_| vec![2, 1, 0]));
spy_test!(fork, |machine| is_denied(machine, libc::SYS_fork, |_| vec![]));
spy_test!(clone, |machine| is_denied(machine, libc::SYS_clone, |_| vec![17]));
spy_test!(execve, |machine| is_denied(machine, libc::SYS_execve, |inside| vec![inside.path.lparam(), 0, 0]));
spy_test!(mmap_of_code, |machine| is_denied(machine, libc::SYS_mmap, |_| vec![
    0,
    4096,
    PROT_ALL,
    MAP_PRIVATE_ANONYMOUS,
    -1
]));
spy_test!(mprotect_to_code, |machine| is_denied(machine, libc::SYS_mprotect, |inside| {
    let data = inside.rig.send(inside.hostile, HOSTILE_OWN_DATA, 0, 0);
    vec![data & !0xfff, 4096, PROT_ALL]
}));
spy_test!(process_vm_writev_to_the_host, |machine| is_denied(
    machine,
    libc::SYS_process_vm_writev,
    |_| vec![own_pid(), 0, 0, 0, 0]
));
spy_test!(ptrace_of_the_host, |machine| is_denied(machine, libc::SYS_ptrace, |_| vec![
    libc::PTRACE_SEIZE.into(),
    own_pid(),
    0,
    0
]));
spy_test!(kill_of_the_host, |machine| is_denied(machine, libc::SYS_kill, |_| vec![own_pid(), 9]));
spy_test!(prctl, |machine| is_denied(machine, libc::SYS_prctl, |_| vec![libc::PR_SET_DUMPABLE.into(), 1]));
spy_test!(seccomp, |machine| is_denied(machine, libc::SYS_seccomp, |_| vec![1, 0, 0]));
spy_test!(write, |machine| is_denied(machine, libc::SYS_write, |inside| vec![1, inside.path.lparam(), 4]));
spy_test!(exit, |machine| is_denied(machine, libc::SYS_exit_group, |_| vec![0]));
spy_test!(signal_mask, |machine| is_denied(machine, libc::SYS_rt_sigprocmask, |_| vec![0, 0, 0, 8]));
spy_test!(io_uring, |machine| is_denied(machine, libc::SYS_io_uring_setup, |_| vec![1, 0]));

spy_test!(calls_of_the_x32_interface, |machine| {
    let rig = Rig::new(machine);
    let hostile = rig.open("hostile", "");
    let getpid = 0x4000_0000 | libc::SYS_getpid;
    let error = system_call(&rig, hostile, getpid, &[]).unwrap_err();
    assert!(matches!(error, Error::Faulted { .. } | Error::Died { .. }), "{error}");
});

spy_test!(calls_by_the_32_bit_gate_kill, |machine| {
    let rig = Rig::new(machine);
    let (hostile, innocent) = (rig.open("hostile", ""), rig.open("spy", ""));
    let error = rig.session.send(hostile, HOSTILE_INT80, 0, 0).unwrap_err();
    assert!(
        matches!(&error, Error::Died { how, .. } if how.contains("filter") && how.contains("SIGSYS")),
        "{error}"
    );
    assert_eq!(rig.send(innocent, XOR, 5, 3), 6);
});

spy_test!(waiting_in_an_allowed_call_ends_at_the_deadline, |machine| {
    let rig = Rig::with_deadline(machine, Duration::from_millis(500));
    let hostile = rig.open("hostile", "");
    let word = rig.block(hostile, &[0]);
    let error = system_call(&rig, hostile, libc::SYS_futex, &[word.lparam(), 0, 0, 0]).unwrap_err();
    assert!(matches!(error, Error::Late { killed: false, .. }), "{error}");
    assert_eq!(rig.send(hostile, XOR, 5, 3), 6);
});

spy_test!(a_forged_return_from_a_signal_hurts_the_driver_only, |machine| {
    let rig = Rig::with_deadline(machine, Duration::from_millis(500));
    let (hostile, innocent) = (rig.open("hostile", ""), rig.open("spy", ""));
    let error = system_call(&rig, hostile, libc::SYS_rt_sigreturn, &[]).unwrap_err();
    assert!(matches!(error, Error::Faulted { .. } | Error::Died { .. } | Error::Late { .. }), "{error}");
    assert_eq!(rig.send(innocent, XOR, 5, 3), 6);
});

spy_test!(no_file_opens, |machine| {
    let rig = Rig::new(machine);
    let hostile = rig.open("hostile", "");
    const INVALID_HANDLE_VALUE: i64 = -1;
    assert_eq!(rig.send(hostile, HOSTILE_CREATE_FILE, 0, 0), INVALID_HANDLE_VALUE);
});

spy_test!(no_memory_becomes_code, |machine| {
    let rig = Rig::new(machine);
    let hostile = rig.open("hostile", "");
    assert_eq!(rig.send(hostile, HOSTILE_ALLOC_CODE, 0, 0), 0);
    assert_eq!(rig.send(hostile, HOSTILE_PROTECT_CODE, 0, 0), 0);
});

spy_test!(what_a_driver_forbids_itself_ends_its_call_only, |machine| {
    const PAGE_NOACCESS: i64 = 1;
    const PAGE_READONLY: i64 = 2;
    const PAGE_READWRITE: i64 = 4;
    let rig = Rig::new(machine);
    let hostile = rig.open("hostile", "");
    let page = rig.send(hostile, HOSTILE_PROTECT, PAGE_READWRITE, 0);
    assert_eq!(rig.send(hostile, HOSTILE_POKE, page, 5), 5);
    for protection in [PAGE_READONLY, PAGE_NOACCESS] {
        assert_eq!(rig.send(hostile, HOSTILE_PROTECT, protection, 0), page);
        for message in [HOSTILE_POKE, HOSTILE_SHIM_WRITES] {
            let error = rig.session.send(hostile, message, page, 6).unwrap_err();
            assert!(matches!(error, Error::Faulted { .. }), "{error}");
        }
    }
    assert_eq!(rig.send(hostile, HOSTILE_PROTECT, PAGE_READWRITE, 0), page);
    assert_eq!(rig.send(hostile, HOSTILE_POKE, page, 7), 7);
    assert_eq!(rig.send(hostile, HOSTILE_SHIM_WRITES, page, 0), 1);
});

/// Where further images lie when addresses are fixed, as `sandbox` has it.
const BROUGHT: i64 = sandbox::filter::BROUGHT.start.cast_signed();

/// Where they end, and the heap begins.
const BROUGHT_END: i64 = sandbox::filter::BROUGHT.end.cast_signed();

/// How large the heap is, as `guest::layout` has it.
const HEAP_SIZE: i64 = 0x2c00_0000;

spy_test!(mprotect_of_further_images_to_code, |machine| is_denied(machine, libc::SYS_mprotect, |_| {
    vec![BROUGHT, 4096, (libc::PROT_READ | libc::PROT_EXEC).into()]
}));
spy_test!(mprotect_of_what_is_no_data_of_the_drivers, |machine| is_denied(
    machine,
    libc::SYS_mprotect,
    |_| {
        // Where images end, and the system's own memory begins.
        let thunks = sandbox::filter::DATA[0].end.cast_signed();
        vec![thunks, 4096, libc::PROT_READ.into()]
    }
));

spy_test!(what_can_be_written_of_further_images_cannot_be_run, |machine| {
    const RET: i64 = 0xC3;
    let rig = Rig::with(machine, |builder| builder.fixed_addresses(true));
    let hostile = rig.open("hostile", "");
    let jump = || rig.session.send(hostile, HOSTILE_JUMP, BROUGHT, 0);
    let read_write = (libc::PROT_READ | libc::PROT_WRITE).into();
    assert_eq!(system_call(&rig, hostile, libc::SYS_mprotect, &[BROUGHT, 4096, read_write]).unwrap(), 0);
    assert_eq!(rig.send(hostile, HOSTILE_POKE, BROUGHT, RET), RET);
    let error = jump().unwrap_err();
    assert!(
        matches!(&error, Error::Faulted { fault, .. } if fault.text.contains("cannot execute")),
        "{error}"
    );
    // The right to run it does not come back.
    let read_execute = (libc::PROT_READ | libc::PROT_EXEC).into();
    system_call(&rig, hostile, libc::SYS_mprotect, &[BROUGHT, 4096, read_execute]).unwrap_err();
    system_call(&rig, hostile, libc::SYS_mprotect, &[BROUGHT, 4096, libc::PROT_READ.into()]).unwrap();
    jump().unwrap_err();
});

spy_test!(no_more_memory_becomes_writable_than_the_ceiling_allows, |machine| {
    const PIECE: i64 = 16 << 20;
    let read_write = (libc::PROT_READ | libc::PROT_WRITE).into();
    // What of the heap's addresses is beyond a ceiling of 256 MiB (`sandbox::memory`).
    let beyond = BROUGHT_END + (256 << 20) - sandbox::memory::BESIDES_HEAP.cast_signed();
    let pieces = || (beyond..BROUGHT_END + HEAP_SIZE).step_by(PIECE as usize);
    let gives = |rig: &Rig, hostile| {
        let answer =
            |piece| system_call(rig, hostile, libc::SYS_mprotect, &[piece, PIECE, read_write]).unwrap();
        pieces().map(answer).collect::<Vec<_>>()
    };
    let rig = Rig::with(machine, |builder| builder.memory(256 << 20).fixed_addresses(true));
    let hostile = rig.open("hostile", "");
    let answers = gives(&rig, hostile);
    let given = answers.iter().filter(|&&answer| answer == 0).count() as i64;
    assert!(given * PIECE < sandbox::memory::BESIDES_HEAP.cast_signed(), "{answers:?}");
    assert!(answers.iter().all(|&answer| answer == 0 || answer == -i64::from(libc::ENOMEM)), "{answers:?}");
    let error = rig.session.send(hostile, HOSTILE_POKE, beyond + PIECE * given, 5).unwrap_err();
    assert!(matches!(error, Error::Faulted { .. }), "{error}");
    assert_eq!(rig.send(hostile, XOR, 5, 3), 6);
    // It is the ceiling and nothing else.
    let rig = Rig::with(machine, |builder| builder.fixed_addresses(true));
    let hostile = rig.open("hostile", "");
    assert!(gives(&rig, hostile).iter().all(|&answer| answer == 0));
});

spy_test!(a_fault_after_memory_was_refused_says_so, |machine| {
    let rig = Rig::with(machine, |builder| builder.memory(256 << 20).deadline(Some(Duration::from_secs(2))));
    let (hungry, innocent) = (rig.open("threads", ""), rig.open("hostile", ""));
    let fault = |driver, message| match rig.session.send(driver, message, 0, 0).unwrap_err() {
        Error::Faulted { fault, .. } => fault.text,
        error => panic!("{error}"),
    };
    assert!(!fault(hungry, THREADS_BAD_ID).contains("memory than"));
    // It wants 512 MiB, and then takes its time.
    let error = rig.session.send(hungry, THREADS_BUSY, 0, 0).unwrap_err();
    assert!(matches!(error, Error::Late { killed: false, .. }), "{error}");
    let text = fault(hungry, THREADS_BAD_ID);
    assert!(text.ends_with("; it had wanted more memory than its heap of 64 MiB has"), "{text}");
    assert!(!fault(innocent, HOSTILE_NULL).contains("memory than"), "another worker's memory is its own");
});

spy_test!(a_worker_looks_jailed_from_outside, |machine| {
    // Its file shows that it can start threads: the one that serves, and the pool for the driver's own and the system's.
    looks_jailed(machine, "threads", 25);
    // This one's shows nothing of the kind, unless its compiler's own code looks for a library, as that for i386 does.
    looks_jailed(machine, "spy", if machine == Machine::I386 { 25 } else { 1 });
});

/// A worker for a driver, of which only what everybody sees is looked at.
fn looks_jailed(machine: Machine, driver: &str, count: usize) {
    let rig = Rig::new(machine);
    let file = rig.copy(driver, "looked-at.dll");
    rig.try_open_file(&file, "", 0).unwrap();
    let found = workers(std::process::id(), "looked-at.dll");
    assert_eq!(found.len(), 1, "{found:?}");
    let pid = found[0];
    let none = "0000000000000000";
    let fields = [
        ("Seccomp", "2"),
        ("NoNewPrivs", "1"),
        ("CapInh", none),
        ("CapPrm", none),
        ("CapEff", none),
        ("CapAmb", none),
    ];
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let threads: Vec<u32> =
        threads.map(|thread| thread.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect();
    assert_eq!(threads.len(), count, "{driver}");
    for thread in threads {
        for (field, expected) in fields {
            assert_eq!(status(thread, field).as_deref(), Some(expected), "{field} of thread {thread}");
        }
    }
    // Only root may look at the rest; the fields above are for everybody.
    for namespace in ["mnt", "net", "ipc"] {
        let of = |process: &str| fs::read_link(format!("/proc/{process}/ns/{namespace}"));
        match of(&pid.to_string()) {
            Ok(its) => assert_ne!(its, of("self").unwrap(), "{namespace}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{namespace}"),
        }
    }
    for folder in ["fd", "root"] {
        match fs::read_dir(format!("/proc/{pid}/{folder}")) {
            Ok(entries) => assert_eq!(entries.count(), 0, "{folder}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{folder}"),
        }
    }
    match fs::read(format!("/proc/{pid}/environ")) {
        Ok(environment) => assert!(environment.is_empty()),
        Err(error) => assert_eq!(error.kind(), ErrorKind::PermissionDenied),
    }
    drop(rig);
    wait_for_no_worker(std::process::id(), "looked-at.dll");
}

spy_test!(every_layer_is_in_place, |machine| {
    let rig = Rig::new(machine);
    let layers = rig.session.layers(rig.open("spy", "")).unwrap();
    let names: Vec<_> = layers.iter().map(|(name, _, _)| name.as_str()).collect();
    assert_eq!(names, LAYERS);
    let missing: Vec<_> = layers.iter().filter(|(_, active, _)| !active).collect();
    assert!(missing.is_empty(), "{missing:?}");
});
