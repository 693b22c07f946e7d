//! An open MIDI output device: one client of a driver.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mmsystem::devices::{
    MODM_CLOSE, MODM_DATA, MODM_GETVOLUME, MODM_LONGDATA, MODM_OPEN, MODM_PREPARE, MODM_RESET,
    MODM_SETVOLUME, MODM_UNPREPARE,
};
use mmsystem::{
    MIDI_IO_COOKED, MIDIERR_NOTREADY, MIDIERR_STILLPLAYING, MIDIOPENDESC, MMSYSERR_NOERROR,
    MMSYSERR_NOTSUPPORTED, Width,
};

use super::buffer::Buffer;
use super::in_use::OpenDevice;
use super::{Held, tell_of_close};
use crate::arena::Block;
use crate::entry::{DeviceMessage, Entry};
use crate::error::Error;
use crate::opened::encoded;

/// The longest buffer that a driver gets: MIDI buffers are shorter than 64 KiB ("midiOutLongMsg", MS Learn).
pub(super) const LONGEST_PIECE: usize = 0xFFF0;
/// How many buffers a driver may keep for good before it gets no more.
const MOST_KEPT: usize = 8;
/// How often a device is closed that says that it still plays, with a reset before each further time.
const CLOSES: usize = 3;
/// How long is waited before a driver is looked at again.
const PAUSE: Duration = Duration::from_millis(1);

/// Who hears of a device, as MODM_OPEN says it. By default nobody: the host looks by itself whether buffers are back.
///
/// Addresses and handles are those of the driver's worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Client {
    /// The function, event, window or thread.
    pub callback: u64,
    /// The client's own value.
    pub instance: u64,
    /// A `CALLBACK_` value, and `MIDI_IO_` flags.
    pub flags: u32,
}

/// What is done while a driver is waited for.
type Pace = Box<dyn FnMut() -> Result<(), Error> + Send>;

/// An open MIDI output device. Dropping it resets and closes it.
pub struct Output {
    held: Arc<Held>,
    device: u32,
    /// What the driver has stored for this client (C129).
    user: u64,
    /// Where it has stored that, and what it was opened with: drivers may keep the addresses.
    _kept: [Block; 2],
    /// Buffers that the driver did not give back.
    lost: Vec<Buffer>,
    pace: Pace,
    closed: bool,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("held", &self.held)
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

impl Output {
    /// Sends MODM_OPEN.
    pub(super) fn open(held: Arc<Held>, device: u32, client: Client) -> Result<Self, Error> {
        // Nobody but the client has a use for the handle, so any will do that is nobody else's.
        let handle = held.session.inner().numbers.new_handle().ok_or(Error::NoHandles)?;
        let description = MIDIOPENDESC {
            hMidi: handle.0,
            dwCallback: client.callback,
            dwInstance: client.instance,
            // A stream is told by its number, which is 0, and its device's.
            cIds: u32::from(client.flags & MIDI_IO_COOKED != 0),
            rgIds: [0, device],
            ..MIDIOPENDESC::default()
        };
        let description = held.arena.block_with(&encoded(&description, held.width())?)?;
        let user = held.arena.block_with(&[0; 8])?;
        held.ask(&DeviceMessage {
            entry: Entry::ModMessage,
            device,
            number: MODM_OPEN,
            user: user.address(),
            param1: description.address(),
            param2: client.flags.into(),
        })?;
        let mut bytes = [0; 8];
        user.read(0, &mut bytes)?;
        let stored = u64::from_le_bytes(bytes);
        let user_value = match held.width() {
            Width::Bits32 => stored & 0xFFFF_FFFF,
            Width::Bits64 => stored,
        };
        held.session.inner().devices.opened(held.hdrvr, OpenDevice { device, user: user_value });
        let pace = || {
            std::thread::sleep(PAUSE);
            Ok(())
        };
        Ok(Self {
            held,
            device,
            user: user_value,
            _kept: [description, user],
            lost: Vec::new(),
            pace: Box::new(pace),
            closed: false,
        })
    }

