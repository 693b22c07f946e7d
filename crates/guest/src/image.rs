//! Mapping an image into guest memory.

use std::io;
use std::ops::Range;

use crate::fault::Access;
use crate::layout::{GRANULARITY, IMAGES, PAGE, Region, page_round};
use crate::memory::{Memory, Protection};
use crate::mode::Mode;
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
    /// Whether it has a TLS directory.
    pub thread_data: bool,
    /// The callbacks of its TLS directory, in order.
    pub tls_callbacks: Vec<u64>,
    /// Where the table of functions lies by which its 64-bit code is unwound, and its size in bytes.
    pub functions: Option<(u64, u64)>,
    /// What it exports, by name.
    exports: Vec<(String, Exported)>,
    /// The same by ordinal.
    ordinals: Vec<(u32, Exported)>,
}

/// Where an export of a loaded image leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exported {
    /// To code or data at an address.
    Address(u64),
    /// To an export of another library, which whoever loads images must find.
    Forward {
        /// The library, usually without its `.dll`.
        library: String,
        /// The export in that library.
        symbol: pe::Symbol,
    },
}

impl Module {
    /// The addresses it occupies.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.base..self.base + self.size
    }

    /// Where the export leads that has this name or ordinal.
    #[must_use]
    pub fn export(&self, symbol: &pe::Symbol) -> Option<&Exported> {
        match symbol {
            pe::Symbol::Name(name) => {
                let index = self.exports.binary_search_by(|(export, _)| export.cmp(name)).ok()?;
                self.exports.get(index).map(|(_, target)| target)
            }
            pe::Symbol::Ordinal(ordinal) => {
                let known = self.ordinals.iter().find(|(export, _)| *export == u32::from(*ordinal));
                known.map(|(_, target)| target)
            }
        }
    }
}

