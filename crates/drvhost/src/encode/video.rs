//! One stream of video on its way through a driver into the file. One thread makes of pictures what the driver takes, another calls the driver.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use mmsystem::{FourCc, ICMODE_COMPRESS};

use super::source::VideoSource;
use super::{Encode, EncodedVideo};
use crate::arena::Block;
use crate::decode::handover::Taker;
use crate::decode::interleave::Track;
use crate::decode::shared::{Shared, finished, start};
use crate::decode::{Progress, compression_name};
use crate::error::Error;
use crate::media::{AviTrack, BitmapInfoHeader, CodecInput, Pixels, Unit, VideoShape};
use crate::session::Session;
use crate::vfw::{Codec, Compressed, Compression, Compressor};

/// How many pictures a codec may keep back before its first frame.
const MAX_HELD: u64 = 1024;
/// How many pictures there are at a time as the coder takes them: the one that it has, and the next.
const PREPARED: usize = 2;
/// The code of uncompressed video in a stream's header.
const UNCOMPRESSED: FourCc = FourCc(*b"DIB ");

/// A stream of video that is to be encoded.
pub(super) struct Film<'s> {
    coder: Coder<'s>,
    /// How pictures are given to it.
    input: CodecInput,
    driver: Option<String>,
    handler: FourCc,
    shape: VideoShape,
    total: Option<u64>,
    /// The first picture, by which the codec's input was chosen.
    first: Arc<Vec<u8>>,
    taker: Taker,
    warnings: Vec<String>,
}

/// What became of it.
pub(super) struct VideoMade {
    pub encoded: EncodedVideo,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// What makes frames of pictures.
enum Coder<'s> {
    /// A driver.
    Codec(Box<Compressor<'s>>),
    /// Nothing: they are written as they are.
    Plain,
}

impl<'s> Film<'s> {
    /// Opens the driver.
    ///
    /// # Errors
    /// As [`super::run`].
    pub fn open(
        session: &'s Session,
        what: &Encode,
        source: VideoSource,
        first: Arc<Vec<u8>>,
    ) -> Result<Self, Error> {
        let VideoSource { shape, total, taker } = source;
        let mut film = Self {
            coder: Coder::Plain,
            input: CodecInput::new(Pixels::Bgr24, shape.width, shape.height, &first)?,
            driver: None,
            handler: UNCOMPRESSED,
            shape,
            total,
            first,
            taker,
            warnings: Vec::new(),
        };
        let Some(coding) = &what.video else { return Ok(film) };
        let inputs = CodecInput::all(shape.width, shape.height, &film.first)?;
        let settings = Compression {
            quality: what.quality,
            key_frame_every: what.key_frame_every,
            data_rate: what.data_rate,
            scale: shape.scale,
            rate: shape.rate,
            frames: total.and_then(|total| u32::try_from(total).ok()).unwrap_or(0),
        };
        film.handler = coding.handler(session)?;
        let codec = Codec::open(session, &coding.driver, film.handler, ICMODE_COMPRESS)?;
        if let Some(state) = &what.state {
            codec.set_state(state)?;
        }
        let compressor = codec.compressor(inputs, settings)?;
        if what.quality.is_some() && !compressor.has_qualities() {
            film.warnings.push(format!(
                "{} has one quality only, so --quality makes no difference",
                coding.driver.file_name()
            ));
        }
        film.driver = Some(coding.driver.file_name());
        film.input = compressor.source().clone();
        film.coder = Coder::Codec(Box::new(compressor));
        Ok(film)
    }

    /// The stream's headers.
    ///
    /// # Errors
    /// [`Error::Media`] for a format that cannot be written.
    pub fn track(&self) -> Result<AviTrack, Error> {
        let VideoShape { scale, rate, aspect, .. } = self.shape;
        Ok(match &self.coder {
            Coder::Plain => AviTrack::bgr24(self.shape)?,
            Coder::Codec(compressor) => {
                AviTrack { aspect, ..AviTrack::video(compressor.format()?, self.handler.0, scale, rate)? }
            }
        })
    }

