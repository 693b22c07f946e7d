//! Writing YUV4MPEG2, the plain video format of mjpegtools (its manual page yuv4mpeg(5)).

use std::path::Path;

use super::avi_writer::VideoShape;
use super::dib::check_frame;
use super::error::MediaError;
use super::stream::{Out, OutputStream};
use super::ycbcr::planes_of;

/// Writes frames as planes of Y, Cb and Cr of full size (4:4:4), BT.601 in limited range.
///
/// The header says so: `C444`, and in comments `XCOLORRANGE=LIMITED`, as `ffmpeg` writes and reads it, and
/// `XMATRIX=BT601`, for which there is no other place. Frames are progressive.
pub struct Y4mWriter {
    out: Out,
    shape: VideoShape,
    /// The frame at hand.
    planes: Vec<u8>,
}

impl Y4mWriter {
    /// Starts a file that takes the name `path` at [`Y4mWriter::finish`]; dropped before, it leaves nothing.
    ///
    /// # Errors
    /// [`MediaError::Unsupported`] where a number of `shape` is 0; [`MediaError::Io`].
    pub fn create(path: &Path, shape: VideoShape) -> Result<Self, MediaError> {
        Self::start(|| Out::create(path), shape)
    }

    /// Starts a stream.
    ///
    /// # Errors
    /// As [`Y4mWriter::create`].
    pub fn stream(stream: OutputStream, shape: VideoShape) -> Result<Self, MediaError> {
        Self::start(|| Ok(Out::Stream(stream)), shape)
    }

    fn start(open: impl FnOnce() -> Result<Out, MediaError>, shape: VideoShape) -> Result<Self, MediaError> {
        let VideoShape { width, height, scale, rate, .. } = shape;
        if [width, height, scale, rate].contains(&0) {
            return Err(MediaError::Unsupported {
                what: format!("a Y4M file of {width} x {height} pixels at {rate}/{scale} frames a second"),
                why: "none of these can be 0".to_owned(),
            });
        }
        let mut out = open()?;
        // 0:0 says that it is not known.
        let (wide, high) = shape.pixel_aspect().unwrap_or_default();
        let header = format!(
            "YUV4MPEG2 W{width} H{height} F{rate}:{scale} Ip A{wide}:{high} C444 XCOLORRANGE=LIMITED XMATRIX=BT601\n"
        );
        out.write(header.as_bytes())?;
        Ok(Self { out, shape, planes: Vec::new() })
    }

    /// Adds a frame: BGR24, rows from the top, three bytes a pixel without padding.
    ///
    /// # Errors
    /// [`MediaError::Malformed`] where `bgr` has another length than the picture; [`MediaError::Io`].
    pub fn write_frame(&mut self, bgr: &[u8]) -> Result<(), MediaError> {
        check_frame(bgr, self.shape.width, self.shape.height)?;
        planes_of(bgr, &mut self.planes);
        self.out.write(b"FRAME\n")?;
        self.out.write(&self.planes)
    }

    /// Gives a file its name, and sees that the last byte has left for a stream.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn finish(self) -> Result<(), MediaError> {
        self.out.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::stream::tests::Kept;
    use super::*;

    const SHAPE: VideoShape = VideoShape { width: 2, height: 1, scale: 1001, rate: 30_000, aspect: None };
    const HEADER: &[u8] = b"YUV4MPEG2 W2 H1 F30000:1001 Ip A0:0 C444 XCOLORRANGE=LIMITED XMATRIX=BT601\n";

    #[test]
    fn a_file_and_a_stream_are_the_same_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.y4m");
        let kept = Kept::new();
        let stream = OutputStream::new("test", kept.clone());
        for mut writer in
            [Y4mWriter::create(&path, SHAPE).unwrap(), Y4mWriter::stream(stream, SHAPE).unwrap()]
        {
            writer.write_frame(&[255, 255, 255, 255, 0, 0]).unwrap();
            writer.write_frame(&[0; 6]).unwrap();
            writer.finish().unwrap();
        }
        let frames = [[235, 41, 128, 240, 128, 110], [16, 16, 128, 128, 128, 128]];
        let expected = [HEADER, b"FRAME\n", frames[0].as_slice(), b"FRAME\n", frames[1].as_slice()].concat();
        assert_eq!(fs::read(&path).unwrap(), expected);
        assert_eq!(kept.bytes(), expected);
    }

    #[test]
    fn refuses_wrong_shapes_and_frames_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.y4m");
        for shape in [VideoShape { width: 0, ..SHAPE }, VideoShape { scale: 0, ..SHAPE }] {
            assert!(matches!(Y4mWriter::create(&path, shape), Err(MediaError::Unsupported { .. })));
        }
        let mut writer = Y4mWriter::create(&path, SHAPE).unwrap();
        assert!(writer.write_frame(&[0; 5]).is_err());
        drop(writer);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