/// Why an image cannot be mapped.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file says something impossible about itself.
    #[error(transparent)]
    Image(#[from] pe::PeError),
    /// Code for another processor.
    #[error("it is for {0} processors, and this worker was started for another driver")]
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
    /// Something that must be written lies where nothing can be.
    #[error("its {what} is to be written at offset {rva:#x}, among its code")]
    NotWritable {
        /// What.
        what: &'static str,
        /// Where.
        rva: u32,
    },
    /// It wants to write its code, which no image can that comes after the first one.
    #[error("it has code that can be written, which a driver that another one opens cannot have here")]
    WritableCode,
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
    /// Maps the driver's image, relocates it, binds its imports, gives each section its protection, and sets up its
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
        let size = self.mapped_size(image)?;
        let base = self.place_for(image, size)?;
        let map = Map { base, size };
        self.memory.protect(base..base + size, Protection::READ_WRITE).map_err(LoadError::Protect)?;
        image.lay_out(base, &mut Target { map: &map, memory: &self.memory })?;
        let tls_callbacks = self.connect(&map, image, bindings)?;
        // What is to be written can be already.
        let others =
            all_pages(image, size).into_iter().filter(|&(_, allowed)| allowed != Protection::READ_WRITE);
        for (pages, protection) in others {
            map.protect(&mut self.memory, pages.start, pages.end - pages.start, protection)?;
        }
        self.note(name, &map, image, tls_callbacks)
    }

    /// Makes an image usable that the host has laid out at `offset` in [`Region::Brought`]: as [`load`](Self::load), but what is to be
    /// written comes from what the host has handed over, and what is to be run stays as the host wrote it.
    ///
    /// # Errors
    /// [`LoadError`], also for an image that wants to write its own code.
    pub fn bring(
        &mut self,
        name: &str,
        image: &pe::Image<'_>,
        offset: u32,
        bindings: &[Binding],
    ) -> Result<Module, LoadError> {
        let (offset, size) = (u64::from(offset), self.mapped_size(image)?);
        let brought = self.memory.layout()[Region::Brought].clone();
        if !offset.is_multiple_of(GRANULARITY) || offset + size > brought.end - brought.start {
            return Err(LoadError::NoRoom(size));
        }
        if u64::from(image.section_alignment()) < PAGE || parts(image).any(|(.., p)| p.write && p.execute) {
            return Err(LoadError::WritableCode);
        }
        let map = Map { base: brought.start + offset, size };
        let data = || parts(image).filter(|(.., protection)| !protection.execute);
        for (rva, len, _) in data() {
            map.protect(&mut self.memory, rva, len, Protection::READ_WRITE)?;
            let (to, len) =
                (map.address("section table", rva, len)?, usize::try_from(len).unwrap_or(usize::MAX));
            if !self.memory.copy_pristine(to, offset + rva, len) {
                return Err(LoadError::Outside { what: "section table", rva });
            }
        }
        let tls_callbacks = self.connect(&map, image, bindings)?;
        for (rva, len, protection) in data() {
            map.protect(&mut self.memory, rva, len, protection)?;
        }
        self.note(name, &map, image, tls_callbacks)
    }

    /// Forgets an image that was unloaded. Its pages stay as they are.
    pub fn forget(&mut self, base: u64) {
        self.modules.retain(|module| module.base != base);
    }

    /// The bytes that an image occupies, whole pages.
    fn mapped_size(&self, image: &pe::Image<'_>) -> Result<u64, LoadError> {
        if Mode::of(image.machine()) != Some(self.mode()) {
            return Err(LoadError::Machine(image.machine()));
        }
        page_round(image.size_of_image().into()).ok_or(LoadError::NoRoom(image.size_of_image().into()))
    }

    /// Where the layout says, if the image can be moved; else the preferred base if it can be had, and the first place that is free.
    fn place_for(&self, image: &pe::Image<'_>, size: u64) -> Result<u64, LoadError> {
        let free = |base: u64| {
            let end = base.checked_add(size)?;
            let inside = IMAGES.start <= base && end <= IMAGES.end && base.is_multiple_of(GRANULARITY);
            let clash = self.modules.iter().any(|module| module.base < end && base < module.range().end);
            (inside && !clash).then_some(base)
        };
        // An image that lacks relocations without saying so may be one that cannot be moved.
        let layout = self.memory.layout();
        let anywhere = image.has_relocations().then(|| layout.image(size)).flatten();
        if let Some(base) = anywhere.and_then(free).or_else(|| free(image.image_base())) {
            return Ok(base);
        }
        if image.relocs_stripped() {
            return Err(LoadError::Fixed(image.image_base()));
        }
        let after = self.modules.iter().map(|module| module.range().end.next_multiple_of(GRANULARITY));
        std::iter::once(IMAGES.start).chain(after).find_map(free).ok_or(LoadError::NoRoom(size))
    }

    /// Binds imports and sets up thread-local data; answers the callbacks for that.
    fn connect(
        &mut self,
        map: &Map,
        image: &pe::Image<'_>,
        bindings: &[Binding],
    ) -> Result<Vec<u64>, LoadError> {
        for binding in bindings {
            let rva = binding.slot_rva;
            let slot = map.address("import table", rva.into(), self.mode().pointer_size())?;
            let not_writable = |_| LoadError::NotWritable { what: "import table", rva };
            self.put_pointer(slot, binding.target).map_err(not_writable)?;
        }
        let Some(tls) = image.tls()? else { return Ok(Vec::new()) };
        let template = u64::from(tls.end_rva.saturating_sub(tls.start_rva));
        let zero_fill = u64::from(tls.zero_fill);
        let too_many = |_| LoadError::TooMany("thread-local data");
        let start = map.address("TLS directory", tls.start_rva.into(), template)?;
        let index = self
            .add_tls(map.base, template.saturating_add(zero_fill), start..start + template)
            .map_err(too_many)?;
        map.write(&self.memory, "TLS directory", tls.index_rva, &index.to_le_bytes())?;
        tls.callbacks.iter().map(|&rva| map.address("TLS callback", rva.into(), 1)).collect()
    }

    /// Adds an image to those that are loaded.
    fn note(
        &mut self,
        name: &str,
        map: &Map,
        image: &pe::Image<'_>,
        tls_callbacks: Vec<u64>,
    ) -> Result<Module, LoadError> {
        let (mut exports, mut ordinals) = (Vec::new(), Vec::new());
        for export in image.exports()? {
            let target = match export.target {
                pe::ExportTarget::Rva(rva) => {
                    Exported::Address(map.address("export table", rva.into(), 0)?)
                }
                pe::ExportTarget::Forward { library, symbol } => Exported::Forward { library, symbol },
            };
            if let Some(name) = export.name {
                exports.push((name, target.clone()));
            }
            ordinals.push((export.ordinal, target));
        }
        exports.sort_by(|(a, _), (b, _)| a.cmp(b));
        let entry = match image.entry_rva() {
            0 => None,
            rva => Some(map.address("entry point", rva.into(), 1)?),
        };
        // One that points outside is noticed when it is read.
        let functions =
            image.function_table().map(|(rva, size)| (map.base + u64::from(rva), u64::from(size)));
        let Map { base, size } = *map;
        let module = Module {
            name: name.to_owned(),
            base,
            size,
            entry,
            thread_data: image.tls()?.is_some(),
            tls_callbacks,
            functions,
            exports,
            ordinals,
        };
        self.modules.push(module.clone());
        Ok(module)
    }
}

