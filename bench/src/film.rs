//! Films: on every side the same frames from start to end to BGR24, and nothing is kept.
//!
//! drvhost is the command: it reads the AVI file, decodes, converts, and hashes with BLAKE3. The peer under Wine has all frames in memory, has
//! the same driver decode them one after the other, converts likewise, and hashes with the same instructions. The time of both is what they say, from when the driver is
//! open until all is hashed. ffmpeg uses its own decoder and writes to /dev/null; its time is what it says, without its start.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use drvhost::media::ContentHasher;
use drvhost::vfw::Codec;
use drvhost::{Machine, Session};
use mmsystem::{ICDECOMPRESS_NOTKEYFRAME, ICMODE_DECOMPRESS};

use crate::clip::{Clip, Film};
use crate::content;
use crate::failure::Failure;
use crate::ffmpeg::{self, FFMPEG};
use crate::frames;
use crate::ours::driver_for;
use crate::pairs::{self, GOAL_FFMPEG, GOAL_I386, GOAL_WINE, Peers, X86_64};
use crate::report::{Better, Row, WINE};
use crate::subject::Subject;

/// The films: so long that the start is a small part.
pub const FILMS: &[Film] = &[
    Film { size: (320, 240), skipped: 0, different: 100, times: 30 },
    // ffmpeg's Cinepak encoder takes a second for such a picture.
    Film { size: (1920, 1080), skipped: 0, different: 10, times: 15 },
];

const UNIT: &str = "frames/s";

/// Decodes a film on each side, in turn. What the command and the peer hash and ffmpeg's pictures are compared with what the library makes of each frame.
pub fn measure(
    name: String,
    subject: &Subject,
    peers: Peers<'_>,
    folder: &Path,
    film: &Film,
    rounds: usize,
) -> Result<Vec<Row>, Failure> {
    let folder = tempfile::tempdir_in(folder).map_err(Failure::file("a folder for a film"))?;
    let clip = subject.clip(folder.path(), film)?;
    let expected = expected(subject, &clip)?;
    let narrow = format!("i386: {name}");
    pairs::tell(&name);
    let mut against_wine = Row::new(name.clone(), UNIT, Better::More).goal(GOAL_WINE);
    let mut against_ffmpeg = Row::new(name, UNIT, Better::More).against(FFMPEG).goal(GOAL_FFMPEG);
    let mut against_x86_64 = Row::new(narrow.clone(), UNIT, Better::More).against(X86_64).goal(GOAL_I386);
    let mut narrow_wine = Row::new(narrow, UNIT, Better::More);
    let rate = |seconds: f64| clip.frames.len() as f64 / seconds;
    let ours = |machine| {
        let made = content::decoded(&clip.file, machine)?;
        made.check(subject.name, "drvhost decode", &expected)?;
        Ok::<_, Failure>(rate(made.seconds))
    };
    let theirs = |wine, machine| {
        let (made, _) = content::made(frames::peer(subject, &clip, wine, machine)?.arg("bgr24"))?;
        made.check(subject.name, WINE, &expected)?;
        Ok::<_, Failure>(rate(made.seconds))
    };
    for _ in 0..rounds {
        let wide = ours(Machine::X86_64)?;
        against_wine.ours.push(wide);
        against_ffmpeg.ours.push(wide);
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
        against_ffmpeg.theirs.push(rate(ffmpeg::time(&clip.file, ffmpeg::BGR24)?));
    }
    against_wine.verified(peers.wine.is_some());
    against_ffmpeg.verified(true);
    against_x86_64.verified(peers.i386);
    narrow_wine.verified(peers.wine.is_some() && peers.i386);
    Ok(vec![against_wine, against_ffmpeg, against_x86_64, narrow_wine])
}

/// Decodes all frames by the library, and sees that ffmpeg's pictures are the same, to within what docs/formats.md states of the format. Gives the hash of all of them as BGR24.
pub fn expected(subject: &Subject, clip: &Clip) -> Result<String, Failure> {
    let (file, _) = driver_for(Machine::X86_64, subject.driver)?;
    let session = Session::builder().start()?;
    let codec = Codec::open(&session, &file, subject.handler, ICMODE_DECOMPRESS)?;
    let mut decompressor = codec.decompressor(&clip.format)?;
    let format = decompressor.format().clone();
    let started = ffmpeg::all(&clip.file, ffmpeg::BGR24).arg("-").stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|source| Failure::Start { program: FFMPEG.into(), source })?;
    let mut stdout = child.stdout.take();
    let (mut bgr, mut theirs) = (Vec::new(), vec![0; format.bgr24_size()]);
    let mut hasher = ContentHasher::new();
    for (number, frame) in clip.frames.iter().enumerate() {
        let key = frame.flags & ICDECOMPRESS_NOTKEYFRAME == 0;
        decompressor.decompress_to_bgr24(&frame.bytes, Some(key), &mut bgr)?;
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
    Ok(hasher.finish().to_string())
}
