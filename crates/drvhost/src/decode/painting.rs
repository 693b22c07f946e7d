//! The part of decoding a stream of video that shows: it hashes pictures as BGR24 and writes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender};

use super::Progress;
use super::pictures::Pictures;
use super::shared::Shared;
use super::sinks::VideoSink;
use super::trouble::OnError;
use crate::arena::Block;
use crate::error::Error;
use crate::media::{ContentHash, ContentHasher, MediaError, PaletteChange, PictureFormat, Unit};

/// What is to be shown.
pub(super) enum Drawn {
    /// A picture, as [`Pictures::decode`] gives it.
    Picture(Vec<u8>),
    /// A picture in the driver's format, in memory that it can reach; and as BGR24 where that was made already.
    Kept(Block, Option<Vec<u8>>),
    /// The one before it.
    Again,
    /// What takes the place of a frame that could not be decoded.
    Missing,
    /// Other colours from here on.
    Palette(PaletteChange),
}

/// The picture that is shown.
pub(super) struct Canvas {
    /// The driver's format, with today's colours.
    format: PictureFormat,
    /// Whether pictures that are no [`Drawn::Kept`] have that format: else they are BGR24.
    is_raw: bool,
    last: Last,
    /// The last picture as BGR24 where it was something else and somebody wants it as that. Before the first picture, black.
    bgr: Arc<Vec<u8>>,
    /// Whether `bgr` is not the last picture in today's colours.
    stale: bool,
}

/// The last picture.
enum Last {
    /// None that is not in `bgr`.
    None,
    /// As BGR24.
    Bgr24(Arc<Vec<u8>>),
    /// In the driver's format.
    Raw(Vec<u8>),
    /// The same, in memory that the driver can reach. It is read once for each change of colours, or where only its hash is wanted, as often as it is shown.
    Kept(Block),
}

/// What was shown.
pub(super) struct Painted {
    pub frames: u64,
    pub hash: Option<ContentHash>,
    pub sink: VideoSink,
}

impl Canvas {
    pub fn of(pictures: &Pictures<'_>) -> Self {
        let format = pictures.format().clone();
        let bgr = Arc::new(vec![0; format.bgr24_size()]);
        let is_raw = pictures.raw_format().is_some();
        Self { format, is_raw, last: Last::None, bgr, stale: false }
    }

    /// Puts a picture in the place of the last one, which it gives back unless another thread has it still.
    fn put(&mut self, picture: Vec<u8>) -> Option<Vec<u8>> {
        self.stale = true;
        let last = if self.is_raw { Last::Raw(picture) } else { Last::Bgr24(Arc::new(picture)) };
        match std::mem::replace(&mut self.last, last) {
            Last::Bgr24(picture) => Arc::into_inner(picture),
            Last::Raw(picture) => Some(picture),
            Last::None | Last::Kept(_) => None,
        }
    }

    /// The same of a picture that the driver can reach.
    fn put_kept(&mut self, block: Block, bgr: Option<Vec<u8>>) -> Option<Vec<u8>> {
        self.last = Last::Kept(block);
        self.stale = bgr.is_none();
        Arc::into_inner(std::mem::replace(&mut self.bgr, Arc::new(bgr?)))
    }

    fn change_palette(&mut self, change: &PaletteChange) -> Result<(), MediaError> {
        self.stale = true;
        if self.is_raw { self.format.change_palette(change) } else { Ok(()) }
    }

    fn blacken(&mut self) {
        Arc::make_mut(&mut self.bgr).fill(0);
        self.last = Last::None;
        self.stale = false;
    }

    /// Hashes the picture as BGR24, where nobody wants it otherwise: it need not leave the processor's own memory as that.
    fn hash(&self, hasher: &mut ContentHasher) -> Result<(), Error> {
        let Self { format, last, bgr, stale, .. } = self;
        let hash = |bytes: &[u8]| hasher.update(bytes);
        match last {
            Last::Bgr24(picture) => hasher.update(picture),
            Last::Raw(picture) if *stale => format.for_each_strip(picture, hash)?,
            Last::Kept(block) if *stale => {
                format.for_each_fetched_strip(|at, row| block.read(at, row), hash)?;
            }
            Last::None | Last::Raw(_) | Last::Kept(_) => hasher.update(bgr),
        }
        Ok(())
    }

