//! Zero-terminated text in guest memory, of bytes or of UTF-16 units: what `str` and `wcs` functions, A and W functions have in common.
//!
//! How long a text is, and so how long work on it takes, is the guest's choice: each piece that is read is also a look at whether the
//! host has ended the request.

use std::marker::PhantomData;

use guest::layout::PAGE;
use guest::{FaultKind, Machine, Memory, Stop, Violation};

use crate::abi::Pointer;
use crate::process::still_wanted;

/// How much of a text is copied to the host at a time.
const CHUNK: usize = 128;

/// What a text consists of.
pub(crate) trait Unit: Copy + Ord + Into<u16> {
    /// Its size in bytes.
    const SIZE: u64;
    /// What ends a text.
    const ZERO: Self;

    /// The unit that the first bytes are; zero when there are too few.
    fn parse(bytes: &[u8]) -> Self;

    /// Units as they lie in memory.
    fn to_bytes(units: &[Self]) -> Vec<u8>;

    /// The reverse of [`to_bytes`](Self::to_bytes).
    fn from_bytes(bytes: &[u8]) -> Vec<Self>;

    /// The unit with this value, if there is one.
    fn from_wide(wide: u16) -> Option<Self>;

    /// Writes it to guest memory.
    fn write(self, memory: &Memory, at: Pointer) -> Result<(), Violation>;

    /// Reads one from guest memory.
    fn read(memory: &Memory, at: Pointer) -> Result<Self, Violation>;

    /// Lower case in the "C" locale.
    fn lower(self) -> Self;
}

macro_rules! unit {
    ($type:ty) => {
        impl Unit for $type {
            const SIZE: u64 = size_of::<$type>() as u64;
            const ZERO: Self = 0;

            fn parse(bytes: &[u8]) -> Self {
                bytes.first_chunk().copied().map_or(0, Self::from_le_bytes)
            }

            fn to_bytes(units: &[Self]) -> Vec<u8> {
                units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
            }

            fn from_bytes(bytes: &[u8]) -> Vec<Self> {
                bytes.as_chunks().0.iter().map(|&unit| Self::from_le_bytes(unit)).collect()
            }

            fn from_wide(wide: u16) -> Option<Self> {
                Self::try_from(wide).ok()
            }

            fn write(self, memory: &Memory, at: Pointer) -> Result<(), Violation> {
                memory.write(at.0, &self.to_le_bytes())
            }

            fn read(memory: &Memory, at: Pointer) -> Result<Self, Violation> {
                memory.array(at.0).map(Self::from_le_bytes)
            }

            fn lower(self) -> Self {
                let upper = Self::from(b'A')..=Self::from(b'Z');
                if upper.contains(&self) { self + Self::from(b'a' - b'A') } else { self }
            }
        }
    };
}
unit!(u8);
unit!(u16);

/// The units from an address on, without end; after a [`Stop`] the same one again.
pub(crate) struct Text<'m, U> {
    machine: &'m Machine,
    /// Where the next chunk begins.
    next: u64,
    chunk: [u8; CHUNK],
    used: usize,
    filled: usize,
    unit: PhantomData<U>,
}

impl<'m, U: Unit> Text<'m, U> {
    pub fn new(machine: &'m Machine, at: Pointer) -> Self {
        Self { machine, next: at.0, chunk: [0; CHUNK], used: 0, filled: 0, unit: PhantomData }
    }

    /// Reads the next chunk. It ends with its page at the latest: the page after may not be there, nor be needed.
    fn fill(&mut self) -> Result<(), Stop> {
        still_wanted(self.machine)?;
        let whole = (PAGE - self.next % PAGE).min(CHUNK as u64) / U::SIZE * U::SIZE;
        let len = usize::try_from(whole.max(U::SIZE)).unwrap_or(CHUNK).min(CHUNK);
        self.machine.memory.read(self.next, &mut self.chunk[..len])?;
        self.next = self.next.wrapping_add(len as u64);
        (self.used, self.filled) = (0, len);
        Ok(())
    }
}

impl<U: Unit> Iterator for Text<'_, U> {
    type Item = Result<U, Stop>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.used >= self.filled
            && let Err(stop) = self.fill()
        {
            return Some(Err(stop));
        }
        let unit = U::parse(self.chunk.get(self.used..self.filled)?);
        self.used += size_of::<U>();
        Some(Ok(unit))
    }
}

/// What came of work that catches access violations, as some functions do: `None` for one; everything else that stops it still does.
pub(crate) fn caught<T>(outcome: Result<T, Stop>) -> Result<Option<T>, Stop> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(Stop::Kind(FaultKind::AccessViolation { .. })) => Ok(None),
        Err(stop) => Err(stop),
    }
}

/// A unit of a text, whatever comes before it.
pub(crate) fn unit_at<U: Unit>(machine: &Machine, text: Pointer, index: u64) -> Result<U, Stop> {
    still_wanted(machine)?;
    Ok(U::read(&machine.memory, text.at(index.wrapping_mul(U::SIZE)))?)
}

