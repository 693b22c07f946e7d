//! A conversion stream: compressed audio to PCM, or any format to another.

use std::collections::VecDeque;
use std::sync::Arc;

use mmsystem::{
    ACM_STREAMCONVERTF_BLOCKALIGN, ACM_STREAMCONVERTF_END, ACM_STREAMCONVERTF_START,
    ACM_STREAMOPENF_NONREALTIME, ACM_STREAMSIZEF_SOURCE, ACMDM_STREAM_CLOSE, ACMDM_STREAM_CONVERT,
    ACMDM_STREAM_OPEN, ACMDM_STREAM_PREPARE, ACMDM_STREAM_SIZE, ACMDM_STREAM_UNPREPARE, ACMDRVSTREAMSIZE,
    ACMERR_NOTPOSSIBLE, MMSYSERR_NOERROR, MMSYSERR_NOTSUPPORTED, Packing, Structure,
};

use super::possible::Possible;
use super::room::{Done, Room};
use super::{Codec, answered, ask, mmsyserr, mmsyserr_text};
use crate::arena::{Arena, Block};
use crate::error::Error;
use crate::media::WaveFormat;
use crate::opened::{Opened, decoded, encoded};
use crate::queue::{Answer, Queue};
use crate::worker::Worker;

/// How many bytes are given to a driver at a time, or one block if that is more.
const SOURCE_SIZE: usize = 32 << 10;
/// The most bytes that a driver may ask for to convert that into.
const MAX_DESTINATION: u32 = 64 << 20;
/// How many rooms there are where pieces are begun ahead: for the one that the driver converts, for the next ones, as many as keep it at work while the host is
/// held up, and for the one before, whose header says whether the next one is converted.
const ROOMS: usize = 6;

/// Where a piece of source data lies in the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// More follows.
    Open,
    /// It is the last piece, up to its last whole block.
    Last,
    /// It is what is left behind the last whole block.
    Rest,
    /// It is a block that the others have nothing to do with.
    Alone,
}

/// What became of a piece of source data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Converted {
    /// How many bytes of the source were used. The others are to be given again.
    pub used: usize,
    /// Whether the output filled its buffer, so that more may be waiting.
    pub filled: bool,
}

/// An open conversion stream. Dropping it sends ACMDM_STREAM_UNPREPARE, ACMDM_STREAM_CLOSE and DRV_CLOSE.
#[derive(Debug)]
pub struct Stream<'s> {
    /// `None` once it is closed.
    codec: Option<Codec<'s>>,
    /// What the driver converts.
    queue: Queue<'s>,
    /// The rooms of the pieces that have begun, and how many bytes of source data each has.
    begun: VecDeque<(usize, usize)>,
    /// What lParam1 of every stream message points at. The driver keeps its own value in it.
    instance: Block,
    /// What the instance points at: the source and the destination format.
    _formats: [Block; 2],
    /// At least one.
    rooms: Vec<Room>,
    /// The one that comes next.
    next: usize,
    /// Whether it is worth while to begin with a piece before it is known what became of the one before it.
    ahead: Ahead,
    started: bool,
    output: WaveFormat,
    /// What the user should know of it.
    pub(super) warning: Option<String>,
}

/// Whether pieces are begun before it is known what became of those before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ahead {
    /// Not yet: no piece has been converted.
    Unknown,
    /// The last piece was used as a whole, so the next one may be, too.
    Yes,
    /// A driver has left a part of a piece, or takes one header only.
    No,
}

impl<'s> Codec<'s> {
    /// Opens a stream from one format to another. Without a destination that is the PCM format that the driver suggests, or 16 bits
    /// at the same rate and with as many channels if it suggests none.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Media`] for PCM without channels or rate, and as
    /// [`Session::send`](crate::Session::send).
    pub fn stream(self, source: &WaveFormat, destination: Option<&WaveFormat>) -> Result<Stream<'s>, Error> {
        let possible = self.query(source, destination)?;
        self.start(possible)
    }

    /// Opens a stream that the driver was asked for.
    ///
    /// # Errors
    /// As [`stream`](Self::stream).
    pub(super) fn start(self, possible: Possible) -> Result<Stream<'s>, Error> {
        let Possible { mut description, instance, formats, block_align, output } = possible;
        let arena = Arc::clone(&self.opened.arena);
        description.fdwOpen = ACM_STREAMOPENF_NONREALTIME;
        // Any value but null: nobody but the client uses it.
        description.has = instance.address();
        instance.write(0, &encoded(&description, self.layout)?)?;
        ask(&self.opened, ACMDM_STREAM_OPEN, instance.lparam(), 0)?;

        let mut stream = Stream {
            rooms: Vec::new(),
            next: 0,
            ahead: Ahead::Unknown,
            queue: self.opened.queue()?,
            begun: VecDeque::new(),
            codec: Some(self),
            instance,
            _formats: formats,
            started: false,
            output,
            warning: None,
        };
        // From here on dropping it closes the stream.
        stream.prepare(&arena, block_align)?;
        Ok(stream)
    }
}

