//! The content of F0 and F7 events: bytes as they go over the wire.
//!
//! An F0 event has a system exclusive message without its F0. One that does not end in F7 goes on in F7 events, its packets, and is
//! given when it is complete, at the time of the last of them. Otherwise an F7 event is an escape: any bytes, which are taken as the
//! messages that they are.

use std::io::{Read, Seek};

use super::damage::Flaw;
use super::event::{Short, What, data_len};
use super::source::Source;
use super::track::{Cut, Step, Track};

/// How many bytes of system exclusive messages are kept until they are complete, for all tracks together: 1 MiB is more than any
/// device takes, and sixteen times that are no burden.
pub(super) const MAX_OPEN: usize = 16 << 20;

/// An event's content, and how far it was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    /// How many bytes are left.
    left: u32,
    /// Whether it is an F7 event of which nothing was read.
    fresh_escape: bool,
    /// The status of the message that is being read, if one is.
    status: Option<u8>,
    data: [u8; 2],
    /// How much data of it there is.
    have: u8,
}

impl Packet {
    pub fn new(event: u8, len: u32) -> Self {
        Self { left: len, fresh_escape: event == 0xF7, status: None, data: [0; 2], have: 0 }
    }

    /// Takes a byte of data for a short message, which is given when it is complete; the error is that there is none.
    fn take(&mut self, byte: u8) -> Result<Option<Short>, ()> {
        let status = self.status.ok_or(())?;
        *self.data.get_mut(usize::from(self.have)).ok_or(())? = byte;
        self.have += 1;
        if self.have < data_len(status) {
            return Ok(None);
        }
        self.have = 0;
        // Running status is for messages of channels.
        self.status = self.status.filter(|status| *status < 0xF0);
        Ok(Some(Short::new(status, self.data)))
    }
}

impl Track {
    /// Reads on in a packet, up to the next message or its end.
    pub(super) fn unpack<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Result<Step, Cut> {
        let Some(mut packet) = self.packet else { return Ok(Step::Quiet) };
        while packet.left > 0 {
            let offset = self.place();
            let byte = self.byte(source)?;
            packet.left -= 1;
            let fresh_escape = std::mem::take(&mut packet.fresh_escape);
            let what = match byte {
                0x00..0x80 if self.open.is_some() => {
                    self.keep(source, byte, offset, &mut packet)?;
                    None
                }
                0x00..0x80 => packet
                    .take(byte)
                    .unwrap_or_else(|()| {
                        self.note(source, Flaw::StrayBytes, offset);
                        None
                    })
                    .map(What::Short),
                0xF8..=0xFF => Some(What::Short(Short::new(byte, [0; 2]))),
                0xF7 => self.close(source),
                // An escape, so nothing goes on with what is open.
                _ if self.open.is_some() && fresh_escape => {
                    self.note(source, Flaw::OpenSysEx, offset);
                    self.back();
                    packet.left += 1;
                    self.close(source)
                }
                _ if self.open.is_some() => {
                    self.note(source, Flaw::BrokenSysEx, offset);
                    self.drop_open(source, &mut packet)?;
                    None
                }
                0xF0 => {
                    self.open = Some(vec![byte]);
                    source.held += 1;
                    packet.status = None;
                    None
                }
                _ => {
                    if packet.have > 0 {
                        self.note(source, Flaw::StrayBytes, offset);
                    }
                    (packet.status, packet.have) = (Some(byte), 0);
                    match byte {
                        0xF6 => {
                            packet.status = None;
                            Some(What::Short(Short::new(byte, [0; 2])))
                        }
                        0xF4 | 0xF5 => {
                            self.note(source, Flaw::UnknownStatus { status: byte }, offset);
                            packet.status = None;
                            None
                        }
                        _ => None,
                    }
                }
            };
            if let Some(what) = what {
                self.packet = Some(packet);
                return Ok(Step::Message(what));
            }
        }
        let end = self.place();
        if packet.have > 0 {
            self.note(source, Flaw::StrayBytes, end);
        }
        self.packet = None;
        self.go_on(source)?;
        if self.open.is_some() && !self.continues(source)? {
            self.note(source, Flaw::OpenSysEx, end);
            return Ok(self.close(source).map_or(Step::Quiet, Step::Message));
        }
        Ok(Step::Quiet)
    }

    /// Adds a byte to the message that is open.
    fn keep<R: Read + Seek>(
        &mut self,
        source: &mut Source<R>,
        byte: u8,
        offset: u64,
        packet: &mut Packet,
    ) -> Result<(), Cut> {
        if source.held >= MAX_OPEN {
            self.note(source, Flaw::LongSysEx, offset);
            return self.drop_open(source, packet);
        }
        if let Some(open) = &mut self.open {
            open.push(byte);
            source.held += 1;
        }
        Ok(())
    }

    /// Leaves out the message that is open, and the rest of the packet.
    fn drop_open<R: Read + Seek>(&mut self, source: &mut Source<R>, packet: &mut Packet) -> Result<(), Cut> {
        source.held -= self.open.take().map_or(0, |open| open.len());
        self.skip(std::mem::take(&mut packet.left).into())
    }

    /// Ends the message that is open, if one is.
    fn close<R>(&mut self, source: &mut Source<R>) -> Option<What> {
        let mut message = self.open.take()?;
        source.held -= message.len();
        message.push(0xF7);
        Some(What::SysEx(message))
    }
}
