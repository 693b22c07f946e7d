//! Finding drivers by name: the value store, SYSTEM.INI, and files (spec section 2.1, C033 to C051).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The section that a NULL section means.
pub(crate) const DRIVERS32: &str = "Drivers32";

/// Added to a file name that has no extension.
const EXTENSION: &str = "dll";

/// Where Wine's 64-bit drivers lie, by distribution: Debian and its kin, Fedora and Arch, packages of Wine's own.
const WINE_DIRECTORIES: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu/wine/x86_64-windows",
    "/usr/lib/wine/x86_64-windows",
    "/usr/lib64/wine/x86_64-windows",
    "/opt/wine-stable/lib64/wine/x86_64-windows",
    "/opt/wine-devel/lib64/wine/x86_64-windows",
    "/opt/wine-staging/lib64/wine/x86_64-windows",
];

/// An alias that is known without configuration.
#[derive(Debug, Clone, Copy)]
pub struct DefaultAlias {
    /// The value's name in Drivers32.
    pub alias: &'static str,
    /// The driver's file name.
    pub file: &'static str,
    /// The compressions that it stands for, as in a BITMAPINFOHEADER: fourccs, or BI_ numbers.
    pub compressions: &'static [u32],
    /// The wave format tags that it stands for.
    pub format_tags: &'static [u16],
}

const fn fourcc(code: &[u8; 4]) -> u32 {
    u32::from_le_bytes(*code)
}

/// The drivers that Windows brings along, as Wine names their files.
pub const DEFAULT_ALIASES: &[DefaultAlias] = &[
    DefaultAlias {
        alias: "vidc.cvid",
        file: "iccvid.dll",
        compressions: &[fourcc(b"cvid")],
        format_tags: &[],
    },
    DefaultAlias {
        alias: "vidc.msvc",
        file: "msvidc32.dll",
        compressions: &[fourcc(b"MSVC")],
        format_tags: &[],
    },
    DefaultAlias {
        alias: "vidc.cram",
        file: "msvidc32.dll",
        compressions: &[fourcc(b"CRAM")],
        format_tags: &[],
    },
    DefaultAlias {
        alias: "vidc.mrle",
        file: "msrle32.dll",
        compressions: &[fourcc(b"mrle"), mmsystem::BI_RLE8, mmsystem::BI_RLE4],
        format_tags: &[],
    },
    DefaultAlias {
        alias: "msacm.msadpcm",
        file: "msadp32.acm",
        compressions: &[],
        format_tags: &[mmsystem::WAVE_FORMAT_ADPCM],
    },
    DefaultAlias {
        alias: "msacm.imaadpcm",
        file: "imaadp32.acm",
        compressions: &[],
        format_tags: &[mmsystem::WAVE_FORMAT_DVI_ADPCM],
    },
    DefaultAlias {
        alias: "msacm.msg711",
        file: "msg711.acm",
        compressions: &[],
        format_tags: &[mmsystem::WAVE_FORMAT_ALAW, mmsystem::WAVE_FORMAT_MULAW],
    },
    DefaultAlias {
        alias: "msacm.msgsm610",
        file: "msgsm32.acm",
        compressions: &[],
        format_tags: &[mmsystem::WAVE_FORMAT_GSM610],
    },
    DefaultAlias {
        alias: "msacm.l3acm",
        file: "l3codeca.acm",
        compressions: &[],
        format_tags: &[mmsystem::WAVE_FORMAT_MPEGLAYER3],
    },
];

/// How a driver's file was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Named by an entry that somebody set.
    Registry,
    /// In a directory that the caller named, or by its path.
    DriverPath,
    /// In one of Wine's directories.
    Wine,
}

/// A driver that has been found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverFile {
    /// Its file.
    pub path: PathBuf,
    /// What DRV_OPEN gets as its text; `None` is NULL.
    pub text: Option<String>,
    /// The entry that named it, if one did.
    pub alias: Option<String>,
    /// How it was found.
    pub origin: Origin,
}

