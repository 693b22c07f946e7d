//! The images of a process: loading them, telling them of their beginning and end, finding what they have.

use guest::{Binding, Exported, Fault, FaultKind, LoadError, Module, Stop, Thunks};
use pe::Symbol;

use crate::abi::{Pointer, signed};
use crate::library::Entry;
use crate::process::Process;
use crate::user32::Strings;

/// Reasons for which an entry point is called (MS Learn: DllMain).
const DLL_PROCESS_DETACH: u64 = 0;
const DLL_PROCESS_ATTACH: u64 = 1;

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
        let mut unresolved = Vec::new();
        let mut bindings = Vec::new();
        for import in image.imports()? {
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
        self.images.push(Loaded { module, strings: Strings::of(image), running: 0, leaving: false });
        Ok((base, unresolved))
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
    pub(crate) fn follow(&mut self, mut target: Exported) -> Option<u64> {
        /// From how many libraries to the next. Two could forward to each other without end.
        const MOST: usize = 8;
        for _ in 0..=MOST {
            let (library, symbol) = match target {
                Exported::Address(address) => return Some(address),
                Exported::Forward { library, symbol } => (library, symbol),
            };
            target = match self.module_named(&library) {
                Some(module) => module.export(&symbol)?.clone(),
                None => return self.supplied(&library, &symbol),
            };
        }
        None
    }

    /// The loaded image with this file name, in any case; the extension may be missing if it is `.dll`.
    pub(crate) fn module_named(&self, name: &str) -> Option<&Module> {
        let mut modules = self.images.iter().map(|image| &image.module);
        modules.find(|module| {
            let known = module.name.as_str();
            let stem = known.len().checked_sub(".dll".len()).and_then(|end| known.split_at_checked(end));
            let short = stem.filter(|(_, extension)| extension.eq_ignore_ascii_case(".dll"));
            known.eq_ignore_ascii_case(name) || short.is_some_and(|(stem, _)| stem.eq_ignore_ascii_case(name))
        })
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

    /// Tells an image that it has been loaded: thread-local callbacks, then the entry point. False: it refuses, and is gone.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn attach(&mut self, module: u64) -> Result<bool, Fault> {
        let attached = self.notify(module, DLL_PROCESS_ATTACH);
        if !matches!(attached, Ok(true)) {
            self.forget(module);
        }
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

    /// Tells an image that it is unloaded, runs what it registered with the C library to be run at its end, and forgets it.
    fn detach(&mut self, module: u64) -> Result<(), Fault> {
        let told = self.notify(module, DLL_PROCESS_DETACH);
        let code = self.loaded(Pointer(module)).map(|image| image.module.range()).unwrap_or_default();
        let ended = told.and_then(|_| {
            crate::crt::run_exit_functions_in(self, &code).map_err(|stop| match stop {
                Stop::Fault(fault) => fault,
                // The functions' table, which lies in guest memory, is ruined.
                Stop::Kind(kind) => Fault { kind, instruction: 0, place: None },
                Stop::Continue(_) => Fault { kind: FaultKind::Unwound, instruction: 0, place: None },
            })
        });
        self.forget(module);
        ended
    }

    fn forget(&mut self, module: u64) {
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

    /// The address of a function that an image exports.
    #[must_use]
    pub fn export(&mut self, module: u64, name: &str) -> Option<u64> {
        let target = self.image(Pointer(module))?.export(&Symbol::Name(name.to_owned()))?.clone();
        self.follow(target).filter(|&address| self.machine.executable(address))
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
