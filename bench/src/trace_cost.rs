//! What `--trace` costs: the same messages, and the same clip decoded, with every call written down and without.

use std::fs;
use std::path::Path;
use std::time::Instant;

use drvhost::{DriverFile, Machine, Session, Trace};
use serde_json::Value;

use crate::calls::{COUNTED, compile};
use crate::clip::{Clip, Film};
use crate::failure::{Failure, run};
use crate::frames;
use crate::ours::{drvhost, file_as_driver};
use crate::report::{Better, Row};
use crate::subject::CINEPAK;

/// The other side's name.
const PEER: &str = "without";

/// The clip's frames that differ, and how often it has them: the encoder takes its time.
const CLIP: [usize; 2] = [50, 20];

/// Sends so many messages, and decodes a clip if that can be made, with a trace and without, in turn. The trace must have a line for each message, and both decode the same.
pub fn measure(folder: &Path, rounds: usize, messages: usize, decodes: bool) -> Result<Vec<Row>, Failure> {
    let row = |name, unit| Row::new(name, unit, Better::More).against(PEER);
    let driver = file_as_driver(compile(Machine::X86_64, folder)?);
    let log = folder.join("messages.jsonl");
    let mut sending = row("messages with `--trace`", "messages/s");
    for _ in 0..rounds {
        sending.ours.push(sent(&driver, messages, Some(&log))?);
        counted(&log, messages)?;
        sending.theirs.push(sent(&driver, messages, None)?);
    }
    sending.verified(true);
    let mut rows = vec![sending];
    if decodes {
        let [different, times] = CLIP;
        let film = Film { times, ..Film::new(frames::SIZE, different) };
        let clip = CINEPAK.clip(folder, &film)?;
        let name = format!("`drvhost decode` with `--trace`, Cinepak {}", film.size());
        let mut decoding = Row::new(name, "frames/s", Better::More).against(PEER);
        for _ in 0..rounds {
            let (ours, traced) = decoded(&clip, Some(&log))?;
            let (theirs, untraced) = decoded(&clip, None)?;
            if traced != untraced {
                return Err(frames::differ("drvhost decode --trace", traced, PEER, &untraced));
            }
            decoding.ours.push(ours);
            decoding.theirs.push(theirs);
        }
        decoding.verified(true);
        rows.push(decoding);
    }
    Ok(rows)
}

/// Messages a second; the driver counts them.
fn sent(driver: &DriverFile, messages: usize, log: Option<&Path>) -> Result<f64, Failure> {
    let trace = log.map(Trace::to_file).transpose()?.unwrap_or_else(Trace::none);
    let session = Session::builder().trace(trace).start()?;
    let hdrvr = session.open(driver, |_| Ok(0))?;
    let started = Instant::now();
    let mut last = 0;
    for _ in 0..messages {
        last = session.send(hdrvr, COUNTED, 0, 0)?;
    }
    let elapsed = started.elapsed();
    session.close(hdrvr, 0, 0)?;
    if last != messages as i64 {
        return Err(wrong("messages that the driver has counted", messages, &last.to_string()));
    }
    Ok(messages as f64 / elapsed.as_secs_f64())
}

/// Whether the trace has each of the messages.
fn counted(log: &Path, messages: usize) -> Result<(), Failure> {
    let text = fs::read_to_string(log).map_err(Failure::file("a trace"))?;
    let mut found = 0;
    for line in text.lines() {
        let call: Value = serde_json::from_str(line)
            .map_err(|error| wrong("a line of the trace", messages, &error.to_string()))?;
        found += usize::from(call["result"].as_i64().is_some() && call["number"] == COUNTED);
    }
    if found == messages { Ok(()) } else { Err(wrong("messages in the trace", messages, &found.to_string())) }
}

fn wrong(what: &str, expected: usize, found: &str) -> Failure {
    Failure::Wrong { what: what.to_owned(), expected: expected.to_string(), found: found.to_owned() }
}

/// Frames a second of the whole command, and the hash of what it decoded.
fn decoded(clip: &Clip, log: Option<&Path>) -> Result<(f64, String), Failure> {
    let mut command = drvhost(&["decode", "--json"]);
    if let Some(log) = log {
        command.arg("--trace").arg(log);
    }
    command.arg(&clip.file);
    let started = Instant::now();
    let text = run(&mut command)?;
    let elapsed = started.elapsed().as_secs_f64();
    let told: Value = serde_json::from_str(&text).unwrap_or_default();
    match (told["frames"].as_u64(), told["hash"].as_str()) {
        (Some(frames), Some(hash)) if frames == clip.frames.len() as u64 => {
            Ok((frames as f64 / elapsed, hash.to_owned()))
        }
        _ => Err(Failure::Unreadable { program: "drvhost", text, expected: "frames and a hash" }),
    }
}
