//! What an image offers to others: the export directory (PE/COFF, "The .edata Section").

use object::LittleEndian as LE;
use object::U16;
use object::pe::{self, ImageExportDirectory};

use crate::error::{PeError, Place};
use crate::image::Image;
use crate::imports::Symbol;
use crate::reading::{NameBudget, entry_rva};

/// The most functions, and the most names, an image may export: ordinals are 16 bits wide.
const MAX_EXPORTS: u64 = 65_536;

/// One exported name, or one export that has a number only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The name, if it has one. An export with two names is listed twice.
    pub name: Option<String>,
    /// The number by which it can be imported.
    pub ordinal: u32,
    /// Where it leads.
    pub target: ExportTarget,
}

/// Where an export leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportTarget {
    /// To code or data in this image.
    Rva(u32),
    /// To an export of another library.
    Forward {
        /// The library, usually without its `.dll`.
        library: String,
        /// The export in that library.
        symbol: Symbol,
    },
}

impl Image<'_> {
    /// All exports: the named ones in the order of the name table (by name in a well-made image), then those that
    /// have a number only.
    ///
    /// # Errors
    /// If a table, a name or a target lies outside the image, or a count is beyond its limit.
    pub fn exports(&self) -> Result<Vec<Export>, PeError> {
        const WHAT: &str = "the export table";
        let Some(range) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_EXPORT) else {
            return Ok(Vec::new());
        };
        let directory: ImageExportDirectory = self.read(range.0, WHAT)?;
        let function_count = directory.number_of_functions.get(LE);
        let name_count = directory.number_of_names.get(LE);
        PeError::limit("the number of exported functions", function_count.into(), MAX_EXPORTS)?;
        PeError::limit("the number of exported names", name_count.into(), MAX_EXPORTS)?;

        let functions_rva = directory.address_of_functions.get(LE);
        let functions = (0..function_count)
            .map(|index| self.u32_at(entry_rva(functions_rva, index, 4, WHAT)?, "the export address table"))
            .collect::<Result<Vec<u32>, PeError>>()?;
        let ordinal_base = directory.base.get(LE);
        let mut named = vec![false; functions.len()];
        let mut names = NameBudget::new();
        let mut exports = Vec::new();
        let mut push = |names: &mut NameBudget, name: Option<String>, index: u32, rva: u32| {
            let ordinal = ordinal_base.checked_add(index).ok_or_else(|| {
                PeError::malformed(WHAT, Place::Rva(range.0), "its ordinals are beyond 32 bits")
            })?;
            let target = self.export_target(rva, range, names)?;
            exports.push(Export { name, ordinal, target });
            Ok::<(), PeError>(())
        };

        for entry in 0..name_count {
            let pointer_rva = entry_rva(directory.address_of_names.get(LE), entry, 4, WHAT)?;
            let index_rva = entry_rva(directory.address_of_name_ordinals.get(LE), entry, 2, WHAT)?;
            let index: U16<LE> = self.read(index_rva, "the export ordinal table")?;
            let index = index.get(LE);
            let (Some(rva), Some(named)) =
                (functions.get(usize::from(index)), named.get_mut(usize::from(index)))
            else {
                let why = "a name belongs to no function";
                return Err(PeError::malformed("the export ordinal table", Place::Rva(index_rva), why));
            };
            *named = true;
            let name_rva = self.u32_at(pointer_rva, "the export name table")?;
            let name = names.text(self.text_at(name_rva, "an exported name")?)?;
            push(&mut names, Some(name), index.into(), *rva)?;
        }
        for ((index, rva), named) in (0..).zip(&functions).zip(&named) {
            // An entry of 0 fills a gap between ordinals.
            if !named && *rva != 0 {
                push(&mut names, None, index, *rva)?;
            }
        }
        Ok(exports)
    }

    /// The export with this name. Names are compared byte by byte, as Windows does.
    ///
    /// # Errors
    /// Those of [`Image::exports`].
    pub fn export(&self, name: &str) -> Result<Option<Export>, PeError> {
        Ok(self.exports()?.into_iter().find(|export| export.name.as_deref() == Some(name)))
    }

    /// An address within the export directory itself is that of a forwarder text (PE/COFF, "Export Address Table").
    fn export_target(
        &self,
        rva: u32,
        (directory, size): (u32, u32),
        names: &mut NameBudget,
    ) -> Result<ExportTarget, PeError> {
        const WHAT: &str = "an exported address";
        if rva.checked_sub(directory).is_none_or(|offset| offset >= size) {
            self.check_inside(rva, 1, WHAT)?;
            return Ok(ExportTarget::Rva(rva));
        }
        let text = names.text(self.text_at(rva, "an export forwarder")?)?;
        let malformed = |why| PeError::malformed("an export forwarder", Place::Rva(rva), why);
        let (library, symbol) =
            text.rsplit_once('.').ok_or_else(|| malformed("it names no library and symbol"))?;
        let symbol = match symbol.strip_prefix('#') {
            Some(ordinal) => {
                let ordinal = ordinal.parse();
                Symbol::Ordinal(ordinal.map_err(|_| malformed("its ordinal is not a 16-bit number"))?)
            }
            None => Symbol::Name(symbol.to_owned()),
        };
        Ok(ExportTarget::Forward { library: library.to_owned(), symbol })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::Builder;
    use crate::machine::Machine;

    #[test]
    fn exports_are_found_by_name() {
        for machine in [Machine::I386, Machine::X86_64] {
            let file = Builder::new(machine)
                .code(&[0xC3; 32])
                .export("modMessage", 16)
                .export("DriverProc", 0)
                .build();
            let image = Image::parse(&file).unwrap();
            let names: Vec<_> = image.exports().unwrap().into_iter().filter_map(|e| e.name).collect();
            assert_eq!(names, ["DriverProc", "modMessage"]);
            let text = image.sections()[0].rva;
            let export = image.export("modMessage").unwrap().unwrap();
            assert_eq!(export.target, ExportTarget::Rva(text + 16));
            assert_eq!(image.export("driverproc").unwrap(), None);
        }
        let file = Builder::new(Machine::I386).build();
        assert_eq!(Image::parse(&file).unwrap().exports().unwrap(), []);
    }

    /// Functions 5 (a gap), 6 and 7 (forwarders), 8 (in the image, unnamed); 7 is named.
    fn forwarding(machine: Machine) -> Vec<u8> {
        Builder::new(machine)
            .code(&[0xC3])
            .directory(pe::IMAGE_DIRECTORY_ENTRY_EXPORT, |rva| {
                let fields = [0, 0, 0, 0, 5, 4, 1, rva + 40, rva + 56, rva + 60];
                let functions = [0, rva + 62, rva + 71, 0x1000, rva + 80];
                let mut table: Vec<u8> =
                    fields.iter().chain(&functions).flat_map(|field: &u32| field.to_le_bytes()).collect();
                table.extend([2, 0]);
                table.extend(b"WINMM.#3\0A.B.Call\0Name\0");
                table
            })
            .build()
    }

    #[test]
    fn forwarders_gaps_and_unnamed_exports_are_told_apart() {
        let file = forwarding(Machine::X86_64);
        let exports = Image::parse(&file).unwrap().exports().unwrap();
        let forward = |library: &str, symbol| ExportTarget::Forward { library: library.to_owned(), symbol };
        assert_eq!(
            exports,
            [
                Export {
                    name: Some("Name".to_owned()),
                    ordinal: 7,
                    target: forward("A.B", Symbol::Name("Call".to_owned())),
                },
                Export { name: None, ordinal: 6, target: forward("WINMM", Symbol::Ordinal(3)) },
                Export { name: None, ordinal: 8, target: ExportTarget::Rva(0x1000) },
            ]
        );
    }

    #[test]
    fn a_name_without_a_function_is_an_error() {
        let mut file = forwarding(Machine::I386);
        let table = Builder::file_offset(&file, pe::IMAGE_DIRECTORY_ENTRY_EXPORT).unwrap();
        file[table + 60] = 4;
        let error = Image::parse(&file).unwrap().exports().unwrap_err().to_string();
        assert!(error.ends_with("is damaged: a name belongs to no function"), "{error}");
    }
}