impl DriverFile {
    /// The file's name without directory.
    #[must_use]
    pub fn file_name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Entries of one section by lower-case name; names are not case-sensitive (C035).
type Section = BTreeMap<String, Entry>;

#[derive(Debug, Clone)]
struct Entry {
    name: String,
    value: String,
    origin: Origin,
}

/// The names that drivers are found by.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// HKLM\Software\Microsoft\Windows NT\CurrentVersion, by lower-case section.
    values: BTreeMap<String, Section>,
    /// SYSTEM.INI, by lower-case section; asked only where the registry has no value (C036, C037).
    ini: BTreeMap<String, Section>,
    /// What is known without configuration; asked last.
    defaults: BTreeMap<String, Section>,
    driver_path: Vec<PathBuf>,
    wine: Vec<PathBuf>,
}

impl Registry {
    /// A registry without entries and directories.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A registry with [`DEFAULT_ALIASES`] in Drivers32 and Wine's directories to look for files in.
    #[must_use]
    pub fn with_defaults() -> Self {
        let mut registry = Self::new();
        for known in DEFAULT_ALIASES {
            insert(&mut registry.defaults, DRIVERS32, known.alias, known.file, Origin::Wine);
        }
        registry.wine = WINE_DIRECTORIES.iter().map(PathBuf::from).filter(|path| path.is_dir()).collect();
        registry
    }

    /// Sets a value, `file [parameters]`, in a section of the registry.
    pub fn set(&mut self, section: &str, name: &str, value: &str) {
        insert(&mut self.values, section, name, value, Origin::Registry);
    }

    /// Sets an entry in a section of SYSTEM.INI.
    pub fn set_ini(&mut self, section: &str, name: &str, value: &str) {
        insert(&mut self.ini, section, name, value, Origin::Registry);
    }

    /// Adds a directory to look for files in, after those added before and ahead of Wine's.
    pub fn add_driver_path(&mut self, directory: &Path) {
        self.driver_path.push(directory.to_owned());
    }

    /// Finds a driver as `OpenDriver` does: the entry `name` of `section` (Drivers32 unless given); if there is none, `name` as
    /// a whole is a file.
    ///
    /// # Errors
    /// [`Error::NoSuchDriver`].
    pub fn resolve(&self, name: &str, section: Option<&str>) -> Result<DriverFile, Error> {
        if name.is_empty() || name.starts_with(' ') {
            let looked = "nothing, because a name is not empty and begins with no space".to_owned();
            return Err(Error::NoSuchDriver { name: name.to_owned(), looked });
        }
        let section = section.unwrap_or(DRIVERS32);
        match self.entry(section, name) {
            Some(entry) => {
                let missing =
                    || self.unknown(name, &format!("`{}`, as the entry in [{section}] says", entry.value));
                let (file, text) = split(&entry.value);
                let (path, place) = self.find_file(file).ok_or_else(missing)?;
                let origin = if entry.origin == Origin::Registry { Origin::Registry } else { place };
                Ok(DriverFile { path, text, alias: Some(entry.name.clone()), origin })
            }
            None => {
                let missing = || self.unknown(name, &format!("an entry in [{section}]"));
                let (path, origin) = self.find_file(name).ok_or_else(missing)?;
                Ok(DriverFile { path, text: None, alias: None, origin })
            }
        }
    }

