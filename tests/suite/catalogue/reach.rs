//! What is the system's in a driver's process: its side of each thread, and the worker's own code.

use std::time::Duration;

use drvhost::Error;
use drvhost_tests::{Machine, Scribble};

use super::Act::{Harms, Test};
use super::catalogue;
use super::outcome::Outcome::{AnyFault, Fine, Gone, Killed, OneOf, OwnLoss};
use super::scene::Scene;

const DRIVER: &str = "hostile_reach";

/// In the driver's heap, wherever that begins.
const HEAP: i64 = 0x3800_0000;

/// Bases of FS and GS: none, one of nothing, one that is not mapped, the kernel's, such as cannot exist, and the driver's heap.
const BASES: &[&[i64]] = &[
    &[0, 0],
    &[0, 0x1000],
    &[0, 0x7fff_ffff_f000],
    &[0, -1],
    &[0, i64::MIN >> 16],
    &[0, i64::MIN],
    &[0, 0x4141_4141_4141_4141],
    &[0, HEAP],
    &[1, 0],
    &[1, 0x1000],
    &[1, 0x7fff_ffff_f000],
    &[1, -1],
    &[1, i64::MIN >> 16],
    &[1, i64::MIN],
    &[1, 0x4141_4141_4141_4141],
    &[1, HEAP],
];

catalogue! {
    "The worker's own memory and code";
    bases_at_call "sets the bases of FS and GS to anything, then calls a Windows function", Harms(DRIVER, &["base"], BASES) => both(OneOf(&[Fine, AnyFault]));
    bases_at_return "the same, then answers", Harms(DRIVER, &["base_at_return"], BASES) => both(OneOf(&[Fine, AnyFault]));
    changed_context "changes each word of what the system keeps for its thread, to nothing, junk, and addresses of its own and of the worker's", Test(DRIVER, SHORT, change) => both(OwnLoss);
    forged_context "has a forged thread block lead to a forged copy of all that", Test(DRIVER, SHORT, forge) => both(OwnLoss);
    jumps_into_worker "finds the worker's code from there, and jumps to 1,000 places in it with every register chosen", Test(DRIVER, SHORT, jump_around) => both(OwnLoss);
    signals_blocked "returns from a signal that there was not (`rt_sigreturn`), blocks all signals so, and answers", Harms(DRIVER, &["blocks_signals"], &[&[0]]) => both(Fine);
    signals_blocked_and_loops "the same, and computes for ever", Harms(DRIVER, &["blocks_signals"], &[&[1]]) => both(Killed);
    signals_blocked_and_faults "the same, and faults", Harms(DRIVER, &["blocks_signals"], &[&[2]]) => both(Gone);
    signal_stack_moved "moves the stack that its faults are handled on to its heap, its stack, the system's stack, and to where nothing is, and faults", Test(DRIVER, SHORT, move_stack) => both(OwnLoss);
}

/// What each message of these has: some of them go on for ever.
const SHORT: Duration = Duration::from_millis(100);

/// Words of a context.
const WORDS: usize = 26;
/// The word that says where the system's functions are entered.
const DISPATCH: usize = 10;

/// What a driver finds out about its process.
struct Found {
    /// What the system keeps for its thread.
    words: [i64; WORDS],
    /// Addresses in its heap and in its stack.
    own: [i64; 2],
}

/// Has the driver look. One that what it did before keeps from that is opened anew.
fn find(scene: &Scene) -> Found {
    for _ in 0..20 {
        let (mut words, mut own) = ([0; WORDS], [0; 2]);
        words[0] = WORDS as i64;
        let found = matches!(scene.harm_in("context", &mut words), Ok(1));
        if found && matches!(scene.harm_in("own", &mut own), Ok(1)) {
            return Found { words, own };
        }
        scene.open_again();
    }
    panic!("the driver reads its context");
}

/// Numbers that are put in the place of others: nothing, junk, what cannot be an address, the driver's heap and stack, the system's stack, and the worker's code.
fn instead(found: &Found) -> [i64; 9] {
    let Found { words, own: [heap, stack] } = *found;
    [0, 1, -1, 0x4141_4141_4141_4141, heap, stack, words[0], words[0] - 0x1000, words[DISPATCH]]
}

fn is_contained(scene: &Scene, result: &Result<i64, Error>) {
    assert!(OwnLoss.is(result), "{result:?}");
    scene.is_left_somehow();
}

/// Has a harm put nothing, junk, and one of the other numbers in the place of each word.
fn each_word(scene: &Scene, harm: &str) {
    let mut random = Scribble::new(1);
    for word in 0..WORDS as i64 {
        let values = instead(&find(scene));
        for value in [values[0], values[3], values[4 + random.below(5) as usize]] {
            is_contained(scene, &scene.harm(harm, &[word, value]));
        }
    }
}

fn change(scene: &Scene) {
    each_word(scene, "changed_context");
}

fn forge(scene: &Scene) {
    each_word(scene, "forged_context");
}

fn move_stack(scene: &Scene) {
    const SIZE: i64 = 0x1_0000;
    const SS_DISABLE: i64 = 2;
    for index in 0..9 {
        let address = instead(&find(scene))[index];
        for (size, flags) in [(SIZE, 0), (SIZE, SS_DISABLE), (0, 0), (2048, 0), (i64::MAX, 0), (SIZE, -1)] {
            is_contained(scene, &scene.harm("moves_signal_stack", &[address & -SIZE, size, flags]));
        }
    }
}

/// How far in steps of this many bytes there is something to read from an address on.
fn reaches(scene: &Scene, from: i64, step: i64) -> i64 {
    let mut steps = (1..).map(|steps| steps * step);
    steps.find(|offset| scene.harm("look", &[from + offset]).is_err()).expect("memory ends somewhere")
}

/// The registers' number, and what comes behind them: CS, flags, SS.
const REGISTERS: usize = 15;
const CODE: i64 = 0x33;
const FLAGS: i64 = 0x202;
const DATA: i64 = 0x2b;

fn jump_around(scene: &Scene) {
    const STEP: i64 = 0x1_0000;
    let mut random = Scribble::new(if scene.machine() == Machine::I386 { 32 } else { 64 });
    let entry = find(scene).words[DISPATCH];
    assert!(entry > 1 << 32, "{entry:#x} is where the system's functions are entered");
    // A worker that is opened anew lies elsewhere, and all of it does.
    let (first, end) = (reaches(scene, entry, -STEP) + STEP, reaches(scene, entry, STEP));
    let size = u32::try_from(end - first).expect("a program's size");
    for _ in 0..1000 {
        let found = find(scene);
        let target = found.words[DISPATCH] + first + i64::from(random.below(size));
        let choices = instead(&found);
        let mut choose = || choices[random.below(9) as usize];
        let mut values: Vec<i64> = (0..REGISTERS).map(|_| choose()).collect();
        values.extend([target, CODE, FLAGS, choose(), DATA]);
        is_contained(scene, &scene.harm("registers", &values));
    }
}
