//! C052 to C069: messages, handles, and what DefDriverProc answers. All of C055 to C058 holds twice: for who uses the library, and for a driver
//! that calls the functions.
//!
//! C061 allows reuse of handles; here they are never used again, which is what its test asks for. Of C060 and DefDriverProc, what is tested is
//! what a driver sees, since only drivers call them.

use std::collections::BTreeSet;

use drvhost::{Error, Hdrvr};
use drvhost_tests::*;
use mmsystem::*;

/// Handles that no instance has: NULL, never valid, and `closed`.
fn bad_handles(closed: Hdrvr) -> [u64; 5] {
    [0, 1, closed.0, 0x1234_5678_9abc_def0, u64::MAX]
}

/// A session with an open spy and the handle of a closed one.
fn with_closed() -> (Rig, Hdrvr, Hdrvr) {
    let rig = Rig::new();
    let (spy, closed) = (rig.open("spy", ""), rig.open("spy", ""));
    rig.close(closed);
    (rig, spy, closed)
}

fn is_bad_handle<T: std::fmt::Debug>(result: Result<T, Error>, hdrvr: u64) {
    assert!(matches!(result, Err(Error::BadHandle(bad)) if bad == hdrvr), "{result:?}");
}

spy_test!(c052_message_and_parameters_pass_unchanged_and_the_answer_back, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    let log = rig.watch(spy);
    for (lparam1, lparam2) in [(5, 3), (-1, 0), (i64::MIN, i64::MAX), (0x1234_5678_9abc_def0, 1)] {
        assert_eq!(rig.send(spy, XOR, lparam1, lparam2), lparam1 ^ lparam2);
        let seen = log.last(XOR);
        assert_eq!((seen.hdrvr, seen.lparam1, seen.lparam2), (spy.0, lparam1, lparam2));
    }
});

spy_test!(c053_no_message_is_filtered, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    let log = rig.watch(spy);
    for message in [0, 0x0d, 0x0e, 0x7ff, 0x800, 0x1800, 0x3fff, 0x4001, 0x5000, 0x6000, u32::MAX] {
        let before = log.entries().len();
        assert_eq!(rig.send(spy, message, 1, 2), 0);
        let entries = log.entries();
        assert_eq!(entries.len(), before + 1);
        assert_eq!(
            (entries[before].message, entries[before].lparam1, entries[before].lparam2),
            (message, 1, 2)
        );
    }
});

spy_test!(c054_life_cycle_messages_that_are_sent_change_nothing_in_the_host, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    let log = rig.watch(spy);
    let instances = rig.session.instances();
    rig.skip_so_far();
    for message in [DRV_OPEN, DRV_CLOSE, DRV_DISABLE, DRV_FREE, DRV_LOAD, DRV_ENABLE, DRV_EXITSESSION] {
        rig.send(spy, message, 0, 0);
        assert_eq!(log.last(message).hdrvr, spy.0);
        assert_eq!(rig.session.instances(), instances);
    }
    assert_eq!(rig.send(spy, XOR, 5, 3), 6);
    rig.skip_so_far();
    assert_eq!(rig.close(spy), 1);
    assert_eq!(rig.sequence(), "CLOSE DISABLE FREE");
    assert_eq!(rig.call_with(DRV_CLOSE).id, instances[0].id.cast_signed());
});

spy_test!(c055_send_to_a_bad_handle_calls_nothing, || {
    let (rig, spy, closed) = with_closed();
    let log = rig.watch(spy);
    for bad in bad_handles(closed) {
        rig.skip_so_far();
        is_bad_handle(rig.session.send(Hdrvr(bad), XOR, 5, 3), bad);
        assert!(rig.calls().is_empty());
        assert_eq!(rig.have_send(spy, bad, XOR, 5, 3), 0);
    }
    assert!(log.entries().iter().all(|entry| entry.message != XOR));
});

spy_test!(c056_close_of_a_bad_handle_calls_nothing, || {
    let (rig, spy, closed) = with_closed();
    rig.skip_so_far();
    for bad in bad_handles(closed) {
        is_bad_handle(rig.session.close(Hdrvr(bad), 0, 0), bad);
        assert_eq!(rig.have_close(spy, bad, 0, 0), 0);
    }
    assert_eq!(rig.sequence(), "");
});

spy_test!(c057_second_close_of_a_handle_fails, || {
    let rig = Rig::new();
    let (first, second) = (rig.open("spy", ""), rig.open("spy", ""));
    assert_eq!(rig.close(second), 1);
    is_bad_handle(rig.session.close(second, 0, 0), second.0);
    assert_eq!(rig.close(first), 1);
    is_bad_handle(rig.session.close(first, 0, 0), first.0);
});

