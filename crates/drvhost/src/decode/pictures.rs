//! What turns the frames of a stream into pictures: a driver, or nothing where they are pictures already.

use std::sync::Arc;

use mmsystem::ICMODE_DECOMPRESS;

use super::Job;
use super::choice::{self, handler_of};
use crate::error::Error;
use crate::media::{BI_BITFIELDS, BI_RGB, FourCc, PictureFormat, VideoStream};
use crate::registry::DriverFile;
use crate::session::Session;
use crate::vfw::{Codec, Decompressor, Made};
use crate::worker::Worker;

/// Codes that some writers have for BI_RGB.
const UNCOMPRESSED: [FourCc; 3] = [*b"DIB ", *b"RGB ", *b"RAW "];
/// Where a BITMAPINFOHEADER has its `biCompression`.
const COMPRESSION_AT: usize = 16;

/// What turns frames into pictures.
pub(super) enum Pictures<'s> {
    /// A driver.
    Codec(Box<Coded<'s>>),
    /// Nothing: the frames are pictures of this format.
    Plain(PictureFormat),
}

/// A driver, and how to open it again.
pub(super) struct Coded<'s> {
    session: &'s Session,
    driver: DriverFile,
    handler: mmsystem::FourCc,
    /// The stream's BITMAPINFO block.
    block: Vec<u8>,
    /// `None` only where opening it again has failed.
    decompressor: Option<Decompressor<'s>>,
    /// The format of its pictures.
    format: PictureFormat,
}

impl<'s> Pictures<'s> {
    /// Opens the driver for a stream, if it needs one: the one that is given, or the registry's.
    ///
    /// # Errors
    /// As [`Codec::decompressor`]; [`Error::NoCodec`]; [`Error::Media`] for a format that cannot be read.
    pub fn open(job: &Job<'s>, given: Option<&DriverFile>, video: &VideoStream) -> Result<Self, Error> {
        if let Some(block) = plain_format(video) {
            return Ok(Self::Plain(PictureFormat::from_bitmapinfo(&block)?));
        }
        let session = job.session;
        let compression = u32::from_le_bytes(video.compression);
        let aliases = choice::video_aliases(compression, u32::from_le_bytes(video.handler));
        let what = choice::video_of(compression);
        let registry = session.registry();
        let (coded, _) = choice::first_that_opens(registry, given, &aliases, &what, |driver| {
            let handler = handler_of(compression, driver.alias.as_deref());
            let codec = Codec::open(session, driver, handler, ICMODE_DECOMPRESS)?;
            let decompressor = codec.decompressor(&video.format)?;
            let format = decompressor.format().clone();
            let (driver, block) = (driver.clone(), video.format.clone());
            Ok(Some(Coded { session, driver, handler, block, decompressor: Some(decompressor), format }))
        })?;
        Ok(Self::Codec(Box::new(coded)))
    }

    /// The driver's file name; `None` where none is needed.
    pub fn driver(&self) -> Option<String> {
        match self {
            Self::Codec(coded) => Some(coded.driver.file_name()),
            Self::Plain(_) => None,
        }
    }

    /// The format of the pictures.
    pub fn format(&self) -> &PictureFormat {
        match self {
            Self::Codec(coded) => &coded.format,
            Self::Plain(format) => format,
        }
    }

    /// How many bytes a frame has where that is always the same; 0 for a driver's, which are compressed.
    pub fn usual_frame_size(&self) -> usize {
        match self {
            Self::Codec(_) => 0,
            Self::Plain(format) => format.image_size(),
        }
    }

    /// The format of what [`decode`](Self::decode) gives, where its pixels are numbers of colours that can change later; `None` where it gives
    /// BGR24.
    pub fn raw_format(&self) -> Option<&PictureFormat> {
        Some(self.format()).filter(|format| format.palette().is_some())
    }

