//! winmm.dll: the functions around `DriverProc`.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;
use mmsystem::{DRV_DISABLE, DRV_ENABLE, DRV_FREE, DRV_INSTALL, DRV_LOAD};
use wire::Asked;

use crate::abi::Pointer;
use crate::process::Process;

library! {
    /// winmm, with the functions' older names.
    LIBRARY, ["winmm.dll"], "https://learn.microsoft.com/windows/win32/api/";
    DefDriverProc, "mmiscapi/nf-mmiscapi-defdriverproc";
    DefDriverProc as "DrvDefDriverProc", "mmiscapi/nf-mmiscapi-defdriverproc";
    OpenDriver, "mmiscapi/nf-mmiscapi-opendriver";
    OpenDriver as "DrvOpen", "mmiscapi/nf-mmiscapi-opendriver";
    OpenDriver as "OpenDriverA", "mmiscapi/nf-mmiscapi-opendriver";
    OpenDriver as "DrvOpenA", "mmiscapi/nf-mmiscapi-opendriver";
    CloseDriver, "mmiscapi/nf-mmiscapi-closedriver";
    CloseDriver as "DrvClose", "mmiscapi/nf-mmiscapi-closedriver";
    SendDriverMessage, "mmiscapi/nf-mmiscapi-senddrivermessage";
    SendDriverMessage as "DrvSendMessage", "mmiscapi/nf-mmiscapi-senddrivermessage";
    GetDriverModuleHandle, "mmiscapi/nf-mmiscapi-getdrivermodulehandle";
    GetDriverModuleHandle as "DrvGetModuleHandle", "mmiscapi/nf-mmiscapi-drvgetmodulehandle";
    GetDriverFlags, "mmiscapi/nf-mmiscapi-getdriverflags";
    timeGetTime, "timeapi/nf-timeapi-timegettime";
}

/// DefDriverProc: 1 for the five messages that a driver may leave to it, 0 for all others (C062 to C066).
pub fn DefDriverProc(
    _: &mut Process,
    _id: Pointer,
    _hdrvr: Pointer,
    message: u32,
    _l1: Pointer,
    _l2: Pointer,
) -> Pointer {
    let left_to_default = matches!(message, DRV_LOAD | DRV_ENABLE | DRV_DISABLE | DRV_FREE | DRV_INSTALL);
    Pointer(left_to_default.into())
}

/// OpenDriver from inside a driver: answers NULL, as for a driver that is not there, because a worker holds one module.
pub fn OpenDriver(_: &mut Process, _name: Pointer, _section: Pointer, _l2: Pointer) -> Pointer {
    Pointer::NULL
}

/// CloseDriver, of any instance in the session.
pub fn CloseDriver(process: &mut Process, hdrvr: Pointer, l1: Pointer, l2: Pointer) -> Result<Pointer, Stop> {
    process
        .ask(Asked::Close { hdrvr: hdrvr.0, lparam1: l1.0.cast_signed(), lparam2: l2.0.cast_signed() })
        .map(|result| Pointer(result.cast_unsigned()))
}

/// SendDriverMessage, to any instance in the session.
pub fn SendDriverMessage(
    process: &mut Process,
    hdrvr: Pointer,
    message: u32,
    l1: Pointer,
    l2: Pointer,
) -> Result<Pointer, Stop> {
    process
        .ask(Asked::Send {
            hdrvr: hdrvr.0,
            message,
            lparam1: l1.0.cast_signed(),
            lparam2: l2.0.cast_signed(),
        })
        .map(|result| Pointer(result.cast_unsigned()))
}

/// GetDriverModuleHandle; NULL for a handle that is none (C058).
pub fn GetDriverModuleHandle(process: &mut Process, hdrvr: Pointer) -> Result<Pointer, Stop> {
    process.ask(Asked::ModuleHandle { hdrvr: hdrvr.0 }).map(|result| Pointer(result.cast_unsigned()))
}

/// GetDriverFlags: 0x80000000 for a valid handle, 0 for any other (spec section 2.5).
pub fn GetDriverFlags(process: &mut Process, hdrvr: Pointer) -> Result<u32, Stop> {
    GetDriverModuleHandle(process, hdrvr).map(|module| if module.is_null() { 0 } else { 1 << 31 })
}

/// timeGetTime: milliseconds, wrapping.
pub fn timeGetTime(process: &mut Process) -> u32 {
    process.milliseconds()
}