    /// Finds a driver for a driver that lies in `folder`, as [`resolve`](Self::resolve) does; but a driver reaches no file by its path. A name
    /// is an entry, or a file in `folder` or in the directories. The one directory that it can name is that in which every driver
    /// is told to lie.
    ///
    /// # Errors
    /// [`Error::NoSuchDriver`].
    pub(crate) fn resolve_beside(
        &self,
        folder: &Path,
        name: &str,
        section: Option<&str>,
    ) -> Result<DriverFile, Error> {
        if self.entry(section.unwrap_or(DRIVERS32), name).is_some() {
            return self.resolve(name, section);
        }
        let looked = || "a file beside the driver that asks, or in the directories for drivers".to_owned();
        let native = name.replace('\\', "/");
        let file = match native.split_at_checked(GUEST_DIRECTORY.len()) {
            Some((directory, file)) if directory.eq_ignore_ascii_case(GUEST_DIRECTORY) => file,
            _ => &native,
        };
        if is_path(file) || file.is_empty() || file.starts_with(' ') {
            return Err(Error::NoSuchDriver { name: name.to_owned(), looked: looked() });
        }
        match find_in(folder, file) {
            Some(path) => Ok(DriverFile { path, text: None, alias: None, origin: Origin::DriverPath }),
            None => self.resolve(file, section),
        }
    }

    /// Finds a driver as the command line names one: an existing file as a whole; otherwise what stands before the first space is an
    /// alias or a file, and the rest goes to DRV_OPEN.
    ///
    /// # Errors
    /// [`Error::NoSuchDriver`].
    pub fn resolve_argument(&self, argument: &str) -> Result<DriverFile, Error> {
        let as_file = |text: &str| is_path(text).then(|| PathBuf::from(text)).filter(|path| path.is_file());
        if let Some(path) = as_file(argument) {
            return Ok(DriverFile { path, text: None, alias: None, origin: Origin::DriverPath });
        }
        // A name cannot begin with a space, and then there is nothing to split off.
        let (name, text) = if argument.starts_with(' ') { (argument, None) } else { split(argument) };
        let found = match as_file(name) {
            Some(path) => DriverFile { path, text: None, alias: None, origin: Origin::DriverPath },
            None => self
                .resolve(name, None)
                .map_err(|error| if is_path(name) { not_there(name) } else { error })?,
        };
        Ok(DriverFile { text: text.or(found.text), ..found })
    }

    /// The entry of a section with this name: the registry's before SYSTEM.INI's, and what is known anyway last.
    fn entry(&self, section: &str, name: &str) -> Option<&Entry> {
        let (section, name) = (section.to_lowercase(), name.to_lowercase());
        [&self.values, &self.ini, &self.defaults]
            .into_iter()
            .find_map(|store| store.get(&section)?.get(&name))
    }

    /// Every entry of Drivers32, by name.
    #[must_use]
    pub fn aliases(&self) -> Vec<String> {
        let mut names: BTreeMap<&String, &Entry> = BTreeMap::new();
        for store in [&self.defaults, &self.ini, &self.values] {
            names.extend(store.get(&DRIVERS32.to_lowercase()).into_iter().flatten());
        }
        names.into_values().map(|entry| entry.name.clone()).collect()
    }

    /// The directories that files are looked for in, in order.
    #[must_use]
    pub fn directories(&self) -> Vec<&Path> {
        self.driver_path.iter().chain(&self.wine).map(PathBuf::as_path).collect()
    }

    /// The directories that the caller named.
    #[must_use]
    pub fn driver_path(&self) -> &[PathBuf] {
        &self.driver_path
    }

    /// The file with this name: at its path if it has one, else in the directories; in any case, and with `.dll` added where there
    /// is no extension (C024).
    fn find_file(&self, name: &str) -> Option<(PathBuf, Origin)> {
        // Empty, or with a leading space: no file (C048).
        if name.is_empty() || name.starts_with(' ') {
            return None;
        }
        let native = name.replace('\\', "/");
        if is_path(&native) {
            let path = Path::new(&native);
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty())?;
            return find_in(directory, path.file_name()?.to_str()?).map(|path| (path, Origin::DriverPath));
        }
        let places = self.driver_path.iter().map(|directory| (directory, Origin::DriverPath));
        let places = places.chain(self.wine.iter().map(|directory| (directory, Origin::Wine)));
        places.into_iter().find_map(|(directory, origin)| Some((find_in(directory, &native)?, origin)))
    }

    fn unknown(&self, name: &str, first: &str) -> Error {
        let directories: Vec<_> = self.directories().iter().map(|path| path.display().to_string()).collect();
        let places = if directories.is_empty() { "no directory".to_owned() } else { directories.join(", ") };
        Error::NoSuchDriver {
            name: name.to_owned(),
            looked: format!("{first}, and a file of that name in {places}"),
        }
    }
}

