//! Kinds, signs, exponents and roundings of floating-point numbers.

#![allow(non_snake_case, reason = "the functions' own names")]

use guest::Stop;

use crate::abi::Pointer;
use crate::crt::math::{scale, split};
use crate::crt::{EDOM, math, set_errno};
use crate::process::Process;

pub fn _isnan(_: &mut Process, x: f64) -> i32 {
    x.is_nan().into()
}

pub fn _isnanf(_: &mut Process, x: f32) -> i32 {
    x.is_nan().into()
}

pub fn _finite(_: &mut Process, x: f64) -> i32 {
    x.is_finite().into()
}

pub fn _finitef(_: &mut Process, x: f32) -> i32 {
    x.is_finite().into()
}

/// _fpclass: the class as one bit (float.h, `_FPCLASS_SNAN` and so on).
pub fn _fpclass(_: &mut Process, x: f64) -> i32 {
    const QUIET: u64 = 1 << 51;
    let (negative, positive) = match x {
        x if x.is_nan() => return if x.to_bits() & QUIET == 0 { 1 } else { 2 },
        x if x.is_infinite() => (4, 0x200),
        0.0 => (0x20, 0x40),
        x if x.is_subnormal() => (0x10, 0x80),
        _ => (8, 0x100),
    };
    if x.is_sign_negative() { negative } else { positive }
}

/// _dclass and `_ldclass`, which headers have for `fpclassify` (math.h, `FP_NAN` and so on).
pub fn _dclass(_: &mut Process, x: f64) -> i32 {
    class(x.classify())
}

pub fn _fdclass(_: &mut Process, x: f32) -> i32 {
    class(x.classify())
}

fn class(class: std::num::FpCategory) -> i32 {
    use std::num::FpCategory::{Infinite, Nan, Normal, Subnormal, Zero};
    match class {
        Nan => 2,
        Infinite => 1,
        Zero => 0,
        Subnormal => -2,
        Normal => -1,
    }
}

/// _dsign and `_ldsign`, which headers have for `signbit`: not 0 for a minus.
pub fn _dsign(_: &mut Process, x: f64) -> i32 {
    if x.is_sign_negative() { 0x8000 } else { 0 }
}

pub fn _fdsign(_: &mut Process, x: f32) -> i32 {
    if x.is_sign_negative() { 0x8000 } else { 0 }
}

pub fn _chgsign(_: &mut Process, x: f64) -> f64 {
    -x
}

pub fn _chgsignf(_: &mut Process, x: f32) -> f32 {
    -x
}

/// _scalb, `scalbn` and `scalbln`: times two to a power.
pub fn _scalb(process: &mut Process, x: f64, power: i32) -> f64 {
    math::ldexp(process, x, power)
}

pub fn scalbnf(_: &mut Process, x: f32, power: i32) -> f32 {
    scale(x.into(), power) as f32
}

/// ilogb: the exponent as an integer; the least for 0 and the greatest for what has none.
pub fn ilogb(process: &mut Process, x: f64) -> i32 {
    let exponent = match x {
        0.0 => i32::MIN,
        x if x.is_infinite() || x.is_nan() => i32::MAX,
        x => return split(x).1 - 1,
    };
    set_errno(process, EDOM);
    exponent
}

pub fn modff(process: &mut Process, x: f32, whole: Pointer) -> Result<f32, Stop> {
    process.machine.memory.write(whole.0, &x.trunc().to_le_bytes())?;
    let fraction = if x.is_infinite() { 0.0 } else { x.fract() };
    Ok(fraction.copysign(x))
}

/// fma: rounded once.
pub fn fma(_: &mut Process, x: f64, y: f64, z: f64) -> f64 {
    x.mul_add(y, z)
}

pub fn fmaf(_: &mut Process, x: f32, y: f32, z: f32) -> f32 {
    x.mul_add(y, z)
}

/// A number as an integer, if it is one that fits; else `errno` is set, and the answer is the processor's.
fn integer(process: &mut Process, x: f64, least: f64) -> i64 {
    if x >= least && x < -least {
        return x as i64;
    }
    set_errno(process, EDOM);
    least as i64
}

/// Functions that round to an integer, of 32 and of 64 bits, of a double and of a float.
macro_rules! roundings {
    ($($long:ident $longf:ident $wide:ident $widef:ident = $round:path;)*) => {$(
        pub fn $long(process: &mut Process, x: f64) -> i32 {
            i32::try_from(integer(process, $round(x), i32::MIN.into())).unwrap_or(i32::MIN)
        }

        pub fn $longf(process: &mut Process, x: f32) -> i32 {
            $long(process, x.into())
        }

        pub fn $wide(process: &mut Process, x: f64) -> u64 {
            integer(process, $round(x), i64::MIN as f64).cast_unsigned()
        }

        pub fn $widef(process: &mut Process, x: f32) -> u64 {
            $wide(process, x.into())
        }
    )*};
}
roundings! {
    lround lroundf llround llroundf = f64::round;
    lrint lrintf llrint llrintf = f64::round_ties_even;
}

/// _set_SSE2_enable and `_set_FMA3_enable`: whether such instructions are used for these functions, which makes no difference that could be seen.
pub fn _set_SSE2_enable(_: &mut Process, flag: i32) -> i32 {
    i32::from(flag != 0)
}
