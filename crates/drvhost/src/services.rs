//! What the host does for the drivers of one worker besides delivering messages: files, the registry, and libraries that lie beside a driver.
//!
//! All of it is asked for by code that may be hostile: every want is bounded in size by the channel, in amount by what serves it, and in
//! rate here.

mod codes;
mod descriptors;
mod files;
mod folder;
mod layers;
mod listing;
mod paths;
mod refusal;
mod settings;
mod streams;
mod usage;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wire::{
    DialogAnswer, Disposition, FileCall, Heard, LONGEST_PATH, LibraryCall, RegistryCall, Served, Want,
};

use crate::clock::StreamState;
use crate::directories::{find_in, wine_mark_of};
use crate::images::{self, Images, User};
use crate::machine::Machine;
use crate::module::Image;
use crate::sound::Recorder;
use crate::trace::Trace;
use codes::{
    ERROR_BAD_EXE_FORMAT, ERROR_FILE_NOT_FOUND, ERROR_INVALID_NAME, ERROR_MOD_NOT_FOUND, ERROR_PATH_NOT_FOUND,
};
use files::Files;
use folder::Folder;
use layers::Failure;
pub(crate) use refusal::Refusal;

use streams::Streams;

pub use layers::Grant;
pub(crate) use layers::Reach;
pub(crate) use settings::Settings;

/// How many wants of one worker are served in a second; those that come after that wait for the next. A driver that reads its files
/// byte by byte stays below it.
const MOST_A_SECOND: u32 = 50_000;

/// How often the user is told of something for each worker: of what it was refused, of libraries that cannot be loaded.
const MOST_TOLD: u32 = 100;

/// How many files that are not there are kept for whoever asks.
const MOST_MISSED: usize = 10;

/// What the host does for one worker.
#[derive(Debug)]
pub(crate) struct Services {
    driver: String,
    worker: u32,
    machine: Machine,
    reach: Reach,
    files: Mutex<Files>,
    settings: Arc<Settings>,
    streams: Mutex<Streams>,
    rate: Mutex<Rate>,
    trace: Trace,
    beginning: Beginning,
    refusals: Mutex<Vec<Refusal>>,
    missed: Mutex<Vec<String>>,
}

/// What a worker is told of its surroundings when it begins.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Beginning {
    /// How what the driver asks people is answered.
    pub dialogs: DialogAnswer,
    /// What time it is by a virtual clock.
    pub clock: Option<u64>,
}

/// How much is done in the second that runs.
#[derive(Debug)]
struct Rate {
    since: Instant,
    wants: u32,
    /// How often the user was told of something, in all.
    told: u32,
}

impl Services {
    /// For the worker with this number, which is started for `image`.
    pub fn new(
        worker: u32,
        image: &Image,
        reach: Reach,
        settings: Arc<Settings>,
        recorder: Arc<Recorder>,
        trace: Trace,
        beginning: Beginning,
    ) -> Self {
        Self {
            streams: Mutex::new(Streams::new(&image.name, recorder)),
            driver: image.name.clone(),
            worker,
            machine: image.machine,
            files: Mutex::new(Files::new(reach.clone())),
            reach,
            settings,
            rate: Mutex::new(Rate { since: Instant::now(), wants: 0, told: 0 }),
            trace,
            beginning,
            refusals: Mutex::default(),
            missed: Mutex::default(),
        }
    }

    /// What the worker is told when it begins.
    pub fn beginning(&self) -> Beginning {
        self.beginning
    }

    /// Takes what the driver has played by a virtual clock.
    pub fn hear(&self, heard: &Heard) {
        if self.beginning.clock.is_some() {
            self.streams().hear(heard);
        }
    }

    /// What the worker says of how far its streams are.
    pub fn states(&self, states: &[wire::StreamState]) -> Vec<StreamState> {
        self.streams().states(states)
    }

