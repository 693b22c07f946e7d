//! The table of GDI objects, and the stock objects that are always there.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::BTreeMap;

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::gdi32::bitmap::Bitmap;
use crate::gdi32::context::Context;
use crate::gdi32::font::{self, Font};
use crate::kernel32::codepage::Unit;
use crate::kernel32::error::{ERROR_INVALID_HANDLE, ERROR_NOT_ENOUGH_MEMORY, fail};
use crate::kernel32::fields::Fields;
use crate::kernel32::record::Record;
use crate::process::Process;

/// How many objects there may be at once, besides the stock objects: a worker has little memory, and no driver comes near.
const MOST: usize = 4096;

/// Where the handles of stock objects and of others begin.
const STOCK: u64 = 0x0190_0010;
const FIRST: u64 = 0x0200_0010;

/// An object.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    /// BS_ style, colour and hatch.
    Brush([u32; 3]),
    /// PS_ style, width and colour.
    Pen([u32; 3]),
    Font(Box<Font>),
    Bitmap(Bitmap),
    /// How many colours it has.
    Palette(u16),
    Context(Box<Context>),
}

/// All objects.
#[derive(Debug)]
pub(crate) struct State {
    objects: BTreeMap<u64, Object>,
    next: u64,
}

/// Stock objects by number (GetStockObject's page). Where there is none, a number is left out.
const BRUSHES: [(u64, u32, u32); 7] = [
    (0, 0, 0x00ff_ffff),
    (1, 0, 0x00c0_c0c0),
    (2, 0, 0x0080_8080),
    (3, 0, 0x0040_4040),
    (4, 0, 0),
    // BS_NULL.
    (5, 1, 0),
    (18, 0, 0x00ff_ffff),
];
const PENS: [(u64, u32, u32); 4] = [(6, 0, 0x00ff_ffff), (7, 0, 0), (8, 5, 0), (19, 0, 0)];
const FONTS: [u64; 7] = [10, 11, 12, 13, 14, 16, 17];
const DEFAULT_PALETTE: u64 = 15;
/// What a memory device context has as its bitmap at first: one pixel. It is no stock object that can be asked for.
const FIRST_BITMAP: u64 = 20;

pub(crate) const WHITE_BRUSH: Handle = stock(0);
pub(crate) const BLACK_PEN: Handle = stock(7);
pub(crate) const SYSTEM_FONT: Handle = stock(13);
pub(crate) const PALETTE: Handle = stock(DEFAULT_PALETTE);
pub(crate) const ONE_PIXEL: Handle = stock(FIRST_BITMAP);

const fn stock(number: u64) -> Handle {
    Handle(STOCK + number)
}

fn is_stock(handle: Handle) -> bool {
    (STOCK..=STOCK + FIRST_BITMAP).contains(&handle.0)
}

impl State {
    pub fn new() -> Self {
        let brushes = BRUSHES.map(|(number, style, color)| (number, Object::Brush([style, color, 0])));
        let pens = PENS.map(|(number, style, color)| (number, Object::Pen([style, 0, color])));
        let fonts = FONTS.map(|number| (number, Object::Font(Box::new(Font::stock(number)))));
        let others =
            [(DEFAULT_PALETTE, Object::Palette(20)), (FIRST_BITMAP, Object::Bitmap(Bitmap::new(1, 1, 1)))];
        let all = brushes.into_iter().chain(pens).chain(fonts).chain(others);
        Self { objects: all.map(|(number, object)| (stock(number).0, object)).collect(), next: FIRST }
    }

    pub fn get(&self, handle: Handle) -> Option<&Object> {
        self.objects.get(&handle.0)
    }

    pub fn get_mut(&mut self, handle: Handle) -> Option<&mut Object> {
        self.objects.get_mut(&handle.0)
    }

    /// Removes an object, unless it is a stock object.
    pub fn remove(&mut self, handle: Handle) -> Option<Object> {
        if is_stock(handle) { None } else { self.objects.remove(&handle.0) }
    }

    /// Whether a device context has the object selected.
    fn is_selected(&self, handle: Handle) -> bool {
        self.objects.values().any(|object| match object {
            Object::Context(context) => context.has(handle),
            _ => false,
        })
    }
}

/// A handle for an object; NULL, with the last error, when there are too many.
pub(crate) fn add(process: &mut Process, object: Object) -> Handle {
    /// Handles fit into 31 bits, so that they are the same number in either mode.
    const LAST: u64 = 0x7fff_fff0;
    let state = &mut process.gdi32;
    if state.objects.len() >= MOST {
        return fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::NULL);
    }
    loop {
        state.next = if state.next >= LAST { FIRST } else { state.next + 4 };
        if !state.objects.contains_key(&state.next) {
            break;
        }
    }
    let handle = Handle(state.next);
    state.objects.insert(handle.0, object);
    handle
}

/// GetStockObject: NULL for a number that is none.
pub fn GetStockObject(process: &mut Process, number: i32) -> Handle {
    match u64::try_from(number).ok().filter(|&number| number < FIRST_BITMAP).map(stock) {
        Some(handle) if process.gdi32.get(handle).is_some() => handle,
        _ => Handle::NULL,
    }
}

