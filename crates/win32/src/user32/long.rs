//! The numbers that windows and classes keep, by index.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::{Mode, Stop};

use crate::abi::{Handle, LongPtr, Pointer, signed};
use crate::kernel32::codepage::Unit;
use crate::kernel32::error::{ERROR_INVALID_INDEX, fail};
use crate::process::Process;
use crate::resources::Name;
use crate::user32::class::atom;
use crate::user32::dialog::{dlgproc_offset, with};
use crate::user32::procedure::Procedure;
use crate::user32::window::find;

const GWLP_WNDPROC: i32 = -4;
const GWLP_HINSTANCE: i32 = -6;
const GWLP_HWNDPARENT: i32 = -8;
const GWLP_ID: i32 = -12;
const GWL_STYLE: i32 = -16;
const GWL_EXSTYLE: i32 = -20;
const GWLP_USERDATA: i32 = -21;

const GCLP_MENUNAME: i32 = -8;
const GCLP_HBRBACKGROUND: i32 = -10;
const GCLP_HCURSOR: i32 = -12;
const GCLP_HICON: i32 = -14;
const GCLP_HMODULE: i32 = -16;
const GCL_CBWNDEXTRA: i32 = -18;
const GCL_CBCLSEXTRA: i32 = -20;
const GCLP_WNDPROC: i32 = -24;
const GCL_STYLE: i32 = -26;
const GCW_ATOM: i32 = -32;
const GCLP_HICONSM: i32 = -34;

/// The bytes of a LONG or of a LONG_PTR.
fn size_of_value(process: &Process, pointer: bool) -> usize {
    if pointer && process.machine.mode() == Mode::X86_64 { 8 } else { 4 }
}

/// A number among extra bytes, with its sign; `None` when it does not lie in them.
fn get_extra(extra: &[u8], index: i32, size: usize) -> Option<i64> {
    let start = usize::try_from(index).ok()?;
    let bytes = extra.get(start..start.checked_add(size)?)?;
    let mut word = [0; 8];
    word[..size].copy_from_slice(bytes);
    let mode = if size == 4 { Mode::I386 } else { Mode::X86_64 };
    Some(signed(mode, u64::from_le_bytes(word)))
}

fn set_extra(extra: &mut [u8], index: i32, size: usize, value: i64) -> Option<i64> {
    let before = get_extra(extra, index, size)?;
    let start = usize::try_from(index).ok()?;
    extra.get_mut(start..start + size)?.copy_from_slice(&value.to_le_bytes()[..size]);
    Some(before)
}

/// A style's bits as a LONG has them.
fn bits(style: u32) -> i64 {
    style.cast_signed().into()
}

fn low(value: i64) -> u32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Whether an index is that of a dialog's procedure.
fn is_dlgproc(process: &mut Process, window: Handle, index: i32) -> bool {
    u64::try_from(index).is_ok_and(|index| index == dlgproc_offset(&process.machine))
        && with(process, window, |_| ()).is_some()
}

/// What has the width of a pointer cannot be had as a LONG by 64-bit code.
fn is_pointer(index: i32) -> bool {
    matches!(index, GWLP_WNDPROC | GWLP_HINSTANCE | GWLP_HWNDPARENT)
}

fn get_window(process: &mut Process, window: Handle, index: i32, pointer: bool, wide: bool) -> i64 {
    let size = size_of_value(process, pointer);
    if size == 4 && process.machine.mode() == Mode::X86_64 && is_pointer(index) {
        return fail(process, ERROR_INVALID_INDEX, 0);
    }
    if is_dlgproc(process, window, index) {
        return with(process, window, |dialog| dialog.procedure.0.cast_signed()).unwrap_or(0);
    }
    let Some(own) = find(process, window) else { return 0 };
    let value = match index {
        GWLP_WNDPROC => {
            let procedure = own.procedure;
            Some(procedure.address(process, wide).0.cast_signed())
        }
        GWLP_HINSTANCE => Some(own.module.0.cast_signed()),
        GWLP_HWNDPARENT if own.is_child() => Some(own.parent.0.cast_signed()),
        GWLP_HWNDPARENT => Some(own.owner.0.cast_signed()),
        GWLP_ID => Some(own.id.cast_signed()),
        GWL_STYLE => Some(bits(own.style)),
        GWL_EXSTYLE => Some(bits(own.extended_style)),
        GWLP_USERDATA => Some(own.user_data.0),
        _ => get_extra(&own.extra, index, size),
    };
    value.unwrap_or_else(|| fail(process, ERROR_INVALID_INDEX, 0))
}

