//! Reading what is typed.

use std::ffi::OsString;

use clap::{Args as _, CommandFactory, FromArgMatches, Parser};

use super::{Args, Global};

impl Args {
    /// What is typed, the program's name first.
    ///
    /// # Errors
    /// What is to be said instead: what is wrong with it, or what it asks to be told, such as `--help`.
    pub fn read(typed: &[OsString]) -> Result<Self, clap::Error> {
        Self::of_one_command(typed).map_or_else(|| Self::try_parse_from(typed), Ok)
    }

    /// What is typed, if the command comes first and nothing is wrong with it. Every command gets copies of the [options of all](Global), which takes half of the time that reading does; so the other commands are left
    /// out here. They are there where something is to be said.
    fn of_one_command(typed: &[OsString]) -> Option<Self> {
        let name = typed.get(1)?.to_str()?;
        let all = Self::command();
        let command = all.find_subcommand(name)?.clone();
        let alone = Global::augment_args(clap::Command::new("drvhost")).subcommand(command);
        let matches = alone.disable_help_subcommand(true).try_get_matches_from(typed).ok()?;
        Self::from_arg_matches(&matches).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(arguments: &[&str]) -> Vec<OsString> {
        arguments.iter().map(OsString::from).collect()
    }

    #[test]
    fn one_command_reads_as_all_do() {
        for arguments in [
            &["drvhost", "send", "iccvid.dll", "DRV_QUERYCONFIGURE", "-5", "--json", "-vv"][..],
            &["drvhost", "list", "--machine", "i386", "--driver-path", "a", "--driver-path", "b"],
            &["drvhost", "session", "last", "--deadline", "2s"],
            &["drvhost", "decode", "clip.avi", "--memory", "1G"],
        ] {
            let typed = typed(arguments);
            let one = Args::of_one_command(&typed).unwrap_or_else(|| panic!("{arguments:?}"));
            let all = Args::try_parse_from(&typed).unwrap();
            assert_eq!(format!("{one:?}"), format!("{all:?}"));
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_all_commands() {
        for arguments in [
            &["drvhost"][..],
            &["drvhost", "--version"],
            &["drvhost", "help", "send"],
            &["drvhost", "send", "--help"],
            &["drvhost", "sned", "iccvid.dll"],
            &["drvhost", "send", "iccvid.dll", "DRV_OPEN", "--no-such-option"],
        ] {
            let typed = typed(arguments);
            assert!(Args::of_one_command(&typed).is_none(), "{arguments:?}");
            let said = Args::read(&typed).unwrap_err().to_string();
            assert_eq!(said, Args::try_parse_from(&typed).unwrap_err().to_string());
        }
    }

    #[test]
    fn the_command_may_come_behind_options() {
        let typed = typed(&["drvhost", "--json", "list"]);
        assert!(Args::of_one_command(&typed).is_none());
        assert!(Args::read(&typed).unwrap().global.json);
    }
}