impl Stream<'_> {
    /// The format of the output.
    #[must_use]
    pub fn format(&self) -> &WaveFormat {
        &self.output
    }

    /// What the user should know of it: that the driver reads another packing than its file tells ([`open`](Self::open)).
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// How many bytes of source data can be given at a time.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.rooms.first().map_or(0, Room::source_len)
    }

    /// Whether it has used all of the last piece, so that it can be given further ones.
    pub(super) fn uses_all(&self) -> bool {
        self.ahead == Ahead::Yes
    }

    /// Its driver's worker; `None` once it is closed.
    pub(super) fn worker(&self) -> Option<Arc<Worker>> {
        self.codec.as_ref()?.opened.worker()
    }

    /// As [`Worker::set_crowded`].
    pub(super) fn set_crowded(&self, crowded: bool) {
        if let Some(worker) = self.worker() {
            worker.set_crowded(crowded);
        }
    }

    /// Takes note of what is answered already, so that others have their turn with the worker once all is.
    pub(super) fn take_in(&mut self) {
        self.queue.take_in();
    }

    /// Whether its driver has opened others, or itself, in its worker's name.
    pub(super) fn has_opened(&self) -> bool {
        self.codec.as_ref().is_some_and(|codec| codec.opened.has_opened())
    }

    /// How its driver's structures are laid out.
    pub(super) fn packing(&self) -> Option<Packing> {
        self.codec.as_ref().map(|codec| codec.layout.packing)
    }

    /// Makes the buffers, whose size the driver decides, and has them prepared: once, as they stay where they are.
    fn prepare(&mut self, arena: &Arc<Arena>, block_align: u16) -> Result<(), Error> {
        let block_align = usize::from(block_align.max(1));
        let source_size = (SOURCE_SIZE / block_align).max(1) * block_align;
        let size = ACMDRVSTREAMSIZE {
            cbStruct: ACMDRVSTREAMSIZE::size(()) as u32,
            fdwSize: ACM_STREAMSIZEF_SOURCE,
            cbSrcLength: source_size as u32,
            cbDstLength: 0,
        };
        let block = arena.block_with(&encoded(&size, ())?)?;
        let opened = opened(&self.codec)?;
        ask(opened, ACMDM_STREAM_SIZE, self.instance.lparam(), block.lparam())?;
        let destination_size = match decoded::<ACMDRVSTREAMSIZE>(&block, ())?.cbDstLength {
            // C125.
            0 => return Err(opened.refused(ACMDM_STREAM_SIZE, mmsyserr_text(ACMERR_NOTPOSSIBLE))),
            size if size > MAX_DESTINATION => {
                // The source is of a piece's size, so this is no measure of what the file holds.
                return Err(
                    opened.refused(ACMDM_STREAM_SIZE, format!("{size} bytes, for which there is no room"))
                );
            }
            size => size,
        };
        self.add_room(Room::new(arena, &self.instance, source_size, destination_size)?)
    }

    /// Has the driver prepare a room: once, as its buffers stay where they are.
    fn add_room(&mut self, mut room: Room) -> Result<(), Error> {
        let opened = opened(&self.codec)?;
        // A driver that has nothing to prepare answers MMSYSERR_NOTSUPPORTED, which is success (C122).
        match mmsyserr(opened.send(ACMDM_STREAM_PREPARE, self.instance.lparam(), room.lparam())?) {
            MMSYSERR_NOERROR => room.prepared(true)?,
            MMSYSERR_NOTSUPPORTED => room.prepared(false)?,
            answer => return Err(opened.refused(ACMDM_STREAM_PREPARE, mmsyserr_text(answer))),
        }
        self.rooms.push(room);
        Ok(())
    }

    /// Makes room for the piece that comes next, where that is of use. Applications, too, have several headers prepared and filled.
    fn add_rooms(&mut self) -> Result<(), Error> {
        while let (Ahead::Yes, [first, ..]) = (self.ahead, self.rooms.as_slice())
            && self.rooms.len() < ROOMS
        {
            let sizes = (first.source_len(), first.destination_len() as u32);
            let arena = &opened(&self.codec)?.arena;
            let added =
                Room::new(arena, &self.instance, sizes.0, sizes.1).and_then(|room| self.add_room(room));
            match added {
                Err(Error::Refused { .. } | Error::TooLarge(_)) => self.ahead = Ahead::No,
                added => added?,
            }
        }
        Ok(())
    }

    /// Converts a piece of source data, at most [`capacity`](Self::capacity) bytes, and replaces `out` by what came out. In any error it is as it was, or of no use.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver does, or says that it used or made more than there was; [`Error::TooLarge`];
    /// and as [`Session::send`](crate::Session::send).
    pub fn convert(&mut self, data: &[u8], ends: Ends, out: &mut Vec<u8>) -> Result<Converted, Error> {
        self.give(data, ends)?;
        self.converted(out)?.ok_or_else(|| Error::Bug("a piece was dropped that comes behind none".into()))
    }

    /// Whether a further piece can be [begun](Self::begin).
    #[must_use]
    pub fn has_room(&self) -> bool {
        let ahead = self.ahead == Ahead::Yes && self.begun.len() + 1 < self.rooms.len();
        self.begun.is_empty() || ahead && self.queue.has_room()
    }

    /// Has the driver begin to convert a piece, as [`convert`](Self::convert) does, while the caller goes on until it asks what was
    /// [converted](Self::converted). Where another piece has begun already, this one is that which follows if the driver uses all of that; if it does not,
    /// this one is not converted. Nothing else can be asked of the driver meanwhile.
    ///
    /// # Errors
    /// As [`convert`](Self::convert), and [`Error::Bug`] where there is no [room](Self::has_room).
    pub fn begin(&mut self, data: &[u8], ends: Ends) -> Result<(), Error> {
        if self.begun.is_empty() && ends == Ends::Open {
            self.add_rooms()?;
        }
        self.give(data, ends)
    }

    fn give(&mut self, data: &[u8], ends: Ends) -> Result<(), Error> {
        let no_room = || Error::Bug("a piece was given for which there is no room".into());
        if !self.has_room() {
            return Err(no_room());
        }
        let room = self.rooms.get_mut(self.next).ok_or_else(no_room)?;
        room.give(data, flags(ends, self.started))?;
        let header = room.lparam();
        let before = self.begun.back().map(|&(before, _)| self.rooms.get(before).and_then(Room::all_used));
        let all_used = before.map(|used| used.ok_or_else(no_room)).transpose()?;
        self.queue.send_if(ACMDM_STREAM_CONVERT, self.instance.lparam(), header, all_used)?;
        self.started = true;
        self.begun.push_back((self.next, data.len()));
        self.next = (self.next + 1) % self.rooms.len();
        Ok(())
    }

    /// Waits until the first piece that was [begun](Self::begin) is converted, and replaces `out` by what came out. `None` where it was not converted,
    /// because the driver has left a part of the piece before.
    ///
    /// # Errors
    /// As [`convert`](Self::convert), and [`Error::Bug`] where none was begun. None of those that were begun is under way any more then.
    pub fn converted(&mut self, out: &mut Vec<u8>) -> Result<Option<Converted>, Error> {
        let converted = self.take(out);
        if converted.is_err() {
            self.give_up();
        }
        converted
    }

    fn take(&mut self, out: &mut Vec<u8>) -> Result<Option<Converted>, Error> {
        let none = || Error::Bug("a piece was taken that was not given".into());
        let (room, given) = self.begun.pop_front().ok_or_else(none)?;
        let answer = match self.queue.next().ok_or_else(none)?? {
            Answer::Answered(answer) => answer,
            Answer::Dropped => return Ok(None),
        };
        let opened = opened(&self.codec)?;
        answered(opened, ACMDM_STREAM_CONVERT, answer)?;
        let room = self.rooms.get_mut(room).ok_or_else(none)?;
        let Done { used, made } = room.done()?;
        let used = used as usize;
        if used > given {
            let result = format!("{used} of {given} bytes used, which cannot be");
            return Err(opened.refused(ACMDM_STREAM_CONVERT, result));
        }
        take_made(opened, room, made, ACMDM_STREAM_CONVERT, out)?;
        self.ahead = match self.ahead {
            Ahead::Unknown | Ahead::Yes if used == given => Ahead::Yes,
            _ => Ahead::No,
        };
        let block = usize::from(self.output.block_align.max(1));
        Ok(Some(Converted { used, filled: out.len() + block > room.destination_len() }))
    }

    /// Waits until nothing is under way any more, and takes none of it.
    pub(super) fn give_up(&mut self) {
        self.queue.by_ref().for_each(drop);
        self.begun.clear();
    }

    /// Sends ACMDM_STREAM_UNPREPARE, ACMDM_STREAM_CLOSE and DRV_CLOSE.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver stays open, and as [`Session::send`](crate::Session::send).
    pub fn close(mut self) -> Result<(), Error> {
        self.end()
    }

    /// As [`close`](Self::close), and replaces `out` by what the driver puts into the destination when the header is unprepared.
    ///
    /// What is held back comes with [`Ends::Last`] ("acmStreamConvert", MS Learn). Some encoders, LAME's among them, keep their last frames
    /// until ACMDM_STREAM_UNPREPARE and set `cbDstLengthUsed` there. This is for encoders: nothing has to be true of that field then, and
    /// some decoders set it and make nothing.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver refuses to unprepare the header, says that it made more than there is room for, or stays open; and as
    /// [`Session::send`](crate::Session::send). The stream is closed nevertheless.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        out.clear();
        let taken = self.unprepare(Some(out));
        let ended = self.end();
        taken.and(ended)
    }

    /// Has every header unprepared that the driver has prepared. Where there is an `out`, what the driver puts into the destinations then is appended to it, and what
    /// it answers must be success.
    fn unprepare(&mut self, mut out: Option<&mut Vec<u8>>) -> Result<(), Error> {
        self.give_up();
        let opened = opened(&self.codec)?;
        let mut unprepare = |room: &mut Room| {
            if !room.begin_to_unprepare(out.is_some())? {
                return Ok(());
            }
            let answer =
                mmsyserr(opened.send(ACMDM_STREAM_UNPREPARE, self.instance.lparam(), room.lparam())?);
            let Some(out) = out.as_deref_mut() else { return Ok(()) };
            if answer != MMSYSERR_NOERROR {
                return Err(opened.refused(ACMDM_STREAM_UNPREPARE, mmsyserr_text(answer)));
            }
            let (mut last, made) = (Vec::new(), room.said()?.made);
            take_made(opened, room, made, ACMDM_STREAM_UNPREPARE, &mut last)?;
            out.append(&mut last);
            Ok(())
        };
        // Whatever one of them comes to, the others are told.
        self.rooms.iter_mut().map(&mut unprepare).fold(Ok(()), Result::and)
    }

    fn end(&mut self) -> Result<(), Error> {
        if self.codec.is_none() {
            return Ok(());
        }
        // Others of its worker go on without it.
        self.set_crowded(false);
        let unprepared = self.unprepare(None);
        let Some(codec) = self.codec.take() else { return Ok(()) };
        let closed = codec.opened.send(ACMDM_STREAM_CLOSE, self.instance.lparam(), 0);
        codec.close().and(unprepared).and(closed).map(drop)
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!(%error, "an audio codec could not be closed in order");
        }
    }
}

