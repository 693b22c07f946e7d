//! user32.dll without a screen: windows, dialogs, controls and messages work within the process, and nothing is shown.
//!
//! A window is what its procedure makes of messages, and those all come from the guest itself here: no user ever moves, clicks or closes
//! anything. What waits for a user, a modal dialog or a message box, is answered at once (`dialog`, `message_box`).

mod class;
mod clipboard;
mod control;
mod create;
mod dialog;
mod dialog_item;
mod exports;
mod focus;
mod letters;
mod long;
mod menu;
mod menu_template;
mod message_box;
mod messages;
mod modal;
mod picture;
mod place;
mod procedure;
mod queue;
mod rect;
mod screen;
mod scroll;
mod sending;
mod strings;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod timer;
mod tree;
mod wait;
mod window;

pub(crate) use create::destroy as close;
pub(crate) use create::{forget_image, forget_thread};
pub(crate) use dialog::message_result;
pub(crate) use exports::LIBRARY;
pub(crate) use modal::{Page, open_frame, open_page};
pub(crate) use procedure::PROCEDURES;
pub(crate) use queue::dispatch_waiting;
pub(crate) use queue::has_work;
pub(crate) use queue::{post, post_to_thread};
pub(crate) use rect::put_point;
pub(crate) use sending::send;
pub(crate) use strings::Strings;
pub(crate) use timer::next as next_timer;

use guest::POOL;
use wire::DialogAnswer;

use crate::abi::Handle;
use crate::process::Process;

/// What user32 keeps for the guest.
#[derive(Debug)]
pub(crate) struct State {
    pub windows: window::Windows,
    pub classes: class::Classes,
    pub queues: queue::Queues,
    pub answers: sending::Answers,
    pub timers: Vec<timer::Timer>,
    /// How dialogs and message boxes are answered.
    pub dialog_answer: DialogAnswer,
    pub last_box: message_box::LastBox,
    pub menus: menu::Menus,
    pub clipboard: clipboard::Clipboard,
    /// The names that RegisterWindowMessage was given.
    pub registered: Vec<String>,
    /// The icons and cursors of modules that are in use.
    pub pictures: Vec<picture::Picture>,
    pub cursor: Handle,
    /// How often the cursor was shown more than hidden.
    pub cursor_shown: i32,
    /// Which window of each thread has the focus.
    pub focus: Vec<Handle>,
    /// Where the procedure of the predefined controls is for callers with text of bytes, and for those with UTF-16.
    pub control_procedures: Vec<u64>,
}

impl State {
    /// No windows but the desktop.
    pub fn new() -> Self {
        Self {
            windows: window::Windows::new(),
            classes: class::Classes::new(),
            queues: queue::Queues::new(),
            answers: sending::Answers::default(),
            timers: Vec::new(),
            dialog_answer: DialogAnswer::default(),
            last_box: message_box::LastBox::default(),
            menus: menu::Menus::default(),
            clipboard: clipboard::Clipboard::default(),
            registered: Vec::new(),
            pictures: Vec::new(),
            cursor: Handle::NULL,
            cursor_shown: -1,
            focus: vec![Handle::NULL; 1 + POOL],
            control_procedures: Vec::new(),
        }
    }
}

/// Whether there is a window with this handle.
pub(crate) fn is_window(process: &Process, window: Handle) -> bool {
    process.user32.windows.contains(window)
}
