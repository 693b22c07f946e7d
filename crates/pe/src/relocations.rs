//! Which words of an image depend on its address: the base relocation directory
//! (PE/COFF, "The .reloc Section").

use object::LittleEndian as LE;
use object::pe::{self, ImageBaseRelocation};

use crate::error::{PeError, Place};
use crate::image::Image;

/// One word that must change by the distance the image is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relocation {
    /// Where the word is. All its bytes lie in the image.
    pub rva: u32,
    /// How wide it is.
    pub kind: RelocationKind,
}

/// How wide a relocated word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelocationKind {
    /// 32 bits (`IMAGE_REL_BASED_HIGHLOW`).
    HighLow,
    /// 64 bits (`IMAGE_REL_BASED_DIR64`).
    Dir64,
}

impl RelocationKind {
    /// The width in bytes.
    pub fn size(self) -> u32 {
        match self {
            Self::HighLow => 4,
            Self::Dir64 => 8,
        }
    }
}

impl Image<'_> {
    /// Whether there is a table of relocations, be it empty.
    pub fn has_relocations(&self) -> bool {
        !self.relocs_stripped() && self.directory(pe::IMAGE_DIRECTORY_ENTRY_BASERELOC).is_some()
    }

    /// All relocations in the order of the file. None does not mean that the image cannot be moved: see
    /// [`Image::relocs_stripped`].
    ///
    /// # Errors
    /// If a block or a relocated word lies outside the image, or a kind is none that x86 images use.
    pub fn relocations(&self) -> Result<Vec<Relocation>, PeError> {
        const WHAT: &str = "a relocation block";
        const HEADER: u32 = size_of::<ImageBaseRelocation>() as u32;
        let mut relocations = Vec::new();
        let Some((directory, size)) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_BASERELOC) else {
            return Ok(relocations);
        };
        let malformed = |rva, why| PeError::malformed(WHAT, Place::Rva(rva), why);
        let end = directory
            .checked_add(size)
            .ok_or_else(|| malformed(directory, "the directory reaches beyond the address space"))?;
        let mut rva = directory;
        while end - rva >= HEADER {
            let header: ImageBaseRelocation = self.read(rva, WHAT)?;
            let (page, block) = (header.virtual_address.get(LE), header.size_of_block.get(LE));
            if block == 0 {
                // Some linkers pad the directory with zeros.
                break;
            }
            if block < HEADER || block > end - rva {
                return Err(malformed(rva, "its size does not fit the directory"));
            }
            let entries = self.bytes_at(rva + HEADER, block - HEADER, WHAT)?;
            for entry in entries.as_chunks::<2>().0 {
                if let Some(relocation) = self.relocation(page, u16::from_le_bytes(*entry), rva)? {
                    relocations.push(relocation);
                }
            }
            rva += block;
        }
        Ok(relocations)
    }

    /// The relocation an entry means: 4 bits of kind, 12 bits of offset in the page. `None` for padding.
    fn relocation(&self, page: u32, entry: u16, block: u32) -> Result<Option<Relocation>, PeError> {
        let kind = match pe::BaseRelocationType(entry >> 12) {
            pe::IMAGE_REL_BASED_ABSOLUTE => return Ok(None),
            pe::IMAGE_REL_BASED_HIGHLOW => RelocationKind::HighLow,
            pe::IMAGE_REL_BASED_DIR64 => RelocationKind::Dir64,
            _ => {
                let why = "it holds a relocation of a kind that is not supported";
                return Err(PeError::malformed("a relocation block", Place::Rva(block), why));
            }
        };
        let rva = page.saturating_add(u32::from(entry & 0xFFF));
        self.check_inside(rva, kind.size(), "a relocated word")?;
        Ok(Some(Relocation { rva, kind }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::Builder;
    use crate::machine::Machine;

    #[test]
    fn both_widths_are_read() {
        for (machine, kind) in
            [(Machine::I386, RelocationKind::HighLow), (Machine::X86_64, RelocationKind::Dir64)]
        {
            let code = vec![0; 0x2000];
            let file =
                Builder::new(machine).code(&code).relocation(8).relocation(0x1010).relocation(0x1018).build();
            let image = Image::parse(&file).unwrap();
            let text = image.sections()[0].rva;
            let expected = [8, 0x1010, 0x1018].map(|offset| Relocation { rva: text + offset, kind });
            assert_eq!(image.relocations().unwrap(), expected);
            assert!(!image.relocs_stripped());
        }
    }

    #[test]
    fn damaged_blocks_are_errors() {
        let file = Builder::new(Machine::I386).code(&[0; 16]).relocation(4).build();
        let block = Builder::file_offset(&file, pe::IMAGE_DIRECTORY_ENTRY_BASERELOC).unwrap();
        let damaged = |offset: usize, bytes: &[u8]| {
            let mut file = file.clone();
            file[block + offset..block + offset + bytes.len()].copy_from_slice(bytes);
            Image::parse(&file).unwrap().relocations().unwrap_err().to_string()
        };
        assert!(damaged(4, &[7, 0, 0, 0]).ends_with("its size does not fit the directory"));
        assert!(damaged(4, &[0, 1, 0, 0]).ends_with("its size does not fit the directory"));
        assert!(damaged(8, &[0x04, 0x50]).ends_with("of a kind that is not supported"));
        assert!(damaged(0, &[0, 0, 0, 0x7F]).starts_with("a relocated word at RVA 0x7f000004"));
    }
}
