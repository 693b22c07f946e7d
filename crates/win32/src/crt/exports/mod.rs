//! What the C run-time libraries export.

mod files;
mod numbers;
mod system;
mod text;
mod variables;

use super::convert;
use crate::library::{Library, Shim, Variable, joined};
use files::FILES;
use numbers::NUMBERS;
use system::SYSTEM;
use text::TEXT;
use variables::VARIABLES;

library! {
    /// What the Universal CRT does in another way than its predecessors.
    UCRT, Cdecl, ["ucrtbase.dll", "api-ms-win-crt-*"], "https://learn.microsoft.com/cpp/c-runtime-library/";
    convert::atof_or_hexadecimal<u8> as "atof", "reference/atof-atof-l-wtof-wtof-l";
    convert::atof_or_hexadecimal<u16> as "_wtof", "reference/atof-atof-l-wtof-wtof-l";
    convert::strtod_or_hexadecimal<u8> as "strtod", "reference/strtod-strtod-l-wcstod-wcstod-l";
    convert::strtod_or_hexadecimal<u16> as "wcstod", "reference/strtod-strtod-l-wcstod-wcstod-l";
}

const PARTS: [&[Shim]; 4] = [TEXT.shims, NUMBERS.shims, FILES.shims, SYSTEM.shims];
const COUNT: usize = PARTS[0].len() + PARTS[1].len() + PARTS[2].len() + PARTS[3].len();
static SHIMS: [Shim; COUNT] = joined(&PARTS, TEXT.shims[0]);
const ALL_VARIABLES: &[Variable] = VARIABLES.variables;

/// The C run-time libraries by all of their names: that of the system, those that came with Visual C++, and what compilers since 2015 import from.
pub(crate) const LIBRARY: Library = Library {
    names: &[
        "msvcrt.dll",
        "ucrtbase.dll",
        "api-ms-win-crt-*",
        "crtdll.dll",
        "msvcrt20.dll",
        "msvcrt40.dll",
        "msvcr70.dll",
        "msvcr71.dll",
        "msvcr80.dll",
        "msvcr90.dll",
        "msvcr100.dll",
        "msvcr110.dll",
        "msvcr120.dll",
        "vcruntime140.dll",
        "vcruntime140_1.dll",
    ],
    shims: &SHIMS,
    variables: ALL_VARIABLES,
    ..TEXT
};
