//! Where exports lead: to code and data of images, to shims, or on to other libraries.

use guest::{Exported, Stop};
use pe::Symbol;

use crate::abi::Pointer;
use crate::process::Process;

/// From how many libraries an export may lead to the next. Two could forward to each other without end.
const MOST_FORWARDS: usize = 8;

impl Process {
    /// The address of what a library exports: an image, or shims.
    pub(crate) fn find(&mut self, library: &str, symbol: &Symbol) -> Option<u64> {
        self.follow(Exported::Forward { library: library.to_owned(), symbol: symbol.clone() })
    }

    /// The address that an export leads to, if it can be found.
    pub(crate) fn follow(&mut self, target: Exported) -> Option<u64> {
        match self.walk(target) {
            Ok(address) => Some(address),
            Err(absent) => absent.and_then(|(library, symbol)| self.supplied(&library, &symbol)),
        }
    }

    /// The address that an export leads to through images, or the library that is no image and what is wanted of that; nothing where it leads to nothing.
    fn walk(&self, mut target: Exported) -> Result<u64, Option<(String, Symbol)>> {
        for _ in 0..=MOST_FORWARDS {
            let (library, symbol) = match target {
                Exported::Address(address) => return Ok(address),
                Exported::Forward { library, symbol } => (library, symbol),
            };
            let Some(module) = self.module_named(&library) else { return Err(Some((library, symbol))) };
            target = module.export(&symbol).ok_or(None)?.clone();
        }
        Err(None)
    }

    /// Maps the libraries beside the driver that an export of one of them leads to, each of which is `tried` once.
    pub(crate) fn want_forwarded(
        &mut self,
        library: &str,
        symbol: &Symbol,
        needs: &mut Vec<u64>,
        tried: &mut Vec<String>,
    ) {
        let begin = Exported::Forward { library: library.to_owned(), symbol: symbol.clone() };
        while let Err(Some((absent, _))) = self.walk(begin.clone()) {
            let known =
                absent == library || tried.contains(&absent) || crate::library::find(&absent).is_some();
            if known {
                break;
            }
            match self.want_library(&absent) {
                Ok(Some(base)) => needs.push(base),
                _ => tried.push(absent),
            }
        }
    }

    /// The address of what an image exports, whose forwards may lead to a library beside the driver that is loaded for that, and stays as long as the
    /// image.
    pub(crate) fn find_in(&mut self, module: u64, symbol: &Symbol) -> Result<Option<u64>, Stop> {
        let Some(target) = self.image(Pointer(module)).and_then(|image| image.export(symbol)).cloned() else {
            return Ok(None);
        };
        for _ in 0..MOST_FORWARDS {
            let Err(Some((library, _))) = self.walk(target.clone()) else { break };
            if crate::library::find(&library).is_some() {
                break;
            }
            let Ok(base) = self.load_library(&library)? else { break };
            match self.images.iter_mut().find(|image| image.module.base == module) {
                Some(image) => image.needs.push(base),
                None => self.release(base).map(|_| ())?,
            }
        }
        Ok(self.follow(target))
    }

    /// The address of a function that an image exports.
    #[must_use]
    pub fn export(&mut self, module: u64, name: &str) -> Option<u64> {
        let target = self.image(Pointer(module))?.export(&Symbol::Name(name.to_owned()))?.clone();
        self.follow(target).filter(|&address| self.machine.executable(address))
    }

    /// Why [`export`](Self::export) answers nothing.
    pub(crate) fn why_not_callable(&self, module: u64, name: &str) -> String {
        let symbol = Symbol::Name(name.to_owned());
        match self.image(Pointer(module)).and_then(|image| image.export(&symbol)) {
            Some(Exported::Forward { library, symbol }) => {
                format!("its {name} is {library}.{symbol}, which is not here")
            }
            _ => format!("its {name} is not code"),
        }
    }
}

#[cfg(test)]
mod tests {
    use guest::Mode;
    use pe::builder::Builder;

    use super::*;
    use crate::testing::{Guest, alone};

    #[test]
    fn imports_of_32_bit_code_follow_forwards() {
        alone(|| imports_follow_forwards(Mode::I386, pe::Machine::I386));
    }

    #[test]
    fn imports_of_64_bit_code_follow_forwards() {
        alone(|| imports_follow_forwards(Mode::X86_64, pe::Machine::X86_64));
    }

