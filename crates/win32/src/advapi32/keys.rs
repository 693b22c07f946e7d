//! Keys: opening, making, deleting, listing them.

use guest::Stop;
use wire::RegistryCall;

use super::path::Path;
use super::registry::{KEY_ALL_ACCESS, KEY_ENUMERATE_SUB_KEYS, KEY_QUERY_VALUE, Which};
use super::{done, put_counted, put_number};
use crate::abi::{Handle, LStatus, Pointer};
use crate::files::Tried;
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{
    ERROR_ACCESS_DENIED, ERROR_BAD_NETPATH, ERROR_FILE_NOT_FOUND, ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER, ERROR_KEY_HAS_CHILDREN, ERROR_MORE_DATA, ERROR_NO_MORE_ITEMS, ERROR_SUCCESS,
};
use crate::kernel32::handles::Object;
use crate::process::{Process, still_wanted};

/// How RegCreateKeyEx says that a key was made, and that it was there.
const REG_CREATED_NEW_KEY: u32 = 1;
const REG_OPENED_EXISTING_KEY: u32 = 2;

/// What RegOpenCurrentUser opens.
const HKEY_CURRENT_USER: Handle = Handle(0xffff_ffff_8000_0001);

/// RegOpenKeyExA and RegOpenKeyExW. Rights are what the handle can be used for; whether the host lets the driver change the key is seen when it
/// does that. Links are not made here, so the option to open one itself makes no difference.
pub fn RegOpenKeyEx<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    _options: u32,
    access: u32,
    result: Pointer,
) -> Result<LStatus, Stop> {
    if result.is_null() {
        return Ok(LStatus(ERROR_INVALID_PARAMETER));
    }
    let below = text::<U>(&process.machine, below)?;
    let open = done!(Ok(process.key(key)));
    if below.is_empty() && !matches!(process.kernel32.handles.get(key), Some(Object::Key(_))) {
        // A predefined key is its own handle.
        process.machine.put_pointer(result.0, key.0)?;
        return Ok(LStatus(ERROR_SUCCESS));
    }
    let path = done!(Ok(open.path.join(&below, access)));
    done!(process.look_at_key(&path));
    done!(process.hand_out_key(path, access, false, result));
    Ok(LStatus(ERROR_SUCCESS))
}

/// RegOpenKeyA and RegOpenKeyW: without a name the handle itself, and else with all rights that there are.
pub fn RegOpenKey<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    result: Pointer,
) -> Result<LStatus, Stop> {
    if !result.is_null() && text::<U>(&process.machine, below)?.is_empty() {
        done!(Ok(process.key(key)));
        process.machine.put_pointer(result.0, key.0)?;
        return Ok(LStatus(ERROR_SUCCESS));
    }
    RegOpenKeyEx::<U>(process, key, below, 0, KEY_ALL_ACCESS, result)
}

pub fn RegOpenCurrentUser(process: &mut Process, access: u32, result: Pointer) -> Result<LStatus, Stop> {
    if result.is_null() {
        return Ok(LStatus(ERROR_INVALID_PARAMETER));
    }
    let user = done!(Ok(process.key(HKEY_CURRENT_USER)));
    done!(process.hand_out_key(user.path, access, false, result));
    Ok(LStatus(ERROR_SUCCESS))
}

/// RegCreateKeyExA and RegCreateKeyExW. Classes are not kept, and keys that are to go with the system's end are kept as all others.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn RegCreateKeyEx<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    reserved: u32,
    _class: Pointer,
    _options: u32,
    access: u32,
    _security: Pointer,
    result: Pointer,
    disposition: Pointer,
) -> Result<LStatus, Stop> {
    if reserved != 0 || result.is_null() {
        return Ok(LStatus(ERROR_INVALID_PARAMETER));
    }
    let below = text::<U>(&process.machine, below)?;
    let open = done!(Ok(process.key(key)));
    let path = done!(Ok(open.path.join(&below, access)));
    let made = done!(process.make_key(&path));
    done!(process.hand_out_key(path, access, made, result));
    put_number(process, disposition, if made { REG_CREATED_NEW_KEY } else { REG_OPENED_EXISTING_KEY })?;
    Ok(LStatus(ERROR_SUCCESS))
}