    /// The picture as BGR24, which is also hashed. `spare` is asked for a buffer where another thread has the last one.
    fn bgr24(
        &mut self,
        mut hasher: Option<&mut ContentHasher>,
        spare: impl FnOnce() -> Vec<u8>,
    ) -> Result<&Arc<Vec<u8>>, Error> {
        let Self { format, last, bgr, stale, .. } = self;
        let mut hash = |bytes: &[u8]| {
            if let Some(hasher) = &mut hasher {
                hasher.update(bytes);
            }
        };
        let room = || Arc::into_inner(std::mem::take(bgr)).unwrap_or_else(spare);
        let shown = match last {
            Last::Bgr24(picture) => picture,
            Last::Raw(picture) if *stale => {
                let mut pixels = room();
                pixels.clear();
                format.for_each_strip(picture, |strip| {
                    hash(strip);
                    pixels.extend_from_slice(strip);
                })?;
                (*bgr, *stale) = (Arc::new(pixels), false);
                return Ok(bgr);
            }
            Last::Kept(block) if *stale => {
                let mut pixels = room();
                format.to_bgr24_by_rows(|at, row| block.read(at, row), &mut pixels)?;
                (*bgr, *stale) = (Arc::new(pixels), false);
                bgr
            }
            Last::None | Last::Raw(_) | Last::Kept(_) => bgr,
        };
        hash(shown);
        Ok(shown)
    }
}

/// The part that shows.
pub(super) struct Painter {
    canvas: Canvas,
    on_error: OnError,
    sink: VideoSink,
    /// `None` where nobody asks for the hash.
    hasher: Option<ContentHasher>,
    frames: u64,
}

impl Painter {
    pub fn new(canvas: Canvas, on_error: OnError, sink: VideoSink) -> Self {
        let hasher = (!matches!(sink, VideoSink::Handed(_))).then(ContentHasher::new);
        Self { canvas, on_error, sink, hasher, frames: 0 }
    }

    /// `behind`: how much of what is handed over is not painted yet.
    pub fn run(
        mut self,
        drawn: &Receiver<Vec<(bool, Drawn)>>,
        spent: &Sender<Vec<u8>>,
        behind: &AtomicUsize,
        total: Option<u64>,
        shared: &Shared<'_>,
    ) -> Result<Painted, Error> {
        while let Ok(lot) = drawn.recv() {
            for (wanted, drawn) in lot {
                behind.fetch_sub(1, Ordering::Relaxed);
                if self.paint(wanted, drawn, spent)? {
                    self.show()?;
                    shared.report(Progress { done: self.frames, total, unit: Unit::Frames })?;
                }
            }
        }
        shared.go_on()?;
        Ok(Painted {
            frames: self.frames,
            hash: self.hasher.map(ContentHasher::finish),
            sink: self.sink.ended(),
        })
    }

    /// Changes what is shown, and answers whether that counts as a picture.
    fn paint(&mut self, wanted: bool, drawn: Drawn, spent: &Sender<Vec<u8>>) -> Result<bool, Error> {
        Ok(match drawn {
            Drawn::Picture(picture) => {
                let spare = self.canvas.put(picture);
                self.give_back(spare, spent);
                wanted
            }
            Drawn::Kept(block, bgr) => {
                let spare = self.canvas.put_kept(block, bgr);
                self.give_back(spare, spent);
                wanted
            }
            Drawn::Again => wanted,
            Drawn::Palette(change) => {
                self.canvas.change_palette(&change)?;
                false
            }
            Drawn::Missing if self.on_error == OnError::Black => {
                self.canvas.blacken();
                wanted
            }
            Drawn::Missing => wanted && self.on_error != OnError::Skip,
        })
    }

    fn give_back(&self, buffer: Option<Vec<u8>>, spent: &Sender<Vec<u8>>) {
        if let Some(buffer) = buffer.or_else(|| self.sink.spent()) {
            // The driver's part may be done already.
            let _ = spent.send(buffer);
        }
    }

    /// Writes the picture that is shown now.
    fn show(&mut self) -> Result<(), Error> {
        match (&self.sink, &mut self.hasher) {
            (VideoSink::None, Some(hasher)) => self.canvas.hash(hasher)?,
            (_, hasher) => {
                let bgr = self.canvas.bgr24(hasher.as_mut(), || self.sink.spent().unwrap_or_default())?;
                self.sink.write(bgr)?;
            }
        }
        self.frames += 1;
        Ok(())
    }
}
