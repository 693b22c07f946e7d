//! Giving a driver source data, piece by piece, with what it makes of one written while it is at the next.

use std::collections::VecDeque;

use super::{Samples, Sink};
use crate::acm::Ends;
use crate::decode::trouble::{is_of_one_packet, is_of_one_worker};
use crate::error::{Blame, Error};
use crate::media::SampleSource;

/// How often in a row a driver may use nothing of the source and still make samples.
const MAX_IDLE: u32 = 64;

/// Room for source data, by how much drivers have at a time: the more, the less often what is left moves to the front.
const ROOM: usize = 4;

/// Source data that is not used up yet.
#[derive(Default)]
pub(super) struct Pending {
    /// It stands in here,
    room: Vec<u8>,
    /// from here
    from: usize,
    /// to here.
    to: usize,
    /// How much of the file was read.
    read: u64,
}

impl Pending {
    /// What is not used up.
    pub fn bytes(&self) -> &[u8] {
        self.room.get(self.from..self.to).unwrap_or_default()
    }

    /// Fills up to `len` bytes, where a driver is given up to `capacity` at a time; answers whether these are the last.
    fn fill(&mut self, source: &mut dyn SampleSource, len: usize, capacity: usize) -> Result<bool, Error> {
        if self.from + len > self.room.len() {
            if len.saturating_mul(2) > self.room.len() {
                let mut room = vec![0; len.max(capacity).saturating_mul(ROOM)];
                room.get_mut(..self.bytes().len()).unwrap_or_default().copy_from_slice(self.bytes());
                self.room = room;
            } else {
                self.room.copy_within(self.from..self.to, 0);
            }
            (self.from, self.to) = (0, self.to - self.from);
        }
        let mut last = false;
        // A stream in pieces gives less than is asked for.
        while let Some(room) = self.room.get_mut(self.to..self.from + len).filter(|room| !room.is_empty()) {
            let read = source.read_data(room)?;
            self.to += read;
            self.read += read as u64;
            if read == 0 {
                last = true;
                break;
            }
        }
        Ok(last || source.data_len().is_some_and(|len| self.read >= len))
    }

    /// How many bytes of the file are used up.
    fn used(&self) -> u64 {
        self.read - self.bytes().len() as u64
    }

    /// So many more are used up.
    fn uses(&mut self, len: usize) {
        self.from = self.to.min(self.from + len);
    }
}

/// Pieces that a driver has been given, which it may not have converted yet.
#[derive(Default)]
struct Given {
    /// How many bytes each has.
    lens: VecDeque<usize>,
    /// Whether the last one is the source's last.
    last: bool,
}

impl Given {
    /// Gives what follows as long as there is room for it: the first piece in any case, further ones only if there is something in them.
    fn more(
        &mut self,
        source: &mut dyn SampleSource,
        samples: &mut Samples<'_>,
        pending: &mut Pending,
    ) -> Result<(), Error> {
        while self.lens.is_empty() || (!self.last && samples.has_room()) {
            let (at, capacity) = (self.lens.iter().sum::<usize>(), samples.capacity());
            let ended = pending.fill(source, at + capacity, capacity)?;
            let left = pending.bytes().get(at..).unwrap_or_default();
            let piece = left.get(..capacity).unwrap_or(left);
            if piece.is_empty() && at > 0 {
                break;
            }
            let last = ended && piece.len() == left.len();
            match samples.begin(piece, if last { Ends::Last } else { Ends::Open }) {
                Ok(()) => {}
                // What has become of the one before comes first.
                Err(_) if at > 0 => break,
                Err(error) => return Err(error),
            }
            self.lens.push_back(piece.len());
            self.last = last;
        }
        Ok(())
    }

    /// The first of them has ended.
    fn ended(&mut self) {
        self.lens.pop_front();
        self.last &= !self.lens.is_empty();
    }
}

/// Converts all source data up to the last whole block, which stays in `pending`. Answers why it stopped before, and whose doing that is.
pub(super) fn feed(
    source: &mut dyn SampleSource,
    samples: &mut Samples<'_>,
    pending: &mut Pending,
    sink: &mut Sink,
    mut report: impl FnMut(u64, Option<u64>) -> Result<(), Error>,
) -> Result<Option<(Blame, String)>, Error> {
    let total = source.data_len();
    let mut given = Given::default();
    // What the driver makes, and what it made before, which is hashed and written meanwhile.
    let (mut pcm, mut made) = (Vec::new(), Vec::new());
    let mut idle = 0;
    let stopped = loop {
        let begun = given.more(source, samples, pending);
        let used_before = pending.used();
        let place = || match total {
            Some(total) => format!("byte {used_before} of {total} of the samples"),
            None => format!("byte {used_before} of the samples"),
        };
        let last = given.last && given.lens.len() == 1;
        sink.put(&made)?;
        let converted = match begun.and_then(|()| samples.converted(pending.bytes(), &mut pcm)) {
            Ok(converted) => converted,
            // What was decoded up to here is worth keeping.
            Err(error) if sink.made > 0 && (is_of_one_packet(&error) || is_of_one_worker(&error)) => {
                let blame = if is_of_one_worker(&error) { Blame::Driver } else { Blame::Media };
                // It has been written.
                made.clear();
                break Some((blame, format!("decoding stopped at {}: {error}", place())));
            }
            Err(error) => return Err(error),
        };
        given.ended();
        let Some(converted) = converted else {
            // Its turn comes again, from where the driver has come to.
            made.clear();
            continue;
        };
        let nothing = pcm.is_empty();
        sink.count(&mut pcm);
        std::mem::swap(&mut pcm, &mut made);
        pending.uses(converted.used);
        report(used_before + converted.used as u64, total)?;
        idle = if converted.used == 0 { idle + 1 } else { 0 };
        let stuck = (converted.used == 0 && nothing) || idle > MAX_IDLE;
        if sink.full() || (last && (stuck || (pending.bytes().is_empty() && !converted.filled))) {
            break None;
        }
        if stuck {
            let why = format!("decoding stopped at {}: the driver uses no more of them", place());
            break Some((Blame::Media, why));
        }
    };
    sink.put(&made)?;
    Ok(stopped)
}