/// Where a driver is told to lie, by GetModuleFileName.
const GUEST_DIRECTORY: &str = "C:/windows/system32/";

/// The error for a file that was named by its path.
fn not_there(path: &str) -> Error {
    let source = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such file");
    Error::File { file: path.into(), source }
}

/// Whether a name says in which directory the file is.
fn is_path(name: &str) -> bool {
    name.contains('/')
}

fn insert(store: &mut BTreeMap<String, Section>, section: &str, name: &str, value: &str, origin: Origin) {
    let entry = Entry { name: name.to_owned(), value: value.to_owned(), origin };
    store.entry(section.to_lowercase()).or_default().insert(name.to_lowercase(), entry);
}

/// Splits a value into file name and text: at the first space, all spaces skipped, inner and trailing ones kept (C042, C043).
fn split(value: &str) -> (&str, Option<String>) {
    match value.split_once(' ') {
        None => (value, None),
        Some((file, rest)) => {
            let text = rest.trim_start_matches(' ');
            (file, (!text.is_empty()).then(|| text.to_owned()))
        }
    }
}

/// A file of a directory by name, exactly or in another case, with or without extension.
fn find_in(directory: &Path, name: &str) -> Option<PathBuf> {
    let with_extension = Path::new(name).extension().is_none().then(|| format!("{name}.{EXTENSION}"));
    let names: Vec<&str> = std::iter::once(name).chain(with_extension.as_deref()).collect();
    if let Some(path) = names.iter().map(|name| directory.join(name)).find(|path| path.is_file()) {
        return Some(path);
    }
    let mut files: Vec<_> = std::fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.into_iter().find(|path| {
        let file = path.file_name().and_then(|file| file.to_str());
        file.is_some_and(|file| names.iter().any(|name| file.eq_ignore_ascii_case(name))) && path.is_file()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_files(names: &[&str]) -> (tempfile::TempDir, Registry) {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        let mut registry = Registry::new();
        registry.add_driver_path(folder.path());
        (folder, registry)
    }

    fn file_of(found: &DriverFile) -> &str {
        found.path.file_name().unwrap().to_str().unwrap()
    }

    #[test]
    fn values_split_at_the_first_space() {
        assert_eq!(split("spy.dll"), ("spy.dll", None));
        assert_eq!(split("spy.dll  COM1  /x=2 "), ("spy.dll", Some("COM1  /x=2 ".into())));
        assert_eq!(split("spy.dll   "), ("spy.dll", None));
        assert_eq!(split(" spy.dll"), ("", Some("spy.dll".into())));
    }

    #[test]
    fn the_command_line_splits_text_off_but_prefers_whole_files() {
        let (folder, registry) = with_files(&["spy.dll", "a b.dll"]);
        let whole = folder.path().join("a b.dll");
        assert_eq!(registry.resolve_argument(whole.to_str().unwrap()).unwrap().text, None);
        let named = format!("{}/spy.dll hang on", folder.path().display());
        assert_eq!(registry.resolve_argument(&named).unwrap().text.as_deref(), Some("hang on"));
        assert_eq!(registry.resolve_argument("spy hang").unwrap().text.as_deref(), Some("hang"));
        assert!(registry.resolve_argument("Cargo.toml").is_err(), "the current directory is not searched");
    }

    #[test]
    fn an_entry_wins_over_a_file_of_its_name() {
        let (_folder, mut registry) = with_files(&["spy.dll", "other.dll"]);
        registry.set("Drivers32", "spy.dll", "other.dll text");
        let found = registry.resolve("SPY.DLL", None).unwrap();
        assert_eq!((file_of(&found), found.text.as_deref()), ("other.dll", Some("text")));
    }
}
