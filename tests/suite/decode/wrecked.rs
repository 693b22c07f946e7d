//! Files of each container and kind, cut off at 200 places, and 1,000 times with bytes changed at random.
//!
//! A run takes a sample of these cases, always the same one; `DRVHOST_DAMAGE=all` before the test's command takes all of them,
//! and `DRVHOST_DAMAGE=cut:120` or `DRVHOST_DAMAGE=flip:37` one, as a failure names it.

mod files;

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use drvhost::decode::{self, Decode, Decoded, Output};
use drvhost::media::{AviReader, FileReader, SampleSource, WavReader};
use drvhost::{Blame, Error, Session};
use drvhost_tests::*;

use super::hash;
use files::Media;

/// What says which cases are run.
const CHOICE: &str = "DRVHOST_DAMAGE";
/// Cuts of a file, and how many of them are in the sample.
const CUTS: usize = 200;
const SAMPLED_CUTS: usize = 10;
/// Cases of changed bytes of a file, and how many of them are in the sample.
const FLIPS: u64 = 1000;
const SAMPLED_FLIPS: u64 = 18;
/// What a case may take, in which a driver may pass its deadline five times in a row, on a machine that does other things, too.
const LONGEST: Duration = Duration::from_secs(30);
/// What the process may have had of memory, in KiB.
const MEMORY: u64 = 1 << 20;

/// One way to wreck a file.
#[derive(Debug, Clone, Copy)]
enum Case {
    /// Only so many bytes are left.
    Cut(usize),
    /// One to four bytes are others; the number is the seed.
    Flip(u64),
}

impl Case {
    fn of(text: &str) -> Option<Self> {
        let (kind, number) = text.split_once(':')?;
        match kind {
            "cut" => number.parse().ok().map(Self::Cut),
            "flip" => number.parse().ok().map(Self::Flip),
            _ => None,
        }
    }

    /// What a driver has for each message. What is left of a cut file, it decodes; what was changed may have it go astray.
    fn deadline(self) -> Duration {
        Duration::from_secs(if matches!(self, Self::Cut(_)) { 20 } else { 1 })
    }

    fn wreck(self, media: &Media) -> Vec<u8> {
        let mut bytes = media.bytes.clone();
        match self {
            Self::Cut(len) => bytes.truncate(len),
            Self::Flip(seed) => {
                let mut scribble = Scribble::new(seed + 1);
                // The first numbers of neighbouring seeds are alike.
                let _ = scribble.bytes(8);
                let mut below = |end: usize| scribble.below(end as u32) as usize;
                for _ in 0..=below(4) {
                    let among = &media.structure;
                    let at =
                        if seed.is_multiple_of(2) { among[below(among.len())] } else { below(bytes.len()) };
                    bytes[at] ^= 1 + below(255) as u8;
                }
            }
        }
        bytes
    }
}

/// Where a file is cut: most places in its headers, at the edges of chunks, and evenly over all of it.
fn cuts(media: &Media) -> Vec<usize> {
    let (len, content) = (media.bytes.len(), media.content);
    let spread = |count: usize, from: usize, to: usize| {
        (0..count).map(move |number| from + number * (to - from) / count)
    };
    let edges = media.frames.iter().chain(&media.sound);
    let edges: Vec<_> = edges.flat_map(|&(start, end)| [start - 1, start, end - 1, end]).collect();
    let step = edges.len().div_ceil(60).max(1);
    let edges = edges.into_iter().filter(|cut| *cut < len).step_by(step);
    let mut cuts: BTreeSet<_> = spread(70, 0, content.min(len)).chain(edges).collect();
    let mut count = 1;
    // Finer and finer, until there are enough.
    while cuts.len() < CUTS.min(len) {
        count *= 2;
        cuts.extend(spread(count, 0, len));
    }
    let places: Vec<_> = cuts.into_iter().collect();
    // What is too much is left out evenly.
    (0..CUTS.min(places.len())).map(|number| places[number * places.len() / CUTS.min(places.len())]).collect()
}

/// The cases that are wanted.
fn cases(media: &Media) -> Vec<Case> {
    let cuts = cuts(media);
    match std::env::var(CHOICE).as_deref() {
        Ok("all") => cuts.into_iter().map(Case::Cut).chain((0..FLIPS).map(Case::Flip)).collect(),
        Ok(one) => vec![Case::of(one).unwrap_or_else(|| panic!("{CHOICE}={one} is no case"))],
        Err(_) => {
            let some = cuts.into_iter().skip(7).step_by(CUTS / SAMPLED_CUTS).map(Case::Cut);
            some.chain((0..SAMPLED_FLIPS).map(Case::Flip)).collect()
        }
    }
}

/// What decodes one file again and again.
struct Bench {
    machine: Machine,
    folder: Folder,
    driver: Option<drvhost::DriverFile>,
    /// Many cases share one, until a driver fails in it, or is to have another deadline.
    session: Option<(Duration, Session)>,
}

