//! Threads of a driver's own.

use std::time::{Duration, Instant};

use drvhost::Hdrvr;
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
        assert_eq!(rig.send(threads, THREADS_MOST, 0, 0), 8);
    }
    // Nothing is used up by what does not start.
    for _ in 0..10 {
        rig.session.send(threads, THREADS_BAD_ID, 0, 0).unwrap_err();
    }
    assert_eq!(rig.send(threads, THREADS_MOST, 0, 0), 8);
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
