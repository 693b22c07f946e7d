//! The beginning and the end of windows.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::BTreeMap;
use std::ops::Range;

use guest::{Stop, Violation};

use crate::abi::{Handle, LongPtr, Pointer};
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{
    ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER, ERROR_INVALID_WINDOW_HANDLE, ERROR_NOT_ENOUGH_MEMORY,
    ERROR_TLW_WITH_WSCHILD, fail,
};
use crate::kernel32::record::Record;
use crate::process::Process;
use crate::user32::class::{self, ClassName};
use crate::user32::control::Control;
use crate::user32::messages::{
    WM_CREATE, WM_DESTROY, WM_MOVE, WM_NCCREATE, WM_NCDESTROY, WM_SHOWWINDOW, WM_SIZE, WS_CAPTION, WS_CHILD,
    WS_CLIPSIBLINGS, WS_EX_NOPARENTNOTIFY, WS_POPUP, WS_VISIBLE,
};
use crate::user32::procedure::{Procedure, call_window, encode, units_of};
use crate::user32::rect::Rect;
use crate::user32::window::{DESKTOP, Window};
use crate::user32::{place, queue, timer};

/// How deep windows can lie in and belong to one another, as on Windows.
pub(crate) const DEEPEST: usize = 50;

/// CW_USEDEFAULT, and the size that it gives.
const CW_USEDEFAULT: i32 = i32::MIN;
const DEFAULT_SIZE: (i32, i32) = (640, 480);

/// HWND_MESSAGE: a window below it is for messages only.
const HWND_MESSAGE: Handle = Handle((-3_i64).cast_unsigned());

/// What a window is made of.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Its class's place among the classes.
    pub class: usize,
    pub text: String,
    /// Where the guest has the text and the class's name, for CREATESTRUCT.
    pub name: Pointer,
    pub class_name: Pointer,
    pub wide: bool,
    pub style: u32,
    pub extended_style: u32,
    pub rect: Rect,
    pub parent: Handle,
    /// A child's identifier, or a menu.
    pub id: u64,
    pub module: Pointer,
    pub parameter: Pointer,
}

/// How many windows one lies in or belongs to.
pub(crate) fn depth(process: &Process, window: Handle) -> usize {
    let above = |handle: &Handle| {
        let window = process.user32.windows.get(*handle)?;
        Some(if window.owner == Handle::NULL { window.parent } else { window.owner })
    };
    std::iter::successors(Some(window), above).take(DEEPEST + 2).count()
}

/// Makes a window without telling anybody; `None`, with the last error, when it cannot be.
fn add(process: &mut Process, plan: &Plan) -> Option<Handle> {
    let child = plan.style & WS_CHILD != 0;
    let parent = if plan.parent == HWND_MESSAGE { DESKTOP } else { plan.parent };
    let (parent, owner) = match (child, parent) {
        (true, Handle::NULL) => return fail(process, ERROR_TLW_WITH_WSCHILD, None),
        (true, parent) => (parent, Handle::NULL),
        (false, Handle::NULL | DESKTOP) => (DESKTOP, Handle::NULL),
        // A child cannot own: the top-level window that it lies in does.
        (false, owner) => (DESKTOP, top_level(process, owner)),
    };
    let above = if owner == Handle::NULL { parent } else { owner };
    if !process.user32.windows.contains(above) || (!child && !process.user32.windows.contains(parent)) {
        return fail(process, ERROR_INVALID_WINDOW_HANDLE, None);
    }
    if depth(process, above) > DEEPEST {
        return fail(process, ERROR_INVALID_PARAMETER, None);
    }
    // A top-level window that is no pop-up has a caption.
    let style = match plan.style {
        style if style & (WS_CHILD | WS_POPUP) == 0 => style | WS_CAPTION | WS_CLIPSIBLINGS,
        style if style & WS_CHILD == 0 => style | WS_CLIPSIBLINGS,
        style => style,
    };
    let class = process.user32.classes.get(plan.class)?;
    let window = Window {
        class: plan.class,
        thread: process.machine.current(),
        procedure: class.procedure,
        // It is shown last.
        style: style & !WS_VISIBLE,
        extended_style: plan.extended_style,
        id: plan.id,
        module: plan.module,
        user_data: LongPtr(0),
        parent,
        owner,
        rect: plan.rect,
        text: plan.text.clone(),
        extra: vec![0; class.window_extra],
        properties: BTreeMap::new(),
        font: Handle::NULL,
        icons: [class.icon, class.small_icon],
        invalid: false,
        ending: false,
        control: Control::new(class.kind, style),
        dialog: None,
    };
    let added = process.user32.windows.insert(window);
    added.or_else(|| fail(process, ERROR_NOT_ENOUGH_MEMORY, None))
}

