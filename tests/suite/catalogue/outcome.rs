//! What comes of a harm, in a form that tests compare and people read.

use std::fmt;

use drvhost::{Blame, Error};

/// What a message comes to in which a driver does harm. In every case the host goes on, and so do all other drivers.
#[derive(Debug, Clone, Copy)]
pub enum Outcome {
    /// It is answered with 1: all that the driver has checked was as usual.
    Fine,
    /// It is answered.
    Answered,
    /// It ends as a fault of the driver's, whose text contains this. The driver answers its next message.
    Faults(&'static str),
    /// It ends as a fault of the driver's. The driver answers its next message.
    AnyFault,
    /// It is interrupted at its deadline. The driver answers its next message.
    Late,
    /// It cannot be interrupted at its deadline, and the worker is killed.
    Killed,
    /// The kernel ends the worker, because of the filter of system calls.
    Filtered,
    /// The worker is no more, however it ended.
    Gone,
    /// Any of these, as the driver has changed what it should not reach: nobody else is harmed.
    OwnLoss,
    /// One of these, by the processor, the kernel or the numbers tried.
    OneOf(&'static [Outcome]),
    /// What the entry's test checks, in words.
    Told(&'static str),
}

impl Outcome {
    /// Whether it is this that came of a message.
    pub fn is(self, result: &Result<i64, Error>) -> bool {
        let blamed = result.as_ref().err().is_none_or(|error| error.blame() == Blame::Driver);
        blamed
            && match (self, result) {
                (Self::Fine, Ok(1)) | (Self::Answered, Ok(_)) => true,
                (Self::Faults(text), Err(Error::Faulted { fault, .. })) => fault.text.contains(text),
                (Self::AnyFault, Err(Error::Faulted { .. })) => true,
                (Self::Late, Err(Error::Late { killed, .. })) => !killed,
                (Self::Killed, Err(Error::Late { killed, .. })) => *killed,
                (Self::Filtered, Err(Error::Died { how, .. })) => {
                    how.contains("filter") && how.contains("SIGSYS")
                }
                (Self::Gone, Err(Error::Died { .. })) => true,
                (
                    Self::OwnLoss,
                    Ok(_) | Err(Error::Faulted { .. } | Error::Late { .. } | Error::Died { .. }),
                ) => true,
                (Self::OneOf(outcomes), _) => outcomes.iter().any(|outcome| outcome.is(result)),
                _ => false,
            }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fine => f.write_str("works"),
            Self::Answered => f.write_str("is answered"),
            Self::Faults(text) => write!(f, "fault: *{text}*"),
            Self::AnyFault => f.write_str("fault"),
            Self::Late => f.write_str("interrupted at the deadline"),
            Self::Killed => f.write_str("worker killed at the deadline"),
            Self::Filtered => f.write_str("worker ended by the filter"),
            Self::Gone => f.write_str("worker ends"),
            Self::OwnLoss => f.write_str("own loss"),
            Self::OneOf(outcomes) => {
                for (index, outcome) in outcomes.iter().enumerate() {
                    f.write_str(if index > 0 { "; or " } else { "" })?;
                    outcome.fmt(f)?;
                }
                Ok(())
            }
            Self::Told(words) => f.write_str(words),
        }
    }
}
