//! Messages that are sent before the ones before them are answered.

use std::time::{Duration, Instant};

use drvhost::{Answer, Copies, Error, Hdrvr, Queue, Standing};
use drvhost_tests::*;
use mmsystem::{DRV_CLOSE, DRV_DISABLE, DRV_EXITSESSION, DRV_FREE};

const NOTHING: Copies<'static> = Copies { before: None, then: None };
/// How long drivers have that do not answer in time.
const DEADLINE: Duration = Duration::from_millis(500);

/// What became of all that is queued, as text.
fn ends(queue: &mut Queue<'_>) -> Vec<String> {
    let text = |end: Result<Answer, Error>| match end {
        Ok(Answer::Answered(answer)) => answer.to_string(),
        Ok(Answer::Dropped) => "dropped".to_owned(),
        Err(Error::Faulted { .. }) => "faulted".to_owned(),
        Err(Error::Late { killed, .. }) => format!("late, killed: {killed}"),
        Err(Error::Died { .. }) => "died".to_owned(),
        Err(other) => other.to_string(),
    };
    std::iter::from_fn(|| queue.next()).map(text).collect()
}

fn with_deadline(machine: Machine) -> Rig {
    Rig::with(machine, |builder| builder.deadline(Some(DEADLINE)))
}

spy_test!(messages_are_answered_in_order, |machine| {
    let rig = Rig::new(machine);
    let spy = rig.open("spy", "");
    let mut queue = rig.session.queue(spy).unwrap();
    for _ in 0..3 {
        for value in 0..6 {
            queue.send(XOR, value, 1, NOTHING).unwrap();
        }
        assert_eq!(queue.len(), 6);
        assert_eq!(ends(&mut queue), ["1", "0", "3", "2", "5", "4"]);
        assert_eq!(rig.session.send(spy, XOR, 5, 3).unwrap(), 6);
    }
    assert!(queue.is_empty() && queue.next().is_none());
    drop(queue);
    let calls: Vec<_> = rig.calls_with(XOR).iter().map(|call| (call.lparam1, call.result)).collect();
    let once =
        [(0, Some(1)), (1, Some(0)), (2, Some(3)), (3, Some(2)), (4, Some(5)), (5, Some(4)), (5, Some(6))];
    assert_eq!(calls, once.repeat(3));
});

spy_test!(what_is_behind_a_fault_is_dropped, |machine| {
    let rig = Rig::new(machine);
    let driver = rig.open("hostile", "");
    let mut queue = rig.session.queue(driver).unwrap();
    for message in [XOR, HOSTILE_NULL, XOR, HOSTILE_NULL, XOR] {
        queue.send(message, 5, 3, NOTHING).unwrap();
    }
    assert_eq!(ends(&mut queue), ["6", "faulted", "dropped", "dropped", "dropped"]);
    // What is queued from here on comes behind nothing.
    for message in [XOR, XOR] {
        queue.send(message, 5, 3, NOTHING).unwrap();
    }
    assert_eq!(ends(&mut queue), ["6", "6"]);
    assert_eq!((rig.calls_with(XOR).len(), rig.calls_with(HOSTILE_NULL).len()), (3, 1));
});

spy_test!(each_message_has_a_deadline_of_its_own, |machine| {
    let rig = with_deadline(machine);
    let spy = rig.open("spy", "");
    let mut queue = rig.session.queue(spy).unwrap();
    let begun = Instant::now();
    for message in [SPY_SLEEP, SPY_SLEEP, SPY_SLEEP, SPY_HANG, XOR] {
        queue.send(message, 300, 0, NOTHING).unwrap();
    }
    assert_eq!(ends(&mut queue), ["300", "300", "300", "late, killed: false", "dropped"]);
    let expected = Duration::from_millis(3 * 300) + DEADLINE;
    assert!(begun.elapsed() >= expected && begun.elapsed() < expected * 2, "{:?}", begun.elapsed());
    assert_eq!(rig.session.send(spy, XOR, 5, 3).unwrap(), 6);
});

