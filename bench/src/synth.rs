//! The test synth on both sides: how fast it plays, what a voice costs, and how soon a note is heard.
//!
//! drvhost is the whole command, `drvhost play`. The peer under Wine loads the same file, calls its entry points, and is its wave output
//! device: one that takes buffers as fast as they come. Both give each event when the same number of frames has been played, so the samples
//! are the same; on both sides they are compared with the synth's formula.

#[allow(dead_code, reason = "songs need a part of what the formula knows")]
#[path = "../../tests/src/midisynth.rs"]
mod formula;
mod note_on;
#[allow(dead_code, reason = "songs need a part of what files can have")]
#[path = "../../tests/src/smf.rs"]
mod smf;
mod song;

use std::path::{Path, PathBuf};
use std::time::Duration;

use drvhost::Machine;
use serde_json::Value;

use crate::cpu;
use crate::failure::Failure;
use crate::frames;
use crate::mingw;
use crate::ours::drvhost;
use crate::report::{Better, Row, WINE};
use crate::statistics::slope;
use crate::wine::Wine;
use song::Song;

/// The synth's source.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/drivers/midisynth.c");
/// What it is opened with: an event counts from its own sample on.
const TEXT: &str = "timed=1";
/// The peer's program.
const PEER: &str = "synth";
/// How many voices sound; the last are all that it has.
const VOICES: [u8; 4] = [0, 1, 16, 64];

/// Seconds of sound.
const SECONDS: u32 = 40;

/// Plays songs, then single notes, on each side in turn, with the synth for each machine. `i386` says whether the peer runs that for i386.
pub fn measure(
    wine: Option<&Wine>,
    i386: bool,
    folder: &Path,
    rounds: usize,
    notes: usize,
) -> Result<Vec<Row>, Failure> {
    let folder = tempfile::tempdir_in(folder).map_err(Failure::file("a folder for songs"))?;
    let mut rows = Vec::new();
    for machine in Machine::ALL {
        let driver = compile(machine, folder.path())?;
        let wine = wine.filter(|_| machine == Machine::X86_64 || i386);
        rows.extend(songs(machine, &driver, wine, folder.path(), rounds)?);
        rows.extend(note_on::measure(machine, &driver, wine, folder.path(), rounds, notes)?);
    }
    Ok(rows)
}

/// What rows of a machine's are called.
fn named(machine: Machine, what: &str) -> String {
    match machine {
        Machine::X86_64 => format!("synth, {what}"),
        Machine::I386 => format!("i386: synth, {what}"),
    }
}

fn compile(machine: Machine, folder: &Path) -> Result<PathBuf, Failure> {
    let acts = mingw::acts();
    let options: Vec<&str> = ["-shared"].into_iter().chain(acts.iter().map(String::as_str)).collect();
    mingw::compile_file(
        machine,
        Path::new(SOURCE),
        &folder.join(format!("midisynth-{machine}.dll")),
        &options,
    )
}

/// A song, played.
struct Played {
    /// Seconds from the first event until the last sample was there.
    seconds: f64,
    /// Processor time of all processes, from their start to their end.
    cpu: Duration,
}

fn songs(
    machine: Machine,
    driver: &Path,
    wine: Option<&Wine>,
    folder: &Path,
    rounds: usize,
) -> Result<Vec<Row>, Failure> {
    let songs: Vec<Song> =
        VOICES.iter().map(|voices| Song::make(folder, *voices, SECONDS)).collect::<Result<_, _>>()?;
    let mut speeds: Vec<Row> = songs
        .iter()
        .map(|song| Row::new(named(machine, &song.kind()), "x real time", Better::More))
        .collect();
    let mut voice = Row::new(named(machine, "CPU of a voice"), "us/s", Better::Less);
    for _ in 0..rounds {
        let (mut ours_cost, mut theirs_cost) = (Vec::new(), Vec::new());
        for (song, row) in songs.iter().zip(&mut speeds) {
            let count = |played: &Played, samples: &mut Vec<f64>, costs: &mut Vec<(f64, f64)>| {
                let length = f64::from(SECONDS);
                samples.push(length / played.seconds);
                costs.push((song.voices.into(), played.cpu.as_secs_f64() * 1e6 / length));
            };
            count(&ours(song, driver, folder)?, &mut row.ours, &mut ours_cost);
            if let Some(wine) = wine {
                count(&theirs(song, machine, driver, wine)?, &mut row.theirs, &mut theirs_cost);
            }
        }
        voice.ours.extend(slope(&ours_cost));
        voice.theirs.extend(slope(&theirs_cost));
    }
    speeds.push(voice);
    speeds.iter_mut().for_each(|row| row.verified(true));
    Ok(speeds)
}

/// By the command, which writes a WAVE file and says how long that took.
fn ours(song: &Song, driver: &Path, folder: &Path) -> Result<Played, Failure> {
    let out = folder.join("out.wav").display().to_string();
    let (midi, driver) = (song.midi.display().to_string(), format!("{} {TEXT}", driver.display()));
    let mut command = drvhost(&["play", &midi, "--driver", &driver, "--tail", "0s", "-o", &out, "--json"]);
    let (text, cpu) = cpu::of_drvhost(&mut command)?;
    let unreadable =
        || Failure::Unreadable { program: "drvhost", text: text.clone(), expected: "a time and a hash" };
    let told: Value = serde_json::from_str(&text).map_err(|_| unreadable())?;
    let (seconds, hash) = told["seconds"].as_f64().zip(told["hash"].as_str()).ok_or_else(unreadable)?;
    if hash != song.content {
        return Err(frames::differ(
            &format!("the song of {}", song.kind()),
            hash,
            "the formula",
            &song.content,
        ));
    }
    Ok(Played { seconds, cpu })
}

/// By the peer, which keeps the samples in memory and hashes them.
fn theirs(song: &Song, machine: Machine, driver: &Path, wine: &Wine) -> Result<Played, Failure> {
    let mut command = wine.program_for(machine, PEER);
    command.arg(Wine::name_of(driver)).arg(TEXT).arg(Wine::name_of(&song.words));
    let (text, cpu) = cpu::of_wine(wine, PEER, &mut command)?;
    let pass = frames::parse(&text)?;
    frames::compare(&format!("the song of {}", song.kind()), &[song.hash], WINE, &pass.hashes)?;
    Ok(Played { seconds: pass.elapsed.as_secs_f64(), cpu })
}
