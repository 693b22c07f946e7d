//! Fonts and the size of text. No font is loaded: every character counts as being as wide as the font's average.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::{Stop, Violation};

use crate::abi::{Handle, Pointer};
use crate::gdi32::context::context;
use crate::gdi32::object::{self, Object};
use crate::kernel32::codepage::{Unit, text, units};
use crate::process::Process;

/// The units of LOGFONT's name (LF_FACESIZE).
const FACE: usize = 32;

/// A font as LOGFONT describes it.
#[derive(Debug, Clone)]
pub(crate) struct Font {
    /// Height, width, escapement, orientation, weight.
    numbers: [i32; 5],
    /// Italic, underlined, struck out, character set, precisions, quality, pitch and family.
    bytes: [u8; 8],
    face: String,
}

impl Font {
    /// A stock font by its number.
    pub fn stock(number: u64) -> Self {
        const DEFAULT_GUI_FONT: u64 = 17;
        let (height, weight, face) = match number {
            10 | 11 | 16 => (12, 400, "Courier"),
            DEFAULT_GUI_FONT => (-11, 400, "MS Shell Dlg"),
            12 => (12, 400, "MS Sans Serif"),
            _ => (16, 700, "System"),
        };
        Self { numbers: [height, 0, 0, 0, weight], bytes: [0; 8], face: face.to_owned() }
    }

    /// LOGFONTA or LOGFONTW.
    pub fn log_font<U: Unit>(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        bytes.extend(self.bytes);
        let mut face = U::encode(&self.face);
        face.truncate(FACE - 1);
        face.resize(FACE, U::ZERO);
        bytes.extend(U::to_bytes(&face));
        bytes
    }

    /// The height of its lines in pixels, and the average width of its characters.
    fn size(&self) -> (i32, i32) {
        let [height, width, ..] = self.numbers;
        let height = match height {
            0 => 16,
            // The height of characters, without the space above them.
            height if height < 0 => height.saturating_neg().saturating_add(height.saturating_neg() / 5),
            height => height,
        };
        let height = height.clamp(1, 0x7fff);
        (height, if width == 0 { (height / 2).max(1) } else { width.saturating_abs().min(0x7fff) })
    }
}

/// Reads LOGFONT.
pub(crate) fn read<U: Unit>(process: &Process, at: Pointer) -> Result<Font, Violation> {
    let memory = &process.machine.memory;
    let mut numbers = [0; 5];
    for (number, place) in numbers.iter_mut().zip(0..) {
        *number = memory.array(at.at(4 * place).0).map(i32::from_le_bytes)?;
    }
    let bytes = memory.array(at.at(20).0)?;
    let face = units::<U>(memory, at.at(28), FACE as u64)?;
    let end = face.iter().position(|&unit| unit == U::ZERO).unwrap_or(FACE);
    Ok(Font { numbers, bytes, face: U::decode(&face[..end]) })
}

/// CreateFont: of what LOGFONT has, one by one.
#[expect(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn CreateFont<U: Unit>(
    process: &mut Process,
    height: i32,
    width: i32,
    escapement: i32,
    orientation: i32,
    weight: i32,
    italic: u32,
    underlined: u32,
    struck: u32,
    charset: u32,
    out_precision: u32,
    clip_precision: u32,
    quality: u32,
    pitch: u32,
    face: Pointer,
) -> Result<Handle, Stop> {
    let bytes = [italic, underlined, struck, charset, out_precision, clip_precision, quality, pitch];
    let font = Font {
        numbers: [height, width, escapement, orientation, weight],
        bytes: bytes.map(|number| number.to_le_bytes()[0]),
        face: text::<U>(&process.machine, face)?.chars().take(FACE - 1).collect(),
    };
    Ok(object::add(process, Object::Font(Box::new(font))))
}

/// The font that a device context has.
fn font_of(process: &mut Process, dc: Handle) -> Option<&Font> {
    let font = context(process, dc)?.font;
    match process.gdi32.get(font) {
        Some(Object::Font(font)) => Some(font),
        _ => None,
    }
}

/// Width and height of so many characters of text; `None`, with the last error, for what is no device context.
pub(crate) fn text_size(process: &mut Process, dc: Handle, count: usize) -> Option<(i32, i32)> {
    let (height, width) = font_of(process, dc)?.size();
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    Some((width.saturating_mul(count), height))
}

/// GetTextExtentPoint32 and GetTextExtentPoint.
pub fn GetTextExtentPoint32<U: Unit>(
    process: &mut Process,
    dc: Handle,
    _text: Pointer,
    count: i32,
    out: Pointer,
) -> Result<bool, Stop> {
    let Ok(count) = usize::try_from(count) else { return Ok(false) };
    let Some((width, height)) = text_size(process, dc, count) else { return Ok(false) };
    crate::user32::put_point(&process.machine.memory, out, (width, height))?;
    Ok(true)
}

/// GetTextMetrics: TEXTMETRIC, whose last parts are as wide as text.
pub fn GetTextMetrics<U: Unit>(process: &mut Process, dc: Handle, out: Pointer) -> Result<bool, Stop> {
    let Some(font) = font_of(process, dc) else { return Ok(false) };
    let (height, width) = font.size();
    let descent = height / 5;
    let [_, _, _, _, weight] = font.numbers;
    let [italic, underlined, struck, charset, ..] = font.bytes;
    let numbers = [height, height - descent, descent, height / 6, 0, width, width * 2, weight, 0, 96, 96];
    let mut bytes: Vec<u8> = numbers.into_iter().flat_map(i32::to_le_bytes).collect();
    // The first and the last character, that for those which are missing, and that which separates words.
    let characters = [0x20, 0xff, 0x1f, 0x20].map(|unit| U::from_wide(unit).unwrap_or(U::ZERO));
    bytes.extend(U::to_bytes(&characters));
    bytes.extend([italic, underlined, struck, font.bytes[7], charset]);
    // The structure is a multiple of its longest field.
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    process.machine.memory.write(out.0, &bytes)?;
    Ok(true)
}

/// GetTextFace: as much as fits of the font's name; how many units that are, with the zero.
pub fn GetTextFace<U: Unit>(process: &mut Process, dc: Handle, room: i32, out: Pointer) -> Result<i32, Stop> {
    let Some(face) = font_of(process, dc).map(|font| font.face.clone()) else { return Ok(0) };
    if out.is_null() {
        return Ok(i32::try_from(U::encode(&face).len() + 1).unwrap_or(0));
    }
    let room = u32::try_from(room).unwrap_or(0);
    let put = crate::kernel32::codepage::put::<U>(&process.machine.memory, out, room, &face)?;
    Ok(i32::try_from(put).unwrap_or(0) + i32::from(room > 0))
}
