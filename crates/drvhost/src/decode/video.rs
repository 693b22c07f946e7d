//! The pictures of an AVI file.

use std::io::{Read, Seek};
use std::time::Instant;

use mmsystem::ICMODE_DECOMPRESS;

use super::choice::{self, handler_of};
use super::{Decoded, Job, Target, nothing_readable};
use crate::error::Error;
use crate::media::{
    AviReader, AviTrack, AviWriter, BI_BITFIELDS, BI_RGB, ContentHasher, FourCc, MediaError, OutputKind,
    OutputStream, PacketKind, PaletteChange, PictureFormat, PngSeries, Unit, VideoShape, VideoStream,
    Y4mWriter, to_dib24,
};
use crate::vfw::{Codec, Decompressor};

/// Codes that some writers have for BI_RGB.
const UNCOMPRESSED: [FourCc; 3] = [*b"DIB ", *b"RGB ", *b"RAW "];
/// Where a BITMAPINFOHEADER has its `biCompression`.
const COMPRESSION_AT: usize = 16;
/// Frames a second to write when the file states no rate.
const USUAL_RATE: u32 = 25;
/// How many refused frames are listed one by one.
const MAX_LISTED: usize = 10;

pub(super) fn decode<R: Read + Seek>(job: &mut Job<'_>, avi: &mut AviReader<R>) -> Result<Decoded, Error> {
    if let Some(target) = &job.target {
        let instead = "the input is video; write .avi, .y4m, or .png pictures as in frame%05d.png";
        target.check(|kind| *kind != OutputKind::Wav, instead)?;
    }
    let video = avi.first_video()?;
    let mut warnings = other_streams(avi, video.index);
    let (mut pictures, driver) = Pictures::open(job, &video)?;
    let (width, height) = pictures.size();
    let shape = shape_of(&video, width, height, &mut warnings);
    let mut sink = Sink::create(job.target.as_ref(), shape)?;

    let started = Instant::now();
    let total = (video.length != 0).then_some(u64::from(video.length));
    let mut hasher = ContentHasher::new();
    let mut refusals = Refusals::default();
    let mut refused_palettes = RefusedPalettes::default();
    // A frame that cannot be shown repeats the picture before it; before the first that is black.
    let (mut packet, mut bgr) = (Vec::new(), vec![0; pictures.format().bgr24_size()]);
    let (mut frames, mut shown) = (0_u64, 0_u64);
    let mut packets = avi.packets(video.index)?;
    loop {
        let outcome = match packets.next_packet(&mut packet) {
            Ok(None) => break,
            Ok(Some(found)) if found.kind == PacketKind::PaletteChange => {
                match pictures.change_palette(&packet, &mut bgr) {
                    Ok(()) => {}
                    Err(error) if is_of_one_packet(&error) => refused_palettes.add(error),
                    Err(error) => return Err(error),
                }
                job.report(frames, total, Unit::Frames)?;
                continue;
            }
            Ok(Some(_)) if packet.is_empty() => None,
            Ok(Some(found)) => Some(pictures.decode(&packet, found.keyframe, &mut bgr)),
            Err(error @ MediaError::TooLarge { .. }) => Some(Err(error.into())),
            Err(error) => return Err(error.into()),
        };
        frames += 1;
        match outcome {
            None => {}
            Some(Ok(())) => shown += 1,
            Some(Err(error)) if is_of_one_packet(&error) => refusals.add(frames, error),
            Some(Err(error)) => return Err(error),
        }
        hasher.update(&bgr);
        sink.write(&bgr)?;
        job.report(frames, total, Unit::Frames)?;
    }
    let damage = packets.damage();
    if shown == 0 {
        let unreadable =
            || nothing_readable("AVI file", damage.as_ref(), "its video stream has no frame with data");
        return Err(refusals.first.unwrap_or_else(unreadable));
    }
    sink.finish()?;
    let seconds = started.elapsed().as_secs_f64();
    warnings.extend(refused_palettes.text());
    warnings.extend(refusals.texts());
    warnings.extend(pictures.close().err().map(|error| error.to_string()));
    let decoded = job.decoded(driver, hasher, seconds);
    let (frames, width, height) = (Some(frames), Some(width), Some(height));
    let decoded = Decoded { frames, width, height, warnings, ..decoded };
    Ok(decoded.damaged(damage.map(|damage| damage.to_string())))
}

