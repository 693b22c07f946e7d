//! The directories that drivers' files are looked for in, and which of several files of one name is taken.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};

use pe::WineMark;

use crate::home::home;
use crate::machine::Machine;
use crate::module::open_at_once;
use crate::registry::Origin;

/// Added to a file name that has no extension.
const EXTENSION: &str = "dll";

/// Where Wine's own libraries lie, by distribution: Debian and its kin, Fedora and Arch, packages of Wine's own.
const WINE_ROOTS: [&str; 11] = [
    "/usr/lib/x86_64-linux-gnu/wine",
    "/usr/lib/i386-linux-gnu/wine",
    "/usr/lib/wine",
    "/usr/lib64/wine",
    "/usr/lib32/wine",
    "/opt/wine-stable/lib64/wine",
    "/opt/wine-stable/lib/wine",
    "/opt/wine-devel/lib64/wine",
    "/opt/wine-devel/lib/wine",
    "/opt/wine-staging/lib64/wine",
    "/opt/wine-staging/lib/wine",
];

/// In each of these, the libraries for one machine.
const WINE_FOLDERS: [&str; 2] = ["x86_64-windows", "i386-windows"];

/// Where a Wine prefix has its drivers: those of its own width, and in one of 64 bits the 32-bit ones.
const PREFIX_FOLDERS: [&str; 2] = ["drive_c/windows/system32", "drive_c/windows/syswow64"];

/// How much of a file is read to tell what it is: its headers lie within.
const HEADERS: u64 = 64 << 10;
/// How much of it is looked at first.
const PAGE: usize = 4096;

/// The directories, by kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directories {
    /// Those that the caller named.
    pub driver_path: Vec<PathBuf>,
    /// Those of the Wine prefix.
    pub prefix: Vec<PathBuf>,
    wine: Vec<PathBuf>,
}

impl Directories {
    /// Those of this computer: the user's Wine prefix and Wine's own.
    pub fn of_this_computer() -> Self {
        let mut directories = Self::default();
        if let Some(prefix) = default_prefix(std::env::var_os("WINEPREFIX"), home()) {
            directories.set_prefix(&prefix);
        }
        let wine = WINE_ROOTS.iter().flat_map(|root| WINE_FOLDERS.map(|folder| Path::new(root).join(folder)));
        directories.wine = wine.filter(|path| path.is_dir()).collect();
        directories
    }

    /// Looks in this Wine prefix, and no other one.
    pub fn set_prefix(&mut self, prefix: &Path) {
        let folders = PREFIX_FOLDERS.iter().map(|folder| prefix.join(folder));
        self.prefix = folders.filter(|path| path.is_dir()).collect();
    }

    /// All of them, in the order in which they are looked in.
    pub fn all(&self) -> impl Iterator<Item = &Path> {
        [&self.driver_path, &self.prefix, &self.wine].into_iter().flatten().map(PathBuf::as_path)
    }

    /// The file with this name, in `first` before all others: the first one for the machine that is `wanted`. See [`choose`].
    ///
    /// A prefix has copies of Wine's own libraries beside what was installed. They are looked at last: the ones in Wine's own directories are
    /// the same, and as new as Wine is.
    pub fn find(
        &self,
        first: Option<&Path>,
        name: &str,
        wanted: Option<Machine>,
    ) -> Option<(PathBuf, Origin)> {
        let among = |directories| files_among(directories, name);
        let is_copy = |file: &PathBuf| wine_mark_of(file) == Some(WineMark::Builtin);
        let own = first.into_iter().flat_map(|path| files_named(path, name)).chain(among(&self.driver_path));
        let installed = among(&self.prefix).filter(|file| !is_copy(file));
        let copies = among(&self.prefix).filter(is_copy);
        let files = own
            .map(|file| (file, Origin::DriverPath))
            .chain(installed.map(|file| (file, Origin::Prefix)))
            .chain(among(&self.wine).map(|file| (file, Origin::Wine)))
            .chain(copies.map(|file| (file, Origin::Prefix)));
        choose(files, wanted)
    }
}

/// The file of one directory with this name.
pub(crate) fn find_in(directory: &Path, name: &str, wanted: Option<Machine>) -> Option<PathBuf> {
    choose(files_named(directory, name).map(|file| (file, ())), wanted).map(|(file, ())| file)
}

/// The first file for the machine that is wanted. Where none is: the first for the first of [`Machine::ALL`] that has one, and where there is no
/// driver for any, the first file at all, so that somebody says what it is.
///
/// What stands in a Wine prefix for one of Wine's own libraries is no driver and never taken.
fn choose<T>(files: impl Iterator<Item = (PathBuf, T)>, wanted: Option<Machine>) -> Option<(PathBuf, T)> {
    let rank = |file: &Path| {
        let headers = headers(file);
        if pe::wine_mark(&headers) == Some(WineMark::Placeholder) {
            return None;
        }
        let machine = pe::identify(&headers).ok().and_then(Machine::of);
        match wanted {
            Some(_) => (machine == wanted).then_some(0),
            None => {
                let place = Machine::ALL.iter().position(|known| Some(*known) == machine);
                Some(place.unwrap_or(Machine::ALL.len()))
            }
        }
    };
    let mut best: Option<(usize, (PathBuf, T))> = None;
    for file in files {
        match rank(&file.0) {
            Some(0) => return Some(file),
            Some(rank) if best.as_ref().is_none_or(|(least, _)| rank < *least) => best = Some((rank, file)),
            _ => {}
        }
    }
    best.map(|(_, file)| file)
}

