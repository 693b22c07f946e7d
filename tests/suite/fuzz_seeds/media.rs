//! Films, sound, pictures and songs.

use std::fs;

use drvhost::media::{AviTrack, AviWriter, PcmFormat, SampleType, VideoShape, WavWriter};
use drvhost_tests::{Avi, Chunk, Folder, Smf, SmfTrack};

use super::Seed;

const PCM: PcmFormat = PcmFormat { channels: 2, samples_per_sec: 8000, sample: SampleType::S16 };

pub fn seeds() -> Vec<Seed> {
    vec![
        ("avi", "codec", Avi::for_spyc("ABAGA").bytes()),
        ("avi", "palette", palette_film()),
        ("avi", "open-dml", film_with_sound()),
        ("wav", "pcm", sound()),
        ("wav", "rf64", rf64()),
        ("bitmap", "8-bits", bitmap(8, 0, &[0xFF; 16], &[0, 1, 2, 3, 3, 2, 1, 0])),
        ("bitmap", "24-bits", bitmap(24, 0, &[], &[7; 24])),
        ("bitmap", "16-bits-masks", bitmap(16, 3, &masks(), &[0x5A; 16])),
        ("midi", "two-tracks", song().bytes()),
        ("midi", "riff", song().rmid()),
        ("midi", "smpte", Smf { division: Smf::frames(25, 40), ..song() }.bytes()),
    ]
}

fn palette_film() -> Vec<u8> {
    let frame = |pixel: u8| Chunk::Frame(vec![pixel; 32]);
    Avi {
        handler: *b"DIB ",
        compression: [0; 4],
        bits: 8,
        width: 8,
        height: 4,
        palette: vec![[0, 0, 0], [255, 0, 0], [0, 255, 0]],
        chunks: vec![Chunk::Key(vec![0; 32]), Chunk::Palette(1, vec![[0, 0, 255]]), frame(1), frame(2)],
    }
    .bytes()
}

fn film_with_sound() -> Vec<u8> {
    let folder = Folder::default();
    let path = folder.path().join("film.avi");
    let shape = VideoShape { width: 4, height: 2, scale: 1, rate: 25, aspect: Some((4, 3)) };
    let tracks = vec![AviTrack::bgr24(shape).unwrap(), AviTrack::pcm(PCM).unwrap()];
    let mut film = AviWriter::create(&path, tracks).unwrap();
    for number in 0..3 {
        film.write(0, &[number; 24], true).unwrap();
        film.write(1, &[number; 64], true).unwrap();
    }
    film.finish().unwrap();
    fs::read(path).unwrap()
}

fn sound() -> Vec<u8> {
    let folder = Folder::default();
    let path = folder.path().join("sound.wav");
    let mut sound = WavWriter::create(&path, PCM).unwrap();
    sound.write(&[1; 400]).unwrap();
    sound.finish().unwrap();
    fs::read(path).unwrap()
}

/// The same in the form for long files: the lengths are in a chunk of their own.
fn rf64() -> Vec<u8> {
    let sound = sound();
    let mut bytes = [*b"RF64", [0xFF; 4], *b"WAVE", *b"ds64", 28_u32.to_le_bytes()].concat();
    let data = sound.windows(4).position(|id| id == b"data").unwrap();
    for number in [sound.len() as u64 + 28, 400, 100] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend(&sound[12..data + 4]);
    bytes.extend([0xFF; 4]);
    bytes.extend(&sound[data + 8..]);
    bytes
}

/// Masks of five, six and five bits.
fn masks() -> Vec<u8> {
    [0xF800_u32, 0x07E0, 0x001F].into_iter().flat_map(u32::to_le_bytes).collect()
}

/// A BITMAPINFO of 4 by 2 pixels, and pixels in place of what comes first in it: both are read from the same bytes.
fn bitmap(bits: u16, compression: u32, behind: &[u8], pixels: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = [40, 4, 2, 1 | u32::from(bits) << 16, compression, 0, 0, 0, 0, 0]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect();
    if bits == 8 {
        // biClrUsed
        bytes[32] = behind.len() as u8 / 4;
    }
    bytes.extend(behind);
    bytes.extend(pixels);
    bytes
}

/// Something of everything: tempos, a name, notes under running status, and system exclusive messages in pieces.
fn song() -> Smf {
    let conductor = SmfTrack::new().name(0, "Both").tempo(0, 400_000).tempo(300, 600_000).end(900);
    let voice = SmfTrack::new()
        .name(0, "Voice")
        .event(0, &[0xC0, 5])
        .on(7, 0, 60, 90)
        .event(30, &[64, 80])
        .off(30, 0, 60)
        .sysex(5, &[0xF0, 0x7F, 0x7F, 4, 1, 0, 0x40, 0xF7])
        .sysex(1, &[0xF0, 0x41, 1, 2])
        .escape(300, &[3, 4, 0xF7])
        .escape(1, &[0xF3, 1])
        .event(1, &[0xE0, 0, 0x40])
        .end(20);
    Smf { format: 1, division: 480, tracks: vec![conductor, voice] }
}