    /// An image whose exports, numbered from 1 and sorted by name, lead to other libraries.
    fn forwarding(machine: pe::Machine, exports: &'static [(&str, &str)]) -> Vec<u8> {
        const EXPORT_TABLE: usize = 0;
        let table = move |rva: u32| {
            let count = exports.len() as u32;
            let (functions, names) = (rva + 40, rva + 40 + 4 * count);
            let ordinals = names + 4 * count;
            let mut at = ordinals + 2 * count;
            let (mut tables, mut texts) = ([Vec::new(), Vec::new()], Vec::new());
            for &(name, to) in exports {
                for (table, text) in tables.iter_mut().zip([to, name]) {
                    table.push(at);
                    texts.extend(text.bytes().chain([0]));
                    at += text.len() as u32 + 1;
                }
            }
            let header = [0, 0, 0, 0, 1, count, count, functions, names, ordinals];
            let mut bytes: Vec<u8> =
                header.iter().chain(tables.iter().flatten()).flat_map(|field| field.to_le_bytes()).collect();
            bytes.extend((0..count as u16).flat_map(u16::to_le_bytes));
            bytes.extend(texts);
            bytes
        };
        Builder::new(machine).code(&[0xc3]).directory(EXPORT_TABLE, table).build()
    }

    fn imports_follow_forwards(mode: Mode, machine: pe::Machine) {
        let mut guest = Guest::new(mode);
        let name = |name: &str| Symbol::Name(name.to_owned());
        let core = Builder::new(machine).code(&[0xc3; 32]).export("Real", 16).build();
        let facade = forwarding(
            machine,
            &[
                ("Absent", "nowhere.Real"),
                ("ByName", "CORE.Real"),
                ("ByOrdinal", "core.dll.#1"),
                ("Nothing", "core.Nothing"),
                ("Round", "facade.Round"),
                ("System", "KERNEL32.GetTickCount"),
                ("Twice", "facade.ByName"),
                ("Variable", "msvcrt._fmode"),
            ],
        );
        let imports = [
            ("core.dll", Symbol::Ordinal(1)),
            ("Facade.dll", name("ByName")),
            ("facade", Symbol::Ordinal(3)),
            ("facade.dll", name("System")),
            ("facade.dll", name("Twice")),
            ("facade.dll", name("Variable")),
            ("msvcrt.dll", name("_fmode")),
        ];
        let driver =
            imports.iter().fold(Builder::new(machine).code(&[0xc3]), |builder, (library, symbol)| {
                builder.import(library, symbol.clone())
            });
        let driver = driver.build();
        let [(core, _), (facade, _), (driver, image)] =
            [("core.dll", &core), ("facade.dll", &facade), ("driver.dll", &driver)].map(|(name, file)| {
                let image = pe::Image::parse(file).unwrap();
                let (base, unresolved) = guest.process.load(name, &image, None).unwrap();
                assert_eq!(unresolved, Vec::<String>::new(), "{name}");
                (base, image)
            });

        let real = guest.process.find("core", &name("Real")).unwrap();
        assert!((core..core + 0x3000).contains(&real));
        let (ticks, mode) = (guest.address("GetTickCount"), guest.address("_fmode"));
        let mut bound = Vec::new();
        for import in image.imports().unwrap() {
            bound.push(guest.pointer(driver + u64::from(import.thunk_rva)));
        }
        bound.sort_unstable();
        let mut expected = [real, real, real, ticks, real, mode, mode];
        expected.sort_unstable();
        assert_eq!(bound, expected);

        for absent in ["Absent", "Nothing", "Round"] {
            assert_eq!(guest.process.find("facade.dll", &name(absent)), None, "{absent}");
        }
        assert_eq!(guest.process.find("facade.dll", &Symbol::Ordinal(9)), None);
        assert_eq!(guest.process.export(facade, "ByName"), Some(real));
        assert_eq!(guest.process.export(facade, "Variable"), None, "data is no code to call");
        let (twice, round) = (guest.put(b"Twice\0"), guest.put(b"Round\0"));
        assert_eq!(guest.call("GetProcAddress", &[facade, twice]), real);
        assert_eq!(guest.call("GetProcAddress", &[facade, 3]), real);
        assert_eq!((guest.call("GetProcAddress", &[facade, round]), guest.last_error()), (0, 127));
    }
}
