//! The C run-time libraries: msvcrt.dll, ucrtbase.dll and what forwards to them.
//!
//! Functions only: a variable that these libraries export (`_fmode`, `__mb_cur_max`, `_iob`) is not here.

use guest::{Machine, Memory, Violation};

use crate::abi::Pointer;
use crate::process::Process;

mod convert;
mod ctype;
mod float;
mod format;
mod math;
mod memory;
mod number;
mod printf;
mod scan;
mod scanf;
mod sort;
mod startup;
mod stdio;
mod string;
mod time;
mod wide;

pub(crate) use printf::print_cut;
pub(crate) use startup::run_exit_functions_in;
pub(crate) use stdio::flush;

/// Values of `errno` (MS Learn, "errno constants").
const EBADF: i32 = 9;
const ENOMEM: i32 = 12;
const EACCES: i32 = 13;
const EINVAL: i32 = 22;
const EDOM: i32 = 33;
const ERANGE: i32 = 34;
const EILSEQ: i32 = 42;

/// Size of a pointer in guest memory.
const POINTER_SIZE: u64 = 8;

/// A pointer in guest memory.
fn pointer_at(memory: &Memory, at: Pointer) -> Result<Pointer, Violation> {
    memory.array(at.0).map(u64::from_le_bytes).map(Pointer)
}

/// Puts a pointer into guest memory.
fn put_pointer(memory: &Memory, at: Pointer, pointer: Pointer) -> Result<(), Violation> {
    memory.write(at.0, &pointer.0.to_le_bytes())
}

/// Sets the guest's `errno`.
fn set_errno(process: &mut Process, error: i32) {
    // What the process lent for it stays writable; if it did not, the guest would be the only one to miss the value.
    let _ = process.machine.memory.write(process.crt.errno.0, &error.to_le_bytes());
}

/// What the C library keeps for the guest.
#[derive(Debug)]
pub(crate) struct State {
    /// `errno` and `_doserrno`.
    errno: Pointer,
    doserrno: Pointer,
    /// The FILE objects of standard input, output and error.
    files: Pointer,
    /// What was written to the console since the last line end.
    line: Vec<u8>,
    /// What `localeconv` answers, and the locale's name.
    lconv: Pointer,
    locale: Pointer,
    /// The value of the environment variable WINEDEBUG.
    winedebug: Pointer,
    /// The buffer of `strerror`.
    message: Pointer,
    /// Where `strtok` keeps its place.
    strtok: Pointer,
    /// The functions to be called at the end, as an `_onexit_table_t`.
    exit_table: Pointer,
    random: math::Random,
    /// The floating-point control word, as `_controlfp` has it.
    control_word: u32,
}

/// The floating-point control word that a thread starts with (`_CW_DEFAULT`): round to nearest, 53 bits, all exceptions masked.
const DEFAULT_CONTROL_WORD: u32 = 0x9_001f;

impl State {
    /// # Errors
    /// [`Violation`] when there is no memory to lend.
    pub fn new(machine: &mut Machine) -> Result<Self, Violation> {
        let mut lend = |size| machine.lend(size).map(Pointer);
        let own = Self {
            errno: lend(4)?,
            doserrno: lend(4)?,
            files: lend(stdio::FILES * stdio::FILE_SIZE)?,
            line: Vec::with_capacity(stdio::LINE),
            lconv: lend(LCONV_SIZE)?,
            locale: lend(2)?,
            winedebug: lend(5)?,
            message: lend(string::MESSAGE_SIZE)?,
            strtok: lend(POINTER_SIZE)?,
            exit_table: lend(startup::TABLE_SIZE)?,
            random: math::Random::new(1),
            control_word: DEFAULT_CONTROL_WORD,
        };
        let texts = Pointer(machine.lend(8)?);
        let memory = &machine.memory;
        memory.write(own.locale.0, b"C\0")?;
        memory.write(own.winedebug.0, b"-all\0")?;
        stdio::write_files(memory, own.files)?;
        write_lconv(memory, own.lconv, texts)?;
        Ok(own)
    }
}

