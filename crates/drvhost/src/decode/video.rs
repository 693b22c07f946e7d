//! One stream of video: read, decoded, and shown, each by a thread of its own.
//!
//! The reading thread is a few frames ahead, and so is the driver before what is shown; buffers go round, so that memory does not grow with
//! the film. The order of frames and palette changes is that of the file all along.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use super::handover::ahead;
use super::pictures::Pictures;
use super::range::FrameRange;
use super::shared::{Shared, finished, start};
use super::sinks::VideoSink;
use super::trouble::{MAX_RENEWALS, OnError, RefusedPalettes, Troubles, is_of_one_packet, is_of_one_worker};
use super::{Progress, nothing_readable};
use crate::error::{Blame, Error};
use crate::media::{
    AviReader, ContentHash, ContentHasher, Damage, FileReader, MediaError, PacketKind, PaletteChange,
    PictureFormat, Unit,
};

/// How many packets are read ahead at most.
const READ_AHEAD: usize = 8;
/// How many pictures are decoded ahead at most.
const DECODED_AHEAD: usize = 3;

/// A stream of video that is to be decoded.
pub(super) struct VideoTrack<'s> {
    /// Where it is read from: a reader of its own.
    pub avi: AviReader<FileReader>,
    /// Its number in the file.
    pub stream: u16,
    /// How many frames the file states.
    pub length: u32,
    /// Which of them are wanted.
    pub range: FrameRange,
    /// What decodes it.
    pub pictures: Pictures<'s>,
    /// What becomes of frames that cannot be decoded.
    pub on_error: OnError,
}

/// What became of a stream of video.
pub(super) struct VideoDone {
    /// How many pictures there are.
    pub frames: u64,
    /// Of them, as BGR24; `None` where they were handed to another thread.
    pub hash: Option<ContentHash>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// What is missing or unreadable.
    pub damage: Option<String>,
    /// Whose doing the worst of it is.
    pub blame: Option<Blame>,
    /// Where the pictures went, to be finished.
    pub sink: VideoSink,
}

/// What is read.
enum Read {
    /// A frame, and whether it needs no other, where that is known.
    Frame(Vec<u8>, Option<bool>),
    /// A frame of no bytes: the one before it stays.
    Dropped,
    /// A change of the palette.
    Palette(Vec<u8>),
    /// A frame that is too large.
    Unreadable(MediaError),
}

/// What is to be shown.
enum Drawn {
    /// A picture, as [`Pictures::decode`] gives it.
    Picture(Vec<u8>),
    /// The one before it.
    Again,
    /// What takes the place of a frame that could not be decoded.
    Missing,
    /// Other colours from here on.
    Palette(PaletteChange),
}

/// How the driver's part ended.
struct Driven {
    troubles: Troubles,
    palettes: RefusedPalettes,
    shown: u64,
    /// Why it stopped before the end.
    stopped: Option<String>,
}

impl VideoTrack<'_> {
    /// Decodes the stream to `sink`.
    ///
    /// # Errors
    /// [`Error::Refused`] where every frame is refused; [`Error::Media`] where nothing can be read or written; what ends the driver for good;
    /// [`Error::Interrupted`].
    pub fn run(self, sink: VideoSink, shared: &Shared<'_>) -> Result<VideoDone, Error> {
        let Self { avi, stream, length, range, mut pictures, on_error } = self;
        let total = range.count_of(length);
        let canvas = Canvas::of(&pictures);
        let done = thread::scope(|scope| {
            let (read_to, read_from) = sync_channel(ahead(READ_AHEAD, pictures.usual_frame_size()));
            let (spent_packets, empty_packets) = channel();
            let (shown_to, shown_from) = sync_channel(ahead(DECODED_AHEAD, pictures.format().bgr24_size()));
            let (spent_pictures, empty_pictures) = channel();
            let reading =
                start(scope, "reading", move || read(avi, stream, range, &read_to, &empty_packets))?;
            let painter = Painter::new(canvas, on_error, sink);
            let painting =
                start(scope, "writing", move || painter.run(&shown_from, &spent_pictures, total, shared))?;
            let driver = Driver { pictures: &mut pictures, range, on_error, shared };
            let driven = driver.run(&read_from, &spent_packets, &shown_to, &empty_pictures);
            // The ends of the channels: the other threads stop where this one has.
            drop((read_from, shown_to));
            let painted = finished(painting);
            let read = finished(reading);
            // What failed first counts: where nothing can be written, the others only see closed channels.
            let painted = painted?;
            Ok::<_, Error>((driven?, painted, read?))
        });
        let (driven, painted, damage) = done?;
        let Driven { troubles, palettes, shown, stopped } = driven;
        if shown == 0 {
            let unreadable = || nothing_readable("AVI file", damage.as_ref(), range.nothing());
            return Err(troubles.first.unwrap_or_else(unreadable));
        }
        let mut blame = troubles.blame;
        let undecoded = match troubles.count() {
            0 => None,
            1 => Some("one frame could not be decoded".to_owned()),
            count => Some(format!("{count} frames could not be decoded")),
        };
        let mut warnings = Vec::from_iter(palettes.text());
        warnings.extend(troubles.texts());
        warnings.extend(pictures.close().err().map(|error| error.to_string()));
        let undecoded = undecoded.filter(|_| stopped.is_none());
        let damage = [stopped, undecoded, damage.map(|damage| damage.to_string())].into_iter().flatten();
        let damage: Vec<String> = damage.collect();
        let damage = (!damage.is_empty()).then(|| damage.join("; "));
        if damage.is_some() {
            blame.get_or_insert(Blame::Media);
        }
        let Painted { frames, hash, sink } = painted;
        Ok(VideoDone { frames, hash, warnings, damage, blame, sink })
    }
}

