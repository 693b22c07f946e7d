//! Consoles. A driver's process has none until it asks for one; what is written to that goes to the host as text, and nothing can be read from it.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::kernel32::codepage::ANSI;
use crate::kernel32::error::{ERROR_ACCESS_DENIED, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, fail};
use crate::kernel32::handles::Object;
use crate::kernel32::record::Record;
use crate::process::Process;

/// A console: its columns and lines, and the modes of its input and output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    size: [u16; 2],
    modes: [u32; 2],
    attributes: u16,
}

impl Default for Console {
    fn default() -> Self {
        // Eighty columns; lines with echo that control characters are taken out of, and output that is processed and wrapped; grey on black.
        Self { size: [80, 300], modes: [0x7, 0x3], attributes: 0x7 }
    }
}

/// AllocConsole: a process can have one.
pub fn AllocConsole(process: &mut Process) -> bool {
    if process.kernel32.console.is_some() {
        return fail(process, ERROR_ACCESS_DENIED, false);
    }
    process.kernel32.console = Some(Console::default());
    true
}

pub fn FreeConsole(process: &mut Process) -> bool {
    process.kernel32.console.take().is_some() || fail(process, ERROR_INVALID_PARAMETER, false)
}

/// The console, and whether a handle is that of its output; the last error says that there is none, or that the handle is neither.
fn console(process: &mut Process, handle: Handle) -> Option<(&mut Console, usize)> {
    let place = match process.kernel32.handles.get(handle) {
        Some(Object::Input) => Some(0),
        Some(Object::Output) => Some(1),
        _ => None,
    };
    match place.filter(|_| process.kernel32.console.is_some()) {
        Some(place) => process.kernel32.console.as_mut().map(|console| (console, place)),
        None => fail(process, ERROR_INVALID_HANDLE, None),
    }
}

/// The console whose output a handle is.
fn screen(process: &mut Process, handle: Handle) -> Option<&mut Console> {
    match console(process, handle)?.1 {
        1 => process.kernel32.console.as_mut(),
        _ => fail(process, ERROR_INVALID_HANDLE, None),
    }
}

pub fn GetConsoleMode(process: &mut Process, handle: Handle, out: Pointer) -> Result<bool, Stop> {
    let Some(mode) = console(process, handle).map(|(console, place)| console.modes[place]) else {
        return Ok(false);
    };
    process.machine.memory.write(out.0, &mode.to_le_bytes())?;
    Ok(true)
}

pub fn SetConsoleMode(process: &mut Process, handle: Handle, mode: u32) -> bool {
    console(process, handle).map(|(console, place)| console.modes[place] = mode).is_some()
}

/// GetConsoleCP and GetConsoleOutputCP: 0 without a console.
pub fn GetConsoleCP(process: &mut Process) -> u32 {
    if process.kernel32.console.is_some() { ANSI } else { fail(process, ERROR_INVALID_HANDLE, 0) }
}

/// SetConsoleScreenBufferSize: a COORD, columns in the lower half.
pub fn SetConsoleScreenBufferSize(process: &mut Process, handle: Handle, size: u32) -> bool {
    let [a, b, c, d] = size.to_le_bytes();
    let size = [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])];
    if screen(process, handle).is_none() {
        return false;
    }
    if size.iter().any(|&side| side == 0 || side > i16::MAX.cast_unsigned()) {
        return fail(process, ERROR_INVALID_PARAMETER, false);
    }
    screen(process, handle).map(|console| console.size = size).is_some()
}

/// GetConsoleScreenBufferInfo: CONSOLE_SCREEN_BUFFER_INFO, of which nobody knows where the cursor is.
pub fn GetConsoleScreenBufferInfo(process: &mut Process, handle: Handle, out: Pointer) -> Result<bool, Stop> {
    let Some(&mut Console { size: [columns, lines], attributes, .. }) = screen(process, handle) else {
        return Ok(false);
    };
    let window = [0, 0, columns - 1, lines.min(25) - 1, columns, lines.min(25)];
    let record = Record::new(process.machine.mode()).u16(columns).u16(lines).u16(0).u16(0).u16(attributes);
    let record = window.into_iter().fold(record, Record::u16);
    process.machine.memory.write(out.0, &record.finish())?;
    Ok(true)
}

pub fn SetConsoleTextAttribute(process: &mut Process, handle: Handle, attributes: u16) -> bool {
    screen(process, handle).map(|console| console.attributes = attributes).is_some()
}

/// SetConsoleTitle: nobody sees it.
pub fn SetConsoleTitle(process: &mut Process, _title: Pointer) -> bool {
    process.kernel32.console.is_some() || fail(process, ERROR_INVALID_HANDLE, false)
}

/// SetConsoleCtrlHandler: nobody presses the keys.
pub fn SetConsoleCtrlHandler(_: &mut Process, _handler: Pointer, _add: i32) -> bool {
    true
}

/// ReadConsole: the end of the input, from a console.
pub fn ReadConsole(
    process: &mut Process,
    handle: Handle,
    _out: Pointer,
    _room: u32,
    read: Pointer,
    _control: Pointer,
) -> Result<bool, Stop> {
    if !matches!(console(process, handle), Some((_, 0))) {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    }
    process.machine.memory.write(read.0, &[0; 4])?;
    Ok(true)
}
