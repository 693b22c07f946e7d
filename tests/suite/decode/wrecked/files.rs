//! The files that are wrecked: one of each container and kind, small, so that damage hits every part of it.

use drvhost::{DriverFile, Machine};
use drvhost_tests::*;

/// A file, and what is known of it without any of drvhost's readers.
pub struct Media {
    pub bytes: Vec<u8>,
    /// What decodes it, where that is not the registry's.
    pub driver: Option<DriverFile>,
    /// Where what is shown or heard begins: all before is headers.
    pub content: usize,
    /// The pictures' chunks, from the first byte of their headers to behind the last of their bodies.
    pub frames: Vec<(usize, usize)>,
    /// Where bytes of sound are.
    pub sound: Vec<(usize, usize)>,
    /// Bytes of a block of sound, and the samples a channel in it.
    pub block: (usize, u64),
    /// Every place that is in no frame and no sound.
    pub structure: Vec<usize>,
}

impl Media {
    /// How many chunks a reader could take for frames if it took everything for one.
    pub fn most_frames(&self) -> u64 {
        (self.bytes.len() / 8) as u64
    }

    /// How many frames are whole in the first bytes of the file.
    pub fn frames_before(&self, cut: usize) -> usize {
        self.frames.iter().filter(|(_, end)| *end <= cut).count()
    }

    /// How many samples are in blocks that are whole in the first bytes of the file.
    pub fn samples_before(&self, cut: usize) -> u64 {
        let bytes: usize = self.sound.iter().map(|(start, end)| cut.clamp(*start, *end) - start).sum();
        let (block, samples) = self.block;
        (bytes / block.max(1)) as u64 * samples
    }

    /// Whether a cut takes away frames or sound.
    pub fn loses_content(&self, cut: usize) -> bool {
        self.frames.iter().chain(&self.sound).any(|(_, end)| *end > cut)
    }

    fn new(bytes: Vec<u8>, frames: Vec<(usize, usize)>, sound: Vec<(usize, usize)>) -> Self {
        let parts = frames.iter().map(|(start, end)| (start + 8, *end)).chain(sound.iter().copied());
        let parts: Vec<_> = parts.collect();
        let content = parts.iter().map(|(start, _)| *start).min().expect("there is content");
        let inside = |at: usize| parts.iter().any(|(start, end)| (*start..*end).contains(&at));
        let structure = (0..bytes.len()).filter(|&at| !inside(at)).collect();
        Self { bytes, driver: None, content, frames, sound, block: (0, 0), structure }
    }

    fn avi(bytes: Vec<u8>) -> Self {
        let (mut frames, mut sound) = (Vec::new(), Vec::new());
        chunks(&bytes, 0, bytes.len(), &mut |id, start, end| match id {
            b"00dc" | b"00db" => frames.push((start - 8, end)),
            b"01wb" => sound.push((start, end)),
            _ => {}
        });
        let format = find(&bytes, b"auds").map(|auds| auds + find(&bytes[auds..], b"strf").unwrap() + 8);
        let block = format.map_or((0, 0), |format| block(&bytes[format..]));
        Self { block, ..Self::new(bytes, frames, sound) }
    }

    /// `header` is that of chunks, in bytes.
    fn wave(bytes: Vec<u8>, header: usize) -> Self {
        let place = |id| find(&bytes, id).unwrap() + header;
        let block = block(&bytes[place(b"fmt ")..]);
        let data = place(b"data");
        let len = (bytes.len() - data) / block.0 * block.0;
        Self { block, ..Self::new(bytes, Vec::new(), vec![(data, data + len)]) }
    }
}

fn find(bytes: &[u8], id: &[u8; 4]) -> Option<usize> {
    bytes.windows(4).position(|four| four == id)
}

fn number(bytes: &[u8], at: usize) -> usize {
    u16::from_le_bytes([bytes[at], bytes[at + 1]]).into()
}

