//! C129 to C135: MIDI synths, and other drivers of wave, MIDI and auxiliary devices.

mod clients;
mod command;
mod nasty;
mod protocol;

use std::path::PathBuf;

use drvhost::synth::Synth;
use drvhost::{DriverFile, Error, Pace, Sound};
use drvhost_tests::*;
use tempfile::TempDir;

/// What `see` of `drivers/midisynth.c` keeps messages to `modMessage` under.
const OF_MOD: u32 = 0x10000;

fn midisynth(machine: Machine, text: &str) -> DriverFile {
    driver_file(driver(machine, "midisynth"), text)
}

/// A session whose drivers play on a file as fast as they can, and the folder with that.
fn recording(machine: Machine) -> (Rig, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sound = Sound::File { path: out(&folder), pace: Pace::Real };
    (Rig::with(machine, |builder| builder.sound(sound)), folder)
}

fn out(folder: &TempDir) -> PathBuf {
    folder.path().join("out.wav")
}

fn open(rig: &Rig, text: &str) -> Synth {
    Synth::open(&rig.session, &midisynth(rig.machine(), text)).unwrap_or_else(|error| panic!("{error}"))
}

/// The messages that a driver was sent through an entry point, by name.
fn messages(rig: &Rig, entry: &str) -> Vec<String> {
    let lines = rig.lines("device").into_iter().filter(|line| line["entry"] == entry);
    lines.map(|line| line["message"].as_str().unwrap_or("?").to_owned()).collect()
}

/// What a driver refused: the message and its answer.
fn refusal(error: Error) -> (String, String) {
    match error {
        Error::Refused { message, result, .. } => (message, result),
        other => panic!("{other}"),
    }
}
