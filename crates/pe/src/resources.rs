//! The resource tree (PE/COFF, "The .rsrc Section") and the string tables in it.

use object::LittleEndian as LE;
use object::pe::{self, ImageResourceDataEntry, ImageResourceDirectory, ImageResourceDirectoryEntry};

use crate::error::{PeError, Place};
use crate::image::Image;

/// The kind of a string table block ("Resource Types", MS Learn).
pub const RT_STRING: u16 = 6;

/// The kind of a version resource ("Resource Types", MS Learn).
pub const RT_VERSION: u16 = 16;

/// The most entries one directory of the tree may have.
const MAX_ENTRIES: u32 = 16_384;

/// How many strings one block of a string table holds.
const STRINGS_PER_BLOCK: u16 = 16;

/// The languages to look for, in this order: neutral, US English, any ("Language Identifiers", MS Learn).
const LANGUAGES: [Option<u16>; 3] = [Some(0), Some(0x0409), None];

const WHAT: &str = "the resource tree";

impl<'a> Image<'a> {
    /// The bytes of the resource with this kind and identifier: the language-neutral one, else the US English one,
    /// else the first.
    ///
    /// # Errors
    /// If the tree on the way there is damaged, is not three levels deep, or leads outside the file's data.
    pub fn resource(&self, kind: u16, id: u16) -> Result<Option<&'a [u8]>, PeError> {
        let Some((root, _)) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_RESOURCE) else {
            return Ok(None);
        };
        let tree = Tree { image: self, root };
        // Kind, identifier and language: the tree has exactly these three levels.
        let Some(names) = tree.find(root, Some(kind))? else { return Ok(None) };
        let Some(languages) = tree.find(tree.subdirectory(names)?, Some(id))? else { return Ok(None) };
        let languages = tree.subdirectory(languages)?;
        for language in LANGUAGES {
            if let Some(leaf) = tree.find(languages, language)? {
                return tree.data(leaf).map(Some);
            }
        }
        Ok(None)
    }

    /// The numbers of all resources of this kind, in ascending order; resources with names have none.
    ///
    /// # Errors
    /// As [`Image::resource`], or if a directory has more than 16384 entries.
    pub fn resource_ids(&self, kind: u16) -> Result<Vec<u16>, PeError> {
        let Some((root, _)) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_RESOURCE) else {
            return Ok(Vec::new());
        };
        let tree = Tree { image: self, root };
        let Some(names) = tree.find(root, Some(kind))? else { return Ok(Vec::new()) };
        let mut ids = Vec::new();
        for entry in tree.entries(tree.subdirectory(names)?)? {
            // The number of a named entry has its top bit set.
            ids.extend(u16::try_from(entry?.name_or_id.get(LE)));
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// The text with this identifier in the string table ("STRINGTABLE resource", MS Learn); `None` if there is
    /// none, or an empty one. Unpaired surrogates are replaced.
    ///
    /// # Errors
    /// Those of [`Image::resource`], or if the block of strings is cut.
    pub fn string(&self, id: u16) -> Result<Option<String>, PeError> {
        let Some(block) = self.resource(RT_STRING, id / STRINGS_PER_BLOCK + 1)? else { return Ok(None) };
        let mut rest = block;
        let mut next = || {
            let (len, tail) = rest.split_first_chunk::<2>()?;
            let (text, tail) = tail.split_at_checked(usize::from(u16::from_le_bytes(*len)) * 2)?;
            rest = tail;
            Some(text)
        };
        let text = (0..id % STRINGS_PER_BLOCK).try_for_each(|_| next().map(|_| ())).and_then(|()| next());
        let text = text.ok_or_else(|| {
            let at = Place::Rva(self.directory(pe::IMAGE_DIRECTORY_ENTRY_RESOURCE).map_or(0, |(rva, _)| rva));
            PeError::malformed("a string table in the resources", at, "it ends before its last string")
        })?;
        Ok(Some(utf16(text)).filter(|text| !text.is_empty()))
    }
}

/// Little-endian UTF-16 as text. Unpaired surrogates are replaced, an odd last byte is ignored.
pub(crate) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The resource tree of an image; offsets in it count from its root.
struct Tree<'i, 'a> {
    image: &'i Image<'a>,
    root: u32,
}