    /// What is done while the driver is waited for, again and again until it is ready: a millisecond's sleep unless set. Where time stands still for the
    /// driver unless somebody advances it, that has to be done here.
    pub fn set_pace(&mut self, pace: impl FnMut() -> Result<(), Error> + Send + 'static) {
        self.pace = Box::new(pace);
    }

    /// The device's number.
    #[must_use]
    pub fn device(&self) -> u32 {
        self.device
    }

    /// The instance that it belongs to.
    pub(super) fn held(&self) -> &Held {
        &self.held
    }

    fn message(&self, number: u32, param1: u64, param2: u64) -> DeviceMessage {
        DeviceMessage {
            entry: Entry::ModMessage,
            device: self.device,
            number,
            user: self.user,
            param1,
            param2,
        }
    }

    /// Sends any message to the device and answers what the driver answered.
    ///
    /// # Errors
    /// As [`Session::send`](crate::Session::send).
    pub fn send(&self, number: u32, param1: u64, param2: u64) -> Result<u32, Error> {
        self.held.call(&self.message(number, param1, param2))
    }

    /// Sends a message that only MMSYSERR_NOERROR lets go on.
    pub(super) fn ask(&self, number: u32, param1: u64, param2: u64) -> Result<(), Error> {
        self.held.ask(&self.message(number, param1, param2))
    }

    /// When what begins now must be done.
    fn until(&self) -> Option<Instant> {
        self.held.session.inner().until()
    }

    /// Sends a message again while the driver says that it is not ready, until its deadline.
    fn insist(&mut self, number: u32, param1: u64, param2: u64) -> Result<(), Error> {
        let until = self.until();
        loop {
            match self.send(number, param1, param2)? {
                MMSYSERR_NOERROR => return Ok(()),
                MIDIERR_NOTREADY if until.is_none_or(|until| Instant::now() < until) => (self.pace)()?,
                answer => return Err(self.held.refused(&self.message(number, param1, param2), answer)),
            }
        }
    }

    /// Plays a short message (MODM_DATA): a status byte, and as many bytes of data as go with it, the others 0.
    ///
    /// # Errors
    /// [`Error::Refused`], and as [`Session::send`](crate::Session::send).
    pub fn short(&mut self, [status, first, second]: [u8; 3]) -> Result<(), Error> {
        self.insist(MODM_DATA, u32::from_le_bytes([status, first, second, 0]).into(), 0)
    }

    /// Plays a long message, such as a system exclusive one of any length (MODM_LONGDATA): in pieces of less than 64 KiB, each of which the driver has given back
    /// before the next one goes.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Kept`] when the driver does not give a buffer back within its deadline, and as [`Session::send`](crate::Session::send).
    pub fn long(&mut self, data: &[u8]) -> Result<(), Error> {
        data.chunks(LONGEST_PIECE).try_for_each(|piece| self.piece(piece))
    }

    fn piece(&mut self, data: &[u8]) -> Result<(), Error> {
        self.lost.retain(|buffer| !buffer.is_back().unwrap_or(false));
        if self.lost.len() >= MOST_KEPT {
            return Err(self.kept());
        }
        let buffer = Buffer::new(&self.held.arena, data)?;
        self.prepare(&buffer)?;
        let (address, size) = (buffer.address(), buffer.size as u64);
        if let Err(error) = self.insist(MODM_LONGDATA, address, size) {
            // One that did not come back from the message may have the buffer still.
            if matches!(error, Error::Refused { .. }) {
                // What it answers to that is not what went wrong.
                let _ = self.unprepare(&buffer);
            } else {
                self.lost.push(buffer);
            }
            return Err(error);
        }
        if !self.wait_for(&buffer)? {
            // All buffers come back with a reset, if at all.
            let reset = self.reset();
            if !buffer.is_back()? {
                self.lost.push(buffer);
            }
            return reset.and(Err(self.kept()));
        }
        self.unprepare(&buffer)
    }

    /// The error for a buffer that does not come back.
    fn kept(&self) -> Error {
        Error::Kept { driver: self.held.driver.clone(), message: "MODM_LONGDATA".into() }
    }