/// The parts of an image that may be used, and how: the headers and the sections.
fn parts<'a>(image: &'a pe::Image<'_>) -> impl Iterator<Item = (u64, u64, Protection)> + use<'a> {
    let headers = (0, image.size_of_headers().into(), Protection::READ);
    let sections = image.sections().iter().map(|section| {
        let protection =
            Protection { read: section.readable, write: section.writable, execute: section.executable };
        (section.rva.into(), section.virtual_size.into(), protection)
    });
    std::iter::once(headers).chain(sections)
}

/// The pages of an image that may be used, and how. One that several parts share, as they do where sections lie closer to each other than pages, allows
/// what any of them does.
fn pages(image: &pe::Image<'_>) -> Vec<(Range<u64>, Protection)> {
    let mut pages: Vec<(Range<u64>, Protection)> = Vec::new();
    for (rva, len, protection) in parts(image) {
        let mut part = rva - rva % PAGE..(rva + len).next_multiple_of(PAGE);
        // Parts come by ascending address, so all that can be shared is the last page so far.
        if let Some((last, before)) = pages.last_mut()
            && last.end > part.start
        {
            let shared = (last.end - PAGE..last.end, before.or(protection));
            last.end -= PAGE;
            part.start = shared.0.end;
            pages.push(shared);
        }
        pages.push((part, protection));
        pages.retain(|(pages, _)| !pages.is_empty());
    }
    // Each stretch takes a system call, and half of the sections of some images are only read.
    pages.dedup_by(|(next, protection), (before, same)| {
        let one = before.end == next.start && protection == same;
        if one {
            before.end = next.end;
        }
        one
    });
    pages
}

/// As [`pages`], and between and behind them those that allow nothing, up to the image's size.
fn all_pages(image: &pe::Image<'_>, size: u64) -> Vec<(Range<u64>, Protection)> {
    let (mut all, mut end) = (Vec::new(), 0);
    for (pages, protection) in pages(image) {
        all.push((end..pages.start, Protection::NONE));
        end = pages.end;
        all.push((pages, protection));
    }
    all.push((end..size, Protection::NONE));
    all.retain(|(pages, _)| !pages.is_empty());
    all
}

/// Where an image lies; every offset that the file names goes through here.
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

    fn write(&self, memory: &Memory, what: &'static str, rva: u32, bytes: &[u8]) -> Result<(), LoadError> {
        let address = self.address(what, rva.into(), bytes.len() as u64)?;
        memory.write(address, bytes).map_err(|_| LoadError::NotWritable { what, rva })
    }

    fn protect(
        &self,
        memory: &mut Memory,
        rva: u64,
        len: u64,
        protection: Protection,
    ) -> Result<(), LoadError> {
        let outside = LoadError::Outside { what: "section table", rva };
        let end = page_round(rva.saturating_add(len)).filter(|&end| end <= self.size).ok_or(outside)?;
        let start = rva - rva % PAGE;
        memory.protect(self.base + start..self.base + end, protection).map_err(LoadError::Protect)
    }
}

