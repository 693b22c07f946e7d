//! Threads of a driver's own.

use std::time::{Duration, Instant};

use drvhost::{Blame, Error, Hdrvr};
use drvhost_tests::*;

fn opened(machine: Machine) -> (Rig, Hdrvr) {
    let rig = Rig::with_deadline(machine, Duration::from_secs(60));
    let driver = rig.open("threads", "");
    (rig, driver)
}

spy_test!(threads_call_in_and_out_without_losing_anything, |machine| {
    let (rig, threads) = opened(machine);
    let rounds = rig.send(threads, THREADS_WORK, 10_000, 4);
    assert!(rounds > 1000, "{rounds}");
    let told = rig.send(threads, THREADS_TOLD, 0, 0);
    assert_eq!(told, 5005, "each thread begins and ends, that of the entry point's too");
});

spy_test!(more_threads_than_processors_get_their_turn, |machine| {
    let (rig, threads) = opened(machine);
    let rounds = rig.send(threads, THREADS_WORK, 500, 8);
    assert!(rounds > 100, "{rounds}");
});

spy_test!(sixteen_threads_work_against_one_another, |machine| {
    let (rig, threads) = opened(machine);
    let rounds = rig.send(threads, THREADS_WORK, 1000, 16);
    assert!(rounds > 100, "{rounds}");
});

spy_test!(locks_and_objects_do_between_threads_what_they_are_for, |machine| {
    let rig = Rig::with_deadline(machine, Duration::from_secs(120));
    let locks = rig.open("locks", "");
    for _ in 0..3 {
        assert_eq!(rig.send(locks, LOCKS_ALL, 0, 0), 0, "the check in that line of locks.c fails");
    }
});

/// The processor time that a process has used.
fn used(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // Behind the name, which is in parentheses: fields 14 and 15, in hundredths of a second (proc_pid_stat(5)).
    let fields = stat.rsplit(')').next().unwrap().split_ascii_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}

spy_test!(threads_that_wait_use_no_processor_time, |machine| {
    let rig = Rig::with_deadline(machine, Duration::from_secs(60));
    let locks = rig.open("locks", "");
    assert_eq!(rig.send(locks, LOCKS_IDLE, 0, 0), 0);
    let [worker] = workers(std::process::id(), "locks.dll")[..] else { panic!("there is one worker") };
    let before = used(worker);
    std::thread::sleep(Duration::from_secs(2));
    let idle = used(worker) - before;
    // Sixteen that look a hundred times a second would use more, and one that spins ten times as much.
    assert!(idle < Duration::from_millis(100), "{idle:?}");
    assert_eq!(rig.send(locks, LOCKS_END_IDLE, 0, 0), 0);
});

spy_test!(what_threads_wait_for_is_handed_over_to_them, |machine| {
    let rig = Rig::with_deadline(machine, Duration::from_secs(120));
    let waits = rig.open("waits", "");
    for _ in 0..10 {
        assert_eq!(rig.send(waits, WAITS_ALL, 0, 0), 0, "the check in that line of waits.c fails");
    }
    assert_eq!(rig.send(waits, WAITS_IDLE, 0, 0), 0);
    let [worker] = workers(std::process::id(), "waits.dll")[..] else { panic!("there is one worker") };
    let before = used(worker);
    std::thread::sleep(Duration::from_secs(1));
    let idle = used(worker) - before;
    assert!(idle < Duration::from_millis(100), "{idle:?}");
    assert_eq!(rig.send(waits, WAITS_END_IDLE, 0, 0), 0, "the check in that line of waits.c fails");
});

