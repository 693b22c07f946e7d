//! Templates of menus ("MENUITEMTEMPLATE structure" and "MENUEX_TEMPLATE_ITEM structure", MS Learn).

use crate::abi::Handle;
use crate::user32::menu::{Item, MF_POPUP};

/// How deep menus may be in menus, and how many items there may be in all.
const DEEPEST: usize = 16;
const MOST: usize = 4096;

/// Reads what it is asked for, from the beginning on.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    items: usize,
}

impl Reader<'_> {
    fn u16(&mut self) -> Option<u16> {
        let bytes = self.bytes.get(self.at..self.at + 2)?;
        self.at += 2;
        bytes.first_chunk().copied().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        let (low, high) = (self.u16()?, self.u16()?);
        Some(u32::from(low) | u32::from(high) << 16)
    }

    fn text(&mut self) -> Option<String> {
        let mut units = Vec::new();
        loop {
            match self.u16()? {
                0 => return Some(String::from_utf16_lossy(&units)),
                unit => units.push(unit),
            }
        }
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(4);
    }
}

/// Makes the menu of a template, and those in it; `None` for one that makes no sense, or when there are too many.
pub(super) fn read(template: &[u8], add: &mut dyn FnMut(Vec<Item>) -> Option<Handle>) -> Option<Handle> {
    let mut reader = Reader { bytes: template, at: 0, items: 0 };
    let (version, offset) = (reader.u16()?, reader.u16()?);
    reader.at += usize::from(offset);
    match version {
        0 => menu(&mut reader, add, plain, 0),
        1 => menu(&mut reader, add, extended, 0),
        _ => None,
    }
}

/// An item, whether it opens a menu, and whether it is the last one.
type ReadItem = fn(&mut Reader<'_>) -> Option<(Item, bool, bool)>;

fn menu(
    reader: &mut Reader<'_>,
    add: &mut dyn FnMut(Vec<Item>) -> Option<Handle>,
    read: ReadItem,
    depth: usize,
) -> Option<Handle> {
    let mut items = Vec::new();
    loop {
        let (mut item, opens, last) = read(reader)?;
        reader.items += 1;
        if depth >= DEEPEST || reader.items > MOST {
            return None;
        }
        if opens {
            item.flags |= MF_POPUP;
            item.popup = menu(reader, add, read, depth + 1)?;
        }
        items.push(item);
        if last {
            return add(items);
        }
    }
}

const MF_END: u32 = 0x80;

fn plain(reader: &mut Reader<'_>) -> Option<(Item, bool, bool)> {
    let flags = u32::from(reader.u16()?);
    let opens = flags & MF_POPUP != 0;
    let id = if opens { 0 } else { reader.u16()?.into() };
    let text = reader.text()?;
    // A separator has neither.
    let separator = if !opens && id == 0 && text.is_empty() { super::menu::MF_SEPARATOR } else { 0 };
    let item = Item { flags: flags & !MF_END | separator, id, text, popup: Handle::NULL };
    Some((item, opens, flags & MF_END != 0))
}

fn extended(reader: &mut Reader<'_>) -> Option<(Item, bool, bool)> {
    const POPUP: u16 = 1;
    const END: u16 = 0x80;
    reader.align();
    let (kind, state, id, flags) = (reader.u32()?, reader.u32()?, reader.u32()?, reader.u16()?);
    let text = reader.text()?;
    let opens = flags & POPUP != 0;
    if opens {
        // A number for help comes before the items.
        reader.align();
        reader.u32()?;
    }
    Some((Item { flags: kind | state, id, text, popup: Handle::NULL }, opens, flags & END != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The menus that a template makes: each item's text, identifier and flags.
    fn made(template: &[u16]) -> Option<Vec<Vec<(String, u32, u32)>>> {
        let bytes: Vec<u8> = template.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let mut menus = Vec::new();
        let mut add = |items: Vec<Item>| {
            menus.push(items.into_iter().map(|item| (item.text, item.id, item.flags)).collect());
            Some(Handle(menus.len() as u64))
        };
        read(&bytes, &mut add).map(|_| menus)
    }

    #[test]
    fn templates_are_read() {
        let [a, b] = [u16::from(b'a'), u16::from(b'b')];
        let template = [0, 0, 0x10, a, 0, 0x08, 7, b, 0, 0x80, 0, 0, 0x81, 9, b, b, 0];
        let inner = vec![("b".into(), 7, 8), (String::new(), 0, 0x800)];
        let outer = vec![("a".into(), 0, 0x10), ("bb".into(), 9, 1)];
        assert_eq!(made(&template), Some(vec![inner, outer]));
        let template = [1, 4, 0, 0, 0, 0, 8, 0, 7, 0, 0x81, a, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0x80, b, 0];
        let (inner, outer) = (vec![("b".into(), 5, 0)], vec![("a".into(), 7, 0x18)]);
        assert_eq!(made(&template), Some(vec![inner, outer]));
        for wrong in [&[0, 0][..], &[2, 0, 0x80, 1, 0], &[0, 0, 0x80, 1, a], &[0x10; 4000]] {
            assert_eq!(made(wrong), None, "{:?}", &wrong[..2]);
        }
        let deep: Vec<u16> = [0, 0].into_iter().chain([0x10, 0].into_iter().cycle().take(200)).collect();
        assert_eq!(made(&deep), None);
    }
}
