//! Where windows lie, and whether they are shown.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::process::Process;
use crate::user32::create::pair;
use crate::user32::messages::{
    WM_ENABLE, WM_MOVE, WM_PAINT, WM_SHOWWINDOW, WM_SIZE, WS_DISABLED, WS_VISIBLE,
};
use crate::user32::procedure::call_window;
use crate::user32::queue::QS_PAINT;
use crate::user32::rect::{Rect, point, put_point};
use crate::user32::sending::send;
use crate::user32::window::{DESKTOP, find};

/// Shows a window or hides it, without telling it. What is shown wants to be painted.
pub(crate) fn set_visible(process: &mut Process, window: Handle, visible: bool) {
    let Some(own) = process.user32.windows.get_mut(window) else { return };
    if visible {
        (own.style, own.invalid) = (own.style | WS_VISIBLE, true);
        let thread = own.thread;
        invalidate(process, thread);
    } else {
        own.style &= !WS_VISIBLE;
    }
}

/// Tells a thread that one of its windows wants to be painted.
fn invalidate(process: &mut Process, thread: usize) {
    process.user32.queues.of(thread).fresh |= QS_PAINT;
    process.changed_otherwise();
}

/// ShowWindow: whether the window was visible. Only SW_HIDE hides.
pub fn ShowWindow(process: &mut Process, window: Handle, how: i32) -> Result<bool, Stop> {
    const SW_HIDE: i32 = 0;
    let Some(style) = find(process, window).map(|window| window.style) else { return Ok(false) };
    let (before, now) = (style & WS_VISIBLE != 0, how != SW_HIDE);
    if before != now {
        send(process, true, window, WM_SHOWWINDOW, now.into(), 0)?;
        set_visible(process, window, now);
    }
    Ok(before)
}

pub fn IsWindowVisible(process: &mut Process, window: Handle) -> bool {
    find(process, window).is_some() && process.user32.windows.is_visible(window)
}

/// EnableWindow: whether the window was disabled.
pub fn EnableWindow(process: &mut Process, window: Handle, enable: i32) -> Result<bool, Stop> {
    let enable = enable != 0;
    let Some(own) = find(process, window) else { return Ok(false) };
    let was_disabled = !own.is_enabled();
    if enable == was_disabled {
        own.style = if enable { own.style & !WS_DISABLED } else { own.style | WS_DISABLED };
        send(process, true, window, WM_ENABLE, enable.into(), 0)?;
    }
    Ok(was_disabled)
}

pub fn IsWindowEnabled(process: &mut Process, window: Handle) -> bool {
    find(process, window).is_some_and(|window| window.is_enabled())
}

/// Gives a window a place and size, and tells it which of them has changed.
fn set_rect(process: &mut Process, window: Handle, rect: Rect) -> Result<(), Stop> {
    let Some(own) = process.user32.windows.get_mut(window) else { return Ok(()) };
    let before = std::mem::replace(&mut own.rect, rect);
    if (before.width(), before.height()) != (rect.width(), rect.height()) {
        call_window(process, window, WM_SIZE, 0, pair(rect.width(), rect.height()))?;
    }
    if (before.left, before.top) != (rect.left, rect.top) {
        call_window(process, window, WM_MOVE, 0, pair(rect.left, rect.top))?;
    }
    Ok(())
}

/// Flags of SetWindowPos.
const SWP_NOSIZE: u32 = 0x0001;
const SWP_NOMOVE: u32 = 0x0002;
const SWP_NOZORDER: u32 = 0x0004;
const SWP_SHOWWINDOW: u32 = 0x0040;
const SWP_HIDEWINDOW: u32 = 0x0080;

/// Where a window is to lie among its siblings: HWND_BOTTOM is 1, HWND_TOP 0, HWND_TOPMOST -1, HWND_NOTOPMOST -2.
const HWND_BOTTOM: Handle = Handle(1);
const HWND_NOTOPMOST: Handle = Handle((-2_i64).cast_unsigned());

#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn SetWindowPos(
    process: &mut Process,
    window: Handle,
    after: Handle,
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    flags: u32,
) -> Result<bool, Stop> {
    let Some(before) = find(process, window).map(|window| window.rect) else { return Ok(false) };
    let (left, top) = if flags & SWP_NOMOVE == 0 { (x, y) } else { (before.left, before.top) };
    let (width, height) = match flags & SWP_NOSIZE {
        0 => (width.max(0), height.max(0)),
        _ => (before.width(), before.height()),
    };
    if flags & SWP_NOZORDER == 0 {
        match after {
            Handle::NULL | Handle::INVALID => process.user32.windows.reorder(window, true),
            HWND_BOTTOM => process.user32.windows.reorder(window, false),
            HWND_NOTOPMOST => {}
            other => process.user32.windows.put_below(window, other),
        }
    }
    set_rect(process, window, Rect::new(left, top, width, height))?;
    if flags & SWP_SHOWWINDOW != 0 {
        set_visible(process, window, true);
    }
    if flags & SWP_HIDEWINDOW != 0 {
        set_visible(process, window, false);
    }
    Ok(true)
}

pub fn MoveWindow(
    process: &mut Process,
    window: Handle,
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    _repaint: i32,
) -> Result<bool, Stop> {
    SetWindowPos(process, window, Handle::NULL, x, y, width, height, SWP_NOZORDER)
}

