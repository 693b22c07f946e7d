//! `drvhost completions` and `drvhost man`: what derives from the declarations in [`args`](crate::args).

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use drvhost::Error;
use serde::Serialize;

use crate::args::{Args, Global};
use crate::failure::{Exit, Failure};
use crate::output;

/// A script as JSON.
#[derive(Serialize)]
struct Script {
    shell: String,
    script: String,
}

/// What was written, as JSON.
#[derive(Serialize)]
struct Pages {
    pages: Vec<String>,
}

pub fn completions(global: &Global, shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "drvhost", &mut script);
    let script = String::from_utf8(script).map_err(|error| Error::Bug(error.to_string()))?;
    if global.json {
        output::json(&Script { shell: shell.to_string(), script })?;
    } else {
        output::text(script.trim_end())?;
    }
    Ok(Exit::Done)
}

pub fn pages(global: &Global, directory: &Path) -> Result<Exit, Failure> {
    let mut pages = Vec::new();
    std::fs::create_dir_all(directory)
        .map_err(|source| Error::File { file: directory.to_owned(), source })?;
    // Options of every command are in each page, and `help` is in each page's own words.
    let mut command = Args::command().disable_help_subcommand(true);
    command.build();
    write(&command, "drvhost", directory, &mut pages)?;
    for below in command.get_subcommands() {
        write(below, &format!("drvhost-{}", below.get_name()), directory, &mut pages)?;
    }
    if global.json {
        output::json(&Pages { pages })?;
    } else {
        output::text(&pages.join("\n"))?;
    }
    Ok(Exit::Done)
}

/// Writes a command's page `NAME.1`.
fn write(
    command: &clap::Command,
    name: &str,
    directory: &Path,
    pages: &mut Vec<String>,
) -> Result<(), Error> {
    let file = directory.join(format!("{name}.1"));
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command.clone()).title(name).section("1");
    let written = man.render(&mut page).and_then(|()| std::fs::write(&file, page));
    pages.push(file.display().to_string());
    written.map_err(|source| Error::File { file, source })
}
