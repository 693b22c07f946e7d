//! Compressed video that both sides decompress from memory.
//!
//! A clip's file, for the peer, is in little-endian 32-bit words: the size of the format and the format (a BITMAPINFO block), the
//! number of frames, and for each its size, its ICM_DECOMPRESS flags, and its bytes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use drvhost::Error;
use drvhost::media::{AviReader, PacketKind};
use mmsystem::ICDECOMPRESS_NOTKEYFRAME;

use crate::failure::{Failure, run};

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The flags of ICM_DECOMPRESS.
    pub flags: u32,
    /// As the codec reads it.
    pub bytes: Vec<u8>,
}

/// Compressed video.
#[derive(Debug, Clone)]
pub struct Clip {
    /// The AVI file.
    pub file: PathBuf,
    /// The clip's file.
    pub raw: PathBuf,
    /// A BITMAPINFO block.
    pub format: Vec<u8>,
    /// All frames, none of them empty.
    pub frames: Vec<Frame>,
}

impl Clip {
    /// Has ffmpeg encode moving pictures, always the same, with one of its codecs.
    pub fn make(folder: &Path, encoder: &str, size: &str, frames: usize) -> Result<Self, Failure> {
        Self::make_repeated(folder, encoder, size, frames, 1)
    }

    /// The same, so many times one after the other.
    pub fn make_repeated(
        folder: &Path,
        encoder: &str,
        size: &str,
        frames: usize,
        times: usize,
    ) -> Result<Self, Failure> {
        Self::make_from(folder, &["-c:v", encoder], size, frames, times)
    }

    /// The same, encoded as these arguments of ffmpeg's say, of which the last is the encoder.
    pub fn make_from(
        folder: &Path,
        encoding: &[&str],
        size: &str,
        frames: usize,
        times: usize,
    ) -> Result<Self, Failure> {
        let encoder = encoding.last().copied().unwrap_or_default();
        let (once, raw) =
            (folder.join(format!("{encoder}-once.avi")), folder.join(format!("{encoder}.clip")));
        let file = folder.join(format!("{encoder}.avi"));
        let source = format!("testsrc2=size={size}:rate=25");
        let frames = frames.to_string();
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-y", "-f", "lavfi", "-i", &source, "-frames:v", &frames]).args(encoding);
        run(ffmpeg.arg("-bitexact").arg(&once))?;
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-y", "-stream_loop"]).arg((times.max(1) - 1).to_string());
        run(ffmpeg.arg("-i").arg(&once).args(["-c", "copy", "-bitexact"]).arg(&file))?;
        let opened = File::open(&file).map_err(Failure::file(file.display().to_string()))?;
        let (format, frames) = read(opened)?;
        fs::write(&raw, encode(&format, &frames)).map_err(Failure::file(raw.display().to_string()))?;
        Ok(Self { file, raw, format, frames })
    }

    /// The frames of the first stream of video of an AVI file.
    pub fn read(file: &Path) -> Result<Vec<Frame>, Failure> {
        let opened = File::open(file).map_err(Failure::file(file.display().to_string()))?;
        Ok(read(opened)?.1)
    }

    /// Writes other frames into a file for the peer, beside the clip's.
    pub fn beside(&self, name: &str, format: &[u8], frames: &[Frame]) -> Result<PathBuf, Failure> {
        let file = self.raw.with_file_name(name);
        fs::write(&file, encode(format, frames)).map_err(Failure::file(name))?;
        Ok(file)
    }

    /// Room for any of the frames.
    pub fn room(&self) -> usize {
        let largest = self.frames.iter().map(|frame| frame.bytes.len()).max().unwrap_or(0);
        // Drivers of that time read a little too far.
        largest + 16
    }

    /// The first frames of the clip, from memory: the files stay whole.
    pub fn first(&self, frames: usize) -> Self {
        Self { frames: self.frames.iter().take(frames).cloned().collect(), ..self.clone() }
    }
}

fn read(file: File) -> Result<(Vec<u8>, Vec<Frame>), Error> {
    let mut avi = AviReader::open(file)?;
    let video = avi.first_video()?;
    let (mut frames, mut bytes) = (Vec::new(), Vec::new());
    let mut packets = avi.packets(video.index)?;
    while let Some(packet) = packets.next_packet(&mut bytes)? {
        if packet.kind == PacketKind::PaletteChange || bytes.is_empty() {
            continue;
        }
        let flags = if packet.keyframe == Some(false) { ICDECOMPRESS_NOTKEYFRAME } else { 0 };
        frames.push(Frame { flags, bytes: bytes.clone() });
    }
    Ok((video.format, frames))
}

/// The clip's file.
fn encode(format: &[u8], frames: &[Frame]) -> Vec<u8> {
    let word = |number: usize| (number as u32).to_le_bytes();
    let mut file = Vec::new();
    file.extend(word(format.len()));
    file.extend(format);
    file.extend(word(frames.len()));
    for frame in frames {
        file.extend(word(frame.bytes.len()));
        file.extend(frame.flags.to_le_bytes());
        file.extend(&frame.bytes);
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clips_file_is_sizes_and_bytes() {
        let frames = [Frame { flags: 0x0800_0000, bytes: vec![7, 8, 9] }, Frame { flags: 0, bytes: vec![1] }];
        let expected = [
            [2, 0, 0, 0].as_slice(),
            b"ab",
            &[2, 0, 0, 0],
            &[3, 0, 0, 0],
            &[0, 0, 0, 8],
            &[7, 8, 9],
            &[1, 0, 0, 0],
            &[0, 0, 0, 0],
            &[1],
        ];
        assert_eq!(encode(b"ab", &frames), expected.concat());
    }
}
