//! Dialog templates, in their old and their extended form ("Dialog Boxes", DLGTEMPLATE and DLGTEMPLATEEX, MS Learn).

use guest::{Machine, Stop, Violation};

use crate::abi::Pointer;
use crate::kernel32::codepage::text;
use crate::process::still_wanted;
use crate::text::length;

/// Whether a template names a font: DS_SETFONT, which DS_SHELLFONT contains.
const DS_SETFONT: u32 = 0x40;

/// More controls than this make no dialog.
const MOST: u16 = 1024;

/// What a class or a title is: a text, or a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Label {
    Number(u16),
    Text(String),
}

impl Label {
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty()) || *self == Self::Number(0)
    }

    /// The text; empty for a number.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Number(_) => "",
        }
    }
}

/// A dialog, or a control of its. Places and sizes are in dialog units.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub style: u32,
    pub extended_style: u32,
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
    pub id: u32,
    pub class: Label,
    pub title: Label,
    /// Where a control's own data lies; NULL for none.
    pub data: Pointer,
}

/// A dialog.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub dialog: Item,
    /// Whether it names a font.
    pub has_font: bool,
    pub controls: Vec<Item>,
}

/// Reads a template field by field. Nothing is aligned but the beginning of each control.
struct Reader<'m> {
    machine: &'m Machine,
    at: Pointer,
}

impl Reader<'_> {
    fn u16(&mut self) -> Result<u16, Violation> {
        let value = self.machine.memory.array(self.at.0).map(u16::from_le_bytes);
        self.at = self.at.at(2);
        value
    }

    fn u32(&mut self) -> Result<u32, Violation> {
        let value = self.machine.memory.array(self.at.0).map(u32::from_le_bytes);
        self.at = self.at.at(4);
        value
    }

    fn i16(&mut self) -> Result<i32, Violation> {
        self.u16().map(|value| value.cast_signed().into())
    }

    fn align(&mut self) {
        self.at = Pointer(self.at.0.next_multiple_of(4));
    }

    /// A zero-terminated text of UTF-16.
    fn text(&mut self) -> Result<String, Stop> {
        let text = text::<u16>(self.machine, self.at)?;
        let units = length::<u16>(self.machine, self.at, u64::MAX)?;
        self.at = self.at.at(2 * (units + 1));
        Ok(text)
    }

    /// A text, or a number behind 0xFFFF.
    fn label(&mut self) -> Result<Label, Stop> {
        let begin = self.at;
        if self.u16()? == u16::MAX {
            return Ok(Label::Number(self.u16()?));
        }
        self.at = begin;
        self.text().map(Label::Text)
    }

    fn place(&mut self) -> Result<[i32; 4], Violation> {
        Ok([self.i16()?, self.i16()?, self.i16()?, self.i16()?])
    }

    /// The two styles, in the order that the form has them.
    fn styles(&mut self, extended: bool) -> Result<(u32, u32), Violation> {
        let (first, second) = (self.u32()?, self.u32()?);
        Ok(if extended { (second, first) } else { (first, second) })
    }
}

impl Template {
    /// The template at an address; `None` for one that has too many controls.
    pub fn read(machine: &Machine, at: Pointer) -> Result<Option<Self>, Stop> {
        const EXTENDED: u32 = 0xffff_0001;
        let mut reader = Reader { machine, at };
        let extended = machine.memory.array(at.0).map(u32::from_le_bytes)? == EXTENDED;
        if extended {
            // The version and the signature, and an identifier for help.
            reader.at = reader.at.at(8);
        }
        let (style, extended_style) = reader.styles(extended)?;
        let count = reader.u16()?;
        let [x, y, width, height] = reader.place()?;
        let _menu = reader.label()?;
        let class = reader.label()?;
        let title = Label::Text(reader.text()?);
        let has_font = style & DS_SETFONT != 0;
        if has_font {
            // The size; in the extended form also weight, slant and character set.
            reader.at = reader.at.at(if extended { 6 } else { 2 });
            reader.text()?;
        }
        let data = Pointer::NULL;
        let dialog = Item { style, extended_style, x, y, width, height, id: 0, class, title, data };
        if count > MOST {
            return Ok(None);
        }
        let mut controls = Vec::new();
        for _ in 0..count {
            still_wanted(machine)?;
            reader.align();
            controls.push(control(&mut reader, extended)?);
        }
        Ok(Some(Self { dialog, has_font, controls }))
    }
}

fn control(reader: &mut Reader<'_>, extended: bool) -> Result<Item, Stop> {
    if extended {
        let _help = reader.u32()?;
    }
    let (style, extended_style) = reader.styles(extended)?;
    let [x, y, width, height] = reader.place()?;
    let id = if extended { reader.u32()? } else { reader.u16()?.into() };
    let (class, title) = (reader.label()?, reader.label()?);
    let begin = reader.at;
    let size = u64::from(reader.u16()?);
    // The old form counts the number itself.
    let data = match (size, extended) {
        (0, _) => Pointer::NULL,
        (_, true) => {
            reader.at = reader.at.at(size);
            begin.at(2)
        }
        (_, false) => {
            reader.at = begin.at(size.max(2));
            begin
        }
    };
    Ok(Item { style, extended_style, x, y, width, height, id, class, title, data })
}
