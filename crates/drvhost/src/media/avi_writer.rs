//! Writing uncompressed AVI files (MS Learn: AVI RIFF File Reference).

use std::path::Path;

use super::avi::{AVIF_HASINDEX, AVIIF_KEYFRAME, MainHeader, StreamHeader};
use super::dib::{BI_RGB, BitmapInfoHeader};
use super::error::MediaError;
use super::riff::HEADER_LEN;
use super::staged::StagedFile;

/// Offset of the form type `movi`, from which the index counts: the headers have a fixed length.
const MOVI: u64 = Headers::LEN - 4;
/// Length of an index entry.
const ENTRY_LEN: u64 = 16;
/// The longest a `RIFF` chunk can be with its header: its size has 32 bits.
const MAX_FILE: u64 = u32::MAX as u64;

/// The size and rate of the video that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoShape {
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// With `rate`: a frame lasts `scale / rate` seconds. Neither may be 0.
    pub scale: u32,
    /// See `scale`.
    pub rate: u32,
}

/// Writes frames as 24-bit bitmaps, stored from the bottom row up, with an index.
pub struct AviWriter {
    out: StagedFile,
    shape: VideoShape,
    /// One frame as it is stored.
    image: Vec<u8>,
    frames: u32,
    max_file: u64,
}

impl AviWriter {
    /// Starts a file that takes the name `path` at [`AviWriter::finish`]; dropped before, it leaves nothing.
    ///
    /// # Errors
    /// [`MediaError::Unsupported`] where a number of `shape` is 0 or a side is over 32767 (which `rcFrame` cannot
    /// hold), [`MediaError::TooLarge`] where not one frame fits, [`MediaError::Io`].
    pub fn create(path: &Path, shape: VideoShape) -> Result<Self, MediaError> {
        let VideoShape { width, height, scale, rate } = shape;
        let sides = 1..=i16::MAX.unsigned_abs().into();
        if scale == 0 || rate == 0 || !sides.contains(&width) || !sides.contains(&height) {
            return Err(MediaError::Unsupported {
                what: format!("an AVI file of {width} x {height} pixels at {rate}/{scale} frames a second"),
                why: format!("sides are 1 to {} pixels, and the rate is not 0", sides.end()),
            });
        }
        let image_size = stride(width) * u64::from(height);
        if file_len(1, image_size) > MAX_FILE {
            return Err(too_large());
        }
        let mut out = StagedFile::create(path)?;
        out.write(&Headers { shape, image_size: image_size as u32, frames: 0 }.to_bytes())?;
        Ok(Self { out, shape, image: vec![0; image_size as usize], frames: 0, max_file: MAX_FILE })
    }

    /// Adds a frame: BGR24, rows from the top, three bytes a pixel without padding.
    ///
    /// # Errors
    /// [`MediaError::Malformed`] where `bgr` has another length than the picture; [`MediaError::TooLarge`] where
    /// the file would pass 4 GiB, and the frames before it can still be finished; [`MediaError::Io`].
    pub fn write_frame(&mut self, bgr: &[u8]) -> Result<(), MediaError> {
        let row_len = self.shape.width as usize * 3;
        check_frame(bgr, self.shape.width, self.shape.height)?;
        if file_len(u64::from(self.frames) + 1, self.image.len() as u64) > self.max_file {
            return Err(too_large());
        }
        let rows = self.image.chunks_exact_mut(stride(self.shape.width) as usize);
        for (row, source) in rows.rev().zip(bgr.chunks_exact(row_len)) {
            // The padding behind the row stays 0.
            row.iter_mut().zip(source).for_each(|(to, from)| *to = *from);
        }
        self.out.write(b"00db")?;
        self.out.write(&(self.image.len() as u32).to_le_bytes())?;
        self.out.write(&self.image)?;
        self.frames += 1;
        Ok(())
    }

    /// Writes the index and the final headers and gives the file its name.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn finish(mut self) -> Result<(), MediaError> {
        // All frames have one length, so the index follows from their number.
        let image_size = self.image.len() as u32;
        self.out.write(b"idx1")?;
        self.out.write(&(self.frames * ENTRY_LEN as u32).to_le_bytes())?;
        for frame in 0..self.frames {
            let offset = 4 + frame * (HEADER_LEN as u32 + image_size);
            self.out.write(b"00db")?;
            self.out.write([AVIIF_KEYFRAME, offset, image_size].map(u32::to_le_bytes).as_flattened())?;
        }
        let headers = Headers { shape: self.shape, image_size, frames: self.frames };
        self.out.overwrite(0, &headers.to_bytes())?;
        self.out.finish()
    }
}

/// Everything before the first frame.
struct Headers {
    shape: VideoShape,
    image_size: u32,
    frames: u32,
}

impl Headers {
    /// Length in bytes: four lists with their form types (RIFF, hdrl, strl, movi) and three chunks in them.
    const LEN: u64 = 4 * (HEADER_LEN + 4) + 3 * HEADER_LEN + 56 + 56 + 40;

