//! Modules: drivers, and the libraries that shims stand for. The first driver also counts as the process's program.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;
use pe::Symbol;

use crate::abi::Pointer;
use crate::kernel32::codepage::{self, Unit, put};
use crate::kernel32::error::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_MOD_NOT_FOUND,
    ERROR_NOT_SUPPORTED, ERROR_PROC_NOT_FOUND, ERROR_SUCCESS, fail,
};
use crate::process::Process;

/// Where every module claims to be.
pub(super) const DIRECTORY: &str = r"C:\windows\system32\";

/// Flags of GetModuleHandleEx.
const GET_MODULE_HANDLE_EX_FLAG_PIN: u32 = 1;
const GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT: u32 = 2;
const GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS: u32 = 4;

fn driver(process: &Process) -> Pointer {
    process.image(Pointer::NULL).map_or(Pointer::NULL, |driver| Pointer(driver.base))
}

/// GetModuleHandle: the module with this name, or the driver for NULL.
pub fn GetModuleHandle<U: Unit>(process: &mut Process, name: Pointer) -> Result<Pointer, Stop> {
    if name.is_null() {
        return Ok(driver(process));
    }
    let name = codepage::text::<U>(&process.machine, name)?;
    match process.library_handle(&name) {
        Some(handle) => Ok(Pointer(handle)),
        None => Ok(fail(process, ERROR_MOD_NOT_FOUND, Pointer::NULL)),
    }
}

/// GetModuleHandleEx: a library beside the driver has one user more then, unless the flags say otherwise.
pub fn GetModuleHandleEx<U: Unit>(
    process: &mut Process,
    flags: u32,
    name: Pointer,
    out: Pointer,
) -> Result<bool, Stop> {
    let both = GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    if out.is_null() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    if flags & both == both {
        process.machine.put_pointer(out.0, 0)?;
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    let handle = if flags & GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS == 0 {
        GetModuleHandle::<U>(process, name)?
    } else {
        let found = process.machine.modules().iter().find(|module| module.range().contains(&name.0));
        match found.map(|module| Pointer(module.base)) {
            Some(handle) => handle,
            None => fail(process, ERROR_MOD_NOT_FOUND, Pointer::NULL),
        }
    };
    process.machine.put_pointer(out.0, handle.0)?;
    match flags & both {
        0 => process.use_library(handle.0),
        GET_MODULE_HANDLE_EX_FLAG_PIN => process.pin_library(handle.0),
        _ => {}
    }
    Ok(!handle.is_null())
}

/// LoadLibrary: a library that shims stand for, one that is loaded, or one that lies beside the driver.
pub fn LoadLibrary<U: Unit>(process: &mut Process, name: Pointer) -> Result<Pointer, Stop> {
    if name.is_null() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, Pointer::NULL));
    }
    let name = codepage::text::<U>(&process.machine, name)?;
    // Whatever the path, there is only one place for libraries.
    let file = name.rsplit(['\\', '/']).next().unwrap_or(&name);
    if let Some(handle) =
        process.library_handle(file).filter(|&handle| process.library_name(handle).is_some())
    {
        return Ok(Pointer(handle));
    }
    match process.load_library(file)? {
        Ok(handle) => Ok(Pointer(handle)),
        Err(code) => Ok(fail(process, code, Pointer::NULL)),
    }
}

pub fn LoadLibraryEx<U: Unit>(
    process: &mut Process,
    name: Pointer,
    _file: Pointer,
    _flags: u32,
) -> Result<Pointer, Stop> {
    LoadLibrary::<U>(process, name)
}

/// FreeLibrary: a library beside the driver goes with its last user; every other module stays.
pub fn FreeLibrary(process: &mut Process, module: Pointer) -> Result<bool, Stop> {
    if module.is_null() {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    }
    let known = process.images.iter().any(|image| image.module.base == module.0);
    if !known && process.library_name(module.0).is_none() {
        return Ok(fail(process, ERROR_MOD_NOT_FOUND, false));
    }
    process.release(module.0)?;
    Ok(true)
}

/// DisableThreadLibraryCalls: the image's entry point is not told of threads any more. An image with thread-local data of its own has to be told.
pub fn DisableThreadLibraryCalls(process: &mut Process, module: Pointer) -> bool {
    if process.image(module).is_some_and(|image| image.thread_data) {
        return fail(process, ERROR_NOT_SUPPORTED, false);
    }
    process.keep_threads_from(module.0) || fail(process, ERROR_MOD_NOT_FOUND, false)
}

/// GetProcAddress, by name, or by ordinal when only the low 16 bits are set.
pub fn GetProcAddress(process: &mut Process, module: Pointer, name: Pointer) -> Result<Pointer, Stop> {
    let symbol = match u16::try_from(name.0) {
        Ok(ordinal) => Symbol::Ordinal(ordinal),
        Err(_) => Symbol::Name(codepage::text::<u8>(&process.machine, name)?),
    };
    let address = match process.image(module).map(|image| image.base) {
        Some(base) => process.find_in(base, &symbol)?,
        None => process.library_name(module.0).and_then(|library| process.supplied(library, &symbol)),
    };
    match address {
        Some(address) => Ok(Pointer(address)),
        None => Ok(fail(process, ERROR_PROC_NOT_FOUND, Pointer::NULL)),
    }
}

pub fn GetModuleFileName<U: Unit>(
    process: &mut Process,
    module: Pointer,
    out: Pointer,
    room: u32,
) -> Result<u32, Stop> {
    let own = process.image(module);
    let name = own.map(|driver| driver.name.as_str()).or_else(|| process.library_name(module.0));
    let Some(path) = name.map(|name| format!("{DIRECTORY}{name}")) else {
        return Ok(fail(process, ERROR_MOD_NOT_FOUND, 0));
    };
    put::<U>(&process.machine.memory, out, room, &path)?;
    // A buffer that is too small is filled, and its size is the answer.
    let len = u32::try_from(U::encode(&path).len()).unwrap_or(u32::MAX);
    Ok(if len < room {
        fail(process, ERROR_SUCCESS, len)
    } else {
        fail(process, ERROR_INSUFFICIENT_BUFFER, room)
    })
}
