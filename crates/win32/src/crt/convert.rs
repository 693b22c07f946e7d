//! Numbers from text.

use guest::{Machine, Stop};

use crate::abi::Pointer;
use crate::crt::invalid::invalid;
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
    if valid { Ok(number) } else { invalid(process, EINVAL, number) }
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

fn double<U: Unit>(
    process: &mut Process,
    text: Pointer,
    end: Pointer,
    hexadecimal: bool,
) -> Result<f64, Stop> {
    let machine = &process.machine;
    let Float { value, out_of_range, length } = number::float(&units::<U>(machine, text), hexadecimal)?;
    if !end.is_null() {
        put_pointer(machine, end, text.at(length * U::SIZE))?;
    }
    Ok(ranged(process, (value, out_of_range)))
}

/// atoi, atol and their wide forms.
pub fn atoi<U: Unit>(process: &mut Process, text: Pointer) -> Result<i32, Stop> {
    if text.is_null() {
        return invalid(process, EINVAL, 0);
    }
    long::<U>(process, text, Pointer::NULL, 10)
}

/// atof and _wtof of msvcrt.dll.
pub fn atof<U: Unit>(process: &mut Process, text: Pointer) -> Result<f64, Stop> {
    if text.is_null() {
        return invalid(process, EINVAL, 0.0);
    }
    double::<U>(process, text, Pointer::NULL, false)
}

/// atof and _wtof of the Universal CRT, which reads hexadecimal numbers, too.
pub fn atof_or_hexadecimal<U: Unit>(process: &mut Process, text: Pointer) -> Result<f64, Stop> {
    if text.is_null() {
        return invalid(process, EINVAL, 0.0);
    }
    double::<U>(process, text, Pointer::NULL, true)
}

/// strtol and wcstol.
pub fn strtol<U: Unit>(process: &mut Process, text: Pointer, end: Pointer, base: u32) -> Result<i32, Stop> {
    long::<U>(process, text, end, base)
}

/// strtoul and wcstoul.
pub fn strtoul<U: Unit>(process: &mut Process, text: Pointer, end: Pointer, base: u32) -> Result<u32, Stop> {
    unsigned_long::<U>(process, text, end, base)
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

/// _atoi64 and atoll, _wtoi64 and _wtoll.
pub fn _atoi64<U: Unit>(process: &mut Process, text: Pointer) -> Result<u64, Stop> {
    if text.is_null() {
        return invalid(process, EINVAL, 0);
    }
    strtoll::<U>(process, text, Pointer::NULL, 10)
}

/// strtof and wcstof: the double's value, rounded.
pub fn strtof<U: Unit>(process: &mut Process, text: Pointer, end: Pointer) -> Result<f32, Stop> {
    let value = double::<U>(process, text, end, true)?;
    let single = value as f32;
    Ok(ranged(process, (single, single.is_infinite() && value.is_finite())))
}

/// strtod and wcstod of msvcrt.dll.
pub fn strtod<U: Unit>(process: &mut Process, text: Pointer, end: Pointer) -> Result<f64, Stop> {
    double::<U>(process, text, end, false)
}

/// strtod and wcstod of the Universal CRT, and strtold and wcstold, whose long double is a double.
pub fn strtod_or_hexadecimal<U: Unit>(
    process: &mut Process,
    text: Pointer,
    end: Pointer,
) -> Result<f64, Stop> {
    double::<U>(process, text, end, true)
}