impl Bench {
    fn decode(
        &mut self,
        bytes: &[u8],
        deadline: Duration,
        output: Option<PathBuf>,
    ) -> Result<Decoded, Error> {
        self.folder.write("wrecked", bytes);
        let start = || {
            let builder = Session::builder().registry(registry(self.machine)).deadline(Some(deadline));
            builder.worker(program("drvhost-worker")).start().expect("a session starts")
        };
        let session = self.session.take().filter(|(former, _)| *former == deadline);
        let session = session.map_or_else(start, |(_, session)| session);
        let what = Decode {
            input: self.folder.file("wrecked"),
            output: output.map(Output::File),
            driver: self.driver.clone(),
            ..Decode::default()
        };
        let decoded = decode::run(&session, &what, |_| ControlFlow::Continue(()));
        let failed = match &decoded {
            Ok(decoded) => decoded.blame == Some(Blame::Driver),
            Err(error) => error.blame() != Blame::Media,
        };
        self.session = (!failed).then_some((deadline, session));
        decoded
    }
}

/// What the whole file is decoded to.
#[derive(Default)]
struct Whole {
    /// Each picture, as BGR24 from the top.
    pictures: Vec<Vec<u8>>,
    /// Samples.
    pcm: Vec<u8>,
    /// How many there are a channel.
    samples: u64,
}

impl Whole {
    fn of(media: &Media, bench: &mut Bench) -> Self {
        let is_film = !media.frames.is_empty();
        let output = bench.folder.file(if is_film { "whole.avi" } else { "whole.wav" });
        let decoded = bench
            .decode(&media.bytes, Duration::from_secs(30), Some(output.clone()))
            .expect("the whole file is decoded");
        assert_eq!((&decoded.damage, decoded.blame, &*decoded.warnings), (&None, None, &[][..]));
        let mut whole = Self { samples: sound_of(&decoded).unwrap_or((0, "")).0, ..Self::default() };
        let file = FileReader::open(&output).expect("the output");
        if is_film {
            let mut avi = AviReader::open(file).expect("an AVI file");
            let mut dib = Vec::new();
            let stride = decoded.width.unwrap() as usize * 3;
            let mut packets = avi.packets(0).expect("video");
            while packets.next_packet(&mut dib).expect("a packet").is_some() {
                // No bytes for the same picture again, and rows from the bottom up, which need no padding here.
                let picture = dib.chunks(stride).rev().flatten().copied().collect::<Vec<_>>();
                let again = || whole.pictures.last().cloned().expect("a picture");
                whole.pictures.push(if picture.is_empty() { again() } else { picture });
            }
            if whole.samples > 0 {
                whole.pcm = drained(&mut avi.samples(1).expect("sound"));
            }
        } else {
            whole.pcm = drained(&mut WavReader::open(file).expect("a WAVE file"));
        }
        assert_eq!(
            (whole.pictures.len(), decoded.frames.unwrap_or(0)),
            (media.frames.len(), media.frames.len() as u64)
        );
        assert_eq!(whole.samples, media.samples_before(media.bytes.len()));
        whole
    }

    fn pictures_hash(&self, count: usize) -> String {
        hash(&self.pictures[..count].concat())
    }

    fn sound_hash(&self, samples: u64) -> String {
        let size = self.pcm.len() as u64 / self.samples.max(1);
        hash(&self.pcm[..(samples * size) as usize])
    }
}

fn drained(source: &mut dyn SampleSource) -> Vec<u8> {
    let (mut all, mut piece) = (Vec::new(), vec![0; 4096]);
    loop {
        let len = source.read_data(&mut piece).expect("samples");
        if len == 0 {
            return all;
        }
        all.extend(&piece[..len]);
    }
}

/// How many samples of sound there are, and their hash.
fn sound_of(decoded: &Decoded) -> Option<(u64, &str)> {
    let beside = decoded.audio.first().map(|audio| (audio.samples, &*audio.hash));
    beside.or(decoded.samples.map(|samples| (samples, &*decoded.hash)))
}

/// Says what is wrong where something does not hold.
fn hold(is: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if is { Ok(()) } else { Err(what()) }
}

