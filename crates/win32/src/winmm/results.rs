//! What functions of sound and time answer, as the type that says when a call has failed.

use crate::abi::MmResult;

macro_rules! results {
    ($($name:ident),*) => {$(
        pub(in crate::winmm) const $name: MmResult = MmResult(mmsystem::$name);
    )*};
}
results!(
    MIDIERR_NODEVICE,
    MIDIERR_STILLPLAYING,
    MIDIERR_UNPREPARED,
    MMSYSERR_ALLOCATED,
    MMSYSERR_BADDEVICEID,
    MMSYSERR_BADERRNUM,
    MMSYSERR_INVALFLAG,
    MMSYSERR_INVALHANDLE,
    MMSYSERR_INVALPARAM,
    MMSYSERR_NODRIVER,
    MMSYSERR_NOERROR,
    MMSYSERR_NOMEM,
    MMSYSERR_NOTSUPPORTED,
    WAVERR_BADFORMAT,
    WAVERR_STILLPLAYING,
    WAVERR_UNPREPARED
);
