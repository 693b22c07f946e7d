//! comctl32.dll: property sheets. The classes of its controls are there without it.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;
use wire::DialogAnswer;

use crate::abi::{Handle, LongPtr, Pointer, signed};
use crate::kernel32::codepage::Unit;
use crate::kernel32::fields::Fields;
use crate::kernel32::record::Record;
use crate::process::{Process, still_wanted};
use crate::user32::{Page, close, message_result, open_frame, open_page, send};

library! {
    /// comctl32.
    LIBRARY, Stdcall, ["comctl32.dll"], "https://learn.microsoft.com/windows/win32/api/";
    CreatePropertySheetPage as "CreatePropertySheetPageA", "prsht/nf-prsht-createpropertysheetpagea";
    CreatePropertySheetPage as "CreatePropertySheetPageW", "prsht/nf-prsht-createpropertysheetpagew";
    DestroyPropertySheetPage, "prsht/nf-prsht-destroypropertysheetpage";
    InitCommonControls, "commctrl/nf-commctrl-initcommoncontrols";
    InitCommonControlsEx, "commctrl/nf-commctrl-initcommoncontrolsex";
    PropertySheet<u8> as "PropertySheetA", "prsht/nf-prsht-propertysheeta";
    PropertySheet<u16> as "PropertySheetW", "prsht/nf-prsht-propertysheetw";
}

/// How many pages a sheet has at most (MAXPROPPAGES).
const MOST: u32 = 100;

/// The largest PROPSHEETPAGE that is copied; each version of the structure is far smaller.
const LARGEST: u32 = 256;

pub fn InitCommonControls(_: &mut Process) {}

/// InitCommonControlsEx: all classes are there already.
pub fn InitCommonControlsEx(_: &mut Process, classes: Pointer) -> bool {
    !classes.is_null()
}

/// CreatePropertySheetPageA and CreatePropertySheetPageW: a copy of PROPSHEETPAGE in the heap, whose address is the handle.
pub fn CreatePropertySheetPage(process: &mut Process, page: Pointer) -> Result<Pointer, Stop> {
    let size = process.machine.memory.array(page.0).map(u32::from_le_bytes)?;
    if size > LARGEST {
        return Ok(Pointer::NULL);
    }
    let block = process.allocate(size.into(), true);
    if !block.is_null() {
        process.machine.memory.copy(block.0, page.0, size as usize)?;
    }
    Ok(block)
}

pub fn DestroyPropertySheetPage(process: &mut Process, page: Pointer) -> bool {
    process.heap.release(&process.machine.memory, page.0)
}

/// PROPSHEETPAGE.
#[derive(Debug)]
struct SheetPage {
    at: Pointer,
    /// Whether it is a copy that the sheet frees.
    is_copy: bool,
    flags: u32,
    page: Page,
    callback: Pointer,
}

fn read_page(process: &Process, at: Pointer, is_copy: bool, wide: bool) -> Result<SheetPage, Stop> {
    const PSP_DLGINDIRECT: u32 = 1;
    let mut fields = Fields::new(&process.machine, at);
    let (_size, flags) = (fields.u32()?, fields.u32()?);
    let (module, template) = (fields.pointer()?, fields.pointer()?);
    let (_icon, _title) = (fields.pointer()?, fields.pointer()?);
    let (procedure, _parameter) = (fields.pointer()?, fields.pointer()?);
    let callback = fields.pointer()?;
    let indirect = flags & PSP_DLGINDIRECT != 0;
    // WM_INITDIALOG is given the structure itself.
    let page = Page { module, template, indirect, procedure, wide, parameter: at.0.cast_signed() };
    Ok(SheetPage { at, is_copy, flags, page, callback })
}

/// The pages that PROPSHEETHEADER names.
fn read_pages(process: &Process, header: Pointer, wide: bool) -> Result<Option<(u32, Vec<SheetPage>)>, Stop> {
    const PSH_PROPSHEETPAGE: u32 = 8;
    let mut fields = Fields::new(&process.machine, header);
    let (_size, flags) = (fields.u32()?, fields.u32()?);
    let _owner_module_icon_caption =
        (fields.pointer()?, fields.pointer()?, fields.pointer()?, fields.pointer()?);
    let count = fields.u32()?;
    let (_start, pages) = (fields.pointer()?, fields.pointer()?);
    if count == 0 || count > MOST {
        return Ok(None);
    }
    let mut found = Vec::new();
    let mut at = pages;
    for _ in 0..count {
        still_wanted(&process.machine)?;
        if flags & PSH_PROPSHEETPAGE != 0 {
            found.push(read_page(process, at, false, wide)?);
            // Each says itself how large it is.
            at = at.at(process.machine.memory.array(at.0).map(u32::from_le_bytes)?.into());
        } else {
            let page = Pointer(process.machine.pointer_at(at.0)?);
            found.push(read_page(process, page, true, wide)?);
            at = at.at(process.machine.mode().pointer_size());
        }
    }
    Ok(Some((flags, found)))
}