spy_test!(a_driver_that_asks_meanwhile_is_answered_before_the_next_message, |machine| {
    let rig = Rig::new(machine);
    let spy = rig.open("spy", "");
    let other = rig.try_open_file(&rig.copy("spy", "other-spy.dll"), "", 0).unwrap();
    let values = rig.block(spy, &[other.0.cast_signed(), XOR.into(), 5, 3]);
    let mut queue = rig.session.queue(spy).unwrap();
    for (message, lparam1) in [(SPY_SEND, values.lparam()), (XOR, 1), (SPY_SEND, values.lparam()), (XOR, 2)] {
        queue.send(message, lparam1, 0, NOTHING).unwrap();
    }
    assert_eq!(ends(&mut queue), ["6", "1", "6", "2"]);
    let order: Vec<_> = rig.calls_with(XOR).iter().map(|call| call.lparam1).collect();
    assert_eq!(order, [5, 1, 5, 2]);
});

spy_test!(how_long_the_host_is_away_is_not_the_drivers_time, |machine| {
    let rig = with_deadline(machine);
    let spy = rig.open("spy", "");
    let other = rig.try_open_file(&rig.copy("spy", "other-spy.dll"), "", 0).unwrap();
    let values = rig.block(spy, &[other.0.cast_signed(), XOR.into(), 5, 3]);
    let mut queue = rig.session.queue(spy).unwrap();
    queue.send(SPY_SEND, values.lparam(), 0, NOTHING).unwrap();
    queue.send(XOR, 5, 2, NOTHING).unwrap();
    // It waits for what it has asked the host.
    std::thread::sleep(DEADLINE * 2);
    assert_eq!(ends(&mut queue), ["6", "7"]);
});

spy_test!(others_have_their_turn, |machine| {
    let rig = Rig::new(machine);
    let spy = rig.open("spy", "");
    let mut queue = rig.session.queue(spy).unwrap();
    std::thread::scope(|scope| {
        let session = &rig.session;
        let other = scope.spawn(move || (0..20).map(|_| session.send(spy, XOR, 5, 3).unwrap()).sum::<i64>());
        let mut sent = 0;
        while !other.is_finished() {
            while queue.has_room() {
                queue.send(SPY_SLEEP, 1, 0, NOTHING).unwrap();
                sent += 1;
            }
            assert!(matches!(queue.next(), Some(Ok(Answer::Answered(1)))));
        }
        assert_eq!(other.join().unwrap(), 20 * 6);
        assert!(sent > 0);
    });
});

spy_test!(nothing_reaches_an_instance_that_was_closed, |machine| {
    let rig = Rig::new(machine);
    let spy = rig.open("spy", "");
    let mut queue = rig.session.queue(spy).unwrap();
    queue.send(XOR, 5, 3, NOTHING).unwrap();
    queue.send(XOR, 5, 2, NOTHING).unwrap();
    std::thread::scope(|scope| {
        let session = &rig.session;
        let closing = scope.spawn(move || session.close(spy, 0, 0).unwrap());
        assert_eq!(ends(&mut queue), ["6", "7"]);
        assert_ne!(closing.join().unwrap(), 0);
    });
    assert!(matches!(queue.send(XOR, 5, 3, NOTHING), Err(Error::BadHandle(handle)) if handle == spy.0));
    assert!(queue.is_empty());
    drop(queue);
    assert!(matches!(rig.session.queue(spy), Err(Error::BadHandle(_))));
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN CLOSE DISABLE FREE");
    assert_eq!(rig.calls_with(XOR).len(), 2);
});

spy_test!(a_queue_that_is_dropped_ends_first, |machine| {
    let rig = Rig::new(machine);
    let spy = rig.open("spy", "");
    let mut queue = rig.session.queue(spy).unwrap();
    for value in 1..5 {
        queue.send(SPY_SLEEP, value, 0, NOTHING).unwrap();
    }
    drop(queue);
    assert_eq!(rig.session.send(spy, XOR, 5, 3).unwrap(), 6);
    let slept: Vec<_> = rig.calls_with(SPY_SLEEP).iter().map(|call| call.result).collect();
    assert_eq!(slept, [Some(1), Some(2), Some(3), Some(4)]);
});

