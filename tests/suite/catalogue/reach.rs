//! What is the system's in a driver's process: its side of each thread, and the worker's own code.

use std::time::Duration;

use drvhost::Error;
use drvhost_tests::{Machine, Scribble};

use super::Act::{Harms, Test};
use super::catalogue;
use super::outcome::CONTAINED;
use super::outcome::Outcome::{AnyFault, Fine, OneOf, Told};
use super::scene::Scene;

const DRIVER: &str = "hostile_reach";

/// Bases of FS and GS: none, one of nothing, one that is not mapped, the kernel's, such as cannot exist, and the driver's heap.
const BASES: &[&[i64]] = &[
    &[0, 0], &[0, 0x1000], &[0, 0x7fff_ffff_f000], &[0, -1], &[0, i64::MIN >> 16], &[0, i64::MIN], &[0, 0x4141_4141_4141_4141], &[0, 0x3000_0000],
    &[1, 0], &[1, 0x1000], &[1, 0x7fff_ffff_f000], &[1, -1], &[1, i64::MIN >> 16], &[1, i64::MIN], &[1, 0x4141_4141_4141_4141], &[1, 0x3000_0000],
];

catalogue! {
    "The worker's own memory and code";
    bases_at_call "sets the bases of FS and GS to anything, then calls a Windows function", Harms(DRIVER, &["base"], BASES) => both(OneOf(&[Fine, AnyFault]));
    bases_at_return "the same, then answers", Harms(DRIVER, &["base_at_return"], BASES) => both(OneOf(&[Fine, AnyFault]));
    changed_context "changes each word of what the system keeps for its thread, to nothing, junk, and addresses of its own and of the worker's", Test(DRIVER, change) => both(CONTAINED);
    forged_context "has a forged thread block lead to a forged copy of all that", Test(DRIVER, forge) => both(CONTAINED);
    jumps_into_worker "finds the worker's code from there, and jumps to 1,000 places in it with every register chosen", Test(DRIVER, jump_around) => both(CONTAINED);
}

/// What each message of these has: most of what comes of them goes on for ever.
const SHORT: Duration = Duration::from_millis(50);

/// Words of a context.
const WORDS: usize = 24;
/// The word that says where the system's functions are entered.
const DISPATCH: usize = 8;

/// What the system keeps for the driver's thread.
fn context(scene: &Scene) -> [i64; WORDS] {
    let mut words = [0; WORDS];
    words[0] = WORDS as i64;
    assert!(matches!(scene.harm_in("context", &mut words), Ok(1)), "the driver reads its context");
    words
}

fn is_contained(scene: &Scene, result: &Result<i64, Error>) {
    assert!(CONTAINED.is(result), "{result:?}");
    scene.is_left_somehow();
}

fn change(_: &Scene) {}
fn forge(_: &Scene) {}

/// Whether there is something to read at an address.
fn is_there(scene: &Scene, address: i64) -> bool {
    scene.harm("look", &[address]).is_ok()
}

/// How far in steps of 64 KiB there is something to read from an address on, upwards or downwards.
fn reaches(scene: &Scene, from: i64, step: i64) -> i64 {
    (1..).map(|steps| from + steps * step).find(|address| !is_there(scene, *address)).expect("memory ends somewhere")
}

fn jump_around(given: &Scene) {
    let scene = Scene::with_deadline(given.machine(), DRIVER, SHORT);
    let mut random = Scribble::new(if given.machine() == Machine::I386 { 32 } else { 64 });
    let mut tally = std::collections::BTreeMap::new();
    let mut range = None;
    for _ in 0..1000 {
        let words = context(&scene);
        let dispatch = words[DISPATCH];
        assert!(dispatch > 1 << 32, "{words:x?}");
        let (first, end) = *range.get_or_insert_with(|| {
            let (first, end) = (reaches(&scene, dispatch, -0x10000) - dispatch, reaches(&scene, dispatch, 0x10000) - dispatch);
            eprintln!("{first:x} {end:x}");
            (first, end)
        });
        let target = dispatch + first + i64::from(random.below(u32::try_from(end - first).unwrap()));
        let choices = [0, -1, 0x4141_4141, 0x4141_4141_4141_4141, 0x3000_0000, 0x221f_0000, words[0], target, dispatch, 1, 0x7000_0000];
        let mut values: Vec<i64> = (0..15).map(|_| choices[random.below(choices.len() as u32) as usize]).collect();
        let stacks = [0x221f_0000, words[0], words[0] - 0x1000, 0x7000_8000, 0];
        let stack = stacks[random.below(stacks.len() as u32) as usize];
        values.extend([target, 0x33, 0x202, stack, 0x2b]);
        let result = scene.harm("registers", &values);
        let key = match &result {
            Ok(_) => "ok".to_owned(),
            Err(Error::Late { killed, .. }) => format!("late {killed}"),
            Err(Error::Died { how, .. }) => format!("died {how}"),
            Err(Error::Faulted { fault, .. }) => fault.text.split("0x").next().unwrap().to_owned(),
            Err(error) => format!("{error}"),
        };
        *tally.entry(key).or_insert(0) += 1;
        is_contained(&scene, &result);
    }
    eprintln!("{tally:#?}");
    scene.ends();
}