spy_test!(what_is_made_and_ended_leaves_nothing_behind, |machine| {
    let rig = Rig::with_deadline(machine, Duration::from_secs(300));
    let waits = rig.open("waits", "");
    let memory = |worker: u32| {
        let status = std::fs::read_to_string(format!("/proc/{worker}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    assert_eq!(rig.send(waits, WAITS_MANY, 2000, 0), 0, "the check in that line of waits.c fails");
    let [worker] = workers(std::process::id(), "waits.dll")[..] else { panic!("there is one worker") };
    let before = memory(worker);
    assert_eq!(rig.send(waits, WAITS_MANY, 20_000, 0), 0, "the check in that line of waits.c fails");
    let grown = memory(worker).saturating_sub(before);
    assert!(grown < 512, "{grown} KiB more after 20,000 of everything");
});

spy_test!(a_thread_ends_with_its_code, |machine| {
    let (rig, threads) = opened(machine);
    for code in [0, 7, 0x1234_5678] {
        assert_eq!(rig.send(threads, THREADS_EXIT, code, 0), code);
    }
    assert_eq!(rig.send(threads, THREADS_SUSPENDED, 0, 0), 1);
});

spy_test!(a_thread_that_the_entry_point_starts_begins_when_that_has_returned, |machine| {
    let (rig, threads) = opened(machine);
    assert_eq!(rig.send(threads, THREADS_EARLY, 0, 0), 1);
});

spy_test!(functions_and_instructions_that_change_a_number_at_one_stroke_go_together, |machine| {
    let (rig, threads) = opened(machine);
    assert_eq!(rig.send(threads, THREADS_COUNT, 100_000, 0), 200_000);
});

spy_test!(there_are_as_many_threads_as_the_pool_has, |machine| {
    let (rig, threads) = opened(machine);
    for _ in 0..3 {
        assert_eq!(rig.send(threads, THREADS_MOST, 0, 0), 20);
    }
    // Nothing is used up by what does not start.
    for _ in 0..10 {
        rig.session.send(threads, THREADS_BAD_ID, 0, 0).unwrap_err();
    }
    assert_eq!(rig.send(threads, THREADS_MOST, 0, 0), 20);
});

spy_test!(a_fault_in_a_thread_ends_that_thread, |machine| {
    let (rig, threads) = opened(machine);
    for _ in 0..20 {
        assert_eq!(rig.send(threads, THREADS_FAULT, 0, 0), 1);
    }
    assert_eq!(rig.send(threads, XOR, 5, 3), 6);
});

spy_test!(a_deadline_is_for_the_thread_that_serves_the_message, |machine| {
    let rig = Rig::with_deadline(machine, Duration::from_millis(300));
    let threads = rig.open("threads", "");
    assert_eq!(rig.send(threads, THREADS_FOREVER, 0, 0), 1);
    assert_eq!(rig.send(threads, XOR, 5, 3), 6);
    let error = rig.session.send(threads, THREADS_FOREVER, 1, 0).unwrap_err();
    assert!(error.to_string().contains("deadline"), "{error}");
    assert_eq!(rig.send(threads, XOR, 6, 3), 5);
    // The one that serves it has to wait for what the other one does outside of the driver's code.
    let started = Instant::now();
    let error = rig.session.send(threads, THREADS_BUSY, 0, 0).unwrap_err();
    assert!(error.to_string().contains("deadline"), "{error}");
    assert!(started.elapsed() < Duration::from_millis(1300), "{:?}", started.elapsed());
    assert_eq!(rig.send(threads, XOR, 6, 3), 5);
});

spy_test!(a_worker_that_has_used_up_its_processor_time_is_ended, |machine| {
    let second = Some(Duration::from_secs(1));
    let rig = Rig::with(machine, |builder| builder.processor_time(second));
    let (innocent, threads) = (rig.open("spy", ""), rig.open("threads", ""));
    // No deadline is for it: it computes while its driver is not called at all.
    assert_eq!(rig.send(threads, THREADS_FOREVER, 0, 0), 1);
    let begun = Instant::now();
    let error = loop {
        match rig.session.send(threads, XOR, 5, 3) {
            Ok(answer) => assert_eq!(answer, 6),
            Err(error) => break error,
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it goes on");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(matches!(&error, Error::Died { how, .. } if how.contains("processor time")), "{error}");
    assert_eq!(error.blame(), Blame::Driver);
    assert_eq!(rig.send(innocent, XOR, 5, 3), 6);
});
