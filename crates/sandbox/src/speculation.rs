//! What the processor may not guess about while driver code runs.
//!
//! L1D flushing, which the same prctl offers, is not asked for: it is for those whose own data others must not read, and a worker has none.

use std::io;

use crate::check;

/// A kind of speculation, as prctl(2) numbers it, that one part of a process could read another part's memory by.
const KINDS: [(&str, libc::c_int); 2] =
    [("store bypass", libc::PR_SPEC_STORE_BYPASS), ("indirect branches", libc::PR_SPEC_INDIRECT_BRANCH)];

/// What the kernel does about a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The processor does not do it, or does it well.
    NotAffected,
    /// Switched off for every process.
    OffForAll,
    /// Switched off for this process, for good.
    Off,
    /// Each process can have it switched off.
    Offered,
    /// Switched on, and the kernel offers nothing.
    On,
}

impl State {
    /// From what `PR_GET_SPECULATION_CTRL` answers.
    fn of(answer: libc::c_uint) -> Self {
        let has = |bit| answer & bit != 0;
        match () {
            () if answer == libc::PR_SPEC_NOT_AFFECTED => Self::NotAffected,
            () if has(libc::PR_SPEC_FORCE_DISABLE) => Self::Off,
            () if has(libc::PR_SPEC_PRCTL) => Self::Offered,
            () if has(libc::PR_SPEC_DISABLE) => Self::OffForAll,
            () => Self::On,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NotAffected => "not affected",
            Self::OffForAll => "off for all processes",
            Self::Off => "off",
            Self::Offered => "on, although it could be switched off",
            Self::On => "on, as the kernel offers no switch",
        }
    }
}

/// Switches off, for the calling thread and those that it starts, what the kernel lets a process switch off.
///
/// # Errors
/// Where a kind stays on that the kernel offers a switch for, or the kernel (before 4.17) has no such switches. What processor, firmware and hypervisor
/// leave on for everybody is told, and no error: there is nothing that anybody could do about it but to have another computer.
pub fn speculation() -> io::Result<String> {
    let mut words = Vec::new();
    let mut all = true;
    for (name, kind) in KINDS {
        let state = match switch_off(kind) {
            Ok(state) => state,
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                return Err(io::Error::other("the kernel has no PR_SET_SPECULATION_CTRL"));
            }
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) => State::On,
            Err(error) => return Err(io::Error::new(error.kind(), format!("{name}: {error}"))),
        };
        all &= state != State::Offered;
        words.push(format!("{name}: {}", state.words()));
    }
    let words = words.join("; ");
    if all { Ok(words) } else { Err(io::Error::other(words)) }
}

/// What has become of a kind.
fn switch_off(kind: libc::c_int) -> io::Result<State> {
    let state = get(kind)?;
    if state != State::Offered {
        return Ok(state);
    }
    // SAFETY: integers only.
    check(unsafe {
        libc::prctl(
            libc::PR_SET_SPECULATION_CTRL,
            long(kind),
            long(libc::PR_SPEC_FORCE_DISABLE),
            0_u64,
            0_u64,
        )
    })?;
    get(kind)
}

fn get(kind: libc::c_int) -> io::Result<State> {
    // SAFETY: integers only.
    let answer =
        check(unsafe { libc::prctl(libc::PR_GET_SPECULATION_CTRL, long(kind), 0_u64, 0_u64, 0_u64) })?;
    Ok(State::of(answer.unsigned_abs()))
}

/// prctl's arguments are as wide as registers, and the kernel looks at all of each.
fn long(number: impl TryInto<u64>) -> u64 {
    number.try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_answers_are_understood() {
        for (answer, state) in [
            (0, State::NotAffected),
            (libc::PR_SPEC_PRCTL | libc::PR_SPEC_ENABLE, State::Offered),
            (libc::PR_SPEC_PRCTL | libc::PR_SPEC_DISABLE, State::Offered),
            (libc::PR_SPEC_PRCTL | libc::PR_SPEC_FORCE_DISABLE, State::Off),
            (libc::PR_SPEC_DISABLE, State::OffForAll),
            (libc::PR_SPEC_ENABLE, State::On),
        ] {
            assert_eq!(State::of(answer), state, "{answer}");
        }
    }
}
