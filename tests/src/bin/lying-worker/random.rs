//! What comes to mind.

use std::time::{Duration, Instant};

use drvhost_tests::{Scribble, XOR};
use wire::{Advanced, Asked, Disposition, Entered, FaultKind, FileCall, Loaded, ToHost, ToWorker, Want};

use super::{CONTROLS, Liar, fault, loaded, started};

impl Liar {
    /// Says what comes to mind: messages that mean something, with numbers near what they should be, between them bytes that mean nothing.
    pub fn play_at_random(&mut self, seed: u64) -> Result<(), Box<dyn std::error::Error>> {
        let mut dice = Scribble::new(seed);
        self.say(&ToHost::Started(started().into()));
        for _ in 0..40 {
            // Whatever the host says, if anything.
            let until = Instant::now() + Duration::from_millis(u64::from(dice.below(4)));
            if let Ok(Some(heard)) = self.channel.receive::<ToWorker>(self.words, || Some(until)) {
                match &heard {
                    ToWorker::Load(load) => self.last = load.seq,
                    ToWorker::Call(call) => self.last = call.seq,
                    ToWorker::Queued(queued) => self.last = queued.call.seq,
                    ToWorker::Unload { seq, .. } | ToWorker::Advance { seq, .. } => self.last = *seq,
                    _ => {}
                }
                // Mostly as it should be, or nobody would come far.
                if dice.below(4) > 0 {
                    match heard {
                        ToWorker::Load(_) => self.say(&ToHost::Loaded(loaded().into())),
                        ToWorker::Call(_) | ToWorker::Queued(_) | ToWorker::Unload { .. } => self.answer(1),
                        ToWorker::Advance { seq, until } => {
                            self.say(&ToHost::Advanced(
                                Advanced { seq, now: until, streams: Vec::new() }.into(),
                            ));
                        }
                        _ => {}
                    }
                    continue;
                }
            }
            if dice.below(12) == 0 {
                let slot = |dice: &mut Scribble| {
                    let len = dice.below(61) as usize;
                    let more = [0, dice.below(400), dice.below(u32::MAX)][dice.below(3) as usize];
                    (more, dice.bytes(len))
                };
                let slots: Vec<_> = (0..=dice.below(3)).map(|_| slot(&mut dice)).collect();
                self.forge(&slots);
                continue;
            }
            let message = self.message_at_random(&mut dice);
            let _ = self.channel.send(self.words, &message);
        }
        std::process::exit(i32::try_from(dice.below(3))?)
    }

    fn message_at_random(&self, dice: &mut Scribble) -> ToHost {
        let number = |dice: &mut Scribble| match dice.below(4) {
            0 => 0,
            1 => u64::from(dice.below(100)),
            2 => u64::MAX - u64::from(dice.below(100)),
            _ => u64::from(dice.below(u32::MAX)) << dice.below(33),
        };
        let seq = self.last.wrapping_add(dice.below(3)).wrapping_sub(1);
        let text = |dice: &mut Scribble| CONTROLS.repeat(dice.below(900) as usize);
        match dice.below(14) {
            0 => ToHost::Answered { seq, result: number(dice) },
            1 => ToHost::Faulted { seq, fault: fault(FaultKind::Driver).into() },
            2 => ToHost::Said(text(dice)),
            3 => ToHost::Threads,
            4 => ToHost::Entered(
                Entered {
                    hdrvr: number(dice),
                    id: number(dice),
                    message: dice.below(u32::MAX),
                    lparam1: number(dice).cast_signed(),
                    lparam2: number(dice).cast_signed(),
                }
                .into(),
            ),
            5 => ToHost::Left { result: number(dice) },
            6 => ToHost::Asked(
                Asked::Send {
                    hdrvr: u64::from(dice.below(4) * 16),
                    message: XOR,
                    lparam1: number(dice).cast_signed(),
                    lparam2: number(dice).cast_signed(),
                }
                .into(),
            ),
            7 => ToHost::Asked(Asked::Open { name: text(dice), section: None, lparam2: 0 }.into()),
            // Not an instance of somebody else's, which any driver may close.
            8 => ToHost::Asked(Asked::Close { hdrvr: number(dice) | 1, lparam1: 0, lparam2: 0 }.into()),
            9 => ToHost::Wanted(
                Want::File(FileCall::Open {
                    path: format!(r"C:\{}", dice.below(9)),
                    read: true,
                    write: true,
                    disposition: Disposition::OpenAlways,
                })
                .into(),
            ),
            10 => ToHost::Wanted(
                Want::File(FileCall::Write {
                    file: dice.below(3),
                    at: Some(number(dice)),
                    bytes: dice.bytes(40),
                })
                .into(),
            ),
            11 => ToHost::Wanted(
                Want::File(FileCall::Read {
                    file: dice.below(3),
                    at: number(dice),
                    len: dice.below(u32::MAX),
                })
                .into(),
            ),
            12 => ToHost::Dropped { seq },
            _ => ToHost::Loaded(
                Loaded { module: number(dice), driver_proc: number(dice), unresolved: Vec::new() }.into(),
            ),
        }
    }
}
