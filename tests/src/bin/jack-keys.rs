//! A client of JACK that plays an instrument and keeps what is heard of it. `jack-keys INSTRUMENT FRAMES FILE [FRAME:BYTES...]` connects with the client INSTRUMENT,
//! says `playing`, sends messages (hexadecimal bytes) at their frames, and writes FRAMES frames, both channels as 32-bit floating-point numbers, into a file.
//! Frames count from the first period on in which both sides were connected.

use std::io::Write;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use jack::{AudioIn, Client, ClientOptions, Control, MidiOut, Port, ProcessHandler, ProcessScope, RawMidi};

struct Keys {
    midi: Port<MidiOut>,
    left: Port<AudioIn>,
    right: Port<AudioIn>,
    notes: Vec<(u64, Vec<u8>)>,
    heard: Vec<[f32; 2]>,
    wanted: usize,
    done: Sender<()>,
}

impl ProcessHandler for Keys {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let connected =
            self.left.connected_count().unwrap_or(0) > 0 && self.midi.connected_count().unwrap_or(0) > 0;
        let begin = self.heard.len() as u64;
        let mut writer = self.midi.writer(scope);
        if !connected || self.heard.len() >= self.wanted {
            return Control::Continue;
        }
        while let Some((at, bytes)) =
            self.notes.first().filter(|(at, _)| *at < begin + u64::from(scope.n_frames()))
        {
            let time = u32::try_from(at.saturating_sub(begin)).unwrap_or(0);
            // What does not fit is lost, which the test notices.
            let _ = writer.write(&RawMidi { time, bytes });
            self.notes.remove(0);
        }
        let pairs = self.left.as_slice(scope).iter().zip(self.right.as_slice(scope));
        self.heard.extend(pairs.map(|(left, right)| [*left, *right]));
        if self.heard.len() >= self.wanted {
            let _ = self.done.send(());
        }
        Control::Continue
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2).map(std::str::from_utf8);
    digits.map(|digits| u8::from_str_radix(digits.ok()?, 16).ok()).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [instrument, frames, file, notes @ ..] = arguments.as_slice() else {
        return Err("three arguments are needed".into());
    };
    let note = |text: &String| {
        let (at, message) = text.split_once(':')?;
        Some((at.parse().ok()?, bytes(message)?))
    };
    let notes: Option<Vec<(u64, Vec<u8>)>> = notes.iter().map(note).collect();
    let wanted = frames.parse()?;
    let (client, _) = Client::new("keys", ClientOptions::NO_START_SERVER)?;
    let (done, finished) = mpsc::channel();
    let rate = u64::from(client.sample_rate());
    let keys = Keys {
        midi: client.register_port("out", MidiOut::default())?,
        left: client.register_port("left", AudioIn::default())?,
        right: client.register_port("right", AudioIn::default())?,
        notes: notes.ok_or("a note is FRAME:BYTES")?,
        heard: Vec::with_capacity(wanted + 8192),
        wanted,
        done,
    };
    let client = client.activate_async((), keys)?;
    let own = client.as_client().name().to_owned();
    for side in ["right", "left"] {
        client
            .as_client()
            .connect_ports_by_name(&format!("{instrument}:{side}"), &format!("{own}:{side}"))?;
    }
    client.as_client().connect_ports_by_name(&format!("{own}:out"), &format!("{instrument}:midi"))?;
    println!("playing");
    let longest = Duration::from_secs(wanted as u64 / rate + 30);
    finished.recv_timeout(longest)?;
    let (_, _, keys) = client.deactivate()?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(file)?);
    for sample in keys.heard.iter().take(wanted).flatten() {
        out.write_all(&sample.to_le_bytes())?;
    }
    out.flush()?;
    Ok(())
}