/// The machine that a file is for; `None` where it is no executable or cannot be read.
pub(crate) fn machine_of(file: &Path) -> Option<pe::Machine> {
    pe::identify(&headers(file)).ok()
}

/// Wine's mark on a file, if it has one.
pub(crate) fn wine_mark_of(file: &Path) -> Option<WineMark> {
    pe::wine_mark(&headers(file))
}

/// The beginning of a file: a page of it where that says what the file is, as nearly always; nothing of one that cannot be read.
fn headers(file: &Path) -> Vec<u8> {
    let mut headers = Vec::with_capacity(PAGE);
    let read = open_at_once(file).and_then(|file| {
        let mut file = file.take(HEADERS);
        file.by_ref().take(PAGE as u64).read_to_end(&mut headers)?;
        match pe::identify(&headers) {
            Ok(_) => Ok(0),
            Err(_) => file.read_to_end(&mut headers),
        }
    });
    if read.is_err() {
        headers.clear();
    }
    headers
}

/// The prefix that Wine takes: the one that is set, or else the usual one in the user's folder.
fn default_prefix(set: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let set = set.filter(|prefix| !prefix.is_empty()).map(PathBuf::from);
    set.or_else(|| home.map(|home| home.join(".wine")))
}

/// The files with a name in several directories, in their order.
fn files_among<'a>(directories: &'a [PathBuf], name: &'a str) -> impl Iterator<Item = PathBuf> + use<'a> {
    directories.iter().flat_map(move |directory| files_named(directory, name))
}

/// The files of a directory with a name: exactly so, then in another case; without and then with extension.
fn files_named(directory: &Path, name: &str) -> impl Iterator<Item = PathBuf> + use<> {
    let with_extension = Path::new(name).extension().is_none().then(|| format!("{name}.{EXTENSION}"));
    let names: Vec<String> = std::iter::once(name.to_owned()).chain(with_extension).collect();
    let exact: Vec<PathBuf> =
        names.iter().map(|name| directory.join(name)).filter(|path| path.is_file()).collect();
    let (known, directory) = (exact.clone(), directory.to_owned());
    // Read only where no file before is the one.
    let others = std::iter::once_with(move || {
        let same = |file: &OsStr| {
            file.to_str().is_some_and(|file| names.iter().any(|name| file.eq_ignore_ascii_case(name)))
        };
        let mut paths = paths_in(&directory, same);
        paths.retain(|path| !known.contains(path) && path.is_file());
        paths
    });
    exact.into_iter().chain(others.flatten())
}

/// The regular files of a directory, by name.
pub(crate) fn files_in(directory: &Path) -> Vec<PathBuf> {
    let mut paths = paths_in(directory, |_| true);
    paths.retain(|path| path.is_file());
    paths
}

/// What there is of some names in a directory, by name; nothing of one that cannot be read.
fn paths_in(directory: &Path, wanted: impl Fn(&OsStr) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let wanted = entries.filter(|entry| wanted(&entry.file_name()));
    let mut paths: Vec<_> = wanted.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_wines() {
        let home = || Some(PathBuf::from("/home/x"));
        assert_eq!(default_prefix(None, home()), Some("/home/x/.wine".into()));
        assert_eq!(default_prefix(Some("".into()), home()), Some("/home/x/.wine".into()));
        assert_eq!(default_prefix(Some("/p".into()), home()), Some("/p".into()));
        assert_eq!(default_prefix(None, None), None);
    }

    #[test]
    fn exact_names_come_first() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["CODEC.DLL", "codec.dll", "Codec", "other.dll"] {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        let found = |name| -> Vec<_> {
            let names = files_named(folder.path(), name)
                .map(|path| path.strip_prefix(folder.path()).unwrap().to_owned());
            names.map(|name| name.display().to_string()).collect()
        };
        assert_eq!(found("codec"), ["codec.dll", "CODEC.DLL", "Codec"]);
        assert_eq!(found("codec.dll"), ["codec.dll", "CODEC.DLL"]);
        assert_eq!(found("CODEC"), ["CODEC.DLL", "Codec", "codec.dll"]);
        assert_eq!(found("nothing"), [""; 0]);
    }

    #[test]
    fn what_was_installed_comes_before_wines_own_and_its_copies_last() {
        let folder = tempfile::tempdir().unwrap();
        let driver = |name: &str, mark: &[u8]| {
            let mut bytes = pe::builder::Builder::new(pe::Machine::X86_64).build();
            bytes.splice(0x40..0x40 + mark.len(), mark.iter().copied());
            std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            std::fs::write(folder.path().join(name), bytes).unwrap();
        };
        let builtin = b"Wine builtin DLL";
        driver("prefix/native.dll", b"");
        driver("prefix/copy.dll", builtin);
        driver("prefix/alone.dll", builtin);
        driver("wine/native.dll", builtin);
        driver("wine/copy.dll", builtin);
        let paths = |name| vec![folder.path().join(name)];
        let directories =
            Directories { driver_path: Vec::new(), prefix: paths("prefix"), wine: paths("wine") };
        let origin = |name| directories.find(None, name, None).unwrap().1;
        assert_eq!(
            [origin("native"), origin("copy"), origin("alone")],
            [Origin::Prefix, Origin::Wine, Origin::Prefix]
        );
    }
}