    /// Waits until the driver has given a buffer back; whether it has within its deadline.
    fn wait_for(&mut self, buffer: &Buffer) -> Result<bool, Error> {
        let until = self.until();
        while !buffer.is_back()? {
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(false);
            }
            if self.held.session.is_dead(self.held.hdrvr)? {
                return self.send(MODM_RESET, 0, 0).map(|_| false);
            }
            (self.pace)()?;
        }
        Ok(true)
    }

    /// Prepares a buffer. A driver that does not know of that leaves it to the system.
    pub(super) fn prepare(&self, buffer: &Buffer) -> Result<(), Error> {
        let message = self.message(MODM_PREPARE, buffer.address(), buffer.size as u64);
        match self.held.call(&message)? {
            MMSYSERR_NOERROR if buffer.is_prepared()? => Ok(()),
            MMSYSERR_NOERROR | MMSYSERR_NOTSUPPORTED => buffer.mark_prepared(),
            answer => Err(self.held.refused(&message, answer)),
        }
    }

    /// Undoes that.
    pub(super) fn unprepare(&self, buffer: &Buffer) -> Result<(), Error> {
        let message = self.message(MODM_UNPREPARE, buffer.address(), buffer.size as u64);
        match self.held.call(&message)? {
            MMSYSERR_NOERROR | MMSYSERR_NOTSUPPORTED => buffer.mark_unprepared(),
            answer => Err(self.held.refused(&message, answer)),
        }
    }

    /// Turns all notes off and has all buffers given back (MODM_RESET). For a driver that does not know of that, the notes of each channel are turned off by
    /// controllers.
    ///
    /// # Errors
    /// [`Error::Refused`], and as [`Session::send`](crate::Session::send).
    pub fn reset(&mut self) -> Result<(), Error> {
        match self.send(MODM_RESET, 0, 0)? {
            MMSYSERR_NOERROR => Ok(()),
            MMSYSERR_NOTSUPPORTED => self.silence(),
            answer => Err(self.held.refused(&self.message(MODM_RESET, 0, 0), answer)),
        }
    }

    /// Lifts the pedal and turns all notes off, on each channel.
    fn silence(&mut self) -> Result<(), Error> {
        const SUSTAIN: u8 = 64;
        const ALL_NOTES_OFF: u8 = 123;
        (0..16).try_for_each(|channel| {
            self.short([0xB0 | channel, SUSTAIN, 0])?;
            self.short([0xB0 | channel, ALL_NOTES_OFF, 0])
        })
    }

    /// The volume, left in the low word and right in the high one (MODM_GETVOLUME).
    ///
    /// # Errors
    /// [`Error::Refused`], and as [`Session::send`](crate::Session::send).
    pub fn volume(&self) -> Result<u32, Error> {
        let block = self.held.arena.block_with(&[0; 4])?;
        self.ask(MODM_GETVOLUME, block.address(), 0)?;
        let mut bytes = [0; 4];
        block.read(0, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Sets the volume (MODM_SETVOLUME).
    ///
    /// # Errors
    /// [`Error::Refused`], and as [`Session::send`](crate::Session::send).
    pub fn set_volume(&self, volume: u32) -> Result<(), Error> {
        self.ask(MODM_SETVOLUME, volume.into(), 0)
    }

    /// Closes the device (MODM_CLOSE). One that says that it still plays is reset first.
    ///
    /// # Errors
    /// [`Error::Refused`], and as [`Session::send`](crate::Session::send).
    pub fn close(mut self) -> Result<(), Error> {
        self.send_close()
    }

    fn send_close(&mut self) -> Result<(), Error> {
        self.closed = true;
        let open = OpenDevice { device: self.device, user: self.user };
        self.held.session.inner().devices.closed(self.held.hdrvr, open);
        for _ in 1..CLOSES {
            match self.send(MODM_CLOSE, 0, 0)? {
                MMSYSERR_NOERROR => return Ok(()),
                MIDIERR_STILLPLAYING => {
                    self.reset()?;
                    (self.pace)()?;
                }
                answer => return Err(self.held.refused(&self.message(MODM_CLOSE, 0, 0), answer)),
            }
        }
        self.ask(MODM_CLOSE, 0, 0)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        if let Err(error) = self.reset().and_then(|()| self.send_close()) {
            tell_of_close(&error, "a MIDI device could not be closed");
        }
    }
}