/// Number of `char *`, of `char` and of `wchar_t *` in a `struct lconv` (MS Learn, "localeconv").
const LCONV_FIELDS: [u64; 3] = [10, 8, 8];
const LCONV_SIZE: u64 = (LCONV_FIELDS[0] + LCONV_FIELDS[2]) * POINTER_SIZE + LCONV_FIELDS[1];

/// The `struct lconv` of the "C" locale: a point, and otherwise nothing. `texts` are 8 bytes for what it points to.
fn write_lconv(memory: &Memory, at: Pointer, texts: Pointer) -> Result<(), Violation> {
    memory.write(texts.0, &[b'.', 0, 0, 0, b'.', 0, 0, 0])?;
    let (point, empty, wide_point, wide_empty) = (texts, texts.at(2), texts.at(4), texts.at(6));
    let [narrow, numbers, wide] = LCONV_FIELDS;
    for index in 0..narrow {
        put_pointer(memory, at.at(index * POINTER_SIZE), if index == 0 { point } else { empty })?;
    }
    let at = at.at(narrow * POINTER_SIZE);
    // CHAR_MAX: not available.
    memory.fill(at.0, 0x7f, usize::try_from(numbers).unwrap_or_default())?;
    let at = at.at(numbers);
    for index in 0..wide {
        put_pointer(memory, at.at(index * POINTER_SIZE), if index == 0 { wide_point } else { wide_empty })?;
    }
    Ok(())
}

