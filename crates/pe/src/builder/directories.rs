//! The directories that the builder makes itself: exports, imports and relocations.

use object::pe;

use crate::imports::Symbol;

/// Appends 16-bit numbers.
pub(super) fn words(to: &mut Vec<u8>, values: &[u16]) {
    to.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

/// Appends 32-bit numbers.
pub(super) fn dwords(to: &mut Vec<u8>, values: &[u32]) {
    to.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

/// Header, addresses, name pointers, name ordinals, names; sorted by name as the format asks.
pub(super) fn export_directory(rva: u32, text_rva: u32, mut exports: Vec<(String, u32)>) -> Vec<u8> {
    exports.sort();
    let count = exports.len() as u32;
    let (functions, names, ordinals) = (rva + 40, rva + 40 + count * 4, rva + 40 + count * 8);
    let mut table = Vec::new();
    dwords(&mut table, &[0, 0, 0, 0, 1, count, count, functions, names, ordinals]);
    dwords(&mut table, &exports.iter().map(|(_, offset)| text_rva + offset).collect::<Vec<u32>>());
    let mut name_rva = ordinals + count * 2;
    for (name, _) in &exports {
        dwords(&mut table, &[name_rva]);
        name_rva += name.len() as u32 + 1;
    }
    words(&mut table, &(0..count as u16).collect::<Vec<u16>>());
    table.extend(exports.iter().flat_map(|(name, _)| name.bytes().chain([0])));
    table
}

/// Descriptors, then for each library its name table, its slots and its names.
pub(super) fn import_directory(rva: u32, is_64: bool, imports: &[(String, Vec<Symbol>)]) -> Vec<u8> {
    let pointer = if is_64 { 8 } else { 4 };
    let mut descriptors = Vec::new();
    let mut rest: Vec<u8> = Vec::new();
    let rest_rva = rva + (imports.len() as u32 + 1) * 20;
    for (library, symbols) in imports {
        let table_rva = rest_rva + rest.len() as u32;
        let table_len = (symbols.len() as u32 + 1) * pointer;
        let mut thunks = Vec::new();
        let mut texts: Vec<u8> = Vec::new();
        for symbol in symbols {
            let value = match symbol {
                Symbol::Ordinal(ordinal) => 1 << (pointer * 8 - 1) | u64::from(*ordinal),
                Symbol::Name(name) => {
                    let at = table_rva + table_len * 2 + texts.len() as u32;
                    texts.extend([0, 0].into_iter().chain(name.bytes()).chain([0]));
                    at.into()
                }
            };
            thunks.extend_from_slice(value.to_le_bytes().get(..pointer as usize).unwrap_or_default());
        }
        thunks.resize(table_len as usize, 0);
        let name_rva = table_rva + table_len * 2 + texts.len() as u32;
        texts.extend(library.bytes().chain([0]));
        dwords(&mut descriptors, &[table_rva, 0, 0, name_rva, table_rva + table_len]);
        rest.extend(thunks.iter().chain(&thunks).chain(&texts));
    }
    descriptors.resize((rest_rva - rva) as usize, 0);
    descriptors.extend(rest);
    descriptors
}

/// One block for each page that has relocations, padded to a multiple of four bytes.
pub(super) fn relocation_directory(text_rva: u32, is_64: bool, offsets: &[u32]) -> Vec<u8> {
    let kind = if is_64 { pe::IMAGE_REL_BASED_DIR64 } else { pe::IMAGE_REL_BASED_HIGHLOW };
    let mut offsets = offsets.to_vec();
    offsets.sort_unstable();
    let mut table = Vec::new();
    for page in offsets.chunk_by(|a, b| a >> 12 == b >> 12) {
        let mut entries: Vec<u16> =
            page.iter().map(|offset| kind.0 << 12 | (offset & 0xFFF) as u16).collect();
        entries.resize(entries.len().next_multiple_of(2), 0);
        let first = page.first().map_or(0, |offset| offset & !0xFFF);
        dwords(&mut table, &[text_rva + first, 8 + entries.len() as u32 * 2]);
        words(&mut table, &entries);
    }
    table
}
