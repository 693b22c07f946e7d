//! Compiling for Windows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use drvhost::Machine;

use crate::acts::ACTS;
use crate::failure::{Failure, run};
use crate::wine::{Missing, find};

/// The compiler for a machine, and the command that brings it.
fn compiler(machine: Machine) -> (&'static str, &'static str) {
    match machine {
        Machine::X86_64 => ("x86_64-w64-mingw32-gcc", "apt-get install gcc-mingw-w64-x86-64-win32"),
        Machine::I386 => ("i686-w64-mingw32-gcc", "apt-get install gcc-mingw-w64-i686-win32"),
    }
}

/// What to install to compile for a machine, if the compiler is not there.
pub fn missing(machine: Machine) -> Option<Missing> {
    let (program, how) = compiler(machine);
    find("", &[program]).is_none().then_some(Missing { name: "mingw", how })
}

/// What test drivers, and who tells them what to do, are compiled with: a macro for each act.
pub fn acts() -> Vec<String> {
    ACTS.iter().map(|(name, number)| format!("-D{name}={number:#x}")).collect()
}

/// Compiles `source` to `result` inside `folder`, where the source is put, too.
pub fn compile(
    machine: Machine,
    folder: &Path,
    source: &str,
    result: &str,
    options: &[&str],
) -> Result<PathBuf, Failure> {
    let result = folder.join(result);
    let file = result.with_extension("c");
    fs::write(&file, source).map_err(Failure::file(file.display().to_string()))?;
    compile_file(machine, &file, &result, options)
}

/// Compiles a file that others wrote, to link it with programs.
pub fn compile_object(
    machine: Machine,
    source: &Path,
    object: &Path,
    options: &[&str],
) -> Result<(), Failure> {
    let mut command = Command::new(compiler(machine).0);
    run(command.args(["-O3", "-c"]).args(options).arg("-o").arg(object).arg(source))?;
    Ok(())
}

/// Compiles a file to `result`.
pub fn compile_file(
    machine: Machine,
    source: &Path,
    result: &Path,
    options: &[&str],
) -> Result<PathBuf, Failure> {
    let mut command = Command::new(compiler(machine).0);
    command.args(["-O3", "-Wall", "-Werror"]).args(options);
    // What is exported is looked for by its plain name, not by `DriverProc@20`.
    command.args((machine == Machine::I386).then_some("-Wl,--kill-at"));
    run(command.arg("-o").arg(result).arg(source).arg("-lwinmm"))?;
    Ok(result.to_owned())
}
