//! Threads of a driver's own.

use std::time::Duration;

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
    assert_eq!(told, 4004, "each thread begins and ends");
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

spy_test!(there_are_as_many_threads_as_the_pool_has, |machine| {
    let (rig, threads) = opened(machine);
    for _ in 0..3 {
        assert_eq!(rig.send(threads, THREADS_MOST, 0, 0), 8);
    }
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
});