/// What turns frames into pictures.
enum Pictures<'s> {
    /// A driver.
    Codec(Box<Decompressor<'s>>),
    /// Nothing but a conversion.
    Plain(Plain),
}

/// Pictures that are stored as they are.
struct Plain {
    format: PictureFormat,
    /// The last picture that was shown.
    picture: Vec<u8>,
}

impl<'s> Pictures<'s> {
    /// Opens the driver for a stream, if it needs one; also gives the driver's name.
    fn open(job: &Job<'s>, video: &VideoStream) -> Result<(Self, Option<String>), Error> {
        if let Some(block) = plain_format(video) {
            let format = PictureFormat::from_bitmapinfo(&block)?;
            return Ok((Self::Plain(Plain { format, picture: Vec::new() }), None));
        }
        let compression = u32::from_le_bytes(video.compression);
        let aliases = choice::video_aliases(compression, u32::from_le_bytes(video.handler));
        let what = choice::video_of(compression);
        let (registry, given) = (job.session.registry(), job.what.driver.as_ref());
        let (decompressor, driver) = choice::first_that_opens(registry, given, &aliases, &what, |driver| {
            let handler = handler_of(compression, driver.alias.as_deref());
            let codec = Codec::open(job.session, driver, handler, ICMODE_DECOMPRESS)?;
            codec.decompressor(&video.format).map(Some)
        })?;
        Ok((Self::Codec(Box::new(decompressor)), Some(driver)))
    }

    fn format(&self) -> &PictureFormat {
        match self {
            Self::Codec(decompressor) => decompressor.format(),
            Self::Plain(plain) => &plain.format,
        }
    }

    fn size(&self) -> (u32, u32) {
        (self.format().width(), self.format().height())
    }

    fn decode(&mut self, frame: &[u8], key_frame: Option<bool>, bgr: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Codec(decompressor) => decompressor.decompress(frame, key_frame, bgr),
            Self::Plain(plain) => {
                plain.format.to_bgr24(frame, bgr)?;
                plain.picture.clear();
                plain.picture.extend_from_slice(frame);
                Ok(())
            }
        }
    }

    /// Changes the palette by the bytes of a chunk `xxpc`, and the colours of the picture that is shown. In an error nothing
    /// changes.
    fn change_palette(&mut self, chunk: &[u8], bgr: &mut Vec<u8>) -> Result<(), Error> {
        let change = PaletteChange::parse(chunk)?;
        match self {
            Self::Codec(decompressor) => decompressor.change_palette(&change, bgr),
            Self::Plain(plain) => {
                plain.format.change_palette(&change)?;
                if plain.picture.is_empty() {
                    return Ok(());
                }
                Ok(plain.format.to_bgr24(&plain.picture, bgr)?)
            }
        }
    }

    fn close(self) -> Result<(), Error> {
        match self {
            Self::Codec(decompressor) => decompressor.close(),
            Self::Plain(_) => Ok(()),
        }
    }
}

/// The format of uncompressed video, as BI_RGB or BI_BITFIELDS whatever code it bears; `None` if it is compressed.
fn plain_format(video: &VideoStream) -> Option<Vec<u8>> {
    let mut format = video.format.clone();
    if UNCOMPRESSED.contains(&video.compression) {
        *format.get_mut(COMPRESSION_AT..)?.first_chunk_mut()? = BI_RGB;
        return Some(format);
    }
    [BI_RGB, BI_BITFIELDS].contains(&video.compression).then_some(format)
}

/// A warning for every stream but the one that is decoded.
fn other_streams<R: Read + Seek>(avi: &AviReader<R>, decoded: u16) -> Vec<String> {
    let others = avi.streams().iter().filter(|stream| stream.index != decoded);
    let describe = |stream: &crate::media::Stream| match &stream.header.kind {
        b"auds" => format!("the audio stream (stream {}) was not decoded", stream.index),
        b"vids" => format!("the further video stream (stream {}) was not decoded", stream.index),
        kind => format!("stream {} (`{}`) was not decoded", stream.index, mmsystem::FourCc(*kind)),
    };
    others.map(describe).collect()
}

