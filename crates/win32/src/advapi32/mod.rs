//! advapi32.dll: the registry. A driver finds none of its settings there, and keeps those that it makes for as long as its process lasts.
//!
//! Access rights, classes and options of keys are not looked at: everything here is the driver's own.

#![allow(non_snake_case, reason = "Win32's own names")]

mod registry;
#[cfg(test)]
mod tests;

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::kernel32::codepage::{Unit, text, units};
use crate::kernel32::error::{
    ERROR_FILE_NOT_FOUND, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_MORE_DATA,
    ERROR_NOT_ENOUGH_MEMORY, ERROR_SUCCESS,
};
use crate::kernel32::handles::Object;
use crate::process::Process;

use registry::Value;
pub(crate) use registry::{Path, Registry};

library! {
    /// advapi32.
    LIBRARY, Stdcall, ["advapi32.dll"], "https://learn.microsoft.com/windows/win32/api/";
    RegCloseKey, "winreg/nf-winreg-regclosekey";
    RegCreateKey<u8> as "RegCreateKeyA", "winreg/nf-winreg-regcreatekeya";
    RegCreateKey<u16> as "RegCreateKeyW", "winreg/nf-winreg-regcreatekeyw";
    RegCreateKeyEx<u8> as "RegCreateKeyExA", "winreg/nf-winreg-regcreatekeyexa";
    RegCreateKeyEx<u16> as "RegCreateKeyExW", "winreg/nf-winreg-regcreatekeyexw";
    RegDeleteKey<u8> as "RegDeleteKeyA", "winreg/nf-winreg-regdeletekeya";
    RegDeleteKey<u16> as "RegDeleteKeyW", "winreg/nf-winreg-regdeletekeyw";
    RegDeleteValue<u8> as "RegDeleteValueA", "winreg/nf-winreg-regdeletevaluea";
    RegDeleteValue<u16> as "RegDeleteValueW", "winreg/nf-winreg-regdeletevaluew";
    RegOpenKey<u8> as "RegOpenKeyA", "winreg/nf-winreg-regopenkeya";
    RegOpenKey<u16> as "RegOpenKeyW", "winreg/nf-winreg-regopenkeyw";
    RegOpenKeyEx<u8> as "RegOpenKeyExA", "winreg/nf-winreg-regopenkeyexa";
    RegOpenKeyEx<u16> as "RegOpenKeyExW", "winreg/nf-winreg-regopenkeyexw";
    RegQueryValueEx<u8> as "RegQueryValueExA", "winreg/nf-winreg-regqueryvalueexa";
    RegQueryValueEx<u16> as "RegQueryValueExW", "winreg/nf-winreg-regqueryvalueexw";
    RegSetValueEx<u8> as "RegSetValueExA", "winreg/nf-winreg-regsetvalueexa";
    RegSetValueEx<u16> as "RegSetValueExW", "winreg/nf-winreg-regsetvalueexw";
}

/// The predefined keys: HKEY_CLASSES_ROOT to HKEY_DYN_DATA ("Predefined Keys", MS Learn). Each is a place of its own here.
const ROOTS: std::ops::RangeInclusive<u32> = 0x8000_0000..=0x8000_0006;

/// The types of values that are text ("Registry value types", MS Learn).
const REG_SZ: u32 = 1;
const REG_EXPAND_SZ: u32 = 2;
const REG_LINK: u32 = 6;
const REG_MULTI_SZ: u32 = 7;

/// How RegCreateKeyEx says that a key was made, and that it was there.
const REG_CREATED_NEW_KEY: u32 = 1;
const REG_OPENED_EXISTING_KEY: u32 = 2;

/// The longest data of a value that is read from the guest; more than the registry keeps.
const LONGEST: u32 = 1 << 21;

/// Which predefined key a handle is. They are negative numbers of 32 bits.
fn root(key: Handle) -> Option<u32> {
    let number = i32::try_from(key.0.cast_signed()).ok()?.cast_unsigned();
    ROOTS.contains(&number).then_some(number)
}

/// The key that a handle names; `Err` with the answer when it names none.
fn path_of(process: &mut Process, key: Handle) -> Result<Path, u32> {
    if let Some(root) = root(key) {
        return Ok(Path::root(root));
    }
    match process.kernel32.handles.get(key) {
        Some(Object::Key(path)) => Ok(path.clone()),
        _ => Err(ERROR_INVALID_HANDLE),
    }
}

/// The key with a name below the one that a handle names; `Err` with the answer when it names none.
fn path_below<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
) -> Result<Result<Path, u32>, Stop> {
    let below = text::<U>(&process.machine, below)?;
    Ok(path_of(process, key).map(|path| path.join(&below)))
}

/// The answer of a function that has no other results.
fn answer(done: Result<(), u32>) -> u32 {
    done.err().unwrap_or(ERROR_SUCCESS)
}

/// Hands out a handle of a key.
fn hand_out(process: &mut Process, path: Path, result: Pointer) -> Result<u32, Stop> {
    let Some(handle) = process.kernel32.handles.insert(Object::Key(path)) else {
        return Ok(ERROR_NOT_ENOUGH_MEMORY);
    };
    process.machine.put_pointer(result.0, handle.0)?;
    Ok(ERROR_SUCCESS)
}

/// RegOpenKeyExA and RegOpenKeyExW.
pub fn RegOpenKeyEx<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    _options: u32,
    _access: u32,
    result: Pointer,
) -> Result<u32, Stop> {
    let path = match path_below::<U>(process, key, below)? {
        Ok(path) => path,
        Err(code) => return Ok(code),
    };
    if !process.registry.has(&path) {
        return Ok(ERROR_FILE_NOT_FOUND);
    }
    hand_out(process, path, result)
}

