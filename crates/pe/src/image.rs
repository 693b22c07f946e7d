//! The headers of a PE image, and what they say about the whole.

use object::LittleEndian as LE;
use object::pe::{self, ImageDataDirectory, ImageOptionalHeader32, ImageOptionalHeader64};
use object::pod::Pod;
use object::read::ReadRef;
use object::read::pe::ImageOptionalHeader;

use crate::error::{PeError, Place};
use crate::machine::{Kind, Machine, check_end, header_at};
use crate::section::{PAGE_SIZE, Section, read_sections};

/// The largest `SizeOfImage` that is accepted, in bytes: 256 MiB, far beyond any driver.
pub const MAX_IMAGE_SIZE: u32 = 256 << 20;

/// The Windows loader takes at most this many sections (PE/COFF, "COFF File Header", NumberOfSections).
const MAX_SECTIONS: u64 = 96;

/// Where Wine's linker leaves its mark: in the DOS stub.
const WINE_MARK_OFFSET: usize = 0x40;

/// What Wine says about a file that it has made itself, in the file's DOS stub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WineMark {
    /// One of Wine's own libraries, with its code.
    Builtin,
    /// What stands in a Wine prefix for one of Wine's own libraries: a file without code.
    Placeholder,
}

/// Wine's mark on the file with these bytes, if it has one. Reads only the DOS stub.
pub fn wine_mark(bytes: &[u8]) -> Option<WineMark> {
    let stub = bytes.get(WINE_MARK_OFFSET..)?;
    let marks: [(&[u8], WineMark); 2] =
        [(b"Wine builtin DLL", WineMark::Builtin), (b"Wine placeholder DLL", WineMark::Placeholder)];
    marks.into_iter().find(|(text, _)| stub.starts_with(text)).map(|(_, mark)| mark)
}

/// A PE32 or PE32+ image whose headers and section table have been checked.
///
/// Addresses are relative to the image base (RVA) unless a name says otherwise.
#[derive(Debug, Clone)]
pub struct Image<'a> {
    bytes: &'a [u8],
    machine: Machine,
    timestamp: u32,
    characteristics: u16,
    pub(crate) optional: OptionalHeader,
    directories: &'a [ImageDataDirectory],
    pub(crate) sections: Vec<Section<'a>>,
}

/// The fields used of either optional header (PE/COFF, "Optional Header").
#[derive(Debug, Clone, Copy)]
pub(crate) struct OptionalHeader {
    is_64: bool,
    image_base: u64,
    pub(crate) size_of_image: u32,
    pub(crate) size_of_headers: u32,
    entry_rva: u32,
    pub(crate) section_alignment: u32,
    file_alignment: u32,
    dll_characteristics: u16,
    directory_count: u32,
    /// The header's own length without the directories.
    len: u64,
}

impl OptionalHeader {
    fn read<H: ImageOptionalHeader>(bytes: &[u8], offset: u64, is_64: bool) -> Result<Self, PeError> {
        let header: &H = header_at(bytes, offset, "the optional header")?;
        Ok(Self {
            is_64,
            image_base: header.image_base(),
            size_of_image: header.size_of_image(),
            size_of_headers: header.size_of_headers(),
            entry_rva: header.address_of_entry_point(),
            section_alignment: header.section_alignment(),
            file_alignment: header.file_alignment(),
            dll_characteristics: header.dll_characteristics().0,
            directory_count: header.number_of_rva_and_sizes(),
            len: size_of::<H>() as u64,
        })
    }

    fn check(&self, offset: u64) -> Result<(), PeError> {
        let malformed = |why| Err(PeError::malformed("the optional header", Place::File(offset), why));
        PeError::limit("the size of the image", self.size_of_image.into(), MAX_IMAGE_SIZE.into())?;
        if !self.section_alignment.is_power_of_two() {
            return malformed("the section alignment is no power of two");
        }
        // PE/COFF, "Optional Header Windows-Specific Fields", FileAlignment: such an image is mapped as it lies in the file.
        if self.section_alignment < PAGE_SIZE && self.section_alignment != self.file_alignment {
            return malformed(
                "its sections are aligned to less than a page in memory, and not to the same in the file",
            );
        }
        if self.size_of_headers > self.size_of_image {
            return malformed("the headers are larger than the image");
        }
        if self.entry_rva >= self.size_of_image && self.entry_rva != 0 {
            return malformed("the entry point lies outside the image");
        }
        let last_address = if self.is_64 { u64::MAX } else { u32::MAX.into() };
        if self.image_base.checked_add(self.size_of_image.into()).is_none_or(|end| end > last_address) {
            return malformed("the image reaches beyond the address space");
        }
        Ok(())
    }
}

