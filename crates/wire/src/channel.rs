//! The rings of one worker, two for each of its two lines, and the few words beside them, by place in one piece of shared memory.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::plain::{MARK, Plain};
use crate::ring::{self, Reader, Ring, RingError, Sleep, Writer};

/// The word that holds the number of the request to interrupt.
const INTERRUPT: usize = 0;
/// The word that is not 0 while others need the processors.
const CROWDED: usize = 1;
/// The words that hold the name of the shim that runs, as padded ASCII.
const SHIM: std::ops::Range<usize> = 16..28;
/// Where the first ring begins; a page of its own for each part.
const FIRST_RING: usize = 1024;
const RING: usize = ring::WORDS.next_multiple_of(1024);

/// Words of the memory that a channel needs.
pub(crate) const WORDS: usize = FIRST_RING + 4 * RING;

/// A name that fits where the shim that runs is noted.
pub type Name = [u32; 12];

/// `text`, cut to what a [`Name`] holds.
#[must_use]
pub fn name(text: &str) -> Name {
    let mut words = [0; 12];
    for (index, byte) in text.bytes().take(48).enumerate() {
        words[index / 4] |= u32::from(byte) << (8 * (index % 4));
    }
    words
}

/// Which end of the channel this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The trusted one.
    Host,
    /// The jailed one.
    Worker,
}

/// Which conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Requests, and all that is said while they are served.
    Main,
    /// What the guest's further threads want.
    Aside,
}

/// What is wrong with a channel.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The memory is smaller than [`crate::CHANNEL_SIZE`].
    #[error("the channel's memory is too small")]
    TooSmall,
    /// A ring's rules were broken.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// Bytes that are no message.
    #[error("a message could not be understood: {0}")]
    Message(#[from] postcard::Error),
}

/// Room for most messages, in bytes.
const USUAL: usize = 1024;

