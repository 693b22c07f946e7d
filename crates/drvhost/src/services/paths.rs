//! Which place a path of Windows' names (docs/files.md).

use super::codes::{ERROR_BAD_NETPATH, ERROR_FILE_NOT_FOUND, ERROR_INVALID_NAME, ERROR_PATH_NOT_FOUND};

/// Where a path leads, with the names from there on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The driver's own folder, `C:\windows\system32` to it.
    Own(Vec<String>),
    /// The rest of its drive C.
    Drive(Vec<String>),
    /// This computer's own file system, drive Z.
    Computer(Vec<String>),
}

/// The names that lead to the driver's own folder on drive C. Programs for 32 bits may know it by its other name.
const OWN: [[&str; 2]; 2] = [["windows", "system32"], ["windows", "syswow64"]];

/// Names that are devices wherever they stand ("Naming Files, Paths, and Namespaces", MS Learn).
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

impl Place {
    /// The place that an absolute path names.
    ///
    /// # Errors
    /// The Win32 code: for a path that cannot be one, and for devices, pipes and networks, of which there are none.
    pub fn of(path: &str) -> Result<Self, u32> {
        let path = path.replace('/', r"\");
        let path = match path.strip_prefix(r"\\?\") {
            Some(plain) if !plain.starts_with(r"UNC\") => plain,
            Some(_) => return Err(ERROR_BAD_NETPATH),
            None if path.starts_with(r"\\.\") => return Err(ERROR_FILE_NOT_FOUND),
            None if path.starts_with(r"\\") => return Err(ERROR_BAD_NETPATH),
            None => path.as_str(),
        };
        let Some((drive, rest)) = path.split_once(r":\") else { return Err(ERROR_PATH_NOT_FOUND) };
        let names = names(rest)?;
        match drive {
            "c" | "C" => Ok(Self::on_drive_c(names)),
            "z" | "Z" => Ok(Self::Computer(names)),
            _ => Err(ERROR_PATH_NOT_FOUND),
        }
    }

    fn on_drive_c(mut names: Vec<String>) -> Self {
        let same = |own: &[&str; 2]| {
            names.len() >= 2 && own.iter().zip(&names).all(|(own, name)| name.eq_ignore_ascii_case(own))
        };
        if OWN.iter().any(same) { Self::Own(names.split_off(2)) } else { Self::Drive(names) }
    }
}

/// The names of a path, one in the other.
fn names(path: &str) -> Result<Vec<String>, u32> {
    let mut names: Vec<String> = Vec::new();
    for name in path.split('\\') {
        match name {
            "" | "." => {}
            // Nothing is above the root, and that is no error.
            ".." => drop(names.pop()),
            name => names.push(checked(name)?.to_owned()),
        }
    }
    Ok(names)
}

/// A name as it counts: without what Windows drops from its end.
fn checked(name: &str) -> Result<&str, u32> {
    /// The longest name that a file system here has.
    const LONGEST: usize = 255;
    let name = name.trim_end_matches(['.', ' ']);
    let wrong = |c: char| c.is_control() || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '/');
    if name.is_empty() || name.len() > LONGEST || name.contains(wrong) {
        return Err(ERROR_INVALID_NAME);
    }
    if is_device(name) { Err(ERROR_FILE_NOT_FOUND) } else { Ok(name) }
}

/// Whether a name is that of a device, with whatever extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_lowercase();
    let numbered =
        |prefix| stem.strip_prefix(prefix).is_some_and(|digit| matches!(digit.as_bytes(), [b'1'..=b'9']));
    DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn drives_lead_to_places() {
        let own = Ok(Place::Own(list(&["lame.xml"])));
        assert_eq!(Place::of(r"C:\windows\system32\lame.xml"), own);
        assert_eq!(Place::of(r"c:/Windows\SYSWOW64\.\lame.xml. "), own);
        assert_eq!(Place::of(r"\\?\C:\windows\temp\..\system32\lame.xml"), own);
        assert_eq!(Place::of(r"C:\..\..\windows\temp"), Ok(Place::Drive(list(&["windows", "temp"]))));
        assert_eq!(Place::of(r"Z:\home\x"), Ok(Place::Computer(list(&["home", "x"]))));
        assert_eq!(Place::of(r"C:\"), Ok(Place::Drive(Vec::new())));
    }

    #[test]
    fn what_there_is_not_is_told_apart() {
        for (path, code) in [
            (r"\\server\share\x", ERROR_BAD_NETPATH),
            (r"\\?\UNC\server\share", ERROR_BAD_NETPATH),
            (r"\\.\pipe\x", ERROR_FILE_NOT_FOUND),
            (r"C:\windows\nul", ERROR_FILE_NOT_FOUND),
            (r"C:\Com1.txt", ERROR_FILE_NOT_FOUND),
            (r"D:\x", ERROR_PATH_NOT_FOUND),
            ("x", ERROR_PATH_NOT_FOUND),
            (r"C:x", ERROR_PATH_NOT_FOUND),
            (r"C:\a*", ERROR_INVALID_NAME),
            (r"C:\x:stream", ERROR_INVALID_NAME),
            ("C:\\a\0b", ERROR_INVALID_NAME),
        ] {
            assert_eq!(Place::of(path), Err(code), "{path}");
        }
        assert!(Place::of(r"C:\com10").is_ok() && Place::of(r"C:\null").is_ok());
        assert!(Place::of(&format!(r"C:\{}", "a".repeat(256))).is_err());
    }
}
