//! The predefined controls, as far as they keep something: whether a button is checked, the text of an edit control, the items of a list, the position
//! of a slider ("Control Library", MS Learn). Nothing is drawn and nobody clicks, so what changes them is the guest's own messages.

mod button;
mod edit;
mod list;
mod range;
mod tab;

pub(crate) use button::{BM_GETCHECK, BM_SETCHECK, BST_CHECKED};
pub(crate) use range::{SBM_GETPOS, SBM_GETRANGE, SBM_SETPOS, SBM_SETRANGE, SBM_SETRANGEREDRAW};

use guest::Stop;

use crate::abi::Handle;
use crate::process::Process;
use crate::user32::messages::{WM_COMMAND, WM_GETDLGCODE, WM_GETFONT, WM_SETFONT};
use crate::user32::procedure::default;
use crate::user32::sending::send;

/// What kind of windows a class has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Those of the guest's own.
    Own,
    Desktop,
    Dialog,
    Button,
    Edit,
    Static,
    ListBox,
    ComboBox,
    ScrollBar,
    Trackbar,
    UpDown,
    Progress,
    Tab,
    /// A control that keeps nothing but its text.
    Plain,
}

/// The predefined classes. Those of comctl32 are there from the beginning.
pub(crate) const PREDEFINED: &[(&str, Kind)] = &[
    ("#32769", Kind::Desktop),
    ("#32770", Kind::Dialog),
    ("Button", Kind::Button),
    ("Edit", Kind::Edit),
    ("Static", Kind::Static),
    ("ListBox", Kind::ListBox),
    ("ScrollBar", Kind::ScrollBar),
    ("ComboBox", Kind::ComboBox),
    ("ComboBoxEx32", Kind::ComboBox),
    ("msctls_trackbar32", Kind::Trackbar),
    ("msctls_updown32", Kind::UpDown),
    ("msctls_progress32", Kind::Progress),
    ("SysTabControl32", Kind::Tab),
    ("tooltips_class32", Kind::Plain),
    ("msctls_hotkey32", Kind::Plain),
    ("msctls_statusbar32", Kind::Plain),
    ("SysAnimate32", Kind::Plain),
    ("SysHeader32", Kind::Plain),
    ("SysLink", Kind::Plain),
    ("SysListView32", Kind::Plain),
    ("SysTreeView32", Kind::Plain),
    ("ToolbarWindow32", Kind::Plain),
];

/// What a window keeps as a control.
#[derive(Debug)]
pub(crate) enum Control {
    None,
    Button(button::Button),
    Edit(edit::Edit),
    /// A picture.
    Static(Handle),
    List(list::List),
    Range(range::Range),
    Tab(tab::Tabs),
}

impl Control {
    pub fn new(kind: Kind, style: u32) -> Self {
        match kind {
            Kind::Button => Self::Button(button::Button::default()),
            Kind::Edit => Self::Edit(edit::Edit::default()),
            Kind::Static => Self::Static(Handle::NULL),
            Kind::ListBox => Self::List(list::List::list_box(style)),
            Kind::ComboBox => Self::List(list::List::combo_box(style)),
            Kind::ScrollBar | Kind::Trackbar | Kind::UpDown | Kind::Progress => {
                Self::Range(range::Range::new(kind))
            }
            Kind::Tab => Self::Tab(tab::Tabs::default()),
            Kind::Own | Kind::Desktop | Kind::Dialog | Kind::Plain => Self::None,
        }
    }

    /// How many bytes its texts take.
    pub fn text_size(&self) -> usize {
        match self {
            Self::List(list) => list.size(),
            Self::Tab(tabs) => tabs.size(),
            _ => 0,
        }
    }
}

/// Whether a message of a control's has a text at its lParam, WM_SETTEXT apart.
pub(crate) fn takes_text(process: &Process, window: Handle, message: u32) -> bool {
    match process.user32.windows.get(window).map(|window| &window.control) {
        Some(Control::Edit(_)) => message == edit::EM_REPLACESEL,
        Some(Control::List(list)) => list.takes_text(message),
        _ => false,
    }
}

/// What a control does with a message.
pub(crate) fn procedure(
    process: &mut Process,
    wide: bool,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<i64, Stop> {
    const STM_SETICON: u32 = 0x0170;
    const STM_GETICON: u32 = 0x0171;
    const STM_SETIMAGE: u32 = 0x0172;
    const STM_GETIMAGE: u32 = 0x0173;
    let Some(own) = process.user32.windows.get_mut(window) else { return Ok(0) };
    match message {
        WM_SETFONT => {
            own.font = Handle(wparam);
            return Ok(0);
        }
        WM_GETFONT => return Ok(own.font.0.cast_signed()),
        _ => {}
    }
    let handled = match &mut own.control {
        Control::Button(_) => button::message(process, window, message, wparam, lparam)?,
        Control::Edit(_) => edit::message(process, wide, window, message, wparam, lparam)?,
        Control::List(_) => list::message(process, wide, window, message, wparam, lparam)?,
        Control::Range(_) => range::message(process, window, message, wparam, lparam)?,
        Control::Tab(_) => tab::message(process, window, message, wparam, lparam)?,
        Control::Static(image) => match message {
            STM_SETICON => Some(std::mem::replace(image, Handle(wparam)).0.cast_signed()),
            STM_SETIMAGE => Some(std::mem::replace(image, Handle(lparam.cast_unsigned())).0.cast_signed()),
            STM_GETICON | STM_GETIMAGE => Some(image.0.cast_signed()),
            // DLGC_STATIC.
            WM_GETDLGCODE => Some(0x0100),
            _ => None,
        },
        Control::None => None,
    };
    match handled {
        Some(answer) => Ok(answer),
        None => default(process, wide, window, message, wparam, lparam),
    }
}

/// Tells a control's parent of something, by WM_COMMAND.
pub(crate) fn notify(process: &mut Process, window: Handle, code: u16) -> Result<(), Stop> {
    let Some(own) = process.user32.windows.get(window) else { return Ok(()) };
    let (parent, wparam) = (own.parent, own.id & 0xffff | u64::from(code) << 16);
    send(process, true, parent, WM_COMMAND, wparam, window.0.cast_signed()).map(|_| ())
}

/// A number with a sign in the lower half of a parameter, as int parameters come.
fn int(parameter: u64) -> i32 {
    let [a, b, c, d, ..] = parameter.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// The two numbers of 16 bits with a sign that MAKELONG makes one of.
fn words(parameter: i64) -> [i32; 2] {
    let [a, b, c, d, ..] = parameter.to_le_bytes();
    [i16::from_le_bytes([a, b]).into(), i16::from_le_bytes([c, d]).into()]
}

/// MAKELONG.
fn long(low: i32, high: i32) -> i64 {
    let ([a, b, ..], [c, d, ..]) = (low.to_le_bytes(), high.to_le_bytes());
    u32::from_le_bytes([a, b, c, d]).into()
}
