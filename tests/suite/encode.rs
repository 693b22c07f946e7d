//! `drvhost encode` and `drvhost state`.

mod protocol;
mod real;
mod sources;
mod state;
mod wrong;

use std::path::Path;

use drvhost::media::{AviReader, FileReader, Packet, PacketKind};
use drvhost_tests::*;
use serde_json::Value;

/// The size of the films that [`film`] makes: an odd one, whose rows are padded.
const WIDTH: u32 = 9;
const HEIGHT: u32 = 5;

/// Writes `name`, an uncompressed film whose pictures are of these greys.
fn film(folder: &Folder, name: &str, greys: &[u8]) {
    let stride = (WIDTH as usize * 3).next_multiple_of(4);
    let chunks = greys.iter().map(|grey| Chunk::Key(vec![*grey; stride * HEIGHT as usize])).collect();
    let (handler, compression) = (*b"DIB ", [0; 4]);
    let avi =
        Avi { handler, compression, bits: 24, width: WIDTH, height: HEIGHT, palette: Vec::new(), chunks };
    folder.write(name, avi.bytes());
}

/// A frame in a file: its bytes, and whether the index has it for a key frame.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    bytes: Vec<u8>,
    key: bool,
}

/// The frames of a file's first stream.
fn frames(file: &Path) -> Vec<Frame> {
    let mut avi = AviReader::open(FileReader::open(file).unwrap()).unwrap();
    let mut packets = avi.packets(0).unwrap();
    let mut frames = Vec::new();
    let mut bytes = Vec::new();
    while let Some(Packet { kind, keyframe, .. }) = packets.next_packet(&mut bytes).unwrap() {
        assert_ne!(kind, PacketKind::PaletteChange);
        frames.push(Frame { bytes: bytes.clone(), key: keyframe == Some(true) });
    }
    assert!(packets.damage().is_none());
    frames
}

/// The first byte of each frame; `None` where it has none.
fn values(frames: &[Frame]) -> Vec<Option<u8>> {
    frames.iter().map(|frame| frame.bytes.first().copied()).collect()
}

/// Encodes `in.avi` to `out.avi` with the test codec of this code and further arguments.
fn encode(folder: &Folder, code: &str, more: &[&str]) -> (Value, Vec<Frame>) {
    let said = command(folder, code, more).json(0);
    (said, frames(&folder.file("out.avi")))
}

/// The same, to be run.
fn command(folder: &Folder, code: &str, more: &[&str]) -> Cli {
    let driver = format!("{}:{code}", driver(folder.machine(), "coder").display());
    folder.drvhost(["encode", "in.avi", "-o", "out.avi", "--video", &driver].iter().chain(more))
}

/// Sees that ffmpeg reads a file without a word.
fn ffmpeg_is_content(folder: &Folder, name: &str) {
    let arguments = ["-v", "warning", "-nostdin", "-i", name, "-f", "null", "-"];
    let said =
        std::process::Command::new("ffmpeg").args(arguments).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    // It says the one of every sound whose channels have no places, and the other of its own files without video.
    let of_interest = |line: &&str| {
        !line.contains("Guessed Channel Layout") && !line.contains("Estimating duration from bitrate")
    };
    assert_eq!(said.lines().find(of_interest), None);
}
