//! Edit controls: their text, and what of it is selected. Places in it are counted in characters.

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::process::Process;
use crate::user32::control::{Control, int, notify};
use crate::user32::messages::{WM_GETDLGCODE, WM_SETTEXT};
use crate::user32::procedure::{encode, read_text, set_text};

const EM_GETSEL: u32 = 0x00b0;
const EM_SETSEL: u32 = 0x00b1;
const EM_GETMODIFY: u32 = 0x00b8;
const EM_SETMODIFY: u32 = 0x00b9;
const EM_GETLINECOUNT: u32 = 0x00ba;
const EM_LINEINDEX: u32 = 0x00bb;
const EM_LINELENGTH: u32 = 0x00c1;
pub(crate) const EM_REPLACESEL: u32 = 0x00c2;
const EM_GETLINE: u32 = 0x00c4;
const EM_LIMITTEXT: u32 = 0x00c5;
const EM_LINEFROMCHAR: u32 = 0x00c9;
const EM_SETREADONLY: u32 = 0x00cf;
const EM_SETPASSWORDCHAR: u32 = 0x00cc;
const EM_GETPASSWORDCHAR: u32 = 0x00d2;
const EM_GETLIMITTEXT: u32 = 0x00d5;

const ES_MULTILINE: u32 = 0x0004;
const ES_READONLY: u32 = 0x0800;

const EN_CHANGE: u16 = 0x0300;
const EN_UPDATE: u16 = 0x0400;

/// How much may be typed unless EM_LIMITTEXT says otherwise, and the most that it can say.
const USUAL_LIMIT: u64 = 30_000;
const MOST: u64 = 0x7fff_fffe;

/// An edit control.
#[derive(Debug)]
pub(crate) struct Edit {
    /// The selection's first character and the one behind its last.
    selection: (usize, usize),
    modified: bool,
    limit: u64,
    password: u64,
}

impl Default for Edit {
    fn default() -> Self {
        Self { selection: (0, 0), modified: false, limit: USUAL_LIMIT, password: 0 }
    }
}

/// Where each line begins and ends, without the characters that end it.
fn lines(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        let length = line.chars().count();
        let shown = line.strip_suffix('\r').unwrap_or(line).chars().count();
        found.push((start, start + shown));
        start += length + 1;
    }
    found
}

