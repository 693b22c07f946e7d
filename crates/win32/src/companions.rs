//! Libraries that lie beside a driver: those that it imports from, and those that it loads while it runs. They count how often they are
//! wanted, and go when nobody wants them any more.

use std::time::Duration;

use guest::{Fault, LoadError, Stop};
use wire::{Brought, LibraryCall, Served, Want};

use crate::images::is_called;
use crate::kernel32::error::{ERROR_DLL_INIT_FAILED, ERROR_MOD_NOT_FOUND};
use crate::process::{Process, fault_of};

/// What a library is to the process, besides an image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Companion {
    /// Where the host has put it.
    brought: Brought,
    /// How often it was loaded, by images that import from it and by LoadLibrary, and not freed; [`PINNED`] for one that stays.
    users: u32,
}

/// The users of a library that stays, however often it is freed.
const PINNED: u32 = u32::MAX;

/// How deep libraries may import from libraries.
const DEEPEST: usize = 8;

/// How many libraries there may be at a time.
const MOST: usize = 64;

impl Process {
    /// Maps the library with this name that lies beside the driver, or counts one user more of one that is there. None of its code runs.
    /// `None` when there is no such library.
    pub(crate) fn want_library(&mut self, name: &str) -> Result<Option<u64>, Stop> {
        let own = self.machine.current();
        let gone = |process: &mut Self| {
            let mut leaving = process.images.iter().filter(|image| image.leaves_beside(own));
            Ok((!leaving.any(|image| is_called(&image.module.name, name))).then_some(()))
        };
        // What another thread unloads is loaded anew.
        self.wait_for(Duration::MAX, gone)?;
        let outer = self.begin_loading()?;
        let wanted = self.bring_library(name);
        self.end_loading(outer);
        wanted
    }

    /// Waits until no other thread loads an image: two could load the same one. Answers who has loaded before, for [`end_loading`](Self::end_loading).
    pub(crate) fn begin_loading(&mut self) -> Result<Option<usize>, Stop> {
        let own = self.machine.current();
        let free = |process: &mut Self| Ok(process.loader.is_none_or(|loader| loader == own).then_some(()));
        self.wait_for(Duration::MAX, free)?;
        Ok(self.loader.replace(own))
    }

    pub(crate) fn end_loading(&mut self, outer: Option<usize>) {
        self.loader = outer;
        self.changed_otherwise();
    }

    fn bring_library(&mut self, name: &str) -> Result<Option<u64>, Stop> {
        if let Some(base) = self.module_named(name).map(|module| module.base) {
            self.use_library(base);
            return Ok(Some(base));
        }
        let companions = self.images.iter().filter(|image| image.companion.is_some()).count();
        if companions >= MOST || self.loading.len() > DEEPEST {
            return Ok(None);
        }
        if self.loading.iter().any(|known| is_called(known, name)) {
            // Another copy of it would want its own libraries again, and so on.
            self.say(
                format!(
                    "{name} and a library that it imports from import from each other, which cannot be here"
                )
                .as_bytes(),
            );
            return Ok(None);
        }
        let call = LibraryCall::Bring { name: name.to_owned() };
        let Served::Library { name, brought } = self.want(Want::Library(call))? else { return Ok(None) };
        match self.map_library(&name, brought) {
            Ok(base) => Ok(Some(base)),
            Err(error) => {
                self.say(
                    format!("{name}, which lies beside the driver, cannot be loaded: {error}").as_bytes(),
                );
                self.free_place(brought)?;
                Ok(None)
            }
        }
    }

    fn map_library(&mut self, name: &str, brought: Brought) -> Result<u64, LoadError> {
        let at = u64::from(wire::BROUGHT_SIZE) + u64::from(brought.file);
        // The host sends no more than fits into its own half of that memory, which bounds this.
        let mut file = vec![0; brought.file_len as usize];
        if !self.machine.memory.read_pristine(at, &mut file) {
            return Err(LoadError::NoRoom(brought.file_len.into()));
        }
        let image = pe::Image::parse(&file)?;
        let (base, unresolved) = self.load(name, &image, Some(brought))?;
        if let Some(image) = self.images.iter_mut().find(|image| image.module.base == base) {
            image.companion = Some(Companion { brought, users: 1 });
        }
        for import in unresolved {
            self.say(format!("{name} imports {import}, which is not here").as_bytes());
        }
        Ok(base)
    }

