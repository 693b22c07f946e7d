//! One conversion of `printf`, for functions that have formats of their own around it.

use guest::{Machine, Stop};

use crate::abi::Pointer;
use crate::crt::format::{self, Dialect, Failure, Sink, Source};
use crate::text::{Unit, unit_at};

/// A format that is the host's, and arguments that are words of the guest's.
struct Inserted<'m, F> {
    machine: &'m Machine,
    format: &'m [u16],
    /// The next word.
    next: F,
}

impl<F: FnMut() -> Result<u64, Stop>> Source for Inserted<'_, F> {
    fn format(&self, index: u64) -> Result<u16, Stop> {
        let unit = usize::try_from(index).ok().and_then(|index| self.format.get(index));
        Ok(unit.copied().unwrap_or(0))
    }

    fn unit(&self, text: u64, index: u64, wide: bool) -> Result<u16, Stop> {
        match wide {
            true => unit_at::<u16>(self.machine, Pointer(text), index),
            false => unit_at::<u8>(self.machine, Pointer(text), index).map(Into::into),
        }
    }

    fn int(&mut self) -> Result<u32, Stop> {
        let word = (self.next)()?;
        Ok(u32::try_from(word & u64::from(u32::MAX)).unwrap_or(0))
    }

    fn long_long(&mut self) -> Result<u64, Stop> {
        let first = (self.next)()?;
        match self.machine.mode() {
            guest::Mode::I386 => Ok(first | (self.next)()? << 32),
            guest::Mode::X86_64 => Ok(first),
        }
    }

    fn pointer(&mut self) -> Result<u64, Stop> {
        (self.next)()
    }

    fn pointer_size(&self) -> u64 {
        self.machine.mode().pointer_size()
    }
}

/// Units, `most` at most.
struct Units<'a> {
    to: &'a mut Vec<u16>,
    most: usize,
}

impl Sink for Units<'_> {
    fn put(&mut self, unit: u16, times: u64) -> Result<(), Failure> {
        let room = self.most.saturating_sub(self.to.len());
        let times = usize::try_from(times).unwrap_or(usize::MAX).min(room);
        self.to.resize(self.to.len() + times, unit);
        Ok(())
    }
}

/// Appends what a format makes of the words that `next` answers until `to` has `most` units. Texts have units of type `U` unless the format says
/// otherwise. `None` for a format that nothing comes of.
pub(crate) fn print_insert<U: Unit>(
    machine: &Machine,
    format: &[u16],
    next: impl FnMut() -> Result<u64, Stop>,
    to: &mut Vec<u16>,
    most: usize,
) -> Result<Option<()>, Stop> {
    let dialect = Dialect { wide: U::SIZE == 2, three_digit_exponents: true };
    match format::format(dialect, &mut Inserted { machine, format, next }, &mut Units { to, most }) {
        Ok(_) => Ok(Some(())),
        Err(Failure::Stopped(stop)) => Err(stop),
        Err(Failure::Refused(_)) => Ok(None),
    }
}