impl<'a> Tree<'_, 'a> {
    /// The entries of the directory at `rva`.
    fn entries(
        &self,
        rva: u32,
    ) -> Result<impl Iterator<Item = Result<ImageResourceDirectoryEntry, PeError>>, PeError> {
        let directory: ImageResourceDirectory = self.image.read(rva, WHAT)?;
        let count = u32::from(directory.number_of_named_entries.get(LE))
            + u32::from(directory.number_of_id_entries.get(LE));
        PeError::limit("the number of entries in a resource directory", count.into(), MAX_ENTRIES.into())?;
        let entries = rva.saturating_add(size_of::<ImageResourceDirectory>() as u32);
        Ok((0..count).map(move |index| {
            let offset = index * size_of::<ImageResourceDirectoryEntry>() as u32;
            self.image.read(entries.saturating_add(offset), WHAT)
        }))
    }

    /// The entry with the number `id` of the directory at `rva`, or its first entry; told by where it points.
    fn find(&self, rva: u32, id: Option<u16>) -> Result<Option<u32>, PeError> {
        for entry in self.entries(rva)? {
            let entry = entry?;
            // The number of a named entry has its top bit set, so it never equals an identifier.
            if id.is_none_or(|id| entry.name_or_id.get(LE) == u32::from(id)) {
                return Ok(Some(entry.offset_to_data_or_directory.get(LE)));
            }
        }
        Ok(None)
    }

    /// Where the subdirectory is that an entry points at.
    fn subdirectory(&self, pointer: u32) -> Result<u32, PeError> {
        if pointer & pe::IMAGE_RESOURCE_DATA_IS_DIRECTORY == 0 {
            return Err(self.malformed("it has data where a directory belongs"));
        }
        self.at(pointer & !pe::IMAGE_RESOURCE_DATA_IS_DIRECTORY)
    }

    /// The bytes of the leaf that an entry of the lowest level points at.
    fn data(&self, pointer: u32) -> Result<&'a [u8], PeError> {
        if pointer & pe::IMAGE_RESOURCE_DATA_IS_DIRECTORY != 0 {
            return Err(self.malformed("it is deeper than three levels"));
        }
        let entry: ImageResourceDataEntry = self.image.read(self.at(pointer)?, WHAT)?;
        self.image.bytes_at(entry.offset_to_data.get(LE), entry.size.get(LE), "the data of a resource")
    }

    fn at(&self, offset: u32) -> Result<u32, PeError> {
        self.root.checked_add(offset).ok_or_else(|| self.malformed("it reaches beyond the address space"))
    }

    fn malformed(&self, why: &'static str) -> PeError {
        PeError::malformed(WHAT, Place::Rva(self.root), why)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::builder::Builder;
    use crate::machine::Machine;

    /// A resource directory with these resources, each of another kind: kind, identifier, data.
    pub(crate) fn tree(resources: Vec<(u16, u16, Vec<u8>)>) -> impl FnOnce(u32) -> Vec<u8> {
        const NODES: u32 = 24 + 24 + 16;
        move |rva| {
            let count = resources.len() as u32;
            let mut tree = Vec::new();
            let directory = |tree: &mut Vec<u8>, entries: &[(u16, u32)]| {
                tree.extend([0; 14]);
                tree.extend((entries.len() as u16).to_le_bytes());
                for (number, pointer) in entries {
                    tree.extend(u32::from(*number).to_le_bytes());
                    tree.extend(pointer.to_le_bytes());
                }
            };
            let nodes = 16 + 8 * count;
            let kinds = (0..).zip(&resources).map(|(i, (kind, ..))| (*kind, 1 << 31 | (nodes + i * NODES)));
            directory(&mut tree, &kinds.collect::<Vec<_>>());
            let mut data_rva = rva + nodes + count * NODES;
            for (_, id, data) in &resources {
                let here = tree.len() as u32;
                directory(&mut tree, &[(*id, 1 << 31 | (here + 24))]);
                directory(&mut tree, &[(0x0409, here + 48)]);
                for field in [data_rva, data.len() as u32, 0, 0] {
                    tree.extend(field.to_le_bytes());
                }
                data_rva += data.len() as u32;
            }
            tree.extend(resources.iter().flat_map(|(_, _, data)| data));
            tree
        }
    }

    /// An image with one resource.
    pub(crate) fn with_resource(kind: u16, id: u16, data: &[u8]) -> Vec<u8> {
        let tree = tree(vec![(kind, id, data.to_vec())]);
        Builder::new(Machine::I386).directory(pe::IMAGE_DIRECTORY_ENTRY_RESOURCE, tree).build()
    }

    /// A block whose strings 0 and 3 are these.
    fn block(first: &str, fourth: &str) -> Vec<u8> {
        let mut units = Vec::new();
        for text in [first, "", "", fourth] {
            units.push(text.encode_utf16().count() as u16);
            units.extend(text.encode_utf16());
        }
        units.extend([0; 12]);
        units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
    }

    #[test]
    fn strings_are_found_in_their_block() {
        let file = with_resource(RT_STRING, 7, &block("Grüße", "Codec"));
        let image = Image::parse(&file).unwrap();
        assert_eq!(image.string(96).unwrap().as_deref(), Some("Grüße"));
        assert_eq!(image.string(97).unwrap(), None);
        assert_eq!(image.string(99).unwrap().as_deref(), Some("Codec"));
        assert_eq!(image.string(112).unwrap(), None);
        assert_eq!(image.resource(RT_VERSION, 1).unwrap(), None);
    }

    #[test]
    fn the_language_is_neutral_or_english_or_the_first() {
        let data: Vec<(u16, u16, Vec<u8>)> = vec![(1, 1, vec![1]), (2, 1, vec![2]), (3, 1, vec![3])];
        let file = Builder::new(Machine::I386)
            .directory(pe::IMAGE_DIRECTORY_ENTRY_RESOURCE, |rva| {
                let mut bytes = tree(data)(rva);
                // The three leaves become languages of the first resource: its directory is made one of three.
                let nodes = 16 + 8 * 3;
                let leaves = [0, 1, 2].map(|i| nodes + 64 * i + 48);
                let at = bytes.len() as u32;
                bytes.extend([0; 14]);
                bytes.extend([3, 0]);
                for (language, leaf) in [0x0401_u32, 0x0409, 0x0407].into_iter().zip(leaves) {
                    bytes.extend(language.to_le_bytes());
                    bytes.extend((leaf as u32).to_le_bytes());
                }
                let names = nodes + 20;
                bytes[names..names + 4].copy_from_slice(&(1 << 31 | at).to_le_bytes());
                bytes
            })
            .build();
        let resource = |file: &[u8]| Image::parse(file).unwrap().resource(1, 1).unwrap().map(<[u8]>::to_vec);
        assert_eq!(resource(&file), Some(vec![2]));
        let english = file.windows(4).rposition(|window| window == [9, 4, 0, 0]).unwrap();
        let with_second = |language: [u8; 4]| {
            let mut file = file.clone();
            file[english..english + 4].copy_from_slice(&language);
            resource(&file)
        };
        assert_eq!(with_second([7, 8, 0, 0]), Some(vec![1]));
        assert_eq!(with_second([0; 4]), Some(vec![2]));
    }

    #[test]
    fn numbers_of_a_kind_are_listed_in_order() {
        let ids = |file: &[u8], kind| Image::parse(file).unwrap().resource_ids(kind);
        let mut file = with_resource(RT_STRING, 7, &block("a", "b"));
        assert_eq!(ids(&file, RT_STRING).unwrap(), [7]);
        assert_eq!(ids(&file, RT_VERSION).unwrap(), []);
        assert_eq!(ids(&Builder::new(Machine::I386).build(), RT_STRING).unwrap(), []);
        // The directory of numbers, and what follows it taken for entries: those with names are left out.
        let names = Builder::file_offset(&file, pe::IMAGE_DIRECTORY_ENTRY_RESOURCE).unwrap() + 24;
        file[names + 14] = 3;
        file[names + 24..names + 40].copy_from_slice(&[2, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0x80, 0, 0, 0, 0]);
        assert_eq!(ids(&file, RT_STRING).unwrap(), [2, 7]);
        file[names + 15] = 0xff;
        assert!(matches!(ids(&file, RT_STRING).unwrap_err(), PeError::TooLarge { value: 0xff03, .. }));
    }

    #[test]
    fn a_cut_block_is_an_error() {
        let whole = block("a", "b");
        let file = with_resource(RT_STRING, 1, &whole[..4]);
        let image = Image::parse(&file).unwrap();
        assert_eq!(image.string(0).unwrap().as_deref(), Some("a"));
        let error = image.string(3).unwrap_err().to_string();
        assert!(error.ends_with("it ends before its last string"), "{error}");
    }

    #[test]
    fn a_tree_of_another_depth_is_an_error() {
        let mut file = with_resource(RT_STRING, 1, &block("a", "b"));
        let tree = Builder::file_offset(&file, pe::IMAGE_DIRECTORY_ENTRY_RESOURCE).unwrap();
        file[tree + 0x47] = 0x80;
        let error = Image::parse(&file).unwrap().string(0).unwrap_err().to_string();
        assert!(error.ends_with("it is deeper than three levels"), "{error}");
        file[tree + 0x2F] = 0;
        let error = Image::parse(&file).unwrap().string(0).unwrap_err().to_string();
        assert!(error.ends_with("it has data where a directory belongs"), "{error}");
    }
}
