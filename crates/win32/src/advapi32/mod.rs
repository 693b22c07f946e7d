//! advapi32.dll: the registry, which the host keeps for all drivers of a user, and who that user is to a driver.
//!
//! Names of keys and values are text: an unpaired surrogate in one becomes U+FFFD, and control characters are in none.

#![allow(non_snake_case, reason = "Win32's own names")]

mod keys;
mod notify;
mod path;
mod registry;
mod security;
mod sid;
#[cfg(test)]
mod tests;
mod values;

use guest::Stop;

use crate::abi::Pointer;
use crate::files::Tried;
use crate::kernel32::codepage::Unit;
use crate::kernel32::error::ERROR_MORE_DATA;
use crate::process::Process;

use keys::{
    RegCloseKey, RegConnectRegistry, RegCreateKey, RegCreateKeyEx, RegDeleteKey, RegDeleteKeyEx,
    RegDeleteTree, RegEnumKey, RegEnumKeyEx, RegFlushKey, RegOpenCurrentUser, RegOpenKey, RegOpenKeyEx,
    RegQueryInfoKey,
};
use notify::RegNotifyChangeKeyValue;
pub(crate) use notify::Watches;
pub(crate) use registry::Key;
use security::{GetTokenInformation, GetUserName};
pub(crate) use security::{OpenProcessToken, OpenThreadToken};
use sid::{ConvertSidToStringSid, EqualSid, GetLengthSid, IsValidSid, LookupAccountSid};
use values::{
    RegDeleteKeyValue, RegDeleteValue, RegEnumValue, RegGetValue, RegQueryValue, RegQueryValueEx,
    RegSetKeyValue, RegSetValue, RegSetValueEx,
};

