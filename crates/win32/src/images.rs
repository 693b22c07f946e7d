//! The images of a process: loading them, telling them of their beginning and end, finding what they have.

use guest::{Binding, Fault, LoadError, Module};

use crate::abi::{Pointer, signed};
use crate::companions::Companion;
use crate::library::{self, Entry};
use crate::process::{Process, fault_of};
use crate::user32::Strings;

/// Reasons for which an entry point is called (MS Learn: DllMain).
const DLL_PROCESS_DETACH: u64 = 0;
const DLL_PROCESS_ATTACH: u64 = 1;
pub(crate) const DLL_THREAD_ATTACH: u64 = 2;
pub(crate) const DLL_THREAD_DETACH: u64 = 3;

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
    /// The thread, by number, that tells it that it is unloaded.
    detaching: Option<usize>,
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

    /// Whether another thread than this one tells it that it is unloaded.
    pub fn leaves_beside(&self, thread: usize) -> bool {
        self.detaching.is_some_and(|other| other != thread)
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
        let Ok(outer) = self.begin_loading() else {
            return Err(LoadError::TooMany("time"));
        };
        self.loading.push(name.to_owned());
        let mut needs = self.want_libraries(imports.iter().map(|import| import.library.as_str()));
        let mut tried = Vec::new();
        for import in &imports {
            self.want_forwarded(&import.library, &import.symbol, &mut needs, &mut tried);
        }
        self.loading.pop();
        self.end_loading(outer);
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
                self.machine.seal(library::count()).map_err(LoadError::Protect)?;
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
            detaching: None,
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
            if library::find(name).is_none()
                && let Ok(Some(base)) = self.want_library(name)
            {
                needs.push(base);
            }
        }
        needs
    }

    /// The address that stands for an import that nobody supplies, the same for each image that has it.
    fn missing(&mut self, entry: Entry) -> Option<u64> {
        let name = entry.full_name();
        match self.entries.iter().position(|known| known.shim.is_none() && known.full_name() == name) {
            Some(index) => u32::try_from(index).ok().map(|index| self.machine.thunk(index)),
            None => self.add(entry),
        }
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
        let Some(image) = image.filter(|image| image.detaching.is_none()) else {
            // It frees itself while it is told.
            return Ok(());
        };
        image.detaching = Some(self.machine.current());
        let told = if image.attached.is_some() { self.tell_of_end(module) } else { Ok(()) };
        told.and(self.remove(module))
    }

    /// Tells an image that it is unloaded, and runs what it registered with the C library to be run at its end.
    fn tell_of_end(&mut self, module: u64) -> Result<(), Fault> {
        let told = self.notify(module, DLL_PROCESS_DETACH);
        let code = self.loaded(Pointer(module)).map(|image| image.module.range()).unwrap_or_default();
        told.and_then(|_| {
            // What ends this otherwise than by a fault of theirs is the functions' table, which lies in guest memory, if it is ruined.
            crate::crt::run_exit_functions_in(self, &code).map_err(fault_of)
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
        self.changed_otherwise();
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