/// Reads the wanted frames, from the last key frame before them on. Answers what damage it met.
fn read(
    mut avi: AviReader<FileReader>,
    stream: u16,
    range: FrameRange,
    to: &SyncSender<(u64, Read)>,
    empty: &Receiver<Vec<u8>>,
) -> Result<Option<Damage>, Error> {
    let mut packets = avi.packets(stream)?;
    let mut number = packets.seek(range.first)?;
    while range.reaches(number) {
        let mut bytes = empty.try_recv().unwrap_or_default();
        let read = match packets.next_packet(&mut bytes) {
            Ok(None) => break,
            Ok(Some(found)) if found.kind == PacketKind::PaletteChange => Read::Palette(bytes),
            Ok(Some(found)) if found.size == 0 => Read::Dropped,
            Ok(Some(found)) => Read::Frame(bytes, found.keyframe),
            Err(error @ MediaError::TooLarge { .. }) => Read::Unreadable(error),
            Err(error) => return Err(error.into()),
        };
        let counts = !matches!(read, Read::Palette(_));
        if to.send((number, read)).is_err() {
            break;
        }
        number += u64::from(counts);
    }
    Ok(packets.damage())
}

/// The part of the work that the driver does.
struct Driver<'a, 's> {
    pictures: &'a mut Pictures<'s>,
    range: FrameRange,
    on_error: OnError,
    shared: &'a Shared<'a>,
}

impl Driver<'_, '_> {
    fn run(
        self,
        packets: &Receiver<(u64, Read)>,
        spent: &Sender<Vec<u8>>,
        to: &SyncSender<(bool, Drawn)>,
        empty: &Receiver<Vec<u8>>,
    ) -> Result<Driven, Error> {
        let Self { pictures, range, on_error, shared } = self;
        let mut done = Driven {
            troubles: Troubles::new(on_error),
            palettes: RefusedPalettes::default(),
            shown: 0,
            stopped: None,
        };
        // Whether the driver was opened again, and has not seen a key frame since.
        let mut lost = false;
        let mut renewals = 0;
        while let Ok((number, read)) = packets.recv() {
            shared.go_on()?;
            let wanted = range.contains(number);
            let drawn = match read {
                Read::Palette(bytes) => {
                    match palette_change(pictures, &bytes) {
                        Ok(change) => {
                            if to.send((false, Drawn::Palette(change))).is_err() {
                                break;
                            }
                        }
                        Err(error) => done.palettes.add(error),
                    }
                    continue;
                }
                Read::Dropped => Ok(Drawn::Again),
                Read::Unreadable(error) => Err(error.into()),
                Read::Frame(bytes, key_frame) => {
                    if lost && key_frame == Some(false) {
                        let _ = spent.send(bytes);
                        done.troubles.add_dependent(number + 1);
                        if to.send((wanted, Drawn::Missing)).is_err() {
                            break;
                        }
                        continue;
                    }
                    let mut picture = empty.try_recv().unwrap_or_default();
                    let decoded = pictures.decode(&bytes, key_frame, &mut picture);
                    // The reader may be done already.
                    let _ = spent.send(bytes);
                    decoded.map(|is_there| if is_there { Drawn::Picture(picture) } else { Drawn::Again })
                }
            };
            let drawn = match drawn {
                Ok(drawn) => {
                    if matches!(drawn, Drawn::Picture(_)) {
                        (lost, renewals) = (false, 0);
                        done.shown += u64::from(wanted);
                    }
                    drawn
                }
                Err(error) => {
                    let of_worker = is_of_one_worker(&error);
                    if !of_worker && !is_of_one_packet(&error) {
                        return Err(error);
                    }
                    if on_error == OnError::Stop {
                        done.stopped = Some(format!("decoding stopped before frame {}: {error}", number + 1));
                        done.troubles.add(number + 1, error);
                        break;
                    }
                    done.troubles.add(number + 1, error);
                    if of_worker {
                        renewals += 1;
                        let again = if renewals > MAX_RENEWALS {
                            Err(format!("the driver failed {renewals} times in a row"))
                        } else {
                            pictures.renew().map_err(|error| error.to_string())
                        };
                        if let Err(why) = again {
                            done.stopped = Some(format!("decoding stopped at frame {}: {why}", number + 1));
                            break;
                        }
                        lost = true;
                    }
                    Drawn::Missing
                }
            };
            if to.send((wanted, drawn)).is_err() {
                break;
            }
        }
        Ok(done)
    }
}

