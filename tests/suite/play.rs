//! `play`: MIDI files on `drivers/midisynth.c`, by the virtual clock.

mod command;
mod damaged;
mod drivers;
mod exact;
mod lasting;
mod timing;

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use drvhost::media::WavReader;
use drvhost::midi::{Song, What};
use drvhost::play::{Performed, Play, Stage, Target};
use drvhost::{Error, Session};
use drvhost_tests::*;
use tempfile::TempDir;

/// Frames of a buffer of the test synth's.
const BUFFER: u64 = 512;

/// A session to play in, and a folder for files.
struct Scene {
    stage: Stage,
    machine: Machine,
    folder: TempDir,
}

impl Scene {
    fn new(machine: Machine) -> Self {
        let builder = Session::builder().registry(registry(machine)).worker(program("drvhost-worker"));
        let stage = Stage::new(builder.deadline(Some(Duration::from_secs(30)))).expect("a session starts");
        Self { stage, machine, folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// What is to be played: a file on the test synth that is opened with this text.
    fn what(&self, text: &str, song: &[u8]) -> Play {
        let input = self.folder.path().join("song.mid");
        std::fs::write(&input, song).expect("a file");
        let target = Some(Target::File(self.folder.path().join("out.wav")));
        Play { target, ..Play::new(input, driver_file(driver(self.machine, "midisynth"), text)) }
    }

    fn try_play(&self, what: &Play) -> Result<Performed, Error> {
        self.stage.play(what, |_| ControlFlow::Continue(()))
    }

    /// Plays a file that is as it should be: what is said of it, and its samples.
    fn play(&self, what: &Play) -> (Performed, Vec<i16>) {
        let performed = self.try_play(what).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (performed.warnings.as_slice(), performed.blame, performed.stopped),
            (&[][..], None, false)
        );
        let samples = samples(&self.folder.path().join("out.wav"));
        assert_eq!(samples.len() as u64, performed.frames * u64::from(performed.channels));
        (performed, samples)
    }
}

/// The samples of a file of 16 bits.
fn samples(path: &Path) -> Vec<i16> {
    let mut reader = WavReader::open(std::fs::File::open(path).expect("a file")).expect("a WAVE file");
    assert_eq!((reader.format().tag, reader.format().bits_per_sample, reader.damage()), (1, 16, None));
    let mut bytes = vec![0; usize::try_from(reader.data_len()).expect("a length")];
    let read = reader.read_data(&mut bytes).expect("samples");
    assert_eq!(read, bytes.len());
    bytes.as_chunks().0.iter().map(|sample| i16::from_le_bytes(*sample)).collect()
}

/// What the test synth's formula makes of a file: events are from their own sample on, or from that on with which the buffer begins that is rendered next.
fn formula(song: &[u8], timed: bool, tail: Duration) -> Vec<i16> {
    formula_of(song, timed, tail, Duration::MAX)
}

/// The same of a song of which only so much is played.
fn formula_of(song: &[u8], timed: bool, tail: Duration, most: Duration) -> Vec<i16> {
    let frame = |nanoseconds: u64| u128::from(nanoseconds) * u128::from(RATE) / 1_000_000_000;
    let frame = |nanoseconds| u64::try_from(frame(nanoseconds)).unwrap();
    let buffer = |frame: u64| frame - frame % BUFFER;
    let (mut synth, mut samples) = (MidiSynth::default(), Vec::new());
    let mut render = |synth: &mut MidiSynth, until: u64| {
        let missing = until.saturating_sub(samples.len() as u64 / 2);
        samples.extend(synth.render(usize::try_from(missing).unwrap()));
    };
    let mut end = 0;
    for event in Song::open(std::io::Cursor::new(song)).unwrap() {
        let event = event.unwrap();
        let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        end = event.at.min(most);
        let at = frame(end);
        if event.at > most {
            render(&mut synth, if timed { at } else { buffer(at) });
            break;
        }
        match event.what {
            What::Short(short) => {
                render(&mut synth, if timed { at } else { buffer(at) });
                let [status, first, second, _] = short.packed().to_le_bytes();
                synth.short([status, first, second]);
            }
            What::SysEx(message) => {
                // These are never timed.
                render(&mut synth, buffer(at));
                synth.long(&message);
            }
            What::End => render(&mut synth, if timed { at } else { buffer(at) }),
        }
    }
    (0..16).for_each(|channel| synth.short([0xB0 | channel, 123, 0]));
    let end = Duration::from_nanos(end) + tail;
    render(
        &mut synth,
        u64::try_from((end.as_nanos() * u128::from(RATE) + 500_000_000) / 1_000_000_000).unwrap(),
    );
    samples
}

/// Whether two are the same, which is told by the first difference.
fn same(samples: &[i16], expected: &[i16]) {
    assert_eq!(samples.len(), expected.len());
    if let Some(at) = samples.iter().zip(expected).position(|(one, other)| one != other) {
        let around = at.saturating_sub(4)..(at + 4).min(samples.len());
        panic!("sample {at}: {:?} and not {:?}", &samples[around.clone()], &expected[around]);
    }
}
