//! shell32.dll and url.dll: opening documents, which drivers do for their web pages, and where folders are.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;
use wire::FileCall;

use crate::abi::{HResult, Handle, Pointer};
use crate::files::{Tried, tried};
use crate::kernel32::codepage::{Unit, put, text};
use crate::kernel32::error::{ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, fail};
use crate::process::Process;

library! {
    /// shell32.
    LIBRARY, Stdcall, ["shell32.dll"], "https://learn.microsoft.com/windows/win32/api/";
    CommandLineToArgvW, "shellapi/nf-shellapi-commandlinetoargvw";
    ExtractIcon as "ExtractIconA", "shellapi/nf-shellapi-extracticona";
    ExtractIcon as "ExtractIconW", "shellapi/nf-shellapi-extracticonw";
    SHBrowseForFolder as "SHBrowseForFolderA", "shlobj_core/nf-shlobj_core-shbrowseforfoldera";
    SHBrowseForFolder as "SHBrowseForFolderW", "shlobj_core/nf-shlobj_core-shbrowseforfolderw";
    SHGetFolderPath<u8> as "SHGetFolderPathA", "shlobj_core/nf-shlobj_core-shgetfolderpatha";
    SHGetFolderPath<u16> as "SHGetFolderPathW", "shlobj_core/nf-shlobj_core-shgetfolderpathw";
    SHGetPathFromIDList as "SHGetPathFromIDListA", "shlobj_core/nf-shlobj_core-shgetpathfromidlista";
    SHGetPathFromIDList as "SHGetPathFromIDListW", "shlobj_core/nf-shlobj_core-shgetpathfromidlistw";
    SHGetSpecialFolderPath<u8> as "SHGetSpecialFolderPathA", "shlobj_core/nf-shlobj_core-shgetspecialfolderpatha";
    SHGetSpecialFolderPath<u16> as "SHGetSpecialFolderPathW", "shlobj_core/nf-shlobj_core-shgetspecialfolderpathw";
    Shell_NotifyIcon as "Shell_NotifyIconA", "shellapi/nf-shellapi-shell_notifyicona";
    Shell_NotifyIcon as "Shell_NotifyIconW", "shellapi/nf-shellapi-shell_notifyiconw";
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

/// The folders that there are, by CSIDL ("CSIDL", MS Learn), below `C:\`.
const FOLDERS: [(u32, &str); 19] = [
    (0x00, r"users\user\Desktop"),
    (0x02, r"users\user\Start Menu\Programs"),
    (0x05, r"users\user\Documents"),
    (0x0d, r"users\user\Music"),
    (0x0e, r"users\user\Videos"),
    (0x10, r"users\user\Desktop"),
    (0x14, r"windows\Fonts"),
    (0x1a, r"users\user\AppData\Roaming"),
    (0x1c, r"users\user\AppData\Local"),
    (0x23, "ProgramData"),
    (0x24, "windows"),
    (0x25, r"windows\system32"),
    (0x26, "Program Files"),
    (0x27, r"users\user\Pictures"),
    (0x28, r"users\user"),
    (0x29, r"windows\system32"),
    (0x2a, "Program Files"),
    (0x2b, r"Program Files\Common Files"),
    (0x2e, r"users\Public\Documents"),
];

/// The path of a folder, which is made if that is wanted; the code of an error where it is not there.
fn folder(process: &mut Process, number: u32, make: bool) -> Tried<String> {
    const CSIDL: u32 = 0xff;
    let known = FOLDERS.iter().find(|&&(known, _)| known == number & CSIDL);
    let Some((_, name)) = known else { return Ok(Err(ERROR_INVALID_PARAMETER)) };
    if make {
        let mut path = String::from("C:");
        for part in name.split('\\') {
            path = format!(r"{path}\{part}");
            // Most are there already, and what cannot be made is missed below.
            if process.look_at(path.clone())?.is_err() {
                let _ = process.file_done(FileCall::MakeFolder { path: path.clone() })?;
            }
        }
    }
    let path = format!(r"C:\{name}");
    tried!(process.look_at(path.clone()));
    Ok(Ok(path))
}

/// SHGetFolderPath: a folder of the drive that is the driver's own. S_FALSE for one that there could be and is not.
pub fn SHGetFolderPath<U: Unit>(
    process: &mut Process,
    _window: Handle,
    number: u32,
    _token: Handle,
    flags: u32,
    out: Pointer,
) -> Result<HResult, Stop> {
    const CSIDL_FLAG_CREATE: u32 = 0x8000;
    const MOST_FLAGS: u32 = 1;
    if out.is_null() || flags > MOST_FLAGS {
        return Ok(E_INVALIDARG);
    }
    Ok(match folder(process, number, number & CSIDL_FLAG_CREATE != 0)? {
        Ok(path) => {
            put::<U>(&process.machine.memory, out, MAX_PATH, &path)?;
            S_OK
        }
        Err(code) => {
            put::<U>(&process.machine.memory, out, MAX_PATH, "")?;
            if code == ERROR_INVALID_PARAMETER { E_INVALIDARG } else { S_FALSE }
        }
    })
}

/// SHGetSpecialFolderPath: false for a folder that is not there, and is not to be made.
pub fn SHGetSpecialFolderPath<U: Unit>(
    process: &mut Process,
    _window: Handle,
    out: Pointer,
    number: i32,
    create: i32,
) -> Result<bool, Stop> {
    let path = folder(process, number.cast_unsigned(), create != 0)?.ok();
    put::<U>(&process.machine.memory, out, MAX_PATH, path.as_deref().unwrap_or_default())?;
    Ok(path.is_some())
}

/// SHBrowseForFolder: NULL, as when the user cancels.
pub fn SHBrowseForFolder(_: &mut Process, _choice: Pointer) -> Pointer {
    Pointer::NULL
}

/// SHGetPathFromIDList: there is no list of identifiers that it could be for.
pub fn SHGetPathFromIDList(_: &mut Process, _list: Pointer, _out: Pointer) -> bool {
    false
}

/// ExtractIcon: NULL, as for a file without icons.
pub fn ExtractIcon(_: &mut Process, _module: Pointer, _file: Pointer, _index: u32) -> Handle {
    Handle::NULL
}

/// Shell_NotifyIcon: false, as where there is no notification area.
pub fn Shell_NotifyIcon(_: &mut Process, _message: u32, _data: Pointer) -> bool {
    false
}

/// The arguments of a command line: spaces and tabs separate them outside of quotation marks; backslashes count only before those. The first one is the program.
fn arguments(line: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = line.chars().peekable();
    loop {
        while rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        if rest.peek().is_none() {
            return all;
        }
        let (mut argument, mut quoted) = (String::new(), false);
        let program = all.is_empty();
        while let Some(c) = rest.next_if(|&c| quoted || !matches!(c, ' ' | '\t')) {
            match c {
                '\\' if !program => {
                    let mut count = 1;
                    while rest.next_if_eq(&'\\').is_some() {
                        count += 1;
                    }
                    let before_quote = rest.peek() == Some(&'"');
                    argument.extend(std::iter::repeat_n('\\', if before_quote { count / 2 } else { count }));
                    if before_quote && count % 2 == 1 {
                        argument.extend(rest.next());
                    }
                }
                '"' => quoted = !quoted,
                c => argument.push(c),
            }
        }
        all.push(argument);
    }
}

/// CommandLineToArgvW: one block for LocalFree, with an array of pointers and the texts behind it. For an empty line, the driver's path.
pub fn CommandLineToArgvW(process: &mut Process, line: Pointer, count: Pointer) -> Result<Pointer, Stop> {
    if count.is_null() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, Pointer::NULL));
    }
    let mut arguments = arguments(&text::<u16>(&process.machine, line)?);
    if arguments.is_empty() {
        arguments
            .extend(process.image(Pointer::NULL).map(|image| format!(r"C:\windows\system32\{}", image.name)));
    }
    let size = process.machine.mode().pointer_size();
    let mut at = (arguments.len() as u64 + 1) * size;
    let texts: Vec<Vec<u16>> =
        arguments.iter().map(|argument| argument.encode_utf16().chain([0]).collect()).collect();
    let block = process.allocate(at + texts.iter().map(|text| 2 * text.len() as u64).sum::<u64>(), true);
    if block.is_null() {
        return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, block));
    }
    for (place, text) in (0..).zip(&texts) {
        process.machine.put_pointer(block.at(place * size).0, block.at(at).0)?;
        let bytes: Vec<u8> = text.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        process.machine.memory.write(block.at(at).0, &bytes)?;
        at += bytes.len() as u64;
    }
    let number = u32::try_from(texts.len()).unwrap_or(0);
    process.machine.memory.write(count.0, &number.to_le_bytes())?;
    Ok(block)
}

