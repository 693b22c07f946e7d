//! Values of keys. Text is kept as UTF-16 and given to A functions in the ANSI code page.
//!
//! Data of more than [`wire::PIECE`] bytes is neither kept nor given: functions answer ERROR_NOT_ENOUGH_MEMORY for it.

use guest::Stop;
use wire::{PIECE, RegistryCall};

use super::path::{KEY_WOW64_32KEY, KEY_WOW64_64KEY, Path};
use super::registry::{KEY_QUERY_VALUE, KEY_SET_VALUE, Which};
use super::{done, put_counted, put_number};
use crate::abi::{Handle, LStatus, Pointer};
use crate::files::{Tried, tried};
use crate::kernel32::codepage::{Unit, text, units};
use crate::kernel32::error::{
    ERROR_FILE_NOT_FOUND, ERROR_INVALID_DATA, ERROR_INVALID_PARAMETER, ERROR_MORE_DATA,
    ERROR_NOT_ENOUGH_MEMORY, ERROR_SUCCESS, ERROR_UNSUPPORTED_TYPE,
};
use crate::process::Process;

/// Types of values ("Registry value types", MS Learn).
const REG_SZ: u32 = 1;
const REG_EXPAND_SZ: u32 = 2;
const REG_BINARY: u32 = 3;
const REG_LINK: u32 = 6;
const REG_MULTI_SZ: u32 = 7;

fn is_text(kind: u32) -> bool {
    matches!(kind, REG_SZ | REG_EXPAND_SZ | REG_LINK | REG_MULTI_SZ)
}

/// A text's bytes in other units.
fn converted<From: Unit, To: Unit>(bytes: &[u8]) -> Vec<u8> {
    To::to_bytes(&To::encode(&From::decode(&From::from_bytes(bytes))))
}

/// A value's bytes as an A or a W function gives them.
fn given<U: Unit>(kind: u32, data: Vec<u8>) -> Vec<u8> {
    if is_text(kind) { converted::<u16, U>(&data) } else { data }
}

/// Writes how many bytes there are, and those if there is a place for them and they fit there.
fn put_data(process: &mut Process, bytes: &[u8], data: Pointer, len: Pointer) -> Tried<()> {
    let memory = &process.machine.memory;
    if len.is_null() {
        return Ok(if data.is_null() { Ok(()) } else { Err(ERROR_INVALID_PARAMETER) });
    }
    let room = memory.array(len.0).map(u32::from_le_bytes)? as usize;
    // They come in one message.
    memory.write(len.0, &(bytes.len() as u32).to_le_bytes())?;
    if data.is_null() {
        return Ok(Ok(()));
    }
    if bytes.len() > room {
        return Ok(Err(ERROR_MORE_DATA));
    }
    memory.write(data.0, bytes)?;
    Ok(Ok(()))
}

/// RegQueryValueExA and RegQueryValueExW.
pub fn RegQueryValueEx<U: Unit>(
    process: &mut Process,
    key: Handle,
    name: Pointer,
    reserved: Pointer,
    kind: Pointer,
    data: Pointer,
    len: Pointer,
) -> Result<LStatus, Stop> {
    if !reserved.is_null() || len.is_null() && !data.is_null() {
        return Ok(LStatus(ERROR_INVALID_PARAMETER));
    }
    let name = text::<U>(&process.machine, name)?;
    let path = done!(Ok(process.key_with(key, KEY_QUERY_VALUE)));
    let value = done!(process.value(&path, Which::Named(&name)));
    put_number(process, kind, value.kind)?;
    done!(put_data(process, &given::<U>(value.kind, value.data), data, len));
    Ok(LStatus(ERROR_SUCCESS))
}

/// RegQueryValueA and RegQueryValueW: the text of a key's default value, which is empty where there is none.
pub fn RegQueryValue<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    data: Pointer,
    len: Pointer,
) -> Result<LStatus, Stop> {
    if len.is_null() && !data.is_null() {
        return Ok(LStatus(ERROR_INVALID_PARAMETER));
    }
    let below = text::<U>(&process.machine, below)?;
    let path = done!(Ok(process.key_with(key, KEY_QUERY_VALUE)));
    let path = done!(Ok(path.join(&below, 0)));
    let bytes = match process.value(&path, Which::Named(""))? {
        Ok(value) if value.kind == REG_SZ => given::<U>(value.kind, value.data),
        Ok(_) => return Ok(LStatus(ERROR_INVALID_DATA)),
        Err(ERROR_FILE_NOT_FOUND) => U::to_bytes(&[U::ZERO]),
        // Nobody has opened that key: it is not one that has been deleted meanwhile.
        Err(crate::kernel32::error::ERROR_KEY_DELETED) => return Ok(LStatus(ERROR_FILE_NOT_FOUND)),
        Err(code) => return Ok(LStatus(code)),
    };
    done!(put_data(process, &bytes, data, len));
    Ok(LStatus(ERROR_SUCCESS))
}

