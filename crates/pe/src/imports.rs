//! What an image needs of other libraries: the import and the delay-load import directory.

use std::fmt;

use object::LittleEndian as LE;
use object::pe::{self, ImageDelayloadDescriptor, ImageImportDescriptor};

use crate::error::{PeError, Place};
use crate::image::Image;
use crate::reading::{NameBudget, entry_rva};

/// The most libraries an image may import from.
const MAX_LIBRARIES: u64 = 4096;

/// The most symbols an image may import in all.
const MAX_IMPORTS: u64 = 65_536;

/// One imported symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The library's file name as the image spells it, such as `KERNEL32.dll`.
    pub library: String,
    /// Which of the library's exports is meant.
    pub symbol: Symbol,
    /// The slot of the import address table to be patched with the symbol's address, pointer-sized, in the image.
    pub thunk_rva: u32,
    /// Whether the image is content to have it patched on first use.
    pub delayed: bool,
}

/// How a symbol is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// By name.
    Name(String),
    /// By its number in the library.
    Ordinal(u16),
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ordinal(ordinal) => write!(f, "#{ordinal}"),
        }
    }
}

impl Image<'_> {
    /// All imports: those to be bound at load time, then the delayed ones, each in the order of the file.
    ///
    /// # Errors
    /// If a descriptor, a name or a slot lies outside the image, or a count is beyond its limit.
    pub fn imports(&self) -> Result<Vec<Import>, PeError> {
        let mut reader = Reader { image: self, imports: Vec::new(), names: NameBudget::new() };
        if let Some((rva, _)) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_IMPORT) {
            reader.read_ordinary(rva)?;
        }
        if let Some((rva, size)) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT) {
            reader.read_delayed(rva, size)?;
        }
        Ok(reader.imports)
    }
}

/// Collects the imports of one image.
struct Reader<'i, 'a> {
    image: &'i Image<'a>,
    imports: Vec<Import>,
    names: NameBudget,
}

/// One library's two parallel tables: the names, and the slots to patch.
struct Thunks<'n> {
    library: &'n [u8],
    names_rva: u32,
    slots_rva: u32,
    delayed: bool,
    /// What is subtracted from a name's address to get its RVA: 0, but the image base in old delay-load tables.
    base: u64,
}

impl Reader<'_, '_> {
    /// PE/COFF, "The .idata Section".
    fn read_ordinary(&mut self, rva: u32) -> Result<(), PeError> {
        const WHAT: &str = "an import descriptor";
        for index in 0_u32.. {
            PeError::limit("the number of imported libraries", index.into(), MAX_LIBRARIES)?;
            let descriptor: ImageImportDescriptor = self
                .image
                .read(entry_rva(rva, index, size_of::<ImageImportDescriptor>() as u32, WHAT)?, WHAT)?;
            let (name, slots_rva) = (descriptor.name.get(LE), descriptor.first_thunk.get(LE));
            if name == 0 || slots_rva == 0 {
                break;
            }
            // Borland's linker writes no name table: the slots hold the names until they are bound.
            let names_rva = match descriptor.original_first_thunk.get(LE) {
                0 => slots_rva,
                names_rva => names_rva,
            };
            let library = self.image.text_at(name, "the name of an imported library")?;
            self.read_thunks(&Thunks { library, names_rva, slots_rva, delayed: false, base: 0 })?;
        }
        Ok(())
    }

    /// PE/COFF, "Delay-Load Import Tables". Tables without the RVA flag hold absolute addresses throughout. The table ends with an empty
    /// entry, or with the directory: GNU's tools make none that is empty.
    fn read_delayed(&mut self, rva: u32, size: u32) -> Result<(), PeError> {
        const WHAT: &str = "a delay-load descriptor";
        let end = match size / size_of::<ImageDelayloadDescriptor>() as u32 {
            0 => u32::MAX,
            entries => entries,
        };
        for index in 0..end {
            PeError::limit("the number of delay-loaded libraries", index.into(), MAX_LIBRARIES)?;
            let descriptor: ImageDelayloadDescriptor = self
                .image
                .read(entry_rva(rva, index, size_of::<ImageDelayloadDescriptor>() as u32, WHAT)?, WHAT)?;
            if descriptor.dll_name_rva.get(LE) == 0 {
                break;
            }
            let rva_based = descriptor.attributes.get(LE) & pe::IMAGE_DELAYLOAD_RVA_BASED != 0;
            let base = if rva_based { 0 } else { self.image.image_base() };
            let address = |value: u32| to_rva(value.into(), base, WHAT);
            let name_rva = address(descriptor.dll_name_rva.get(LE))?;
            let library = self.image.text_at(name_rva, "the name of a delay-loaded library")?;
            let names_rva = address(descriptor.import_name_table_rva.get(LE))?;
            let slots_rva = address(descriptor.import_address_table_rva.get(LE))?;
            self.read_thunks(&Thunks { library, names_rva, slots_rva, delayed: true, base })?;
        }
        Ok(())
    }

    fn read_thunks(&mut self, thunks: &Thunks<'_>) -> Result<(), PeError> {
        const WHAT: &str = "an import address table";
        let size = self.image.pointer_size();
        for index in 0_u32.. {
            PeError::limit("the number of imports", self.imports.len() as u64, MAX_IMPORTS)?;
            let name_rva = entry_rva(thunks.names_rva, index, size, "an import name table")?;
            let value = self.image.pointer_at(name_rva, "an import name table")?;
            if value == 0 {
                break;
            }
            let thunk_rva = entry_rva(thunks.slots_rva, index, size, WHAT)?;
            self.image.check_inside(thunk_rva, size, WHAT)?;
            let symbol = self.symbol(value, thunks.base)?;
            let library = self.names.text(thunks.library)?;
            self.imports.push(Import { library, symbol, thunk_rva, delayed: thunks.delayed });
        }
        Ok(())
    }