/// Reads a change of the palette that can be made.
fn palette_change(pictures: &Pictures<'_>, chunk: &[u8]) -> Result<PaletteChange, Error> {
    let change = PaletteChange::parse(chunk)?;
    if pictures.has_palette() {
        return Ok(change);
    }
    let what = "a palette change".to_owned();
    let why = match pictures {
        Pictures::Codec(_) => "what the driver decodes to has its colours already".to_owned(),
        Pictures::Plain(_) => "the pictures have no palette".to_owned(),
    };
    Err(MediaError::Unsupported { what, why }.into())
}

/// The part that shows: it hashes pictures as BGR24 and writes them.
struct Painter {
    canvas: Canvas,
    on_error: OnError,
    sink: VideoSink,
    /// `None` where nobody asks for the hash.
    hasher: Option<ContentHasher>,
    frames: u64,
}

/// The picture that is shown.
struct Canvas {
    /// The format of pictures, with today's colours; `None` where they are BGR24.
    raw: Option<PictureFormat>,
    /// The last picture; empty before the first.
    picture: Arc<Vec<u8>>,
    /// The same in BGR24 where it is not. Before the first picture, black.
    bgr: Arc<Vec<u8>>,
    /// Whether `bgr` is not `picture` in today's colours.
    stale: bool,
}

/// What was shown.
struct Painted {
    frames: u64,
    hash: Option<ContentHash>,
    sink: VideoSink,
}

impl Canvas {
    fn of(pictures: &Pictures<'_>) -> Self {
        let bgr = Arc::new(vec![0; pictures.format().bgr24_size()]);
        Self { raw: pictures.raw_format().cloned(), picture: Arc::default(), bgr, stale: false }
    }

    /// Puts a picture in the place of the last one, which it gives back unless another thread has it still.
    fn put(&mut self, picture: Vec<u8>) -> Option<Vec<u8>> {
        self.stale = true;
        Arc::into_inner(std::mem::replace(&mut self.picture, Arc::new(picture)))
    }

    fn change_palette(&mut self, change: &PaletteChange) -> Result<(), MediaError> {
        self.stale = true;
        self.raw.as_mut().map_or(Ok(()), |format| format.change_palette(change))
    }

    fn blacken(&mut self) {
        Arc::make_mut(&mut self.bgr).fill(0);
        self.picture = Arc::default();
        self.stale = false;
    }

    /// The picture as BGR24, which is also hashed. `spare` is asked for a buffer where another thread has the last one.
    fn bgr24(
        &mut self,
        mut hasher: Option<&mut ContentHasher>,
        spare: impl FnOnce() -> Vec<u8>,
    ) -> Result<&Arc<Vec<u8>>, MediaError> {
        let Self { raw, picture, bgr, stale } = self;
        let mut hash = |bytes: &[u8]| {
            if let Some(hasher) = &mut hasher {
                hasher.update(bytes);
            }
        };
        let shown = match raw {
            Some(format) if *stale && !picture.is_empty() => {
                let mut pixels = Arc::into_inner(std::mem::take(bgr)).unwrap_or_else(spare);
                pixels.clear();
                format.for_each_strip(picture, |strip| {
                    hash(strip);
                    pixels.extend_from_slice(strip);
                })?;
                *bgr = Arc::new(pixels);
                *stale = false;
                return Ok(bgr);
            }
            None if !picture.is_empty() => picture,
            _ => bgr,
        };
        hash(shown);
        Ok(shown)
    }
}

impl Painter {
    fn new(canvas: Canvas, on_error: OnError, sink: VideoSink) -> Self {
        let hasher = (!matches!(sink, VideoSink::Handed(_))).then(ContentHasher::new);
        Self { canvas, on_error, sink, hasher, frames: 0 }
    }

    fn run(
        mut self,
        drawn: &Receiver<(bool, Drawn)>,
        spent: &Sender<Vec<u8>>,
        total: Option<u64>,
        shared: &Shared<'_>,
    ) -> Result<Painted, Error> {
        while let Ok((wanted, drawn)) = drawn.recv() {
            let shown = match drawn {
                Drawn::Picture(picture) => {
                    if let Some(buffer) = self.canvas.put(picture).or_else(|| self.sink.spent()) {
                        // The driver's part may be done already.
                        let _ = spent.send(buffer);
                    }
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
            };
            if shown {
                self.show()?;
                shared.report(Progress { done: self.frames, total, unit: Unit::Frames })?;
            }
        }
        shared.go_on()?;
        Ok(Painted {
            frames: self.frames,
            hash: self.hasher.map(ContentHasher::finish),
            sink: self.sink.ended(),
        })
    }

    /// Writes the picture that is shown now.
    fn show(&mut self) -> Result<(), Error> {
        let bgr = self.canvas.bgr24(self.hasher.as_mut(), || self.sink.spent().unwrap_or_default())?;
        self.sink.write(bgr)?;
        self.frames += 1;
        Ok(())
    }
}