/// The top-level window that a window lies in.
pub(crate) fn top_level(process: &Process, window: Handle) -> Handle {
    let mut at = window;
    while let Some(window) = process.user32.windows.get(at).filter(|window| window.is_child()) {
        at = window.parent;
    }
    at
}

/// Makes a window and tells its procedure; NULL when that refuses.
pub(crate) fn create(process: &mut Process, plan: &Plan) -> Result<Handle, Stop> {
    let Some(window) = add(process, plan) else { return Ok(Handle::NULL) };
    let told = tell_of_beginning(process, plan, window);
    if !matches!(told, Ok(true)) {
        end(process, window).and(told)?;
        return Ok(Handle::NULL);
    }
    let Some(created) = process.user32.windows.get(window) else { return Ok(Handle::NULL) };
    let (rect, child, parent, id) = (created.rect, created.is_child(), created.parent, created.id);
    call_window(process, window, WM_SIZE, 0, pair(rect.width(), rect.height()))?;
    call_window(process, window, WM_MOVE, 0, pair(rect.left, rect.top))?;
    if child && plan.extended_style & WS_EX_NOPARENTNOTIFY == 0 {
        notify_parent(process, parent, WM_CREATE, id, window)?;
    }
    if plan.style & WS_VISIBLE != 0 {
        call_window(process, window, WM_SHOWWINDOW, 1, 0)?;
        place::set_visible(process, window, true);
    }
    Ok(if process.user32.windows.contains(window) { window } else { Handle::NULL })
}

/// Two numbers as the halves of one.
pub(crate) fn pair(low: i32, high: i32) -> i64 {
    let [a, b, ..] = low.to_le_bytes();
    let [c, d, ..] = high.to_le_bytes();
    i64::from(u32::from_le_bytes([a, b, c, d]))
}

/// WM_PARENTNOTIFY.
fn notify_parent(
    process: &mut Process,
    parent: Handle,
    what: u32,
    id: u64,
    window: Handle,
) -> Result<(), Stop> {
    const WM_PARENTNOTIFY: u32 = 0x0210;
    let wparam = u64::from(what) | (id & 0xffff) << 16;
    crate::user32::sending::send(process, true, parent, WM_PARENTNOTIFY, wparam, window.0.cast_signed())
        .map(|_| ())
}

/// Sends WM_NCCREATE and WM_CREATE; whether the procedure wants the window.
fn tell_of_beginning(process: &mut Process, plan: &Plan, window: Handle) -> Result<bool, Stop> {
    let Some(created) = process.user32.windows.get(window) else { return Ok(false) };
    if matches!(created.procedure, Procedure::Builtin(_)) {
        return Ok(true);
    }
    let wide = matches!(created.procedure, Procedure::Guest { wide: true, .. });
    let block = create_structure(process, plan, window, wide)?;
    if block.is_null() {
        return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, false));
    }
    let at = block.0.cast_signed();
    let told = call_window(process, window, WM_NCCREATE, 0, at).and_then(|wanted| {
        if wanted == 0 {
            return Ok(false);
        }
        call_window(process, window, WM_CREATE, 0, at).map(|refused| refused != -1)
    });
    process.heap.release(&process.machine.memory, block.0);
    Ok(told? && process.user32.windows.contains(window))
}