/// RegOpenKeyA and RegOpenKeyW: without a name the handle itself.
pub fn RegOpenKey<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    result: Pointer,
) -> Result<u32, Stop> {
    if text::<U>(&process.machine, below)?.is_empty() {
        process.machine.put_pointer(result.0, key.0)?;
        return Ok(ERROR_SUCCESS);
    }
    RegOpenKeyEx::<U>(process, key, below, 0, 0, result)
}

/// RegCreateKeyExA and RegCreateKeyExW.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn RegCreateKeyEx<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    _reserved: u32,
    _class: Pointer,
    _options: u32,
    _access: u32,
    _security: Pointer,
    result: Pointer,
    disposition: Pointer,
) -> Result<u32, Stop> {
    let path = match path_below::<U>(process, key, below)? {
        Ok(path) => path,
        Err(code) => return Ok(code),
    };
    let done = if process.registry.has(&path) { REG_OPENED_EXISTING_KEY } else { REG_CREATED_NEW_KEY };
    if let Err(code) = process.registry.create(&path) {
        return Ok(code);
    }
    if !disposition.is_null() {
        process.machine.memory.write(disposition.0, &done.to_le_bytes())?;
    }
    hand_out(process, path, result)
}

/// RegCreateKeyA and RegCreateKeyW: without a name the handle itself.
pub fn RegCreateKey<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    result: Pointer,
) -> Result<u32, Stop> {
    if text::<U>(&process.machine, below)?.is_empty() {
        return RegOpenKey::<U>(process, key, below, result);
    }
    let null = Pointer::NULL;
    RegCreateKeyEx::<U>(process, key, below, 0, null, 0, 0, null, result, null)
}

/// RegCloseKey: nothing for the predefined keys.
pub fn RegCloseKey(process: &mut Process, key: Handle) -> u32 {
    let closed = path_of(process, key).map(|_| {
        process.kernel32.handles.remove(key);
    });
    answer(closed)
}

/// RegDeleteKeyA and RegDeleteKeyW: a key with others below it stays.
pub fn RegDeleteKey<U: Unit>(process: &mut Process, key: Handle, below: Pointer) -> Result<u32, Stop> {
    if below.is_null() {
        return Ok(ERROR_INVALID_PARAMETER);
    }
    let path = path_below::<U>(process, key, below)?;
    Ok(answer(path.and_then(|path| process.registry.delete(&path))))
}

/// RegSetValueExA and RegSetValueExW.
pub fn RegSetValueEx<U: Unit>(
    process: &mut Process,
    key: Handle,
    name: Pointer,
    _reserved: u32,
    kind: u32,
    data: Pointer,
    len: u32,
) -> Result<u32, Stop> {
    if len > LONGEST {
        return Ok(ERROR_NOT_ENOUGH_MEMORY);
    }
    let name = text::<U>(&process.machine, name)?;
    let bytes = units::<u8>(&process.machine.memory, data, len.into())?;
    let data = if is_text(kind) { converted::<U, u16>(&bytes) } else { bytes };
    let path = path_of(process, key);
    Ok(answer(path.and_then(|path| process.registry.set(&path, &name, Value { kind, data }))))
}

/// RegQueryValueExA and RegQueryValueExW.
pub fn RegQueryValueEx<U: Unit>(
    process: &mut Process,
    key: Handle,
    name: Pointer,
    _reserved: Pointer,
    kind: Pointer,
    data: Pointer,
    len: Pointer,
) -> Result<u32, Stop> {
    if len.is_null() && !data.is_null() {
        return Ok(ERROR_INVALID_PARAMETER);
    }
    let name = text::<U>(&process.machine, name)?;
    let path = path_of(process, key);
    let value = match path.and_then(|path| process.registry.value(&path, &name)) {
        Ok(value) => value,
        Err(code) => return Ok(code),
    };
    let memory = &process.machine.memory;
    if !kind.is_null() {
        memory.write(kind.0, &value.kind.to_le_bytes())?;
    }
    if len.is_null() {
        return Ok(ERROR_SUCCESS);
    }
    let text = is_text(value.kind).then(|| converted::<u16, U>(&value.data));
    let bytes = text.as_ref().unwrap_or(&value.data);
    let room = memory.array(len.0).map(u32::from_le_bytes)? as usize;
    // The registry keeps far less than 4 GiB.
    memory.write(len.0, &(bytes.len() as u32).to_le_bytes())?;
    if data.is_null() {
        return Ok(ERROR_SUCCESS);
    }
    if bytes.len() > room {
        return Ok(ERROR_MORE_DATA);
    }
    memory.write(data.0, bytes)?;
    Ok(ERROR_SUCCESS)
}

/// RegDeleteValueA and RegDeleteValueW.
pub fn RegDeleteValue<U: Unit>(process: &mut Process, key: Handle, name: Pointer) -> Result<u32, Stop> {
    let name = text::<U>(&process.machine, name)?;
    let path = path_of(process, key);
    Ok(answer(path.and_then(|path| process.registry.unset(&path, &name))))
}

fn is_text(kind: u32) -> bool {
    matches!(kind, REG_SZ | REG_EXPAND_SZ | REG_LINK | REG_MULTI_SZ)
}

/// A text's bytes in other units.
fn converted<From: Unit, To: Unit>(bytes: &[u8]) -> Vec<u8> {
    To::to_bytes(&To::encode(&From::decode(&From::from_bytes(bytes))))
}
