//! The files by which systemd and the bus start the service, and where they belong.

use std::path::{Path, PathBuf};

use crate::errors::Error;

/// What stands in the files for the path of the `drvhost` program.
const PROGRAM: &str = "@DRVHOST@";
/// What stands in the user's unit for how JACK is found, which instruments need.
const ENVIRONMENT: &str = "@ENVIRONMENT@";

const USER_UNIT: &str = include_str!("../units/drvhost.service");
const SYSTEM_UNIT: &str = include_str!("../units/drvhost-system.service");
const USER_ACTIVATION: &str = include_str!("../units/org.drvhost.Host1.service");
const SYSTEM_ACTIVATION: &str = include_str!("../units/org.drvhost.Host1-system.service");
const SYSTEM_POLICY: &str = include_str!("../units/org.drvhost.Host1.conf");

/// What was installed, and what remains to be done.
#[derive(Debug)]
pub struct Installed {
    /// The files that were written.
    pub files: Vec<PathBuf>,
    /// The commands by which systemd and the bus come to know of them.
    pub commands: &'static [&'static str],
}

/// Writes the units: for the user's own systemd and session bus, below `$XDG_CONFIG_HOME` and `$XDG_DATA_HOME`; or, with `system`, for the system's.
///
/// # Errors
/// [`Error::File`], [`Error::NoHome`], and [`Error::System`] where the program's own path cannot be written into a unit.
pub fn install(system: bool) -> Result<Installed, Error> {
    let program = std::env::current_exe().and_then(|program| {
        // Neither systemd's syntax nor the bus's has a way to write such a path that both read.
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._+-".contains(c);
        let path = program.to_str().filter(|path| path.chars().all(plain)).map(str::to_owned);
        path.ok_or_else(|| std::io::Error::other(format!("{} cannot be named in a unit", program.display())))
    });
    let program = program.map_err(|source| Error::System { what: "the program's own path", source })?;
    let (files, commands): (_, &'static [&'static str]) = if system {
        (system_files(Path::new("/")), &["systemctl daemon-reload", "systemctl reload dbus"])
    } else {
        let config = home("XDG_CONFIG_HOME", ".config")?;
        let data = home("XDG_DATA_HOME", ".local/share")?;
        (
            user_files(&config, &data),
            &[
                "systemctl --user daemon-reload",
                "busctl --user call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig",
            ],
        )
    };
    for (file, text) in &files {
        write(file, &text.replace(PROGRAM, &program).replace(ENVIRONMENT, &live::unit::environment()))?;
    }
    Ok(Installed { files: files.into_iter().map(|(file, _)| file).collect(), commands })
}

fn user_files(config: &Path, data: &Path) -> Vec<(PathBuf, &'static str)> {
    vec![
        (config.join("systemd/user/drvhost.service"), USER_UNIT),
        (data.join("dbus-1/services/org.drvhost.Host1.service"), USER_ACTIVATION),
    ]
}

fn system_files(root: &Path) -> Vec<(PathBuf, &'static str)> {
    vec![
        (root.join("etc/systemd/system/drvhost.service"), SYSTEM_UNIT),
        (root.join("usr/share/dbus-1/system-services/org.drvhost.Host1.service"), SYSTEM_ACTIVATION),
        (root.join("etc/dbus-1/system.d/org.drvhost.Host1.conf"), SYSTEM_POLICY),
    ]
}

/// A directory of the user's (XDG Base Directory Specification).
fn home(variable: &'static str, otherwise: &str) -> Result<PathBuf, Error> {
    let given = |name| std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    given(variable).or_else(|| given("HOME").map(|home| home.join(otherwise))).ok_or(Error::NoHome(variable))
}

fn write(file: &Path, text: &str) -> Result<(), Error> {
    let fail = |source| Error::File { file: file.to_owned(), source };
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory).map_err(fail)?;
    }
    std::fs::write(file, text).map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of a key.
    fn values<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
        text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
    }

    #[test]
    fn units_and_activation_name_the_same_service_and_program() {
        for (unit, activation) in [(USER_UNIT, USER_ACTIVATION), (SYSTEM_UNIT, SYSTEM_ACTIVATION)] {
            assert_eq!(values(activation, "Name"), [crate::NAME]);
            assert_eq!(values(unit, "ExecStart"), values(activation, "Exec"));
            assert_eq!(values(unit, "Type"), ["notify"]);
            assert_eq!(values(activation, "SystemdService"), ["drvhost.service"]);
        }
        assert!(SYSTEM_POLICY.contains(crate::NAME));
        assert!(USER_UNIT.contains(&format!("\n{ENVIRONMENT}#")) && !SYSTEM_UNIT.contains(ENVIRONMENT));
    }

    #[test]
    fn systemd_waits_longer_than_the_session_may_take() {
        let deadline = std::time::Duration::from_secs(5);
        for unit in [USER_UNIT, SYSTEM_UNIT] {
            let stop = values(unit, "TimeoutStopSec")[0].trim_end_matches('s').parse().unwrap();
            assert!(std::time::Duration::from_secs(stop) > 3 * deadline);
        }
    }

    #[test]
    fn files_land_where_they_are_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in user_files(&folder.path().join("c"), &folder.path().join("d")) {
            write(&file, text).unwrap();
            assert_eq!(std::fs::read_to_string(file).unwrap(), text);
        }
        assert!(folder.path().join("c/systemd/user/drvhost.service").is_file());
        assert!(folder.path().join("d/dbus-1/services/org.drvhost.Host1.service").is_file());
        assert_eq!(system_files(Path::new("/")).len(), 3);
    }
}
