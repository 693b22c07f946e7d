//! Many short clips, of which starting decoders is the greatest part: a folder of them to uncompressed files.
//!
//! drvhost is the whole command. Wine is started for each clip, as a script would do it, one after the other or two at a time, with its server and
//! services running; or one process of Wine's runs already, has the drivers' libraries loaded, and is told of one clip after the other.
//! The peer reads the AVI file, opens and closes the driver for each, converts, hashes with BLAKE3, and writes all pictures as drvhost does. drvhost writes
//! a manifest besides.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use drvhost::Machine;

use crate::clip::Film;
use crate::failure::{Failure, run};
use crate::film;
use crate::frames;
use crate::ours::driver;
use crate::pairs;
use crate::report::{Better, Goal, Row, WINE};
use crate::shelf;
use crate::subject::{SUBJECTS, Subject};
use crate::wine::Wine;

/// How many frames each has.
const FRAMES: usize = 10;
/// How many different ones there are of each codec, and how often each is there.
const DIFFERENT: usize = 5;
const COPIES: usize = 10;

/// Who the other side is.
const EACH: &str = "Wine for each";
const TWO: &str = "Wine for each, two at a time";
const ONE: &str = "one Wine";

/// A file of the folder, and what it comes to.
struct Clip {
    subject: &'static Subject,
    file: PathBuf,
    name: String,
    hash: String,
}

/// Decodes the folder on each side, in turn, and compares what each clip came to.
pub fn measure(wine: Option<&Wine>, folder: &Path, rounds: usize) -> Result<Vec<Row>, Failure> {
    let folder = tempfile::tempdir_in(folder).map_err(Failure::file("a folder for clips"))?;
    let shelf = folder.path().join("shelf");
    let clips = clips(folder.path(), &shelf)?;
    let expected: BTreeMap<_, _> = clips.iter().map(|clip| (clip.name.clone(), clip.hash.clone())).collect();
    let row = |jobs: usize, peer, goal| {
        let name = format!("{} clips, `--jobs {jobs}`", clips.len());
        Row::new(name, "clips/s", Better::More).against(peer).goal(Goal::Ratio(goal))
    };
    let mut rows =
        [row(1, EACH, 25.0), row(2, EACH, 25.0), row(2, TWO, 25.0), row(1, ONE, 5.0), row(2, ONE, 5.0)];
    let rate = |seconds: f64| clips.len() as f64 / seconds;
    let processors = std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64);
    pairs::tell("clips");
    for _ in 0..rounds {
        let [one, two] = [1, 2].map(|jobs| {
            let (hashes, seconds) = shelf::decoded(folder.path(), &shelf, jobs)?;
            shelf::compare(&hashes, &expected, "the library")?;
            Ok::<_, Failure>(rate(seconds))
        });
        let (one, two) = (one?, two?);
        for (row, ours) in rows.iter_mut().zip([one, two, two, one, two]) {
            row.ours.push(ours);
        }
        let Some(wine) = wine else { continue };
        let out = folder.path().join("theirs");
        let timed = |measure: &dyn Fn(&Path) -> Result<Taken, Failure>| {
            fs::create_dir(&out).map_err(Failure::file("a folder for pictures"))?;
            let taken = measure(&out)?;
            fs::remove_dir_all(&out).map_err(Failure::file("a folder for pictures"))?;
            Ok::<_, Failure>(taken)
        };
        let each = timed(&|out| of_each(&clips, wine, out, 1))?;
        let together = timed(&|out| of_each(&clips, wine, out, 2))?;
        let fed = timed(&|out| of_one(&clips, wine, out))?;
        for (row, theirs) in rows.iter_mut().zip([&each, &each, &together, &fed, &fed]) {
            row.theirs.push(rate(theirs.whole));
        }
        for row in rows.iter_mut().filter(|row| row.is_against(ONE)) {
            row.limits.push(fed.whole / (fed.working / processors));
        }
    }
    rows.iter_mut().for_each(|row| row.verified(wine.is_some()));
    Ok(rows.into())
}

