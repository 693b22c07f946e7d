//! Window procedures: the guest's, and those that come with the system.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::ops::Range;

use guest::Stop;
use guest::layout::Region;
use pe::Symbol;

use crate::abi::{Handle, LongPtr, Pointer, signed};
use crate::kernel32::codepage::{Unit, put, text};
use crate::kernel32::error::{ERROR_INVALID_WINDOW_HANDLE, fail};
use crate::process::Process;
use crate::text::Unit as _;
use crate::user32::messages::{
    WM_CLOSE, WM_GETICON, WM_GETTEXT, WM_GETTEXTLENGTH, WM_NCCREATE, WM_PAINT, WM_SETICON, WM_SETTEXT,
};
use crate::user32::{control, create, dialog};

/// A procedure of the system's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Builtin {
    /// DefWindowProc.
    Default,
    /// That of the predefined controls.
    Control,
    /// DefDlgProc.
    Dialog,
}

/// What gets a window's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Procedure {
    Builtin(Builtin),
    /// Code of the guest's; `wide` if it takes text as UTF-16 units.
    Guest {
        address: Pointer,
        wide: bool,
    },
}

/// The built-in procedures that have addresses, with how they take text.
const BUILTINS: [(Builtin, bool); 6] = [
    (Builtin::Default, false),
    (Builtin::Default, true),
    (Builtin::Dialog, false),
    (Builtin::Dialog, true),
    (Builtin::Control, false),
    (Builtin::Control, true),
];

library! {
    /// The procedures of the predefined controls. Nobody imports them; a driver that subclasses a control gets their addresses.
    PROCEDURES, Stdcall, ["user32.dll"], "https://learn.microsoft.com/windows/win32/controls/";
    ControlProc<u8> as "the procedure of a control (A)", "individual-control-info";
    ControlProc<u16> as "the procedure of a control (W)", "individual-control-info";
}

/// Where the guest finds a built-in procedure.
fn address_of(process: &mut Process, wanted: (Builtin, bool)) -> Pointer {
    let name = match wanted {
        (Builtin::Default, false) => "DefWindowProcA",
        (Builtin::Default, true) => "DefWindowProcW",
        (Builtin::Dialog, false) => "DefDlgProcA",
        (Builtin::Dialog, true) => "DefDlgProcW",
        (Builtin::Control, wide) => {
            return Pointer(process.user32.control_procedures[usize::from(wide)]);
        }
    };
    Pointer(process.supplied("user32.dll", &Symbol::Name(name.to_owned())).unwrap_or(0))
}

impl Procedure {
    /// The procedure at an address that the guest names.
    pub fn at(process: &mut Process, address: Pointer, wide: bool) -> Self {
        if process.machine.memory.layout()[Region::Thunks].contains(&address.0) {
            let builtin = BUILTINS.into_iter().find(|&builtin| address_of(process, builtin) == address);
            if let Some((builtin, _)) = builtin {
                return Self::Builtin(builtin);
            }
        }
        Self::Guest { address, wide }
    }

    /// Whether it lies in this code.
    pub fn leads_into(self, code: &Range<u64>) -> bool {
        matches!(self, Self::Guest { address, .. } if code.contains(&address.0))
    }

    /// Its address for a guest that would take text this way.
    pub fn address(self, process: &mut Process, wide: bool) -> Pointer {
        match self {
            Self::Builtin(builtin) => address_of(process, (builtin, wide)),
            Self::Guest { address, .. } => address,
        }
    }
}

/// A text that a message carries.
pub(crate) fn read_text(process: &Process, at: i64, wide: bool) -> Result<String, Stop> {
    let at = Pointer(at.cast_unsigned());
    if wide { text::<u16>(&process.machine, at) } else { text::<u8>(&process.machine, at) }
}

/// Answers a text into a buffer of `room` units; how many are there before the zero.
pub(crate) fn put_text(process: &Process, out: i64, room: u64, text: &str, wide: bool) -> Result<i64, Stop> {
    let (out, room) = (Pointer(out.cast_unsigned()), u32::try_from(room).unwrap_or(u32::MAX));
    let memory = &process.machine.memory;
    let put = if wide { put::<u16> } else { put::<u8> };
    Ok(put(memory, out, room, text)?.into())
}