    /// The symbol that an entry of an import name table means (PE/COFF, "Import Lookup Table").
    fn symbol(&mut self, value: u64, base: u64) -> Result<Symbol, PeError> {
        let by_ordinal = 1 << (self.image.pointer_size() * 8 - 1);
        if value & by_ordinal != 0 {
            return Ok(Symbol::Ordinal(value as u16));
        }
        let hint_rva = to_rva(value, base, "an imported name")?;
        // Two bytes of hint, which only saves Windows a search, come before the name.
        let name_rva = entry_rva(hint_rva, 1, 2, "an imported name")?;
        let name = self.image.text_at(name_rva, "an imported name")?;
        self.names.text(name).map(Symbol::Name)
    }
}

fn to_rva(value: u64, base: u64, what: &'static str) -> Result<u32, PeError> {
    value
        .checked_sub(base)
        .and_then(|rva| u32::try_from(rva).ok())
        .ok_or_else(|| PeError::malformed(what, Place::Va(value), "it lies outside the image"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::Builder;
    use crate::machine::Machine;

    fn named(name: &str) -> Symbol {
        Symbol::Name(name.to_owned())
    }

    #[test]
    fn names_and_ordinals_of_both_widths_are_read() {
        for machine in [Machine::I386, Machine::X86_64] {
            let file = Builder::new(machine)
                .import("KERNEL32.dll", named("Sleep"))
                .import("MSACM32.dll", Symbol::Ordinal(12))
                .import("KERNEL32.dll", named("HeapAlloc"))
                .build();
            let imports = Image::parse(&file).unwrap().imports().unwrap();
            let told: Vec<_> = imports.iter().map(|i| format!("{}!{}", i.library, i.symbol)).collect();
            assert_eq!(told, ["KERNEL32.dll!Sleep", "KERNEL32.dll!HeapAlloc", "MSACM32.dll!#12"]);
            let pointer = if machine.is_64() { 8 } else { 4 };
            assert_eq!(imports[1].thunk_rva, imports[0].thunk_rva + pointer);
            assert!(imports.iter().all(|import| !import.delayed));
        }
    }

    /// Without a name table the names are taken from the slots.
    #[test]
    fn images_without_a_name_table_are_read() {
        let mut file = Builder::new(Machine::I386).import("WINMM.dll", named("timeGetTime")).build();
        let before = Image::parse(&file).unwrap().imports().unwrap();
        let descriptor = Builder::file_offset(&file, pe::IMAGE_DIRECTORY_ENTRY_IMPORT).unwrap();
        file[descriptor..descriptor + 4].fill(0);
        assert_eq!(Image::parse(&file).unwrap().imports().unwrap(), before);
    }

    #[test]
    fn delayed_imports_are_read_in_both_forms() {
        for rva_based in [true, false] {
            let file = Builder::new(Machine::I386)
                .directory(pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT, move |rva| {
                    let base = if rva_based { 0 } else { Builder::image_base(Machine::I386) as u32 };
                    let at = |offset: u32| base + rva + offset;
                    let fields = [u32::from(rva_based), at(88), 0, at(80), at(64), 0, 0, 0];
                    let mut table: Vec<u8> = fields.iter().flat_map(|field| field.to_le_bytes()).collect();
                    table.resize(64, 0);
                    table.extend(at(98).to_le_bytes());
                    table.extend(0x8000_0007_u32.to_le_bytes());
                    table.resize(88, 0);
                    table.extend(b"WINMM.dll\0\0\0mixerOpen\0");
                    table
                })
                .build();
            let imports = Image::parse(&file).unwrap().imports().unwrap();
            assert_eq!(imports.len(), 2);
            assert_eq!(imports[0].symbol, named("mixerOpen"));
            assert_eq!(imports[1].symbol, Symbol::Ordinal(7));
            assert_eq!(imports[1].thunk_rva, imports[0].thunk_rva + 4);
            assert!(imports.iter().all(|import| import.delayed && import.library == "WINMM.dll"));
        }
    }

    #[test]
    fn delayed_libraries_end_with_the_directory() {
        let file = Builder::new(Machine::I386)
            .directory(pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT, |rva| {
                let fields = [1, rva, 0, rva, rva, 0, 0, 0];
                fields.iter().flat_map(|field: &u32| field.to_le_bytes()).collect()
            })
            .directory(pe::IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT, |_| vec![0x90; 64])
            .build();
        let imports = Image::parse(&file).unwrap().imports().unwrap();
        // Its names are its own fields, up to the first that is 0.
        assert_eq!(imports.len(), 2);
    }

    #[test]
    fn a_table_outside_the_image_is_an_error() {
        let mut file = Builder::new(Machine::X86_64).import("A.dll", named("b")).build();
        let descriptor = Builder::file_offset(&file, pe::IMAGE_DIRECTORY_ENTRY_IMPORT).unwrap();
        file[descriptor + 16..descriptor + 20].copy_from_slice(&0x7FFF_0000_u32.to_le_bytes());
        let error = Image::parse(&file).unwrap().imports().unwrap_err().to_string();
        assert!(error.starts_with("an import address table at RVA 0x7fff0000 is damaged"), "{error}");
    }
}