    /// Does what is wanted; `images` is where libraries go, which the worker sees at `base`. A worker that wants too much waits, but not beyond
    /// `until`, when somebody has to look after it.
    pub fn serve(&self, want: &Want, images: &Mutex<Images>, base: u64, until: Option<Instant>) -> Served {
        self.keep_to_the_rate(until);
        if texts(want).iter().any(|text| text.len() > LONGEST_PATH) {
            return Served::Failed(ERROR_INVALID_NAME);
        }
        let served = match want {
            Want::File(call) => self.files.lock().unwrap_or_else(PoisonError::into_inner).serve(call),
            Want::Registry(call) => self.settings.serve(call),
            Want::Library(call) => self.library(call, images, base),
            Want::Wave(call) => Ok(self.streams().serve(call)),
        };
        served.unwrap_or_else(|failure| {
            if failure.refused {
                self.tell_of_refusal(want);
            }
            if let ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND = failure.code {
                self.keep_missed(want);
            }
            Served::Failed(failure.code)
        })
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker has ended: what it played is complete, what it changed in the registry is kept, and nobody uses its files.
    pub fn finish(&self) {
        self.streams().finish();
        self.settings.keep();
        // Where its second line is still busy with one, they go with the line.
        if let Ok(mut files) = self.files.try_lock() {
            files.close_all();
        }
    }

    fn rate(&self) -> MutexGuard<'_, Rate> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next second when this one has had enough.
    fn keep_to_the_rate(&self, until: Option<Instant>) {
        let mut rate = self.rate();
        let now = Instant::now();
        let mut next = rate.since + Duration::from_secs(1);
        if now >= next {
            (rate.since, rate.wants) = (now, 0);
        }
        rate.wants = rate.wants.saturating_add(1);
        if rate.wants > MOST_A_SECOND {
            // The other line is not kept from its own wants meanwhile.
            drop(rate);
            next = until.map_or(next, |until| until.min(next));
            thread::sleep(next.saturating_duration_since(now));
        }
    }

    /// Whether the user is to be told of one thing more.
    fn may_tell(&self) -> bool {
        let mut rate = self.rate();
        rate.told = rate.told.saturating_add(1);
        rate.told <= MOST_TOLD
    }

    fn library(&self, call: &LibraryCall, images: &Mutex<Images>, base: u64) -> Result<Served, Failure> {
        let mut images = images.lock().unwrap_or_else(PoisonError::into_inner);
        match call {
            LibraryCall::Free { brought } => {
                images.free(*brought, User::Library);
                Ok(Served::Done)
            }
            LibraryCall::Bring { name } => {
                if name.contains(['/', '\\', '\0']) {
                    return Err(ERROR_INVALID_NAME.into());
                }
                let mut folders = self.reach.files.iter().chain([&self.reach.own]);
                let find = |folder| find_in(folder, name, Some(self.machine)).map(|file| (folder, file));
                let found = folders.find_map(|folder| find(folder.as_path()));
                let (folder, file) = found.ok_or(ERROR_MOD_NOT_FOUND)?;
                // Wine's own libraries are halves of Wine, whose other halves are not here.
                if wine_mark_of(&file).is_some() {
                    return Err(ERROR_MOD_NOT_FOUND.into());
                }
                // As with all files of drivers, no link leads out of the folder.
                let beside = Path::new(file.file_name().unwrap_or_default());
                let opened = Folder::open(folder).and_then(|folder| folder.file(beside, false, false));
                let opened = opened.map_err(|_| ERROR_MOD_NOT_FOUND)?;
                let image = Image::read_opened(&file, opened, images::MAX_FILE.into());
                let bring = image.and_then(|image| {
                    let brought = images.bring(&image, base, User::Library)?;
                    Ok(Served::Library { name: image.name, brought })
                });
                bring.map_err(|error| {
                    if self.may_tell() {
                        tracing::warn!(driver = self.driver, %error, "a library beside the driver cannot be loaded");
                    }
                    ERROR_BAD_EXE_FORMAT.into()
                })
            }
        }
    }

    /// Tells the user what the driver wanted and did not get.
    fn tell_of_refusal(&self, want: &Want) {
        if !self.may_tell() {
            return;
        }
        let what = match want {
            Want::File(
                FileCall::Open { write: true, .. } | FileCall::Write { .. } | FileCall::SetLength { .. },
            ) => "write a file",
            Want::File(FileCall::Open { .. } | FileCall::Read { .. }) => "read a file",
            Want::File(FileCall::Look { .. } | FileCall::List { .. } | FileCall::Info { .. }) => {
                "look at a file"
            }
            Want::File(FileCall::Delete { .. } | FileCall::RemoveFolder { .. }) => "delete a file",
            Want::File(FileCall::Rename { .. }) => "rename a file",
            Want::File(FileCall::MakeFolder { .. }) => "make a folder",
            Want::File(FileCall::Close { .. } | FileCall::Flush { .. }) => "use a file",
            Want::Registry(_) => "change the registry",
            Want::Library(_) => "load a library",
            Want::Wave(_) => "play",
        };
        let path = texts(want).first().map_or_else(String::new, |text| crate::worker::printable(text));
        let remedy = self.remedy(want);
        tracing::info!(driver = self.driver, path, "the driver may not {what}{remedy}");
        if !remedy.is_empty() {
            let wanted = Refusal { what, path: path.clone(), write: writes_of(want) };
            wanted.keep_in(&mut self.refusals.lock().unwrap_or_else(PoisonError::into_inner));
        }
        self.trace.refused(self.worker, &self.driver, what, &path);
    }

    /// Keeps the path of a file that was to be read, or looked at, and is not there.
    fn keep_missed(&self, want: &Want) {
        if let Want::File(call @ (FileCall::Open { path, .. } | FileCall::Look { path })) = want
            && !writes(call)
        {
            let path = crate::worker::printable(path);
            let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
            if missed.len() < MOST_MISSED && !missed.contains(&path) {
                missed.push(path);
            }
        }
    }

    /// The files that the drivers looked for since this was asked last and that were not there.
    pub fn take_missed(&self) -> Vec<String> {
        std::mem::take(&mut *self.missed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the drivers were refused for want of a grant since this was asked last.
    pub fn take_refusals(&self) -> Vec<Refusal> {
        std::mem::take(&mut *self.refusals.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the user can do about a refusal: grant a folder, where that is what is missing.
    fn remedy(&self, want: &Want) -> &'static str {
        let Want::File(call) = want else { return "" };
        let write = writes(call);
        match texts(want).iter().any(|path| self.reach.wants_grant(path, write)) {
            true if write => "; `drvhost install --allow-write DIR` lets it",
            true => "; `drvhost install --allow-read DIR` lets it",
            false => "",
        }
    }
}

/// Whether it is a file that is wanted, to be changed.
fn writes_of(want: &Want) -> bool {
    matches!(want, Want::File(call) if writes(call))
}

/// Whether what is wanted of a file changes it.
fn writes(call: &FileCall) -> bool {
    match call {
        FileCall::Open { write, disposition, .. } => *write || *disposition != Disposition::OpenExisting,
        FileCall::Look { .. } | FileCall::List { .. } => false,
        _ => true,
    }
}

/// The paths and names in a want.
fn texts(want: &Want) -> Vec<&str> {
    match want {
        Want::File(
            FileCall::Open { path, .. }
            | FileCall::Look { path }
            | FileCall::Delete { path }
            | FileCall::MakeFolder { path }
            | FileCall::RemoveFolder { path }
            | FileCall::List { path, .. },
        ) => vec![path],
        Want::File(FileCall::Rename { from, to, .. }) => vec![from, to],
        Want::File(
            FileCall::Read { .. }
            | FileCall::Write { .. }
            | FileCall::SetLength { .. }
            | FileCall::Info { .. }
            | FileCall::Flush { .. }
            | FileCall::Close { .. },
        )
        | Want::Registry(RegistryCall::Flush | RegistryCall::Settle)
        | Want::Library(LibraryCall::Free { .. })
        | Want::Wave(_) => vec![],
        Want::Registry(
            RegistryCall::Get { key, name }
            | RegistryCall::Set { key, name, .. }
            | RegistryCall::Unset { key, name },
        ) => vec![key, name],
        Want::Registry(
            RegistryCall::Look { key }
            | RegistryCall::Create { key }
            | RegistryCall::Delete { key, .. }
            | RegistryCall::Below { key, .. }
            | RegistryCall::Value { key, .. }
            | RegistryCall::Changes { key, .. },
        ) => vec![key],
        Want::Library(LibraryCall::Bring { name }) => vec![name],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services() -> Services {
        let bytes = pe::builder::Builder::new(pe::Machine::X86_64).build();
        let image =
            Image { name: "a.dll".into(), file: "/nowhere/a.dll".into(), machine: Machine::X86_64, bytes };
        let settings = Arc::new(Settings::new(None));
        let recorder = Arc::new(Recorder::new(crate::Sound::default()).unwrap());
        Services::new(1, &image, Reach::default(), settings, recorder, Trace::none(), Beginning::default())
    }

    fn serve(services: &Services, want: &Want) -> Served {
        services.serve(want, &Mutex::new(Images::new().unwrap()), 0, None)
    }

    #[test]
    fn whoever_wants_too_much_waits() {
        let (services, started) = (services(), Instant::now());
        let want = Want::Registry(RegistryCall::Look { key: "HKEY_CURRENT_USER".into() });
        let images = Mutex::new(Images::new().unwrap());
        for _ in 0..=MOST_A_SECOND {
            assert!(matches!(services.serve(&want, &images, 0, None), Served::Key(_)));
        }
        assert!(started.elapsed() >= Duration::from_millis(900), "{:?}", started.elapsed());
    }

    #[test]
    fn names_are_bounded_and_lead_to_no_folder() {
        let services = services();
        let path = "k".repeat(LONGEST_PATH + 1);
        let look = Want::File(FileCall::Look { path });
        assert_eq!(serve(&services, &look), Served::Failed(ERROR_INVALID_NAME));
        for (name, code) in [("../a.dll", ERROR_INVALID_NAME), ("a.dll", ERROR_MOD_NOT_FOUND)] {
            let bring = Want::Library(LibraryCall::Bring { name: name.to_owned() });
            assert_eq!(serve(&services, &bring), Served::Failed(code), "{name}");
        }
    }

    #[test]
    fn a_wait_ends_when_somebody_has_to_look_after_the_worker() {
        let (services, images) = (services(), Mutex::new(Images::new().unwrap()));
        services.rate().wants = MOST_A_SECOND;
        let (want, begun) = (Want::Registry(RegistryCall::Flush), Instant::now());
        let until = begun + Duration::from_millis(50);
        assert_eq!(services.serve(&want, &images, 0, Some(until)), Served::Done);
        assert!((50..500).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_remedy_is_named_where_it_is_one() {
        let mut services = services();
        services.reach.grants = vec![Grant { folder: "/read".into(), write: false }];
        let (read, write) = ("--allow-read", "--allow-write");
        let delete = |path: &str| Want::File(FileCall::Delete { path: path.into() });
        let look = |path: &str| Want::File(FileCall::Look { path: path.into() });
        let flush = Want::Registry(RegistryCall::Flush);
        for (want, remedy) in [
            (delete(r"Z:\read\x"), write),
            (delete(r"Z:\x"), write),
            (delete(r"C:\windows\system32\a.dll"), ""),
            (look(r"Z:\x"), read),
            (look(r"Z:\read\x"), ""),
            (flush, ""),
        ] {
            let named = services.remedy(&want);
            assert!(named.contains(remedy) && named.is_empty() == remedy.is_empty(), "{want:?}: {named}");
        }
    }
}
