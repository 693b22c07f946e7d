//! Lies that nobody thought of: what a worker says at random.

use std::time::Instant;

use drvhost::{Clock, Copies};
use drvhost_tests::*;

use super::{BEYOND, DEADLINE, Scene};

/// How many lives are lived.
const LIVES: u64 = 150;

spy_test!(at_random, || {
    let (real, other) = (Scene::new(Clock::Real, DEADLINE), Scene::new(Clock::Virtual, DEADLINE));
    for seed in 0..LIVES {
        let scene = if seed % 3 == 0 { &other } else { &real };
        let (lie, begun) = (format!("random-{seed}"), Instant::now());
        if let Ok(hdrvr) = scene.open(&lie) {
            for value in 0..6 {
                if scene.rig.session.send(hdrvr, XOR, value, 3).is_err() {
                    break;
                }
                if seed % 3 == 0 && scene.rig.session.advance(std::time::Duration::ZERO).is_err() {
                    break;
                }
            }
            if seed % 2 == 1
                && let Ok(mut queue) = scene.rig.session.queue(hdrvr)
            {
                let nothing = Copies { before: None, then: None };
                let sent = (0..3).filter(|&value| queue.send(XOR, value, 3, nothing).is_ok()).count();
                assert_eq!(std::iter::from_fn(|| queue.next()).count(), sent, "{lie}");
            }
            let _ = scene.rig.session.close(hdrvr, 0, 0);
        }
        // Opening, nine messages and closing are twelve at least that may take their time.
        assert!(begun.elapsed() < DEADLINE * 15 + BEYOND, "{lie}: {:?}", begun.elapsed());
        scene.others_go_on(&lie);
    }
});