/// Number of units before the first zero, `limit` at most.
pub(crate) fn length<U: Unit>(machine: &Machine, text: Pointer, limit: u64) -> Result<u64, Stop> {
    for (index, unit) in (0..limit).zip(Text::<U>::new(machine, text)) {
        if unit? == U::ZERO {
            return Ok(index);
        }
    }
    Ok(limit)
}

/// The address of the first unit that `wanted` accepts, or `None` when a zero comes before; the zero itself is offered too.
pub(crate) fn find<U: Unit>(
    machine: &Machine,
    text: Pointer,
    mut wanted: impl FnMut(U) -> Result<bool, Stop>,
) -> Result<Option<Pointer>, Stop> {
    for (index, unit) in (0..).zip(Text::<U>::new(machine, text)) {
        let unit = unit?;
        if wanted(unit)? {
            return Ok(Some(text.at(index * U::SIZE)));
        }
        if unit == U::ZERO {
            break;
        }
    }
    Ok(None)
}

/// The address of the last unit that is `wanted`, which may be the zero at the end.
pub(crate) fn find_last<U: Unit>(
    machine: &Machine,
    text: Pointer,
    wanted: U,
) -> Result<Option<Pointer>, Stop> {
    let mut last = None;
    for (index, unit) in (0..).zip(Text::<U>::new(machine, text)) {
        let unit = unit?;
        if unit == wanted {
            last = Some(text.at(index * U::SIZE));
        }
        if unit == U::ZERO {
            break;
        }
    }
    Ok(last)
}

/// Whether `set`, a text, contains a unit other than zero.
pub(crate) fn contains<U: Unit>(machine: &Machine, set: Pointer, unit: U) -> Result<bool, Stop> {
    Ok(unit != U::ZERO && find(machine, set, |member: U| Ok(member == unit))?.is_some())
}

/// The address of the first unit that is in `set` (or, if not `inside`, is not), or of the zero at the end.
pub(crate) fn span<U: Unit>(
    machine: &Machine,
    text: Pointer,
    set: Pointer,
    inside: bool,
) -> Result<Pointer, Stop> {
    let end = find(machine, text, |unit: U| Ok(unit == U::ZERO || contains(machine, set, unit)? == inside))?;
    Ok(end.unwrap_or(text))
}

/// The address of the first occurrence of `part` in `text`.
pub(crate) fn find_text<U: Unit>(
    machine: &Machine,
    text: Pointer,
    part: Pointer,
) -> Result<Option<Pointer>, Stop> {
    let len = length::<U>(machine, part, u64::MAX)?;
    let first = U::read(&machine.memory, part)?;
    let mut at = text;
    loop {
        if len == 0 {
            return Ok(Some(at));
        }
        let Some(candidate) = find(machine, at, |unit: U| Ok(unit == first))? else { return Ok(None) };
        if compare(machine, candidate, part, len, |unit: U| unit)? == 0 {
            return Ok(Some(candidate));
        }
        at = candidate.at(U::SIZE);
    }
}

/// Compares two texts, `limit` units at most, by their units' `key`s: -1, 0 or 1.
pub(crate) fn compare<U: Unit>(
    machine: &Machine,
    left: Pointer,
    right: Pointer,
    limit: u64,
    key: impl Fn(U) -> U,
) -> Result<i32, Stop> {
    let pairs = Text::<U>::new(machine, left).zip(Text::<U>::new(machine, right));
    for (_, (left, right)) in (0..limit).zip(pairs) {
        let (left, right) = (key(left?), key(right?));
        if left != right {
            return Ok(if left < right { -1 } else { 1 });
        }
        if left == U::ZERO {
            break;
        }
    }
    Ok(0)
}

/// Copies at most `limit` units of a text, and a zero.
pub(crate) fn copy<U: Unit>(machine: &Machine, to: Pointer, from: Pointer, limit: u64) -> Result<(), Stop> {
    let len = length::<U>(machine, from, limit)?;
    machine.memory.copy(to.0, from.0, bytes::<U>(len))?;
    Ok(U::ZERO.write(&machine.memory, to.at(len * U::SIZE))?)
}

/// Copies `count` units: a text, then zeros (`strncpy`).
pub(crate) fn copy_padded<U: Unit>(
    machine: &Machine,
    to: Pointer,
    from: Pointer,
    count: u64,
) -> Result<(), Stop> {
    let len = length::<U>(machine, from, count)?;
    machine.memory.copy(to.0, from.0, bytes::<U>(len))?;
    Ok(machine.memory.fill(to.at(len * U::SIZE).0, 0, bytes::<U>(count - len))?)
}

/// Puts at most `limit` units of a text behind another, and a zero (`strncat`).
pub(crate) fn append<U: Unit>(machine: &Machine, to: Pointer, from: Pointer, limit: u64) -> Result<(), Stop> {
    let end = to.at(length::<U>(machine, to, u64::MAX)? * U::SIZE);
    copy::<U>(machine, end, from, limit)
}

/// Size of `count` units. More than memory can hold stays so.
fn bytes<U: Unit>(count: u64) -> usize {
    usize::try_from(count.saturating_mul(U::SIZE)).unwrap_or(usize::MAX)
}
