//! Resource directories put together by hand.

/// Bytes of the two lower levels of one resource, and of what says where its data is.
const NODES: u32 = 24 + 24 + 16;
/// The language of all of them, U.S. English.
const LANGUAGE: u16 = 0x0409;
/// Marks what leads to a further level (PE/COFF, "Resource Directory Entries").
const SUBDIRECTORY: u32 = 1 << 31;

/// A resource directory that will stand at `rva`, with these resources, by ascending kind and one of each: kind, identifier, data.
#[must_use]
pub fn resource_directory(rva: u32, resources: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let top = 16 + 8 * resources.len() as u32;
    let begin_of = |index: u32| top + index * NODES;
    let mut bytes = Vec::new();
    let kinds: Vec<_> =
        (0..).zip(resources).map(|(index, (kind, ..))| (*kind, SUBDIRECTORY | begin_of(index))).collect();
    level(&mut bytes, &kinds);
    let mut data = (rva + begin_of(resources.len() as u32)).next_multiple_of(4);
    let first = data - rva;
    for (begin, (_, id, content)) in (0..).map(begin_of).zip(resources) {
        level(&mut bytes, &[(*id, SUBDIRECTORY | (begin + 24))]);
        level(&mut bytes, &[(LANGUAGE, begin + 48)]);
        let len = content.len() as u32;
        bytes.extend([data, len, 0, 0].map(u32::to_le_bytes).as_flattened());
        data += len.next_multiple_of(4);
    }
    bytes.resize(first as usize, 0);
    for (.., content) in resources {
        bytes.extend(*content);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

/// An IMAGE_RESOURCE_DIRECTORY and its entries.
fn level(bytes: &mut Vec<u8>, entries: &[(u16, u32)]) {
    bytes.extend([0; 14]);
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (number, place) in entries {
        bytes.extend([u32::from(*number), *place].map(u32::to_le_bytes).as_flattened());
    }
}
