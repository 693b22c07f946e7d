//! The images of a process: loading them, telling them of their beginning and end, finding what they have.

use guest::{Binding, Exported, Fault, FaultKind, LoadError, Module, Stop, Thunks};
use pe::Symbol;

use crate::abi::{Pointer, signed};
use crate::companions::Companion;
use crate::library::Entry;
use crate::process::Process;
use crate::user32::Strings;

/// Reasons for which an entry point is called (MS Learn: DllMain).
const DLL_PROCESS_DETACH: u64 = 0;
const DLL_PROCESS_ATTACH: u64 = 1;
pub(crate) const DLL_THREAD_ATTACH: u64 = 2;
pub(crate) const DLL_THREAD_DETACH: u64 = 3;

/// From how many libraries an export may lead to the next. Two could forward to each other without end.
const MOST_FORWARDS: usize = 8;

/// A loaded image.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub module: Module,
    /// Its strings, for LoadString.
    pub strings: Strings,
    /// How many calls into it have not returned.
    pub running: usize,
    /// Whether it is to be told that it is unloaded once none is left.
    pub leaving: bool,
    /// As the how manieth it was content with being told that it is loaded; `None` until then.
    attached: Option<u64>,
    /// Whether it is being told that it is unloaded.
    detaching: bool,
    /// Whether it wants to hear of threads.
    threads: bool,
    /// The thread, by number, that tells it or has told it that it is loaded.
    pub telling: Option<usize>,
    /// What it is if it is a library that lies beside the driver.
    pub companion: Option<Companion>,
    /// The libraries beside the driver that it imports from, each once for each time that it is counted as its user.
    pub needs: Vec<u64>,
}

impl Loaded {
    /// Whether it has been told that it is loaded, and is content.
    pub fn is_attached(&self) -> bool {
        self.attached.is_some()
    }
}