/// The size and rate to write.
fn shape_of(video: &VideoStream, width: u32, height: u32, warnings: &mut Vec<String>) -> VideoShape {
    let VideoStream { scale, rate, .. } = *video;
    if scale == 0 || rate == 0 {
        warnings.push(format!("the file states no frame rate; {USUAL_RATE} frames a second are assumed"));
        return VideoShape { width, height, scale: 1, rate: USUAL_RATE };
    }
    VideoShape { width, height, scale, rate }
}

/// An AVI file of bitmaps.
struct Film {
    writer: AviWriter,
    shape: VideoShape,
    /// The frame at hand, as it is stored.
    bitmap: Vec<u8>,
}

/// Where pictures go.
enum Sink {
    None,
    Avi(Box<Film>),
    Y4m(Box<Y4mWriter>),
    Png(PngSeries),
}

impl Sink {
    fn create(target: Option<&Target<'_>>, shape: VideoShape) -> Result<Self, MediaError> {
        Ok(match target {
            None => Self::None,
            Some(Target::File { path, kind }) => match kind {
                OutputKind::Png(pattern) => {
                    Self::Png(PngSeries::create(pattern.clone(), shape.width, shape.height)?)
                }
                OutputKind::Y4m => Self::Y4m(Box::new(Y4mWriter::create(path, shape)?)),
                // The other kind was refused at the beginning.
                OutputKind::Avi | OutputKind::Wav => {
                    let writer = AviWriter::create(path, vec![AviTrack::bgr24(shape)?])?;
                    Self::Avi(Box::new(Film { writer, shape, bitmap: Vec::new() }))
                }
            },
            Some(Target::StandardOutput) => {
                Self::Y4m(Box::new(Y4mWriter::stream(OutputStream::standard_output()?, shape)?))
            }
        })
    }

    fn write(&mut self, bgr: &[u8]) -> Result<(), MediaError> {
        match self {
            Self::None => Ok(()),
            Self::Avi(film) => {
                to_dib24(bgr, film.shape.width, film.shape.height, &mut film.bitmap);
                film.writer.write(0, &film.bitmap, true)
            }
            Self::Y4m(writer) => writer.write_frame(bgr),
            Self::Png(writer) => writer.write_frame(bgr),
        }
    }

    fn finish(self) -> Result<(), MediaError> {
        match self {
            Self::Avi(film) => film.writer.finish(),
            Self::Y4m(writer) => writer.finish(),
            Self::None | Self::Png(_) => Ok(()),
        }
    }
}

/// Whether an error concerns one packet, and the next may be tried.
fn is_of_one_packet(error: &Error) -> bool {
    matches!(error, Error::Refused { .. } | Error::Media(_) | Error::TooLarge(_))
}

/// Palette changes that were not applied.
#[derive(Default)]
struct RefusedPalettes {
    first: Option<Error>,
    count: u64,
}

impl RefusedPalettes {
    fn add(&mut self, error: Error) {
        self.first.get_or_insert(error);
        self.count += 1;
    }

    fn text(self) -> Option<String> {
        let Self { first, count } = self;
        first.map(|error| {
            format!(
                "{count} changes of the palette were not applied, so colours may be wrong; the first: {error}"
            )
        })
    }
}

/// Frames that were not decoded: the first are listed, the others counted.
#[derive(Default)]
struct Refusals {
    first: Option<Error>,
    listed: Vec<String>,
    further: u64,
}

impl Refusals {
    /// Notes a frame; frames count from 1.
    fn add(&mut self, frame: u64, error: Error) {
        if self.listed.len() < MAX_LISTED {
            self.listed.push(format!("frame {frame} repeats the one before it: {error}"));
        } else {
            self.further += 1;
        }
        self.first.get_or_insert(error);
    }

    fn texts(self) -> impl Iterator<Item = String> {
        let further = (self.further > 0).then(|| format!("{} further frames likewise", self.further));
        self.listed.into_iter().chain(further)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_frames_are_listed_up_to_a_limit() {
        let mut refusals = Refusals::default();
        for frame in 1..=15 {
            refusals.add(frame, Error::TooLarge(frame));
        }
        assert!(matches!(refusals.first, Some(Error::TooLarge(1))));
        let texts: Vec<_> = refusals.texts().collect();
        assert_eq!(texts.len(), 11);
        assert!(texts.first().is_some_and(|text| text.starts_with("frame 1 repeats the one before it: ")));
        assert_eq!(texts.last().map(String::as_str), Some("5 further frames likewise"));
    }
}