spy_test!(blocks_are_copied_before_and_after_a_call, |machine| {
    let rig = Rig::new(machine);
    let driver = rig.open("hostile", "");
    let arena = rig.session.arena(driver).unwrap();
    let block = |bytes: [u8; 4]| arena.block_with(&bytes).unwrap();
    let (first, second, place) = (block([1, 2, 3, 4]), block([5, 6, 7, 8]), block([0; 4]));
    let kept = [block([0; 4]), block([0; 4])];
    let mut queue = rig.session.queue(driver).unwrap();
    for (from, to) in [&first, &second].into_iter().zip(&kept) {
        let copies = Copies { before: Some((from, &place)), then: Some((&place, to)) };
        queue.send(HOSTILE_POKE, place.lparam() + 1, 0x77, copies).unwrap();
    }
    assert_eq!(ends(&mut queue), ["119", "119"]);
    assert_eq!(kept.map(|kept| kept.to_vec().unwrap()), [[1, 0x77, 3, 4], [5, 0x77, 7, 8]]);
    assert_eq!(first.to_vec().unwrap(), [1, 2, 3, 4]);
    // What does not fit is not even asked for.
    let small = arena.block_with(&[0; 3]).unwrap();
    let copies = Copies { before: None, then: Some((&first, &small)) };
    assert!(matches!(queue.send(XOR, 5, 3, copies), Err(Error::TooLarge(4))));
});

spy_test!(a_message_depends_on_what_the_one_before_it_has_left, |machine| {
    let rig = Rig::new(machine);
    let driver = rig.open("hostile", "");
    let arena = rig.session.arena(driver).unwrap();
    let place = arena.block_with(&[0, 1, 2, 3, 4, 5]).unwrap();
    let mut queue = rig.session.queue(driver).unwrap();
    let standing = |number: u32| Some(Standing { block: &place, at: 1, number });
    let (before, after) = (0x0403_0201, 0x0477_0201);
    queue.send_if(HOSTILE_POKE, place.lparam() + 3, 0x77, standing(before)).unwrap();
    queue.send_if(XOR, 5, 3, standing(after)).unwrap();
    queue.send_if(XOR, 5, 2, None).unwrap();
    queue.send_if(XOR, 5, 1, standing(before)).unwrap();
    queue.send_if(XOR, 5, 0, standing(after)).unwrap();
    queue.send(XOR, 5, 0, NOTHING).unwrap();
    assert_eq!(ends(&mut queue), ["119", "6", "7", "dropped", "dropped", "dropped"]);
    // What is queued from here on comes behind nothing.
    queue.send_if(XOR, 5, 1, standing(after)).unwrap();
    assert_eq!(ends(&mut queue), ["4"]);
    assert_eq!(rig.calls_with(XOR).len(), 3);
    // What does not lie in the block is not even asked for.
    for at in [3, usize::MAX] {
        let outside = Standing { block: &place, at, number: 0 };
        assert!(matches!(queue.send_if(XOR, 5, 3, Some(outside)), Err(Error::TooLarge(_))));
    }
});

/// Queues messages in one thread while the session ends in another.
fn end_amid(rig: &Rig, driver: Hdrvr) {
    let mut queue = rig.session.queue(driver).unwrap();
    std::thread::scope(|scope| {
        let session = &rig.session;
        let ending = scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            session.end(drvhost::Policy::Orderly)
        });
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < Duration::from_secs(20));
            if queue.has_room() && queue.send(SPY_SLEEP, 1, 0, NOTHING).is_err() {
                break;
            }
            if !queue.has_room() {
                assert!(matches!(queue.next(), Some(Ok(Answer::Answered(1)))));
            }
        }
        let report = ending.join().unwrap();
        assert_eq!(report.instances.len(), 1);
        assert_eq!(report.instances[0].outcome, drvhost::Outcome::Answered);
    });
}

spy_test!(the_session_ends_between_two_messages, |machine| {
    let rig = Rig::new(machine);
    let spy = rig.open("spy", "");
    end_amid(&rig, spy);
    let calls = rig.calls();
    // Until it is closed, a driver that has been told of the end is sent messages as before, queued ones or others.
    let numbers: Vec<_> =
        calls.iter().map(|call| call.number).filter(|number| *number != SPY_SLEEP).collect();
    assert!(numbers.ends_with(&[DRV_EXITSESSION, DRV_CLOSE, DRV_DISABLE, DRV_FREE]), "{numbers:?}");
    assert!(numbers.len() < calls.len(), "there were queued ones");
});
