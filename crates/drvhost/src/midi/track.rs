//! One track, event by event.

use std::io::{Read, Seek};

use super::chunks::Extent;
use super::damage::Flaw;
use super::event::{Short, What, data_len};
use super::packet::Packet;
use super::source::Source;
use crate::media::MediaError;

/// The longest name that is kept, in bytes; it is for display.
const MAX_NAME: usize = 256;
const META_NAME: u8 = 0x03;
const META_END: u8 = 0x2F;
const META_TEMPO: u8 = 0x51;

/// What comes of a step in a track.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something for the instrument.
    Message(What),
    /// A tempo, in microseconds a quarter note.
    Tempo(u32),
    /// The sequence's or track's name, as it stands in the file.
    Name(Vec<u8>),
    /// Nothing.
    Quiet,
    /// The track's end.
    End,
}

/// Why an event cannot be read.
pub(super) enum Cut {
    /// The track has no further byte.
    Ends,
    /// What stands at an offset makes no sense.
    Lost(Flaw, u64),
    /// The system's doing.
    Failed(MediaError),
}

/// A track, and how far it was read.
pub(super) struct Track {
    /// Counted from 1.
    number: usize,
    extent: Extent,
    /// Offset in the file behind what is buffered.
    behind: u64,
    buffer: Vec<u8>,
    /// Which byte of the buffer comes next.
    next: usize,
    /// How much is buffered at a time.
    room: usize,
    /// The tick of the next event, since the track's beginning.
    pub tick: u64,
    /// The status that counts where an event has none. Strictly, meta events and system exclusive ones end it; there are files in
    /// which they do not, and nothing else can be meant by data that follows them.
    running: Option<u8>,
    /// The packet of bytes that is being read: the content of an F0 or F7 event.
    pub packet: Option<Packet>,
    /// What there is of a system exclusive message that is not complete.
    pub open: Option<Vec<u8>>,
    /// Whether there is no further event.
    over: bool,
}

impl Track {
    pub fn new(number: usize, extent: Extent, room: usize) -> Self {
        Self {
            number,
            extent,
            behind: extent.start,
            buffer: Vec::new(),
            next: 0,
            room,
            tick: 0,
            running: None,
            packet: None,
            open: None,
            over: false,
        }
    }

    /// Reads when the next event is, which must be done once before the first step.
    pub fn go_on<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Result<(), MediaError> {
        let start = self.place();
        match self.number(source) {
            Ok(delta) => self.tick = self.tick.saturating_add(delta.into()),
            Err(Cut::Failed(error)) => return Err(error),
            Err(Cut::Lost(flaw, offset)) => {
                self.note(source, flaw, offset);
                self.over = true;
            }
            Err(Cut::Ends) => {
                let between = self.place() == start;
                self.note_end(source, if between { Flaw::NoEndOfTrack } else { Flaw::EndsInEvent });
                self.over = true;
            }
        }
        Ok(())
    }

    /// Reads an event, or a message of one that has several. Then `tick` is that of the next.
    pub fn step<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Result<Step, MediaError> {
        if self.over {
            return Ok(self.end(source));
        }
        match self.event(source) {
            Ok(step) => Ok(step),
            Err(Cut::Failed(error)) => Err(error),
            Err(Cut::Lost(flaw, offset)) => {
                self.note(source, flaw, offset);
                Ok(self.end(source))
            }
            Err(Cut::Ends) => {
                self.note_end(source, Flaw::EndsInEvent);
                Ok(self.end(source))
            }
        }
    }

    /// Gives up all that is held.
    fn end<R>(&mut self, source: &mut Source<R>) -> Step {
        self.over = true;
        self.packet = None;
        self.buffer = Vec::new();
        self.next = 0;
        source.held -= self.open.take().map_or(0, |open| open.len());
        Step::End
    }

    fn event<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Result<Step, Cut> {
        if self.packet.is_some() {
            return self.unpack(source);
        }
        let offset = self.place();
        let first = self.byte(source)?;
        if first < 0x80 {
            let status = self.running.ok_or(Cut::Lost(Flaw::NoEvent { byte: first }, offset))?;
            self.back();
            return self.short(source, status);
        }
        match first {
            0xF0 | 0xF7 => {
                let len = self.number(source)?;
                self.packet = Some(Packet::new(first, len));
                if first == 0xF0 {
                    self.open = Some(vec![first]);
                    source.held += 1;
                }
                self.unpack(source)
            }
            0xFF => self.meta(source),
            0xF4 | 0xF5 => {
                self.note(source, Flaw::UnknownStatus { status: first }, offset);
                self.go_on(source)?;
                Ok(Step::Quiet)
            }
            // Other messages of the system's should be in an escape, but what they mean is plain.
            0xF1..=0xFE => self.short(source, first),
            _ => {
                self.running = Some(first);
                self.short(source, first)
            }
        }
    }