/// One of the writer's ways of sending.
type Send = fn(&mut Writer, &Ring<'_>, Sleep, &[u8]) -> Result<(), RingError>;

/// One end of the conversation. The memory is passed to each call, so that whoever maps it also owns it.
#[derive(Debug)]
pub struct Channel {
    /// Where the ring that it writes begins, and the one that it reads.
    rings: (usize, usize),
    sleep: Sleep,
    writer: Writer,
    reader: Reader,
    /// Room for a frame that is sent, and the one that has come.
    out: Box<[u8]>,
    frame: Vec<u8>,
}

impl Channel {
    /// An end of a channel whose memory is still all zero.
    #[must_use]
    pub fn new(side: Side, line: Line, sleep: Sleep) -> Self {
        let to_worker = FIRST_RING + if line == Line::Main { 0 } else { 2 * RING };
        let to_host = to_worker + RING;
        let rings = match side {
            Side::Host => (to_worker, to_host),
            Side::Worker => (to_host, to_worker),
        };
        // Memory is touched when it is needed: most ends only speak or only listen, and most messages are short.
        let (out, frame) = (Box::default(), Vec::with_capacity(ring::LONGEST));
        Self { rings, sleep, writer: Writer::default(), reader: Reader::default(), out, frame }
    }

    /// Sends a message to the other side.
    ///
    /// # Errors
    /// [`ChannelError`]: too long, or the other side does not read.
    pub fn send(
        &mut self,
        memory: &[AtomicU32],
        message: &(impl Serialize + Plain),
    ) -> Result<(), ChannelError> {
        self.put(memory, message, Writer::send)
    }

    /// Sends a message that may be lost: only where it leaves room for those that may not.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_if_room(
        &mut self,
        memory: &[AtomicU32],
        message: &(impl Serialize + Plain),
    ) -> Result<(), ChannelError> {
        self.put(memory, message, Writer::send_if_room)
    }

    /// Sends a message and does not wake the other side for it, which finds it with the next one.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_quietly(
        &mut self,
        memory: &[AtomicU32],
        message: &(impl Serialize + Plain),
    ) -> Result<(), ChannelError> {
        self.put(memory, message, Writer::send_quietly)
    }

    fn put(
        &mut self,
        memory: &[AtomicU32],
        message: &(impl Serialize + Plain),
        send: Send,
    ) -> Result<(), ChannelError> {
        let ring = part(memory, self.rings.0)?;
        if let Some((numbers, count)) = message.numbers() {
            let mut frame = [MARK; 15];
            let (places, _) = frame.as_flattened_mut()[MARK.len()..].as_chunks_mut();
            for (place, number) in places.iter_mut().zip(numbers) {
                *place = number.to_le_bytes();
            }
            let bytes = frame.as_flattened().get(..MARK.len() + 8 * count).unwrap_or_default();
            return Ok(send(&mut self.writer, &ring, self.sleep, bytes)?);
        }
        let length = self.write_down(message)?;
        Ok(send(&mut self.writer, &ring, self.sleep, &self.out[..length])?)
    }

    /// Writes a message to `out`, and answers how long it is. What is too long for a frame finds no room.
    fn write_down(&mut self, message: &impl Serialize) -> Result<usize, postcard::Error> {
        loop {
            let written = postcard::to_slice(message, &mut self.out).map(|bytes| bytes.len());
            let more = if self.out.is_empty() { USUAL } else { ring::LONGEST };
            match written {
                Err(postcard::Error::SerializeBufferFull) if self.out.len() < more => {
                    self.out = vec![0; more].into();
                }
                written => return written,
            }
        }
    }

    /// The next message, waiting for it until the time that `until` names, which is asked only when it comes to sleeping; `None` when
    /// none has come by then.
    ///
    /// # Errors
    /// [`ChannelError`]: what came is not what an honest peer sends.
    pub fn receive<T: DeserializeOwned + Plain>(
        &mut self,
        memory: &[AtomicU32],
        until: impl FnOnce() -> Option<Instant>,
    ) -> Result<Option<T>, ChannelError> {
        let ring = part(memory, self.rings.1)?;
        let crowded = memory.get(CROWDED).is_some_and(|word| word.load(Ordering::Relaxed) != 0);
        let sleep = Sleep { looks: self.sleep.looks && !crowded, ..self.sleep };
        if !self.reader.take_until(&ring, sleep, &mut self.frame, until)? {
            return Ok(None);
        }
        understood(&self.frame).map(Some)
    }

    /// Whether a message is there already.
    #[must_use]
    pub fn has_more(&self, memory: &[AtomicU32]) -> bool {
        part(memory, self.rings.1).is_ok_and(|ring| self.reader.has_more(&ring))
    }

    /// The next message if it is there already.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn take<T: DeserializeOwned + Plain>(
        &mut self,
        memory: &[AtomicU32],
    ) -> Result<Option<T>, ChannelError> {
        let ring = part(memory, self.rings.1)?;
        if !self.reader.take(&ring, &mut self.frame)? {
            return Ok(None);
        }
        understood(&self.frame).map(Some)
    }
}

/// The message that a frame is.
fn understood<T: DeserializeOwned + Plain>(frame: &[u8]) -> Result<T, ChannelError> {
    let Some(numbers) = frame.strip_prefix(&MARK) else { return Ok(postcard::from_bytes(frame)?) };
    let message = match numbers.as_chunks() {
        (numbers, []) => T::from_numbers(numbers),
        _ => None,
    };
    message.ok_or(ChannelError::Message(postcard::Error::DeserializeBadEncoding))
}

/// The word in which the host names the request to interrupt; `None` when the memory is too small.
#[must_use]
pub fn interrupt(memory: &[AtomicU32]) -> Option<&AtomicU32> {
    memory.get(INTERRUPT)
}

/// Says whether others need the processors, so that neither side looks for a message before it sleeps. Either side may say so: it is a matter of speed alone.
pub fn set_crowded(memory: &[AtomicU32], crowded: bool) {
    if let Some(word) = memory.get(CROWDED) {
        word.store(crowded.into(), Ordering::Relaxed);
    }
}

/// Notes the shim that runs, for the case that the worker dies in it. All zero: none.
pub fn note_shim(memory: &[AtomicU32], name: &Name) {
    for (slot, word) in memory.iter().skip(SHIM.start).zip(name) {
        slot.store(*word, Ordering::Relaxed);
    }
}

/// The shim noted last, if any; only printable ASCII, whatever the worker wrote.
#[must_use]
pub fn noted_shim(memory: &[AtomicU32]) -> Option<String> {
    let bytes = memory.get(SHIM)?.iter().flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes());
    let text: String = bytes.take_while(u8::is_ascii_graphic).map(char::from).collect();
    (!text.is_empty()).then_some(text)
}

