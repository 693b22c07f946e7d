//! Integers: division, magnitudes, and as text in any base.

use guest::Stop;

use crate::abi::Pointer;
use crate::crt::invalid::invalid;
use crate::crt::{EINVAL, ERANGE};
use crate::process::Process;
use crate::text::Unit;

/// div and ldiv: the quotient and, in the upper half, the remainder, as `div_t` comes back in a register or two. What the processor would fault at is a fault.
pub fn div(_: &mut Process, numerator: i32, denominator: i32) -> Result<u64, Stop> {
    match (numerator.checked_div(denominator), numerator.checked_rem(denominator)) {
        (Some(quotient), Some(rest)) => {
            Ok(u64::from(quotient.cast_unsigned()) | u64::from(rest.cast_unsigned()) << 32)
        }
        _ => Err(Stop::Kind(guest::FaultKind::IntegerDivide)),
    }
}

/// lldiv: writes both to where the caller has room for them.
pub fn lldiv(process: &mut Process, out: Pointer, numerator: u64, denominator: u64) -> Result<Pointer, Stop> {
    let (numerator, denominator) = (numerator.cast_signed(), denominator.cast_signed());
    let (Some(quotient), Some(rest)) =
        (numerator.checked_div(denominator), numerator.checked_rem(denominator))
    else {
        return Err(Stop::Kind(guest::FaultKind::IntegerDivide));
    };
    process.machine.memory.write(out.0, &quotient.to_le_bytes())?;
    process.machine.memory.write(out.at(8).0, &rest.to_le_bytes())?;
    Ok(out)
}

/// llabs and _abs64.
pub fn llabs(_: &mut Process, number: u64) -> u64 {
    number.cast_signed().wrapping_abs().cast_unsigned()
}

/// The digits of a number in a base from 2 to 36.
fn digits(mut magnitude: u64, base: u64) -> Vec<u8> {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut digits = Vec::new();
    loop {
        digits.push(DIGITS[usize::try_from(magnitude % base).unwrap_or(0)]);
        magnitude /= base;
        if magnitude == 0 {
            digits.reverse();
            return digits;
        }
    }
}

/// Writes a number and a zero, in at most `room` units.
fn put<U: Unit>(
    process: &mut Process,
    negative: bool,
    magnitude: u64,
    out: Pointer,
    room: u64,
    base: u32,
) -> Result<i32, Stop> {
    if out.is_null() || room == 0 {
        return invalid(process, EINVAL, EINVAL);
    }
    let valid = (2..=36).contains(&base);
    let mut text = if negative { vec![b'-'] } else { Vec::new() };
    if valid {
        text.extend(digits(magnitude, base.into()));
    }
    if !valid || text.len() as u64 >= room {
        U::ZERO.write(&process.machine.memory, out)?;
        let error = if valid { ERANGE } else { EINVAL };
        return invalid(process, error, error);
    }
    text.push(0);
    let units: Vec<U> = text.into_iter().filter_map(|byte| U::from_wide(byte.into())).collect();
    process.machine.memory.write(out.0, &U::to_bytes(&units))?;
    Ok(0)
}

/// The functions that write a number as text, without and with a limit: only in base 10 has it a sign.
macro_rules! as_text {
    ($($name:ident $limited:ident($number:ty) = $parts:expr;)*) => {$(
        pub fn $name<U: Unit>(process: &mut Process, number: $number, out: Pointer, base: u32) -> Result<Pointer, Stop> {
            let parts: fn($number, bool) -> (bool, u64) = $parts;
            let (negative, magnitude) = parts(number, base == 10);
            put::<U>(process, negative, magnitude, out, u64::MAX, base).map(|_| out)
        }

        pub fn $limited<U: Unit>(process: &mut Process, number: $number, out: Pointer, room: Pointer, base: u32) -> Result<i32, Stop> {
            let parts: fn($number, bool) -> (bool, u64) = $parts;
            let (negative, magnitude) = parts(number, base == 10);
            put::<U>(process, negative, magnitude, out, room.0, base)
        }
    )*};
}
as_text! {
    _itoa _itoa_s(i32) = |number, signed| match signed {
        true => (number < 0, number.unsigned_abs().into()),
        false => (false, number.cast_unsigned().into()),
    };
    _ultoa _ultoa_s(u32) = |number, _| (false, number.into());
    _i64toa _i64toa_s(u64) = |number, signed| match signed {
        true => (number.cast_signed() < 0, number.cast_signed().unsigned_abs()),
        false => (false, number),
    };
    _ui64toa _ui64toa_s(u64) = |number, _| (false, number);
}

pub fn _rotl(_: &mut Process, number: u32, by: i32) -> u32 {
    number.rotate_left((by & 31).cast_unsigned())
}

pub fn _rotr(_: &mut Process, number: u32, by: i32) -> u32 {
    number.rotate_right((by & 31).cast_unsigned())
}

pub fn _rotl64(_: &mut Process, number: u64, by: i32) -> u64 {
    number.rotate_left((by & 63).cast_unsigned())
}

pub fn _rotr64(_: &mut Process, number: u64, by: i32) -> u64 {
    number.rotate_right((by & 63).cast_unsigned())
}

pub fn _byteswap_ushort(_: &mut Process, number: u16) -> u32 {
    number.swap_bytes().into()
}

pub fn _byteswap_ulong(_: &mut Process, number: u32) -> u32 {
    number.swap_bytes()
}

pub fn _byteswap_uint64(_: &mut Process, number: u64) -> u64 {
    number.swap_bytes()
}
