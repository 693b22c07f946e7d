//! Floating-point functions, random numbers, and small integer ones.

use guest::Stop;

use crate::abi::Pointer;
use crate::crt::{EDOM, ERANGE, set_errno};
use crate::process::Process;

/// A result, with `errno` set when the arguments were outside the function's domain or the result is outside a double's range.
fn noted(process: &mut Process, result: f64, arguments: &[f64]) -> f64 {
    if result.is_nan() && !arguments.iter().any(|argument| argument.is_nan()) {
        set_errno(process, EDOM);
    } else if result.is_infinite() && arguments.iter().all(|argument| argument.is_finite()) {
        set_errno(process, ERANGE);
    }
    result
}

/// The same for functions that have no NaN in their domain: their pages list one as a domain error.
fn noted_of_numbers(process: &mut Process, result: f64, arguments: &[f64]) -> f64 {
    if arguments.iter().any(|argument| argument.is_nan()) {
        set_errno(process, EDOM);
    }
    noted(process, result, arguments)
}

/// Functions of one number, for double and for float: a float's result is the double's, rounded.
macro_rules! unary {
    ($noted:ident; $($name:ident $single:ident = $function:path;)*) => {$(
        pub fn $name(process: &mut Process, x: f64) -> f64 {
            $noted(process, $function(x), &[x])
        }

        pub fn $single(process: &mut Process, x: f32) -> f32 {
            $name(process, x.into()) as f32
        }
    )*};
}
unary! {
    noted_of_numbers;
    log logf = f64::ln;
    log10 log10f = f64::log10;
    exp expf = f64::exp;
    sin sinf = f64::sin;
    cos cosf = f64::cos;
    tan tanf = f64::tan;
    asin asinf = f64::asin;
    acos acosf = f64::acos;
    atan atanf = f64::atan;
    sinh sinhf = f64::sinh;
    cosh coshf = f64::cosh;
    tanh tanhf = f64::tanh;
}
unary! {
    noted;
    sqrt sqrtf = f64::sqrt;
    log2 log2f = f64::log2;
    exp2 exp2f = f64::exp2;
    cbrt cbrtf = f64::cbrt;
    asinh asinhf = f64::asinh;
    acosh acoshf = f64::acosh;
    atanh atanhf = f64::atanh;
    expm1 expm1f = f64::exp_m1;
    log1p log1pf = f64::ln_1p;
    logb logbf = exponent_of;
    floor floorf = f64::floor;
    ceil ceilf = f64::ceil;
    trunc truncf = f64::trunc;
    round roundf = f64::round;
    rint rintf = f64::round_ties_even;
    fabs fabsf = f64::abs;
}

/// Functions of two numbers, for double and for float.
macro_rules! binary {
    ($noted:ident; $($name:ident $single:ident = $function:expr;)*) => {$(
        pub fn $name(process: &mut Process, x: f64, y: f64) -> f64 {
            let function: fn(f64, f64) -> f64 = $function;
            $noted(process, function(x, y), &[x, y])
        }

        pub fn $single(process: &mut Process, x: f32, y: f32) -> f32 {
            $name(process, x.into(), y.into()) as f32
        }
    )*};
}
binary! {
    noted_of_numbers;
    atan2 atan2f = f64::atan2;
}
binary! {
    noted;
    pow powf = f64::powf;
    copysign copysignf = f64::copysign;
    fmax fmaxf = f64::max;
    fmin fminf = f64::min;
    fdim fdimf = |x, y| if x <= y { 0.0 } else { x - y };
    remainder remainderf = remainder_of;
    nextafter _nextafterf = next_after;
    hypot hypotf = f64::hypot;
    fmod fmodf = |x, y| x % y;
}

/// The power of two that a number begins with; the bits of a number that is no multiple of one are counted too.
fn exponent_of(x: f64) -> f64 {
    match x {
        x if x.is_nan() => x,
        0.0 => f64::NEG_INFINITY,
        x if x.is_infinite() => f64::INFINITY,
        x => f64::from(split(x).1 - 1),
    }
}

/// What is left of x after the multiple of y that is nearest to it.
fn remainder_of(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() || x.is_infinite() || y == 0.0 {
        return f64::NAN;
    }
    if y.is_infinite() {
        return x;
    }
    let y = y.abs();
    // Below twice y, so that no multiple is lost; odd tells whether the whole multiple below is.
    let rest = x.abs() % (2.0 * y);
    let (rest, odd) = if rest >= y { (rest - y, true) } else { (rest, false) };
    let above = rest > y - rest || (rest == y - rest && odd);
    let rest = if above { rest - y } else { rest };
    if x.is_sign_negative() { -rest } else { rest }
}