/// Guest memory in which an image is being laid out.
struct Target<'a> {
    map: &'a Map,
    memory: &'a Memory,
}

impl pe::Canvas for Target<'_> {
    type Error = LoadError;

    fn write(&mut self, rva: u32, bytes: &[u8]) -> Result<(), LoadError> {
        self.map.write(self.memory, "section table", rva, bytes)
    }

    fn read(&self, rva: u32, out: &mut [u8]) -> Result<(), LoadError> {
        let outside = LoadError::Outside { what: "relocation table", rva: rva.into() };
        let address = self.map.address("relocation table", rva.into(), out.len() as u64)?;
        self.memory.read(address, out).map_err(|_| outside)
    }
}

impl Machine {
    /// Whether the guest may run code at an address.
    #[must_use]
    pub fn executable(&self, address: u64) -> bool {
        self.memory.allows(address, 1, Access::Execute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image with sections at these addresses, of these sizes and permissions.
    fn sections(alignment: u32, sections: &[(u32, u32, [bool; 3])]) -> Vec<(Range<u64>, Protection)> {
        const FILE_HEADER: usize = 0x84;
        const OPTIONAL_HEADER: usize = FILE_HEADER + 20;
        const TABLE: usize = OPTIONAL_HEADER + 224;
        let mut file = pe::builder::Builder::new(pe::Machine::I386).build();
        let mut put = |at: usize, value: u32| file[at..at + 4].copy_from_slice(&value.to_le_bytes());
        put(FILE_HEADER, 0x14c | (sections.len() as u32) << 16);
        put(OPTIONAL_HEADER + 32, alignment);
        put(OPTIONAL_HEADER + 36, alignment);
        put(OPTIONAL_HEADER + 56, 0x10_0000);
        for (at, (rva, size, permissions)) in (TABLE..).step_by(40).zip(sections) {
            let flags = permissions.iter().zip([1 << 30, 1 << 31, 1 << 29]);
            for (field, value) in [(8, *size), (12, *rva), (16, 0), (20, 0)] {
                put(at + field, value);
            }
            put(at + 36, flags.filter(|(on, _)| **on).map(|(_, flag): (_, u32)| flag).sum());
        }
        pages(&pe::Image::parse(&file).unwrap())
    }

    #[test]
    fn pages_that_sections_share_allow_what_any_of_them_does() {
        let (code, data, constants) = ([true, false, true], [true, true, false], [true, false, false]);
        let all = Protection { read: true, write: true, execute: true };
        let (x, w, r) = (Protection::READ_EXECUTE, Protection::READ_WRITE, Protection::READ);
        assert_eq!(
            sections(0x1000, &[(0x1000, 0x1800, code), (0x3000, 1, data)]),
            [(0..0x1000, r), (0x1000..0x3000, x), (0x3000..0x4000, w)]
        );
        assert_eq!(
            sections(0x200, &[(0x400, 0x2000, code), (0x2400, 0x1000, data), (0x3400, 0x2000, constants)]),
            [(0..0x2000, x), (0x2000..0x3000, all), (0x3000..0x4000, w), (0x4000..0x6000, r),]
        );
        // Many in one page.
        let small = [(0x400, 0x10, constants), (0x420, 0x10, code), (0x440, 0x10, data)];
        assert_eq!(sections(0x20, &small), [(0..0x1000, all)]);
        // Without a size, and without a permission.
        assert_eq!(
            sections(0x1000, &[(0x1000, 0, data), (0x2000, 8, [false; 3])]),
            [(0..0x1000, r), (0x2000..0x3000, Protection::NONE)]
        );
    }
}
