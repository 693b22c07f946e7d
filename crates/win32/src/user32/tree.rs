//! Which windows there are, and how they belong to one another.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, LongPtr, Pointer};
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{
    ERROR_FILE_NOT_FOUND, ERROR_INVALID_PARAMETER, ERROR_INVALID_WINDOW_HANDLE, fail,
};
use crate::process::Process;
use crate::user32::class::{ClassName, atom};
use crate::user32::create::{DEEPEST, depth, top_level};
use crate::user32::messages::WS_POPUP;
use crate::user32::procedure::Procedure;
use crate::user32::window::{DESKTOP, find};

pub fn IsWindow(process: &mut Process, window: Handle) -> bool {
    process.user32.windows.contains(window) || fail(process, ERROR_INVALID_WINDOW_HANDLE, false)
}

/// IsWindowUnicode: whether its procedure takes text as UTF-16. Those of the system take either.
pub fn IsWindowUnicode(process: &mut Process, window: Handle) -> bool {
    find(process, window)
        .is_some_and(|window| !matches!(window.procedure, Procedure::Guest { wide: false, .. }))
}

pub fn IsChild(process: &mut Process, parent: Handle, window: Handle) -> bool {
    process.user32.windows.is_inside(window, parent)
}

/// GetDesktopWindow: a window like any other, which lies below all that are no children.
pub fn GetDesktopWindow(_: &mut Process) -> Handle {
    DESKTOP
}

/// GetParent: of a child its parent, of a pop-up window its owner; NULL for others.
pub fn GetParent(process: &mut Process, window: Handle) -> Handle {
    find(process, window).map_or(Handle::NULL, |window| match window.style {
        _ if window.is_child() => window.parent,
        style if style & WS_POPUP != 0 => window.owner,
        _ => Handle::NULL,
    })
}

/// SetParent: the parent that it had; NULL for one that is none or lies in the window.
pub fn SetParent(process: &mut Process, window: Handle, parent: Handle) -> Handle {
    let parent = if parent == Handle::NULL { DESKTOP } else { parent };
    if find(process, parent).is_none() || find(process, window).is_none() {
        return Handle::NULL;
    }
    let windows = &process.user32.windows;
    let lies_in = |own: &Handle| windows.get(*own).map(|own| own.parent);
    let below = std::iter::successors(Some(parent), lies_in).take(DEEPEST + 2).any(|own| own == window);
    let height = windows.descendants(window).into_iter().map(|own| depth(process, own)).max();
    let height = height.unwrap_or(0).saturating_sub(depth(process, window));
    if window == DESKTOP || below || depth(process, parent) + height + 1 > DEEPEST {
        return fail(process, ERROR_INVALID_PARAMETER, Handle::NULL);
    }
    find(process, window).map_or(Handle::NULL, |own| std::mem::replace(&mut own.parent, parent))
}

/// GetAncestor: by GA_PARENT 1, GA_ROOT 2, GA_ROOTOWNER 3.
pub fn GetAncestor(process: &mut Process, window: Handle, which: u32) -> Handle {
    let Some(parent) = find(process, window).map(|window| window.parent) else { return Handle::NULL };
    match which {
        1 => parent,
        2 => top_level(process, window),
        3 => {
            let owner = |own: &Handle| {
                let owner = process.user32.windows.get(*own)?.owner;
                (owner != Handle::NULL).then(|| top_level(process, owner))
            };
            let root = top_level(process, window);
            // One may have been put into a window that it owns.
            std::iter::successors(Some(root), owner).take(DEEPEST).last().unwrap_or(root)
        }
        _ => fail(process, ERROR_INVALID_PARAMETER, Handle::NULL),
    }
}

/// GetWindow: by GW_HWNDFIRST 0, GW_HWNDLAST 1, GW_HWNDNEXT 2, GW_HWNDPREV 3, GW_OWNER 4, GW_CHILD 5.
pub fn GetWindow(process: &mut Process, window: Handle, which: u32) -> Handle {
    let Some(own) = find(process, window) else { return Handle::NULL };
    let (parent, owner) = (own.parent, own.owner);
    let siblings = process.user32.windows.children(parent);
    let place = siblings.iter().position(|&other| other == window).unwrap_or(0);
    let found = match which {
        0 => siblings.first().copied(),
        1 => siblings.last().copied(),
        2 => siblings.get(place + 1).copied(),
        3 => place.checked_sub(1).and_then(|before| siblings.get(before).copied()),
        4 => Some(owner),
        5 => process.user32.windows.children(window).first().copied(),
        _ => fail(process, ERROR_INVALID_PARAMETER, None),
    };
    found.unwrap_or(Handle::NULL)
}

