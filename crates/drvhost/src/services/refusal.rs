//! What drivers were refused that a grant would allow.

use std::fmt;

/// How many are kept for whoever asks.
const MOST: usize = 20;

/// Something that a driver was refused for want of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What it wanted, such as `read a file`.
    pub what: &'static str,
    /// The file, as the driver names it.
    pub path: String,
    /// Whether it was to be changed.
    pub write: bool,
}

impl Refusal {
    /// Keeps it, unless it is kept already or there are many.
    pub fn keep_in(self, kept: &mut Vec<Self>) {
        if kept.len() < MOST && !kept.contains(&self) {
            kept.push(self);
        }
    }

    /// The folder of this computer that would have to be granted: the driver's drive Z is its file system.
    fn folder(&self) -> String {
        let native = self.path.get(2..).unwrap_or_default().replace('\\', "/");
        match native.rsplit_once('/') {
            Some(("", _)) => "/".to_owned(),
            Some((folder, _)) => folder.to_owned(),
            None => "DIR".to_owned(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let option = if self.write { "--allow-write" } else { "--allow-read" };
        let Self { what, path, .. } = self;
        write!(f, "may not {what}, {path}; `drvhost install DRIVER {option} {}` lets it", self.folder())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &str, write: bool) -> Refusal {
        Refusal { what: if write { "write a file" } else { "read a file" }, path: path.to_owned(), write }
    }

    #[test]
    fn the_folder_to_grant_is_named() {
        for (path, write, end) in [
            (r"Z:\home\me\a.sf2", false, "--allow-read /home/me` lets it"),
            (r"z:\a.sf2", true, "--allow-write /` lets it"),
            ("é", false, "--allow-read DIR` lets it"),
        ] {
            let said = refusal(path, write).to_string();
            assert!(said.ends_with(end) && said.contains(path), "{said}");
        }
    }

    #[test]
    fn there_are_never_many() {
        let mut kept = Vec::new();
        for n in 0..100 {
            refusal(&format!(r"Z:\{}", n / 2), false).keep_in(&mut kept);
        }
        assert_eq!(kept.len(), MOST);
    }
}
