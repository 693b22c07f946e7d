//! Rectangles and points.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::{Memory, Stop, Violation};

use crate::abi::Pointer;
use crate::process::Process;

/// RECT: what lies left of `right` and above `bottom` belongs to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rect {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
}

impl Rect {
    /// One with a corner and a size.
    pub fn new(left: i32, top: i32, width: i32, height: i32) -> Self {
        Self { left, top, right: left.saturating_add(width), bottom: top.saturating_add(height) }
    }

    pub fn width(self) -> i32 {
        self.right.saturating_sub(self.left)
    }

    pub fn height(self) -> i32 {
        self.bottom.saturating_sub(self.top)
    }

    /// The same with its corner at 0.
    pub fn at_origin(self) -> Self {
        Self::new(0, 0, self.width(), self.height())
    }

    pub fn moved(self, x: i32, y: i32) -> Self {
        Self {
            left: self.left.saturating_add(x),
            top: self.top.saturating_add(y),
            right: self.right.saturating_add(x),
            bottom: self.bottom.saturating_add(y),
        }
    }

    fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    pub fn read(memory: &Memory, at: Pointer) -> Result<Self, Violation> {
        let number = |index: u64| memory.array(at.at(4 * index).0).map(i32::from_le_bytes);
        Ok(Self { left: number(0)?, top: number(1)?, right: number(2)?, bottom: number(3)? })
    }

    pub fn write(self, memory: &Memory, at: Pointer) -> Result<(), Violation> {
        let mut bytes = [0; 16];
        for (slot, side) in bytes.chunks_exact_mut(4).zip([self.left, self.top, self.right, self.bottom]) {
            slot.copy_from_slice(&side.to_le_bytes());
        }
        memory.write(at.0, &bytes)
    }
}

/// Reads POINT.
pub(crate) fn point(memory: &Memory, at: Pointer) -> Result<(i32, i32), Violation> {
    let number = |at: Pointer| memory.array(at.0).map(i32::from_le_bytes);
    Ok((number(at)?, number(at.at(4))?))
}

/// Writes POINT.
pub(crate) fn put_point(memory: &Memory, at: Pointer, (x, y): (i32, i32)) -> Result<(), Violation> {
    memory.write(at.0, &x.to_le_bytes())?;
    memory.write(at.at(4).0, &y.to_le_bytes())
}

/// PtInRect: a POINT by value, which a 64-bit guest passes as one number and a 32-bit guest as two.
pub fn PtInRect(process: &mut Process, rect: Pointer, point: u64) -> Result<bool, Stop> {
    if rect.is_null() {
        return Ok(false);
    }
    let rect = Rect::read(&process.machine.memory, rect)?;
    let [x, y] = halves(point);
    Ok((rect.left..rect.right).contains(&x) && (rect.top..rect.bottom).contains(&y))
}

/// The two numbers of a POINT that came by value.
pub(crate) fn halves(point: u64) -> [i32; 2] {
    let bytes = point.to_le_bytes();
    [0, 4].map(|at| bytes[at..].first_chunk().copied().map_or(0, i32::from_le_bytes))
}

pub fn SetRect(
    process: &mut Process,
    rect: Pointer,
    left: i32,
    top: i32,
    right: i32,
    bottom: i32,
) -> Result<bool, Stop> {
    Rect { left, top, right, bottom }.write(&process.machine.memory, rect)?;
    Ok(true)
}

pub fn SetRectEmpty(process: &mut Process, rect: Pointer) -> Result<bool, Stop> {
    Rect::default().write(&process.machine.memory, rect)?;
    Ok(true)
}

pub fn CopyRect(process: &mut Process, to: Pointer, from: Pointer) -> Result<bool, Stop> {
    Rect::read(&process.machine.memory, from)?.write(&process.machine.memory, to)?;
    Ok(true)
}

pub fn EqualRect(process: &mut Process, one: Pointer, other: Pointer) -> Result<bool, Stop> {
    let memory = &process.machine.memory;
    Ok(Rect::read(memory, one)? == Rect::read(memory, other)?)
}

pub fn IsRectEmpty(process: &mut Process, rect: Pointer) -> Result<bool, Stop> {
    Ok(Rect::read(&process.machine.memory, rect)?.is_empty())
}

pub fn OffsetRect(process: &mut Process, rect: Pointer, x: i32, y: i32) -> Result<bool, Stop> {
    let memory = &process.machine.memory;
    Rect::read(memory, rect)?.moved(x, y).write(memory, rect)?;
    Ok(true)
}

pub fn InflateRect(process: &mut Process, rect: Pointer, x: i32, y: i32) -> Result<bool, Stop> {
    let memory = &process.machine.memory;
    let Rect { left, top, right, bottom } = Rect::read(memory, rect)?;
    let larger = Rect {
        left: left.saturating_sub(x),
        top: top.saturating_sub(y),
        right: right.saturating_add(x),
        bottom: bottom.saturating_add(y),
    };
    larger.write(memory, rect)?;
    Ok(true)
}

/// IntersectRect: whether there is anything that both have; if not, the result is all zero.
pub fn IntersectRect(
    process: &mut Process,
    out: Pointer,
    one: Pointer,
    other: Pointer,
) -> Result<bool, Stop> {
    let memory = &process.machine.memory;
    let (one, other) = (Rect::read(memory, one)?, Rect::read(memory, other)?);
    let both = Rect {
        left: one.left.max(other.left),
        top: one.top.max(other.top),
        right: one.right.min(other.right),
        bottom: one.bottom.min(other.bottom),
    };
    let there = !one.is_empty() && !other.is_empty() && !both.is_empty();
    if there { both } else { Rect::default() }.write(memory, out)?;
    Ok(there)
}

/// UnionRect: the smallest rectangle with both in it, of which an empty one does not count; whether it is not empty.
pub fn UnionRect(process: &mut Process, out: Pointer, one: Pointer, other: Pointer) -> Result<bool, Stop> {
    let memory = &process.machine.memory;
    let (one, other) = (Rect::read(memory, one)?, Rect::read(memory, other)?);
    let union = match (one.is_empty(), other.is_empty()) {
        (true, true) => Rect::default(),
        (true, false) => other,
        (false, true) => one,
        (false, false) => Rect {
            left: one.left.min(other.left),
            top: one.top.min(other.top),
            right: one.right.max(other.right),
            bottom: one.bottom.max(other.bottom),
        },
    };
    union.write(memory, out)?;
    Ok(!union.is_empty())
}