/// `nBlockAlign` of a WAVEFORMATEX, and what is `wSamplesPerBlock` in those of ADPCM and GSM.
fn block(format: &[u8]) -> (usize, u64) {
    (number(format, 12), if number(format, 0) == 1 { 1 } else { number(format, 18) as u64 })
}

/// Every chunk that is no list, of a file without a flaw.
fn chunks(bytes: &[u8], mut at: usize, end: usize, seen: &mut impl FnMut(&[u8], usize, usize)) {
    while at + 8 <= end {
        let (body, size) = (at + 8, number(bytes, at + 4) | number(bytes, at + 6) << 16);
        match &bytes[at..at + 4] {
            b"RIFF" | b"LIST" => chunks(bytes, body + 4, body + size, seen),
            id => seen(id, body, body + size),
        }
        at = body + size.next_multiple_of(2);
    }
}

/// Twelve pictures and a second of sound.
const FILM: &str = "-f lavfi -i testsrc2=size=32x24:rate=12:duration=1 -f lavfi -i sine=frequency=440:sample_rate=8000:duration=1";
/// A second of sound.
const SOUND: &str = "-f lavfi -i sine=frequency=440:sample_rate=8000:duration=1";

fn made(arguments: &str, name: &str) -> Vec<u8> {
    let folder = Folder::default();
    folder.ffmpeg(&format!("{arguments} -bitexact {name}"));
    folder.read(name)
}

pub fn video_1_with_sound(_: Machine) -> Media {
    Media::avi(made(&format!("{FILM} -c:v msvideo1 -g 4 -c:a adpcm_ms"), "film.avi"))
}

pub fn cinepak(_: Machine) -> Media {
    Media::avi(made("-f lavfi -i testsrc2=size=32x24:rate=12:duration=1 -c:v cinepak -g 4", "film.avi"))
}

pub fn run_lengths_with_palettes(_: Machine) -> Media {
    let mut scribble = Scribble::new(1);
    let (width, height) = (32, 24);
    let mut parts = Vec::new();
    for number in 0..12 {
        if number % 5 == 3 {
            parts.push(Chunk::Palette(number, scribble.colours(20)));
        }
        parts.push(Chunk::Frame(scribble.run_lengths(8, width, height, number == 0)));
    }
    let (compression, palette) = ([1, 0, 0, 0], scribble.colours(256));
    let film = Avi { handler: [0; 4], compression, bits: 8, width, height, palette, chunks: parts };
    Media::avi(film.bytes())
}

pub fn open_dml(machine: Machine) -> Media {
    let film = LongFilm { codec: *b"spyc", size: [8, 4], parts: 3, frames: 9, frame_len: 40 };
    let folder = Folder::default();
    film.write(&folder.file("film.avi"));
    let driver = DriverFile {
        path: driver(machine, "vfw"),
        text: None,
        alias: None,
        origin: drvhost::Origin::DriverPath,
    };
    Media { driver: Some(driver), ..Media::avi(folder.read("film.avi")) }
}

pub fn wave_of_ms_adpcm(_: Machine) -> Media {
    Media::wave(made(&format!("{SOUND} -c:a adpcm_ms"), "sound.wav"), 8)
}

pub fn wave_of_gsm(_: Machine) -> Media {
    Media::wave(made(&format!("{SOUND} -c:a libgsm_ms"), "sound.wav"), 8)
}

pub fn wave_of_pcm(_: Machine) -> Media {
    Media::wave(made(&format!("{SOUND} -ac 2 -c:a pcm_s16le"), "sound.wav"), 8)
}

pub fn rf64(_: Machine) -> Media {
    Media::wave(made(&format!("{SOUND} -c:a adpcm_ms -rf64 always"), "sound.wav"), 8)
}

pub fn wave64(_: Machine) -> Media {
    Media::wave(made(&format!("{SOUND} -c:a adpcm_ms"), "sound.w64"), 24)
}
