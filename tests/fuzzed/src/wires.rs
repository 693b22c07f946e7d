//! What host and worker say to each other, when the other side says anything at all.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeTuple, Serializer};
use wire::ring::{self, Reader, Ring, RingError, Sleep, Writer};
use wire::{CHANNEL_SIZE, Channel, Line, Plain, Served, Side, ToHost, ToWorker, Want};

/// Nobody ever waits here.
const SLEEP: Sleep = Sleep { wait: |_, _, _| (), wake: |_| (), looks: true };

/// A frame of just these bytes.
struct Frame<'a>(&'a [u8]);

impl Plain for Frame<'_> {}

impl Serialize for Frame<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut frame = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|byte| frame.serialize_element(byte))?;
        frame.end()
    }
}

/// Memory that two sides share, all zero.
fn memory(words: usize) -> Vec<AtomicU32> {
    (0..words).map(|_| AtomicU32::new(0)).collect()
}

/// What a worker may send to the host, on either line.
///
/// # Panics
/// When a message is understood that is another one when it is sent again.
pub fn to_host(bytes: &[u8]) {
    arrives::<ToHost>(Side::Worker, Line::Main, bytes);
    arrives::<Want>(Side::Worker, Line::Aside, bytes);
}

/// What the host may send to a worker, on either line.
///
/// # Panics
/// As [`to_host`].
pub fn to_worker(bytes: &[u8]) {
    arrives::<ToWorker>(Side::Host, Line::Main, bytes);
    arrives::<Served>(Side::Host, Line::Aside, bytes);
}

/// Sends bytes to the other side and has them understood as a message.
fn arrives<T: Serialize + DeserializeOwned + Plain + PartialEq + Debug>(
    from: Side,
    line: Line,
    bytes: &[u8],
) {
    let to = if from == Side::Host { Side::Worker } else { Side::Host };
    let memory = memory(CHANNEL_SIZE / size_of::<u32>());
    let (mut sender, mut receiver) = (Channel::new(from, line, SLEEP), Channel::new(to, line, SLEEP));
    if bytes.len() > ring::LONGEST {
        assert!(sender.send(&memory, &Frame(bytes)).is_err());
        return;
    }
    assert!(sender.send(&memory, &Frame(bytes)).is_ok());
    let Ok(message) = receiver.receive::<T>(&memory, || Some(Instant::now())) else { return };
    let Some(message) = message else { panic!("what was sent has not come") };
    // Numbers can be written with more bytes than they need, never with fewer.
    assert!(sender.send(&memory, &message).is_ok());
    let Ok(again) = receiver.receive::<T>(&memory, || Some(Instant::now())) else {
        panic!("{message:?} is not understood")
    };
    assert_eq!(again, Some(message));
}

/// A ring whose other side follows its rules until it does not: what happens to it, four bytes each.
///
/// # Panics
/// When what a side that follows the rules has sent comes otherwise, or a frame is longer than any can be.
pub fn ring(bytes: &[u8]) {
    let memory = memory(ring::WORDS);
    let Some(ring) = Ring::new(&memory) else { panic!("the memory of a ring is enough for one") };
    let (mut writer, mut reader, mut frame) = (Writer::default(), Reader::default(), Vec::new());
    let (mut sent, mut forged) = (VecDeque::new(), false);
    for &[what, first, low, high] in bytes.as_chunks::<4>().0 {
        let number = u16::from_le_bytes([low, high]);
        match what % 5 {
            0 | 1 => {
                let content = vec![first; number.into()];
                let send = if what % 5 == 0 { Writer::send } else { Writer::send_if_room };
                match send(&mut writer, &ring, SLEEP, &content) {
                    Ok(()) => sent.push_back(content),
                    Err(RingError::TooLong(len)) => assert!(len == content.len() && len > ring::LONGEST),
                    Err(RingError::Full) => {}
                    Err(RingError::Forged) => assert!(forged),
                }
            }
            2 | 3 => {
                let taken = if what % 5 == 2 {
                    reader.take(&ring, &mut frame)
                } else {
                    reader.take_until(&ring, SLEEP, &mut frame, || Some(Instant::now()))
                };
                assert!(frame.len() <= ring::LONGEST);
                assert!(forged || taken == Ok(!sent.is_empty()));
                let expected = sent.pop_front();
                assert!(forged || expected.is_none_or(|expected| expected == frame));
            }
            _ => {
                // Any word of the ring, its indices among them, by a side that may write where it likes.
                forged = true;
                let word = &memory[usize::from(number) % memory.len()];
                let value = word.load(Ordering::Relaxed);
                word.store(value ^ 1 << (first % 32), Ordering::Relaxed);
            }
        }
    }
}