    fn to_bytes(&self) -> Vec<u8> {
        let VideoShape { width, height, scale, rate } = self.shape;
        let per_second = u64::from(self.image_size) * u64::from(rate) / u64::from(scale);
        let micros = (u64::from(scale) * 1_000_000 + u64::from(rate) / 2) / u64::from(rate);
        let main = MainHeader {
            micros_per_frame: micros.try_into().unwrap_or(u32::MAX),
            max_bytes_per_sec: per_second.try_into().unwrap_or(u32::MAX),
            flags: AVIF_HASINDEX,
            total_frames: self.frames,
            streams: 1,
            suggested_buffer_size: self.image_size,
            width,
            height,
        };
        let stream = StreamHeader {
            kind: *b"vids",
            handler: *b"DIB ",
            scale,
            rate,
            length: self.frames,
            suggested_buffer_size: self.image_size,
            frame: [0, 0, width as i16, height as i16],
            ..StreamHeader::default()
        };
        let format = BitmapInfoHeader {
            size: BitmapInfoHeader::LEN,
            width,
            height,
            top_down: false,
            bit_count: 24,
            compression: BI_RGB,
            size_image: self.image_size,
            clr_used: 0,
        };
        let strl = list(b"strl", &[chunk(b"strh", &stream.to_bytes()), chunk(b"strf", &format.to_bytes())]);
        let hdrl = list(b"hdrl", &[chunk(b"avih", &main.to_bytes()), strl]);

        let movi_size = 4 + u64::from(self.frames) * (HEADER_LEN + u64::from(self.image_size));
        let riff_size = file_len(u64::from(self.frames), u64::from(self.image_size)) - HEADER_LEN;
        let mut bytes = Vec::with_capacity(Self::LEN as usize);
        bytes.extend(b"RIFF");
        bytes.extend((riff_size as u32).to_le_bytes());
        bytes.extend(b"AVI ");
        bytes.extend(hdrl);
        bytes.extend(b"LIST");
        bytes.extend((movi_size as u32).to_le_bytes());
        bytes.extend(b"movi");
        bytes
    }
}

/// Bytes of a row as it is stored, padded to four.
fn stride(width: u32) -> u64 {
    (u64::from(width) * 3).next_multiple_of(4)
}

/// Length of a file of so many frames, with the index. It never overflows: both numbers are below 2^33.
fn file_len(frames: u64, image_size: u64) -> u64 {
    MOVI + 4 + frames * (HEADER_LEN + image_size) + HEADER_LEN + frames * ENTRY_LEN
}

fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [id.as_slice(), &(body.len() as u32).to_le_bytes(), body].concat()
}

fn list(form: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[form.as_slice(), &chunks.concat()].concat())
}

/// Checks that `bgr` is one frame of the given size.
pub(super) fn check_frame(bgr: &[u8], width: u32, height: u32) -> Result<(), MediaError> {
    if bgr.len() as u64 != u64::from(width) * u64::from(height) * 3 {
        return Err(MediaError::Malformed {
            what: "frame to be written",
            offset: bgr.len() as u64,
            why: format!("it ends there, and {width} x {height} pixels take three bytes each"),
        });
    }
    Ok(())
}

fn too_large() -> MediaError {
    MediaError::TooLarge {
        what: "the AVI file".to_owned(),
        why: "AVI 1.0 ends at 4 GiB; write PNG pictures instead".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;
    use crate::media::{AviReader, PacketKind, PictureFormat};

    const SHAPE: VideoShape = VideoShape { width: 33, height: 17, scale: 1001, rate: 30_000 };

    fn frame(seed: usize) -> Vec<u8> {
        (0..33 * 17 * 3).map(|i| (i * 7 + seed * 31) as u8).collect()
    }

    #[test]
    fn the_reader_gets_the_frames_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.avi");
        let mut writer = AviWriter::create(&path, SHAPE).unwrap();
        for seed in 0..3 {
            writer.write_frame(&frame(seed)).unwrap();
        }
        writer.finish().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), file_len(3, 17 * 100));

        let mut reader = AviReader::open(File::open(&path).unwrap()).unwrap();
        assert_eq!((reader.main_header().total_frames, reader.main_header().micros_per_frame), (3, 33_367));
        let video = reader.first_video().unwrap();
        assert_eq!((video.width, video.height, video.top_down), (33, 17, false));
        assert_eq!((&video.handler, video.scale, video.rate, video.length), (b"DIB ", 1001, 30_000, 3));
        let format = PictureFormat::from_bitmapinfo(&video.format).unwrap();
        let mut packets = reader.packets(0).unwrap();
        let (mut packet, mut bgr) = (Vec::new(), Vec::new());
        for seed in 0..3 {
            let info = packets.next_packet(&mut packet).unwrap().unwrap();
            assert_eq!((info.kind, info.keyframe), (PacketKind::Uncompressed, Some(true)));
            assert_eq!(packet.len(), format.image_size());
            format.to_bgr24(&packet, &mut bgr).unwrap();
            assert_eq!(bgr, frame(seed));
        }
        assert_eq!(packets.next_packet(&mut packet).unwrap(), None);
        assert_eq!(packets.damage(), None);
    }

    #[test]
    fn the_headers_have_their_stated_length() {
        let headers = Headers { shape: SHAPE, image_size: 1700, frames: 0 };
        assert_eq!(headers.to_bytes().len() as u64, Headers::LEN);
    }

    #[test]
    fn the_last_frame_that_fits_is_the_last() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.avi");
        let mut writer = AviWriter::create(&path, SHAPE).unwrap();
        writer.max_file = file_len(2, 1700);
        writer.write_frame(&frame(0)).unwrap();
        writer.write_frame(&frame(1)).unwrap();
        let err = writer.write_frame(&frame(2)).unwrap_err();
        assert!(err.to_string().ends_with("AVI 1.0 ends at 4 GiB; write PNG pictures instead"), "{err}");
        writer.finish().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), file_len(2, 1700));
    }

    #[test]
    fn refuses_wrong_shapes_and_frames_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.avi");
        for shape in [
            VideoShape { width: 0, ..SHAPE },
            VideoShape { height: 32_768, ..SHAPE },
            VideoShape { rate: 0, ..SHAPE },
        ] {
            assert!(AviWriter::create(&path, shape).is_err());
        }
        let mut writer = AviWriter::create(&path, SHAPE).unwrap();
        assert!(writer.write_frame(&[0; 10]).is_err());
        drop(writer);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
