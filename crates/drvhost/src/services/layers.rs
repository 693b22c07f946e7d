//! What a driver's paths may lead to: its own folder, its data, and what it was granted.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use super::codes::{self, ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND};
use super::folder::{Folder, Found};
use super::paths::Place;
use super::usage::{Usage, adding};

/// A folder of this computer that a driver may use besides its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// The folder, absolute.
    pub folder: PathBuf,
    /// Whether it may write there as well.
    pub write: bool,
}

/// What the driver of a worker may reach.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    /// Where its file lies.
    pub own: PathBuf,
    /// Where the files lie that were installed with it, if it is installed: to it they are beside its own.
    pub files: Option<PathBuf>,
    /// Where its data goes; `None` where nothing is kept.
    pub data: Option<PathBuf>,
    /// What else it may use.
    pub grants: Vec<Grant>,
}

/// Folders of drive C that are there before anything is in them, as on any Windows.
const FOLDERS: [&[&str]; 7] = [
    &[],
    &["windows"],
    &["windows", "temp"],
    &["program files"],
    &["users"],
    &["users", "driver"],
    &["users", "driver", "application data"],
];

/// Why something is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    /// The Win32 code.
    pub code: u32,
    /// Whether the policy is why, which the user is to know.
    pub refused: bool,
}

impl From<u32> for Failure {
    fn from(code: u32) -> Self {
        Self { code, refused: false }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        codes::of(&error).into()
    }
}

/// What the policy does not allow.
pub(super) const REFUSED: Failure = Failure { code: ERROR_ACCESS_DENIED, refused: true };

/// One folder that a place may be in, and the names from there on.
#[derive(Debug)]
pub(super) struct Layer {
    /// The folder; it may not be there yet.
    pub root: PathBuf,
    /// The names in it.
    pub names: Vec<String>,
    /// Whether it may be written.
    pub write: bool,
    /// Whether it is made when something is written, and its folders are there before.
    pub data: bool,
}

/// Something that is there.
#[derive(Debug)]
pub(super) struct Here {
    pub folder: Folder,
    pub path: PathBuf,
    /// Whether its layer may be written.
    pub write: bool,
    /// Which of the layers it is in.
    pub layer: usize,
}

impl Reach {
    /// The layers of a place, those that come first hiding those behind.
    pub(super) fn layers(&self, place: Place) -> Result<Vec<Layer>, Failure> {
        match place {
            Place::Own(names) => {
                let below = |root: &PathBuf| Layer {
                    root: root.clone(),
                    names: names.clone(),
                    write: false,
                    data: false,
                };
                let lower = self.files.iter().chain([&self.own]).map(below).collect::<Vec<_>>();
                let upper = self.data.as_ref().map(|data| Layer {
                    root: data.join("system32"),
                    names,
                    write: true,
                    data: true,
                });
                Ok(upper.into_iter().chain(lower).collect())
            }
            Place::Drive(names) => {
                let layer =
                    |data: &PathBuf| Layer { root: data.join("drive_c"), names, write: true, data: true };
                Ok(self.data.as_ref().map(layer).into_iter().collect())
            }
            Place::Computer(names) => self.granted(&names).map(|layer| vec![layer]).ok_or(REFUSED),
        }
    }

    /// Whether a path leads to files of this computer that a further grant would let the driver use.
    pub(super) fn wants_grant(&self, path: &str, write: bool) -> bool {
        let Ok(Place::Computer(names)) = Place::of(path) else { return false };
        !self.granted(&names).is_some_and(|layer| layer.write || !write)
    }

    /// Whether a granted folder lies at a path or below it: the grant would not go with it to another place.
    pub(super) fn holds_grant(&self, path: &str) -> bool {
        let Ok(Place::Computer(names)) = Place::of(path) else { return false };
        self.grants.iter().any(|grant| {
            let folder = grant.names();
            folder.len() >= names.len() && begins_alike(&folder, &names)
        })
    }