/// RegCreateKeyA and RegCreateKeyW: without a name the handle itself.
pub fn RegCreateKey<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    result: Pointer,
) -> Result<LStatus, Stop> {
    if text::<U>(&process.machine, below)?.is_empty() {
        return RegOpenKey::<U>(process, key, below, result);
    }
    let null = Pointer::NULL;
    RegCreateKeyEx::<U>(process, key, below, 0, null, 0, KEY_ALL_ACCESS, null, result, null)
}

/// RegConnectRegistryA and RegConnectRegistryW: no other computer is reached.
pub fn RegConnectRegistry<U: Unit>(
    process: &mut Process,
    computer: Pointer,
    key: Handle,
    result: Pointer,
) -> Result<LStatus, Stop> {
    if !text::<U>(&process.machine, computer)?.is_empty() {
        return Ok(LStatus(ERROR_BAD_NETPATH));
    }
    if Path::predefined(key, process.machine.mode()).is_none() {
        return Ok(LStatus(ERROR_INVALID_HANDLE));
    }
    let open = done!(Ok(process.key(key)));
    done!(process.hand_out_key(open.path, KEY_ALL_ACCESS, false, result));
    Ok(LStatus(ERROR_SUCCESS))
}

/// RegCloseKey: nothing for the predefined keys. What was changed through the handle is in the user's file afterwards, or else this says why not.
pub fn RegCloseKey(process: &mut Process, key: Handle) -> Result<LStatus, Stop> {
    process.close_key(key).map(LStatus)
}

/// RegFlushKey: makes everything last that was changed so far.
pub fn RegFlushKey(process: &mut Process, key: Handle) -> Result<LStatus, Stop> {
    done!(Ok(process.key(key)));
    done!(process.registry_done(RegistryCall::Flush));
    if let Some(Object::Key(key)) = process.kernel32.handles.get(key) {
        key.changed = false;
    }
    Ok(LStatus(ERROR_SUCCESS))
}

/// Deletes a key below the one that a handle names, whatever rights the handle has.
fn delete(process: &mut Process, key: Handle, below: &str, access: u32, tree: bool) -> Tried<()> {
    let path = match process.key(key).and_then(|open| open.path.join(below, access)) {
        Ok(path) => path,
        Err(code) => return Ok(Err(code)),
    };
    match process.registry_done(RegistryCall::Delete { key: path.text(), tree })? {
        Ok(()) => process.key_changed(key),
        Err(ERROR_KEY_HAS_CHILDREN) => Ok(Err(ERROR_ACCESS_DENIED)),
        Err(code) => Ok(Err(code)),
    }
}

/// RegDeleteKeyA and RegDeleteKeyW: a key with others below it stays.
pub fn RegDeleteKey<U: Unit>(process: &mut Process, key: Handle, below: Pointer) -> Result<LStatus, Stop> {
    RegDeleteKeyEx::<U>(process, key, below, 0, 0)
}

/// RegDeleteKeyExA and RegDeleteKeyExW: the same in the view that `access` says.
pub fn RegDeleteKeyEx<U: Unit>(
    process: &mut Process,
    key: Handle,
    below: Pointer,
    access: u32,
    reserved: u32,
) -> Result<LStatus, Stop> {
    if below.is_null() || reserved != 0 {
        return Ok(LStatus(ERROR_INVALID_PARAMETER));
    }
    let below = text::<U>(&process.machine, below)?;
    done!(delete(process, key, &below, access, false));
    Ok(LStatus(ERROR_SUCCESS))
}

/// RegDeleteTreeA and RegDeleteTreeW: without a name what is in the key, which stays itself.
pub fn RegDeleteTree<U: Unit>(process: &mut Process, key: Handle, below: Pointer) -> Result<LStatus, Stop> {
    let below = text::<U>(&process.machine, below)?;
    if !below.is_empty() {
        done!(delete(process, key, &below, 0, true));
        return Ok(LStatus(ERROR_SUCCESS));
    }
    let path = done!(Ok(process.key(key))).path;
    loop {
        still_wanted(&process.machine)?;
        match process.key_below(&path, 0)? {
            Ok(name) => done!(delete(process, key, &name, 0, true)),
            Err(ERROR_NO_MORE_ITEMS) => break,
            Err(code) => return Ok(LStatus(code)),
        }
    }
    loop {
        still_wanted(&process.machine)?;
        match process.value(&path, Which::At(0))? {
            Ok(value) => {
                done!(process.registry_done(RegistryCall::Unset { key: path.text(), name: value.name }));
            }
            Err(ERROR_NO_MORE_ITEMS) => break,
            Err(code) => return Ok(LStatus(code)),
        }
    }
    done!(process.key_changed(key));
    Ok(LStatus(ERROR_SUCCESS))
}

