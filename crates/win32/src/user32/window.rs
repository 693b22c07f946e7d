//! The table of windows.

use std::collections::BTreeMap;

use crate::abi::{Handle, LongPtr, Pointer};
use crate::kernel32::error::{ERROR_INVALID_WINDOW_HANDLE, fail};
use crate::process::Process;
use crate::user32::control::Control;
use crate::user32::dialog::Dialog;
use crate::user32::messages::{WS_CHILD, WS_DISABLED, WS_VISIBLE};
use crate::user32::procedure::{Builtin, Procedure};
use crate::user32::rect::Rect;

/// The desktop: what top-level windows lie on. Nothing shows it; it has the size that Windows gives one without a display.
pub(crate) const DESKTOP: Handle = Handle(0x1_0010);
const DESKTOP_SIZE: Rect = Rect { left: 0, top: 0, right: 1024, bottom: 768 };

/// How many windows there may be at once: a worker has little memory of its own, and no driver's dialogs come near.
const MOST: usize = 2048;

/// How many bytes of text all windows may keep together, list boxes' items among it.
const MOST_TEXT: usize = 2 << 20;

/// A window.
#[derive(Debug)]
pub(crate) struct Window {
    /// Its class's place among the classes.
    pub class: usize,
    /// The thread that made it, whose queue gets its messages.
    pub thread: usize,
    pub procedure: Procedure,
    pub style: u32,
    pub extended_style: u32,
    /// A child's identifier, or the handle of a menu.
    pub id: u64,
    pub module: Pointer,
    pub user_data: LongPtr,
    /// The desktop's for a top-level window.
    pub parent: Handle,
    /// The window that owns a top-level one; NULL for none.
    pub owner: Handle,
    /// Where it lies in its parent.
    pub rect: Rect,
    pub text: String,
    /// The bytes that its class gave it.
    pub extra: Vec<u8>,
    pub properties: BTreeMap<String, Handle>,
    pub font: Handle,
    /// The large and the small icon.
    pub icons: [Handle; 2],
    /// Whether it waits for WM_PAINT.
    pub invalid: bool,
    /// Whether its end has begun.
    pub ending: bool,
    pub control: Control,
    pub dialog: Option<Box<Dialog>>,
}

impl Window {
    fn desktop() -> Self {
        Self {
            class: 0,
            thread: 0,
            procedure: Procedure::Builtin(Builtin::Default),
            style: WS_VISIBLE,
            extended_style: 0,
            id: 0,
            module: Pointer::NULL,
            user_data: LongPtr(0),
            parent: Handle::NULL,
            owner: Handle::NULL,
            rect: DESKTOP_SIZE,
            text: String::new(),
            extra: Vec::new(),
            properties: BTreeMap::new(),
            font: Handle::NULL,
            icons: [Handle::NULL; 2],
            invalid: false,
            ending: false,
            control: Control::None,
            dialog: None,
        }
    }

    pub fn is_child(&self) -> bool {
        self.style & WS_CHILD != 0
    }

    pub fn is_enabled(&self) -> bool {
        self.style & WS_DISABLED == 0
    }

    /// How many bytes of text it keeps.
    fn text_size(&self) -> usize {
        self.text.len() + self.control.text_size()
    }
}

/// All windows.
#[derive(Debug)]
pub(crate) struct Windows {
    windows: BTreeMap<u64, Window>,
    /// Their handles; of two with one parent, the one above comes first.
    order: Vec<Handle>,
    next: u64,
}

impl Windows {
    pub fn new() -> Self {
        Self { windows: BTreeMap::from([(DESKTOP.0, Window::desktop())]), order: Vec::new(), next: DESKTOP.0 }
    }

    /// Whether there is none but the desktop.
    pub fn is_bare(&self) -> bool {
        self.windows.len() == 1
    }

    pub fn get(&self, handle: Handle) -> Option<&Window> {
        self.windows.get(&handle.0)
    }

    pub fn get_mut(&mut self, handle: Handle) -> Option<&mut Window> {
        self.windows.get_mut(&handle.0)
    }

    pub fn contains(&self, handle: Handle) -> bool {
        self.windows.contains_key(&handle.0)
    }

