//! Encoding a film of full size: on both sides a process that has the same driver compress the same pictures from start to end, each as a key frame.
//!
//! drvhost is the whole command: it reads an uncompressed AVI file, gives the pictures the codec's format, compresses them, and writes an AVI file. The peer under Wine has
//! the pictures in memory, in the codec's format already, and keeps nothing but a hash of each frame; its time is its own, without Wine's start.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use drvhost::Session;
use drvhost::media::{CodecInput, PictureFormat};
use drvhost::vfw::{Codec, Compression};
use mmsystem::{FourCc, ICMODE_COMPRESS};

use crate::clip::{Clip, Frame};
use crate::failure::{Failure, run};
use crate::frames;
use crate::ours::{driver, drvhost};
use crate::report::{Better, Goal, Row, WINE};
use crate::wine::Wine;

/// The size of the pictures.
const SIZE: (u32, u32) = (1920, 1080);
/// How many different pictures there are.
const DIFFERENT: usize = 10;
/// The driver of Wine's that compresses video.
const DRIVER: &str = "msrle32.dll";
/// What it is opened for.
const HANDLER: FourCc = FourCc(*b"MRLE");
/// What the comparison is called where the outputs differ.
const NAME: &str = "MS RLE 1920x1080, encoding";

/// Encodes a film on each side, in turn, and compares every frame with what the library has the driver make of its picture.
pub fn measure(wine: Option<&Wine>, folder: &Path, rounds: usize, count: usize) -> Result<Row, Failure> {
    let folder = tempfile::tempdir_in(folder).map_err(Failure::file("a folder for a film"))?;
    let size = format!("{}x{}", SIZE.0, SIZE.1);
    // Of 256 colours, the greys, so that the pictures' palette is theirs.
    let film = Clip::make_from(
        folder.path(),
        &["-vf", "format=gray,format=bgr24", "-c:v", "rawvideo"],
        &size,
        DIFFERENT,
        count / DIFFERENT,
    )?;
    let (pictures, expected) = compressed(&film)?;
    let mut row = Row::new(NAME, "frames/s", Better::More).goal(Goal::Ratio(1.2));
    let out = folder.path().join("out.avi");
    let (from, to) = (film.file.display().to_string(), out.display().to_string());
    let rate = |started: Instant| expected.len() as f64 / started.elapsed().as_secs_f64();
    for _ in 0..rounds {
        let started = Instant::now();
        run(&mut drvhost(&[
            "encode",
            &from,
            "-o",
            &to,
            "--video",
            DRIVER,
            "--keyframe-every",
            "1",
            "--json",
        ]))?;
        row.ours.push(rate(started));
        let made = Clip::read(&out)?;
        let hashes: Vec<u64> = made.iter().map(|frame| frames::hash(&frame.bytes)).collect();
        frames::compare(NAME, &hashes, "the library", &expected)?;
        fs::remove_file(&out).map_err(Failure::file(&to))?;
        if let Some(wine) = wine {
            let pass = frames::parse(&run(&mut peer(wine, &pictures)?)?)?;
            row.theirs.push(pass.whole_rate());
            frames::compare(NAME, &expected, WINE, &pass.hashes)?;
        }
    }
    row.verified(wine.is_some());
    Ok(row)
}

fn peer(wine: &Wine, pictures: &Path) -> Result<Command, Failure> {
    let (_, file) = driver(DRIVER)?;
    let mut command = wine.program("encode");
    command.arg(Wine::name_of(&file)).arg(HANDLER.to_string()).arg(Wine::name_of(pictures));
    Ok(command)
}

/// The film's pictures in the codec's format, as the peer's file, and a hash of what the codec makes of each.
fn compressed(film: &Clip) -> Result<(PathBuf, Vec<u64>), Failure> {
    let (width, height) = SIZE;
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