/// RegEnumKeyExA and RegEnumKeyExW. No key has a class, and when one was last changed is not kept: that time is 0.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn RegEnumKeyEx<U: Unit>(
    process: &mut Process,
    key: Handle,
    index: u32,
    name: Pointer,
    count: Pointer,
    reserved: Pointer,
    class: Pointer,
    class_count: Pointer,
    changed: Pointer,
) -> Result<LStatus, Stop> {
    if !reserved.is_null() || name.is_null() || count.is_null() {
        return Ok(LStatus(ERROR_INVALID_PARAMETER));
    }
    let path = done!(Ok(process.key_with(key, KEY_ENUMERATE_SUB_KEYS)));
    let below = done!(process.key_below(&path, index));
    done!(put_counted::<U>(process, name, count, &below));
    done!(put_class::<U>(process, class, class_count));
    if !changed.is_null() {
        process.machine.memory.fill(changed.0, 0, 8)?;
    }
    Ok(LStatus(ERROR_SUCCESS))
}

/// RegEnumKeyA and RegEnumKeyW.
pub fn RegEnumKey<U: Unit>(
    process: &mut Process,
    key: Handle,
    index: u32,
    name: Pointer,
    room: u32,
) -> Result<LStatus, Stop> {
    let path = done!(Ok(process.key_with(key, KEY_ENUMERATE_SUB_KEYS)));
    let below = done!(process.key_below(&path, index));
    let mut units = U::encode(&below);
    units.push(U::ZERO);
    if units.len() > room as usize {
        return Ok(LStatus(ERROR_MORE_DATA));
    }
    process.machine.memory.write(name.0, &U::to_bytes(&units))?;
    Ok(LStatus(ERROR_SUCCESS))
}

/// The class of a key: none.
fn put_class<U: Unit>(process: &mut Process, class: Pointer, count: Pointer) -> Tried<()> {
    if !class.is_null() && !count.is_null() {
        return put_counted::<U>(process, class, count, "");
    }
    put_number(process, count, 0)?;
    Ok(Ok(()))
}

/// RegQueryInfoKeyA and RegQueryInfoKeyW. Lengths are those of UTF-16. Classes, security descriptors and times are not kept: 0.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn RegQueryInfoKey<U: Unit>(
    process: &mut Process,
    key: Handle,
    class: Pointer,
    class_count: Pointer,
    _reserved: Pointer,
    keys: Pointer,
    longest_key: Pointer,
    longest_class: Pointer,
    values: Pointer,
    longest_name: Pointer,
    longest_data: Pointer,
    security: Pointer,
    changed: Pointer,
) -> Result<LStatus, Stop> {
    if !class.is_null() && class_count.is_null() {
        return Ok(LStatus(ERROR_INVALID_PARAMETER));
    }
    let path = done!(Ok(process.key_with(key, KEY_QUERY_VALUE)));
    let info = match process.look_at_key(&path)? {
        // It was there when it was opened.
        Err(ERROR_FILE_NOT_FOUND) => return Ok(LStatus(crate::kernel32::error::ERROR_KEY_DELETED)),
        other => done!(Ok(other)),
    };
    done!(put_class::<U>(process, class, class_count));
    let numbers = [
        (keys, info.keys),
        (longest_key, info.longest_key),
        (longest_class, 0),
        (values, info.values),
        (longest_name, info.longest_name),
        (longest_data, info.longest_data),
        (security, 0),
    ];
    for (out, number) in numbers {
        put_number(process, out, number)?;
    }
    if !changed.is_null() {
        process.machine.memory.fill(changed.0, 0, 8)?;
    }
    Ok(LStatus(ERROR_SUCCESS))
}