    /// A handle for a window, which lies below its siblings if it is a child and above them if not; `None` when there is no room.
    pub fn insert(&mut self, window: Window) -> Option<Handle> {
        /// Handles fit into 31 bits, so that they are the same number in either mode.
        const LAST: u64 = 0x7fff_fff0;
        if self.windows.len() >= MOST || !self.has_room(window.text_size()) {
            return None;
        }
        // A handle comes back as late as possible, so that one that is kept too long names nothing.
        loop {
            self.next = if self.next >= LAST { DESKTOP.0 } else { self.next + 4 };
            if !self.windows.contains_key(&self.next) {
                break;
            }
        }
        let handle = Handle(self.next);
        if window.is_child() {
            self.order.push(handle);
        } else {
            self.order.insert(0, handle);
        }
        self.windows.insert(handle.0, window);
        Some(handle)
    }

    pub fn remove(&mut self, handle: Handle) -> Option<Window> {
        if handle == DESKTOP {
            return None;
        }
        self.order.retain(|&other| other != handle);
        self.windows.remove(&handle.0)
    }

    /// Whether so much more text can be kept.
    pub fn has_room(&self, bytes: usize) -> bool {
        // Only what is long enough to matter is worth counting everything for.
        let used = || self.windows.values().map(Window::text_size).sum::<usize>();
        bytes <= MOST_TEXT && used() + bytes <= MOST_TEXT
    }

    /// A window's children from the top down; of the desktop, all top-level windows.
    pub fn children(&self, parent: Handle) -> Vec<Handle> {
        let is_child = |&&handle: &&Handle| self.get(handle).is_some_and(|window| window.parent == parent);
        self.order.iter().filter(is_child).copied().collect()
    }

    /// A window's children, each followed by its own.
    pub fn descendants(&self, parent: Handle) -> Vec<Handle> {
        let mut found = Vec::new();
        let mut open = self.children(parent);
        open.reverse();
        while let Some(next) = open.pop() {
            found.push(next);
            open.extend(self.children(next).into_iter().rev());
        }
        found
    }

    /// Whether `window` lies in `parent`, at whatever depth.
    pub fn is_inside(&self, window: Handle, parent: Handle) -> bool {
        let mut at = window;
        while let Some(window) = self.get(at).filter(|window| window.is_child()) {
            at = window.parent;
            if at == parent {
                return true;
            }
        }
        false
    }

    /// Whether a window and all that it lies in are to be seen.
    pub fn is_visible(&self, handle: Handle) -> bool {
        let mut at = handle;
        loop {
            match self.get(at) {
                Some(window) if window.style & WS_VISIBLE == 0 => return false,
                Some(window) if window.is_child() => at = window.parent,
                Some(_) => return true,
                None => return false,
            }
        }
    }

    /// Where a window's corner lies on the desktop.
    pub fn corner(&self, handle: Handle) -> (i32, i32) {
        let (mut x, mut y) = (0_i32, 0_i32);
        let mut at = handle;
        while let Some(window) = self.get(at) {
            (x, y) = (x.saturating_add(window.rect.left), y.saturating_add(window.rect.top));
            at = window.parent;
        }
        (x, y)
    }

    /// Puts a window above all its siblings, or below them.
    pub fn reorder(&mut self, handle: Handle, above: bool) {
        let Some(place) = self.order.iter().position(|&other| other == handle) else { return };
        self.order.remove(place);
        self.order.insert(if above { 0 } else { self.order.len() }, handle);
    }

    /// Puts a window directly below another.
    pub fn put_below(&mut self, handle: Handle, other: Handle) {
        if handle == other || !self.order.contains(&other) {
            return;
        }
        self.order.retain(|&known| known != handle);
        let place = self.order.iter().position(|&known| known == other).map_or(0, |place| place + 1);
        self.order.insert(place, handle);
    }

    /// All windows, the desktop first.
    pub fn iter(&self) -> impl Iterator<Item = (Handle, &Window)> {
        self.windows.iter().map(|(&handle, window)| (Handle(handle), window))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Window> {
        self.windows.values_mut()
    }
}

/// The window with a handle; else the last error says that there is none.
pub(crate) fn find(process: &mut Process, handle: Handle) -> Option<&mut Window> {
    if !process.user32.windows.contains(handle) {
        return fail(process, ERROR_INVALID_WINDOW_HANDLE, None);
    }
    process.user32.windows.get_mut(handle)
}
