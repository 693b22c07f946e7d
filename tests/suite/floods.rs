//! A driver that asks for very much: it is served as fast as the limits say, told of a hundred times, and keeps nobody else waiting.

use std::time::{Duration, Instant};

use drvhost::Store;
use drvhost_tests::*;

/// How long a call may take. At 50,000 requests a second, a million need twenty seconds, and a loaded machine needs longer.
const DEADLINE: Duration = Duration::from_secs(600);
/// How much more memory the host may take for all that, in KiB.
const MEMORY: u64 = 64 << 10;

/// The largest amount of memory that this process has had, in KiB.
fn most_memory() -> u64 {
    let most = status(std::process::id(), "VmHWM").expect("the kernel says so");
    most.trim_end_matches(" kB").parse().expect("a number")
}

/// Has a driver make so many requests of a kind, while another one is asked for something all the time.
fn flood(machine: Machine, kind: i64, requests: i64) {
    let place = tempfile::tempdir().expect("a temporary folder");
    let store = Store::at(&place.path().join("config"), &place.path().join("data"));
    let rig = Rig::with(machine, |builder| builder.store(store).deadline(Some(DEADLINE)));
    let (flooding, innocent) = (rig.open("escapes", ""), rig.open("spy", ""));
    let (before, begun) = (most_memory(), Instant::now());
    let answers = std::thread::scope(|scope| {
        let call = scope.spawn(|| rig.session.send(flooding, ESCAPES_FLOOD, kind, requests));
        let mut answers = 0;
        while !call.is_finished() {
            assert_eq!(rig.session.send(innocent, XOR, 5, 3).unwrap(), 6);
            answers += 1;
            // Not as fast as it can, which would take the processor from the flood.
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(call.join().expect("no panic").unwrap(), requests);
        answers
    });
    let (after, took) = (most_memory(), begun.elapsed());
    println!("{answers} answers of another driver in {took:?}, {} KiB", after - before);
    // It got its turn all the time, not only when the flood was over.
    assert!(answers > 100, "{answers}");
    assert!(after - before < MEMORY, "{before} KiB, then {after}");
    let refusals = rig.refusals().len();
    assert_eq!(refusals, if kind == 0 { 100 } else { 0 });
    assert_eq!(rig.send(flooding, XOR, 5, 3), 6);
}

spy_test!(a_million_files_that_are_not_granted, |machine| flood(machine, 0, 1_000_000));
spy_test!(very_many_keys_that_are_not_there, |machine| flood(machine, 1, 100_000));
spy_test!(very_many_texts, |machine| flood(machine, 2, 100_000));
