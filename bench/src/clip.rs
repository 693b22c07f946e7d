//! Compressed video that both sides decompress from memory.
//!
//! A clip's file, for the peer, is in little-endian 32-bit words: the size of the format and the format (a BITMAPINFO block), the
//! number of frames, and for each its size, its ICM_DECOMPRESS flags, and its bytes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use drvhost::Error;
use drvhost::media::{AviReader, AviTrack, AviWriter, PacketKind};
use mmsystem::{FourCc, ICDECOMPRESS_NOTKEYFRAME};

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

/// Moving pictures, always the same: some different ones, repeated.
#[derive(Debug, Clone, Copy)]
pub struct Film {
    /// Pixels a row, and rows.
    pub size: (u32, u32),
    /// How many pictures are left out before them.
    pub skipped: usize,
    /// How many different pictures there are.
    pub different: usize,
    /// How often they are repeated.
    pub times: usize,
}

impl Film {
    /// The size in words.
    pub fn size(&self) -> String {
        format!("{}x{}", self.size.0, self.size.1)
    }

    /// So many pictures that are different, of this size.
    pub fn new(size: (u32, u32), different: usize) -> Self {
        Self { size, skipped: 0, different, times: 1 }
    }

    /// ffmpeg with the different pictures as its input.
    pub fn ffmpeg(&self) -> Command {
        let mut ffmpeg = quiet_ffmpeg();
        let source = format!(
            "testsrc2=size={}:rate=25,trim=start_frame={},setpts=PTS-STARTPTS",
            self.size(),
            self.skipped
        );
        ffmpeg.args(["-f", "lavfi", "-i", &source, "-frames:v", &self.different.to_string()]);
        ffmpeg
    }

    /// The different pictures in one byte a pixel, rows from the top.
    pub fn greys(&self, folder: &Path) -> Result<Vec<Vec<u8>>, Failure> {
        let file = folder.join("greys");
        run(self.ffmpeg().args(["-pix_fmt", "gray", "-f", "rawvideo"]).arg(&file))?;
        let bytes = fs::read(&file).map_err(Failure::file("grey pictures"))?;
        fs::remove_file(&file).map_err(Failure::file("grey pictures"))?;
        let size = self.size.0 as usize * self.size.1 as usize;
        Ok(bytes.chunks(size.max(1)).map(<[u8]>::to_vec).collect())
    }
}

fn quiet_ffmpeg() -> Command {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-y"]);
    ffmpeg
}

impl Clip {
    /// Has ffmpeg encode a film, as these arguments of its say; `name` is that of the files, without an ending.
    pub fn of_ffmpeg(folder: &Path, name: &str, encoding: &[&str], film: &Film) -> Result<Self, Failure> {
        let [once, file] = ["once.avi", "avi"].map(|ending| folder.join(format!("{name}.{ending}")));
        run(film.ffmpeg().args(encoding).arg("-bitexact").arg(&once))?;
        run(quiet_ffmpeg()
            .arg("-stream_loop")
            .arg((film.times.max(1) - 1).to_string())
            .arg("-i")
            .arg(&once)
            .args(["-c", "copy", "-bitexact"])
            .arg(&file))?;
        fs::remove_file(&once).map_err(Failure::file("a film"))?;
        Self::open(file)
    }

    /// Writes frames that were made otherwise, repeated as the film says.
    pub fn of_frames(
        file: PathBuf,
        (format, handler): (&[u8], FourCc),
        frames: &[Frame],
        times: usize,
    ) -> Result<Self, Failure> {
        let track = AviTrack::video(format.to_vec(), handler.0, 1, 25).map_err(Error::from)?;
        let mut writer = AviWriter::create(&file, vec![track]).map_err(Error::from)?;
        for frame in std::iter::repeat_n(frames, times).flatten() {
            let key = frame.flags & ICDECOMPRESS_NOTKEYFRAME == 0;
            writer.write(0, &frame.bytes, key).map_err(Error::from)?;
        }
        writer.finish().map_err(Error::from)?;
        Self::open(file)
    }

    /// An AVI file, and the file for the peer beside it.
    fn open(file: PathBuf) -> Result<Self, Failure> {
        let raw = file.with_extension("clip");
        let opened = File::open(&file).map_err(Failure::file(file.display().to_string()))?;
        let (format, frames) = read(opened)?;
        fs::write(&raw, encode(&format, &frames)).map_err(Failure::file(raw.display().to_string()))?;
        Ok(Self { file, raw, format, frames })
    }

    /// The format of the first stream of video of an AVI file, and its frames.
    pub fn read(file: &Path) -> Result<(Vec<u8>, Vec<Frame>), Failure> {
        let opened = File::open(file).map_err(Failure::file(file.display().to_string()))?;
        Ok(read(opened)?)
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
