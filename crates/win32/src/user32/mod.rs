//! user32.dll without a screen: windows, dialogs, controls and messages work within the process, and nothing is shown.
//!
//! A window is what its procedure makes of messages, and those all come from the guest itself here: no user ever moves, clicks or closes
//! anything. What waits for a user, a modal dialog or a message box, is answered at once (`dialog`, `message_box`).

#![allow(non_snake_case, reason = "Win32's own names")]

mod class;
mod control;
mod create;
mod dialog;
mod messages;
mod place;
mod procedure;
mod queue;
mod rect;
mod sending;
mod strings;
mod timer;
mod window;

pub(crate) use create::{forget_image, forget_thread};
pub(crate) use procedure::PROCEDURES;
#[allow(unused_imports)]
pub(crate) use queue::{post, post_to_thread};
pub(crate) use strings::Strings;

use guest::{POOL, Stop};

use crate::abi::{Handle, LongPtr, Pointer};
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{ERROR_ACCESS_DENIED, ERROR_RESOURCE_NAME_NOT_FOUND, fail};
use crate::process::Process;

/// What user32 keeps for the guest.
#[derive(Debug)]
pub(crate) struct State {
    pub windows: window::Windows,
    pub classes: class::Classes,
    pub queues: queue::Queues,
    pub answers: sending::Answers,
    pub timers: Vec<timer::Timer>,
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
            focus: vec![Handle::NULL; 1 + POOL],
            control_procedures: Vec::new(),
        }
    }
}

/// Whether there is a window with this handle.
pub(crate) fn is_window(process: &Process, window: Handle) -> bool {
    process.user32.windows.contains(window)
}

library! {
    /// user32.
    LIBRARY, Stdcall, ["user32.dll"], "https://learn.microsoft.com/windows/win32/api/";
    LoadIcon as "LoadIconA", "winuser/nf-winuser-loadicona";
    LoadIcon as "LoadIconW", "winuser/nf-winuser-loadiconw";
    strings::LoadString<u8> as "LoadStringA", "winuser/nf-winuser-loadstringa";
    strings::LoadString<u16> as "LoadStringW", "winuser/nf-winuser-loadstringw";
    MessageBox<u8> as "MessageBoxA", "winuser/nf-winuser-messageboxa";
    MessageBox<u16> as "MessageBoxW", "winuser/nf-winuser-messageboxw";
    GetDesktopWindow, "winuser/nf-winuser-getdesktopwindow";
    GetActiveWindow, "winuser/nf-winuser-getactivewindow";
    GetActiveWindow as "GetForegroundWindow", "winuser/nf-winuser-getforegroundwindow";
    DialogBoxParam as "DialogBoxParamA", "winuser/nf-winuser-dialogboxparama";
    DialogBoxParam as "DialogBoxParamW", "winuser/nf-winuser-dialogboxparamw";
    CreateDialogParam as "CreateDialogParamA", "winuser/nf-winuser-createdialogparama";
    CreateDialogParam as "CreateDialogParamW", "winuser/nf-winuser-createdialogparamw";
    create::CreateWindowEx<u8> as "CreateWindowExA", "winuser/nf-winuser-createwindowexa";
    create::CreateWindowEx<u16> as "CreateWindowExW", "winuser/nf-winuser-createwindowexw";
    strings::wsprintf<u8> as "wsprintfA", "winuser/nf-winuser-wsprintfa";
    strings::wsprintf<u16> as "wsprintfW", "winuser/nf-winuser-wsprintfw";
    strings::wvsprintf<u8> as "wvsprintfA", "winuser/nf-winuser-wvsprintfa";
    strings::wvsprintf<u16> as "wvsprintfW", "winuser/nf-winuser-wvsprintfw";
    queue::PostMessage as "PostMessageA", "winuser/nf-winuser-postmessagea";
    queue::PostMessage as "PostMessageW", "winuser/nf-winuser-postmessagew";
    queue::PostThreadMessage as "PostThreadMessageA", "winuser/nf-winuser-postthreadmessagea";
    queue::PostThreadMessage as "PostThreadMessageW", "winuser/nf-winuser-postthreadmessagew";
    queue::GetMessage as "GetMessageA", "winuser/nf-winuser-getmessagea";
    queue::GetMessage as "GetMessageW", "winuser/nf-winuser-getmessagew";
    queue::PeekMessage as "PeekMessageA", "winuser/nf-winuser-peekmessagea";
    queue::PeekMessage as "PeekMessageW", "winuser/nf-winuser-peekmessagew";
    queue::DispatchMessage as "DispatchMessageA", "winuser/nf-winuser-dispatchmessagea";
    queue::DispatchMessage as "DispatchMessageW", "winuser/nf-winuser-dispatchmessagew";
    queue::TranslateMessage, "winuser/nf-winuser-translatemessage";
    queue::PostQuitMessage, "winuser/nf-winuser-postquitmessage";
    queue::GetQueueStatus, "winuser/nf-winuser-getqueuestatus";
}

/// LoadIconA and LoadIconW: NULL, because nothing here can show an icon.
pub fn LoadIcon(process: &mut Process, _module: Pointer, _name: Pointer) -> Handle {
    fail(process, ERROR_RESOURCE_NAME_NOT_FOUND, Handle::NULL)
}

/// IDOK.
const IDOK: i32 = 1;

/// MessageBox: passes the message on and presses OK.
pub fn MessageBox<U: Unit>(
    process: &mut Process,
    _owner: Handle,
    message: Pointer,
    caption: Pointer,
    _kind: u32,
) -> Result<i32, Stop> {
    let machine = &process.machine;
    let caption = if caption.is_null() { "Error".to_owned() } else { text::<U>(machine, caption)? };
    let said = format!("{caption}: {}", text::<U>(machine, message)?);
    process.say(said.as_bytes());
    Ok(IDOK)
}

/// GetDesktopWindow: a handle that no function here takes.
pub fn GetDesktopWindow(_: &mut Process) -> Handle {
    Handle(0x1_0010)
}

/// GetActiveWindow and GetForegroundWindow: none.
pub fn GetActiveWindow(_: &mut Process) -> Handle {
    Handle::NULL
}

/// DialogBoxParamA and DialogBoxParamW: -1.
pub fn DialogBoxParam(
    process: &mut Process,
    _module: Pointer,
    _template: Pointer,
    _owner: Handle,
    _procedure: Pointer,
    _parameter: LongPtr,
) -> LongPtr {
    fail(process, ERROR_ACCESS_DENIED, LongPtr(-1))
}

/// CreateDialogParamA and CreateDialogParamW.
pub fn CreateDialogParam(
    process: &mut Process,
    _module: Pointer,
    _template: Pointer,
    _owner: Handle,
    _procedure: Pointer,
    _parameter: LongPtr,
) -> Handle {
    fail(process, ERROR_ACCESS_DENIED, Handle::NULL)
}
