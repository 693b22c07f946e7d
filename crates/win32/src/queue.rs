//! Calls that the host asks for before the ones before them are answered, so that neither side waits for the other between two of them.

use std::collections::VecDeque;

use guest::layout::Region;
use guest::{Fault, FaultKind, Stop};
use wire::{Copied, MOST_QUEUED, Queued, Stands, ToHost, ToWorker};

use crate::process::{LinkError, Process, fault_of};

/// What is queued.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// What has come while a call before it was waiting for an answer of the host's.
    put_off: VecDeque<Queued>,
    /// The number of the last queued call, if it was answered; else 0.
    answered: u32,
}

impl Process {
    /// The next thing that the host asks for while no call is on its way.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn next_request(&mut self) -> Result<ToWorker, LinkError> {
        match self.queue.put_off.pop_front() {
            Some(queued) => Ok(ToWorker::Queued(Box::new(queued))),
            None => self.listen(),
        }
    }

    /// Keeps a queued call until those before it are answered.
    pub(crate) fn put_off(&mut self, queued: Queued) -> Result<(), LinkError> {
        if self.queue.put_off.len() >= MOST_QUEUED {
            return Err(LinkError);
        }
        self.queue.put_off.push_back(queued);
        Ok(())
    }

    /// Serves a queued call and answers it, unless the one that it comes after was not answered, or has not left behind what it was to: who has queued
    /// it did not know that then.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn answer_queued(&mut self, queued: &Queued) -> Result<(), LinkError> {
        let &Queued { call, after, only_if, before, then, quiet } = queued;
        let wanted = after == 0 || after == self.queue.answered;
        if !wanted || !only_if.is_none_or(|stands| self.stands(stands)) {
            self.queue.answered = 0;
            return self.link.say(&ToHost::Dropped { seq: call.seq });
        }
        let outcome = self.serve(call.seq, |process| {
            process.do_what_waits()?;
            process.copy_in_arena(before)?;
            let outcome = process.call_driver(call.function, &call.arguments);
            process.take_effect(&call, &outcome);
            let result = outcome?;
            process.copy_in_arena(then)?;
            Ok(result)
        });
        self.queue.answered = if outcome.is_ok() { call.seq } else { 0 };
        let goes_on = outcome.is_ok() && (!self.queue.put_off.is_empty() || self.hears_more());
        let message = self.end_of(call.seq, outcome);
        if quiet && goes_on { self.link.say_quietly(&message) } else { self.link.say(&message) }
    }

    /// Whether a number stands where it is to.
    fn stands(&self, Stands { address, number }: Stands) -> bool {
        let mut found = [0; size_of::<u32>()];
        self.machine.memory.read(address, &mut found).is_ok() && u32::from_le_bytes(found) == number
    }

    /// Copies from one place of the arena to another, and nowhere else.
    fn copy_in_arena(&self, copied: Option<Copied>) -> Result<(), Fault> {
        let Some(Copied { from, to, len }) = copied else { return Ok(()) };
        let memory = &self.machine.memory;
        let arena = &memory.layout()[Region::Arena];
        let inside =
            |at: u64| arena.start <= at && at.checked_add(len.into()).is_some_and(|end| end <= arena.end);
        if inside(from) && inside(to) && memory.copy(to, from, len as usize).is_ok() {
            return Ok(());
        }
        Err(fault_of(Stop::Kind(FaultKind::Shim { shim: "a copy in the shared memory".to_owned() })))
    }
}

#[cfg(test)]
mod tests {
    use guest::Mode;
    use wire::{Call, Effect};

    use super::*;
    use crate::testing::{Guest, alone};

    fn queued(number: u32) -> Queued {
        let call = Call { seq: number, function: 0, arguments: [0; 5], effect: Effect::None };
        Queued { call, after: 0, only_if: None, before: None, then: None, quiet: false }
    }

    #[test]
    fn only_the_arena_is_copied_from_and_to() {
        alone(|| {
            let guest = Guest::new(Mode::X86_64);
            let (process, own) = (&guest.process, guest.room);
            let arena = process.machine.memory.layout()[Region::Arena].clone();
            assert_eq!(process.machine.memory.copy(own + 64, own, 8), Ok(()));
            let outside = [(own, own + 64), (own, arena.start), (arena.start, own)];
            let beyond =
                [(arena.end - 4, arena.start), (u64::MAX - 4, arena.start), (arena.start - 4, arena.start)];
            for (from, to) in outside.into_iter().chain(beyond) {
                assert!(
                    process.copy_in_arena(Some(Copied { from, to, len: 8 })).is_err(),
                    "{from:#x}, {to:#x}"
                );
            }
            assert!(process.copy_in_arena(None).is_ok());
        });
    }

    #[test]
    fn so_many_are_put_off_and_come_in_order() {
        alone(|| {
            let mut guest = Guest::new(Mode::X86_64);
            let most = u32::try_from(MOST_QUEUED).unwrap();
            for number in 1..=most {
                assert!(guest.process.put_off(queued(number)).is_ok());
            }
            assert!(guest.process.put_off(queued(most + 1)).is_err());
            for number in 1..=most {
                let next = guest.process.next_request().map_err(|_| ()).unwrap();
                assert_eq!(next, ToWorker::Queued(Box::new(queued(number))));
            }
        });
    }
}
