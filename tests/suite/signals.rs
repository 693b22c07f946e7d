//! The host may signal a worker at any moment, to interrupt what takes too long. What is in time must not notice.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use drvhost_tests::*;

/// How many signals are sent.
const SIGNALS: u32 = 100_000;
/// Rounds of one message; some milliseconds of work.
const ROUNDS: i64 = 5;

/// Sends a process that many signals, as fast as it can.
fn send_signals(pid: u32) -> Child {
    let send = format!("n={SIGNALS}; while [ $n -gt 0 ]; do kill -USR1 {pid} || exit 1; n=$((n - 1)); done");
    Command::new("sh").args(["-c", &send]).spawn().expect("sh starts")
}

spy_test!(a_hundred_thousand_signals_change_nothing, |machine| {
    let folder = Folder::new(machine);
    let file = format!("mixed-{machine}-{}.dll", std::process::id());
    folder.copy_driver("mixed", &file);
    let rig = Rig::new(machine);
    let mixed = rig.try_open_file(&folder.file(&file), "", 0).unwrap();
    let [worker] = workers(std::process::id(), &file)[..] else { panic!("one worker") };
    let sums = || [1, 2, 3].map(|seed| rig.send(mixed, MIXED_SUM, ROUNDS, seed));
    let undisturbed = sums();
    assert_ne!(undisturbed[0], undisturbed[1]);

    let started = Instant::now();
    let mut sender = send_signals(worker);
    let mut times = 0;
    let ended = loop {
        assert_eq!(sums(), undisturbed, "after {times} times");
        times += 1;
        if let Some(ended) = sender.try_wait().expect("a command can be waited for") {
            break ended;
        }
    };
    assert!(ended.success(), "not all signals could be sent: {ended}");
    assert!(times > 1, "the signals came while nothing was computed");
    assert!(started.elapsed() < Duration::from_secs(45), "{:?}", started.elapsed());
    assert_eq!(sums(), undisturbed);
    assert!(rig.calls().iter().all(|call| call.outcome == "answered"));
});
