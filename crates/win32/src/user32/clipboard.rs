//! The clipboard, which is the process's own: nothing comes from elsewhere, and nothing leaves.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::BTreeMap;

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{
    ERROR_ACCESS_DENIED, ERROR_CLIPBOARD_NOT_OPEN, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, fail,
};
use crate::process::Process;
use crate::user32::window::find;

/// How many formats there may be data of, and how many names of formats and messages are kept.
const MOST_DATA: usize = 64;
const MOST_NAMES: usize = 1024;

/// The first number that stands for a name (RegisterWindowMessage's page).
const FIRST_NAME: u32 = 0xc000;
/// The longest name, as of atoms.
const LONGEST: usize = 255;

/// What is on the clipboard.
#[derive(Debug, Default)]
pub(crate) struct Clipboard {
    /// Which thread has opened it, and for which window.
    open: Option<(usize, Handle)>,
    owner: Handle,
    data: BTreeMap<u32, Handle>,
}

/// The clipboard, if the running thread has opened it.
fn opened(process: &mut Process) -> Option<&mut Clipboard> {
    let thread = process.machine.current();
    if process.user32.clipboard.open.is_none_or(|(opener, _)| opener != thread) {
        return fail(process, ERROR_CLIPBOARD_NOT_OPEN, None);
    }
    Some(&mut process.user32.clipboard)
}

/// OpenClipboard: false while another window or thread has it open.
pub fn OpenClipboard(process: &mut Process, window: Handle) -> bool {
    if window != Handle::NULL && find(process, window).is_none() {
        return false;
    }
    let own = (process.machine.current(), window);
    if process.user32.clipboard.open.is_some_and(|open| open != own) {
        return fail(process, ERROR_ACCESS_DENIED, false);
    }
    process.user32.clipboard.open = Some(own);
    true
}

pub fn CloseClipboard(process: &mut Process) -> bool {
    opened(process).map(|clipboard| clipboard.open = None).is_some()
}

/// EmptyClipboard: its data is freed, and the window that opened it owns it.
pub fn EmptyClipboard(process: &mut Process) -> bool {
    let Some(clipboard) = opened(process) else { return false };
    let data = std::mem::take(&mut clipboard.data);
    clipboard.owner = clipboard.open.map_or(Handle::NULL, |(_, window)| window);
    for handle in data.into_values() {
        // A handle that is no block of the heap is not the clipboard's to free.
        process.free_global(Pointer(handle.0));
    }
    true
}

/// SetClipboardData: the handle, which is the clipboard's from then on.
pub fn SetClipboardData(process: &mut Process, format: u32, data: Handle) -> Handle {
    let Some(clipboard) = opened(process) else { return Handle::NULL };
    if clipboard.data.len() >= MOST_DATA && !clipboard.data.contains_key(&format) {
        return fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::NULL);
    }
    let before = clipboard.data.insert(format, data);
    if let Some(before) = before.filter(|&before| before != data) {
        process.free_global(Pointer(before.0));
    }
    data
}

pub fn GetClipboardData(process: &mut Process, format: u32) -> Handle {
    let Some(clipboard) = opened(process) else { return Handle::NULL };
    clipboard.data.get(&format).copied().unwrap_or(Handle::NULL)
}

pub fn IsClipboardFormatAvailable(process: &mut Process, format: u32) -> bool {
    process.user32.clipboard.data.contains_key(&format)
}

pub fn CountClipboardFormats(process: &mut Process) -> i32 {
    i32::try_from(process.user32.clipboard.data.len()).unwrap_or(i32::MAX)
}

pub fn GetClipboardOwner(process: &mut Process) -> Handle {
    process.user32.clipboard.owner
}

/// RegisterWindowMessage and RegisterClipboardFormat: the same number for the same name, whatever its case.
pub fn RegisterWindowMessage<U: Unit>(process: &mut Process, name: Pointer) -> Result<u32, Stop> {
    let name = text::<U>(&process.machine, name)?;
    let names = &mut process.user32.registered;
    let known = names.iter().position(|known| known.eq_ignore_ascii_case(&name));
    let place = known.unwrap_or(names.len());
    if name.is_empty() || name.chars().count() > LONGEST {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    if known.is_none() {
        if names.len() >= MOST_NAMES {
            return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, 0));
        }
        names.push(name);
    }
    Ok(FIRST_NAME + u32::try_from(place).unwrap_or(0))
}
