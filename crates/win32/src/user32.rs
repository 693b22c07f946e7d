//! user32.dll, without a desktop: nothing is shown, and no window or dialog comes to be.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::BTreeMap;

use guest::Stop;

use crate::abi::{Handle, LongPtr, Pointer, Variadic};
use crate::crt::print_cut;
use crate::kernel32::codepage::{Unit, put, text};
use crate::kernel32::error::{ERROR_ACCESS_DENIED, ERROR_RESOURCE_NAME_NOT_FOUND, fail};
use crate::process::Process;

library! {
    /// user32.
    LIBRARY, Stdcall, ["user32.dll"], "https://learn.microsoft.com/windows/win32/api/";
    LoadIcon as "LoadIconA", "winuser/nf-winuser-loadicona";
    LoadIcon as "LoadIconW", "winuser/nf-winuser-loadiconw";
    LoadString<u8> as "LoadStringA", "winuser/nf-winuser-loadstringa";
    LoadString<u16> as "LoadStringW", "winuser/nf-winuser-loadstringw";
    MessageBox<u8> as "MessageBoxA", "winuser/nf-winuser-messageboxa";
    MessageBox<u16> as "MessageBoxW", "winuser/nf-winuser-messageboxw";
    GetDesktopWindow, "winuser/nf-winuser-getdesktopwindow";
    GetActiveWindow, "winuser/nf-winuser-getactivewindow";
    GetActiveWindow as "GetForegroundWindow", "winuser/nf-winuser-getforegroundwindow";
    DialogBoxParam as "DialogBoxParamA", "winuser/nf-winuser-dialogboxparama";
    DialogBoxParam as "DialogBoxParamW", "winuser/nf-winuser-dialogboxparamw";
    CreateDialogParam as "CreateDialogParamA", "winuser/nf-winuser-createdialogparama";
    CreateDialogParam as "CreateDialogParamW", "winuser/nf-winuser-createdialogparamw";
    CreateWindowEx as "CreateWindowExA", "winuser/nf-winuser-createwindowexa";
    CreateWindowEx as "CreateWindowExW", "winuser/nf-winuser-createwindowexw";
    wsprintf<u8> as "wsprintfA", "winuser/nf-winuser-wsprintfa";
    wsprintf<u16> as "wsprintfW", "winuser/nf-winuser-wsprintfw";
    wvsprintf<u8> as "wvsprintfA", "winuser/nf-winuser-wvsprintfa";
    wvsprintf<u16> as "wvsprintfW", "winuser/nf-winuser-wvsprintfw";
}

/// IDOK.
const IDOK: i32 = 1;

/// The strings of an image's resources, by identifier.
#[derive(Debug, Default)]
pub(crate) struct Strings(BTreeMap<u16, String>);

impl Strings {
    /// How many strings, and bytes of them, are kept; no driver's interface comes near.
    const MOST: usize = 4096;
    const MOST_BYTES: usize = 1 << 20;

    /// The strings of an image. What a damaged table still has is taken.
    pub fn of(image: &pe::Image<'_>) -> Self {
        const PER_BLOCK: u16 = 16;
        let (mut strings, mut bytes) = (BTreeMap::new(), 0);
        let blocks = image.resource_ids(pe::RT_STRING).unwrap_or_default();
        for block in blocks.into_iter().take(Self::MOST / usize::from(PER_BLOCK)) {
            // Blocks are numbered from 1, and identifiers have 16 bits.
            let Some(first) = block.checked_sub(1).and_then(|index| index.checked_mul(PER_BLOCK)) else {
                continue;
            };
            for id in first..=first | (PER_BLOCK - 1) {
                let Ok(Some(string)) = image.string(id) else { continue };
                bytes += string.len();
                if bytes > Self::MOST_BYTES {
                    return Self(strings);
                }
                strings.insert(id, string);
            }
        }
        Self(strings)
    }
}

/// LoadString: as many characters as fit, and a zero; 0 when the module has no such string.
pub fn LoadString<U: Unit>(
    process: &mut Process,
    module: Pointer,
    id: u32,
    out: Pointer,
    room: i32,
) -> Result<i32, Stop> {
    // Identifiers have 16 bits.
    let [low, high, ..] = id.to_le_bytes();
    let room = u32::try_from(room).unwrap_or(0);
    let id = u16::from_le_bytes([low, high]);
    let Some(string) = process.strings(module).and_then(|strings| strings.0.get(&id)) else {
        put::<U>(&process.machine.memory, out, room, "")?;
        return Ok(fail(process, ERROR_RESOURCE_NAME_NOT_FOUND, 0));
    };
    Ok(put::<U>(&process.machine.memory, out, room, string)?.cast_signed())
}

/// LoadIconA and LoadIconW: NULL, because nothing here can show an icon.
pub fn LoadIcon(process: &mut Process, _module: Pointer, _name: Pointer) -> Handle {
    fail(process, ERROR_RESOURCE_NAME_NOT_FOUND, Handle::NULL)
}

/// The room, with the zero, that every buffer of wsprintf counts as having.
const WSPRINTF_ROOM: u64 = 1024;

/// wsprintf: the number of units before the zero. As `sprintf` of msvcrt.dll, floating-point numbers included.
pub fn wsprintf<U: Unit>(
    process: &mut Process,
    out: Pointer,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    print_cut::<U>(process, out, WSPRINTF_ROOM, format, arguments)
}

pub fn wvsprintf<U: Unit>(
    process: &mut Process,
    out: Pointer,
    format: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    print_cut::<U>(process, out, WSPRINTF_ROOM, format, Variadic::List(arguments))
}

/// MessageBox: passes the message on and presses OK.
pub fn MessageBox<U: Unit>(
    process: &mut Process,
    _owner: Handle,
    message: Pointer,
    caption: Pointer,
    _kind: u32,
) -> Result<i32, Stop> {
    let machine = &process.machine;
    let caption = if caption.is_null() { "Error".to_owned() } else { text::<U>(machine, caption)? };
    let said = format!("{caption}: {}", text::<U>(machine, message)?);
    process.say(said.as_bytes());
    Ok(IDOK)
}

/// GetDesktopWindow: a handle that no function here takes.
pub fn GetDesktopWindow(_: &mut Process) -> Handle {
    Handle(0x1_0010)
}

/// GetActiveWindow and GetForegroundWindow: none.
pub fn GetActiveWindow(_: &mut Process) -> Handle {
    Handle::NULL
}

/// DialogBoxParamA and DialogBoxParamW: -1.
pub fn DialogBoxParam(
    process: &mut Process,
    _module: Pointer,
    _template: Pointer,
    _owner: Handle,
    _procedure: Pointer,
    _parameter: LongPtr,
) -> LongPtr {
    fail(process, ERROR_ACCESS_DENIED, LongPtr(-1))
}

/// CreateDialogParamA and CreateDialogParamW.
pub fn CreateDialogParam(
    process: &mut Process,
    _module: Pointer,
    _template: Pointer,
    _owner: Handle,
    _procedure: Pointer,
    _parameter: LongPtr,
) -> Handle {
    fail(process, ERROR_ACCESS_DENIED, Handle::NULL)
}

/// CreateWindowExA and CreateWindowExW.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn CreateWindowEx(
    process: &mut Process,
    _extended_style: u32,
    _class: Pointer,
    _name: Pointer,
    _style: u32,
    _x: i32,
    _y: i32,
    _width: i32,
    _height: i32,
    _parent: Handle,
    _menu: Handle,
    _module: Pointer,
    _parameter: Pointer,
) -> Handle {
    fail(process, ERROR_ACCESS_DENIED, Handle::NULL)
}
