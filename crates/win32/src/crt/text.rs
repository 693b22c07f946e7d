//! Zero-terminated text in guest memory, of bytes or of UTF-16 units: what the `str` and the `wcs` functions have in common.

use std::marker::PhantomData;

use guest::layout::PAGE;
use guest::{Memory, Violation};

use crate::abi::Pointer;

/// How much of a text is copied to the host at a time.
const CHUNK: usize = 128;

/// What a text consists of.
pub(super) trait Unit: Copy + Ord + Into<u16> {
    /// Its size in bytes.
    const SIZE: u64;
    /// What ends a text.
    const ZERO: Self;

    /// The unit that the first bytes are; zero when there are too few.
    fn parse(bytes: &[u8]) -> Self;

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

/// The units from an address on, without end; after a [`Violation`] the same one again.
pub(super) struct Text<'m, U> {
    memory: &'m Memory,
    /// Where the next chunk begins.
    next: u64,
    chunk: [u8; CHUNK],
    used: usize,
    filled: usize,
    unit: PhantomData<U>,
}

impl<'m, U: Unit> Text<'m, U> {
    pub fn new(memory: &'m Memory, at: Pointer) -> Self {
        Self { memory, next: at.0, chunk: [0; CHUNK], used: 0, filled: 0, unit: PhantomData }
    }

    /// Reads the next chunk. It ends with its page at the latest: the page after may not be there, nor be needed.
    fn fill(&mut self) -> Result<(), Violation> {
        let whole = (PAGE - self.next % PAGE).min(CHUNK as u64) / U::SIZE * U::SIZE;
        let len = usize::try_from(whole.max(U::SIZE)).unwrap_or(CHUNK).min(CHUNK);
        self.memory.read(self.next, &mut self.chunk[..len])?;
        self.next = self.next.wrapping_add(len as u64);
        (self.used, self.filled) = (0, len);
        Ok(())
    }
}

impl<U: Unit> Iterator for Text<'_, U> {
    type Item = Result<U, Violation>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.used >= self.filled
            && let Err(violation) = self.fill()
        {
            return Some(Err(violation));
        }
        let unit = U::parse(self.chunk.get(self.used..self.filled)?);
        self.used += size_of::<U>();
        Some(Ok(unit))
    }
}

/// Number of units before the first zero, `limit` at most.
pub(super) fn length<U: Unit>(memory: &Memory, text: Pointer, limit: u64) -> Result<u64, Violation> {
    for (index, unit) in (0..limit).zip(Text::<U>::new(memory, text)) {
        if unit? == U::ZERO {
            return Ok(index);
        }
    }
    Ok(limit)
}

/// The address of the first unit that `wanted` accepts, or `None` when a zero comes before; the zero itself is offered too.
pub(super) fn find<U: Unit>(
    memory: &Memory,
    text: Pointer,
    mut wanted: impl FnMut(U) -> Result<bool, Violation>,
) -> Result<Option<Pointer>, Violation> {
    for (index, unit) in (0..).zip(Text::<U>::new(memory, text)) {
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
pub(super) fn find_last<U: Unit>(
    memory: &Memory,
    text: Pointer,
    wanted: U,
) -> Result<Option<Pointer>, Violation> {
    let mut last = None;
    for (index, unit) in (0..).zip(Text::<U>::new(memory, text)) {
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
pub(super) fn contains<U: Unit>(memory: &Memory, set: Pointer, unit: U) -> Result<bool, Violation> {
    Ok(unit != U::ZERO && find(memory, set, |member: U| Ok(member == unit))?.is_some())
}

/// The address of the first unit that is in `set` (or, if not `inside`, is not), or of the zero at the end.
pub(super) fn span<U: Unit>(
    memory: &Memory,
    text: Pointer,
    set: Pointer,
    inside: bool,
) -> Result<Pointer, Violation> {
    let end = find(memory, text, |unit: U| Ok(unit == U::ZERO || contains(memory, set, unit)? == inside))?;
    Ok(end.unwrap_or(text))
}

/// The address of the first occurrence of `part` in `text`.
pub(super) fn find_text<U: Unit>(
    memory: &Memory,
    text: Pointer,
    part: Pointer,
) -> Result<Option<Pointer>, Violation> {
    let len = length::<U>(memory, part, u64::MAX)?;
    let first = U::read(memory, part)?;
    let mut at = text;
    loop {
        if len == 0 {
            return Ok(Some(at));
        }
        let Some(candidate) = find(memory, at, |unit: U| Ok(unit == first))? else { return Ok(None) };
        if compare(memory, candidate, part, len, |unit: U| unit)? == 0 {
            return Ok(Some(candidate));
        }
        at = candidate.at(U::SIZE);
    }
}

/// Compares two texts, `limit` units at most, by their units' `key`s: -1, 0 or 1.
pub(super) fn compare<U: Unit>(
    memory: &Memory,
    left: Pointer,
    right: Pointer,
    limit: u64,
    key: impl Fn(U) -> U,
) -> Result<i32, Violation> {
    let pairs = Text::<U>::new(memory, left).zip(Text::<U>::new(memory, right));
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

/// Copies a text with its zero.
pub(super) fn copy<U: Unit>(memory: &Memory, to: Pointer, from: Pointer) -> Result<(), Violation> {
    let len = length::<U>(memory, from, u64::MAX)?;
    memory.copy(to.0, from.0, bytes::<U>(len.saturating_add(1)))
}

/// Copies `count` units: a text, then zeros (`strncpy`).
pub(super) fn copy_padded<U: Unit>(
    memory: &Memory,
    to: Pointer,
    from: Pointer,
    count: u64,
) -> Result<(), Violation> {
    let len = length::<U>(memory, from, count)?;
    memory.copy(to.0, from.0, bytes::<U>(len))?;
    memory.fill(to.at(len * U::SIZE).0, 0, bytes::<U>(count - len))
}

/// Puts at most `limit` units of a text behind another, and a zero (`strncat`).
pub(super) fn append<U: Unit>(
    memory: &Memory,
    to: Pointer,
    from: Pointer,
    limit: u64,
) -> Result<(), Violation> {
    let end = to.at(length::<U>(memory, to, u64::MAX)? * U::SIZE);
    let len = length::<U>(memory, from, limit)?;
    memory.copy(end.0, from.0, bytes::<U>(len))?;
    U::ZERO.write(memory, end.at(len * U::SIZE))
}

/// Size of `count` units. More than memory can hold stays so.
pub(super) fn bytes<U: Unit>(count: u64) -> usize {
    usize::try_from(count.saturating_mul(U::SIZE)).unwrap_or(usize::MAX)
}
