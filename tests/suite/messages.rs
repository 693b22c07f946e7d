//! Messages and handles, where `scripts/messages.script` cannot say it: errors, threads, and drivers that call each other.

use std::collections::BTreeSet;

use drvhost::{Error, Hdrvr};
use drvhost_tests::*;
use mmsystem::*;

/// Handles that no instance has: NULL, never valid, and `closed`.
fn bad_handles(closed: Hdrvr) -> [u64; 5] {
    [0, 1, closed.0, 0x1234_5678_9abc_def0, u64::MAX]
}

fn is_bad_handle<T: std::fmt::Debug>(result: Result<T, Error>, hdrvr: u64) {
    assert!(matches!(result, Err(Error::BadHandle(bad)) if bad == hdrvr), "{result:?}");
}

spy_test!(bad_handles_are_errors_and_reach_nobody, |machine| {
    let rig = Rig::new(machine);
    let (_spy, closed) = (rig.open("spy", ""), rig.open("spy", ""));
    rig.close(closed);
    rig.skip_so_far();
    for bad in bad_handles(closed) {
        is_bad_handle(rig.session.send(Hdrvr(bad), XOR, 5, 3), bad);
        is_bad_handle(rig.session.close(Hdrvr(bad), 0, 0), bad);
        is_bad_handle(rig.session.module_handle(Hdrvr(bad)), bad);
    }
    assert!(rig.calls().is_empty());
});

spy_test!(c061_handles_are_not_used_again, |machine| {
    let rig = Rig::new(machine);
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

spy_test!(c067_a_driver_sees_one_thread, |machine| {
    let rig = Rig::new(machine);
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

spy_test!(a_driver_sends_to_another_module_and_to_itself, |machine| {
    let rig = Rig::new(machine);
    let (first, sibling) = (rig.open("spy", ""), rig.open("spy", ""));
    let other = rig.try_open_file(&rig.copy("spy", "other.dll"), "", 0).unwrap();
    for peer in [first, sibling, other] {
        assert_eq!(rig.have_send(first, peer.0, XOR, 5, 3), 6);
    }
});

spy_test!(a_driver_is_called_back_while_it_waits, |machine| {
    let rig = Rig::new(machine);
    let first = rig.open("spy", "");
    let other = rig.try_open_file(&rig.copy("spy", "other.dll"), "", 0).unwrap();
    // The other one's parameters lie in its own worker's memory.
    let back = rig.block(other, &[first.0.cast_signed(), XOR.into(), 5, 3]);
    assert_eq!(rig.have_send(first, other.0, SPY_SEND, back.lparam(), 0), 6);
});

spy_test!(two_drivers_that_send_to_each_other_at_once_both_get_answers, |machine| {
    let rig = Rig::new(machine);
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

spy_test!(a_driver_closes_another_instance, |machine| {
    let rig = Rig::new(machine);
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

spy_test!(a_driver_that_closes_itself_inside_a_message_answers_it, |machine| {
    let rig = Rig::new(machine);
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

spy_test!(threads_that_open_and_close_one_module_at_once_keep_its_order, |machine| {
    let rig = Rig::new(machine);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    let spy = rig.session.open(&driver_file(driver(machine, "spy"), ""), |_| Ok(0)).unwrap();
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