/// CREATESTRUCT in a block of the heap, the texts behind it if they are not in the form that the procedure takes.
fn create_structure(
    process: &mut Process,
    plan: &Plan,
    window: Handle,
    wide: bool,
) -> Result<Pointer, Violation> {
    /// More than the structure has.
    const STRUCTURE: u64 = 96;
    let class = process.user32.classes.get(plan.class);
    let texts = [plan.text.clone(), class.map(|class| class.name.clone()).unwrap_or_default()];
    let sizes = texts.each_ref().map(|text| 2 * (units_of(text, wide) as u64 + 1));
    let block = process.allocate(STRUCTURE + sizes.iter().sum::<u64>(), true);
    if block.is_null() {
        return Ok(block);
    }
    let mut names = [plan.name, plan.class_name];
    let mut at = block.at(STRUCTURE);
    for ((name, text), size) in names.iter_mut().zip(&texts).zip(sizes) {
        let is_text = u16::try_from(name.0).is_err();
        // A dialog's controls have theirs from its template.
        if (is_text && wide != plan.wide) || (name.is_null() && !text.is_empty()) {
            process.machine.memory.write(at.0, &encode(text, wide))?;
            *name = at;
        }
        at = at.at(size);
    }
    let style = process.user32.windows.get(window).map_or(plan.style, |window| window.style);
    let Rect { left, top, .. } = plan.rect;
    let record = Record::new(process.machine.mode())
        .pointer(plan.parameter.0)
        .pointer(plan.module.0)
        .pointer(plan.id)
        .pointer(plan.parent.0)
        .u32(plan.rect.height().cast_unsigned())
        .u32(plan.rect.width().cast_unsigned())
        .u32(top.cast_unsigned())
        .u32(left.cast_unsigned())
        .u32(style | plan.style & WS_VISIBLE)
        .pointer(names[0].0)
        .pointer(names[1].0)
        .u32(plan.extended_style);
    process.machine.memory.write(block.0, &record.finish())?;
    Ok(block)
}

#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn CreateWindowEx<U: Unit>(
    process: &mut Process,
    extended_style: u32,
    class_name: Pointer,
    name: Pointer,
    style: u32,
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    parent: Handle,
    menu: Handle,
    module: Pointer,
    parameter: Pointer,
) -> Result<Handle, Stop> {
    let class = ClassName::read::<U>(process, class_name)?;
    let Some(class) = class::for_window(process, &class, module) else { return Ok(Handle::NULL) };
    // A control with a picture has its number here, behind 0xFFFF.
    let text = if u16::try_from(name.0).is_ok() { String::new() } else { text::<U>(&process.machine, name)? };
    let overlapped = style & (WS_CHILD | WS_POPUP) == 0;
    let (x, y) = match (x, y) {
        (CW_USEDEFAULT, _) => (0, 0),
        (x, CW_USEDEFAULT) => (x, 0),
        both => both,
    };
    let (width, height) = match (width, height) {
        (CW_USEDEFAULT, _) if overlapped => DEFAULT_SIZE,
        (CW_USEDEFAULT, _) => (0, 0),
        (width, height) => (width.max(0), height.max(0)),
    };
    let plan = Plan {
        class,
        text,
        name,
        class_name,
        wide: U::SIZE > 1,
        style,
        extended_style,
        rect: Rect::new(x, y, width, height),
        parent,
        id: menu.0,
        module,
        parameter,
    };
    create(process, &plan)
}

/// DestroyWindow: of a window of the running thread's.
pub fn DestroyWindow(process: &mut Process, window: Handle) -> Result<bool, Stop> {
    destroy(process, window)
}

/// Ends a window, unless it is another thread's.
pub(crate) fn destroy(process: &mut Process, window: Handle) -> Result<bool, Stop> {
    match process.user32.windows.get(window).map(|window| window.thread) {
        None => Ok(fail(process, ERROR_INVALID_WINDOW_HANDLE, false)),
        Some(thread) if thread != process.machine.current() || window == DESKTOP => {
            Ok(fail(process, ERROR_ACCESS_DENIED, false))
        }
        Some(_) => end(process, window).map(|()| true),
    }
}