    /// Reads a message's data.
    fn short<R: Read + Seek>(&mut self, source: &mut Source<R>, status: u8) -> Result<Step, Cut> {
        let mut data = [0; 2];
        for byte in data.iter_mut().take(data_len(status).into()) {
            let offset = self.place();
            let read = self.byte(source)?;
            if read >= 0x80 {
                self.note(source, Flaw::DataByte { byte: read }, offset);
            }
            *byte = read & 0x7F;
        }
        self.go_on(source)?;
        Ok(Step::Message(What::Short(Short::new(status, data))))
    }

    fn meta<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Result<Step, Cut> {
        let offset = self.place();
        let kind = self.byte(source)?;
        let len = self.number(source)?;
        let step = match kind {
            META_END => {
                let behind = self.extent.end.saturating_sub(self.place()).saturating_sub(len.into());
                if self.extent.missing > 0 {
                    self.note(source, Flaw::TrackLength { beyond: self.extent.missing }, self.extent.start);
                } else if behind > 0 && self.extent.as_stated {
                    self.note(source, Flaw::BehindEndOfTrack { bytes: behind }, offset);
                }
                return Ok(self.end(source));
            }
            META_TEMPO if len >= 3 => {
                let [high, middle, low] = [self.byte(source)?, self.byte(source)?, self.byte(source)?];
                self.skip(u64::from(len) - 3)?;
                match u32::from_be_bytes([0, high, middle, low]) {
                    0 => None,
                    tempo => Some(Step::Tempo(tempo)),
                }
            }
            META_TEMPO => {
                self.skip(len.into())?;
                None
            }
            META_NAME => {
                let kept = MAX_NAME.min(len as usize);
                let mut name = Vec::new();
                for _ in 0..kept {
                    name.push(self.byte(source)?);
                }
                self.skip(u64::from(len) - kept as u64)?;
                Some(Step::Name(name))
            }
            _ => {
                self.skip(len.into())?;
                Some(Step::Quiet)
            }
        };
        if step.is_none() {
            self.note(source, Flaw::Tempo, offset);
        }
        self.go_on(source)?;
        Ok(step.unwrap_or(Step::Quiet))
    }

    /// Whether the next event goes on with what an F0 event has begun.
    pub fn continues<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Result<bool, Cut> {
        if self.over {
            return Ok(false);
        }
        match self.byte(source) {
            Ok(byte) => {
                self.back();
                Ok(byte == 0xF7)
            }
            Err(Cut::Ends) => Ok(false),
            Err(cut) => Err(cut),
        }
    }

    /// A number of variable length: seven bits a byte, the highest first, and the eighth where more follow; four bytes at most.
    fn number<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Result<u32, Cut> {
        let offset = self.place();
        let mut number = 0;
        for _ in 0..4 {
            let byte = self.byte(source)?;
            number = number << 7 | u32::from(byte & 0x7F);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Cut::Lost(Flaw::LongNumber, offset))
    }

    /// Where the next byte is in the file.
    pub fn place(&self) -> u64 {
        self.behind - (self.buffer.len() - self.next) as u64
    }

    pub fn byte<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Result<u8, Cut> {
        if self.next >= self.buffer.len() {
            let read = source.read(self.behind, self.extent.end, self.room, &mut self.buffer);
            self.next = 0;
            self.behind += self.buffer.len() as u64;
            read.map_err(Cut::Failed)?;
        }
        let byte = *self.buffer.get(self.next).ok_or(Cut::Ends)?;
        self.next += 1;
        Ok(byte)
    }

    /// Has the byte that was read last come once more.
    pub fn back(&mut self) {
        self.next = self.next.saturating_sub(1);
    }

    pub fn skip(&mut self, bytes: u64) -> Result<(), Cut> {
        let buffered = self.buffer.len() - self.next;
        match usize::try_from(bytes) {
            Ok(bytes) if bytes <= buffered => self.next += bytes,
            _ => {
                let place = self.place() + bytes;
                self.buffer.clear();
                self.next = 0;
                self.behind = place.min(self.extent.end);
                if place > self.extent.end {
                    return Err(Cut::Ends);
                }
            }
        }
        Ok(())
    }

    pub fn note<R>(&self, source: &mut Source<R>, flaw: Flaw, offset: u64) {
        source.flaws.note(flaw, offset, Some(self.number));
    }

    /// Notes that the track's bytes are over, which is the file's doing where that is cut off.
    fn note_end<R>(&self, source: &mut Source<R>, flaw: Flaw) {
        let flaw = match self.extent.missing {
            0 => flaw,
            missing => Flaw::EndsInTrack { missing },
        };
        self.note(source, flaw, self.extent.end);
    }
}

impl From<MediaError> for Cut {
    fn from(error: MediaError) -> Self {
        Self::Failed(error)
    }
}