    /// Counts one user more; nothing for what is no such library.
    pub(crate) fn use_library(&mut self, base: u64) {
        let image = self.images.iter_mut().find(|image| image.module.base == base);
        if let Some(Companion { users, .. }) = image.and_then(|image| image.companion.as_mut()) {
            *users = users.saturating_add(1);
        }
    }

    /// Has a library stay for as long as the process.
    pub(crate) fn pin_library(&mut self, base: u64) {
        let image = self.images.iter_mut().find(|image| image.module.base == base);
        if let Some(Companion { users, .. }) = image.and_then(|image| image.companion.as_mut()) {
            *users = PINNED;
        }
    }

    /// Waits until another thread has told an image that it is loaded, if one does; false when it has refused.
    fn wait_for_library(&mut self, base: u64) -> Result<bool, Stop> {
        let own = self.machine.current();
        let told = |process: &mut Self| {
            let Some(image) = process.images.iter().find(|image| image.module.base == base) else {
                return Ok(Some(false));
            };
            Ok((image.telling.is_none_or(|thread| thread == own) || image.is_attached()).then_some(true))
        };
        Ok(self.wait_for(Duration::MAX, told)?.unwrap_or(true))
    }

    /// LoadLibrary of what is no shims' library: its module handle, or the Win32 code.
    pub(crate) fn load_library(&mut self, name: &str) -> Result<Result<u64, u32>, Stop> {
        let Some(base) = self.want_library(name)? else { return Ok(Err(ERROR_MOD_NOT_FOUND)) };
        Ok(if self.attach_all(base)? { Ok(base) } else { Err(ERROR_DLL_INIT_FAILED) })
    }

    /// Tells an image that it is loaded, after the libraries that it imports from; nothing for those that know it. False when one refuses, and is
    /// gone.
    pub(crate) fn attach_all(&mut self, base: u64) -> Result<bool, Fault> {
        let Some(image) = self.images.iter_mut().find(|image| image.module.base == base) else {
            return Ok(true);
        };
        // Who loads something while it is told itself may come back to it: it counts as told then. What another thread tells is waited for.
        if image.telling.is_some() {
            return self.wait_for_library(base).map_err(fault_of);
        }
        image.telling = Some(self.machine.current());
        for library in self.needs_of(base) {
            if !self.attach_all(library)? {
                self.remove(base)?;
                return Ok(false);
            }
        }
        self.attach(base)
    }

    /// The libraries that an image imports from.
    pub(crate) fn needs_of(&self, base: u64) -> Vec<u64> {
        let image = self.images.iter().find(|image| image.module.base == base);
        image.map(|image| image.needs.clone()).unwrap_or_default()
    }

    /// One user less of each of the libraries; who has none is told that it is unloaded, and goes. Answers the first fault.
    pub(crate) fn release_all(&mut self, libraries: &[u64]) -> Result<(), Fault> {
        let released = libraries.iter().map(|&library| self.release(library).map(|_| ()));
        released.fold(Ok(()), Result::and)
    }

    /// One user less of a library. False for what is none.
    pub(crate) fn release(&mut self, base: u64) -> Result<bool, Fault> {
        let image = self.images.iter_mut().find(|image| image.module.base == base);
        let Some(companion) = image.and_then(|image| image.companion.as_mut()) else { return Ok(false) };
        match companion.users {
            PINNED => {}
            // It is on its way out.
            0 => {}
            1 => {
                companion.users = 0;
                self.unload(base, false)?;
            }
            _ => companion.users -= 1,
        }
        Ok(true)
    }

    /// Tells the host that a library's place is free.
    pub(crate) fn free_place(&mut self, brought: Brought) -> Result<(), Stop> {
        self.want(Want::Library(LibraryCall::Free { brought })).map(|_| ())
    }

    /// Where a library lies, if an image is one.
    pub(crate) fn place_of(&self, base: u64) -> Option<Brought> {
        let image = self.images.iter().find(|image| image.module.base == base)?;
        image.companion.map(|companion| companion.brought)
    }
}