/// Tells a window of its end, then its children of theirs, and removes all of them, those that it owns first. What cannot be told is removed
/// as well.
fn end(process: &mut Process, window: Handle) -> Result<(), Stop> {
    let Some(ending) = process.user32.windows.get_mut(window).filter(|window| !window.ending) else {
        return Ok(());
    };
    ending.ending = true;
    ending.style &= !WS_VISIBLE;
    let (parent, id) = (ending.parent, ending.id);
    let notifies = ending.is_child() && ending.extended_style & WS_EX_NOPARENTNOTIFY == 0;
    let mut told = if notifies { notify_parent(process, parent, WM_DESTROY, id, window) } else { Ok(()) };
    let owned = process.user32.windows.iter().filter(|(_, other)| other.owner == window);
    let owned: Vec<Handle> = owned.map(|(handle, _)| handle).collect();
    for other in owned {
        told = told.and(end(process, other));
    }
    told = told.and(call_window(process, window, WM_DESTROY, 0, 0).map(|_| ()));
    for child in process.user32.windows.children(window) {
        told = told.and(end(process, child));
    }
    told = told.and(call_window(process, window, WM_NCDESTROY, 0, 0).map(|_| ()));
    remove(process, window);
    told
}

/// Removes a window, and what waits for it.
fn remove(process: &mut Process, window: Handle) {
    process.user32.windows.remove(window);
    queue::forget_window(process, window);
    timer::forget_window(process, window);
    for focus in &mut process.user32.focus {
        if *focus == window {
            *focus = Handle::NULL;
        }
    }
    // Who waits for a dialog's end finds it gone.
    process.changed_otherwise();
}

/// Removes windows, with all that lies in them or belongs to them, without telling anybody.
fn remove_silently(process: &mut Process, gone: impl Fn(&Window) -> bool) {
    let doomed = process.user32.windows.iter().filter(|&(handle, window)| handle != DESKTOP && gone(window));
    let mut doomed: Vec<Handle> = doomed.map(|(handle, _)| handle).collect();
    while let Some(window) = doomed.pop() {
        let below = process.user32.windows.iter();
        let below = below.filter(|(_, other)| other.parent == window || other.owner == window);
        doomed.extend(below.map(|(handle, _)| handle));
        remove(process, window);
    }
}

/// Removes what a thread that has ended leaves behind: its windows, timers and messages. Nobody is told, as on Windows.
pub(crate) fn forget_thread(process: &mut Process, thread: usize) {
    remove_silently(process, |window| window.thread == thread);
    timer::forget_thread(process, thread);
    queue::forget_thread(process, thread);
    process.user32.focus[thread] = Handle::NULL;
}

/// Removes what would lead into an image that is gone: windows of its classes and its dialogs, timers, and the classes themselves. A window of
/// another image's that it has subclassed gets its class's procedure back.
pub(crate) fn forget_image(process: &mut Process, module: Pointer, code: &Range<u64>) {
    let classes = &process.user32.classes;
    let own: Vec<usize> = process
        .user32
        .windows
        .iter()
        .map(|(_, window)| window.class)
        .filter(|&place| classes.goes_with(place, module, code))
        .collect();
    remove_silently(process, |window| {
        let procedure = window.dialog.as_ref().map_or(Pointer::NULL, |dialog| dialog.procedure);
        own.contains(&window.class) || window.module == module || code.contains(&procedure.0)
    });
    let user32 = &mut process.user32;
    user32.classes.forget_image(module, code);
    for window in user32.windows.iter_mut().filter(|window| window.procedure.leads_into(code)) {
        if let Some(class) = user32.classes.get(window.class) {
            window.procedure = class.procedure;
        }
    }
    timer::forget(process, |timer| code.contains(&timer.procedure.0));
}
