//! What programs ask of the screen. There is none, so these are the numbers of a desktop that nobody sees.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::gdi32;
use crate::kernel32::codepage::{Unit, units};
use crate::kernel32::error::{ERROR_INVALID_PARAMETER, fail};
use crate::kernel32::record::Record;
use crate::process::Process;
use crate::text::length;
use crate::user32::rect::Rect;
use crate::user32::window::{DESKTOP, find};

/// GetDC and GetWindowDC: a device context of the window, or for NULL of the desktop.
pub fn GetDC(process: &mut Process, window: Handle) -> Handle {
    let window = if window == Handle::NULL { DESKTOP } else { window };
    if find(process, window).is_none() {
        return Handle::NULL;
    }
    gdi32::new_dc(process)
}

pub fn GetDCEx(process: &mut Process, window: Handle, _region: Handle, _flags: u32) -> Handle {
    GetDC(process, window)
}

/// ReleaseDC: 1 if it was one.
pub fn ReleaseDC(process: &mut Process, _window: Handle, dc: Handle) -> i32 {
    gdi32::DeleteDC(process, dc).into()
}

/// BeginPaint: fills in PAINTSTRUCT, and the window counts as painted.
pub fn BeginPaint(process: &mut Process, window: Handle, out: Pointer) -> Result<Handle, Stop> {
    let Some(own) = find(process, window) else { return Ok(Handle::NULL) };
    own.invalid = false;
    let rect = own.rect.at_origin();
    let dc = gdi32::new_dc(process);
    let record = [rect.left, rect.top, rect.right, rect.bottom]
        .into_iter()
        // The background is to be erased.
        .fold(Record::new(process.machine.mode()).pointer(dc.0).u32(1), |record, side| {
            record.u32(side.cast_unsigned())
        })
        .u32(0)
        .u32(0)
        .bytes(&[0; 32]);
    process.machine.memory.write(out.0, &record.finish())?;
    Ok(dc)
}

/// EndPaint: always true.
pub fn EndPaint(process: &mut Process, _window: Handle, paint: Pointer) -> Result<bool, Stop> {
    let dc = Handle::read(&process.machine, paint)?;
    gdi32::DeleteDC(process, dc);
    Ok(true)
}

/// GetSystemMetrics: the usual numbers at 96 dots per inch; 0 for what there is none of, a mouse among it.
pub fn GetSystemMetrics(_: &mut Process, index: i32) -> i32 {
    match index {
        // SM_CXSCREEN, SM_CXFULLSCREEN, SM_CXMAXIMIZED and SM_CXVIRTUALSCREEN, and their heights.
        0 | 16 | 61 | 78 => 1024,
        1 | 17 | 62 | 79 => 768,
        // Scroll bars.
        2 | 3 | 9 | 10 | 20 | 21 => 17,
        // SM_CYCAPTION.
        4 => 23,
        // Borders.
        5 | 6 => 1,
        // SM_CXDLGFRAME and SM_CYDLGFRAME.
        7 | 8 => 3,
        // Icons and cursors.
        11..=14 => 32,
        // SM_CYMENU.
        15 => 20,
        // SM_CXMIN and SM_CYMIN.
        28 => 136,
        29 => 39,
        // SM_CXSIZE and SM_CYSIZE.
        30 | 31 => 22,
        // SM_CXFRAME and SM_CYFRAME.
        32 | 33 => 4,
        // SM_CXDOUBLECLK, SM_CYDOUBLECLK.
        36 | 37 => 4,
        // SM_CXEDGE and SM_CYEDGE.
        45 | 46 => 2,
        // SM_CXSMICON and SM_CYSMICON.
        49 | 50 => 16,
        // SM_CMONITORS, SM_SAMEDISPLAYFORMAT.
        80 | 81 => 1,
        _ => 0,
    }
}

/// The system's colours, as they usually are ("GetSysColor", MS Learn), by COLOR_ and its number.
const COLORS: [u32; 31] = [
    0x00c8_c8c8,
    0x0000_0000,
    0x00d1_b499,
    0x00db_cdbf,
    0x00f0_f0f0,
    0x00ff_ffff,
    0x0064_6464,
    0x0000_0000,
    0x0000_0000,
    0x0000_0000,
    0x00b4_b4b4,
    0x00fc_f7f4,
    0x00ab_abab,
    0x00ff_9933,
    0x00ff_ffff,
    0x00f0_f0f0,
    0x00a0_a0a0,
    0x006d_6d6d,
    0x0000_0000,
    0x0054_4e43,
    0x00ff_ffff,
    0x0069_6969,
    0x00e3_e3e3,
    0x0000_0000,
    0x00e1_ffff,
    0x0000_0000,
    0x00cc_6600,
    0x00ea_d1b9,
    0x00f2_e4d7,
    0x00ff_9933,
    0x00f0_f0f0,
];

/// GetSysColor: 0 for a number that is none.
pub fn GetSysColor(_: &mut Process, index: i32) -> u32 {
    usize::try_from(index).ok().and_then(|index| COLORS.get(index).copied()).unwrap_or(0)
}

/// GetSysColorBrush: white for all; nothing is painted.
pub fn GetSysColorBrush(process: &mut Process, index: i32) -> Handle {
    match usize::try_from(index) {
        Ok(index) if index < COLORS.len() => gdi32::WHITE_BRUSH,
        _ => fail(process, ERROR_INVALID_PARAMETER, Handle::NULL),
    }
}

/// SystemParametersInfo: SPI_GETWORKAREA only; what else can be asked for depends on a desktop.
pub fn SystemParametersInfo(
    process: &mut Process,
    action: u32,
    _number: u32,
    out: Pointer,
    _update: u32,
) -> Result<bool, Stop> {
    const SPI_GETWORKAREA: u32 = 0x30;
    if action != SPI_GETWORKAREA {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    let desktop = process.user32.windows.get(DESKTOP).map(|desktop| desktop.rect);
    desktop.unwrap_or_default().write(&process.machine.memory, out)?;
    Ok(true)
}

/// FillRect, FrameRect and InvertRect draw nothing.
pub fn FillRect(process: &mut Process, dc: Handle, rect: Pointer, _brush: Handle) -> Result<i32, Stop> {
    Rect::read(&process.machine.memory, rect)?;
    Ok(gdi32::is_dc(process, dc).into())
}

pub fn InvertRect(process: &mut Process, dc: Handle, rect: Pointer) -> Result<bool, Stop> {
    Rect::read(&process.machine.memory, rect)?;
    Ok(gdi32::is_dc(process, dc))
}

/// DrawText: draws nothing; the height of the text, which is one line. DT_CALCRECT makes the rectangle as large as that.
pub fn DrawText<U: Unit>(
    process: &mut Process,
    dc: Handle,
    at: Pointer,
    count: i32,
    rect: Pointer,
    flags: u32,
) -> Result<i32, Stop> {
    const DT_CALCRECT: u32 = 0x400;
    let count = match u64::try_from(count) {
        Ok(count) => units::<U>(&process.machine.memory, at, count.min(1 << 16))?.len(),
        Err(_) => usize::try_from(length::<U>(&process.machine, at, 1 << 16)?).unwrap_or(0),
    };
    let Some((width, height)) = gdi32::text_size(process, dc, count) else { return Ok(0) };
    if flags & DT_CALCRECT != 0 {
        let Rect { left, top, .. } = Rect::read(&process.machine.memory, rect)?;
        Rect::new(left, top, width, height).write(&process.machine.memory, rect)?;
    }
    Ok(height)
}