    /// Encodes all pictures into `track`.
    ///
    /// # Errors
    /// [`Error::Refused`] where the driver fails on one; [`Error::Media`] where nothing can be written; [`Error::Interrupted`].
    pub fn run(self, track: Track, shared: &Shared<'_>) -> Result<VideoMade, Error> {
        let fourcc = match &self.coder {
            Coder::Plain => UNCOMPRESSED.to_string(),
            Coder::Codec(compressor) => {
                let header = BitmapInfoHeader::parse(&compressor.format()?)?;
                compression_name(u32::from_le_bytes(header.compression))
            }
        };
        let Self { mut coder, input, driver, shape, total, first, taker, mut warnings, .. } = self;
        let mut frames = Frames::new(track, shape, driver.clone());
        thread::scope(|scope| {
            let (to, pictures) = sync_channel(PREPARED);
            let (spent, empty) = sync_channel(PREPARED);
            for _ in 0..PREPARED {
                // There is room for all of them.
                let _ = spent.send(coder.place()?);
            }
            let preparing = start(scope, "preparing", move || prepare(first, &taker, input, &empty, &to))?;
            let coded = coder.encode_all(&pictures, &spent, &mut frames, |written| {
                shared.report(Progress { done: written, total, unit: Unit::Frames })
            });
            // The ends of the channels: the other thread stops where this one has.
            drop((pictures, spent));
            coded.and(finished(preparing))
        })?;
        if let Coder::Codec(compressor) = coder {
            warnings.extend(compressor.close().err().map(|error| error.to_string()));
        }
        warnings.extend(frames.too_large());
        let Frames { written, key_frames, bytes, .. } = frames;
        let VideoShape { width, height, .. } = shape;
        Ok(VideoMade {
            encoded: EncodedVideo { driver, fourcc, frames: written, key_frames, bytes, width, height },
            warnings,
        })
    }
}

/// A picture as the coder takes it.
enum Picture {
    /// Where the codec reads it.
    Placed(Block),
    /// Anywhere.
    Bytes(Vec<u8>),
}

/// Makes of each picture what the coder takes, until there is none any more or nobody takes it.
fn prepare(
    first: Arc<Vec<u8>>,
    taker: &Taker,
    mut input: CodecInput,
    empty: &Receiver<Picture>,
    to: &SyncSender<Picture>,
) -> Result<(), Error> {
    let (mut next, mut converted) = (Some(first), Vec::new());
    while let Some(bgr) = next {
        let Ok(mut picture) = empty.recv() else { break };
        match &mut picture {
            Picture::Placed(block) => {
                input.convert(&bgr, &mut converted);
                block.write(0, &converted)?;
            }
            Picture::Bytes(bytes) => input.convert(&bgr, bytes),
        }
        taker.give_back(bgr);
        if to.send(picture).is_err() {
            break;
        }
        next = taker.take();
    }
    Ok(())
}

impl Coder<'_> {
    /// A place for a picture.
    fn place(&self) -> Result<Picture, Error> {
        Ok(match self {
            Self::Codec(compressor) => Picture::Placed(compressor.place()?),
            Self::Plain => Picture::Bytes(Vec::new()),
        })
    }

    /// Makes frames of all pictures, whose places it gives back. `report` is told how many were written.
    fn encode_all(
        &mut self,
        pictures: &Receiver<Picture>,
        spent: &SyncSender<Picture>,
        frames: &mut Frames,
        report: impl Fn(u64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (mut made, mut last, mut given) = (Vec::new(), None, 0);
        while let Ok(picture) = pictures.recv() {
            if let Some(last) = last.replace(picture) {
                // All others may be prepared already.
                let _ = spent.send(last);
            }
            if let Some(picture) = &last {
                self.encode(picture, &mut made, frames)?;
            }
            given += 1;
            report(frames.written)?;
        }
        // What a codec has kept back comes when it is given further pictures.
        while let Some(picture) = last.as_ref().filter(|_| frames.written < given) {
            self.encode(picture, &mut made, frames)?;
            report(frames.written)?;
        }
        Ok(())
    }

    /// Makes a frame of a picture.
    fn encode(&mut self, picture: &Picture, made: &mut Vec<u8>, frames: &mut Frames) -> Result<(), Error> {
        match (self, picture) {
            (Self::Codec(compressor), Picture::Placed(block)) => {
                let compressed = compressor.compress_placed(block, made)?;
                frames.put(compressed, made)
            }
            (Self::Plain, Picture::Bytes(bytes)) => {
                frames.put(Compressed { key_frame: true, fits: true }, bytes)
            }
            _ => Err(Error::Bug("a picture was prepared for another coder".into())),
        }
    }
}

/// What writes and counts.
struct Frames {
    track: Track,
    shape: VideoShape,
    driver: Option<String>,
    /// How many pictures were kept back before the first frame.
    held: u64,
    written: u64,
    key_frames: u64,
    bytes: u64,
    /// How many frames are larger than the data rate asks.
    over: u64,
}

impl Frames {
    fn new(track: Track, shape: VideoShape, driver: Option<String>) -> Self {
        Self { track, shape, driver, held: 0, written: 0, key_frames: 0, bytes: 0, over: 0 }
    }

    /// Writes a frame. One of no bytes before the first with any is none; later it says that the picture before it stays.
    fn put(&mut self, made: Compressed, frame: &[u8]) -> Result<(), Error> {
        if frame.is_empty() && self.written == 0 {
            self.held += 1;
            if self.held > MAX_HELD {
                return Err(Error::Refused {
                    driver: self.driver.clone().unwrap_or_default(),
                    message: "ICM_COMPRESS".into(),
                    result: format!("no frame for {MAX_HELD} pictures in a row"),
                });
            }
            return Ok(());
        }
        let key_frame = made.key_frame && !frame.is_empty();
        self.written += 1;
        self.key_frames += u64::from(key_frame);
        self.bytes += frame.len() as u64;
        self.over += u64::from(!made.fits);
        let end = self.written.saturating_mul(self.shape.scale.into());
        self.track.write(frame, key_frame, end, self.shape.rate)
    }

    /// What the user should know of frames that do not fit.
    fn too_large(&self) -> Option<String> {
        let (over, written) = (self.over, self.written);
        let are = if over == 1 { "is" } else { "are" };
        (over > 0).then(|| {
            format!("{over} of {written} frames {are} larger than the data rate asks, and the driver makes none smaller")
        })
    }
}
