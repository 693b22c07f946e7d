//! Builds small images for tests: valid libraries of any machine and of either width, without a compiler.
//!
//! The image has three sections: `.text` at RVA 0x1000 (readable, executable), `.data` (readable, writable; it
//! holds all directories) and `.reloc`. Tests that want a damaged image change bytes of a valid one.

mod directories;

use object::pe;

use crate::image::Image;
use crate::imports::Symbol;
use crate::machine::Machine;
use directories::{dwords, export_directory, import_directory, relocation_directory, words};

const SECTION_ALIGNMENT: u32 = 0x1000;
const FILE_ALIGNMENT: u32 = 0x200;
const PE_OFFSET: u32 = 0x80;
const HEADERS_LEN: u32 = 0x400;
const DIRECTORY_COUNT: usize = pe::IMAGE_NUMBEROF_DIRECTORY_ENTRIES;

/// Makes a directory's bytes, given the RVA they will stand at.
type Directory = Box<dyn FnOnce(u32) -> Vec<u8>>;

/// An image being put together. All offsets are into the code.
pub struct Builder {
    machine: Machine,
    code: Vec<u8>,
    entry: Option<u32>,
    exports: Vec<(String, u32)>,
    imports: Vec<(String, Vec<Symbol>)>,
    relocations: Vec<u32>,
    directories: Vec<(usize, Directory)>,
}

impl Builder {
    /// A library without code, PE32+ if the machine is 64 bits wide and PE32 if not.
    pub fn new(machine: Machine) -> Self {
        Self {
            machine,
            code: Vec::new(),
            entry: None,
            exports: Vec::new(),
            imports: Vec::new(),
            relocations: Vec::new(),
            directories: Vec::new(),
        }
    }

    /// The address that images for this machine are linked for.
    pub fn image_base(machine: Machine) -> u64 {
        if machine.is_64() { 0x1_8000_0000 } else { 0x1000_0000 }
    }

    /// The contents of `.text`.
    pub fn code(mut self, code: &[u8]) -> Self {
        self.code = code.to_vec();
        self
    }

    /// Makes the entry point the code at this offset. Without it the image has none.
    pub fn entry(mut self, offset: u32) -> Self {
        self.entry = Some(offset);
        self
    }

    /// Exports the code at this offset.
    pub fn export(mut self, name: &str, offset: u32) -> Self {
        self.exports.push((name.to_owned(), offset));
        self
    }

    /// Imports a symbol. [`Image::imports`] tells the slot it gets, which is the same in images that differ only in
    /// the bytes of their code.
    pub fn import(mut self, library: &str, symbol: Symbol) -> Self {
        match self.imports.iter_mut().find(|(name, _)| name == library) {
            Some((_, symbols)) => symbols.push(symbol),
            None => self.imports.push((library.to_owned(), vec![symbol])),
        }
        self
    }

    /// Marks the pointer at this offset for relocation.
    pub fn relocation(mut self, offset: u32) -> Self {
        self.relocations.push(offset);
        self
    }

    /// Adds a data directory by its index (PE/COFF, "Optional Header Data Directories"); `build` makes its bytes,
    /// given the RVA they will stand at.
    pub fn directory(mut self, index: usize, build: impl FnOnce(u32) -> Vec<u8> + 'static) -> Self {
        self.directories.push((index, Box::new(build)));
        self
    }

    /// Where in the file the data directory with this index is.
    pub fn file_offset(file: &[u8], index: usize) -> Option<usize> {
        let image = Image::parse(file).ok()?;
        let (rva, size) = image.directory(index)?;
        let data = image.bytes_at(rva, size, "a data directory").ok()?;
        Some(data.as_ptr().addr() - file.as_ptr().addr())
    }

