//! Encoding a film: on both sides a process that has the same driver compress the same pictures from start to end, each as a key frame.
//!
//! drvhost is the whole command: it reads an uncompressed AVI file, gives the pictures the codec's format, compresses them, and writes an AVI file. The peer under Wine has
//! the pictures in memory, in the codec's format already, and keeps nothing but a hash of each frame; its time is its own, without Wine's start.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use drvhost::media::{CodecInput, PictureFormat};
use drvhost::vfw::{Codec, Compression};
use drvhost::{Machine, Session};
use mmsystem::{FourCc, ICMODE_COMPRESS};

use crate::clip::{Clip, Film, Frame};
use crate::failure::{Failure, run};
use crate::frames;
use crate::ours::{driver, driver_for, drvhost_for};
use crate::pairs::{self, Peers, X86_64};
use crate::report::{Better, Row, WINE};
use crate::subject::GREYS;
use crate::wine::Wine;

/// How many bytes the pictures have that are read.
const BYTES: usize = 311_040_000;
/// How many different pictures there are.
const DIFFERENT: usize = 10;
/// The driver of Wine's that compresses video.
const DRIVER: &str = "msrle32.dll";
/// What it is opened for.
const HANDLER: FourCc = FourCc(*b"MRLE");
/// Encodes a film on each side, in turn, and compares every frame with what the library has the driver make of its picture.
pub fn measure(
    name: String,
    peers: Peers<'_>,
    folder: &Path,
    size: (u32, u32),
    rounds: usize,
) -> Result<Vec<Row>, Failure> {
    let folder = tempfile::tempdir_in(folder).map_err(Failure::file("a folder for a film"))?;
    let once = size.0 as usize * size.1 as usize * 3 * DIFFERENT;
    let film = Film { times: (BYTES / once).max(1), ..Film::new(size, DIFFERENT) };
    let film = Clip::of_ffmpeg(folder.path(), "film", GREYS, &film)?;
    let (pictures, expected) = compressed(&film, size)?;
    let narrow = format!("i386: {name}");
    pairs::tell(&name);
    let mut against_wine = Row::new(name.clone(), "frames/s", Better::More);
    let mut against_x86_64 = Row::new(narrow.clone(), "frames/s", Better::More).against(X86_64);
    let mut narrow_wine = Row::new(narrow, "frames/s", Better::More);
    let ours = |machine| {
        let out = folder.path().join("out.avi");
        let (from, to) = (film.file.display().to_string(), out.display().to_string());
        let arguments = ["encode", &from, "-o", &to, "--video", DRIVER, "--keyframe-every", "1", "--json"];
        let started = Instant::now();
        run(&mut drvhost_for(machine, &arguments))?;
        let rate = expected.len() as f64 / started.elapsed().as_secs_f64();
        let (_, made) = Clip::read(&out)?;
        let hashes: Vec<u64> = made.iter().map(|frame| frames::hash(&frame.bytes)).collect();
        frames::compare(&name, &hashes, "the library", &expected)?;
        fs::remove_file(&out).map_err(Failure::file(&to))?;
        Ok::<_, Failure>(rate)
    };
    let theirs = |wine: &Wine, machine| {
        let pass = frames::parse(&run(&mut peer(wine, machine, &pictures)?)?)?;
        frames::compare(&name, &expected, WINE, &pass.hashes)?;
        Ok::<_, Failure>(pass.whole_rate())
    };
    for _ in 0..rounds {
        let wide = ours(Machine::X86_64)?;
        against_wine.ours.push(wide);
        if let Some(wine) = peers.wine {
            against_wine.theirs.push(theirs(wine, Machine::X86_64)?);
        }
        if peers.i386 {
            let rate = ours(Machine::I386)?;
            against_x86_64.ours.push(rate);
            against_x86_64.theirs.push(wide);
            narrow_wine.ours.push(rate);
            if let Some(wine) = peers.wine {
                narrow_wine.theirs.push(theirs(wine, Machine::I386)?);
            }
        }
    }
    against_wine.verified(peers.wine.is_some());
    against_x86_64.verified(peers.i386);
    narrow_wine.verified(peers.wine.is_some() && peers.i386);
    Ok(vec![against_wine, against_x86_64, narrow_wine])
}

fn peer(wine: &Wine, machine: Machine, pictures: &Path) -> Result<Command, Failure> {
    let (_, file) = driver_for(machine, DRIVER)?;
    let mut command = wine.program_for(machine, "encode");
    command.arg(Wine::name_of(&file)).arg(HANDLER.to_string()).arg(Wine::name_of(pictures));
    Ok(command)
}

/// The film's pictures in the codec's format, as the peer's file, and a hash of what the codec makes of each.
fn compressed(film: &Clip, (width, height): (u32, u32)) -> Result<(PathBuf, Vec<u64>), Failure> {
    let (file, _) = driver(DRIVER)?;
    let session = Session::builder().start()?;
    let codec = Codec::open(&session, &file, HANDLER, ICMODE_COMPRESS)?;
    let format = PictureFormat::from_bitmapinfo(&film.format).map_err(drvhost::Error::from)?;
    let mut bgr = vec![Vec::new(); film.frames.len()];
    for (bgr, frame) in bgr.iter_mut().zip(&film.frames) {
        format.to_bgr24(&frame.bytes, bgr).map_err(drvhost::Error::from)?;
    }
    let first = bgr.first().map_or(&[][..], Vec::as_slice);
    let inputs = CodecInput::all(width, height, first).map_err(drvhost::Error::from)?;
    let settings = Compression { key_frame_every: 1, ..Compression::default() };
    let mut compressor = codec.compressor(inputs, settings)?;
    let pixels = compressor.source().pixels();
    let mut input = CodecInput::new(pixels, width, height, first).map_err(drvhost::Error::from)?;
    let (mut pictures, mut hashes, mut frame) = (Vec::new(), Vec::new(), Vec::new());
    for bgr in &bgr {
        let mut picture = Vec::new();
        input.convert(bgr, &mut picture);
        pictures.push(Frame { flags: 0, bytes: picture });
        compressor.compress(bgr, &mut frame)?;
        hashes.push(frames::hash(&frame));
    }
    compressor.close()?;
    let pictures = film.beside("pictures.clip", input.block(), &pictures)?;
    Ok((pictures, hashes))
}
