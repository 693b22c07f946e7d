//! What a sound comes to, by the library.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use drvhost::acm::{Ends, Stream};
use drvhost::media::{AviReader, ContentHasher, WavReader, WaveFormat};
use drvhost::{Error, Machine, Session};

use crate::failure::{Failure, run};
use crate::ffmpeg::{self, FFMPEG};
use crate::frames;
use crate::ours::{drvhost_for, file_as_driver};

/// What is done.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    /// Samples are made; each may be so far from ffmpeg's.
    Decode { apart: u16 },
    /// Samples are what is given; which format, as `drvhost encode` is told.
    Encode { format: Option<&'static str> },
}

/// A file that is converted by a driver, and what comes of it.
#[derive(Debug)]
pub struct Job {
    pub machine: Machine,
    pub way: Way,
    /// The driver's file.
    pub driver: PathBuf,
    pub input: PathBuf,
    /// The same for the peer.
    pub words: PathBuf,
    /// Of all that comes of it, as drvhost says it.
    pub hash: String,
}

/// The hash of bytes that come in parts.
pub fn hash_of(parts: &[Vec<u8>]) -> String {
    let mut hasher = ContentHasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finish().to_string()
}

impl Job {
    /// Has the library convert a file, and compares what was decoded with ffmpeg's samples, what was encoded with what the command writes.
    pub fn new(
        machine: Machine,
        way: Way,
        driver: PathBuf,
        input: &Path,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let wav = File::open(input).map_err(Failure::file(input.display().to_string()))?;
        let mut wav = WavReader::open(wav).map_err(Error::from)?;
        let mut data = vec![0; wav.data_len() as usize];
        let read = wav.read_data(&mut data).map_err(Error::from)?;
        data.truncate(read);
        let encoded = match way {
            Way::Decode { .. } => None,
            Way::Encode { format } => {
                let output = folder.join("first.avi");
                run(&mut encoding(machine, &driver, format, input, &output))?;
                Some(sound_of(&output)?)
            }
        };
        let format = encoded.as_ref().map(|(format, _)| format);
        let (parts, made) = converted(&driver, wav.format(), format, &data)?;
        let hash = hash_of(&parts);
        if let Way::Decode { apart } = way {
            compare_with_ffmpeg(input, &parts, apart)?;
        }
        if let Some((_, bytes)) = encoded {
            let command = hash_of(&[bytes]);
            if command != hash {
                return Err(frames::differ("drvhost encode", command, "the library", hash));
            }
        }
        let words = folder.join(format!("{machine}-{}.sound", way.name()));
        let word = |number: usize| (number as u32).to_le_bytes();
        let mut file = Vec::new();
        for part in [&wav.format().bytes, &made.bytes, &data] {
            file.extend(word(part.len()));
            file.extend(part);
        }
        std::fs::write(&words, file).map_err(Failure::file("a sound for the peer"))?;
        Ok(Self { machine, way, driver, input: input.to_owned(), words, hash })
    }
}

impl Way {
    /// The peer's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decode { .. } => "decode",
            Self::Encode { .. } => "encode",
        }
    }
}

/// `drvhost encode` by a driver.
pub fn encoding(
    machine: Machine,
    driver: &Path,
    format: Option<&str>,
    input: &Path,
    output: &Path,
) -> Command {
    let audio = match format {
        None => driver.display().to_string(),
        Some(format) => format!("{}:{format}", driver.display()),
    };
    let [input, output] = [input, output].map(|file| file.display().to_string());
    drvhost_for(machine, &["encode", &input, "-o", &output, "--audio", &audio])
}

/// The format of the only stream of an AVI file, which is sound, and its bytes.
pub fn sound_of(file: &Path) -> Result<(WaveFormat, Vec<u8>), Failure> {
    let opened = File::open(file).map_err(Failure::file(file.display().to_string()))?;
    let read = || -> Result<_, drvhost::media::MediaError> {
        let mut avi = AviReader::open(opened)?;
        let format = avi.audio_stream(0)?.format;
        let (mut packets, mut packet, mut bytes) = (avi.packets(0)?, Vec::new(), Vec::new());
        while packets.next_packet(&mut packet)?.is_some() {
            bytes.extend_from_slice(&packet);
        }
        Ok((format, bytes))
    };
    Ok(read().map_err(Error::from)?)
}

/// Has a driver convert all of the data, to samples or to a format; what came of it, in parts, and its format.
fn converted(
    driver: &Path,
    source: &WaveFormat,
    format: Option<&WaveFormat>,
    data: &[u8],
) -> Result<(Vec<Vec<u8>>, WaveFormat), Failure> {
    let session = Session::builder().start()?;
    let driver = file_as_driver(driver.to_owned());
    let opened = Stream::open(&session, &driver, None, source, format)?;
    let mut stream = opened.ok_or_else(|| Failure::Wrong {
        what: driver.file_name(),
        expected: "a driver for the format".to_owned(),
        found: "one that does not have it".to_owned(),
    })?;
    let made = stream.format().clone();
    let (mut at, mut parts, mut out) = (0, Vec::new(), Vec::new());
    let mut ends = Ends::Open;
    loop {
        let piece = &data[at..data.len().min(at + stream.capacity())];
        // An encoder learns that it has the last piece only when it has had all others.
        if ends == Ends::Open
            && (piece.len() < stream.capacity() || format.is_none() && at + piece.len() == data.len())
        {
            ends = Ends::Last;
        }
        let converted = stream.convert(piece, ends, &mut out)?;
        at += converted.used;
        let stuck = converted.used == 0 && out.is_empty();
        parts.push(std::mem::take(&mut out));
        if (stuck || at == data.len()) && !converted.filled && ends != Ends::Open {
            if ends == Ends::Rest || at == data.len() {
                break;
            }
            ends = Ends::Rest;
        }
    }
    if at < data.len() {
        return Err(Failure::Wrong {
            what: driver.file_name(),
            expected: format!("to use all {} bytes", data.len()),
            found: at.to_string(),
        });
    }
    if format.is_some() {
        stream.finish(&mut out)?;
        parts.push(out);
    } else {
        stream.close()?;
    }
    Ok((parts, made))
}

/// Sees that ffmpeg's samples, of 16 bits, are as many and at most so far from these.
fn compare_with_ffmpeg(file: &Path, parts: &[Vec<u8>], apart: u16) -> Result<(), Failure> {
    let started = ffmpeg::all(file, ffmpeg::S16).arg("-").stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|source| Failure::Start { program: FFMPEG.into(), source })?;
    let mut theirs = Vec::new();
    let pipe = child.stdout.as_mut().map(|pipe| pipe.read_to_end(&mut theirs));
    pipe.unwrap_or(Ok(0)).map_err(Failure::file("ffmpeg's samples"))?;
    // It has nothing left to say.
    let _ = child.wait();
    let ours = parts.concat();
    let what = |what: &str| format!("{}: {what}", file.display());
    if ours.len() != theirs.len() {
        return Err(frames::differ(&what("bytes of samples"), ours.len(), FFMPEG, theirs.len()));
    }
    let samples = |bytes: &[u8]| {
        bytes.as_chunks::<2>().0.iter().map(|sample| i16::from_le_bytes(*sample)).collect::<Vec<_>>()
    };
    let (ours, theirs) = (samples(&ours), samples(&theirs));
    let most =
        ours.iter().zip(&theirs).map(|(ours, theirs)| ours.abs_diff(*theirs)).max().unwrap_or_default();
    if most > apart {
        return Err(frames::differ(
            &what("the greatest difference"),
            most,
            FFMPEG,
            format!("at most {apart}"),
        ));
    }
    Ok(())
}
