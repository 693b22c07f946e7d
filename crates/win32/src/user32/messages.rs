//! The numbers of messages, styles and answers that several files here use ("Window Messages" and "Control Library", MS Learn).

pub(crate) const WM_CREATE: u32 = 0x0001;
pub(crate) const WM_DESTROY: u32 = 0x0002;
pub(crate) const WM_MOVE: u32 = 0x0003;
pub(crate) const WM_SIZE: u32 = 0x0005;
pub(crate) const WM_SETFOCUS: u32 = 0x0007;
pub(crate) const WM_KILLFOCUS: u32 = 0x0008;
pub(crate) const WM_ENABLE: u32 = 0x000a;
pub(crate) const WM_SETTEXT: u32 = 0x000c;
pub(crate) const WM_GETTEXT: u32 = 0x000d;
pub(crate) const WM_GETTEXTLENGTH: u32 = 0x000e;
pub(crate) const WM_PAINT: u32 = 0x000f;
pub(crate) const WM_CLOSE: u32 = 0x0010;
pub(crate) const WM_QUIT: u32 = 0x0012;
pub(crate) const WM_SHOWWINDOW: u32 = 0x0018;
pub(crate) const WM_SETFONT: u32 = 0x0030;
pub(crate) const WM_GETFONT: u32 = 0x0031;
pub(crate) const WM_GETICON: u32 = 0x007f;
pub(crate) const WM_SETICON: u32 = 0x0080;
pub(crate) const WM_NCCREATE: u32 = 0x0081;
pub(crate) const WM_NCDESTROY: u32 = 0x0082;
pub(crate) const WM_GETDLGCODE: u32 = 0x0087;
pub(crate) const WM_INITDIALOG: u32 = 0x0110;
pub(crate) const WM_COMMAND: u32 = 0x0111;
pub(crate) const WM_TIMER: u32 = 0x0113;
pub(crate) const WM_USER: u32 = 0x0400;

pub(crate) const WS_POPUP: u32 = 0x8000_0000;
pub(crate) const WS_CHILD: u32 = 0x4000_0000;
pub(crate) const WS_VISIBLE: u32 = 0x1000_0000;
pub(crate) const WS_DISABLED: u32 = 0x0800_0000;
pub(crate) const WS_CLIPSIBLINGS: u32 = 0x0400_0000;
pub(crate) const WS_CAPTION: u32 = 0x00c0_0000;
pub(crate) const WS_GROUP: u32 = 0x0002_0000;
pub(crate) const WS_TABSTOP: u32 = 0x0001_0000;
pub(crate) const WS_EX_NOPARENTNOTIFY: u32 = 0x0000_0004;

/// The identifiers of a dialog's usual buttons, and the answers of MessageBox.
pub(crate) const IDOK: i32 = 1;
pub(crate) const IDCANCEL: i32 = 2;
