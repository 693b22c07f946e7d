//! Functions of the C library that only 32-bit code calls, which take their arguments from registers or work on their caller's stack: guest code of our own
//! (`guest::natives`). Each is listed as a variable, whose address is the function's.

#![allow(non_snake_case, reason = "the functions' own names")]

use crate::abi::Pointer;
use crate::process::Process;

macro_rules! natives {
    ($($name:ident)*) => {$(
        pub fn $name(process: &mut Process) -> Pointer {
            process.native(stringify!($name)).map_or(Pointer::NULL, Pointer)
        }
    )*};
}
natives! {
    _CIacos _CIasin _CIatan _CIatan2 _CIcos _CIcosh _CIexp _CIfmod
    _CIlog _CIlog10 _CIpow _CIsin _CIsinh _CIsqrt _CItan _CItanh
    _libm_sse2_acos_precise _libm_sse2_asin_precise _libm_sse2_atan_precise _libm_sse2_cos_precise _libm_sse2_exp_precise
    _libm_sse2_log10_precise _libm_sse2_log_precise _libm_sse2_pow_precise _libm_sse2_sin_precise _libm_sse2_sqrt_precise
    _libm_sse2_tan_precise
    _except_handler3 _except_handler4_common _ftol _ftol2 _ftol2_sse _global_unwind2 _local_unwind2 _local_unwind4
}

/// The destructor of `type_info`, a function of C++ that has its object in ecx, and nothing to do.
pub fn type_info_destructor(process: &mut Process) -> Pointer {
    process.native("nothing").map_or(Pointer::NULL, Pointer)
}

/// What compilers call instead of a function of `math.h`: the arguments, one or two, are in x87 registers then.
pub(crate) const OF_X87: [(&str, &str, u8); 16] = [
    ("_CIacos", "acos", 1),
    ("_CIasin", "asin", 1),
    ("_CIatan", "atan", 1),
    ("_CIatan2", "atan2", 2),
    ("_CIcos", "cos", 1),
    ("_CIcosh", "cosh", 1),
    ("_CIexp", "exp", 1),
    ("_CIfmod", "fmod", 2),
    ("_CIlog", "log", 1),
    ("_CIlog10", "log10", 1),
    ("_CIpow", "pow", 2),
    ("_CIsin", "sin", 1),
    ("_CIsinh", "sinh", 1),
    ("_CIsqrt", "sqrt", 1),
    ("_CItan", "tan", 1),
    ("_CItanh", "tanh", 1),
];

/// The same of code for SSE2: arguments and result are in xmm0 and xmm1.
pub(crate) const OF_SSE: [(&str, &str, u8); 11] = [
    ("_libm_sse2_acos_precise", "acos", 1),
    ("_libm_sse2_asin_precise", "asin", 1),
    ("_libm_sse2_atan_precise", "atan", 1),
    ("_libm_sse2_cos_precise", "cos", 1),
    ("_libm_sse2_exp_precise", "exp", 1),
    ("_libm_sse2_log10_precise", "log10", 1),
    ("_libm_sse2_log_precise", "log", 1),
    ("_libm_sse2_pow_precise", "pow", 2),
    ("_libm_sse2_sin_precise", "sin", 1),
    ("_libm_sse2_sqrt_precise", "sqrt", 1),
    ("_libm_sse2_tan_precise", "tan", 1),
];