/// GetTopWindow: the child above all others.
pub fn GetTopWindow(process: &mut Process, window: Handle) -> Handle {
    let window = if window == Handle::NULL { DESKTOP } else { window };
    GetWindow(process, window, 5)
}

/// GetWindowThreadProcessId: the thread's; the process's goes to `out`.
pub fn GetWindowThreadProcessId(process: &mut Process, window: Handle, out: Pointer) -> Result<u32, Stop> {
    let Some(thread) = find(process, window).map(|window| window.thread) else { return Ok(0) };
    if !out.is_null() {
        let (process_id, _) = process.machine.ids();
        process.machine.memory.write(out.0, &process_id.to_le_bytes())?;
    }
    Ok(process.machine.thread_id(thread))
}

/// FindWindow: a top-level window by its class and its text, either of which may be left open. There are none but the process's own.
pub fn FindWindow<U: Unit>(process: &mut Process, class: Pointer, title: Pointer) -> Result<Handle, Stop> {
    FindWindowEx::<U>(process, Handle::NULL, Handle::NULL, class, title)
}

/// FindWindowEx: a child by its class and its text, behind another one if that is named.
pub fn FindWindowEx<U: Unit>(
    process: &mut Process,
    parent: Handle,
    after: Handle,
    class: Pointer,
    title: Pointer,
) -> Result<Handle, Stop> {
    let parent = if parent == Handle::NULL { DESKTOP } else { parent };
    if find(process, parent).is_none() {
        return Ok(Handle::NULL);
    }
    let name = if class.is_null() { None } else { Some(ClassName::read::<U>(process, class)?) };
    let title = if title.is_null() { None } else { Some(text::<U>(&process.machine, title)?) };
    let windows = &process.user32.windows;
    let is = |&handle: &Handle| {
        let Some(window) = windows.get(handle) else { return false };
        let class = process.user32.classes.get(window.class);
        let is_class = match &name {
            None => true,
            Some(ClassName::Atom(own)) => atom(window.class) == *own,
            Some(ClassName::Name(name)) => class.is_some_and(|class| class.name.eq_ignore_ascii_case(name)),
        };
        is_class && title.as_ref().is_none_or(|title| window.text == *title)
    };
    let children = windows.children(parent);
    let begin = children.iter().position(|&other| other == after).map_or(0, |place| place + 1);
    let found = children[begin..].iter().copied().find(is);
    Ok(found.unwrap_or_else(|| fail(process, ERROR_FILE_NOT_FOUND, Handle::NULL)))
}

/// Calls `callback(window, parameter)` for each window that is still there, until it answers 0.
fn enumerate(
    process: &mut Process,
    windows: Vec<Handle>,
    callback: Pointer,
    parameter: LongPtr,
) -> Result<bool, Stop> {
    for window in windows {
        if !process.user32.windows.contains(window) {
            continue;
        }
        let go_on = process.call(callback.0, &[window.0, parameter.0.cast_unsigned()])?;
        // BOOL: the upper half of the register means nothing.
        if go_on & u64::from(u32::MAX) == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// EnumChildWindows: of all that lie in a window, at whatever depth; of NULL, all top-level windows.
pub fn EnumChildWindows(
    process: &mut Process,
    parent: Handle,
    callback: Pointer,
    parameter: LongPtr,
) -> Result<bool, Stop> {
    if parent == Handle::NULL {
        return EnumWindows(process, callback, parameter);
    }
    if find(process, parent).is_none() {
        return Ok(false);
    }
    let windows = process.user32.windows.descendants(parent);
    enumerate(process, windows, callback, parameter)
}

pub fn EnumWindows(process: &mut Process, callback: Pointer, parameter: LongPtr) -> Result<bool, Stop> {
    let windows = process.user32.windows.children(DESKTOP);
    enumerate(process, windows, callback, parameter)
}

/// EnumThreadWindows: the top-level windows of a thread.
pub fn EnumThreadWindows(
    process: &mut Process,
    thread_id: u32,
    callback: Pointer,
    parameter: LongPtr,
) -> Result<bool, Stop> {
    let mut windows = process.user32.windows.children(DESKTOP);
    windows.retain(|&window| {
        let thread = process.user32.windows.get(window).map(|window| window.thread);
        thread.is_some_and(|thread| process.machine.thread_id(thread) == thread_id)
    });
    enumerate(process, windows, callback, parameter)
}