impl Process {
    /// Maps an image and binds its imports; none of its code runs. A `brought` image lies there already. Answers its module handle, and
    /// `library!function` of each import that nobody supplies: calling one ends the call that does.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn load(
        &mut self,
        name: &str,
        image: &pe::Image<'_>,
        brought: Option<wire::Brought>,
    ) -> Result<(u64, Vec<String>), LoadError> {
        let imports = image.imports()?;
        self.loading.push(name.to_owned());
        let mut needs = self.want_libraries(imports.iter().map(|import| import.library.as_str()));
        let mut tried = Vec::new();
        for import in &imports {
            self.want_forwarded(&import.library, &import.symbol, &mut needs, &mut tried);
        }
        self.loading.pop();
        let loaded = self.map(name, image, brought, imports, &needs);
        if loaded.is_err() {
            // None of them has been told anything yet, but those that others want as well: they have users left.
            let _ = self.release_all(&needs);
        }
        loaded
    }

    fn map(
        &mut self,
        name: &str,
        image: &pe::Image<'_>,
        brought: Option<wire::Brought>,
        imports: Vec<pe::Import>,
        needs: &[u64],
    ) -> Result<(u64, Vec<String>), LoadError> {
        let mut unresolved = Vec::new();
        let mut bindings = Vec::new();
        for import in imports {
            let target = match self.find(&import.library, &import.symbol) {
                Some(target) => target,
                None => {
                    let entry = Entry::missing(import.library, import.symbol.to_string());
                    unresolved.push(entry.full_name());
                    self.missing(entry).ok_or(LoadError::TooMany("imports"))?
                }
            };
            bindings.push(Binding { slot_rva: import.thunk_rva, target });
        }
        let module = match brought {
            None => {
                let module = self.machine.load(name, image, &bindings)?;
                self.machine.seal().map_err(LoadError::Protect)?;
                module
            }
            Some(brought) => self.machine.bring(name, image, brought.image, &bindings)?,
        };
        let base = module.base;
        // The driver that the process was started for comes first, whatever it imports from.
        let place = if brought.is_none() { 0 } else { self.images.len() };
        let loaded = Loaded {
            module,
            strings: Strings::of(image),
            running: 0,
            leaving: false,
            attached: None,
            detaching: false,
            threads: true,
            telling: None,
            companion: None,
            needs: needs.to_vec(),
        };
        self.images.insert(place, loaded);
        Ok((base, unresolved))
    }

    /// Maps the libraries beside the driver that are among those with these names. What shims supply is none of them.
    fn want_libraries<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> Vec<u64> {
        let mut seen: Vec<String> = Vec::new();
        let mut needs = Vec::new();
        for name in names {
            if seen.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                continue;
            }
            seen.push(name.to_owned());
            if crate::library::find(name).is_none()
                && let Ok(Some(base)) = self.want_library(name)
            {
                needs.push(base);
            }
        }
        needs
    }

    /// Maps the libraries beside the driver that an export of one of them leads to, each of which is `tried` once.
    fn want_forwarded(
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

    /// The address that stands for an import that nobody supplies, the same for each image that has it.
    fn missing(&mut self, entry: Entry) -> Option<u64> {
        let name = entry.full_name();
        match self.entries.iter().position(|known| known.shim.is_none() && known.full_name() == name) {
            Some(index) => u32::try_from(index).ok().map(Thunks::address),
            None => self.add(entry),
        }
    }

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

    /// The loaded image with this file name, in any case; the extension may be missing if it is `.dll`.
    pub(crate) fn module_named(&self, name: &str) -> Option<&Module> {
        self.images.iter().map(|image| &image.module).find(|module| is_called(&module.name, name))
    }

    /// The image with this module handle, or for NULL the driver, which counts as the process's program.
    pub(crate) fn image(&self, handle: Pointer) -> Option<&Module> {
        self.loaded(handle).map(|image| &image.module)
    }

    /// The strings of the image with this module handle, or for NULL the driver's.
    pub(crate) fn strings(&self, handle: Pointer) -> Option<&Strings> {
        self.loaded(handle).map(|image| &image.strings)
    }

    fn loaded(&self, handle: Pointer) -> Option<&Loaded> {
        self.images.iter().find(|image| handle.is_null() || image.module.base == handle.0)
    }

    /// Tells an image that it has been loaded: thread-local callbacks, then the entry point. False: it refuses, has been told that it is unloaded
    /// (MS Learn: DllMain), and is gone. One whose code faults is gone without that.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn attach(&mut self, module: u64) -> Result<bool, Fault> {
        self.attaching += 1;
        let attached = self.notify(module, DLL_PROCESS_ATTACH);
        self.attaching -= 1;
        if matches!(attached, Ok(true)) {
            self.attached += 1;
            if let Some(image) = self.images.iter_mut().find(|image| image.module.base == module) {
                image.attached = Some(self.attached);
            }
            self.changed_otherwise();
            return attached;
        }
        let told = if attached.is_ok() { self.tell_of_end(module) } else { Ok(()) };
        let gone = self.remove(module);
        self.changed_otherwise();
        told.and(gone)?;
        attached
    }

    /// Tells an image that it is unloaded, at once if none of its code runs, else when that has returned; or not at all, if it is to
    /// go silently. Answers whether it was told at once.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn unload(&mut self, module: u64, silently: bool) -> Result<bool, Fault> {
        let Some(image) = self.images.iter_mut().find(|image| image.module.base == module) else {
            // It has been told meanwhile.
            return Ok(true);
        };
        let code = image.module.range();
        self.instances.retain(|_, instance| !code.contains(&instance.driver_proc));
        if silently {
            return Ok(false);
        }
        image.leaving = true;
        if image.running > 0 { Ok(false) } else { self.detach(module).map(|()| true) }
    }

    /// Tells an image that it is unloaded, if it knows that it was loaded, and forgets it.
    fn detach(&mut self, module: u64) -> Result<(), Fault> {
        let image = self.images.iter_mut().find(|image| image.module.base == module);
        let Some(image) = image.filter(|image| !image.detaching) else {
            // It frees itself while it is told.
            return Ok(());
        };
        image.detaching = true;
        let told = if image.attached.is_some() { self.tell_of_end(module) } else { Ok(()) };
        told.and(self.remove(module))
    }

    /// Tells an image that it is unloaded, and runs what it registered with the C library to be run at its end.
    fn tell_of_end(&mut self, module: u64) -> Result<(), Fault> {
        let told = self.notify(module, DLL_PROCESS_DETACH);
        let code = self.loaded(Pointer(module)).map(|image| image.module.range()).unwrap_or_default();
        told.and_then(|_| {
            crate::crt::run_exit_functions_in(self, &code).map_err(|stop| match stop {
                Stop::Fault(fault) => fault,
                // The functions' table, which lies in guest memory, is ruined.
                Stop::Kind(kind) => Fault { kind, instruction: 0, place: None },
                Stop::Continue(_) => Fault { kind: FaultKind::Unwound, instruction: 0, place: None },
            })
        })
    }

    /// Forgets an image, and gives up what it had: its place, and the libraries that it imports from.
    pub(crate) fn remove(&mut self, module: u64) -> Result<(), Fault> {
        let (needs, place) = (self.needs_of(module), self.place_of(module));
        self.forget(module);
        if let Some(place) = place {
            // The host is as good as gone when it does not hear this.
            let _ = self.free_place(place);
        }
        self.release_all(&needs)
    }

    /// Forgets an image, and all that would lead into it.
    fn forget(&mut self, module: u64) {
        let code = self.loaded(Pointer(module)).map(|image| image.module.range()).unwrap_or_default();
        crate::user32::forget_image(self, Pointer(module), &code);
        crate::winmm::forget_image(self, &code);
        crate::kernel32::forget_image(self, &code);
        self.vectored.forget_image(&code);
        self.machine.forget(module);
        self.images.retain(|image| image.module.base != module);
    }

    /// Calls `callback(base, reason, NULL)` for each that the image has; NULL says that it is loaded and unloaded at run time.
    fn notify(&mut self, module: u64, reason: u64) -> Result<bool, Fault> {
        let Some(Module { base, tls_callbacks, entry, .. }) =
            self.loaded(Pointer(module)).map(|image| image.module.clone())
        else {
            return Ok(true);
        };
        for callback in tls_callbacks {
            self.call(callback, &[base, reason, 0])?;
        }
        match entry {
            // BOOL: the upper half of the register means nothing.
            Some(entry) => Ok(self.call(entry, &[base, reason, 0])? & u64::from(u32::MAX) != 0),
            None => Ok(true),
        }
    }

    /// Tells all images that are content and want to hear of it that the running thread begins or ends: of its end the last one that was loaded first, which
    /// may need the others. All of them are told; answers the first fault.
    ///
    /// # Errors
    /// [`Fault`].
    pub(crate) fn notify_all(&mut self, reason: u64) -> Result<(), Fault> {
        let images = self.images.iter().filter(|image| image.threads);
        let mut images: Vec<_> =
            images.filter_map(|image| image.attached.map(|place| (place, image.module.base))).collect();
        images.sort_unstable();
        if reason == DLL_THREAD_DETACH {
            images.reverse();
        }
        let told = images.into_iter().map(|(_, image)| self.notify(image, reason).map(|_| ()));
        told.fold(Ok(()), Result::and)
    }

    /// Has an image not hear of threads; false when there is none with this handle.
    pub(crate) fn keep_threads_from(&mut self, module: u64) -> bool {
        let image = self.images.iter_mut().find(|image| image.module.base == module);
        image.map(|image| image.threads = false).is_some()
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

    /// Calls a `DriverProc`, whose image stays at least until that has returned. The answer's bits are those of its LRESULT as 64 bits.
    pub(crate) fn call_driver(&mut self, function: u64, arguments: &[u64; 5]) -> Result<u64, Fault> {
        let place = |image: &&mut Loaded| image.module.range().contains(&function);
        let image = self.images.iter_mut().find(place);
        if let Some(image) = image {
            image.running += 1;
        }
        let mode = self.machine.mode();
        let outcome = self.call(function, arguments).map(|word| signed(mode, word).cast_unsigned());
        let Some(image) = self.images.iter_mut().find(place) else { return outcome };
        image.running -= 1;
        let module = image.module.base;
        if image.leaving
            && image.running == 0
            && let Err(fault) = self.detach(module)
        {
            self.say(format!("while it was unloaded: {}", fault.kind).as_bytes());
        }
        outcome
    }
}

/// Whether an image's file name is meant by another one, in any case, which may lack the extension if that is `.dll`.
pub(crate) fn is_called(known: &str, name: &str) -> bool {
    let stem = known.len().checked_sub(".dll".len()).and_then(|end| known.split_at_checked(end));
    let short = stem.filter(|(_, extension)| extension.eq_ignore_ascii_case(".dll"));
    known.eq_ignore_ascii_case(name) || short.is_some_and(|(stem, _)| stem.eq_ignore_ascii_case(name))
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