/// What an edit control does with a message; `None` for what any window does.
pub(crate) fn message(
    process: &mut Process,
    wide: bool,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<Option<i64>, Stop> {
    let Some(own) = process.user32.windows.get_mut(window) else { return Ok(None) };
    let (text, style) = (&own.text, own.style);
    let Control::Edit(edit) = &mut own.control else { return Ok(None) };
    Ok(Some(match message {
        WM_SETTEXT => {
            (edit.selection, edit.modified) = ((0, 0), false);
            let text = read_text(process, lparam, wide)?;
            let done = set_text(process, window, text);
            // What is set in one piece is no news in a control of several lines.
            if done && style & ES_MULTILINE == 0 {
                changed(process, window)?;
            }
            done.into()
        }
        EM_GETSEL => {
            let (start, end) = edit.selection;
            for (at, place) in [(wparam, start), (lparam.cast_unsigned(), end)] {
                if at != 0 {
                    let place = u32::try_from(place).unwrap_or(u32::MAX);
                    process.machine.memory.write(Pointer(at).0, &place.to_le_bytes())?;
                }
            }
            let half = |place: usize| u64::try_from(place).unwrap_or(0) & 0xffff;
            (half(start) | half(end) << 16).cast_signed()
        }
        EM_SETSEL => {
            let len = text.chars().count();
            let (first, last) = (int(wparam), int(lparam.cast_unsigned()));
            let place = |number: i32| usize::try_from(number).map_or(len, |number| number.min(len));
            let (start, end) = (place(first), place(last));
            // -1 to what ever removes the selection.
            edit.selection =
                if first < 0 { (end.min(len), end.min(len)) } else { (start.min(end), start.max(end)) };
            1
        }
        EM_REPLACESEL => {
            let put = read_text(process, lparam, wide)?;
            replace(process, window, &put)?;
            1
        }
        EM_GETMODIFY => edit.modified.into(),
        EM_SETMODIFY => {
            edit.modified = wparam != 0;
            0
        }
        EM_LIMITTEXT => {
            edit.limit = if wparam == 0 { MOST } else { wparam.min(MOST) };
            0
        }
        EM_GETLIMITTEXT => edit.limit.cast_signed(),
        EM_GETLINECOUNT => lines(text).len() as i64,
        EM_LINEINDEX => {
            let lines = lines(text);
            let line = match int(wparam) {
                -1 => line_of(&lines, edit.selection.0),
                number => usize::try_from(number).unwrap_or(usize::MAX),
            };
            lines.get(line).map_or(-1, |&(start, _)| start as i64)
        }
        EM_LINELENGTH => {
            let lines = lines(text);
            let place = usize::try_from(int(wparam)).unwrap_or(edit.selection.0);
            lines.get(line_of(&lines, place)).map_or(0, |&(start, end)| (end - start) as i64)
        }
        EM_LINEFROMCHAR => {
            let place = usize::try_from(int(wparam)).unwrap_or(edit.selection.0);
            line_of(&lines(text), place) as i64
        }
        EM_GETLINE => {
            let line = usize::try_from(wparam).unwrap_or(usize::MAX);
            let found = text.split('\n').nth(line).map(|line| line.trim_end_matches('\r').to_owned());
            // The buffer begins with its own size, and gets no zero if it is full.
            let at = Pointer(lparam.cast_unsigned());
            let room = usize::from(process.machine.memory.array(at.0).map(u16::from_le_bytes)?);
            let unit = if wide { 2 } else { 1 };
            let mut bytes = encode(&found.unwrap_or_default(), wide);
            bytes.truncate(room * unit);
            let count = bytes.len() / unit;
            if count < room {
                bytes.extend(&[0; 2][..unit]);
            }
            process.machine.memory.write(at.0, &bytes)?;
            count as i64
        }
        EM_SETREADONLY => {
            own.style = if wparam == 0 { style & !ES_READONLY } else { style | ES_READONLY };
            1
        }
        EM_SETPASSWORDCHAR => {
            edit.password = wparam;
            0
        }
        EM_GETPASSWORDCHAR => edit.password.cast_signed(),
        // DLGC_HASSETSEL and DLGC_WANTCHARS and DLGC_WANTARROWS.
        WM_GETDLGCODE => 0x0089,
        _ => return Ok(None),
    }))
}

/// The line that a character belongs to.
fn line_of(lines: &[(usize, usize)], place: usize) -> usize {
    lines.iter().rposition(|&(start, _)| start <= place).unwrap_or(0)
}

/// Puts a text in the place of what is selected.
fn replace(process: &mut Process, window: Handle, put: &str) -> Result<(), Stop> {
    let Some(own) = process.user32.windows.get(window) else { return Ok(()) };
    let Control::Edit(edit) = &own.control else { return Ok(()) };
    let len = own.text.chars().count();
    let (start, end) = (edit.selection.0.min(len), edit.selection.1.min(len));
    let before = own.text.chars().take(start);
    let text: String = before.chain(put.chars()).chain(own.text.chars().skip(end)).collect();
    if !set_text(process, window, text) {
        return Ok(());
    }
    if let Some(own) = process.user32.windows.get_mut(window)
        && let Control::Edit(edit) = &mut own.control
    {
        let caret = start + put.chars().count();
        (edit.selection, edit.modified) = ((caret, caret), true);
    }
    changed(process, window)
}

/// Tells the parent that the text has changed.
fn changed(process: &mut Process, window: Handle) -> Result<(), Stop> {
    notify(process, window, EN_UPDATE)?;
    notify(process, window, EN_CHANGE)
}
