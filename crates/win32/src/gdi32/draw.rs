//! Drawing: arguments are checked, and nothing comes of it.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::gdi32::context::{context, is_dc};
use crate::kernel32::error::{ERROR_INVALID_PARAMETER, fail};
use crate::process::Process;
use crate::user32::put_point;

/// TextOut.
pub fn TextOut(process: &mut Process, dc: Handle, _x: i32, _y: i32, _text: Pointer, count: i32) -> bool {
    is_dc(process, dc) && (count >= 0 || fail(process, ERROR_INVALID_PARAMETER, false))
}

/// ExtTextOut.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn ExtTextOut(
    process: &mut Process,
    dc: Handle,
    _x: i32,
    _y: i32,
    _options: u32,
    _rect: Pointer,
    _text: Pointer,
    _count: u32,
    _distances: Pointer,
) -> bool {
    is_dc(process, dc)
}

/// MoveToEx: the current position, which is kept.
pub fn MoveToEx(process: &mut Process, dc: Handle, x: i32, y: i32, before: Pointer) -> Result<bool, Stop> {
    let Some(context) = context(process, dc) else { return Ok(false) };
    let was = std::mem::replace(&mut context.position, (x, y));
    if !before.is_null() {
        put_point(&process.machine.memory, before, was)?;
    }
    Ok(true)
}

pub fn LineTo(process: &mut Process, dc: Handle, x: i32, y: i32) -> bool {
    context(process, dc).map(|context| context.position = (x, y)).is_some()
}

/// Rectangle and Ellipse.
pub fn Rectangle(
    process: &mut Process,
    dc: Handle,
    _left: i32,
    _top: i32,
    _right: i32,
    _bottom: i32,
) -> bool {
    is_dc(process, dc)
}

pub fn PatBlt(
    process: &mut Process,
    dc: Handle,
    _x: i32,
    _y: i32,
    _width: i32,
    _height: i32,
    _operation: u32,
) -> bool {
    is_dc(process, dc)
}

#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn BitBlt(
    process: &mut Process,
    dc: Handle,
    _x: i32,
    _y: i32,
    _width: i32,
    _height: i32,
    _source: Handle,
    _source_x: i32,
    _source_y: i32,
    _operation: u32,
) -> bool {
    is_dc(process, dc)
}

#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn StretchBlt(
    process: &mut Process,
    dc: Handle,
    _x: i32,
    _y: i32,
    _width: i32,
    _height: i32,
    _source: Handle,
    _source_x: i32,
    _source_y: i32,
    _source_width: i32,
    _source_height: i32,
    _operation: u32,
) -> bool {
    is_dc(process, dc)
}

/// RoundRect.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn RoundRect(
    process: &mut Process,
    dc: Handle,
    _left: i32,
    _top: i32,
    _right: i32,
    _bottom: i32,
    _width: i32,
    _height: i32,
) -> bool {
    is_dc(process, dc)
}

/// Polygon and Polyline: of at least two points.
pub fn Polygon(process: &mut Process, dc: Handle, _points: Pointer, count: i32) -> bool {
    is_dc(process, dc) && (count >= 2 || fail(process, ERROR_INVALID_PARAMETER, false))
}

/// GetPixel and SetPixel: CLR_INVALID, as for a point where nothing is drawn.
pub fn GetPixel(process: &mut Process, dc: Handle, _x: i32, _y: i32) -> u32 {
    is_dc(process, dc);
    u32::MAX
}

/// As [`GetPixel`].
pub fn SetPixel(process: &mut Process, dc: Handle, _x: i32, _y: i32, _color: u32) -> u32 {
    is_dc(process, dc);
    u32::MAX
}

/// SetDIBitsToDevice: how many lines it would have set; 0 without a device context, a header or pixels.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn SetDIBitsToDevice(
    process: &mut Process,
    dc: Handle,
    _x: i32,
    _y: i32,
    _width: u32,
    _height: u32,
    _source_x: i32,
    _source_y: i32,
    _first_line: u32,
    lines: u32,
    bits: Pointer,
    info: Pointer,
    _usage: u32,
) -> i32 {
    drawn(process, dc, bits, info, i32::try_from(lines).unwrap_or(0))
}

/// How many lines of a picture have been drawn: all, if there are a context, a picture and a description of it.
fn drawn(process: &mut Process, dc: Handle, bits: Pointer, info: Pointer, lines: i32) -> i32 {
    if !is_dc(process, dc) {
        return 0;
    }
    if bits.is_null() || info.is_null() {
        return fail(process, ERROR_INVALID_PARAMETER, 0);
    }
    lines
}

/// StretchDIBits: how many lines the picture has.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn StretchDIBits(
    process: &mut Process,
    dc: Handle,
    _x: i32,
    _y: i32,
    _width: i32,
    _height: i32,
    _source_x: i32,
    _source_y: i32,
    _source_width: i32,
    source_height: i32,
    bits: Pointer,
    info: Pointer,
    _usage: u32,
    _operation: u32,
) -> i32 {
    drawn(process, dc, bits, info, source_height.saturating_abs())
}

pub fn GdiFlush(_: &mut Process) -> bool {
    true
}
