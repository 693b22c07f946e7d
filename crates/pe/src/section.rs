//! The sections of an image (PE/COFF, "Section Table").

use object::LittleEndian as LE;
use object::pe::{self, ImageSectionHeader};

use crate::error::{PeError, Place};
use crate::image::OptionalHeader;
use crate::machine::check_end;

/// Memory is protected in pages of this size; section contents end at a page's end at the latest.
pub(crate) const PAGE_SIZE: u32 = 4096;

/// A section of an image: a range of its memory with one protection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'a> {
    /// The name in the section header, up to 8 bytes. A longer one, which only the string table holds, stands here
    /// as `/` and an offset.
    pub name: String,
    /// Where the section starts.
    pub rva: u32,
    /// Its size in memory, in bytes. Where the header says 0, the size in the file, as the Windows loader does.
    pub virtual_size: u32,
    /// Its contents in the file, clipped to the virtual size rounded up to a page. The rest is zeros.
    pub data: &'a [u8],
    /// Whether it may be read.
    pub readable: bool,
    /// Whether it may be written.
    pub writable: bool,
    /// Whether it may be executed.
    pub executable: bool,
    /// Whether it may be left out once the image is loaded.
    pub discardable: bool,
}

impl Section<'_> {
    /// The bytes that are mapped: the virtual size, rounded up to a page unless sections are packed closer.
    pub(crate) fn mapped_size(&self, optional: &OptionalHeader) -> u32 {
        let rounded = self.virtual_size.next_multiple_of(optional.section_alignment.min(PAGE_SIZE));
        rounded.min(optional.size_of_image - self.rva)
    }
}

/// The sections, checked against the file, the image and one another.
pub(crate) fn read_sections<'a>(
    bytes: &'a [u8],
    headers: &[ImageSectionHeader],
    optional: &OptionalHeader,
) -> Result<Vec<Section<'a>>, PeError> {
    let mut sections = Vec::with_capacity(headers.len());
    let mut free_from = optional.size_of_headers;
    for header in headers {
        let section = read_section(bytes, header, optional)?;
        let malformed = |why| {
            let what = format!("section {}", section.name);
            Err(PeError::malformed(what, Place::Rva(section.rva), why))
        };
        if section.rva < free_from {
            return malformed("it overlaps the headers or the section before it");
        }
        if section.rva % optional.section_alignment != 0 {
            return malformed("its address is not aligned");
        }
        free_from = section.rva.saturating_add(section.virtual_size);
        sections.push(section);
    }
    Ok(sections)
}

fn read_section<'a>(
    bytes: &'a [u8],
    header: &ImageSectionHeader,
    optional: &OptionalHeader,
) -> Result<Section<'a>, PeError> {
    let name_len = header.name.iter().position(|byte| *byte == 0).unwrap_or(header.name.len());
    let name = String::from_utf8_lossy(header.name.get(..name_len).unwrap_or_default()).into_owned();
    let rva = header.virtual_address.get(LE);
    let raw_offset = header.pointer_to_raw_data.get(LE);
    let raw_size = if raw_offset == 0 { 0 } else { header.size_of_raw_data.get(LE) };
    let virtual_size = match header.virtual_size.get(LE) {
        0 => raw_size,
        size => size,
    };
    if rva.checked_add(virtual_size).is_none_or(|end| end > optional.size_of_image) {
        let what = format!("section {name}");
        return Err(PeError::malformed(what, Place::Rva(rva), "it reaches beyond the size of the image"));
    }
    let raw_end = u64::from(raw_offset) + u64::from(raw_size);
    check_end(bytes, raw_end, format!("the data of section {name}"))?;

    let flags = header.characteristics.get(LE).0;
    let has = |flag: pe::SectionFlags| flags & flag.0 != 0;
    let mut section = Section {
        name,
        rva,
        virtual_size,
        data: &[],
        readable: has(pe::IMAGE_SCN_MEM_READ),
        writable: has(pe::IMAGE_SCN_MEM_WRITE),
        executable: has(pe::IMAGE_SCN_MEM_EXECUTE),
        discardable: has(pe::IMAGE_SCN_MEM_DISCARDABLE),
    };
    let used = raw_size.min(section.mapped_size(optional)) as usize;
    let data = bytes.get(raw_offset as usize..).and_then(|tail| tail.get(..used));
    section.data = data.unwrap_or_default();
    Ok(section)
}
