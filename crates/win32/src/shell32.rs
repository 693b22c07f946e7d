//! shell32.dll and url.dll: opening documents, which drivers do for their web pages.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{HResult, Handle, Pointer};
use crate::kernel32::codepage::{Unit, put, text};
use crate::process::Process;

library! {
    /// shell32.
    LIBRARY, Stdcall, ["shell32.dll"], "https://learn.microsoft.com/windows/win32/api/";
    ShellExecute<u8> as "ShellExecuteA", "shellapi/nf-shellapi-shellexecutea";
    ShellExecute<u16> as "ShellExecuteW", "shellapi/nf-shellapi-shellexecutew";
}

library! {
    /// url.
    URL, Stdcall, ["url.dll"], "https://learn.microsoft.com/windows/win32/api/";
    TranslateURL<u8> as "TranslateURLA", "intshcut/nf-intshcut-translateurla";
    TranslateURL<u16> as "TranslateURLW", "intshcut/nf-intshcut-translateurlw";
}

/// ShellExecute: nothing is started. A driver's process can start none, and people are told what it wanted to open.
pub fn ShellExecute<U: Unit>(
    process: &mut Process,
    _window: Handle,
    _verb: Pointer,
    file: Pointer,
    _parameters: Pointer,
    _directory: Pointer,
    _show: i32,
) -> Result<Pointer, Stop> {
    const SE_ERR_ACCESSDENIED: u64 = 5;
    let file = text::<U>(&process.machine, file)?;
    process.say(format!("the driver wanted to open `{file}`").as_bytes());
    Ok(Pointer(SE_ERR_ACCESSDENIED))
}

const S_OK: HResult = HResult(0);
const S_FALSE: HResult = HResult(1);
const E_INVALIDARG: HResult = HResult(0x8007_0057);
const E_OUTOFMEMORY: HResult = HResult(0x8007_000e);

/// TranslateURL: puts a protocol before an address that has none, if the flags want it. S_FALSE and NULL for an address that stays as it is.
pub fn TranslateURL<U: Unit>(
    process: &mut Process,
    url: Pointer,
    flags: u32,
    out: Pointer,
) -> Result<HResult, Stop> {
    const TRANSLATEURL_FL_GUESS_PROTOCOL: u32 = 1;
    const TRANSLATEURL_FL_USE_DEFAULT_PROTOCOL: u32 = 2;
    if url.is_null() || out.is_null() {
        return Ok(E_INVALIDARG);
    }
    let url = text::<U>(&process.machine, url)?;
    process.machine.put_pointer(out.0, 0)?;
    let scheme = url.split_once(':').map(|(scheme, _)| scheme);
    let has_scheme =
        scheme.is_some_and(|scheme| scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric()));
    let begins = |name: &str| url.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let protocol = match () {
        () if has_scheme => None,
        () if flags & TRANSLATEURL_FL_GUESS_PROTOCOL != 0 && begins("www.") => Some("http://"),
        () if flags & TRANSLATEURL_FL_GUESS_PROTOCOL != 0 && begins("ftp.") => Some("ftp://"),
        () if flags & TRANSLATEURL_FL_USE_DEFAULT_PROTOCOL != 0 => Some("http://"),
        () => None,
    };
    let Some(protocol) = protocol else { return Ok(S_FALSE) };
    let whole = format!("{protocol}{url}");
    let units = u32::try_from(U::encode(&whole).len() + 1).unwrap_or(u32::MAX);
    let block = process.allocate(u64::from(units) * U::SIZE, false);
    if block.is_null() {
        return Ok(E_OUTOFMEMORY);
    }
    put::<U>(&process.machine.memory, block, units, &whole)?;
    process.machine.put_pointer(out.0, block.0)?;
    Ok(S_OK)
}