/// Which types RegGetValue may give; all of them with `RRF_RT_ANY`.
const RRF_RT_REG_EXPAND_SZ: u32 = 4;
const RRF_RT_DWORD: u32 = 0x18;
const RRF_RT_QWORD: u32 = 0x48;
const RRF_RT_ANY: u32 = 0xffff;
const RRF_SUBKEY_WOW6464KEY: u32 = 0x1_0000;
const RRF_SUBKEY_WOW6432KEY: u32 = 0x2_0000;
const RRF_NOEXPAND: u32 = 0x1000_0000;
const RRF_ZEROONFAILURE: u32 = 0x2000_0000;

/// The flag of a type.
fn type_flag(kind: u32) -> u32 {
    match kind {
        0..=4 => 1 << kind,
        REG_MULTI_SZ => 0x20,
        11 => 0x40,
        _ => 0,
    }
}

/// RegGetValueA and RegGetValueW. There are no environment variables here, so a text in which some are to be replaced stays as it is.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn RegGetValue<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    name: Pointer,
    flags: u32,
    kind: Pointer,
    data: Pointer,
    len: Pointer,
) -> Result<LStatus, Stop> {
    let wanted = flags & RRF_RT_ANY;
    let expands = wanted & RRF_RT_REG_EXPAND_SZ != 0 && flags & RRF_NOEXPAND == 0;
    if len.is_null() && !data.is_null() || wanted == 0 || expands && wanted != RRF_RT_ANY {
        return Ok(LStatus(ERROR_INVALID_PARAMETER));
    }
    let room = if len.is_null() { 0 } else { process.machine.memory.array(len.0).map(u32::from_le_bytes)? };
    let got = get::<U>(process, key, below, name, flags, kind)?;
    let put = match got {
        Ok(bytes) => put_data(process, &bytes, data, len)?,
        Err(code) => Err(code),
    };
    if put.is_err() && flags & RRF_ZEROONFAILURE != 0 && !data.is_null() {
        process.machine.memory.fill(data.0, 0, room as usize)?;
    }
    Ok(LStatus(put.err().unwrap_or(ERROR_SUCCESS)))
}

/// The bytes that RegGetValue gives: of a type that is wanted, and text with the zero that ends it.
fn get<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    name: Pointer,
    flags: u32,
    kind: Pointer,
) -> Tried<Vec<u8>> {
    let below = text::<U>(&process.machine, below)?;
    let name = text::<U>(&process.machine, name)?;
    let access = [(RRF_SUBKEY_WOW6464KEY, KEY_WOW64_64KEY), (RRF_SUBKEY_WOW6432KEY, KEY_WOW64_32KEY)];
    let access = access.into_iter().filter(|(flag, _)| flags & flag != 0);
    let access = access.fold(0, |access, (_, flag)| access | flag);
    let path = match process.key_with(key, KEY_QUERY_VALUE).and_then(|path| path.join(&below, access)) {
        Ok(path) => path,
        Err(code) => return Ok(Err(code)),
    };
    if !below.is_empty() {
        tried!(process.look_at_key(&path));
    }
    let mut value = tried!(process.value(&path, Which::Named(&name)));
    if value.kind == REG_EXPAND_SZ && flags & RRF_NOEXPAND == 0 {
        value.kind = REG_SZ;
    }
    put_number(process, kind, value.kind)?;
    let wanted = flags & RRF_RT_ANY;
    if wanted != RRF_RT_ANY && wanted & type_flag(value.kind) == 0 {
        return Ok(Err(ERROR_UNSUPPORTED_TYPE));
    }
    let fixed = match wanted {
        RRF_RT_DWORD => Some(4),
        RRF_RT_QWORD => Some(8),
        _ => None,
    };
    if value.kind == REG_BINARY && fixed.is_some_and(|fixed| value.data.len() != fixed) {
        return Ok(Err(ERROR_INVALID_DATA));
    }
    let zeros = match value.kind {
        REG_SZ | REG_EXPAND_SZ => 1,
        REG_MULTI_SZ => 2,
        _ => 0,
    };
    let mut text: Vec<u16> = <u16 as crate::text::Unit>::from_bytes(&value.data);
    if zeros > 0 {
        let there = text.iter().rev().take_while(|&&unit| unit == 0).count();
        text.resize(text.len() + zeros - zeros.min(there), 0);
        value.data = text.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    }
    Ok(Ok(given::<U>(value.kind, value.data)))
}

/// A value's bytes as they are kept, read from the guest.
fn read_data<U: Unit>(process: &Process, kind: u32, data: Pointer, len: u32) -> Tried<Vec<u8>> {
    // Text of an A function is twice as long afterwards, which the host judges.
    if len as usize > PIECE {
        return Ok(Err(ERROR_NOT_ENOUGH_MEMORY));
    }
    let bytes = units::<u8>(&process.machine.memory, data, len.into())?;
    let bytes = if is_text(kind) { converted::<U, u16>(&bytes) } else { bytes };
    Ok(if bytes.len() > PIECE { Err(ERROR_NOT_ENOUGH_MEMORY) } else { Ok(bytes) })
}

