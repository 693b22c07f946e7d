//! One stream of video: read, decoded (`driving.rs`), and shown (`painting.rs`), each by a thread of its own.
//!
//! The reading thread is a few frames ahead, and so is the driver before what is shown; buffers go round, so that memory does not grow with
//! the film. The order of frames and palette changes is that of the file all along. Threads hand over several at a time where they can, because each
//! that sleeps has to be woken.

use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use super::driving::{Driven, Driver, Lines, Places};
use super::handover::ahead;
use super::nothing_readable;
use super::painting::{Canvas, Painted, Painter};
use super::pictures::Pictures;
use super::range::FrameRange;
use super::shared::{Shared, finished, start};
use super::sinks::VideoSink;
use super::trouble::OnError;
use crate::error::{Blame, Error};
use crate::media::{AviReader, ContentHash, Damage, FileReader, MediaError, PacketKind};
use crate::places::Two;
use sandbox::processors::has_company;

/// How many lots of packets are read ahead at most.
const READ_AHEAD: usize = 3;
/// How many packets, and of them how many bytes, are handed over at once.
const LOT: usize = 4;
const LOT_BYTES: usize = 256 << 10;
/// How many lots of pictures are decoded ahead at most.
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
pub(super) enum Read {
    /// A frame, and whether it needs no other, where that is known.
    Frame(Vec<u8>, Option<bool>),
    /// A frame of no bytes: the one before it stays.
    Dropped,
    /// A change of the palette.
    Palette(Vec<u8>),
    /// A frame that is too large.
    Unreadable(MediaError),
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
        let behind = &AtomicUsize::new(0);
        let has_company = has_company();
        // The driver and who feeds it take turns; who shows has as much to do as both.
        let two = Two::of_this_thread().filter(|_| sink.is_written_alone() && pictures.worker().is_some());
        let placed = two.as_ref().zip(pictures.worker()).map(|(two, worker)| two.together(worker));
        let done = thread::scope(|scope| {
            let (read_to, read_from) = sync_channel(ahead(READ_AHEAD, pictures.usual_frame_size()));
            let (spent_packets, empty_packets) = channel();
            let decoded_ahead =
                if pictures.goes_ahead() { 1 } else { ahead(DECODED_AHEAD, pictures.format().bgr24_size()) };
            let (shown_to, shown_from) = sync_channel(decoded_ahead);
            let (spent_pictures, empty_pictures) = channel();
            let reading =
                start(scope, "reading", move || read(avi, stream, range, &read_to, &empty_packets))?;
            let painter = Painter::new(canvas, on_error, sink);
            let there = two.clone();
            let painting = start(scope, "writing", move || {
                there.iter().for_each(Two::go_there);
                painter.run(&shown_from, &spent_pictures, behind, total, shared)
            })?;
            let lines = Lines {
                packets: &read_from,
                spent: &spent_packets,
                pictures: &shown_to,
                empty: &empty_pictures,
                behind,
            };
            let places = Places { has_company, two, placed };
            let driven = Driver::new(&mut pictures, range, on_error, shared, lines, places).run();
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
    to: &SyncSender<Vec<(u64, Read)>>,
    empty: &Receiver<Vec<u8>>,
) -> Result<Option<Damage>, Error> {
    let mut packets = avi.packets(stream)?;
    let mut number = packets.seek(range.first)?;
    let (mut lot, mut lot_bytes) = (Vec::new(), 0);
    while range.reaches(number) {
        let mut bytes = empty.try_recv().unwrap_or_default();
        let packet = packets.next_packet(&mut bytes);
        lot_bytes += bytes.len();
        let read = match packet {
            Ok(None) => break,
            Ok(Some(found)) if found.kind == PacketKind::PaletteChange => Read::Palette(bytes),
            Ok(Some(found)) if found.size == 0 => Read::Dropped,
            Ok(Some(found)) => Read::Frame(bytes, found.keyframe),
            Err(error @ MediaError::TooLarge { .. }) => Read::Unreadable(error),
            Err(error) => return Err(error.into()),
        };
        let counts = !matches!(read, Read::Palette(_));
        lot.push((number, read));
        number += u64::from(counts);
        if lot.len() >= LOT || lot_bytes >= LOT_BYTES {
            lot_bytes = 0;
            if to.send(std::mem::take(&mut lot)).is_err() {
                break;
            }
        }
    }
    // Where nobody wants it any more, it is not missed.
    let _ = to.send(lot);
    Ok(packets.damage())
}
