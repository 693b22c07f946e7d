//! Device contexts: what is selected into them, and how they would draw.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::gdi32::object::{BLACK_PEN, ONE_PIXEL, Object, PALETTE, SYSTEM_FONT, WHITE_BRUSH, add};
use crate::kernel32::error::{ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, fail};
use crate::process::Process;

/// CLR_INVALID and HGDI_ERROR.
const CLR_INVALID: u32 = u32::MAX;
const GDI_ERROR: u32 = u32::MAX;

/// How often a context can be saved: nobody nests drawing this deep.
const MOST_SAVED: usize = 64;

/// A device context.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// Whether it draws into a bitmap.
    pub memory: bool,
    pub font: Handle,
    pub bitmap: Handle,
    brush: Handle,
    pen: Handle,
    palette: Handle,
    text_color: u32,
    background: u32,
    background_mode: i32,
    text_align: u32,
    map_mode: i32,
    raster_operation: i32,
    stretch_mode: i32,
    pub position: (i32, i32),
    saved: Vec<Context>,
}

impl Context {
    fn new(memory: bool) -> Self {
        Self {
            memory,
            font: SYSTEM_FONT,
            bitmap: if memory { ONE_PIXEL } else { Handle::NULL },
            brush: WHITE_BRUSH,
            pen: BLACK_PEN,
            palette: PALETTE,
            text_color: 0,
            background: 0x00ff_ffff,
            // OPAQUE, TA_LEFT and TA_TOP, MM_TEXT, R2_COPYPEN, BLACKONWHITE.
            background_mode: 2,
            text_align: 0,
            map_mode: 1,
            raster_operation: 13,
            stretch_mode: 1,
            position: (0, 0),
            saved: Vec::new(),
        }
    }

    /// Whether an object is selected.
    pub fn has(&self, handle: Handle) -> bool {
        [self.font, self.bitmap, self.brush, self.pen, self.palette].contains(&handle)
            || self.saved.iter().any(|saved| saved.has(handle))
    }
}

/// A device context of the display.
pub(crate) fn new_dc(process: &mut Process) -> Handle {
    add(process, Object::Context(Box::new(Context::new(false))))
}

/// The device context with a handle; else the last error says that there is none.
pub(crate) fn context(process: &mut Process, dc: Handle) -> Option<&mut Context> {
    if !matches!(process.gdi32.get(dc), Some(Object::Context(_))) {
        return fail(process, ERROR_INVALID_HANDLE, None);
    }
    match process.gdi32.get_mut(dc) {
        Some(Object::Context(context)) => Some(context),
        _ => None,
    }
}

pub(crate) fn is_dc(process: &mut Process, dc: Handle) -> bool {
    context(process, dc).is_some()
}

/// CreateCompatibleDC: of memory, with a bitmap of one pixel.
pub fn CreateCompatibleDC(process: &mut Process, dc: Handle) -> Handle {
    if dc != Handle::NULL && !is_dc(process, dc) {
        return Handle::NULL;
    }
    add(process, Object::Context(Box::new(Context::new(true))))
}

/// CreateDC and CreateIC: of the display, whatever the names say; there is no printer.
pub fn CreateDC(
    process: &mut Process,
    _driver: Pointer,
    _device: Pointer,
    _port: Pointer,
    _mode: Pointer,
) -> Handle {
    new_dc(process)
}

pub fn DeleteDC(process: &mut Process, dc: Handle) -> bool {
    is_dc(process, dc) && process.gdi32.remove(dc).is_some()
}