/// Replaces `out` by as much of the destination as the driver says that it has filled, in its answer to a message.
fn take_made(
    opened: &Opened<'_>,
    room: &Room,
    made: u32,
    message: u32,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let (made, most) = (made as usize, room.destination_len());
    if made > most {
        return Err(opened.refused(message, format!("{made} of {most} bytes made, which cannot be")));
    }
    room.take(made, out)
}

fn opened<'a, 's>(codec: &'a Option<Codec<'s>>) -> Result<&'a Opened<'s>, Error> {
    let codec = codec.as_ref().ok_or_else(|| Error::Bug("a stream was used when closed".into()))?;
    Ok(&codec.opened)
}

/// The `ACM_STREAMCONVERTF_` flags of a piece of source data.
fn flags(ends: Ends, started: bool) -> u32 {
    let start = if started && ends != Ends::Alone { 0 } else { ACM_STREAMCONVERTF_START };
    let whole_blocks = if ends == Ends::Rest { 0 } else { ACM_STREAMCONVERTF_BLOCKALIGN };
    let end = if ends == Ends::Open { 0 } else { ACM_STREAMCONVERTF_END };
    start | whole_blocks | end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_last_pieces_are_marked() {
        assert_eq!(flags(Ends::Open, false), 0x14);
        assert_eq!(flags(Ends::Open, true), 0x04);
        assert_eq!(flags(Ends::Last, true), 0x24);
        assert_eq!(flags(Ends::Last, false), 0x34);
        assert_eq!(flags(Ends::Rest, true), 0x20);
        assert_eq!(flags(Ends::Alone, true), 0x34);
    }
}
