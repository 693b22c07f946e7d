//! Numbers from text.

use guest::{Machine, Stop};

use crate::abi::Pointer;
use crate::crt::number::{self, Float, Integer};
use crate::crt::{EINVAL, ERANGE, put_pointer, set_errno};
use crate::process::Process;
use crate::text::{Unit, unit_at};

fn units<U: Unit>(machine: &Machine, text: Pointer) -> impl Fn(u64) -> Result<u16, Stop> {
    move |index| unit_at::<U>(machine, text, index).map(Into::into)
}

/// Reads an integer and, if wanted, answers where it ends through `end`.
fn integer<U: Unit>(process: &mut Process, text: Pointer, end: Pointer, base: u32) -> Result<Integer, Stop> {
    let machine = &process.machine;
    let valid = base == 0 || (2..=36).contains(&base);
    let number = if valid {
        number::integer(&units::<U>(machine, text), base)?
    } else {
        Integer { magnitude: Some(0), negative: false, length: 0 }
    };
    if !end.is_null() {
        put_pointer(machine, end, text.at(number.length * U::SIZE))?;
    }
    if !valid {
        set_errno(process, EINVAL);
    }
    Ok(number)
}

/// A value; when it had to be limited, `errno` tells.
fn ranged<T>(process: &mut Process, (value, limited): (T, bool)) -> T {
    if limited {
        set_errno(process, ERANGE);
    }
    value
}

/// A signed integer of 32 bits.
fn long<U: Unit>(process: &mut Process, text: Pointer, end: Pointer, base: u32) -> Result<i32, Stop> {
    let number = integer::<U>(process, text, end, base)?;
    let value = ranged(process, number.signed(32));
    Ok(i32::try_from(value).unwrap_or_default())
}

/// An unsigned integer of 32 bits.
fn unsigned_long<U: Unit>(
    process: &mut Process,
    text: Pointer,
    end: Pointer,
    base: u32,
) -> Result<u32, Stop> {
    let number = integer::<U>(process, text, end, base)?;
    let value = ranged(process, number.unsigned(32));
    Ok(u32::try_from(value).unwrap_or_default())
}

fn double<U: Unit>(process: &mut Process, text: Pointer, end: Pointer) -> Result<f64, Stop> {
    let machine = &process.machine;
    let Float { value, out_of_range, length } = number::float(&units::<U>(machine, text))?;
    if !end.is_null() {
        put_pointer(machine, end, text.at(length * U::SIZE))?;
    }
    Ok(ranged(process, (value, out_of_range)))
}

pub fn atoi(process: &mut Process, text: Pointer) -> Result<i32, Stop> {
    long::<u8>(process, text, Pointer::NULL, 10)
}

pub fn _wtoi(process: &mut Process, text: Pointer) -> Result<i32, Stop> {
    long::<u16>(process, text, Pointer::NULL, 10)
}

pub fn atof(process: &mut Process, text: Pointer) -> Result<f64, Stop> {
    double::<u8>(process, text, Pointer::NULL)
}

pub fn strtol(process: &mut Process, text: Pointer, end: Pointer, base: u32) -> Result<i32, Stop> {
    long::<u8>(process, text, end, base)
}

pub fn strtoul(process: &mut Process, text: Pointer, end: Pointer, base: u32) -> Result<u32, Stop> {
    unsigned_long::<u8>(process, text, end, base)
}

pub fn wcstol(process: &mut Process, text: Pointer, end: Pointer, base: u32) -> Result<i32, Stop> {
    long::<u16>(process, text, end, base)
}

pub fn wcstoul(process: &mut Process, text: Pointer, end: Pointer, base: u32) -> Result<u32, Stop> {
    unsigned_long::<u16>(process, text, end, base)
}

/// strtoull, and `_strtoui64`, its older name; wcstoull and `_wcstoui64`.
pub fn strtoull<U: Unit>(process: &mut Process, text: Pointer, end: Pointer, base: u32) -> Result<u64, Stop> {
    let number = integer::<U>(process, text, end, base)?;
    Ok(ranged(process, number.unsigned(64)))
}

/// strtoll, and `_strtoi64`, its older name; wcstoll and `_wcstoi64`. The answer's bits are those of the signed number.
pub fn strtoll<U: Unit>(process: &mut Process, text: Pointer, end: Pointer, base: u32) -> Result<u64, Stop> {
    let number = integer::<U>(process, text, end, base)?;
    Ok(ranged(process, number.signed(64)).cast_unsigned())
}

/// _atoi64 and _wtoi64.
pub fn _atoi64<U: Unit>(process: &mut Process, text: Pointer) -> Result<u64, Stop> {
    strtoll::<U>(process, text, Pointer::NULL, 10)
}

/// strtof and wcstof: the double's value, rounded.
pub fn strtof<U: Unit>(process: &mut Process, text: Pointer, end: Pointer) -> Result<f32, Stop> {
    let value = double::<U>(process, text, end)?;
    let single = value as f32;
    Ok(ranged(process, (single, single.is_infinite() && value.is_finite())))
}

pub fn _wtof(process: &mut Process, text: Pointer) -> Result<f64, Stop> {
    double::<u16>(process, text, Pointer::NULL)
}

pub fn strtod(process: &mut Process, text: Pointer, end: Pointer) -> Result<f64, Stop> {
    double::<u8>(process, text, end)
}

pub fn wcstod(process: &mut Process, text: Pointer, end: Pointer) -> Result<f64, Stop> {
    double::<u16>(process, text, end)
}
