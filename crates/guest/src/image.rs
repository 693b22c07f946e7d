//! Mapping an image into guest memory.

use std::io;
use std::ops::Range;

use crate::fault::Access;
use crate::layout::{GRANULARITY, IMAGES, PAGE, page_round};
use crate::memory::{Memory, Protection, Violation};
use crate::thread::Machine;

/// An image in guest memory.
#[derive(Debug, Clone)]
pub struct Module {
    /// The file's name without directory.
    pub name: String,
    /// Its base address: the module handle.
    pub base: u64,
    /// Bytes from the base to the end of the last page.
    pub size: u64,
    /// The entry point's address, if it has one.
    pub entry: Option<u64>,
    /// The callbacks of its TLS directory, in order.
    pub tls_callbacks: Vec<u64>,
    /// Exported functions and data that lie in the image, by name.
    exports: Vec<(String, u64)>,
    /// The same by ordinal.
    ordinals: Vec<(u32, u64)>,
}

impl Module {
    /// The addresses it occupies.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.base..self.base + self.size
    }

    /// The address of the export with this name.
    #[must_use]
    pub fn export(&self, name: &str) -> Option<u64> {
        let index = self.exports.binary_search_by(|(export, _)| export.as_str().cmp(name)).ok()?;
        Some(self.exports[index].1)
    }

    /// The address of the export with this ordinal.
    #[must_use]
    pub fn export_by_ordinal(&self, ordinal: u32) -> Option<u64> {
        self.ordinals.iter().find(|(export, _)| *export == ordinal).map(|&(_, address)| address)
    }
}

/// Why an image cannot be mapped.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file says something impossible about itself.
    #[error(transparent)]
    Image(#[from] pe::PeError),
    /// Code for another processor.
    #[error("it is for {0} processors; this worker runs x86_64 code")]
    Machine(pe::Machine),
    /// It can only lie where something else lies.
    #[error("it has no relocations and its place at {0:#x} cannot be had")]
    Fixed(u64),
    /// The images fill the space that there is.
    #[error("there is no room for an image of {0} bytes")]
    NoRoom(u64),
    /// A directory points outside of the image.
    #[error("its {what} points outside of the image, to offset {rva:#x}")]
    Outside {
        /// Which directory.
        what: &'static str,
        /// Where it points.
        rva: u64,
    },
    /// There is no room for its import thunks or thread-local data.
    #[error("it needs more {0} than there is room for")]
    TooMany(&'static str),
    /// The kernel refused a page protection.
    #[error("its sections could not be protected: {0}")]
    Protect(io::Error),
}

/// One import, resolved.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// Where in the image the address goes: the slot of its import address table.
    pub slot_rva: u32,
    /// The guest address that the import stands for.
    pub target: u64,
}

impl Machine {
    /// Maps an image, relocates it, binds its imports, gives each section its protection, and sets up its
    /// thread-local data. Runs none of its code.
    ///
    /// # Errors
    /// [`LoadError`]; a part of the image may then stay mapped, never executable.
    pub fn load(
        &mut self,
        name: &str,
        image: &pe::Image<'_>,
        bindings: &[Binding],
    ) -> Result<Module, LoadError> {
        if image.machine() != pe::Machine::X86_64 {
            return Err(LoadError::Machine(image.machine()));
        }
        let size = page_round(image.size_of_image().into())
            .ok_or(LoadError::NoRoom(image.size_of_image().into()))?;
        let base = self.place_for(image, size)?;
        self.memory.protect(base..base + size, Protection::READ_WRITE).map_err(LoadError::Protect)?;
        let map = Map { base, size };
        map.copy(&self.memory, image)?;
        map.relocate(&self.memory, image)?;
        for binding in bindings {
            map.write(&self.memory, "import table", binding.slot_rva.into(), &binding.target.to_le_bytes())?;
        }
        let tls_callbacks = self.set_up_tls(&map, image)?;
        self.protect_sections(&map, image)?;
        let (mut exports, mut ordinals) = (Vec::new(), Vec::new());
        for export in image.exports()? {
            let pe::ExportTarget::Rva(rva) = export.target else { continue };
            let address = map.address("export table", rva.into(), 0)?;
            ordinals.push((export.ordinal, address));
            if let Some(name) = export.name {
                exports.push((name, address));
            }
        }
        exports.sort();
        let entry = match image.entry_rva() {
            0 => None,
            rva => Some(map.address("entry point", rva.into(), 1)?),
        };
        let module = Module { name: name.to_owned(), base, size, entry, tls_callbacks, exports, ordinals };
        self.modules.push(module.clone());
        Ok(module)
    }

    /// The preferred base if it can be had, else the first place that is free.
    fn place_for(&self, image: &pe::Image<'_>, size: u64) -> Result<u64, LoadError> {
        let free = |base: u64| {
            let end = base.checked_add(size)?;
            let inside = IMAGES.start <= base && end <= IMAGES.end && base.is_multiple_of(GRANULARITY);
            let clash = self.modules.iter().any(|module| module.base < end && base < module.range().end);
            (inside && !clash).then_some(base)
        };
        if let Some(base) = free(image.image_base()) {
            return Ok(base);
        }
        if image.relocs_stripped() {
            return Err(LoadError::Fixed(image.image_base()));
        }
        let after = self.modules.iter().map(|module| module.range().end.next_multiple_of(GRANULARITY));
        std::iter::once(IMAGES.start).chain(after).find_map(free).ok_or(LoadError::NoRoom(size))
    }