/// Sets a number and answers the one before. As that may be 0, the last error tells success from failure and is cleared by the caller.
fn set_window(
    process: &mut Process,
    window: Handle,
    index: i32,
    value: i64,
    pointer: bool,
    wide: bool,
) -> i64 {
    let size = size_of_value(process, pointer);
    if size == 4 && process.machine.mode() == Mode::X86_64 && is_pointer(index) {
        return fail(process, ERROR_INVALID_INDEX, 0);
    }
    if is_dlgproc(process, window, index) {
        let change = |dialog: &mut crate::user32::dialog::Dialog| {
            dialog.wide = wide;
            std::mem::replace(&mut dialog.procedure, Pointer(value.cast_unsigned())).0.cast_signed()
        };
        return with(process, window, change).unwrap_or(0);
    }
    let before = get_window(process, window, index, pointer, wide);
    let procedure =
        (index == GWLP_WNDPROC).then(|| Procedure::at(process, Pointer(value.cast_unsigned()), wide));
    let Some(own) = find(process, window) else { return 0 };
    match index {
        GWLP_WNDPROC => own.procedure = procedure.unwrap_or(own.procedure),
        GWLP_HINSTANCE => own.module = Pointer(value.cast_unsigned()),
        // Of a child's parent SetParent decides, and an owner stays.
        GWLP_HWNDPARENT => {}
        GWLP_ID => own.id = value.cast_unsigned(),
        GWL_STYLE => own.style = low(value),
        GWL_EXSTYLE => own.extended_style = low(value),
        GWLP_USERDATA => own.user_data = LongPtr(value),
        _ => {
            set_extra(&mut own.extra, index, size, value);
        }
    }
    before
}

pub fn GetWindowLong<U: Unit>(process: &mut Process, window: Handle, index: i32) -> i32 {
    low(get_window(process, window, index, false, U::SIZE > 1)).cast_signed()
}

pub fn GetWindowLongPtr<U: Unit>(process: &mut Process, window: Handle, index: i32) -> LongPtr {
    LongPtr(get_window(process, window, index, true, U::SIZE > 1))
}

pub fn SetWindowLong<U: Unit>(process: &mut Process, window: Handle, index: i32, value: i32) -> i32 {
    // A 32-bit guest's pointers are below 2 GiB.
    low(set_window(process, window, index, value.into(), false, U::SIZE > 1)).cast_signed()
}

pub fn SetWindowLongPtr<U: Unit>(
    process: &mut Process,
    window: Handle,
    index: i32,
    value: LongPtr,
) -> LongPtr {
    LongPtr(set_window(process, window, index, value.0, true, U::SIZE > 1))
}

fn get_class(process: &mut Process, window: Handle, index: i32, pointer: bool, wide: bool) -> i64 {
    let size = size_of_value(process, pointer);
    let Some(place) = find(process, window).map(|window| window.class) else { return 0 };
    let Some(class) = process.user32.classes.get(place) else { return 0 };
    let value = match index {
        GCLP_MENUNAME => Some(class.menu.0.cast_signed()),
        GCLP_HBRBACKGROUND => Some(class.background.0.cast_signed()),
        GCLP_HCURSOR => Some(class.cursor.0.cast_signed()),
        GCLP_HICON => Some(class.icon.0.cast_signed()),
        GCLP_HICONSM => Some(class.small_icon.0.cast_signed()),
        GCLP_HMODULE => Some(class.module.0.cast_signed()),
        GCL_CBWNDEXTRA => i64::try_from(class.window_extra).ok(),
        GCL_CBCLSEXTRA => i64::try_from(class.extra.len()).ok(),
        GCLP_WNDPROC => {
            let procedure = class.procedure;
            Some(procedure.address(process, wide).0.cast_signed())
        }
        GCL_STYLE => Some(bits(class.style)),
        GCW_ATOM => Some(atom(place).into()),
        _ => get_extra(&class.extra, index, size),
    };
    value.unwrap_or_else(|| fail(process, ERROR_INVALID_INDEX, 0))
}