/// A text as it lies in memory, without a zero.
pub(crate) fn encode(text: &str, wide: bool) -> Vec<u8> {
    if wide { u16::to_bytes(&u16::encode(text)) } else { u8::encode(text) }
}

/// How many units a text has.
pub(crate) fn units_of(text: &str, wide: bool) -> usize {
    if wide { u16::encode(text).len() } else { u8::encode(text).len() }
}

/// Calls a window's procedure with a message as it is.
pub(crate) fn call_window(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<i64, Stop> {
    let procedure = process.user32.windows.get(window).map(|window| window.procedure);
    let wide = matches!(procedure, Some(Procedure::Guest { wide: true, .. }));
    call_window_as(process, wide, window, message, wparam, lparam)
}

/// Calls a window's procedure with a message whose text, if it has any, is of bytes or `wide`.
pub(crate) fn call_window_as(
    process: &mut Process,
    wide: bool,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<i64, Stop> {
    let Some(procedure) = process.user32.windows.get(window).map(|window| window.procedure) else {
        return Ok(fail(process, ERROR_INVALID_WINDOW_HANDLE, 0));
    };
    call(process, procedure, wide, window, message, wparam, lparam)
}

/// Calls a procedure.
pub(crate) fn call(
    process: &mut Process,
    procedure: Procedure,
    wide: bool,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<i64, Stop> {
    match procedure {
        Procedure::Builtin(Builtin::Default) => default(process, wide, window, message, wparam, lparam),
        Procedure::Builtin(Builtin::Control) => {
            control::procedure(process, wide, window, message, wparam, lparam)
        }
        Procedure::Builtin(Builtin::Dialog) => {
            dialog::procedure(process, wide, window, message, wparam, lparam)
        }
        Procedure::Guest { address, wide: own } => {
            if own != wide && message == WM_GETTEXT {
                return converting_out(process, address, own, window, wparam, lparam);
            }
            let takes_text = message == WM_SETTEXT || control::takes_text(process, window, message);
            if own != wide && takes_text && lparam != 0 {
                return converting_in(process, address, own, window, message, wparam, lparam);
            }
            call_guest(process, address, window, message, wparam, lparam)
        }
    }
}

/// Calls a procedure or dialog procedure of the guest's. All that such a function takes and answers is as wide as a pointer.
pub(crate) fn call_guest(
    process: &mut Process,
    address: Pointer,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<i64, Stop> {
    let arguments = [window.0, message.into(), wparam, lparam.cast_unsigned()];
    let answer = process.call(address.0, &arguments)?;
    Ok(signed(process.machine.mode(), answer))
}

/// Calls with the text at `lparam` in the other form.
fn converting_in(
    process: &mut Process,
    address: Pointer,
    own: bool,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<i64, Stop> {
    let text = read_text(process, lparam, !own)?;
    let room = units_of(&text, own) as u64 + 1;
    let block = process.allocate(room * 2, true);
    if block.is_null() {
        return Ok(0);
    }
    let copy = block.0.cast_signed();
    put_text(process, copy, room, &text, own)?;
    let answer = call_guest(process, address, window, message, wparam, copy);
    process.heap.release(&process.machine.memory, block.0);
    answer
}

/// Has WM_GETTEXT answered in the other form.
fn converting_out(
    process: &mut Process,
    address: Pointer,
    own: bool,
    window: Handle,
    room: u64,
    lparam: i64,
) -> Result<i64, Stop> {
    /// More than any window's text has.
    const MOST: u64 = 1 << 16;
    let block = process.allocate(room.min(MOST) * 2 + 2, true);
    if block.is_null() {
        return Ok(0);
    }
    let copy = block.0.cast_signed();
    let answer = call_guest(process, address, window, WM_GETTEXT, room.min(MOST), copy);
    let text = read_text(process, copy, own);
    process.heap.release(&process.machine.memory, block.0);
    answer?;
    put_text(process, lparam, room, &text?, !own)
}

/// What the system does with a message that a window has no wish about.
pub(crate) fn default(
    process: &mut Process,
    wide: bool,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<i64, Stop> {
    const WM_ERASEBKGND: u32 = 0x0014;
    const WM_QUERYENDSESSION: u32 = 0x0011;
    const WM_QUERYOPEN: u32 = 0x0013;
    const WM_SETCURSOR: u32 = 0x0020;
    const WM_SYSCOMMAND: u32 = 0x0112;
    const SC_CLOSE: u64 = 0xf060;
    /// WM_CTLCOLORMSGBOX to WM_CTLCOLORSTATIC.
    const WM_CTLCOLOR: std::ops::RangeInclusive<u32> = 0x0132..=0x0138;
    match message {
        WM_NCCREATE | WM_ERASEBKGND | WM_QUERYENDSESSION | WM_QUERYOPEN => Ok(1),
        WM_SETTEXT => {
            let text = read_text(process, lparam, wide)?;
            Ok(set_text(process, window, text).into())
        }
        WM_GETTEXT => {
            let text = process.user32.windows.get(window).map(|window| window.text.clone());
            put_text(process, lparam, wparam, &text.unwrap_or_default(), wide)
        }
        WM_GETTEXTLENGTH => {
            let window = process.user32.windows.get(window);
            Ok(window.map_or(0, |window| units_of(&window.text, wide)) as i64)
        }
        WM_CLOSE => create::destroy(process, window).map(|_| 0),
        WM_SYSCOMMAND if wparam & 0xfff0 == SC_CLOSE => {
            call_window_as(process, wide, window, WM_CLOSE, 0, 0).map(|_| 0)
        }
        WM_PAINT => {
            if let Some(window) = process.user32.windows.get_mut(window) {
                window.invalid = false;
            }
            Ok(0)
        }
        WM_SETCURSOR => Ok(0),
        WM_GETICON => {
            let window = process.user32.windows.get(window);
            Ok(window
                .and_then(|window| window.icons.get(icon(wparam)))
                .map_or(0, |icon| icon.0.cast_signed()))
        }
        WM_SETICON => {
            let slot =
                process.user32.windows.get_mut(window).and_then(|window| window.icons.get_mut(icon(wparam)));
            let now = Handle(lparam.cast_unsigned());
            Ok(slot.map_or(0, |slot| std::mem::replace(slot, now).0.cast_signed()))
        }
        _ if WM_CTLCOLOR.contains(&message) => Ok(crate::gdi32::WHITE_BRUSH.0.cast_signed()),
        _ => Ok(0),
    }
}

/// Which icon: ICON_SMALL is 0, ICON_BIG 1.
fn icon(wparam: u64) -> usize {
    usize::from(wparam == 0)
}

/// Gives a window its text; false when there is no room for it.
pub(crate) fn set_text(process: &mut Process, window: Handle, text: String) -> bool {
    let windows = &mut process.user32.windows;
    if !windows.has_room(text.len()) {
        return false;
    }
    windows.get_mut(window).map(|window| window.text = text).is_some()
}

pub fn DefWindowProc<U: Unit>(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: Pointer,
    lparam: LongPtr,
) -> Result<LongPtr, Stop> {
    default(process, U::SIZE > 1, window, message, wparam.0, lparam.0).map(LongPtr)
}

/// The procedure of the predefined controls.
pub fn ControlProc<U: Unit>(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: Pointer,
    lparam: LongPtr,
) -> Result<LongPtr, Stop> {
    control::procedure(process, U::SIZE > 1, window, message, wparam.0, lparam.0).map(LongPtr)
}

/// CallWindowProc: of what GetWindowLong and SetWindowLong answered, or any other procedure.
pub fn CallWindowProc<U: Unit>(
    process: &mut Process,
    procedure: Pointer,
    window: Handle,
    message: u32,
    wparam: Pointer,
    lparam: LongPtr,
) -> Result<LongPtr, Stop> {
    let wide = U::SIZE > 1;
    let procedure = Procedure::at(process, procedure, wide);
    call(process, procedure, wide, window, message, wparam.0, lparam.0).map(LongPtr)
}
