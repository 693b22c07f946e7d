//! Where a user's store lies.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::home::home;

/// The store's folders for settings and for data; `None` where neither the variables nor a home say it.
pub(super) fn of_user() -> Option<(PathBuf, PathBuf)> {
    let home = home();
    let config = place(env::var_os("XDG_CONFIG_HOME"), home.as_deref(), ".config")?;
    let data = place(env::var_os("XDG_DATA_HOME"), home.as_deref(), ".local/share")?;
    Some((config, data))
}

/// `drvhost` in the folder that a variable names, or else in the usual one. The specification wants a path that is not absolute ignored.
fn place(set: Option<OsString>, home: Option<&Path>, usual: &str) -> Option<PathBuf> {
    let set = set.map(PathBuf::from).filter(|path| path.is_absolute());
    let home = home.filter(|home| home.is_absolute());
    Some(set.or_else(|| Some(home?.join(usual)))?.join("drvhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_come_before_the_home() {
        let home = Some(Path::new("/home/x"));
        let place = |set: Option<&str>, home| place(set.map(OsString::from), home, ".config");
        assert_eq!(place(Some("/c"), home), Some("/c/drvhost".into()));
        assert_eq!(place(Some("/c"), None), Some("/c/drvhost".into()));
        for none in [None, Some(""), Some("relative")] {
            assert_eq!(place(none, home), Some("/home/x/.config/drvhost".into()));
            assert_eq!(place(none, None), None);
        }
    }
}