spy_test!(c058_module_handle_of_a_bad_handle_is_null, || {
    let (rig, spy, closed) = with_closed();
    for bad in bad_handles(closed) {
        is_bad_handle(rig.session.module_handle(Hdrvr(bad)), bad);
        let bad = bad.cast_signed();
        assert_eq!(rig.send(spy, SPY_MODULE, bad, 0), 0);
        assert_eq!(rig.send(spy, SPY_MODULE_BY_OLD_NAME, bad, 0), 0);
        assert_eq!(rig.send(spy, SPY_FLAGS, bad, 0), 0);
    }
});

spy_test!(c059_module_handles_of_one_module_are_its_own, || {
    let rig = Rig::new();
    let (first, second) = (rig.open("spy", ""), rig.open("spy", ""));
    let own = rig.send(first, SPY_OWN_MODULE, 0, 0);
    assert_ne!(own, 0);
    for hdrvr in [first, second] {
        assert_eq!(rig.session.module_handle(hdrvr).unwrap().cast_signed(), own);
        assert_eq!(rig.send(first, SPY_MODULE, hdrvr.0.cast_signed(), 0), own);
    }
});

spy_test!(c060_old_and_present_function_agree, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    let hdrvr = spy.0.cast_signed();
    assert_eq!(rig.send(spy, SPY_MODULE_BY_OLD_NAME, hdrvr, 0), rig.send(spy, SPY_MODULE, hdrvr, 0));
    assert_ne!(rig.send(spy, SPY_MODULE_BY_OLD_NAME, hdrvr, 0), 0);
    assert_eq!(rig.send(spy, SPY_FLAGS, hdrvr, 0), 0x8000_0000);
});

spy_test!(c061_handles_are_not_used_again, || {
    let rig = Rig::new();
    let mut handles = BTreeSet::new();
    for _ in 0..4 {
        let spy = rig.open("spy", "");
        assert!(handles.insert(spy), "{spy} was used before");
        rig.close(spy);
    }
    let live = rig.try_open_file(&rig.copy("spy", "other.dll"), "", 0).unwrap();
    rig.skip_so_far();
    for stale in handles {
        is_bad_handle(rig.session.send(stale, XOR, 5, 3), stale.0);
    }
    assert!(rig.calls_of(live).is_empty());
});

/// What DefDriverProc answers a message.
fn default_answer(rig: &Rig, spy: Hdrvr, message: u32) -> i64 {
    rig.send(spy, SPY_DEFAULT, message.into(), 0)
}

spy_test!(c062_default_is_1_for_load_enable_disable_free, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    for message in [DRV_LOAD, DRV_ENABLE, DRV_DISABLE, DRV_FREE] {
        assert_eq!(default_answer(&rig, spy, message), 1, "{message:#x}");
    }
});

spy_test!(c063_default_is_ok_for_install, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    assert_eq!(default_answer(&rig, spy, DRV_INSTALL), 1);
});

spy_test!(c064_default_is_0_for_remove, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    assert_eq!(default_answer(&rig, spy, DRV_REMOVE), 0);
});

spy_test!(c065_default_is_0_for_what_a_driver_must_answer_itself, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    for message in [DRV_OPEN, DRV_CLOSE, DRV_CONFIGURE, DRV_QUERYCONFIGURE, DRV_EXITSESSION] {
        assert_eq!(default_answer(&rig, spy, message), 0, "{message:#x}");
    }
});

spy_test!(c066_default_is_0_for_the_rest, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    for message in [0, DRV_EXITAPPLICATION, DRV_POWER, 0x0d, DRV_RESERVED, 0x3fff, DRV_USER, 0x6000, u32::MAX]
    {
        assert_eq!(default_answer(&rig, spy, message), 0, "{message:#x}");
    }
});

spy_test!(c067_a_driver_sees_one_thread, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    let log = rig.watch(spy);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| rig.session.send(spy, XOR, 5, 3).unwrap());
        }
    });
    rig.close(spy);
    let threads: BTreeSet<_> = log.entries().iter().map(|entry| entry.thread).collect();
    assert_eq!(threads.len(), 1, "{threads:?}");
});

spy_test!(c068_enable_and_open_carry_the_handle_that_is_returned, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    let log = rig.watch(spy);
    assert!([0, spy.0].contains(&log.last(DRV_LOAD).hdrvr));
    for message in [DRV_ENABLE, DRV_OPEN] {
        assert_eq!(log.last(message).hdrvr, spy.0);
    }
});

spy_test!(c069_open_carries_0_or_the_handle_as_identifier, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    assert!([0, spy.0].contains(&rig.watch(spy).last(DRV_OPEN).id));
});

