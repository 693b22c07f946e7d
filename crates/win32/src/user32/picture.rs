//! Icons, cursors and bitmaps: handles for what the system or a module's resources have. Nothing shows them.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::gdi32;
use crate::kernel32::codepage::Unit;
use crate::kernel32::error::{
    ERROR_FILE_NOT_FOUND, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, ERROR_RESOURCE_NAME_NOT_FOUND,
    fail,
};
use crate::process::Process;
use crate::resources::{self, Name, RT_BITMAP, RT_GROUP_CURSOR, RT_GROUP_ICON};

/// The numbers of the system's own icons and cursors: IDI_ and IDC_ ("LoadIcon" and "LoadCursor", MS Learn).
const STOCK_ICONS: std::ops::RangeInclusive<u16> = 32512..=32518;
const STOCK_CURSORS: std::ops::RangeInclusive<u16> = 32512..=32672;

/// Where the handles of the system's own begin, and those of what modules have.
const STOCK_ICON: u64 = 0x0002_0000;
const STOCK_CURSOR: u64 = 0x0003_0000;
const LOADED: u64 = 0x0100_0000;

/// How many of what modules have may be in use: more than any has.
const MOST: usize = 1024;

/// What a module's resources are in use of: the same handle each time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    module: Pointer,
    kind: u16,
    name: Name,
}

/// A handle for an icon or a cursor; NULL, with the last error, when there is none of this name.
fn load<U: Unit>(process: &mut Process, module: Pointer, kind: u16, name: Pointer) -> Result<Handle, Stop> {
    let name = Name::read::<U>(&process.machine, name)?;
    if module.is_null() {
        let stock = match (&name, kind) {
            (Name::Id(id), RT_GROUP_ICON) if STOCK_ICONS.contains(id) => Some(STOCK_ICON | u64::from(*id)),
            (Name::Id(id), RT_GROUP_CURSOR) if STOCK_CURSORS.contains(id) => {
                Some(STOCK_CURSOR | u64::from(*id))
            }
            _ => None,
        };
        return Ok(stock.map_or_else(|| fail(process, ERROR_RESOURCE_NAME_NOT_FOUND, Handle::NULL), Handle));
    }
    if resources::find(process, module, &Name::Id(kind), &name)?.is_none() {
        return Ok(fail(process, ERROR_RESOURCE_NAME_NOT_FOUND, Handle::NULL));
    }
    let picture = Picture { module, kind, name };
    let pictures = &mut process.user32.pictures;
    let place = pictures.iter().position(|known| *known == picture).unwrap_or(pictures.len());
    if place >= MOST {
        return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::NULL));
    }
    if place == pictures.len() {
        pictures.push(picture);
    }
    Ok(Handle(LOADED + 4 * place as u64))
}

pub fn LoadIcon<U: Unit>(process: &mut Process, module: Pointer, name: Pointer) -> Result<Handle, Stop> {
    load::<U>(process, module, RT_GROUP_ICON, name)
}

pub fn LoadCursor<U: Unit>(process: &mut Process, module: Pointer, name: Pointer) -> Result<Handle, Stop> {
    load::<U>(process, module, RT_GROUP_CURSOR, name)
}

/// A bitmap of the size that the resource's header says (BITMAPINFOHEADER).
pub fn LoadBitmap<U: Unit>(process: &mut Process, module: Pointer, name: Pointer) -> Result<Handle, Stop> {
    let name = Name::read::<U>(&process.machine, name)?;
    match resources::find(process, module, &Name::Id(RT_BITMAP), &name)? {
        Some(resource) => gdi32::bitmap_of(process, resource.at),
        None => Ok(fail(process, ERROR_RESOURCE_NAME_NOT_FOUND, Handle::NULL)),
    }
}

/// LoadImage: IMAGE_BITMAP 0, IMAGE_ICON 1 or IMAGE_CURSOR 2 from resources. Of files, none is found.
pub fn LoadImage<U: Unit>(
    process: &mut Process,
    module: Pointer,
    name: Pointer,
    kind: u32,
    _width: i32,
    _height: i32,
    flags: u32,
) -> Result<Handle, Stop> {
    const LR_LOADFROMFILE: u32 = 0x10;
    match kind {
        0..=2 if flags & LR_LOADFROMFILE != 0 => Ok(fail(process, ERROR_FILE_NOT_FOUND, Handle::NULL)),
        0 => LoadBitmap::<U>(process, module, name),
        1 => LoadIcon::<U>(process, module, name),
        2 => LoadCursor::<U>(process, module, name),
        _ => Ok(fail(process, ERROR_INVALID_PARAMETER, Handle::NULL)),
    }
}

/// DestroyIcon and DestroyCursor: what LoadIcon and LoadCursor answer is shared and stays.
pub fn DestroyIcon(_: &mut Process, icon: Handle) -> bool {
    icon != Handle::NULL
}

/// SetCursor: the cursor before.
pub fn SetCursor(process: &mut Process, cursor: Handle) -> Handle {
    std::mem::replace(&mut process.user32.cursor, cursor)
}

pub fn GetCursor(process: &mut Process) -> Handle {
    process.user32.cursor
}

/// ShowCursor: how often it has been shown more than hidden. Without a mouse that begins at -1.
pub fn ShowCursor(process: &mut Process, show: i32) -> i32 {
    let shown = &mut process.user32.cursor_shown;
    *shown = if show != 0 { shown.saturating_add(1) } else { shown.saturating_sub(1) };
    *shown
}

/// DrawIcon: nothing is drawn.
pub fn DrawIcon(_: &mut Process, _dc: Handle, _x: i32, _y: i32, icon: Handle) -> bool {
    icon != Handle::NULL
}