/// DeleteObject: false for what is none, or is selected; true for stock objects, which stay.
pub fn DeleteObject(process: &mut Process, handle: Handle) -> bool {
    if is_stock(handle) {
        return true;
    }
    match process.gdi32.get(handle) {
        None | Some(Object::Context(_)) => fail(process, ERROR_INVALID_HANDLE, false),
        Some(_) if process.gdi32.is_selected(handle) => false,
        Some(_) => {
            if let Some(Object::Bitmap(bitmap)) = process.gdi32.remove(handle)
                && !bitmap.bits.is_null()
                && bitmap.owns_bits
            {
                process.heap.release(&process.machine.memory, bitmap.bits.0);
            }
            true
        }
    }
}

/// GetObjectType: OBJ_ and its number; 0 for what is none.
pub fn GetObjectType(process: &mut Process, handle: Handle) -> u32 {
    match process.gdi32.get(handle) {
        Some(Object::Pen(_)) => 1,
        Some(Object::Brush(_)) => 2,
        Some(Object::Context(context)) if context.memory => 10,
        Some(Object::Context(_)) => 3,
        Some(Object::Palette(_)) => 5,
        Some(Object::Font(_)) => 6,
        Some(Object::Bitmap(_)) => 7,
        None => fail(process, ERROR_INVALID_HANDLE, 0),
    }
}

/// GetObject: LOGBRUSH, LOGPEN, LOGFONT or BITMAP; how many bytes were written, or without a buffer how many there are.
pub fn GetObject<U: Unit>(
    process: &mut Process,
    handle: Handle,
    size: i32,
    out: Pointer,
) -> Result<i32, Stop> {
    let mode = process.machine.mode();
    let bytes = match process.gdi32.get(handle) {
        Some(&Object::Brush([style, color, hatch])) => {
            Record::new(mode).u32(style).u32(color).pointer(hatch.into()).finish()
        }
        Some(&Object::Pen([style, width, color])) => {
            Record::new(mode).u32(style).u32(width).u32(0).u32(color).finish()
        }
        Some(Object::Font(font)) => font.log_font::<U>(),
        Some(Object::Bitmap(bitmap)) => bitmap.structure(mode),
        Some(Object::Palette(count)) => count.to_le_bytes().to_vec(),
        Some(Object::Context(_)) | None => return Ok(fail(process, ERROR_INVALID_HANDLE, 0)),
    };
    let whole = i32::try_from(bytes.len()).unwrap_or(0);
    if out.is_null() {
        return Ok(whole);
    }
    // A font is written as far as there is room; of anything else, all or nothing.
    let is_font = matches!(process.gdi32.get(handle), Some(Object::Font(_)));
    let room = usize::try_from(size).unwrap_or(0);
    if room < bytes.len() && !is_font {
        return Ok(0);
    }
    let part = &bytes[..room.min(bytes.len())];
    process.machine.memory.write(out.0, part)?;
    Ok(i32::try_from(part.len()).unwrap_or(0))
}

pub fn CreateSolidBrush(process: &mut Process, color: u32) -> Handle {
    add(process, Object::Brush([0, color, 0]))
}

/// CreateHatchBrush: BS_HATCHED.
pub fn CreateHatchBrush(process: &mut Process, hatch: i32, color: u32) -> Handle {
    add(process, Object::Brush([2, color, hatch.cast_unsigned()]))
}

/// CreateBrushIndirect: of LOGBRUSH.
pub fn CreateBrushIndirect(process: &mut Process, at: Pointer) -> Result<Handle, Stop> {
    let mut fields = Fields::new(&process.machine, at);
    let (style, color, hatch) = (fields.u32()?, fields.u32()?, fields.long()?);
    let hatch = u32::try_from(hatch & 0xffff_ffff).unwrap_or(0);
    Ok(add(process, Object::Brush([style, color, hatch])))
}

pub fn CreatePen(process: &mut Process, style: i32, width: i32, color: u32) -> Handle {
    add(process, Object::Pen([style.cast_unsigned(), width.max(0).cast_unsigned(), color]))
}

/// CreateFontIndirect: of LOGFONT.
pub fn CreateFontIndirect<U: Unit>(process: &mut Process, at: Pointer) -> Result<Handle, Stop> {
    if at.is_null() {
        return Ok(Handle::NULL);
    }
    let font = font::read::<U>(process, at)?;
    Ok(add(process, Object::Font(Box::new(font))))
}

/// CreatePalette: of LOGPALETTE, of which the number of colours is kept.
pub fn CreatePalette(process: &mut Process, at: Pointer) -> Result<Handle, Stop> {
    if at.is_null() {
        return Ok(Handle::NULL);
    }
    let mut fields = Fields::new(&process.machine, at);
    let (_version, count) = (fields.u16()?, fields.u16()?);
    if count == 0 {
        return Ok(Handle::NULL);
    }
    Ok(add(process, Object::Palette(count)))
}
