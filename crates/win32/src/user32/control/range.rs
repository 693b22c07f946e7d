//! Controls that are a position in a range: scroll bars, trackbars, up-down controls and progress bars.

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::process::Process;
use crate::user32::control::{Control, Kind, int, long, words};
use crate::user32::messages::WM_USER;
use crate::user32::procedure::set_text;

pub(crate) const SBM_SETPOS: u32 = 0x00e0;
pub(crate) const SBM_GETPOS: u32 = 0x00e1;
pub(crate) const SBM_SETRANGE: u32 = 0x00e2;
pub(crate) const SBM_GETRANGE: u32 = 0x00e3;
pub(crate) const SBM_SETRANGEREDRAW: u32 = 0x00e6;

/// A position.
#[derive(Debug)]
pub(crate) struct Range {
    kind: Kind,
    /// Of an up-down control the end that its lower arrow leads to, which may be the greater one.
    least: i32,
    most: i32,
    position: i32,
    page: i32,
    line: i32,
    step: i32,
    selection: (i32, i32),
    /// How often a trackbar has marks.
    frequency: i32,
    /// The window that shows an up-down control's position.
    buddy: Handle,
    base: i32,
}

impl Range {
    pub fn new(kind: Kind) -> Self {
        let (least, most, page) = match kind {
            Kind::UpDown => (100, 0, 0),
            Kind::ScrollBar => (0, 0, 0),
            _ => (0, 100, 20),
        };
        Self {
            kind,
            least,
            most,
            position: if kind == Kind::UpDown { 0 } else { least },
            page,
            line: 1,
            step: 10,
            selection: (0, 0),
            frequency: 1,
            buddy: Handle::NULL,
            base: 10,
        }
    }

    /// Goes to a position, or to the range's end before it; answers where it was.
    fn go(&mut self, to: i32) -> i32 {
        let (low, high) = (self.least.min(self.most), self.least.max(self.most));
        std::mem::replace(&mut self.position, to.clamp(low, high))
    }

    fn set_range(&mut self, least: i32, most: i32) {
        (self.least, self.most) = (least, most);
        self.go(self.position);
    }
}

