//! The functions around `DriverProc`.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;
use mmsystem::{DRV_DISABLE, DRV_ENABLE, DRV_FREE, DRV_INSTALL, DRV_LOAD};
use wire::Asked;

use crate::abi::{Handle, LongPtr, Pointer};
use crate::kernel32::codepage::{Unit, text};
use crate::process::Process;

/// DefDriverProc: 1 for the five messages that a driver may leave to it, 0 for all others (C062 to C066).
pub fn DefDriverProc(
    _: &mut Process,
    _id: Pointer,
    _hdrvr: Handle,
    message: u32,
    _l1: LongPtr,
    _l2: LongPtr,
) -> LongPtr {
    let left_to_default = matches!(message, DRV_LOAD | DRV_ENABLE | DRV_DISABLE | DRV_FREE | DRV_INSTALL);
    LongPtr(left_to_default.into())
}

/// Names longer than this are none: no file or entry has such a one.
const LONGEST_NAME: usize = 1000;

/// OpenDriver and OpenDriverA, from inside a driver: what it opens lives beside it, so that pointers mean the same to both. NULL for a
/// driver that is not there or refuses, and for a name that is NULL (C049).
pub fn OpenDriver<U: Unit>(
    process: &mut Process,
    name: Pointer,
    section: Pointer,
    l2: LongPtr,
) -> Result<Handle, Stop> {
    if name.is_null() {
        return Ok(Handle::NULL);
    }
    let section = if section.is_null() { None } else { Some(text::<U>(&process.machine, section)?) };
    let name = text::<U>(&process.machine, name)?;
    if name.len() > LONGEST_NAME || section.as_ref().is_some_and(|section| section.len() > LONGEST_NAME) {
        return Ok(Handle::NULL);
    }
    let asked = Asked::Open { name, section, lparam2: l2.0 };
    process.ask(asked).map(|hdrvr| Handle(hdrvr.cast_unsigned()))
}

/// CloseDriver, of any instance in the session.
pub fn CloseDriver(process: &mut Process, hdrvr: Handle, l1: LongPtr, l2: LongPtr) -> Result<LongPtr, Stop> {
    process.ask(Asked::Close { hdrvr: hdrvr.0, lparam1: l1.0, lparam2: l2.0 }).map(LongPtr)
}

/// SendDriverMessage, to any instance in the session: a call if it lives in the same worker.
pub fn SendDriverMessage(
    process: &mut Process,
    hdrvr: Handle,
    message: u32,
    l1: LongPtr,
    l2: LongPtr,
) -> Result<LongPtr, Stop> {
    process.send(hdrvr.0, message, l1.0, l2.0).map(|result| LongPtr(result.cast_signed()))
}

/// GetDriverModuleHandle; NULL for a handle that is none (C058).
pub fn GetDriverModuleHandle(process: &mut Process, hdrvr: Handle) -> Result<Pointer, Stop> {
    process.ask(Asked::ModuleHandle { hdrvr: hdrvr.0 }).map(|result| Pointer(result.cast_unsigned()))
}

/// GetDriverFlags: 0x80000000 for a valid handle, 0 for any other (spec section 2.5).
pub fn GetDriverFlags(process: &mut Process, hdrvr: Handle) -> Result<u32, Stop> {
    GetDriverModuleHandle(process, hdrvr).map(|module| if module.is_null() { 0 } else { 1 << 31 })
}