/// SelectObject: the object of its kind that was selected; NULL when one of them is none.
pub fn SelectObject(process: &mut Process, dc: Handle, object: Handle) -> Handle {
    let kind = match process.gdi32.get(object) {
        Some(kind) => std::mem::discriminant(kind),
        None => return fail(process, ERROR_INVALID_HANDLE, Handle::NULL),
    };
    let is_bitmap = matches!(process.gdi32.get(object), Some(Object::Bitmap(_)));
    let gdi32 = &process.gdi32;
    let slots = |context: &Context| [context.font, context.bitmap, context.brush, context.pen];
    let Some(Object::Context(own)) = gdi32.get(dc) else {
        return fail(process, ERROR_INVALID_HANDLE, Handle::NULL);
    };
    if is_bitmap && !own.memory {
        // Only a context of memory takes a bitmap.
        return Handle::NULL;
    }
    let same = |slot: &Handle| gdi32.get(*slot).is_some_and(|other| std::mem::discriminant(other) == kind);
    let Some(place) = slots(own).iter().position(same) else { return Handle::NULL };
    let Some(context) = context(process, dc) else { return Handle::NULL };
    let slot = match place {
        0 => &mut context.font,
        1 => &mut context.bitmap,
        2 => &mut context.brush,
        _ => &mut context.pen,
    };
    std::mem::replace(slot, object)
}

/// GetCurrentObject: by OBJ_PEN 1, OBJ_BRUSH 2, OBJ_PAL 5, OBJ_FONT 6, OBJ_BITMAP 7.
pub fn GetCurrentObject(process: &mut Process, dc: Handle, kind: u32) -> Handle {
    context(process, dc).map_or(Handle::NULL, |context| match kind {
        1 => context.pen,
        2 => context.brush,
        5 => context.palette,
        6 => context.font,
        7 => context.bitmap,
        _ => Handle::NULL,
    })
}

pub fn SelectPalette(process: &mut Process, dc: Handle, palette: Handle, _background: i32) -> Handle {
    if !matches!(process.gdi32.get(palette), Some(Object::Palette(_))) {
        return fail(process, ERROR_INVALID_HANDLE, Handle::NULL);
    }
    context(process, dc).map_or(Handle::NULL, |context| std::mem::replace(&mut context.palette, palette))
}

/// RealizePalette: no colour changes, as the display has all.
pub fn RealizePalette(process: &mut Process, dc: Handle) -> u32 {
    if is_dc(process, dc) { 0 } else { GDI_ERROR }
}

/// What a context has of a kind.
fn get<T>(process: &mut Process, dc: Handle, none: T, read: impl FnOnce(&Context) -> T) -> T {
    match context(process, dc) {
        Some(context) => read(context),
        None => none,
    }
}

/// Changes what a context has, and answers what it had.
fn set<T>(
    process: &mut Process,
    dc: Handle,
    none: T,
    value: T,
    slot: impl FnOnce(&mut Context) -> &mut T,
) -> T {
    match context(process, dc) {
        Some(context) => std::mem::replace(slot(context), value),
        None => none,
    }
}

pub fn SetTextColor(process: &mut Process, dc: Handle, color: u32) -> u32 {
    set(process, dc, CLR_INVALID, color, |context| &mut context.text_color)
}

pub fn GetTextColor(process: &mut Process, dc: Handle) -> u32 {
    get(process, dc, CLR_INVALID, |context| context.text_color)
}

pub fn SetBkColor(process: &mut Process, dc: Handle, color: u32) -> u32 {
    set(process, dc, CLR_INVALID, color, |context| &mut context.background)
}

pub fn GetBkColor(process: &mut Process, dc: Handle) -> u32 {
    get(process, dc, CLR_INVALID, |context| context.background)
}

/// SetBkMode: TRANSPARENT 1 or OPAQUE 2; 0 for anything else.
pub fn SetBkMode(process: &mut Process, dc: Handle, mode: i32) -> i32 {
    if !(1..=2).contains(&mode) {
        return fail(process, ERROR_INVALID_PARAMETER, 0);
    }
    set(process, dc, 0, mode, |context| &mut context.background_mode)
}

pub fn GetBkMode(process: &mut Process, dc: Handle) -> i32 {
    get(process, dc, 0, |context| context.background_mode)
}

