//! The unit by which a user's systemd keeps an instrument present.

use std::io;
use std::path::{Path, PathBuf};

const UNIT: &str = include_str!("../units/drvhost-synth.service");
/// What the loader of programs, and the libraries of JACK and PipeWire are told by. `pw-jack` sets the first, by its options `-p` and `-r` those of PipeWire, or its
/// user does.
const VARIABLES: [&str; 5] =
    ["LD_LIBRARY_PATH", "JACK_DEFAULT_SERVER", "PIPEWIRE_QUANTUM", "PIPEWIRE_LATENCY", "PIPEWIRE_REMOTE"];

/// A unit that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The file.
    pub file: PathBuf,
    /// The commands by which systemd comes to know of it, and starts it now and at each login.
    pub commands: Vec<String>,
}

/// Writes the unit of an instrument below `$XDG_CONFIG_HOME`: it runs this program with these arguments. What `pw-jack` has set for this run holds for
/// the unit's as well.
///
/// # Errors
/// Where it cannot be written, or there is no home to write it to.
pub fn install(name: &str, arguments: &[String]) -> io::Result<Installed> {
    let program = std::env::current_exe()?;
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    let config = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
    let config =
        config.ok_or_else(|| io::Error::other("neither XDG_CONFIG_HOME nor HOME names a directory"))?;
    let unit = format!("drvhost-synth-{}.service", plain(name));
    let file = config.join("systemd/user").join(&unit);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&file, text(name, &program, arguments, &environment())?)?;
    let commands =
        vec!["systemctl --user daemon-reload".to_owned(), format!("systemctl --user enable --now {unit}")];
    Ok(Installed { file, commands })
}

/// The lines by which a unit's program finds JACK's library and server as this run does: none where nothing is set.
#[must_use]
pub fn environment() -> String {
    let set = |name: &&'static str| Some((*name, std::env::var(name).ok()?));
    lines(&VARIABLES.iter().filter_map(set).collect::<Vec<_>>())
}

fn lines(variables: &[(&str, String)]) -> String {
    let variables = variables.iter().filter(|(_, value)| !value.is_empty());
    variables.map(|(name, value)| format!("Environment={}\n", assigned(name, value))).collect()
}

fn text(name: &str, program: &Path, arguments: &[String], environment: &str) -> io::Result<String> {
    let program = program.to_str().ok_or_else(|| io::Error::other("the program's path is no text"))?;
    let words = std::iter::once(program).chain(arguments.iter().map(String::as_str));
    let command: Vec<_> = words.map(quoted).collect();
    let spoken: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Ok(UNIT
        .replace("@NAME@", &spoken.replace('%', "%%"))
        .replace("@COMMAND@", &command.join(" "))
        .replace("@ENVIRONMENT@", environment))
}

/// A word of a command (systemd.service(5), "Command lines").
fn quoted(word: &str) -> String {
    format!("\"{}\"", escaped(word).replace('$', "$$"))
}

/// A variable (systemd.exec(5), `Environment=`), in which `$` has no meaning.
fn assigned(name: &str, value: &str) -> String {
    format!("\"{name}={}\"", escaped(value))
}

fn escaped(text: &str) -> String {
    let letter = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        '%' => "%%".to_owned(),
        c if c.is_control() => format!("\\x{:02x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(letter).collect()
}

/// A name as a part of a file's.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_themselves_in_a_unit() {
        let arguments = ["synth", "--driver", "a \"b\" 50% $HOME\\"].map(str::to_owned);
        let variables =
            [("LD_LIBRARY_PATH", "/usr/lib/a b".to_owned()), ("JACK_DEFAULT_SERVER", String::new())];
        let text = text("My %synth", Path::new("/usr/bin/drvhost"), &arguments, &lines(&variables)).unwrap();
        let command = r#""/usr/bin/drvhost" "synth" "--driver" "a \"b\" 50%% $$HOME\\""#;
        assert!(text.contains(&format!("\nExecStart={command}\n")), "{text}");
        assert!(text.contains("\nEnvironment=\"LD_LIBRARY_PATH=/usr/lib/a b\"\n# SIGTERM"), "{text}");
        assert!(text.contains("Description=My %%synth,") && !text.contains('@'), "{text}");
        assert_eq!(plain("My synth/é"), "My_synth__");
    }
}
