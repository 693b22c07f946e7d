//! The functions that change a number at one stroke, which 32-bit kernel32 exports; 64-bit compilers have instructions for them.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::Pointer;
use crate::process::Process;

/// Puts what `change` makes of a LONG in its place: the number before, and the one after.
fn change(process: &Process, at: Pointer, change: impl Fn(i32) -> i32) -> Result<(i32, i32), Stop> {
    let number = |bits: u32| bits.cast_signed();
    let before = number(process.machine.memory.update(at.0, |bits| change(number(bits)).cast_unsigned())?);
    Ok((before, change(before)))
}

pub fn InterlockedIncrement(process: &mut Process, number: Pointer) -> Result<i32, Stop> {
    change(process, number, |before| before.wrapping_add(1)).map(|(_, after)| after)
}

pub fn InterlockedDecrement(process: &mut Process, number: Pointer) -> Result<i32, Stop> {
    change(process, number, |before| before.wrapping_sub(1)).map(|(_, after)| after)
}

pub fn InterlockedExchange(process: &mut Process, number: Pointer, to: i32) -> Result<i32, Stop> {
    change(process, number, |_| to).map(|(before, _)| before)
}

pub fn InterlockedExchangeAdd(process: &mut Process, number: Pointer, by: i32) -> Result<i32, Stop> {
    change(process, number, |before| before.wrapping_add(by)).map(|(before, _)| before)
}

pub fn InterlockedCompareExchange(
    process: &mut Process,
    number: Pointer,
    to: i32,
    wanted: i32,
) -> Result<i32, Stop> {
    change(process, number, |before| if before == wanted { to } else { before }).map(|(before, _)| before)
}