const PSN_SETACTIVE: i32 = -200;
const PSN_KILLACTIVE: i32 = -201;
const PSN_APPLY: i32 = -202;
const PSN_RESET: i32 = -203;

/// Sends WM_NOTIFY with PSHNOTIFY to a page; what it sets as the message's result.
fn notify(process: &mut Process, frame: Handle, page: Handle, code: i32) -> Result<i64, Stop> {
    const WM_NOTIFY: u32 = 0x004e;
    let mode = process.machine.mode();
    let record = Record::new(mode).pointer(frame.0).pointer(0).u32(code.cast_unsigned()).pointer(0).finish();
    let block = process.allocate(record.len() as u64, false);
    if block.is_null() {
        return Ok(0);
    }
    let sent = process
        .machine
        .memory
        .write(block.0, &record)
        .map_err(Stop::from)
        .and_then(|()| send(process, true, page, WM_NOTIFY, 0, block.0.cast_signed()));
    process.heap.release(&process.machine.memory, block.0);
    sent.map(|_| message_result(process, page))
}

/// Calls a page's callback; its answer, 1 without one.
fn call_back(process: &mut Process, page: &SheetPage, what: u32) -> Result<u32, Stop> {
    const PSP_USECALLBACK: u32 = 0x80;
    if page.flags & PSP_USECALLBACK == 0 || page.callback.is_null() {
        return Ok(1);
    }
    let answer = process.call(page.callback.0, &[0, what.into(), page.at.0])?;
    let [a, b, c, d, ..] = answer.to_le_bytes();
    Ok(u32::from_le_bytes([a, b, c, d]))
}

/// PropertySheet: every page is opened, shown once, and told that its changes are applied, or thrown away if dialogs are answered with Cancel.
/// 1 when they were applied, 0 when not, -1 when there is nothing to open. A sheet without a mode stays open, and its handle is the answer.
pub fn PropertySheet<U: Unit>(process: &mut Process, header: Pointer) -> Result<LongPtr, Stop> {
    const PSH_MODELESS: u32 = 0x400;
    const PSPCB_RELEASE: u32 = 1;
    const PSPCB_CREATE: u32 = 2;
    let Some((flags, pages)) = read_pages(process, header, U::SIZE > 1)? else { return Ok(LongPtr(-1)) };
    let frame = open_frame(process)?;
    let mut open = Vec::new();
    for page in &pages {
        if call_back(process, page, PSPCB_CREATE)? == 0 {
            continue;
        }
        let window = open_page::<U>(process, frame, &page.page)?;
        if window != Handle::NULL {
            open.push(window);
        }
    }
    if flags & PSH_MODELESS != 0 {
        return Ok(LongPtr(signed(process.machine.mode(), frame.0)));
    }
    let applied = answer(process, frame, &open)?;
    for page in &pages {
        call_back(process, page, PSPCB_RELEASE)?;
    }
    close(process, frame)?;
    for page in pages.iter().filter(|page| page.is_copy) {
        process.heap.release(&process.machine.memory, page.at.0);
    }
    process.say(if applied {
        b"property sheet: answered with OK".as_slice()
    } else {
        b"property sheet: cancelled"
    });
    Ok(LongPtr(if open.is_empty() { -1 } else { applied.into() }))
}

/// Shows each page and applies them, or throws their changes away; whether all were applied.
fn answer(process: &mut Process, frame: Handle, pages: &[Handle]) -> Result<bool, Stop> {
    let mut wanted = process.user32.dialog_answer == DialogAnswer::Ok;
    for &page in pages {
        notify(process, frame, page, PSN_SETACTIVE)?;
        // A page whose contents are wrong does not let go.
        wanted &= notify(process, frame, page, PSN_KILLACTIVE)? == 0;
    }
    if wanted {
        for &page in pages {
            wanted &= notify(process, frame, page, PSN_APPLY)? == 0;
        }
    }
    if !wanted {
        for &page in pages {
            notify(process, frame, page, PSN_RESET)?;
        }
    }
    Ok(wanted)
}