library! {
    /// advapi32.
    LIBRARY, Stdcall, ["advapi32.dll"], "https://learn.microsoft.com/windows/win32/api/";
    RegCloseKey, "winreg/nf-winreg-regclosekey";
    RegConnectRegistry<u8> as "RegConnectRegistryA", "winreg/nf-winreg-regconnectregistrya";
    RegConnectRegistry<u16> as "RegConnectRegistryW", "winreg/nf-winreg-regconnectregistryw";
    RegCreateKey<u8> as "RegCreateKeyA", "winreg/nf-winreg-regcreatekeya";
    RegCreateKey<u16> as "RegCreateKeyW", "winreg/nf-winreg-regcreatekeyw";
    RegCreateKeyEx<u8> as "RegCreateKeyExA", "winreg/nf-winreg-regcreatekeyexa";
    RegCreateKeyEx<u16> as "RegCreateKeyExW", "winreg/nf-winreg-regcreatekeyexw";
    RegDeleteKey<u8> as "RegDeleteKeyA", "winreg/nf-winreg-regdeletekeya";
    RegDeleteKey<u16> as "RegDeleteKeyW", "winreg/nf-winreg-regdeletekeyw";
    RegDeleteKeyEx<u8> as "RegDeleteKeyExA", "winreg/nf-winreg-regdeletekeyexa";
    RegDeleteKeyEx<u16> as "RegDeleteKeyExW", "winreg/nf-winreg-regdeletekeyexw";
    RegDeleteKeyValue<u8> as "RegDeleteKeyValueA", "winreg/nf-winreg-regdeletekeyvaluea";
    RegDeleteKeyValue<u16> as "RegDeleteKeyValueW", "winreg/nf-winreg-regdeletekeyvaluew";
    RegDeleteTree<u8> as "RegDeleteTreeA", "winreg/nf-winreg-regdeletetreea";
    RegDeleteTree<u16> as "RegDeleteTreeW", "winreg/nf-winreg-regdeletetreew";
    RegDeleteValue<u8> as "RegDeleteValueA", "winreg/nf-winreg-regdeletevaluea";
    RegDeleteValue<u16> as "RegDeleteValueW", "winreg/nf-winreg-regdeletevaluew";
    RegEnumKey<u8> as "RegEnumKeyA", "winreg/nf-winreg-regenumkeya";
    RegEnumKey<u16> as "RegEnumKeyW", "winreg/nf-winreg-regenumkeyw";
    RegEnumKeyEx<u8> as "RegEnumKeyExA", "winreg/nf-winreg-regenumkeyexa";
    RegEnumKeyEx<u16> as "RegEnumKeyExW", "winreg/nf-winreg-regenumkeyexw";
    RegEnumValue<u8> as "RegEnumValueA", "winreg/nf-winreg-regenumvaluea";
    RegEnumValue<u16> as "RegEnumValueW", "winreg/nf-winreg-regenumvaluew";
    RegFlushKey, "winreg/nf-winreg-regflushkey";
    RegGetValue<u8> as "RegGetValueA", "winreg/nf-winreg-reggetvaluea";
    RegGetValue<u16> as "RegGetValueW", "winreg/nf-winreg-reggetvaluew";
    RegNotifyChangeKeyValue, "winreg/nf-winreg-regnotifychangekeyvalue";
    RegOpenCurrentUser, "winreg/nf-winreg-regopencurrentuser";
    RegOpenKey<u8> as "RegOpenKeyA", "winreg/nf-winreg-regopenkeya";
    RegOpenKey<u16> as "RegOpenKeyW", "winreg/nf-winreg-regopenkeyw";
    RegOpenKeyEx<u8> as "RegOpenKeyExA", "winreg/nf-winreg-regopenkeyexa";
    RegOpenKeyEx<u16> as "RegOpenKeyExW", "winreg/nf-winreg-regopenkeyexw";
    RegQueryInfoKey<u8> as "RegQueryInfoKeyA", "winreg/nf-winreg-regqueryinfokeya";
    RegQueryInfoKey<u16> as "RegQueryInfoKeyW", "winreg/nf-winreg-regqueryinfokeyw";
    RegQueryValue<u8> as "RegQueryValueA", "winreg/nf-winreg-regqueryvaluea";
    RegQueryValue<u16> as "RegQueryValueW", "winreg/nf-winreg-regqueryvaluew";
    RegQueryValueEx<u8> as "RegQueryValueExA", "winreg/nf-winreg-regqueryvalueexa";
    RegQueryValueEx<u16> as "RegQueryValueExW", "winreg/nf-winreg-regqueryvalueexw";
    RegSetKeyValue<u8> as "RegSetKeyValueA", "winreg/nf-winreg-regsetkeyvaluea";
    RegSetKeyValue<u16> as "RegSetKeyValueW", "winreg/nf-winreg-regsetkeyvaluew";
    RegSetValue<u8> as "RegSetValueA", "winreg/nf-winreg-regsetvaluea";
    RegSetValue<u16> as "RegSetValueW", "winreg/nf-winreg-regsetvaluew";
    RegSetValueEx<u8> as "RegSetValueExA", "winreg/nf-winreg-regsetvalueexa";
    RegSetValueEx<u16> as "RegSetValueExW", "winreg/nf-winreg-regsetvalueexw";

    ConvertSidToStringSid<u8> as "ConvertSidToStringSidA", "sddl/nf-sddl-convertsidtostringsida";
    ConvertSidToStringSid<u16> as "ConvertSidToStringSidW", "sddl/nf-sddl-convertsidtostringsidw";
    EqualSid, "securitybaseapi/nf-securitybaseapi-equalsid";
    GetLengthSid, "securitybaseapi/nf-securitybaseapi-getlengthsid";
    GetTokenInformation, "securitybaseapi/nf-securitybaseapi-gettokeninformation";
    GetUserName<u8> as "GetUserNameA", "winbase/nf-winbase-getusernamea";
    GetUserName<u16> as "GetUserNameW", "winbase/nf-winbase-getusernamew";
    IsValidSid, "securitybaseapi/nf-securitybaseapi-isvalidsid";
    LookupAccountSid<u8> as "LookupAccountSidA", "winbase/nf-winbase-lookupaccountsida";
    LookupAccountSid<u16> as "LookupAccountSidW", "winbase/nf-winbase-lookupaccountsidw";
    OpenProcessToken, "processthreadsapi/nf-processthreadsapi-openprocesstoken";
    OpenThreadToken, "processthreadsapi/nf-processthreadsapi-openthreadtoken";
}

/// Goes on with what a [`Tried`] holds, or answers its code.
macro_rules! done {
    ($tried:expr) => {
        match $tried {
            Ok(Ok(value)) => value,
            Ok(Err(code)) => return Ok($crate::abi::LStatus(code)),
            Err(stop) => return Err(stop),
        }
    };
}
use done;

/// Writes a number where a place for it is given.
fn put_number(process: &Process, out: Pointer, number: u32) -> Result<(), Stop> {
    if !out.is_null() {
        process.machine.memory.write(out.0, &number.to_le_bytes())?;
    }
    Ok(())
}

/// Writes a name into as many units as `count` says, and there how many it has without its zero.
fn put_counted<U: Unit>(process: &Process, out: Pointer, count: Pointer, name: &str) -> Tried<()> {
    let memory = &process.machine.memory;
    let room = memory.array(count.0).map(u32::from_le_bytes)?;
    let mut units = U::encode(name);
    let Some(len) = u32::try_from(units.len()).ok().filter(|len| *len < room) else {
        return Ok(Err(ERROR_MORE_DATA));
    };
    units.push(U::ZERO);
    memory.write(out.0, &U::to_bytes(&units))?;
    memory.write(count.0, &len.to_le_bytes())?;
    Ok(Ok(()))
}
