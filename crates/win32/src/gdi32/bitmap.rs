//! Bitmaps: their size, and of DIB sections the guest's memory with the pixels.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::{Mode, Stop};

use crate::abi::{Handle, Pointer};
use crate::gdi32::context::context;
use crate::gdi32::object::{Object, add};
use crate::kernel32::error::{ERROR_INVALID_PARAMETER, fail};
use crate::kernel32::fields::Fields;
use crate::kernel32::record::Record;
use crate::process::Process;

/// A bitmap.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bitmap {
    width: i32,
    height: i32,
    bits_per_pixel: u16,
    /// Its pixels; NULL unless it is a DIB section.
    pub bits: Pointer,
    /// Whether they lie in the heap.
    pub owns_bits: bool,
}

impl Bitmap {
    pub fn new(width: i32, height: i32, bits_per_pixel: u16) -> Self {
        Self { width, height, bits_per_pixel, bits: Pointer::NULL, owns_bits: false }
    }

    /// Bytes of a line: a multiple of two, or of four for a DIB section.
    fn stride(&self, multiple: u64) -> u64 {
        let bits = u64::from(self.width.unsigned_abs()) * u64::from(self.bits_per_pixel);
        bits.div_ceil(8).next_multiple_of(multiple)
    }

    /// BITMAP.
    pub fn structure(&self, mode: Mode) -> Vec<u8> {
        let stride = self.stride(if self.bits.is_null() { 2 } else { 4 });
        Record::new(mode)
            .u32(0)
            .u32(self.width.cast_unsigned())
            .u32(self.height.unsigned_abs())
            .u32(u32::try_from(stride).unwrap_or(u32::MAX))
            .u16(1)
            .u16(self.bits_per_pixel)
            .pointer(self.bits.0)
            .finish()
    }
}

/// The bitmap whose header lies at an address, without its pixels.
pub(crate) fn bitmap_of(process: &mut Process, header: Pointer) -> Result<Handle, Stop> {
    let bitmap = read_header(process, header)?;
    Ok(match bitmap {
        Some(bitmap) => add(process, Object::Bitmap(bitmap)),
        None => fail(process, ERROR_INVALID_PARAMETER, Handle::NULL),
    })
}

/// The size that a BITMAPINFOHEADER or BITMAPCOREHEADER tells; `None` for one that is none.
fn read_header(process: &Process, at: Pointer) -> Result<Option<Bitmap>, Stop> {
    const CORE: u32 = 12;
    let mut fields = Fields::new(&process.machine, at);
    let size = fields.u32()?;
    let (width, height) = match size {
        CORE => (fields.u16()?.into(), fields.u16()?.into()),
        _ => (fields.i32()?, fields.i32()?),
    };
    let (_planes, bits) = (fields.u16()?, fields.u16()?);
    let valid = size >= CORE && width > 0 && height != 0 && height != i32::MIN;
    Ok((valid && matches!(bits, 1 | 4 | 8 | 16 | 24 | 32)).then(|| Bitmap::new(width, height, bits)))
}

/// CreateBitmap: its pixels are not kept.
pub fn CreateBitmap(
    process: &mut Process,
    width: i32,
    height: i32,
    planes: u32,
    bits: u32,
    _pixels: Pointer,
) -> Handle {
    let depth = planes.checked_mul(bits).and_then(|depth| u16::try_from(depth).ok());
    match depth.filter(|depth| (1..=32).contains(depth)) {
        Some(depth) if width >= 0 && height >= 0 => {
            // One without a size has one pixel.
            let bitmap = if width == 0 || height == 0 {
                Bitmap::new(1, 1, 1)
            } else {
                Bitmap::new(width, height, depth)
            };
            add(process, Object::Bitmap(bitmap))
        }
        _ => fail(process, ERROR_INVALID_PARAMETER, Handle::NULL),
    }
}

/// CreateCompatibleBitmap: as deep as the device context's pixels are, of which the display's have 32 bits.
pub fn CreateCompatibleBitmap(process: &mut Process, dc: Handle, width: i32, height: i32) -> Handle {
    let Some((memory, bitmap)) = context(process, dc).map(|context| (context.memory, context.bitmap)) else {
        return Handle::NULL;
    };
    let depth = match process.gdi32.get(bitmap) {
        Some(Object::Bitmap(bitmap)) if memory => bitmap.bits_per_pixel,
        _ => 32,
    };
    CreateBitmap(process, width, height, 1, depth.into(), Pointer::NULL)
}

/// CreateDIBSection: the pixels lie in the heap, or where a block of the driver's is. Of file mappings, none is taken.
pub fn CreateDIBSection(
    process: &mut Process,
    _dc: Handle,
    info: Pointer,
    _usage: u32,
    out: Pointer,
    section: Handle,
    _offset: u32,
) -> Result<Handle, Stop> {
    let Some(mut bitmap) = read_header(process, info)?.filter(|_| section == Handle::NULL) else {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, Handle::NULL));
    };
    let size = bitmap.stride(4).saturating_mul(bitmap.height.unsigned_abs().into());
    let bits = process.allocate(size, true);
    if bits.is_null() {
        return Ok(Handle::NULL);
    }
    (bitmap.bits, bitmap.owns_bits) = (bits, true);
    let told = if out.is_null() { Ok(()) } else { process.machine.put_pointer(out.0, bits.0) };
    let handle = if told.is_ok() { add(process, Object::Bitmap(bitmap)) } else { Handle::NULL };
    if handle == Handle::NULL {
        process.free_block(bits);
    }
    told?;
    Ok(handle)
}