    /// The granted folder that a path leads into: the innermost one of several.
    fn granted(&self, names: &[String]) -> Option<Layer> {
        let inside = |grant: &Grant| {
            let folder = grant.names();
            let within = names.len() >= folder.len() && begins_alike(&folder, names);
            within.then(|| {
                let names = names.get(folder.len()..).unwrap_or_default().to_vec();
                (folder.len(), Layer { root: grant.folder.clone(), names, write: grant.write, data: false })
            })
        };
        self.grants.iter().filter_map(inside).max_by_key(|(depth, _)| *depth).map(|(_, layer)| layer)
    }
}

impl Grant {
    /// The names that lead to the folder.
    fn names(&self) -> Vec<&str> {
        let name = |part| match part {
            Component::Normal(name) => OsStr::to_str(name),
            _ => None,
        };
        self.folder.components().filter_map(name).collect()
    }
}

/// Whether the names are the same in any case, as far as there are both.
fn begins_alike(folder: &[&str], names: &[String]) -> bool {
    folder.iter().zip(names).all(|(known, name)| known.to_lowercase() == name.to_lowercase())
}

/// What lies in the first of the layers that has something; the failure tells a missing file from a missing folder.
pub(super) fn find(layers: &[Layer]) -> Result<Here, Failure> {
    let mut missing = ERROR_PATH_NOT_FOUND;
    for (index, layer) in layers.iter().enumerate() {
        let Some(folder) = open(&layer.root)? else { continue };
        match folder.find(&layer.names)? {
            Found::Here(path) => return Ok(Here { folder, path, write: layer.write, layer: index }),
            Found::Missing(_) => missing = ERROR_FILE_NOT_FOUND,
            Found::NoFolder => {}
        }
    }
    // A file in a folder that is there as long as nothing is in it.
    let parent = |layer: &Layer| layer.names.split_last().is_some_and(|(_, above)| is_standing(layer, above));
    if layers.iter().any(parent) {
        missing = ERROR_FILE_NOT_FOUND;
    }
    Err(missing.into())
}

/// Whether the names lead to a folder that is there before anything is in it.
pub(super) fn is_standing(layer: &Layer, names: &[String]) -> bool {
    let same = |folder: &&[&str]| {
        folder.len() == names.len()
            && folder.iter().zip(names).all(|(known, name)| known.eq_ignore_ascii_case(name))
    };
    layer.data && FOLDERS.iter().any(same)
}

/// Opens a layer's folder, if it is there.
pub(super) fn open(root: &Path) -> Result<Option<Folder>, Failure> {
    match Folder::open(root) {
        Ok(folder) => Ok(Some(folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Opens the layer that is written, and makes the folders there that hold a path, as far as they are in any layer; `usage` is what they count for. Answers
/// the path that the last name has, or would have.
pub(super) fn prepare(layers: &[Layer], usage: Option<&Usage>) -> Result<(Folder, PathBuf), Failure> {
    let upper = layers.first().filter(|layer| layer.write).ok_or(REFUSED)?;
    let Some((last, above)) = upper.names.split_last() else { return Err(ERROR_ACCESS_DENIED.into()) };
    if upper.data {
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(&upper.root)?;
    }
    let folder = Folder::open(&upper.root)?;
    let mut path = PathBuf::new();
    for (depth, name) in (1..).zip(above) {
        let names = above.get(..depth).unwrap_or_default();
        if let Some(known) = folder.name_in(&path, name)? {
            path.push(known);
            if !folder.is_folder(&path) {
                return Err(ERROR_PATH_NOT_FOUND.into());
            }
        } else {
            if !is_standing(upper, names) && !lower_folder(layers, depth)? {
                return Err(ERROR_PATH_NOT_FOUND.into());
            }
            path.push(name);
            adding(usage, || folder.make_folder(&path))?;
        }
    }
    let last = folder.name_in(&path, last)?.unwrap_or_else(|| last.into());
    path.push(last);
    Ok((folder, path))
}

/// Whether a layer behind the first has a folder at the first names of the path.
fn lower_folder(layers: &[Layer], depth: usize) -> Result<bool, Failure> {
    for layer in layers.iter().skip(1) {
        let Some(folder) = open(&layer.root)? else { continue };
        let names = layer.names.get(..depth).unwrap_or_default();
        if let Found::Here(path) = folder.find(names)?
            && folder.is_folder(&path)
        {
            return Ok(true);
        }
    }
    Ok(false)
}
