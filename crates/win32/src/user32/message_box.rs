//! Message boxes: a line for people, and the answer that Enter would give, or that of the button that declines.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;
use wire::DialogAnswer;

use crate::abi::{Handle, Pointer};
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{ERROR_INVALID_PARAMETER, fail};
use crate::kernel32::fields::Fields;
use crate::process::Process;
use crate::user32::messages::{IDCANCEL, IDOK};
use crate::user32::strings::text_of;

const IDABORT: i32 = 3;
const IDRETRY: i32 = 4;
const IDIGNORE: i32 = 5;
const IDYES: i32 = 6;
const IDNO: i32 = 7;
const IDTRYAGAIN: i32 = 10;
const IDCONTINUE: i32 = 11;

/// The buttons of each type, in their order (MessageBox's page).
const BUTTONS: [&[i32]; 7] = [
    &[IDOK],
    &[IDOK, IDCANCEL],
    &[IDABORT, IDRETRY, IDIGNORE],
    &[IDYES, IDNO, IDCANCEL],
    &[IDYES, IDNO],
    &[IDRETRY, IDCANCEL],
    &[IDCANCEL, IDTRYAGAIN, IDCONTINUE],
];

/// The button of each type that declines: Cancel, or what is nearest to it.
const DECLINING: [i32; 7] = [IDOK, IDCANCEL, IDABORT, IDCANCEL, IDNO, IDCANCEL, IDCANCEL];

/// How often the same box is answered with a button that has the driver try again. After that it gets another one, as nothing will be
/// different the next time.
const RETRIES: u32 = 3;

/// The last message box, and how often it came.
#[derive(Debug, Default)]
pub(crate) struct LastBox {
    said: String,
    times: u32,
}

/// Says what a box says and answers it.
fn answer(process: &mut Process, caption: &str, message: &str, kind: u32) -> i32 {
    const MB_TYPEMASK: u32 = 0xf;
    let place = (kind & MB_TYPEMASK) as usize;
    let (Some(buttons), Some(declining)) = (BUTTONS.get(place), DECLINING.get(place)) else {
        return fail(process, ERROR_INVALID_PARAMETER, 0);
    };
    let said = format!("{caption}: {message}");
    process.say(said.as_bytes());
    if process.user32.dialog_answer == DialogAnswer::Cancel {
        return *declining;
    }
    // MB_DEFBUTTON1 to MB_DEFBUTTON4.
    let default = buttons.get((kind >> 8 & 0xf) as usize).unwrap_or(&buttons[0]);
    let last = &mut process.user32.last_box;
    if last.said == said {
        last.times = last.times.saturating_add(1);
    } else {
        *last = LastBox { said, times: 1 };
    }
    let again = |button: &i32| matches!(*button, IDRETRY | IDTRYAGAIN);
    match buttons.iter().find(|button| !again(button)) {
        Some(other) if again(default) && last.times > RETRIES => *other,
        _ => *default,
    }
}

/// MessageBox: the default button's answer; under [`DialogAnswer::Cancel`] that of the button that declines.
pub fn MessageBox<U: Unit>(
    process: &mut Process,
    _owner: Handle,
    message: Pointer,
    caption: Pointer,
    kind: u32,
) -> Result<i32, Stop> {
    let machine = &process.machine;
    let caption = if caption.is_null() { "Error".to_owned() } else { text::<U>(machine, caption)? };
    let message = text::<U>(machine, message)?;
    Ok(answer(process, &caption, &message, kind))
}

pub fn MessageBoxEx<U: Unit>(
    process: &mut Process,
    owner: Handle,
    message: Pointer,
    caption: Pointer,
    kind: u32,
    _language: u16,
) -> Result<i32, Stop> {
    MessageBox::<U>(process, owner, message, caption, kind)
}

/// MessageBoxIndirect: as MSGBOXPARAMS says, whose texts may be in the resources of a module.
pub fn MessageBoxIndirect<U: Unit>(process: &mut Process, parameters: Pointer) -> Result<i32, Stop> {
    let mut fields = Fields::new(&process.machine, parameters);
    let _size = fields.u32()?;
    let (_owner, module) = (fields.pointer()?, fields.pointer()?);
    let (message, caption) = (fields.pointer()?, fields.pointer()?);
    let kind = fields.u32()?;
    let message = text_of::<U>(process, module, message)?;
    let caption =
        if caption.is_null() { "Error".to_owned() } else { text_of::<U>(process, module, caption)? };
    Ok(answer(process, &caption, &message, kind))
}

/// MessageBeep: silent.
pub fn MessageBeep(_: &mut Process, _kind: u32) -> bool {
    true
}