fn part(memory: &[AtomicU32], start: usize) -> Result<Ring<'_>, ChannelError> {
    memory.get(start..).and_then(Ring::new).ok_or(ChannelError::TooSmall)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Call, Effect, ToHost, ToWorker};

    const SLEEP: Sleep = Sleep { wait: |_, _, _| std::thread::yield_now(), wake: |_| (), looks: true };

    fn memory() -> Vec<AtomicU32> {
        (0..WORDS).map(|_| AtomicU32::new(0)).collect()
    }

    fn ends(line: Line) -> [Channel; 2] {
        [Side::Host, Side::Worker].map(|side| Channel::new(side, line, SLEEP))
    }

    #[test]
    fn the_lines_have_nothing_in_common() {
        let memory = memory();
        let ([mut host, mut worker], [mut aside, mut thread]) = (ends(Line::Main), ends(Line::Aside));
        let want = crate::Want::Registry(crate::RegistryCall::Flush);
        thread.send(&memory, &want).unwrap();
        worker.send(&memory, &ToHost::Threads).unwrap();
        assert_eq!(host.receive(&memory, || None).unwrap(), Some(ToHost::Threads));
        assert_eq!(aside.receive(&memory, || None).unwrap(), Some(want));
        aside.send(&memory, &crate::Served::Done).unwrap();
        assert_eq!(worker.receive::<ToWorker>(&memory, || Some(Instant::now())).unwrap(), None);
        assert_eq!(thread.receive(&memory, || None).unwrap(), Some(crate::Served::Done));
    }

    #[test]
    fn both_directions_work_at_once() {
        let memory = memory();
        let [mut host, mut worker] = ends(Line::Main);
        let call = ToWorker::Call(Call {
            seq: 7,
            function: 0x1000_1234,
            arguments: [1, 2, 3, u64::MAX, 5],
            effect: Effect::Opens,
        });
        let said = ToHost::Said("hello".to_owned());
        host.send(&memory, &call).unwrap();
        worker.send(&memory, &said).unwrap();
        assert_eq!(worker.receive(&memory, || None).unwrap(), Some(call));
        assert_eq!(host.receive(&memory, || None).unwrap(), Some(said));
        assert_eq!(host.receive::<ToHost>(&memory, || Some(Instant::now())).unwrap(), None);
        assert_eq!(host.take::<ToHost>(&memory).unwrap(), None);
        worker.send(&memory, &ToHost::Threads).unwrap();
        assert_eq!(host.take(&memory).unwrap(), Some(ToHost::Threads));
    }

    #[test]
    fn garbage_is_an_error() {
        let memory = memory();
        let [mut host, mut worker] = ends(Line::Main);
        for garbage in [vec![0xff_u8; 20], vec![0xff; 19], vec![0x7f; 9], vec![]] {
            let ring = part(&memory, worker.rings.0).unwrap();
            worker.writer.send(&ring, SLEEP, &garbage).unwrap();
            assert!(matches!(host.receive::<ToHost>(&memory, || None), Err(ChannelError::Message(_))));
        }
        assert!(matches!(host.receive::<ToHost>(&[], || None), Err(ChannelError::TooSmall)));
    }

    #[test]
    fn nobody_looks_for_messages_while_it_is_crowded() {
        let memory = memory();
        let [mut host, _] = ends(Line::Main);
        // How long a reader looks changes with each look in vain.
        let mut waits = |crowded| {
            set_crowded(&memory, crowded);
            let (before, over) = (format!("{:?}", host.reader), Instant::now());
            assert_eq!(host.receive::<ToHost>(&memory, || Some(over)).unwrap(), None);
            before == format!("{:?}", host.reader)
        };
        assert_eq!([waits(true), waits(false)], [true, false]);
    }

    #[test]
    fn the_noted_shim_is_printable() {
        let memory = memory();
        assert_eq!(noted_shim(&memory), None);
        note_shim(&memory, &name("kernel32.dll!GetTickCount"));
        assert_eq!(noted_shim(&memory).as_deref(), Some("kernel32.dll!GetTickCount"));
        note_shim(&memory, &name("a\u{1b}[31m"));
        assert_eq!(noted_shim(&memory).as_deref(), Some("a"));
    }
}