library! {
    /// The C run-time libraries.
    LIBRARY, Cdecl, ["ucrtbase.dll", "msvcrt.dll", "api-ms-win-crt-*"], "https://learn.microsoft.com/cpp/c-runtime-library/";
    convert::_atoi64, "reference/atoi64-atoi64-l-wtoi64-wtoi64-l";
    convert::strtoll as "_strtoi64", "reference/strtoi64-wcstoi64-strtoi64-l-wcstoi64-l";
    convert::strtoll, "reference/strtoll-strtoll-l-wcstoll-wcstoll-l";
    convert::_wtoi, "reference/atoi-atoi-l-wtoi-wtoi-l";
    convert::atof, "reference/atof-atof-l-wtof-wtof-l";
    convert::atoi, "reference/atoi-atoi-l-wtoi-wtoi-l";
    convert::atoi as "atol", "reference/atol-atol-l-wtol-wtol-l";
    convert::strtod, "reference/strtod-strtod-l-wcstod-wcstod-l";
    convert::strtol, "reference/strtol-wcstol-strtol-l-wcstol-l";
    convert::strtoul, "reference/strtoul-strtoul-l-wcstoul-wcstoul-l";
    convert::strtoull, "reference/strtoull-strtoull-l-wcstoull-wcstoull-l";
    convert::strtoull as "_strtoui64", "reference/strtoui64-wcstoui64-strtoui64-l-wcstoui64-l";
    convert::wcstod, "reference/strtod-strtod-l-wcstod-wcstod-l";
    convert::wcstol, "reference/strtol-wcstol-strtol-l-wcstol-l";
    convert::wcstoul, "reference/strtoul-strtoul-l-wcstoul-wcstoul-l";
    ctype::isalnum, "reference/isalnum-iswalnum-isalnum-l-iswalnum-l";
    ctype::isalpha, "reference/isalpha-iswalpha-isalpha-l-iswalpha-l";
    ctype::iscntrl, "reference/iscntrl-iswcntrl-iscntrl-l-iswcntrl-l";
    ctype::isdigit, "reference/isdigit-iswdigit-isdigit-l-iswdigit-l";
    ctype::isgraph, "reference/isgraph-iswgraph-isgraph-l-iswgraph-l";
    ctype::islower, "reference/islower-iswlower-islower-l-iswlower-l";
    ctype::isprint, "reference/isprint-iswprint-isprint-l-iswprint-l";
    ctype::ispunct, "reference/ispunct-iswpunct-ispunct-l-iswpunct-l";
    ctype::isspace, "reference/isspace-iswspace-isspace-l-iswspace-l";
    ctype::isupper, "reference/isupper-isupper-l-iswupper-iswupper-l";
    ctype::isxdigit, "reference/isxdigit-iswxdigit-isxdigit-l-iswxdigit-l";
    ctype::iswalnum, "reference/isalnum-iswalnum-isalnum-l-iswalnum-l";
    ctype::iswalpha, "reference/isalpha-iswalpha-isalpha-l-iswalpha-l";
    ctype::iswcntrl, "reference/iscntrl-iswcntrl-iscntrl-l-iswcntrl-l";
    ctype::iswctype, "reference/isctype-iswctype-isctype-l-iswctype-l";
    ctype::iswdigit, "reference/isdigit-iswdigit-isdigit-l-iswdigit-l";
    ctype::iswgraph, "reference/isgraph-iswgraph-isgraph-l-iswgraph-l";
    ctype::iswlower, "reference/islower-iswlower-islower-l-iswlower-l";
    ctype::iswprint, "reference/isprint-iswprint-isprint-l-iswprint-l";
    ctype::iswpunct, "reference/ispunct-iswpunct-ispunct-l-iswpunct-l";
    ctype::iswspace, "reference/isspace-iswspace-isspace-l-iswspace-l";
    ctype::iswupper, "reference/isupper-isupper-l-iswupper-iswupper-l";
    ctype::iswxdigit, "reference/isxdigit-iswxdigit-isxdigit-l-iswxdigit-l";
    ctype::tolower, "reference/tolower-tolower-towlower-tolower-l-towlower-l";
    ctype::toupper, "reference/toupper-toupper-towupper-toupper-l-towupper-l";
    ctype::towlower, "reference/tolower-tolower-towlower-tolower-l-towlower-l";
    ctype::towupper, "reference/toupper-toupper-towupper-toupper-l-towupper-l";
    math::_controlfp as "_control87", "reference/control87-controlfp-control87-2";
    math::_controlfp, "reference/control87-controlfp-control87-2";
    math::hypot as "_hypot", "reference/hypot-hypotf-hypotl-hypot-hypotf-hypotl";
    math::hypotf as "_hypotf", "reference/hypot-hypotf-hypotl-hypot-hypotf-hypotl";
    math::abs, "reference/abs-labs-llabs-abs64";
    math::acos, "reference/acos-acosf-acosl";
    math::acosf, "reference/acos-acosf-acosl";
    math::asin, "reference/asin-asinf-asinl";
    math::asinf, "reference/asin-asinf-asinl";
    math::atan, "reference/atan-atanf-atanl-atan2-atan2f-atan2l";
    math::atan2, "reference/atan-atanf-atanl-atan2-atan2f-atan2l";
    math::atan2f, "reference/atan-atanf-atanl-atan2-atan2f-atan2l";
    math::atanf, "reference/atan-atanf-atanl-atan2-atan2f-atan2l";
    math::cbrt, "reference/cbrt-cbrtf-cbrtl";
    math::cbrtf, "reference/cbrt-cbrtf-cbrtl";
    math::ceil, "reference/ceil-ceilf-ceill";
    math::ceilf, "reference/ceil-ceilf-ceill";
    math::cos, "reference/cos-cosf-cosl";
    math::cosf, "reference/cos-cosf-cosl";
    math::cosh, "reference/cosh-coshf-coshl";
    math::coshf, "reference/cosh-coshf-coshl";
    math::exp, "reference/exp-expf";
    math::exp2, "reference/exp2-exp2f-exp2l";
    math::exp2f, "reference/exp2-exp2f-exp2l";
    math::expf, "reference/exp-expf";
    math::fabs, "reference/fabs-fabsf-fabsl";
    math::fabsf, "reference/fabs-fabsf-fabsl";
    math::floor, "reference/floor-floorf-floorl";
    math::floorf, "reference/floor-floorf-floorl";
    math::fmod, "reference/fmod-fmodf";
    math::fmodf, "reference/fmod-fmodf";
    math::frexp, "reference/frexp";
    math::hypot, "reference/hypot-hypotf-hypotl-hypot-hypotf-hypotl";
    math::hypotf, "reference/hypot-hypotf-hypotl-hypot-hypotf-hypotl";
    math::abs as "labs", "reference/abs-labs-llabs-abs64";
    math::ldexp, "reference/ldexp";
    math::log, "reference/log-logf-log10-log10f";
    math::log10, "reference/log-logf-log10-log10f";
    math::log10f, "reference/log-logf-log10-log10f";
    math::log2, "reference/log2-log2f-log2l";
    math::log2f, "reference/log2-log2f-log2l";
    math::logf, "reference/log-logf-log10-log10f";
    math::modf, "reference/modf-modff-modfl";
    math::pow, "reference/pow-powf-powl";
    math::powf, "reference/pow-powf-powl";
    math::rand, "reference/rand";
    math::rint, "reference/rint-rintf-rintl";
    math::rintf, "reference/rint-rintf-rintl";
    math::round, "reference/round-roundf-roundl";
    math::roundf, "reference/round-roundf-roundl";
    math::sin, "reference/sin-sinf-sinl";
    math::sinf, "reference/sin-sinf-sinl";
    math::sinh, "reference/sinh-sinhf-sinhl";
    math::sinhf, "reference/sinh-sinhf-sinhl";
    math::sqrt, "reference/sqrt-sqrtf-sqrtl";
    math::sqrtf, "reference/sqrt-sqrtf-sqrtl";
    math::srand, "reference/srand";
    math::tan, "reference/tan-tanf-tanl";
    math::tanf, "reference/tan-tanf-tanl";
    math::tanh, "reference/tanh-tanhf-tanhl";
    math::tanhf, "reference/tanh-tanhf-tanhl";
    math::trunc, "reference/trunc-truncf-truncl";
    math::truncf, "reference/trunc-truncf-truncl";
    memory::_aligned_free, "reference/aligned-free";
    memory::_aligned_malloc, "reference/aligned-malloc";
    memory::_msize, "reference/msize";
    memory::calloc, "reference/calloc";
    memory::free, "reference/free";
    memory::malloc, "reference/malloc";
    memory::memchr, "reference/memchr-wmemchr";
    memory::memcmp, "reference/memcmp-wmemcmp";
    memory::memcpy, "reference/memcpy-wmemcpy";
    memory::memcpy as "memmove", "reference/memmove-wmemmove";
    memory::memset, "reference/memset-wmemset";
    memory::realloc, "reference/realloc";
    printf::__stdio_common_vfprintf, "reference/vfprintf-vfprintf-l-vfwprintf-vfwprintf-l";
    printf::__stdio_common_vsprintf<u8>, "reference/vsprintf-vsprintf-l-vswprintf-vswprintf-l-vswprintf-l";
    printf::__stdio_common_vsprintf_s, "reference/vsprintf-s-vsprintf-s-l-vswprintf-s-vswprintf-s-l";
    printf::__stdio_common_vsprintf<u16> as "__stdio_common_vswprintf", "reference/vsprintf-vsprintf-l-vswprintf-vswprintf-l-vswprintf-l";
    printf::_snprintf<u8>, "reference/snprintf-snprintf-snprintf-l-snwprintf-snwprintf-l";
    printf::_snprintf<u16> as "_snwprintf", "reference/snprintf-snprintf-snprintf-l-snwprintf-snwprintf-l";
    printf::_vsnprintf<u8>, "reference/vsnprintf-vsnprintf-vsnprintf-l-vsnwprintf-vsnwprintf-l";
    printf::_vsnprintf<u16> as "_vsnwprintf", "reference/vsnprintf-vsnprintf-vsnprintf-l-vsnwprintf-vsnwprintf-l";
    printf::fprintf, "reference/fprintf-fprintf-l-fwprintf-fwprintf-l";
    printf::printf, "reference/printf-printf-l-wprintf-wprintf-l";
    printf::sprintf, "reference/sprintf-sprintf-l-swprintf-swprintf-swprintf-l";
    printf::vfprintf, "reference/vfprintf-vfprintf-l-vfwprintf-vfwprintf-l";
    printf::vsprintf, "reference/vsprintf-vsprintf-l-vswprintf-vswprintf-l-vswprintf-l";
    scanf::__stdio_common_vsscanf<u8>, "reference/vsscanf-vswscanf";
    scanf::__stdio_common_vsscanf<u16> as "__stdio_common_vswscanf", "reference/vsscanf-vswscanf";
    scanf::sscanf<u8>, "reference/sscanf-sscanf-l-swscanf-swscanf-l";
    scanf::sscanf<u16> as "swscanf", "reference/sscanf-sscanf-l-swscanf-swscanf-l";
    sort::bsearch, "reference/bsearch";
    sort::qsort, "reference/qsort";
    startup::___lc_codepage_func, "lc-codepage-func";
    startup::___mb_cur_max_func, "mb-cur-max-func-mb-cur-max-l-func-p-mb-cur-max-mb-cur-max";
    startup::__C_specific_handler, "internal-crt-globals-and-functions";
    startup::__dllonexit, "dllonexit";
    startup::__doserrno, "errno-doserrno-sys-errlist-and-sys-nerr";
    startup::__set_app_type, "internal-set-app-type";
    startup::__setusermatherr, "setusermatherr";
    startup::_amsg_exit, "reference/amsg-exit";
    startup::_assert, "reference/assert-macro-assert-wassert";
    startup::_cexit, "reference/cexit-c-exit";
    startup::_configure_narrow_argv, "internal-crt-globals-and-functions";
    startup::_crt_atexit, "internal-crt-globals-and-functions";
    startup::_errno, "errno-doserrno-sys-errlist-and-sys-nerr";
    startup::_execute_onexit_table, "execute-onexit-table-initialize-onexit-table-register-onexit-function";
    startup::_exit, "reference/exit-exit-exit";
    startup::_initialize_narrow_environment, "internal-crt-globals-and-functions";
    startup::_initialize_onexit_table, "execute-onexit-table-initialize-onexit-table-register-onexit-function";
    startup::_initterm, "reference/initterm-initterm-e";
    startup::_initterm_e, "reference/initterm-initterm-e";
    startup::_lock, "lock";
    startup::_onexit, "reference/onexit-onexit-m";
    startup::_register_onexit_function, "execute-onexit-table-initialize-onexit-table-register-onexit-function";
    startup::_seh_filter_dll, "reference/seh-filter-dll-seh-filter-exe";
    startup::_unlock, "unlock";
    startup::_wassert, "reference/assert-macro-assert-wassert";
    startup::_wgetenv, "reference/getenv-wgetenv";
    startup::abort, "reference/abort";
    startup::_crt_atexit as "atexit", "reference/atexit";
    startup::exit, "reference/exit-exit-exit";
    startup::getenv, "reference/getenv-wgetenv";
    startup::localeconv, "reference/localeconv";
    startup::setlocale, "reference/setlocale-wsetlocale";
    startup::signal, "reference/signal";
    stdio::__acrt_iob_func, "internal-crt-globals-and-functions";
    stdio::__iob_func, "internal-crt-globals-and-functions";
    stdio::_close, "reference/close";
    stdio::_fdopen, "reference/fdopen-wfdopen";
    stdio::_fileno, "reference/fileno";
    stdio::fgetc as "_filbuf", "internal-crt-globals-and-functions";
    stdio::fputc as "_flsbuf", "internal-crt-globals-and-functions";
    stdio::_isatty, "reference/isatty";
    stdio::_lseek, "reference/lseek-lseeki64";
    stdio::_open, "reference/open-wopen";
    stdio::_read, "reference/read";
    stdio::_setmode, "reference/setmode";
    stdio::_wfopen, "reference/fopen-wfopen";
    stdio::_wopen, "reference/open-wopen";
    stdio::_write, "reference/write";
    stdio::fclose, "reference/fclose-fcloseall";
    stdio::feof, "reference/feof";
    stdio::ferror, "reference/ferror";
    stdio::fflush, "reference/fflush";
    stdio::fgetc, "reference/fgetc-fgetwc";
    stdio::fgets, "reference/fgets-fgetws";
    stdio::fopen, "reference/fopen-wfopen";
    stdio::fputc, "reference/fputc-fputwc";
    stdio::fputs, "reference/fputs-fputws";
    stdio::fread, "reference/fread";
    stdio::fwrite, "reference/fwrite";
    stdio::fgetc as "getc", "reference/getc-getwc";
    stdio::fputc as "putc", "reference/putc-putwc";
    stdio::putchar, "reference/putchar-putwchar";
    stdio::puts, "reference/puts-putws";
    stdio::setvbuf, "reference/setvbuf";
    string::_strdup, "reference/strdup-wcsdup-mbsdup";
    string::_stricmp<u8>, "reference/stricmp-wcsicmp-mbsicmp-stricmp-l-wcsicmp-l-mbsicmp-l";
    string::_strnicmp<u8>, "reference/strnicmp-wcsnicmp-mbsnicmp-strnicmp-l-wcsnicmp-l-mbsnicmp-l";
    string::strcat<u8>, "reference/strcat-wcscat-mbscat";
    string::strcat_s, "reference/strcat-s-wcscat-s-mbscat-s";
    string::strchr<u8>, "reference/strchr-wcschr-mbschr-mbschr-l";
    string::strcmp<u8>, "reference/strcmp-wcscmp-mbscmp";
    string::strcmp<u8> as "strcoll", "reference/strcoll-wcscoll-mbscoll-strcoll-l-wcscoll-l-mbscoll-l";
    string::strcpy<u8>, "reference/strcpy-wcscpy-mbscpy";
    string::strcpy_s, "reference/strcpy-s-wcscpy-s-mbscpy-s";
    string::strcspn, "reference/strcspn-wcscspn-mbscspn-mbscspn-l";
    string::strerror, "reference/strerror-strerror-wcserror-wcserror";
    string::strlen<u8>, "reference/strlen-wcslen-mbslen-mbslen-l-mbstrlen-mbstrlen-l";
    string::strncat, "reference/strncat-strncat-l-wcsncat-wcsncat-l-mbsncat-mbsncat-l";
    string::strncmp<u8>, "reference/strncmp-wcsncmp-mbsncmp-mbsncmp-l";
    string::strncpy<u8>, "reference/strncpy-strncpy-l-wcsncpy-wcsncpy-l-mbsncpy-mbsncpy-l";
    string::strnlen, "reference/strnlen-strnlen-s";
    string::strpbrk, "reference/strpbrk-wcspbrk-mbspbrk-mbspbrk-l";
    string::strrchr<u8>, "reference/strrchr-wcsrchr-mbsrchr-mbsrchr-l";
    string::strspn, "reference/strspn-wcsspn-mbsspn-mbsspn-l";
    string::strstr<u8>, "reference/strstr-wcsstr-mbsstr-mbsstr-l";
    string::strtok, "reference/strtok-strtok-l-wcstok-wcstok-l-mbstok-mbstok-l";
    string::strtok_s, "reference/strtok-s-strtok-s-l-wcstok-s-wcstok-s-l-mbstok-s-mbstok-s-l";
    string::strxfrm<u8>, "reference/strxfrm-wcsxfrm-strxfrm-l-wcsxfrm-l";
    time::_ftime64, "reference/ftime-ftime32-ftime64";
    time::_time64, "reference/time-time32-time64";
    time::clock, "reference/clock";
    time::_time64 as "time", "reference/time-time32-time64";
    string::_stricmp<u16> as "_wcsicmp", "reference/stricmp-wcsicmp-mbsicmp-stricmp-l-wcsicmp-l-mbsicmp-l";
    string::_strnicmp<u16> as "_wcsnicmp", "reference/strnicmp-wcsnicmp-mbsnicmp-strnicmp-l-wcsnicmp-l-mbsnicmp-l";
    wide::mbstowcs, "reference/mbstowcs-mbstowcs-l";
    string::strcat<u16> as "wcscat", "reference/strcat-wcscat-mbscat";
    string::strchr<u16> as "wcschr", "reference/strchr-wcschr-mbschr-mbschr-l";
    string::strcmp<u16> as "wcscmp", "reference/strcmp-wcscmp-mbscmp";
    string::strcmp<u16> as "wcscoll", "reference/strcoll-wcscoll-mbscoll-strcoll-l-wcscoll-l-mbscoll-l";
    string::strcpy<u16> as "wcscpy", "reference/strcpy-wcscpy-mbscpy";
    string::strlen<u16> as "wcslen", "reference/strlen-wcslen-mbslen-mbslen-l-mbstrlen-mbstrlen-l";
    string::strncmp<u16> as "wcsncmp", "reference/strncmp-wcsncmp-mbsncmp-mbsncmp-l";
    string::strncpy<u16> as "wcsncpy", "reference/strncpy-strncpy-l-wcsncpy-wcsncpy-l-mbsncpy-mbsncpy-l";
    string::strrchr<u16> as "wcsrchr", "reference/strrchr-wcsrchr-mbsrchr-mbsrchr-l";
    string::strstr<u16> as "wcsstr", "reference/strstr-wcsstr-mbsstr-mbsstr-l";
    wide::wcstombs, "reference/wcstombs-wcstombs-l";
    string::strxfrm<u16> as "wcsxfrm", "reference/strxfrm-wcsxfrm-strxfrm-l-wcsxfrm-l";
}