/// The next double from x towards y.
fn next_after(x: f64, y: f64) -> f64 {
    match x.partial_cmp(&y) {
        None => f64::NAN,
        Some(std::cmp::Ordering::Equal) => y,
        Some(std::cmp::Ordering::Less) => x.next_up(),
        Some(std::cmp::Ordering::Greater) => x.next_down(),
    }
}

/// Multiplies by a power of two, in steps whose factors are doubles. The result is rounded once: a step down leaves so much for the last
/// one that what has become subnormal before it ends as zero.
pub(super) fn scale(mut x: f64, power: i32) -> f64 {
    const UP: i32 = 1000;
    const DOWN: i32 = 1022 - 53;
    // Beyond these limits every number has become infinite or zero.
    let mut power = power.clamp(-3000, 3000);
    while power > 1023 {
        x *= power_of_two(UP);
        power -= UP;
    }
    while power < -1022 {
        x *= power_of_two(-DOWN);
        power += DOWN;
    }
    x * power_of_two(power)
}

/// Two to a power from -1022 to 1023.
fn power_of_two(power: i32) -> f64 {
    f64::from_bits(u64::from((power + 1023).cast_unsigned()) << 52)
}

pub fn ldexp(process: &mut Process, x: f64, power: i32) -> f64 {
    noted(process, scale(x, power), &[x])
}

/// The fraction, from 0.5 up to 1, and the power of two that a number consists of.
pub(super) fn split(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let (bits, offset) =
        if x.is_normal() { (x.to_bits(), 1022) } else { (scale(x, 64).to_bits(), 1022 + 64) };
    let exponent = i32::try_from(bits >> 52 & 0x7ff).unwrap_or_default();
    (f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52), exponent - offset)
}

pub fn frexp(process: &mut Process, x: f64, power: Pointer) -> Result<f64, Stop> {
    let (fraction, exponent) = split(x);
    process.machine.memory.write(power.0, &exponent.to_le_bytes())?;
    Ok(fraction)
}

pub fn modf(process: &mut Process, x: f64, whole: Pointer) -> Result<f64, Stop> {
    process.machine.memory.write(whole.0, &x.trunc().to_le_bytes())?;
    let fraction = if x.is_infinite() { 0.0 } else { x.fract() };
    Ok(fraction.copysign(x))
}

pub fn abs(_: &mut Process, x: i32) -> i32 {
    x.wrapping_abs()
}

/// The generator of `rand`: x becomes x * 214013 + 2531011, of which bits 16 to 30 are the number.
#[derive(Debug)]
struct Random(u32);

/// The state of a generator that nobody has seeded. What is kept is the difference from it.
const UNSEEDED: u32 = 1;

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(214_013).wrapping_add(2_531_011);
        self.0 >> 16 & 0x7fff
    }
}

/// rand: each thread has a generator of its own.
pub fn rand(process: &mut Process) -> Result<u32, Stop> {
    let at = process.machine.thread_random();
    let mut random = Random(process.machine.memory.array(at).map(u32::from_le_bytes)?.wrapping_add(UNSEEDED));
    let number = random.next();
    srand(process, random.0)?;
    Ok(number)
}

/// srand: seeds that of the thread alone.
pub fn srand(process: &mut Process, seed: u32) -> Result<(), Stop> {
    let at = process.machine.thread_random();
    Ok(process.machine.memory.write(at, &seed.wrapping_sub(UNSEEDED).to_le_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_are_the_documented_ones() {
        let mut random = Random(UNSEEDED);
        assert_eq!([(); 5].map(|()| random.next()), [41, 18467, 6334, 26500, 19169]);
    }

    #[test]
    fn numbers_are_split_and_scaled() {
        for (x, fraction, power) in [
            (1.0, 0.5, 1),
            (-3.0, -0.75, 2),
            (0.1, 0.8, -3),
            (5e-324, 0.5, -1073),
            (f64::MAX, 1.0 - f64::EPSILON / 2.0, 1024),
        ] {
            assert_eq!(split(x), (fraction, power), "{x}");
            assert_eq!(scale(fraction, power), x, "{x}");
        }
        assert_eq!(split(0.0), (0.0, 0));
        // 1.5 units of the smallest double, on the way through what cannot hold it.
        assert_eq!(scale(1.5 * power_of_two(-100), 100 - 1074), 1e-323);
        assert_eq!(scale(1.25 * power_of_two(-100), 100 - 1074), 5e-324);
        assert_eq!(scale(1.0, 5000), f64::INFINITY);
        assert_eq!(scale(1.0, -5000), 0.0);
        assert_eq!(scale(5e-324, 2000), 5e-324 * 2_f64.powi(1000) * 2_f64.powi(1000));
    }
}
