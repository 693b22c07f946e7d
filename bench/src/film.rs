//! Films: on every side the same frames from start to end to BGR24, and nothing is kept.
//!
//! drvhost is the whole command: it starts, reads the AVI file, decodes, converts, and hashes with BLAKE3. The peer under Wine reads all frames into memory, has
//! the same driver decode them one after the other, converts likewise, and hashes with a few instructions a word; once more without
//! converting, to show what that is worth. Its time is its own, without Wine's start. ffmpeg uses its own decoder and writes to /dev/null.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use drvhost::Session;
use drvhost::media::ContentHasher;
use drvhost::vfw::Codec;
use mmsystem::{ICDECOMPRESS_NOTKEYFRAME, ICMODE_DECOMPRESS};

use crate::clip::Clip;
use crate::failure::{Failure, run};
use crate::frames::{self, Hashed, Subject};
use crate::ours::driver;
use crate::report::{Better, Goal, Row, WINE};
use crate::wine::Wine;

/// A film.
#[derive(Debug)]
pub struct Film {
    /// The size of the pictures.
    size: &'static str,
    /// How many different frames there are.
    different: usize,
    /// How often they are repeated.
    times: usize,
}

/// The films: so long that the start is a small part.
pub const FILMS: &[Film] = &[
    Film { size: "320x240", different: 300, times: 10 },
    // ffmpeg's Cinepak encoder takes seconds for such a picture.
    Film { size: "1920x1080", different: 10, times: 15 },
];

/// Who else decodes.
const FFMPEG: &str = "ffmpeg";

/// What the film comes to: of each picture as the driver makes it, of each as BGR24, and of all of these.
struct Content {
    pictures: Vec<u64>,
    bgr24: Vec<u64>,
    hash: String,
}

/// Decodes a film on each side, in turn. What the command hashes, the peer's pictures and ffmpeg's are compared with what the library makes of each frame.
pub fn measure(
    subject: &Subject,
    wine: Option<&Wine>,
    folder: &Path,
    film: &Film,
    rounds: usize,
) -> Result<[Row; 3], Failure> {
    let folder = tempfile::tempdir_in(folder).map_err(Failure::file("a folder for a film"))?;
    let Film { size, different, times } = *film;
    let clip = Clip::make_repeated(folder.path(), subject.encoder, size, different, times)?;
    let content = content(subject, &clip)?;
    let name = format!("{} {size}, whole film", subject.name);
    let mut against_wine = Row::new(name.clone(), "frames/s", Better::More).goal(Goal::Ratio(1.2));
    let mut against_raw = Row::new(format!("{name}; Wine does not convert"), "frames/s", Better::More);
    let mut against_ffmpeg = Row::new(name, "frames/s", Better::More).against(FFMPEG);
    let rate = |started: Instant| content.pictures.len() as f64 / started.elapsed().as_secs_f64();
    for _ in 0..rounds {
        let (ours, hash) = frames::decoded(&clip)?;
        if hash != content.hash {
            return Err(frames::differ("drvhost decode", hash, "the library", &content.hash));
        }
        against_wine.ours.push(ours);
        against_raw.ours.push(ours);
        against_ffmpeg.ours.push(ours);
        if let Some(wine) = wine {
            let kinds = [
                (Hashed::Bgr24, &content.bgr24, &mut against_wine),
                (Hashed::Raw, &content.pictures, &mut against_raw),
            ];
            for (hashed, expected, row) in kinds {
                let pass = frames::theirs(subject, &clip, wine, hashed)?;
                row.theirs.push(pass.whole_rate());
                frames::compare(subject.name, expected, WINE, &pass.hashes)?;
            }
        }
        let started = Instant::now();
        run(ffmpeg(&clip).args(["-y", "/dev/null"]))?;
        against_ffmpeg.theirs.push(rate(started));
    }
    against_wine.verified(wine.is_some());
    against_raw.verified(wine.is_some());
    against_ffmpeg.verified(true);
    Ok([against_wine, against_raw, against_ffmpeg])
}

/// ffmpeg's pictures as BGR24; where they go is to be added.
fn ffmpeg(clip: &Clip) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-i"]).arg(&clip.file);
    command.args(["-fps_mode", "passthrough", "-pix_fmt", "bgr24", "-f", "rawvideo"]);
    command
}

/// Decodes all frames by the library, and sees that ffmpeg's pictures are the same, to within what docs/formats.md states of the format.
fn content(subject: &Subject, clip: &Clip) -> Result<Content, Failure> {
    let (file, _) = driver(subject.driver)?;
    let session = Session::builder().start()?;
    let codec = Codec::open(&session, &file, subject.handler, ICMODE_DECOMPRESS)?;
    let mut decompressor = codec.decompressor(&clip.format)?;
    let format = decompressor.format().clone();
    let started = ffmpeg(clip).arg("-").stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|source| Failure::Start { program: FFMPEG.into(), source })?;
    let mut stdout = child.stdout.take();
    let (mut picture, mut bgr, mut theirs) = (Vec::new(), Vec::new(), vec![0; format.bgr24_size()]);
    let (mut pictures, mut bgr24, mut hasher) = (Vec::new(), Vec::new(), ContentHasher::new());
    for (number, frame) in clip.frames.iter().enumerate() {
        let key = frame.flags & ICDECOMPRESS_NOTKEYFRAME == 0;
        decompressor.decompress(&frame.bytes, Some(key), &mut picture)?;
        format.to_bgr24(&picture, &mut bgr).map_err(drvhost::Error::from)?;
        pictures.push(frames::hash(&picture));
        bgr24.push(frames::hash(&bgr));
        hasher.update(&bgr);
        let pipe = stdout.as_mut().map(|pipe| pipe.read_exact(&mut theirs));
        pipe.unwrap_or(Ok(())).map_err(Failure::file("ffmpeg's pictures"))?;
        let apart = bgr.iter().zip(&theirs).map(|(ours, theirs)| ours.abs_diff(*theirs)).max();
        if apart.is_some_and(|apart| apart > subject.apart) {
            let what = format!("{}: the greatest difference in frame {number}", subject.name);
            return Err(frames::differ(
                &what,
                apart.unwrap_or(0),
                FFMPEG,
                format!("at most {}", subject.apart),
            ));
        }
    }
    decompressor.close()?;
    drop(stdout);
    // It has nothing left to say.
    let _ = child.wait();
    Ok(Content { pictures, bgr24, hash: hasher.finish().to_string() })
}
