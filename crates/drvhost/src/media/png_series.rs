//! Writing frames as numbered PNG pictures.

use std::io;
use std::path::Path;

use super::dib::check_frame;
use super::error::MediaError;
use super::output::PngPattern;
use super::staged::StagedFile;

/// Writes each frame as a picture of its own, numbered from 1 unless told otherwise: RGB, eight bits a channel.
///
/// Each file appears complete. Files of frames that were written stay, even where a later frame fails.
pub struct PngSeries {
    pattern: PngPattern,
    width: u32,
    height: u32,
    /// The picture at hand, as pixels and as a file.
    rgb: Vec<u8>,
    file: Vec<u8>,
    written: u64,
    first: u64,
}

impl PngSeries {
    /// Starts a series of pictures of one size. No file is made yet.
    ///
    /// # Errors
    /// [`MediaError::Unsupported`] where a side is 0, which PNG cannot store.
    pub fn create(pattern: PngPattern, width: u32, height: u32) -> Result<Self, MediaError> {
        if width == 0 || height == 0 {
            return Err(MediaError::Unsupported {
                what: format!("a PNG picture of {width} x {height} pixels"),
                why: "each side must have at least one".to_owned(),
            });
        }
        Ok(Self { pattern, width, height, rgb: Vec::new(), file: Vec::new(), written: 0, first: 1 })
    }

    /// The number of the first picture.
    #[must_use]
    pub fn numbered_from(mut self, first: u64) -> Self {
        self.first = first;
        self
    }

    /// Writes the next picture from BGR24, rows from the top, three bytes a pixel without padding.
    ///
    /// # Errors
    /// [`MediaError::Malformed`] where `bgr` has another length than the picture; [`MediaError::Io`].
    pub fn write_frame(&mut self, bgr: &[u8]) -> Result<(), MediaError> {
        check_frame(bgr, self.width, self.height)?;
        self.rgb.resize(bgr.len(), 0);
        for (to, &[blue, green, red]) in self.rgb.as_chunks_mut().0.iter_mut().zip(bgr.as_chunks::<3>().0) {
            *to = [red, green, blue];
        }
        let path = self.pattern.path(self.first.saturating_add(self.written));
        let Self { width, height, rgb, file, .. } = self;
        write(&path, [*width, *height], rgb, png::Compression::Fast, file)?;
        self.written += 1;
        Ok(())
    }

    /// How many pictures were written.
    pub fn written(&self) -> u64 {
        self.written
    }
}

/// Writes one RGB picture, rows from the top, three bytes a pixel without padding. The file appears complete.
///
/// # Errors
/// [`MediaError::Io`], also where `rgb` has another length than a picture of this size, or a side is 0.
pub fn write_png(path: &Path, width: u32, height: u32, rgb: &[u8]) -> Result<(), MediaError> {
    write(path, [width, height], rgb, png::Compression::Balanced, &mut Vec::new())
}

/// Writes a picture; `file` is room for what goes into the file.
fn write(
    path: &Path,
    [width, height]: [u32; 2],
    rgb: &[u8],
    compression: png::Compression,
    file: &mut Vec<u8>,
) -> Result<(), MediaError> {
    file.clear();
    let mut encoder = png::Encoder::new(&mut *file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(compression);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(rgb).and_then(|()| writer.finish()))
        .map_err(|err| MediaError::io(format!("encoding {}", path.display()), io::Error::other(err)))?;
    let mut out = StagedFile::create(path)?;
    out.write(file)?;
    out.finish()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::BufReader;

    use super::*;

    #[test]
    fn pictures_are_numbered_from_one_and_hold_the_pixels() {
        let directory = tempfile::tempdir().unwrap();
        let pattern = PngPattern::parse(&directory.path().join("f%03d.png")).unwrap();
        let mut series = PngSeries::create(pattern, 2, 1).unwrap();
        series.write_frame(&[1, 2, 3, 4, 5, 6]).unwrap();
        series.write_frame(&[7; 6]).unwrap();
        assert!(series.write_frame(&[7; 5]).is_err());
        assert_eq!(series.written(), 2);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);

        let file = File::open(directory.path().join("f001.png")).unwrap();
        let mut reader = png::Decoder::new(BufReader::new(file)).read_info().unwrap();
        let mut pixels = [0; 6];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height, info.color_type), (2, 1, png::ColorType::Rgb));
        assert_eq!(pixels, [3, 2, 1, 6, 5, 4]);
        assert!(directory.path().join("f002.png").exists());
    }
}