    /// Whether the palette can be changed without the driver.
    pub fn has_palette(&self) -> bool {
        match self {
            Self::Codec(_) => self.decompressor().is_some_and(Decompressor::hands_numbers_on),
            Self::Plain(format) => format.palette().is_some(),
        }
    }

    /// Makes a picture of a frame: BGR24, or of the [`raw_format`](Self::raw_format). Answers whether there is one: the driver may say that
    /// the one before it stays.
    ///
    /// # Errors
    /// As [`Decompressor::decompress`]; [`Error::Media`] for a frame that is too short to be a picture.
    pub fn decode(
        &mut self,
        frame: &[u8],
        key_frame: Option<bool>,
        picture: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        let is_raw = self.raw_format().is_some();
        match self {
            Self::Codec(coded) => match &mut coded.decompressor {
                Some(decompressor) if is_raw => decompressor.decompress(frame, key_frame, picture),
                Some(decompressor) => decompressor.decompress_to_bgr24(frame, key_frame, picture),
                None => Err(Error::Bug("a driver was used that could not be opened again".into())),
            },
            Self::Plain(format) if is_raw => {
                let frame = format.check_size(frame)?;
                picture.clear();
                picture.extend_from_slice(frame);
                Ok(true)
            }
            Self::Plain(format) => {
                format.to_bgr24(frame, picture)?;
                Ok(true)
            }
        }
    }

    /// Whether frames are to be [queued](Self::queue) instead of [decoded](Self::decode) one by one.
    pub fn goes_ahead(&self) -> bool {
        self.decompressor().is_some_and(Decompressor::goes_ahead)
    }

    /// As [`Decompressor::has_room`].
    pub fn has_room(&self) -> bool {
        self.decompressor().is_some_and(Decompressor::has_room)
    }

    /// As [`Decompressor::queue`].
    ///
    /// # Errors
    /// As [`decode`](Self::decode), where the driver cannot even be asked.
    pub fn queue(&mut self, frame: &[u8], key_frame: Option<bool>) -> Result<(), Error> {
        let decompressor = match self {
            Self::Codec(coded) => coded.decompressor.as_mut(),
            Self::Plain(_) => None,
        };
        let none = || Error::Bug("a frame was queued without a driver".into());
        decompressor.ok_or_else(none)?.queue(frame, key_frame)
    }

    /// As [`Decompressor::made`]: pictures have the driver's [`format`](Self::format), also where its pixels are no numbers.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn made(&mut self, waits: bool) -> Option<Result<Made, Error>> {
        match self {
            Self::Codec(coded) => coded.decompressor.as_mut()?.made(waits),
            Self::Plain(_) => None,
        }
    }

    /// The driver's worker; `None` where none is needed, or left.
    pub fn worker(&self) -> Option<Arc<Worker>> {
        self.decompressor()?.worker()
    }

    fn decompressor(&self) -> Option<&Decompressor<'_>> {
        match self {
            Self::Codec(coded) => coded.decompressor.as_ref(),
            Self::Plain(_) => None,
        }
    }

    /// Takes away a driver that failed, and opens it again in a worker of its own.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`Error::Refused`] where its pictures have another format now.
    pub fn renew(&mut self) -> Result<(), Error> {
        let Self::Codec(coded) = self else { return Ok(()) };
        if let Some(failed) = coded.decompressor.take() {
            failed.dismiss(false);
        }
        let codec = Codec::open(coded.session, &coded.driver, coded.handler, ICMODE_DECOMPRESS)?;
        let decompressor = codec.decompressor(&coded.block)?;
        if decompressor.format() != &coded.format {
            return Err(Error::Refused {
                driver: coded.driver.file_name(),
                message: "being opened again".into(),
                result: "another format of pictures than before".into(),
            });
        }
        coded.decompressor = Some(decompressor);
        Ok(())
    }

    /// Closes the driver.
    ///
    /// # Errors
    /// As [`Decompressor::close`].
    pub fn close(self) -> Result<(), Error> {
        match self {
            Self::Codec(coded) => coded.decompressor.map_or(Ok(()), Decompressor::close),
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