impl<'a> Image<'a> {
    /// Checks the headers and the section table of a PE file.
    ///
    /// # Errors
    /// Those of [`identify`](crate::identify); [`PeError::SixteenBit`] for a 16-bit file; and an error that names
    /// the header or section which is cut, lies outside the image, overlaps another, or is too large.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, PeError> {
        let Kind::Pe { header, optional_offset } = Kind::of(bytes)? else {
            return Err(PeError::SixteenBit);
        };
        let machine = Machine::from_number(header.machine.get(LE).0);
        let magic: &[u8; 2] = header_at(bytes, optional_offset, "the optional header")?;
        let optional = match u16::from_le_bytes(*magic) {
            pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC => {
                OptionalHeader::read::<ImageOptionalHeader32>(bytes, optional_offset, false)?
            }
            pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC => {
                OptionalHeader::read::<ImageOptionalHeader64>(bytes, optional_offset, true)?
            }
            _ => {
                let why = "its magic number is neither that of PE32 nor that of PE32+";
                return Err(PeError::malformed("the optional header", Place::File(optional_offset), why));
            }
        };
        if matches!(machine, Machine::I386 | Machine::X86_64) && machine.is_64() != optional.is_64 {
            let why = "its width is not that of the machine";
            return Err(PeError::malformed("the optional header", Place::File(optional_offset), why));
        }
        optional.check(optional_offset)?;
        check_end(bytes, optional.size_of_headers.into(), "the headers")?;

        let declared_len = u64::from(header.size_of_optional_header.get(LE));
        let directory_count = optional.directory_count.min(pe::IMAGE_NUMBEROF_DIRECTORY_ENTRIES as u32);
        let directories_len = u64::from(directory_count) * size_of::<ImageDataDirectory>() as u64;
        if optional.len + directories_len > declared_len {
            let why = "it has no room for its data directories";
            return Err(PeError::malformed("the optional header", Place::File(optional_offset), why));
        }
        check_end(bytes, optional_offset + declared_len, "the data directories")?;
        let directories = slice_at(bytes, optional_offset + optional.len, directory_count as usize)?;

        let section_count = u64::from(header.number_of_sections.get(LE));
        PeError::limit("the number of sections", section_count, MAX_SECTIONS)?;
        let table_offset = optional_offset + declared_len;
        let table_len = section_count * pe::IMAGE_SIZEOF_SECTION_HEADER as u64;
        check_end(bytes, table_offset + table_len, "the section table")?;
        let headers = slice_at(bytes, table_offset, section_count as usize)?;

        Ok(Self {
            bytes,
            machine,
            timestamp: header.time_date_stamp.get(LE),
            characteristics: header.characteristics.get(LE).0,
            optional,
            directories,
            sections: read_sections(bytes, headers, &optional)?,
        })
    }

    /// The processor the image is for.
    pub fn machine(&self) -> Machine {
        self.machine
    }

    /// Whether the image is PE32+ (64-bit) rather than PE32.
    pub fn is_64(&self) -> bool {
        self.optional.is_64
    }

    /// The address the image was linked for.
    pub fn image_base(&self) -> u64 {
        self.optional.image_base
    }

    /// The size in memory in bytes, at most [`MAX_IMAGE_SIZE`]. Every section lies within it.
    pub fn size_of_image(&self) -> u32 {
        self.optional.size_of_image
    }

    /// The size of all headers in bytes, not more than the image's.
    pub fn size_of_headers(&self) -> u32 {
        self.optional.size_of_headers
    }

    /// The file's headers, as they are mapped at RVA 0.
    pub fn headers(&self) -> &'a [u8] {
        self.bytes.get(..self.optional.size_of_headers as usize).unwrap_or(self.bytes)
    }

    /// Where execution starts (`DllMain`'s caller for a library), 0 if nowhere.
    pub fn entry_rva(&self) -> u32 {
        self.optional.entry_rva
    }

    /// What section addresses are a multiple of, in bytes: a power of two.
    pub fn section_alignment(&self) -> u32 {
        self.optional.section_alignment
    }

    /// Whether the image is a library.
    pub fn is_dll(&self) -> bool {
        self.characteristics & pe::IMAGE_FILE_DLL.0 != 0
    }

    /// Whether the image says that it runs with data pages not executable.
    pub fn nx_compat(&self) -> bool {
        self.optional.dll_characteristics & pe::IMAGE_DLLCHARACTERISTICS_NX_COMPAT.0 != 0
    }

    /// Whether the linker left the relocations out, so that the image runs only at its [`Image::image_base`].
    pub fn relocs_stripped(&self) -> bool {
        self.characteristics & pe::IMAGE_FILE_RELOCS_STRIPPED.0 != 0
    }

    /// When the image was linked: seconds since 1970, or a hash in reproducible builds.
    pub fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// The sections, by ascending address, none overlapping another or the headers.
    pub fn sections(&self) -> &[Section<'a>] {
        &self.sections
    }

    /// Whether the file carries the mark of Wine's own libraries in its DOS stub.
    ///
    /// Such libraries lay out the 64-bit ACM structures differently (spec section 4.2, "64-bit layout hazard").
    pub fn is_wine_builtin(&self) -> bool {
        wine_mark(self.bytes) == Some(WineMark::Builtin)
    }

    /// Address and size of the table of functions, by which 64-bit code is unwound (PE/COFF, "The .pdata Section"); `None` if there is none.
    pub fn function_table(&self) -> Option<(u32, u32)> {
        self.directory(pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION)
    }

    /// Address and size of a data directory; `None` if the image has none at that index.
    pub(crate) fn directory(&self, index: usize) -> Option<(u32, u32)> {
        self.directories.get(index).map(ImageDataDirectory::address_range).filter(|(rva, _)| *rva != 0)
    }
}

fn slice_at<T: Pod>(bytes: &[u8], offset: u64, count: usize) -> Result<&[T], PeError> {
    let unreadable = |()| PeError::malformed("a header table", Place::File(offset), "it cannot be read");
    bytes.read_slice_at(offset, count).map_err(unreadable)
}