const MAX_PATH: u32 = 260;
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use guest::Mode;
    use wire::{FileInfo, Served, Want};

    use super::*;
    use crate::testing::{Guest, alone};

    #[test]
    fn command_lines_are_taken_apart() {
        let line = r#""C:\a b\p.exe" one "two three" \"four\" a\\b "c\\" d"e f"g"#;
        let expected = [r"C:\a b\p.exe", "one", "two three", r#""four""#, r"a\\b", r"c\", "de fg"];
        assert_eq!(arguments(line), expected);
        assert_eq!(arguments("  "), [""; 0]);
    }

    fn folders(mode: Mode) {
        let mut guest = Guest::new(mode);
        let made: Rc<RefCell<Vec<String>>> = Rc::new(RefCell::new(vec![r"C:\windows".to_owned()]));
        guest.serve(move |want| match want {
            Want::File(FileCall::Look { path }) if made.borrow().contains(path) => {
                Served::Info(FileInfo { folder: true, ..FileInfo::default() })
            }
            Want::File(FileCall::MakeFolder { path }) => {
                made.borrow_mut().push(path.clone());
                Served::Done
            }
            _ => Served::Failed(2),
        });
        let out = guest.put(&[0; 600]);
        assert_eq!(
            (guest.call("SHGetFolderPathA", &[0, 0x24, 0, 0, out]), guest.text(out)),
            (0, r"C:\windows".into())
        );
        assert_eq!(
            (guest.call("SHGetFolderPathA", &[0, 0x1a, 0, 0, out]), guest.text(out)),
            (1, String::new())
        );
        assert_eq!(guest.call("SHGetSpecialFolderPathW", &[0, out, 0x1a, 0]), 0);
        assert_eq!(guest.call("SHGetSpecialFolderPathW", &[0, out, 0x1a, 1]), 1);
        assert_eq!(guest.wide_text(out), r"C:\users\user\AppData\Roaming");
        assert_eq!(guest.call("SHGetFolderPathA", &[0, 0x801a, 0, 0, out]), 0);
        assert_eq!(guest.call("SHGetFolderPathA", &[0, 0x77, 0, 0, out]) as u32, E_INVALIDARG.0);
        let line = guest.wide("a \"b c\"");
        let arguments = guest.call("CommandLineToArgvW", &[line, out]);
        let second = guest.pointer(arguments + guest.pointer_size());
        assert_eq!((guest.u32(out), guest.wide_text(second)), (2, "b c".into()));
        assert_eq!(guest.call("LocalFree", &[arguments]), 0);
    }

    #[test]
    fn folders_of_32_bit_code() {
        alone(|| folders(Mode::I386));
    }

    #[test]
    fn folders_of_64_bit_code() {
        alone(|| folders(Mode::X86_64));
    }
}