spy_test!(a_driver_sends_to_another_module_and_to_itself, || {
    let rig = Rig::new();
    let (first, sibling) = (rig.open("spy", ""), rig.open("spy", ""));
    let other = rig.try_open_file(&rig.copy("spy", "other.dll"), "", 0).unwrap();
    for peer in [first, sibling, other] {
        assert_eq!(rig.have_send(first, peer.0, XOR, 5, 3), 6);
    }
});

spy_test!(a_driver_is_called_back_while_it_waits, || {
    let rig = Rig::new();
    let first = rig.open("spy", "");
    let other = rig.try_open_file(&rig.copy("spy", "other.dll"), "", 0).unwrap();
    // The other one's parameters lie in its own worker's memory.
    let back = rig.block(other, &[first.0.cast_signed(), XOR.into(), 5, 3]);
    assert_eq!(rig.have_send(first, other.0, SPY_SEND, back.lparam(), 0), 6);
});

spy_test!(two_drivers_that_send_to_each_other_at_once_both_get_answers, || {
    let rig = Rig::new();
    let first = rig.open("spy", "");
    let second = rig.try_open_file(&rig.copy("spy", "other.dll"), "", 0).unwrap();
    let (to_second, to_first) = (
        rig.block(first, &[second.0.cast_signed(), XOR.into(), 5, 3]),
        rig.block(second, &[first.0.cast_signed(), XOR.into(), 6, 1]),
    );
    let session = &rig.session;
    let send = |hdrvr, block: &drvhost::Block| session.send(hdrvr, SPY_SEND, block.lparam(), 0);
    std::thread::scope(|scope| {
        scope.spawn(|| (0..100).for_each(|_| assert_eq!(send(first, &to_second).unwrap(), 6)));
        scope.spawn(|| (0..100).for_each(|_| assert_eq!(send(second, &to_first).unwrap(), 7)));
    });
});

spy_test!(a_driver_closes_another_instance, || {
    let rig = Rig::new();
    let (first, sibling) = (rig.open("spy", ""), rig.open("spy", "close=77"));
    let other = rig.try_open_file(&rig.copy("spy", "other.dll"), "close=78", 0).unwrap();
    rig.skip_so_far();
    assert_eq!(rig.have_close(first, sibling.0, 1, 2), 77);
    assert_eq!(rig.sequence(), "CLOSE");
    assert_eq!(rig.have_close(first, other.0, 3, 4), 78);
    assert_eq!(rig.sequence(), "CLOSE CLOSE DISABLE FREE");
    let parameters: Vec<_> =
        rig.calls_with(DRV_CLOSE).iter().map(|call| (call.lparam1, call.lparam2)).collect();
    assert_eq!(parameters, [(1, 2), (3, 4)]);
    assert_eq!(rig.session.instances().len(), 1);
});

spy_test!(a_driver_that_closes_itself_inside_a_message_answers_it, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "close=77");
    let log = rig.watch(spy);
    rig.skip_so_far();
    assert_eq!(rig.have_close(spy, spy.0, 0, 0), 77);
    assert_eq!(rig.sequence(), "CLOSE DISABLE FREE");
    assert_eq!(log.sequence(), "LOAD ENABLE OPEN CLOSE DISABLE FREE");
    is_bad_handle(rig.session.send(spy, XOR, 5, 3), spy.0);
    let again = rig.open("spy", "");
    assert_eq!(rig.send(again, XOR, 5, 3), 6);
});

spy_test!(threads_that_open_and_close_one_module_at_once_keep_its_order, || {
    let rig = Rig::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    let spy = rig.session.open(&driver_file(driver("spy"), ""), |_| Ok(0)).unwrap();
                    assert_eq!(rig.session.send(spy, XOR, 5, 3).unwrap(), 6);
                    assert_eq!(rig.session.close(spy, 0, 0).unwrap(), 1);
                }
            });
        }
    });
    let workers: BTreeSet<_> = rig.calls().iter().map(|call| call.worker).collect();
    for worker in workers {
        let calls: Vec<_> = rig.calls().into_iter().filter(|call| call.worker == worker).collect();
        let order: Vec<_> = calls.iter().map(|call| call.number).collect();
        assert_eq!(order[..3], [DRV_LOAD, DRV_ENABLE, DRV_OPEN]);
        assert_eq!(order[order.len() - 3..], [DRV_CLOSE, DRV_DISABLE, DRV_FREE]);
        let count = |message| order.iter().filter(|&&number| number == message).count();
        assert_eq!([DRV_LOAD, DRV_ENABLE, DRV_DISABLE, DRV_FREE].map(count), [1; 4]);
        assert_eq!(count(DRV_OPEN), count(DRV_CLOSE));
    }
});