/// Makes the clips, and has the library say what they come to; ffmpeg's pictures are compared, too.
fn clips(folder: &Path, shelf: &Path) -> Result<Vec<Clip>, Failure> {
    fs::create_dir_all(shelf).map_err(Failure::file("a folder of clips"))?;
    let mut clips = Vec::new();
    for (kind, subject) in SUBJECTS.iter().enumerate() {
        for part in 0..DIFFERENT {
            let film = Film { skipped: part * 50, ..Film::new(frames::SIZE, FRAMES) };
            let made = subject.clip(folder, &film)?;
            let hash = film::expected(subject, &made)?;
            for copy in 0..COPIES {
                // Those of one codec do not follow each other.
                let name = format!("{part}{copy}{kind}.avi");
                let file = shelf.join(&name);
                fs::copy(&made.file, &file).map_err(Failure::file("a clip"))?;
                clips.push(Clip { subject, file, name, hash: hash.clone() });
            }
        }
    }
    clips.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(clips)
}

impl Clip {
    /// What the peer is told: the driver, the code, the clip, and where the pictures go.
    fn words(&self, out: &Path) -> Result<[String; 4], Failure> {
        let (_, driver) = driver(self.subject.driver)?;
        let out = out.join(&self.name).with_extension("bgr");
        let [driver, file, out] = [&driver, &self.file, &out].map(|file| Wine::name_of(file));
        Ok([driver, self.subject.handler.to_string(), file, out])
    }

    /// Compares the hash that the peer says, and answers the seconds that it says.
    fn check(&self, told: &str) -> Result<f64, Failure> {
        let (hash, nanoseconds) = told.trim().split_once(' ').unwrap_or((told.trim(), ""));
        if hash != self.hash {
            return Err(frames::differ(&self.name, &self.hash, WINE, hash));
        }
        let nanoseconds: Option<f64> = nanoseconds.parse().ok();
        let unreadable =
            || Failure::Unreadable { program: "clips", text: told.to_owned(), expected: "a hash and a time" };
        nanoseconds.map(|nanoseconds| nanoseconds / 1e9).ok_or_else(unreadable)
    }
}

/// What the peer takes for all clips, in seconds.
struct Taken {
    /// From beginning to end.
    whole: f64,
    /// For decoding, converting, hashing and writing.
    working: f64,
}

/// What a process for each takes, so many at a time.
fn of_each(clips: &[Clip], wine: &Wine, out: &Path, at_a_time: usize) -> Result<Taken, Failure> {
    let words: Vec<_> = clips.iter().map(|clip| clip.words(out)).collect::<Result<_, _>>()?;
    let words = &words;
    let started = Instant::now();
    let working = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..at_a_time)
            .map(|worker| {
                scope.spawn(move || {
                    let mine = clips.iter().zip(words).skip(worker).step_by(at_a_time);
                    mine.map(|(clip, words)| clip.check(&run(wine.program("clips").args(words))?))
                        .sum::<Result<f64, Failure>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .sum::<Result<f64, Failure>>()
    })?;
    Ok(Taken { whole: started.elapsed().as_secs_f64(), working })
}

/// What one process takes that runs already. It is told of all clips at once.
fn of_one(clips: &[Clip], wine: &Wine, out: &Path) -> Result<Taken, Failure> {
    let mut list = String::new();
    for clip in clips {
        list.push_str(&clip.words(out)?.join("\t"));
        list.push('\n');
    }
    let mut command = wine.program_for(Machine::X86_64, "clips");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|source| Failure::Start { program: WINE.to_owned(), source })?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let tell = || -> Result<Taken, Failure> {
        let pipes = input.zip(output).ok_or_else(|| std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        let (mut input, output) = pipes.map_err(Failure::file("the peer's pipes"))?;
        let mut lines = BufReader::new(output).lines();
        let mut line = || {
            lines
                .next()
                .unwrap_or_else(|| Err(std::io::ErrorKind::UnexpectedEof.into()))
                .map_err(Failure::file("the peer's output"))
        };
        line()?;
        let started = Instant::now();
        input.write_all(list.as_bytes()).map_err(Failure::file("the peer's input"))?;
        let working = clips.iter().map(|clip| clip.check(&line()?)).sum::<Result<f64, Failure>>()?;
        Ok(Taken { whole: started.elapsed().as_secs_f64(), working })
    };
    let told = tell();
    if told.is_err() {
        // It may be stuck; what it has done is of no use.
        let _ = child.kill();
    }
    let _ = child.wait();
    told
}