/// What a message does to a position; `None` for what any window does.
pub(crate) fn message(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<Option<i64>, Stop> {
    let own = process.user32.windows.get_mut(window);
    let Some(Control::Range(range)) = own.map(|own| &mut own.control) else { return Ok(None) };
    match range.kind {
        Kind::ScrollBar => scroll_bar(process, window, message, wparam, lparam),
        Kind::Trackbar => Ok(trackbar(range, message, wparam, lparam)),
        Kind::UpDown => up_down(process, window, message, wparam, lparam),
        _ => progress(process, window, message, wparam, lparam),
    }
}

/// The position that a window keeps.
fn of(process: &mut Process, window: Handle) -> Option<&mut Range> {
    match &mut process.user32.windows.get_mut(window)?.control {
        Control::Range(range) => Some(range),
        _ => None,
    }
}

/// Writes an int, unless there is no place for it.
fn put(process: &Process, at: u64, value: i32) -> Result<(), Stop> {
    if at != 0 {
        process.machine.memory.write(Pointer(at).0, &value.to_le_bytes())?;
    }
    Ok(())
}

fn scroll_bar(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<Option<i64>, Stop> {
    let Some(range) = of(process, window) else { return Ok(None) };
    Ok(Some(match message {
        SBM_SETPOS => range.go(int(wparam)).into(),
        SBM_GETPOS => range.position.into(),
        SBM_SETRANGE | SBM_SETRANGEREDRAW => {
            let before = range.position;
            range.set_range(int(wparam), int(lparam.cast_unsigned()));
            if range.position == before { 0 } else { before.into() }
        }
        SBM_GETRANGE => {
            let (least, most) = (range.least, range.most);
            put(process, wparam, least)?;
            put(process, lparam.cast_unsigned(), most)?;
            0
        }
        _ => return Ok(None),
    }))
}

/// TBM_ and its number.
fn trackbar(range: &mut Range, message: u32, wparam: u64, lparam: i64) -> Option<i64> {
    let value = int(lparam.cast_unsigned());
    Some(match message.checked_sub(WM_USER)? {
        0 => range.position.into(),
        1 => range.least.into(),
        2 => range.most.into(),
        // TBM_SETPOS and TBM_SETPOSNOTIFY.
        5 | 34 => {
            range.go(value);
            0
        }
        6 => {
            let [least, most] = words(lparam);
            range.set_range(least, most);
            0
        }
        7 => {
            range.set_range(value, range.most.max(value));
            0
        }
        8 => {
            range.set_range(range.least.min(value), value);
            0
        }
        10 => {
            let [start, end] = words(lparam);
            range.selection = (start, end);
            0
        }
        11 => {
            range.selection.0 = value;
            0
        }
        12 => {
            range.selection.1 = value;
            0
        }
        16 => {
            let span = i64::from(range.most) - i64::from(range.least);
            // The marks at both ends are always there.
            if range.frequency <= 0 { 2 } else { (span - 1).max(0) / i64::from(range.frequency) + 2 }
        }
        17 => range.selection.0.into(),
        18 => range.selection.1.into(),
        19 => {
            range.selection = (0, 0);
            0
        }
        20 => {
            range.frequency = int(wparam);
            0
        }
        21 => std::mem::replace(&mut range.page, value).into(),
        22 => range.page.into(),
        23 => std::mem::replace(&mut range.line, value).into(),
        24 => range.line.into(),
        _ => return None,
    })
}

/// UDM_ and its number.
fn up_down(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<Option<i64>, Stop> {
    let Some(number) = message.checked_sub(WM_USER) else { return Ok(None) };
    if matches!(number, 104 | 114) {
        read_buddy(process, window);
    }
    let Some(range) = of(process, window) else { return Ok(None) };
    Ok(Some(match number {
        101 => {
            let [most, least] = words(lparam);
            range.set_range(least, most);
            0
        }
        102 => long(range.most, range.least),
        103 | 113 => {
            let to = if number == 103 { words(lparam)[0] } else { int(lparam.cast_unsigned()) };
            let before = range.go(to);
            show_in_buddy(process, window);
            if number == 103 { long(before, 0) } else { before.into() }
        }
        104 => long(range.position, 0),
        105 => std::mem::replace(&mut range.buddy, Handle(wparam)).0.cast_signed(),
        106 => range.buddy.0.cast_signed(),
        109 => match int(wparam) {
            base @ (10 | 16) => std::mem::replace(&mut range.base, base).into(),
            _ => 0,
        },
        110 => range.base.into(),
        111 => {
            range.set_range(int(wparam), int(lparam.cast_unsigned()));
            0
        }
        112 => {
            let (least, most) = (range.least, range.most);
            put(process, wparam, least)?;
            put(process, lparam.cast_unsigned(), most)?;
            0
        }
        114 => {
            let position = range.position;
            put(process, lparam.cast_unsigned(), 0)?;
            position.into()
        }
        _ => return Ok(None),
    }))
}

/// The window that an up-down control shows its position in, if it does.
fn buddy_of(process: &Process, window: Handle) -> Option<Handle> {
    const UDS_SETBUDDYINT: u32 = 0x0002;
    const UDS_AUTOBUDDY: u32 = 0x0010;
    let own = process.user32.windows.get(window).filter(|own| own.style & UDS_SETBUDDYINT != 0)?;
    let Control::Range(range) = &own.control else { return None };
    if range.buddy != Handle::NULL {
        return Some(range.buddy);
    }
    let siblings = process.user32.windows.children(own.parent);
    let place = siblings.iter().position(|&other| other == window)?;
    let before = siblings.get(place.checked_sub(1)?).copied();
    before.filter(|_| own.style & UDS_AUTOBUDDY != 0)
}

fn show_in_buddy(process: &mut Process, window: Handle) {
    let Some(buddy) = buddy_of(process, window) else { return };
    let Some(range) = of(process, window) else { return };
    let text =
        if range.base == 16 { format!("0x{:04X}", range.position) } else { range.position.to_string() };
    set_text(process, buddy, text);
}

/// Takes the position from what stands in the buddy, if that is a number of the range.
fn read_buddy(process: &mut Process, window: Handle) {
    let Some(buddy) = buddy_of(process, window) else { return };
    let text = process.user32.windows.get(buddy).map(|buddy| buddy.text.clone()).unwrap_or_default();
    let Some(range) = of(process, window) else { return };
    let number = match text.trim().strip_prefix("0x").or_else(|| text.trim().strip_prefix("0X")) {
        Some(digits) => i32::from_str_radix(digits, 16).ok(),
        None => text.trim().parse().ok(),
    };
    if let Some(number) = number {
        range.go(number);
    }
}

/// PBM_ and its number.
fn progress(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<Option<i64>, Stop> {
    let Some(number) = message.checked_sub(WM_USER) else { return Ok(None) };
    let Some(range) = of(process, window) else { return Ok(None) };
    let before = long(range.least, range.most);
    Ok(Some(match number {
        1 => {
            let [least, most] = words(lparam);
            range.set_range(least & 0xffff, most & 0xffff);
            before
        }
        2 => range.go(int(wparam)).into(),
        3 => range.go(range.position.saturating_add(int(wparam))).into(),
        4 => std::mem::replace(&mut range.step, int(wparam)).into(),
        5 => {
            let next = range.position.saturating_add(range.step);
            // Past the end it begins anew.
            range.go(if next > range.most { range.least } else { next }).into()
        }
        6 => {
            range.set_range(int(wparam), int(lparam.cast_unsigned()));
            before
        }
        7 => {
            let (least, most) = (range.least, range.most);
            if lparam != 0 {
                put(process, lparam.cast_unsigned(), least)?;
                put(process, lparam.cast_unsigned().wrapping_add(4), most)?;
            }
            if wparam == 0 { most } else { least }.into()
        }
        8 => range.position.into(),
        _ => return Ok(None),
    }))
}