    /// The bytes of the finished file.
    pub fn build(mut self) -> Vec<u8> {
        let text_rva = SECTION_ALIGNMENT;
        let data_rva = text_rva + (self.code.len() as u32).max(1).next_multiple_of(SECTION_ALIGNMENT);
        let mut directories = [(0, 0); DIRECTORY_COUNT];
        let mut data = Vec::new();
        let exports = std::mem::take(&mut self.exports);
        if !exports.is_empty() {
            let build = move |rva| export_directory(rva, text_rva, exports);
            self.directories.push((pe::IMAGE_DIRECTORY_ENTRY_EXPORT, Box::new(build)));
        }
        let (imports, is_64) = (std::mem::take(&mut self.imports), self.machine.is_64());
        if !imports.is_empty() {
            let build = move |rva| import_directory(rva, is_64, &imports);
            self.directories.push((pe::IMAGE_DIRECTORY_ENTRY_IMPORT, Box::new(build)));
        }
        for (index, build) in std::mem::take(&mut self.directories) {
            data.resize(data.len().next_multiple_of(16), 0);
            let rva = data_rva + data.len() as u32;
            let bytes = build(rva);
            if let Some(directory) = directories.get_mut(index) {
                *directory = (rva, bytes.len() as u32);
            }
            data.extend(bytes);
        }
        let reloc_rva = data_rva + (data.len() as u32).max(1).next_multiple_of(SECTION_ALIGNMENT);
        let reloc = relocation_directory(text_rva, is_64, &self.relocations);
        if !reloc.is_empty() {
            directories[pe::IMAGE_DIRECTORY_ENTRY_BASERELOC] = (reloc_rva, reloc.len() as u32);
        }
        let (read, write) = (pe::IMAGE_SCN_MEM_READ.0, pe::IMAGE_SCN_MEM_WRITE.0);
        let (execute, discard) = (pe::IMAGE_SCN_MEM_EXECUTE.0, pe::IMAGE_SCN_MEM_DISCARDABLE.0);
        let sections = [
            (".text", text_rva, std::mem::take(&mut self.code), read | execute),
            (".data", data_rva, data, read | write),
            (".reloc", reloc_rva, reloc, read | discard),
        ];
        self.assemble(&directories, &sections)
    }

    /// Headers and section table, then the contents of the sections.
    fn assemble(&self, directories: &[(u32, u32)], sections: &[(&str, u32, Vec<u8>, u32)]) -> Vec<u8> {
        let is_64 = self.machine.is_64();
        let wide: fn(u64) -> Vec<u8> =
            if is_64 { |v| v.to_le_bytes().to_vec() } else { |v| (v as u32).to_le_bytes().to_vec() };
        let mut file = b"MZ".to_vec();
        file.resize(0x18, 0);
        file.push(0x40);
        file.resize(0x3C, 0);
        file.extend(PE_OFFSET.to_le_bytes());
        file.resize(PE_OFFSET as usize, 0);
        file.extend(b"PE\0\0");
        let optional_len = if is_64 { 112 } else { 96 } + directories.len() * 8;
        let characteristics = pe::IMAGE_FILE_EXECUTABLE_IMAGE.0 | pe::IMAGE_FILE_DLL.0;
        words(&mut file, &[self.machine.number(), sections.len() as u16]);
        dwords(&mut file, &[0, 0, 0]);
        words(&mut file, &[optional_len as u16, characteristics]);

        let image_end = sections.iter().map(|(_, rva, bytes, _)| rva + (bytes.len() as u32).max(1)).max();
        let image_size = image_end.unwrap_or(HEADERS_LEN).next_multiple_of(SECTION_ALIGNMENT);
        let entry = self.entry.map_or(0, |offset| SECTION_ALIGNMENT + offset);
        words(&mut file, &[if is_64 { 0x20B } else { 0x10B }, 0]);
        dwords(&mut file, &[0, 0, 0, entry, SECTION_ALIGNMENT]);
        if !is_64 {
            dwords(&mut file, &[0]);
        }
        file.extend(wide(Self::image_base(self.machine)));
        dwords(&mut file, &[SECTION_ALIGNMENT, FILE_ALIGNMENT, 4, 0, 4, 0, image_size, HEADERS_LEN, 0]);
        words(&mut file, &[pe::IMAGE_SUBSYSTEM_WINDOWS_GUI.0, pe::IMAGE_DLLCHARACTERISTICS_NX_COMPAT.0]);
        for size in [0x10_0000, 0x1000, 0x10_0000, 0x1000] {
            file.extend(wide(size));
        }
        dwords(&mut file, &[0, directories.len() as u32]);
        for (rva, size) in directories {
            dwords(&mut file, &[*rva, *size]);
        }

        let mut offset = HEADERS_LEN;
        for (name, rva, bytes, flags) in sections {
            let size = (bytes.len() as u32).max(1);
            let raw_size = raw_size(bytes);
            let mut name = name.as_bytes().to_vec();
            name.resize(8, 0);
            file.extend(name);
            dwords(&mut file, &[size, *rva, raw_size, offset, 0, 0, 0, *flags]);
            offset += raw_size;
        }
        file.resize(HEADERS_LEN as usize, 0);
        for (_, _, bytes, _) in sections {
            let end = file.len() + raw_size(bytes) as usize;
            file.extend(bytes);
            file.resize(end, 0);
        }
        file
    }
}

/// The space a section takes in the file. None is empty, so that each has a place there.
fn raw_size(bytes: &[u8]) -> u32 {
    (bytes.len() as u32).max(1).next_multiple_of(FILE_ALIGNMENT)
}
