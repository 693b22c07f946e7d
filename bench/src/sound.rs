//! Sounds: on every side the same data from start to end through the same ACM driver, decoded to samples or encoded from them.
//!
//! drvhost is the command: it reads a WAVE file, decodes and hashes with BLAKE3, or encodes and writes an AVI file. The peer under
//! Wine has the data in memory, has the driver convert it in pieces of the same size, and hashes what that makes with the same instructions. The time of decoding is what both
//! say, from when the driver is open until all is hashed, and the peer says how much of it the driver took, which is the least that one instance can take; that of encoding is the whole command's, and the peer's from its own start. ffmpeg uses its own decoder
//! and writes to /dev/null; its time is what it says, without its start.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use drvhost::Machine;

use crate::content::{self, Made};
use crate::failure::{Failure, run};
use crate::ffmpeg::{self, FFMPEG};
use crate::ours::{driver_for, lame};
use crate::pairs::{self, GOAL_FFMPEG, GOAL_I386, GOAL_WINE, Peers, X86_64};
use crate::report::{Better, Row, WINE};
use crate::wine::Wine;

mod job;

use job::{Job, Way};

/// A format of sound, and its driver.
#[derive(Debug)]
pub struct Sound {
    /// For people.
    pub name: &'static str,
    /// The driver that decodes, by its file name.
    driver: &'static str,
    /// What encodes through `drvhost encode`, and to which of its formats.
    encoder: Encoder,
    /// Samples a second, and channels.
    shape: (u32, u16),
    /// How many seconds there are, about.
    seconds: u32,
    /// How many samples a channel belong together where the driver encodes: there are whole blocks of them.
    block: u32,
    /// What ffmpeg encodes it with.
    ffmpeg: &'static [&'static str],
    /// How far a sample may be from ffmpeg's decoder's (docs/formats.md).
    apart: u16,
    /// Whether a driver goes on from what came before, so that one instance decodes all of it.
    goes_on: bool,
}

