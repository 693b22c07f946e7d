//! Variables, and functions of 32-bit code that take arguments as no others do.

use crate::crt::{data, native};

library! {
    /// Variables, and functions of 32-bit code that take arguments as no others do.
    VARIABLES, Cdecl, ["msvcrt.dll"], "https://learn.microsoft.com/cpp/c-runtime-library/";


    &data::_iob, "iob";
    &data::__mb_cur_max, "mb-cur-max-func-mb-cur-max-l-func-p-mb-cur-max-mb-cur-max";
    &data::_pctype, "pctype-pwctype-wctype-mbctype-mbcasemap";
    &data::_fmode, "fmode";
    &data::_commode, "p-commode";
    &data::_adjust_fdiv, "internal-crt-globals-and-functions";
    &data::_HUGE, "floating-point-support";
    &data::__argc, "argc-argv-wargv";
    &data::__argv, "argc-argv-wargv";
    &data::__wargv, "argc-argv-wargv";
    &data::_environ, "environ-wenviron";
    &data::_wenviron, "environ-wenviron";
    &data::__initenv, "internal-crt-globals-and-functions";
    &data::__winitenv, "internal-crt-globals-and-functions";
    &data::_acmdln, "internal-crt-globals-and-functions";
    &data::_wcmdln, "internal-crt-globals-and-functions";
    &data::_pgmptr, "pgmptr-wpgmptr";
    &data::_wpgmptr, "pgmptr-wpgmptr";
    &data::_timezone, "daylight-dstbias-timezone-and-tzname";
    &data::_daylight, "daylight-dstbias-timezone-and-tzname";
    &data::_dstbias, "daylight-dstbias-timezone-and-tzname";
    &data::_tzname, "daylight-dstbias-timezone-and-tzname";
    &data::_sys_nerr, "errno-doserrno-sys-errlist-and-sys-nerr";
    &data::_sys_errlist, "errno-doserrno-sys-errlist-and-sys-nerr";
    &data::_osver, "../../previous-versions/visualstudio/visual-studio-6.0/aa298520(v=vs.60)";
    &data::_winver, "../../previous-versions/visualstudio/visual-studio-6.0/aa298520(v=vs.60)";
    &data::_winmajor, "../../previous-versions/visualstudio/visual-studio-6.0/aa298520(v=vs.60)";
    &data::_winminor, "../../previous-versions/visualstudio/visual-studio-6.0/aa298520(v=vs.60)";
    &data::_ctype, "pctype-pwctype-wctype-mbctype-mbcasemap";
    &data::_wctype, "pctype-pwctype-wctype-mbctype-mbcasemap";
    &data::_pwctype, "pctype-pwctype-wctype-mbctype-mbcasemap";
    &data::_mbctype, "pctype-pwctype-wctype-mbctype-mbcasemap";
    &data::_mbcasemap, "pctype-pwctype-wctype-mbctype-mbcasemap";
    &data::type_info_table as "??_7type_info@@6B@", "../cpp/type-info-class";
    &native::_CIacos, "ciacos";
    &native::_CIasin, "ciasin";
    &native::_CIatan, "ciatan";
    &native::_CIatan2, "ciatan2";
    &native::_CIcos, "cicos";
    &native::_CIcosh, "cicosh";
    &native::_CIexp, "ciexp";
    &native::_CIfmod, "cifmod";
    &native::_CIlog, "cilog";
    &native::_CIlog10, "cilog10";
    &native::_CIpow, "cipow";
    &native::_CIsin, "cisin";
    &native::_CIsinh, "cisinh";
    &native::_CIsqrt, "cisqrt";
    &native::_CItan, "citan";
    &native::_CItanh, "citanh";
    &native::_except_handler3, "internal-crt-globals-and-functions";
    &native::_except_handler4_common, "internal-crt-globals-and-functions";
    &native::_ftol, "internal-crt-globals-and-functions";
    &native::_ftol2, "internal-crt-globals-and-functions";
    &native::_ftol2_sse, "internal-crt-globals-and-functions";
    &native::_global_unwind2, "internal-crt-globals-and-functions";
    &native::_local_unwind2, "internal-crt-globals-and-functions";
    &native::_local_unwind4, "internal-crt-globals-and-functions";
    &native::_libm_sse2_acos_precise, "internal-crt-globals-and-functions";
    &native::_libm_sse2_asin_precise, "internal-crt-globals-and-functions";
    &native::_libm_sse2_atan_precise, "internal-crt-globals-and-functions";
    &native::_libm_sse2_cos_precise, "internal-crt-globals-and-functions";
    &native::_libm_sse2_exp_precise, "internal-crt-globals-and-functions";
    &native::_libm_sse2_log10_precise, "internal-crt-globals-and-functions";
    &native::_libm_sse2_log_precise, "internal-crt-globals-and-functions";
    &native::_libm_sse2_pow_precise, "internal-crt-globals-and-functions";
    &native::_libm_sse2_sin_precise, "internal-crt-globals-and-functions";
    &native::_libm_sse2_sqrt_precise, "internal-crt-globals-and-functions";
    &native::_libm_sse2_tan_precise, "internal-crt-globals-and-functions";
    &native::type_info_destructor as "??1type_info@@UAE@XZ", "../cpp/type-info-class";
    &native::type_info_destructor as "?_type_info_dtor_internal_method@type_info@@QAEXXZ", "../cpp/type-info-class";
}