fn set_class(
    process: &mut Process,
    window: Handle,
    index: i32,
    value: i64,
    pointer: bool,
    wide: bool,
) -> i64 {
    let size = size_of_value(process, pointer);
    let before = get_class(process, window, index, pointer, wide);
    let procedure =
        (index == GCLP_WNDPROC).then(|| Procedure::at(process, Pointer(value.cast_unsigned()), wide));
    let Some(place) = find(process, window).map(|window| window.class) else { return 0 };
    let Some(class) = process.user32.classes.get_mut(place) else { return 0 };
    let handle = Handle(value.cast_unsigned());
    match index {
        GCLP_MENUNAME => class.menu = Pointer(value.cast_unsigned()),
        GCLP_HBRBACKGROUND => class.background = handle,
        GCLP_HCURSOR => class.cursor = handle,
        GCLP_HICON => class.icon = handle,
        GCLP_HICONSM => class.small_icon = handle,
        GCLP_WNDPROC => class.procedure = procedure.unwrap_or(class.procedure),
        GCL_STYLE => class.style = low(value),
        _ => {
            set_extra(&mut class.extra, index, size, value);
        }
    }
    before
}

pub fn GetClassLong<U: Unit>(process: &mut Process, window: Handle, index: i32) -> u32 {
    low(get_class(process, window, index, false, U::SIZE > 1))
}

pub fn GetClassLongPtr<U: Unit>(process: &mut Process, window: Handle, index: i32) -> LongPtr {
    LongPtr(get_class(process, window, index, true, U::SIZE > 1))
}

pub fn SetClassLong<U: Unit>(process: &mut Process, window: Handle, index: i32, value: i32) -> u32 {
    low(set_class(process, window, index, value.into(), false, U::SIZE > 1))
}

pub fn SetClassLongPtr<U: Unit>(
    process: &mut Process,
    window: Handle,
    index: i32,
    value: LongPtr,
) -> LongPtr {
    LongPtr(set_class(process, window, index, value.0, true, U::SIZE > 1))
}

/// A property's name: atoms are numbers, and case does not matter.
fn property<U: Unit>(process: &Process, name: Pointer) -> Result<String, Stop> {
    Ok(match Name::read::<U>(&process.machine, name)? {
        Name::Id(atom) => format!("#{atom}"),
        Name::Text(name) => name.to_lowercase(),
    })
}

/// SetProp: a handle under a name. False when the window has as many as are kept.
pub fn SetProp<U: Unit>(
    process: &mut Process,
    window: Handle,
    name: Pointer,
    value: Handle,
) -> Result<bool, Stop> {
    /// More than any driver sets.
    const MOST: usize = 64;
    let name = property::<U>(process, name)?;
    let Some(own) = find(process, window) else { return Ok(false) };
    let has_room = own.properties.len() < MOST || own.properties.contains_key(&name);
    /// As long as the names of atoms are.
    const LONGEST: usize = 255;
    if !has_room || name.chars().count() > LONGEST {
        return Ok(fail(process, crate::kernel32::error::ERROR_NOT_ENOUGH_MEMORY, false));
    }
    own.properties.insert(name, value);
    Ok(true)
}

pub fn GetProp<U: Unit>(process: &mut Process, window: Handle, name: Pointer) -> Result<Handle, Stop> {
    let name = property::<U>(process, name)?;
    let Some(own) = find(process, window) else { return Ok(Handle::NULL) };
    Ok(own.properties.get(&name).copied().unwrap_or(Handle::NULL))
}

pub fn RemoveProp<U: Unit>(process: &mut Process, window: Handle, name: Pointer) -> Result<Handle, Stop> {
    let name = property::<U>(process, name)?;
    let Some(own) = find(process, window) else { return Ok(Handle::NULL) };
    Ok(own.properties.remove(&name).unwrap_or(Handle::NULL))
}