/// Whether this is what is to be made of a wrecked file.
fn check(media: &Media, whole: &Whole, case: Case, decoded: &Result<Decoded, Error>) -> Result<(), String> {
    let decoded = match decoded {
        Ok(decoded) => decoded,
        Err(error) => {
            let blame = error.blame();
            hold(matches!(blame, Blame::Media | Blame::Driver), || format!("{blame:?} is blamed: {error}"))?;
            let Case::Cut(cut) = case else { return Ok(()) };
            let left = (media.frames_before(cut), media.samples_before(cut));
            let readable = if media.frames.is_empty() { left.1 > 0 } else { left.0 > 0 };
            return hold(!readable && blame == Blame::Media, || format!("{left:?} could be read: {error}"));
        }
    };
    let (frames, sound) = (decoded.frames.unwrap_or(0), sound_of(decoded));
    let samples = sound.map_or(0, |(samples, _)| samples);
    let told = || format!("{frames} frames, {samples} samples, {:?}, {:?}", decoded.blame, decoded.damage);
    hold(decoded.damage.is_some() == decoded.blame.is_some(), || {
        format!("damage without blame: {}", told())
    })?;
    hold(matches!(decoded.blame, None | Some(Blame::Media | Blame::Driver)), told)?;
    match case {
        Case::Cut(cut) => {
            let expected = media.frames_before(cut);
            hold(frames == expected as u64, || format!("{expected} frames are whole, and not {}", told()))?;
            if !media.frames.is_empty() {
                hold(decoded.hash == whole.pictures_hash(expected), || {
                    format!("other pictures: {}", told())
                })?;
            }
            let least = media.samples_before(cut);
            hold((least..=whole.samples).contains(&samples), || {
                format!("{least} samples are whole: {}", told())
            })?;
            if let Some((samples, hash)) = sound {
                hold(hash == whole.sound_hash(samples), || format!("other samples: {}", told()))?;
            }
            let says = decoded.blame == Some(Blame::Media);
            hold(says || !media.loses_content(cut), || format!("not told that it is cut: {}", told()))
        }
        Case::Flip(_) => {
            hold(frames <= media.most_frames(), || format!("too many: {}", told()))?;
            // What the format states as a block's samples has 16 bits, and drivers make as many of each block.
            let most = whole.samples.max(media.bytes.len() as u64) * 64;
            hold(samples <= most, || format!("more than {most} samples: {}", told()))?;
            let lacks = decoded.frames.is_some_and(|frames| frames < whole.pictures.len() as u64);
            hold(!lacks || decoded.blame.is_some(), || {
                format!("not told that frames are missing: {}", told())
            })
        }
    }
}

fn bench(machine: Machine, media: &Media) -> Bench {
    Bench { machine, folder: Folder::new(machine), driver: media.driver.clone(), session: None }
}

/// Wrecks a file in every way that is wanted.
fn wreck(machine: Machine, name: &str, make: fn(Machine) -> Media) {
    let media = make(machine);
    let alone = Held::now();
    let mut bench = bench(machine, &media);
    let whole = Whole::of(&media, &mut bench);
    let (cases, mut wrong, began) = (cases(&media), Vec::new(), Instant::now());
    for &case in &cases {
        let (bytes, started) = (case.wreck(&media), Instant::now());
        let result = catch_unwind(AssertUnwindSafe(|| {
            check(&media, &whole, case, &bench.decode(&bytes, case.deadline(), None))?;
            let took = started.elapsed();
            hold(took < LONGEST, || format!("it took {took:?}"))
        }));
        if let Err(what) = result.unwrap_or_else(|_| Err("the host panicked".to_owned())) {
            let case = format!("{case:?}").to_lowercase().replace('(', ":").replace(')', "");
            wrong.push(format!("{CHOICE}={case} for {name}::{machine}: {what}"));
        }
    }
    let memory = status(std::process::id(), "VmHWM").expect("a number");
    println!("{name}::{machine}: {} cases, {:?}, {memory}", cases.len(), began.elapsed());
    let of = wrong.len();
    wrong.truncate(20);
    assert!(wrong.is_empty(), "{of} of {} cases:\n{}", cases.len(), wrong.join("\n"));
    let kib: u64 = memory.trim_end_matches(" kB").parse().expect("a number");
    assert!(kib < MEMORY, "{memory}");
    bench.session = None;
    alone.come_back().expect("nothing is held any more");
    let names = bench.folder.names();
    assert!(
        names.iter().all(|name| name == "wrecked" || name.starts_with("whole.")),
        "left behind: {names:?}"
    );
}

/// A test for each file and machine.
macro_rules! wrecked {
    ($($name:ident)*) => {
        $(media_test!($name, |machine| wreck(machine, stringify!($name), files::$name));)*
    };
}

wrecked! {
    video_1_with_sound cinepak run_lengths_with_palettes open_dml
    wave_of_ms_adpcm wave_of_gsm wave_of_pcm rf64 wave64
}

media_test!(the_command_says_the_same_of_wrecked_files, |machine| {
    for make in [files::video_1_with_sound, files::wave_of_gsm, files::wave64] {
        let media = make(machine);
        let mut bench = bench(machine, &media);
        let len = media.bytes.len();
        for case in
            [Case::Cut(len / 50), Case::Cut(len / 2), Case::Cut(len - 100), Case::Flip(1), Case::Flip(2)]
        {
            let bytes = case.wreck(&media);
            let decoded = bench.decode(&bytes, case.deadline(), None);
            let blame = match &decoded {
                Ok(decoded) => decoded.blame,
                Err(error) => Some(error.blame()),
            };
            let (code, start) = match blame {
                None => (0, ""),
                Some(Blame::Driver) => (4, "drvhost: "),
                Some(_) => (3, "drvhost: media: "),
            };
            fs::write(bench.folder.file("wrecked"), &bytes).expect("a file");
            let output = bench.folder.drvhost(["decode", "wrecked"]).output();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{case:?}: {stderr}");
            assert!(
                start.is_empty() || stderr.lines().any(|line| line.starts_with(start)),
                "{case:?}: {stderr}"
            );
        }
    }
});