    fn set_up_tls(&mut self, map: &Map, image: &pe::Image<'_>) -> Result<Vec<u64>, LoadError> {
        let Some(tls) = image.tls()? else { return Ok(Vec::new()) };
        let index =
            u32::try_from(self.modules.len()).map_err(|_| LoadError::TooMany("thread-local slots"))?;
        let template = u64::from(tls.end_rva.saturating_sub(tls.start_rva));
        let block = self
            .lend(template.saturating_add(tls.zero_fill.into()))
            .and_then(|block| self.set_tls(index, block).map(|()| block))
            .map_err(|_| LoadError::TooMany("thread-local data"))?;
        let start = map.address("TLS directory", tls.start_rva.into(), template)?;
        let outside = |_| LoadError::Outside { what: "TLS directory", rva: tls.start_rva.into() };
        self.memory.copy(block, start, usize::try_from(template).unwrap_or(usize::MAX)).map_err(outside)?;
        map.write(&self.memory, "TLS directory", tls.index_rva.into(), &index.to_le_bytes())?;
        tls.callbacks.iter().map(|&rva| map.address("TLS callback", rva.into(), 1)).collect()
    }

    fn protect_sections(&mut self, map: &Map, image: &pe::Image<'_>) -> Result<(), LoadError> {
        let mut protect = |rva: u64, len: u64, protection| {
            let outside = LoadError::Outside { what: "section table", rva };
            let end = page_round(rva.saturating_add(len)).filter(|&end| end <= map.size).ok_or(outside)?;
            let start = rva - rva % PAGE;
            self.memory.protect(map.base + start..map.base + end, protection).map_err(LoadError::Protect)
        };
        protect(0, map.size, Protection::NONE)?;
        protect(0, image.size_of_headers().into(), Protection::READ)?;
        for section in image.sections() {
            let protection =
                Protection { read: section.readable, write: section.writable, execute: section.executable };
            protect(section.rva.into(), section.virtual_size.into(), protection)?;
        }
        Ok(())
    }
}

/// Where an image is being put together; every offset that the file names goes through here.
struct Map {
    base: u64,
    size: u64,
}

impl Map {
    /// The guest address of an offset, if `len` bytes from there lie in the image.
    fn address(&self, what: &'static str, rva: u64, len: u64) -> Result<u64, LoadError> {
        match rva.checked_add(len) {
            Some(end) if end <= self.size => Ok(self.base + rva),
            _ => Err(LoadError::Outside { what, rva }),
        }
    }

    fn write(&self, memory: &Memory, what: &'static str, rva: u64, bytes: &[u8]) -> Result<(), LoadError> {
        let address = self.address(what, rva, bytes.len() as u64)?;
        memory.write(address, bytes).map_err(|_| LoadError::Outside { what, rva })
    }

    fn read<const N: usize>(
        &self,
        memory: &Memory,
        what: &'static str,
        rva: u64,
    ) -> Result<[u8; N], LoadError> {
        let address = self.address(what, rva, N as u64)?;
        memory.array(address).map_err(|Violation { .. }| LoadError::Outside { what, rva })
    }

    fn copy(&self, memory: &Memory, image: &pe::Image<'_>) -> Result<(), LoadError> {
        self.write(memory, "header", 0, image.headers())?;
        for section in image.sections() {
            self.write(memory, "section table", section.rva.into(), section.data)?;
        }
        Ok(())
    }

    fn relocate(&self, memory: &Memory, image: &pe::Image<'_>) -> Result<(), LoadError> {
        let delta = self.base.wrapping_sub(image.image_base());
        if delta == 0 {
            return Ok(());
        }
        const WHAT: &str = "relocation table";
        for relocation in image.relocations()? {
            let rva = relocation.rva.into();
            match relocation.kind {
                pe::RelocationKind::Dir64 => {
                    let value = u64::from_le_bytes(self.read(memory, WHAT, rva)?).wrapping_add(delta);
                    self.write(memory, WHAT, rva, &value.to_le_bytes())?;
                }
                pe::RelocationKind::HighLow => {
                    // 32 bits of an address: the delta's low half moves it.
                    let low = u32::try_from(delta & u64::from(u32::MAX)).unwrap_or(0);
                    let value = u32::from_le_bytes(self.read(memory, WHAT, rva)?).wrapping_add(low);
                    self.write(memory, WHAT, rva, &value.to_le_bytes())?;
                }
            }
        }
        Ok(())
    }
}

impl Machine {
    /// Whether the guest may run code at an address.
    #[must_use]
    pub fn executable(&self, address: u64) -> bool {
        self.memory.allows(address, 1, Access::Execute)
    }
}