pub fn SetTextAlign(process: &mut Process, dc: Handle, align: u32) -> u32 {
    set(process, dc, GDI_ERROR, align, |context| &mut context.text_align)
}

pub fn GetTextAlign(process: &mut Process, dc: Handle) -> u32 {
    get(process, dc, GDI_ERROR, |context| context.text_align)
}

/// SetMapMode: MM_TEXT 1 to MM_ANISOTROPIC 8; 0 for anything else.
pub fn SetMapMode(process: &mut Process, dc: Handle, mode: i32) -> i32 {
    if !(1..=8).contains(&mode) {
        return fail(process, ERROR_INVALID_PARAMETER, 0);
    }
    set(process, dc, 0, mode, |context| &mut context.map_mode)
}

pub fn GetMapMode(process: &mut Process, dc: Handle) -> i32 {
    get(process, dc, 0, |context| context.map_mode)
}

/// SetROP2: R2_BLACK 1 to R2_WHITE 16; 0 for anything else.
pub fn SetROP2(process: &mut Process, dc: Handle, operation: i32) -> i32 {
    if !(1..=16).contains(&operation) {
        return fail(process, ERROR_INVALID_PARAMETER, 0);
    }
    set(process, dc, 0, operation, |context| &mut context.raster_operation)
}

/// SetStretchBltMode: BLACKONWHITE 1 to HALFTONE 4; 0 for anything else.
pub fn SetStretchBltMode(process: &mut Process, dc: Handle, mode: i32) -> i32 {
    if !(1..=4).contains(&mode) {
        return fail(process, ERROR_INVALID_PARAMETER, 0);
    }
    set(process, dc, 0, mode, |context| &mut context.stretch_mode)
}

/// SaveDC: the number of the saved state, 0 when there is no room.
pub fn SaveDC(process: &mut Process, dc: Handle) -> i32 {
    let Some(context) = context(process, dc) else { return 0 };
    if context.saved.len() >= MOST_SAVED {
        return 0;
    }
    let state = Context { saved: Vec::new(), ..context.clone() };
    context.saved.push(state);
    i32::try_from(context.saved.len()).unwrap_or(0)
}

/// RestoreDC: a state by its number, or counted back if that is negative. Those saved after it are gone.
pub fn RestoreDC(process: &mut Process, dc: Handle, number: i32) -> bool {
    let Some(context) = context(process, dc) else { return false };
    let count = i32::try_from(context.saved.len()).unwrap_or(0);
    let place = if number < 0 { count.saturating_add(number) } else { number - 1 };
    let Some(place) = usize::try_from(place).ok().filter(|&place| place < context.saved.len()) else {
        return fail(process, ERROR_INVALID_PARAMETER, false);
    };
    let mut earlier = std::mem::take(&mut context.saved);
    earlier.truncate(place + 1);
    if let Some(state) = earlier.pop() {
        *context = Context { saved: earlier, ..state };
    }
    true
}

/// GetDeviceCaps: a display of 1024 by 768 pixels in all colours at 96 dots per inch.
pub fn GetDeviceCaps(process: &mut Process, dc: Handle, index: i32) -> Result<i32, Stop> {
    if !is_dc(process, dc) {
        return Ok(0);
    }
    Ok(match index {
        // DRIVERVERSION.
        0 => 0x4000,
        // TECHNOLOGY: DT_RASDISPLAY.
        2 => 1,
        // HORZSIZE and VERTSIZE, in millimetres.
        4 => 271,
        6 => 203,
        // HORZRES and VERTRES, and those of the whole desktop.
        8 | 118 => 1024,
        10 | 117 => 768,
        // BITSPIXEL, PLANES, NUMCOLORS, COLORRES.
        12 => 32,
        14 => 1,
        24 => -1,
        108 => 24,
        // RASTERCAPS: bitmaps, DIBs and their stretching.
        38 => 0x7e99,
        // LOGPIXELSX and LOGPIXELSY.
        88 | 90 => 96,
        _ => 0,
    })
}