library! {
    /// What drivers take from ntdll.
    NTDLL, Cdecl, ["ntdll.dll"], "https://learn.microsoft.com/cpp/c-runtime-library/";
    convert::atoi, "reference/atoi-atoi-l-wtoi-wtoi-l";
    convert::atoi as "atol", "reference/atol-atol-l-wtol-wtol-l";
    convert::strtol, "reference/strtol-wcstol-strtol-l-wcstol-l";
    convert::strtoul, "reference/strtoul-strtoul-l-wcstoul-wcstoul-l";
    convert::wcstoul, "reference/strtoul-strtoul-l-wcstoul-wcstoul-l";
    ctype::isalpha, "reference/isalpha-iswalpha-isalpha-l-iswalpha-l";
    ctype::isdigit, "reference/isdigit-iswdigit-isdigit-l-iswdigit-l";
    ctype::isspace, "reference/isspace-iswspace-isspace-l-iswspace-l";
    ctype::isxdigit, "reference/isxdigit-iswxdigit-isxdigit-l-iswxdigit-l";
    ctype::tolower, "reference/tolower-tolower-towlower-tolower-l-towlower-l";
    ctype::toupper, "reference/toupper-toupper-towupper-toupper-l-towupper-l";
    ctype::towlower, "reference/tolower-tolower-towlower-tolower-l-towlower-l";
    ctype::towupper, "reference/toupper-toupper-towupper-toupper-l-towupper-l";
    math::abs, "reference/abs-labs-llabs-abs64";
    math::atan, "reference/atan-atanf-atanl-atan2-atan2f-atan2l";
    math::ceil, "reference/ceil-ceilf-ceill";
    math::cos, "reference/cos-cosf-cosl";
    math::fabs, "reference/fabs-fabsf-fabsl";
    math::floor, "reference/floor-floorf-floorl";
    math::abs as "labs", "reference/abs-labs-llabs-abs64";
    math::log, "reference/log-logf-log10-log10f";
    math::pow, "reference/pow-powf-powl";
    math::sin, "reference/sin-sinf-sinl";
    math::sqrt, "reference/sqrt-sqrtf-sqrtl";
    math::tan, "reference/tan-tanf-tanl";
    memory::memchr, "reference/memchr-wmemchr";
    memory::memcmp, "reference/memcmp-wmemcmp";
    memory::memcpy, "reference/memcpy-wmemcpy";
    memory::memcpy as "memmove", "reference/memmove-wmemmove";
    memory::memset, "reference/memset-wmemset";
    printf::_snprintf<u8>, "reference/snprintf-snprintf-snprintf-l-snwprintf-snwprintf-l";
    printf::_snprintf<u16> as "_snwprintf", "reference/snprintf-snprintf-snprintf-l-snwprintf-snwprintf-l";
    printf::_vsnprintf<u8>, "reference/vsnprintf-vsnprintf-vsnprintf-l-vsnwprintf-vsnwprintf-l";
    printf::_vsnprintf<u16> as "_vsnwprintf", "reference/vsnprintf-vsnprintf-vsnprintf-l-vsnwprintf-vsnwprintf-l";
    printf::sprintf, "reference/sprintf-sprintf-l-swprintf-swprintf-swprintf-l";
    printf::vsprintf, "reference/vsprintf-vsprintf-l-vswprintf-vswprintf-l-vswprintf-l";
    scanf::sscanf<u8>, "reference/sscanf-sscanf-l-swscanf-swscanf-l";
    sort::bsearch, "reference/bsearch";
    sort::qsort, "reference/qsort";
    startup::__C_specific_handler, "internal-crt-globals-and-functions";
    string::_stricmp<u8>, "reference/stricmp-wcsicmp-mbsicmp-stricmp-l-wcsicmp-l-mbsicmp-l";
    string::_strnicmp<u8>, "reference/strnicmp-wcsnicmp-mbsnicmp-strnicmp-l-wcsnicmp-l-mbsnicmp-l";
    string::strcat<u8>, "reference/strcat-wcscat-mbscat";
    string::strchr<u8>, "reference/strchr-wcschr-mbschr-mbschr-l";
    string::strcmp<u8>, "reference/strcmp-wcscmp-mbscmp";
    string::strcpy<u8>, "reference/strcpy-wcscpy-mbscpy";
    string::strcspn, "reference/strcspn-wcscspn-mbscspn-mbscspn-l";
    string::strlen<u8>, "reference/strlen-wcslen-mbslen-mbslen-l-mbstrlen-mbstrlen-l";
    string::strncat, "reference/strncat-strncat-l-wcsncat-wcsncat-l-mbsncat-mbsncat-l";
    string::strncmp<u8>, "reference/strncmp-wcsncmp-mbsncmp-mbsncmp-l";
    string::strncpy<u8>, "reference/strncpy-strncpy-l-wcsncpy-wcsncpy-l-mbsncpy-mbsncpy-l";
    string::strpbrk, "reference/strpbrk-wcspbrk-mbspbrk-mbspbrk-l";
    string::strrchr<u8>, "reference/strrchr-wcsrchr-mbsrchr-mbsrchr-l";
    string::strspn, "reference/strspn-wcsspn-mbsspn-mbsspn-l";
    string::strstr<u8>, "reference/strstr-wcsstr-mbsstr-mbsstr-l";
    string::_stricmp<u16> as "_wcsicmp", "reference/stricmp-wcsicmp-mbsicmp-stricmp-l-wcsicmp-l-mbsicmp-l";
    string::_strnicmp<u16> as "_wcsnicmp", "reference/strnicmp-wcsnicmp-mbsnicmp-strnicmp-l-wcsnicmp-l-mbsnicmp-l";
    string::strcat<u16> as "wcscat", "reference/strcat-wcscat-mbscat";
    string::strchr<u16> as "wcschr", "reference/strchr-wcschr-mbschr-mbschr-l";
    string::strcmp<u16> as "wcscmp", "reference/strcmp-wcscmp-mbscmp";
    string::strcpy<u16> as "wcscpy", "reference/strcpy-wcscpy-mbscpy";
    string::strlen<u16> as "wcslen", "reference/strlen-wcslen-mbslen-mbslen-l-mbstrlen-mbstrlen-l";
    string::strncmp<u16> as "wcsncmp", "reference/strncmp-wcsncmp-mbsncmp-mbsncmp-l";
    string::strncpy<u16> as "wcsncpy", "reference/strncpy-strncpy-l-wcsncpy-wcsncpy-l-mbsncpy-mbsncpy-l";
    string::strrchr<u16> as "wcsrchr", "reference/strrchr-wcsrchr-mbsrchr-mbsrchr-l";
    string::strstr<u16> as "wcsstr", "reference/strstr-wcsstr-mbsstr-mbsstr-l";
}

#[cfg(test)]
mod tests;