/// BringWindowToTop: above all its siblings.
pub fn BringWindowToTop(process: &mut Process, window: Handle) -> bool {
    let known = find(process, window).is_some();
    process.user32.windows.reorder(window, true);
    known
}

/// GetWindowRect: on the desktop.
pub fn GetWindowRect(process: &mut Process, window: Handle, out: Pointer) -> Result<bool, Stop> {
    let Some(rect) = find(process, window).map(|window| window.rect) else { return Ok(false) };
    let (x, y) = process.user32.windows.corner(window);
    rect.at_origin().moved(x, y).write(&process.machine.memory, out)?;
    Ok(true)
}

/// GetClientRect: windows here have no frame, because nothing draws one.
pub fn GetClientRect(process: &mut Process, window: Handle, out: Pointer) -> Result<bool, Stop> {
    let Some(rect) = find(process, window).map(|window| window.rect) else { return Ok(false) };
    rect.at_origin().write(&process.machine.memory, out)?;
    Ok(true)
}

/// AdjustWindowRect and AdjustWindowRectEx: the same rectangle, as windows have no frame.
pub fn AdjustWindowRect(_: &mut Process, _rect: Pointer, _style: u32, _menu: i32) -> bool {
    true
}

pub fn AdjustWindowRectEx(
    _: &mut Process,
    _rect: Pointer,
    _style: u32,
    _menu: i32,
    _extended_style: u32,
) -> bool {
    true
}

pub fn ClientToScreen(process: &mut Process, window: Handle, at: Pointer) -> Result<bool, Stop> {
    convert(process, window, at, 1)
}

pub fn ScreenToClient(process: &mut Process, window: Handle, at: Pointer) -> Result<bool, Stop> {
    convert(process, window, at, -1)
}

/// Moves a point by a window's place on the desktop, there or back.
fn convert(process: &mut Process, window: Handle, at: Pointer, sign: i32) -> Result<bool, Stop> {
    if find(process, window).is_none() {
        return Ok(false);
    }
    let (left, top) = process.user32.windows.corner(window);
    let (x, y) = point(&process.machine.memory, at)?;
    let moved = (x.wrapping_add(left.wrapping_mul(sign)), y.wrapping_add(top.wrapping_mul(sign)));
    put_point(&process.machine.memory, at, moved)?;
    Ok(true)
}

/// MapWindowPoints: points of one window as another one's; NULL stands for the desktop. Answers by how much they moved.
pub fn MapWindowPoints(
    process: &mut Process,
    from: Handle,
    to: Handle,
    points: Pointer,
    count: u32,
) -> Result<i32, Stop> {
    let screen = |window: Handle| if window == Handle::NULL { DESKTOP } else { window };
    let (from, to) = (screen(from), screen(to));
    if find(process, from).is_none() || find(process, to).is_none() {
        return Ok(0);
    }
    let ((left, top), (other_left, other_top)) =
        (process.user32.windows.corner(from), process.user32.windows.corner(to));
    let (x, y) = (left.wrapping_sub(other_left), top.wrapping_sub(other_top));
    for index in 0..u64::from(count) {
        crate::process::still_wanted(&process.machine)?;
        let at = points.at(8 * index);
        let (old_x, old_y) = point(&process.machine.memory, at)?;
        put_point(&process.machine.memory, at, (old_x.wrapping_add(x), old_y.wrapping_add(y)))?;
    }
    let [a, b, ..] = x.to_le_bytes();
    let [c, d, ..] = y.to_le_bytes();
    Ok(i32::from_le_bytes([a, b, c, d]))
}

/// InvalidateRect and InvalidateRgn: the window wants to be painted; NULL stands for all windows of the thread.
pub fn InvalidateRect(process: &mut Process, window: Handle, _part: Pointer, _erase: i32) -> bool {
    if window == Handle::NULL {
        let thread = process.machine.current();
        for own in process.user32.windows.iter_mut().filter(|own| own.thread == thread) {
            own.invalid = true;
        }
        invalidate(process, thread);
        return true;
    }
    let Some(own) = find(process, window) else { return false };
    own.invalid = true;
    let thread = own.thread;
    invalidate(process, thread);
    true
}

/// ValidateRect: the whole window counts as painted.
pub fn ValidateRect(process: &mut Process, window: Handle, _part: Pointer) -> bool {
    find(process, window).map(|window| window.invalid = false).is_some()
}

/// UpdateWindow: paints at once what wants to be painted.
pub fn UpdateWindow(process: &mut Process, window: Handle) -> Result<bool, Stop> {
    let Some(invalid) = find(process, window).map(|window| window.invalid) else { return Ok(false) };
    if invalid && process.user32.windows.is_visible(window) {
        send(process, true, window, WM_PAINT, 0, 0)?;
        if let Some(window) = process.user32.windows.get_mut(window) {
            window.invalid = false;
        }
    }
    Ok(true)
}

/// RedrawWindow: marks the window, and paints it at once if that is asked for.
pub fn RedrawWindow(
    process: &mut Process,
    window: Handle,
    part: Pointer,
    _region: Handle,
    flags: u32,
) -> Result<bool, Stop> {
    const RDW_INVALIDATE: u32 = 1;
    const RDW_UPDATENOW: u32 = 0x100;
    let window = if window == Handle::NULL { DESKTOP } else { window };
    let known = flags & RDW_INVALIDATE == 0 || InvalidateRect(process, window, part, 0);
    if known && flags & RDW_UPDATENOW != 0 {
        return UpdateWindow(process, window);
    }
    Ok(known)
}
