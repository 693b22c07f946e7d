//! Finding media files, by what is in them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::media::{MediaKind, kind_of};

/// What temporary files of outputs begin with.
const TEMPORARY: &str = ".drvhost-";
/// How deep folders are looked into.
const MAX_DEPTH: usize = 128;

/// The media files that were found.
#[derive(Debug, Default)]
pub struct Shelf {
    /// In the order of their names.
    pub inputs: Vec<Input>,
    /// Files in folders that are no media which can be read here.
    pub others: Vec<PathBuf>,
    /// Files and folders that could not be looked at, and why.
    pub unreadable: Vec<(PathBuf, Error)>,
    /// The folders that were named, in their canonical form.
    roots: Vec<PathBuf>,
}

/// A media file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// Its name from the folder on that was named; of a file that was named itself, its own.
    pub name: PathBuf,
    /// Whether it is a WAVE file, which is sound alone.
    pub is_wave: bool,
}

impl Shelf {
    /// Looks at files, and into folders and all that is in them. What is in `out`, the folder for outputs, is passed over, and links are not followed.
    ///
    /// # Errors
    /// [`Error::File`] where something that was named is not there, or the folder for outputs holds a folder that was named, or two
    /// files would have one name.
    pub fn find(named: &[PathBuf], out: &Path) -> Result<Self, Error> {
        let mut shelf = Self::default();
        let out = out.canonicalize().ok();
        for path in named {
            let data = fs::metadata(path).map_err(|source| Error::File { file: path.clone(), source })?;
            if data.is_dir() {
                let root =
                    path.canonicalize().map_err(|source| Error::File { file: path.clone(), source })?;
                if out.as_ref().is_some_and(|out| root.starts_with(out)) {
                    return Err(refused(
                        path,
                        "outputs would be written among the inputs; choose another folder for them",
                    ));
                }
                shelf.roots.push(root);
                shelf.look_into(path, Path::new(""), out.as_deref(), MAX_DEPTH);
            } else if !data.is_file() {
                return Err(refused(path, "it is neither a file nor a folder"));
            } else {
                let name = path.file_name().map_or_else(|| path.clone(), PathBuf::from);
                // What is named is to be decoded, whatever it is: the decoder says what is wrong with it.
                let is_wave = matches!(kind(path), Ok(MediaKind::Wave(_)));
                shelf.inputs.push(Input { path: path.clone(), name, is_wave });
            }
        }
        shelf.inputs.sort_by(|one, other| one.name.cmp(&other.name));
        shelf.inputs.dedup_by(|one, other| {
            one.path.canonicalize().ok() == other.path.canonicalize().ok() && one.name == other.name
        });
        let mut names = BTreeMap::new();
        for input in &shelf.inputs {
            if let Some(other) = names.insert(&input.name, &input.path) {
                let why = format!(
                    "its output would have the name of that of {}; give each folder its own --out-dir",
                    other.display()
                );
                return Err(refused(&input.path, &why));
            }
        }
        Ok(shelf)
    }

    fn look_into(&mut self, folder: &Path, name: &Path, out: Option<&Path>, depth: usize) {
        if out.is_some() && folder.canonicalize().ok().as_deref() == out {
            return;
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) if depth > 0 => entries,
            Ok(_) => {
                return self
                    .unreadable
                    .push((folder.to_owned(), refused(folder, "folders lie too deep in each other")));
            }
            Err(source) => {
                return self
                    .unreadable
                    .push((folder.to_owned(), Error::File { file: folder.to_owned(), source }));
            }
        };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), name.join(entry.file_name()));
            let Ok(what) = entry.file_type() else { continue };
            if what.is_dir() {
                self.look_into(&path, &name, out, depth - 1);
            } else if what.is_file() && !entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                match kind(&path) {
                    Ok(MediaKind::Other(_)) => self.others.push(path),
                    Ok(kind) => {
                        let is_wave = matches!(kind, MediaKind::Wave(_));
                        self.inputs.push(Input { path, name, is_wave });
                    }
                    Err(error) => self.unreadable.push((path, error)),
                }
            }
        }
    }
}

fn kind(path: &Path) -> Result<MediaKind, Error> {
    let file = File::open(path).map_err(|source| Error::File { file: path.to_owned(), source })?;
    Ok(kind_of(file)?)
}

fn refused(file: &Path, why: &str) -> Error {
    // A kind that is the caller's doing.
    Error::File { file: file.to_owned(), source: IoError::new(ErrorKind::InvalidData, why) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAVE: &[u8] = b"RIFF\0\0\0\0WAVEfmt ";

    #[test]
    fn media_are_found_by_what_is_in_them() {
        let place = tempfile::tempdir().unwrap();
        let file = |name: &str| place.path().join(name);
        fs::create_dir_all(file("in/deep/er")).unwrap();
        fs::create_dir_all(file("in/out")).unwrap();
        for (name, bytes) in [
            ("in/b", WAVE),
            ("in/deep/er/a.txt", b"RIFF\0\0\0\0AVI LIST"),
            ("in/deep/film.avi", b"no film"),
            ("in/out/made.wav", WAVE),
            ("in/deep/.drvhost-xyz.wav", WAVE),
        ] {
            fs::write(file(name), bytes).unwrap();
        }
        std::os::unix::fs::symlink(file("in/b"), file("in/link.wav")).unwrap();
        std::os::unix::fs::symlink(file("in"), file("in/deep/round")).unwrap();
        let shelf = Shelf::find(&[file("in")], &file("in/out")).unwrap();
        let found: Vec<_> =
            shelf.inputs.iter().map(|input| (input.name.to_str().unwrap(), input.is_wave)).collect();
        assert_eq!(found, [("b", true), ("deep/er/a.txt", false)]);
        assert_eq!((shelf.others, shelf.unreadable.len()), (vec![file("in/deep/film.avi")], 0));
        // A link that is named is followed, and so is a file that is no media: the decoder says so.
        let shelf = Shelf::find(&[file("in/link.wav"), file("in/deep/film.avi")], &file("out")).unwrap();
        assert_eq!(shelf.inputs.len(), 2);
        for (named, out) in [
            (vec![file("in")], file("in")),
            (vec![file("in/deep")], file("in")),
            (vec![file("none")], file("in")),
        ] {
            assert_eq!(Shelf::find(&named, &out).unwrap_err().blame(), crate::Blame::Usage);
        }
        let error = Shelf::find(&[file("in/b"), file("in")], &file("out"));
        assert!(error.is_ok(), "the same file twice is one");
        fs::write(file("b"), WAVE).unwrap();
        let error = Shelf::find(&[file("b"), file("in")], &file("out")).unwrap_err().to_string();
        assert!(error.contains("in/b") && error.contains("--out-dir"), "{error}");
    }
}