/// Sets a value of the key at `path`, through a handle.
fn set(process: &mut Process, key: Handle, path: &Path, name: String, kind: u32, data: Vec<u8>) -> Tried<()> {
    tried!(process.registry_done(RegistryCall::Set { key: path.text(), name, kind, data }));
    process.key_changed(key)
}

/// RegSetValueExA and RegSetValueExW.
pub fn RegSetValueEx<U: Unit>(
    process: &mut Process,
    key: Handle,
    name: Pointer,
    reserved: u32,
    kind: u32,
    data: Pointer,
    len: u32,
) -> Result<LStatus, Stop> {
    if reserved != 0 {
        return Ok(LStatus(ERROR_INVALID_PARAMETER));
    }
    let name = text::<U>(&process.machine, name)?;
    let path = done!(Ok(process.key_with(key, KEY_SET_VALUE)));
    let data = done!(read_data::<U>(process, kind, data, len));
    done!(set(process, key, &path, name, kind, data));
    Ok(LStatus(ERROR_SUCCESS))
}

/// RegSetKeyValueA and RegSetKeyValueW: of a key below, which is made if it is not there.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn RegSetKeyValue<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    name: Pointer,
    kind: u32,
    data: Pointer,
    len: u32,
) -> Result<LStatus, Stop> {
    let (below, name) = (text::<U>(&process.machine, below)?, text::<U>(&process.machine, name)?);
    let path = done!(Ok(process.key_with(key, KEY_SET_VALUE)));
    let path = done!(Ok(path.join(&below, 0)));
    let data = done!(read_data::<U>(process, kind, data, len));
    done!(process.make_key(&path));
    done!(set(process, key, &path, name, kind, data));
    Ok(LStatus(ERROR_SUCCESS))
}

/// RegSetValueA and RegSetValueW: the default value of a key below, which is made if it is not there. Where the text ends, its zero says.
pub fn RegSetValue<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    kind: u32,
    data: Pointer,
    _len: u32,
) -> Result<LStatus, Stop> {
    if kind != REG_SZ {
        return Ok(LStatus(ERROR_INVALID_PARAMETER));
    }
    let (below, value) = (text::<U>(&process.machine, below)?, text::<U>(&process.machine, data)?);
    let path = done!(Ok(process.key_with(key, KEY_SET_VALUE)));
    let path = done!(Ok(path.join(&below, 0)));
    let data: Vec<u8> = value.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    if data.len() > PIECE {
        return Ok(LStatus(ERROR_NOT_ENOUGH_MEMORY));
    }
    done!(process.make_key(&path));
    done!(set(process, key, &path, String::new(), kind, data));
    Ok(LStatus(ERROR_SUCCESS))
}

/// RegDeleteValueA and RegDeleteValueW.
pub fn RegDeleteValue<U: Unit>(process: &mut Process, key: Handle, name: Pointer) -> Result<LStatus, Stop> {
    RegDeleteKeyValue::<U>(process, key, Pointer::NULL, name)
}

/// RegDeleteKeyValueA and RegDeleteKeyValueW: of a key below.
pub fn RegDeleteKeyValue<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    name: Pointer,
) -> Result<LStatus, Stop> {
    let (below, name) = (text::<U>(&process.machine, below)?, text::<U>(&process.machine, name)?);
    let path = done!(Ok(process.key_with(key, KEY_SET_VALUE)));
    let path = done!(Ok(path.join(&below, 0)));
    if !below.is_empty() {
        done!(process.look_at_key(&path));
    }
    done!(process.registry_done(RegistryCall::Unset { key: path.text(), name }));
    done!(process.key_changed(key));
    Ok(LStatus(ERROR_SUCCESS))
}

/// RegEnumValueA and RegEnumValueW.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn RegEnumValue<U: Unit>(
    process: &mut Process,
    key: Handle,
    index: u32,
    name: Pointer,
    count: Pointer,
    reserved: Pointer,
    kind: Pointer,
    data: Pointer,
    len: Pointer,
) -> Result<LStatus, Stop> {
    let nowhere = name.is_null() || count.is_null() || len.is_null() && !data.is_null();
    if !reserved.is_null() || nowhere {
        return Ok(LStatus(ERROR_INVALID_PARAMETER));
    }
    let path = done!(Ok(process.key_with(key, KEY_QUERY_VALUE)));
    let value = done!(process.value(&path, Which::At(index)));
    done!(put_counted::<U>(process, name, count, &value.name));
    put_number(process, kind, value.kind)?;
    done!(put_data(process, &given::<U>(value.kind, value.data), data, len));
    Ok(LStatus(ERROR_SUCCESS))
}