/// Who encodes for `drvhost encode`.
#[derive(Debug, Clone, Copy)]
enum Encoder {
    /// No driver that is here.
    Nobody,
    /// The driver that decodes, too, to its best format, or the one that is named.
    Same(Option<&'static str>),
    /// LAME's driver, to the format that is named.
    Lame(&'static str),
}

/// All of them.
pub const SOUNDS: &[Sound] = &[
    Sound {
        name: "MS ADPCM",
        driver: "msadp32.acm",
        encoder: Encoder::Nobody,
        shape: (44_100, 2),
        seconds: 600,
        block: 1,
        ffmpeg: &["-c:a", "adpcm_ms"],
        apart: 0,
        goes_on: false,
    },
    Sound {
        name: "IMA ADPCM",
        driver: "imaadp32.acm",
        encoder: Encoder::Same(None),
        shape: (44_100, 2),
        seconds: 600,
        block: 2041,
        ffmpeg: &["-c:a", "adpcm_ima_wav"],
        // Two for each sample since the block's start at most; with the sound that is used here, less than a hundred.
        apart: 256,
        goes_on: false,
    },
    Sound {
        name: "A-law",
        driver: "msg711.acm",
        encoder: Encoder::Same(Some("alaw")),
        shape: (44_100, 2),
        seconds: 600,
        block: 1,
        ffmpeg: &["-c:a", "pcm_alaw"],
        apart: 0,
        goes_on: false,
    },
    Sound {
        name: "u-law",
        driver: "msg711.acm",
        encoder: Encoder::Same(Some("ulaw")),
        shape: (44_100, 2),
        seconds: 600,
        block: 1,
        ffmpeg: &["-c:a", "pcm_mulaw"],
        apart: 0,
        goes_on: false,
    },
    Sound {
        name: "GSM 6.10",
        driver: "msgsm32.acm",
        encoder: Encoder::Same(None),
        shape: (8_000, 1),
        seconds: 600,
        block: 320,
        ffmpeg: &["-c:a", "libgsm_ms"],
        apart: 0,
        goes_on: true,
    },
    Sound {
        name: "MP3",
        driver: "l3codeca.acm",
        encoder: Encoder::Lame("44100/2/128k"),
        shape: (44_100, 2),
        seconds: 120,
        block: 1,
        ffmpeg: &["-c:a", "libmp3lame", "-b:a", "128k"],
        apart: 2,
        goes_on: true,
    },
];

const UNIT: &str = "x real time";
/// How many times as often a sound is decoded as encoded: it takes a tenth of the time, and what disturbs it counts the more.
const DECODINGS: usize = 3;

/// Decodes and encodes a sound on each side, in turn, as far as what these are called is wanted. What each comes to is compared with what the
/// library has the driver make of it.
pub fn measure(
    [decoding, encoding]: [String; 2],
    sound: &Sound,
    peers: Peers<'_>,
    folder: &Path,
    rounds: usize,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Row>, Failure> {
    let folder = tempfile::tempdir_in(folder).map_err(Failure::file("a folder for a sound"))?;
    let pcm = folder.path().join("pcm.wav");
    let coded = folder.path().join("coded.wav");
    sound.make(&pcm)?;
    let mut rows = Vec::new();
    let machines = [Some(Machine::X86_64), peers.i386.then_some(Machine::I386)].into_iter().flatten();
    let mut jobs = Vec::new();
    if wanted(&decoding) {
        let mut ffmpeg = Command::new(FFMPEG);
        ffmpeg.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(&pcm).args(sound.ffmpeg);
        run(ffmpeg.arg("-bitexact").arg(&coded))?;
        for machine in machines.clone() {
            let (_, driver) = driver_for(machine, sound.driver)?;
            let way = Way::Decode { apart: sound.apart };
            jobs.push(Job::new(machine, way, driver, &coded, folder.path())?);
        }
        rows.extend(compare(decoding, sound, &jobs, peers, rounds * DECODINGS)?);
    }
    if wanted(&encoding) {
        jobs.clear();
        for machine in machines {
            // Wine's driver for MS ADPCM only decodes, and LAME's is not there unless it has been built.
            let Some((driver, format)) = sound.encoder(machine, folder.path())? else { return Ok(rows) };
            jobs.push(Job::new(machine, Way::Encode { format }, driver, &pcm, folder.path())?);
        }
        rows.extend(compare(encoding, sound, &jobs, peers, rounds)?);
    }
    Ok(rows)
}

/// Does the same on each side, in turn: `jobs` is for x86-64, then for i386 where there is one.
fn compare(
    name: String,
    sound: &Sound,
    jobs: &[Job],
    peers: Peers<'_>,
    rounds: usize,
) -> Result<Vec<Row>, Failure> {
    let narrow = format!("i386: {name}");
    pairs::tell(&name);
    let mut against_wine = Row::new(name.clone(), UNIT, Better::More);
    let mut against_ffmpeg = Row::new(name.clone(), UNIT, Better::More).against(FFMPEG).goal(GOAL_FFMPEG);
    let mut against_x86_64 = Row::new(narrow.clone(), UNIT, Better::More).against(X86_64);
    let mut narrow_wine = Row::new(narrow, UNIT, Better::More);
    let decodes = jobs.first().filter(|job| matches!(job.way, Way::Decode { .. }));
    if decodes.is_some() {
        against_wine = against_wine.goal(GOAL_WINE);
        against_x86_64 = against_x86_64.goal(GOAL_I386);
    }
    let speed = |seconds: f64| f64::from(sound.samples()) / f64::from(sound.shape.0) / seconds;
    for _ in 0..rounds {
        let mut wide = None;
        for job in jobs {
            let ours = speed(job.ours(&name)?);
            let theirs = peers.wine.map(|wine| job.theirs(&name, wine)).transpose()?;
            let driver =
                theirs.as_ref().filter(|_| sound.goes_on).and_then(|theirs| theirs.driver).map(speed);
            let theirs = theirs.map(|theirs| speed(theirs.seconds));
            let row = match wide {
                None => &mut against_wine,
                Some((wide, _)) => {
                    against_x86_64.ours.push(ours);
                    against_x86_64.theirs.push(wide);
                    against_x86_64.limits.extend(driver.map(|driver| driver / wide));
                    &mut narrow_wine
                }
            };
            row.ours.push(ours);
            row.theirs.extend(theirs);
            row.limits.extend(driver.zip(theirs).map(|(driver, theirs)| driver / theirs));
            wide = wide.or(Some((ours, driver)));
        }
        if let (Some(job), Some((wide, driver))) = (decodes, wide) {
            let theirs = speed(ffmpeg::time(&job.input, ffmpeg::S16)?);
            against_ffmpeg.ours.push(wide);
            against_ffmpeg.theirs.push(theirs);
            against_ffmpeg.limits.extend(driver.map(|driver| driver / theirs));
        }
    }
    against_wine.verified(peers.wine.is_some());
    against_ffmpeg.verified(true);
    against_x86_64.verified(true);
    narrow_wine.verified(peers.wine.is_some());
    Ok(vec![against_wine, against_ffmpeg, against_x86_64, narrow_wine])
}

impl Sound {
    /// What decoding and encoding it are called.
    pub fn names(&self) -> [String; 2] {
        ["decoding", "encoding"].map(|what| format!("{}, {what}", self.name))
    }

    /// How many samples a channel there are.
    fn samples(&self) -> u32 {
        self.shape.0 * self.seconds / self.block * self.block
    }

    /// Writes the sound, always the same: tones, of which one beeps, and noise, in each channel others.
    fn make(&self, file: &Path) -> Result<(), Failure> {
        let (rate, channels) = self.shape;
        let mut ffmpeg = Command::new(FFMPEG);
        ffmpeg.args(["-v", "error", "-nostdin", "-y"]);
        let seconds = self.seconds;
        for channel in 0..channels {
            let tone = 220 * (u32::from(channel) + 1);
            ffmpeg.args(["-f", "lavfi", "-i"]);
            ffmpeg.arg(format!("sine=frequency={tone}:beep_factor=4:sample_rate={rate}:duration={seconds}"));
            ffmpeg.args(["-f", "lavfi", "-i"]);
            ffmpeg.arg(format!(
                "anoisesrc=amplitude=0.2:color=pink:seed={channel}:sample_rate={rate}:duration={seconds}"
            ));
        }
        let mixed: String =
            (0..channels).map(|at| format!("[{}][{}]amix[c{at}];", 2 * at, 2 * at + 1)).collect();
        let all: String = (0..channels).map(|at| format!("[c{at}]")).collect();
        ffmpeg.arg("-filter_complex").arg(format!(
            "{mixed}{all}amerge=inputs={channels},volume=4,atrim=end_sample={}[out]",
            self.samples()
        ));
        ffmpeg.args(["-map", "[out]", "-c:a", "pcm_s16le", "-bitexact"]).arg(file);
        run(&mut ffmpeg)?;
        Ok(())
    }

    /// The driver that encodes for a machine, and how `drvhost encode --audio` is told which format; `None` where there is none. LAME's keeps its settings beside
    /// itself, so it is copied to the folder.
    fn encoder(
        &self,
        machine: Machine,
        folder: &Path,
    ) -> Result<Option<(PathBuf, Option<&'static str>)>, Failure> {
        match self.encoder {
            Encoder::Nobody => Ok(None),
            Encoder::Same(format) => Ok(Some((driver_for(machine, self.driver)?.1, format))),
            Encoder::Lame(format) => {
                let Some(built) = lame(machine) else { return Ok(None) };
                let own = folder.join(format!("lame-{machine}.acm"));
                fs::copy(built, &own).map_err(Failure::file("a copy of LAME's driver"))?;
                Ok(Some((own, Some(format))))
            }
        }
    }
}

impl Job {
    /// Seconds that decoding takes, or the whole command that encodes; what it makes is compared.
    fn ours(&self, name: &str) -> Result<f64, Failure> {
        let Way::Encode { format } = self.way else {
            let made = content::decoded(&self.input, self.machine)?;
            made.check(name, "drvhost decode", &self.hash)?;
            return Ok(made.seconds);
        };
        let output = self.input.with_file_name("ours.avi");
        let mut command = job::encoding(self.machine, &self.driver, format, &self.input, &output);
        let started = Instant::now();
        run(&mut command)?;
        let seconds = started.elapsed().as_secs_f64();
        let (_, bytes) = job::sound_of(&output)?;
        fs::remove_file(&output).map_err(Failure::file("what was encoded"))?;
        Made { hash: job::hash_of(&[bytes]), seconds, driver: None }.check(
            name,
            "drvhost encode",
            &self.hash,
        )?;
        Ok(seconds)
    }

    /// What the peer says it makes, and how long it takes, to encode from its own start; what it makes is compared.
    fn theirs(&self, name: &str, wine: &Wine) -> Result<Made, Failure> {
        let mut command = wine.program_for(self.machine, "sound");
        command.arg(self.way.name()).arg(Wine::name_of(&self.driver)).arg(Wine::name_of(&self.words));
        let (made, whole) = content::made(&mut command)?;
        made.check(name, WINE, &self.hash)?;
        Ok(match self.way {
            Way::Decode { .. } => made,
            // Encoding has no goal that could be out of reach.
            Way::Encode { .. } => Made { seconds: whole.as_secs_f64(), driver: None, ..made },
        })
    }
}
