//! Compiles the test drivers and the program that opens them under Wine, and says which of the tools that tests need are missing.

use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

#[path = "src/acts.rs"]
mod acts;

/// The machines that drivers are compiled for: the name of the folder that they land in, and the compiler.
const TARGETS: &[(&str, &str)] = &[("x86_64", "x86_64-w64-mingw32-gcc")];

/// Where Debian's package libwine keeps Wine's libraries, drivers among them.
const WINE_LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu/wine/x86_64-windows";
/// Where Debian's package wine64 keeps Wine's programs.
const WINE_PROGRAMS: &str = "/usr/lib/wine";

fn main() {
    println!("cargo::rerun-if-changed=drivers");
    println!("cargo::rerun-if-changed=wine");
    println!("cargo::rerun-if-changed=src/acts.rs");
    for (name, folder) in [("WINE_LIBRARIES", WINE_LIBRARIES), ("WINE_PROGRAMS", WINE_PROGRAMS)] {
        println!("cargo::rerun-if-changed={folder}");
        println!("cargo::rustc-env={name}={folder}");
    }
    let compilers = TARGETS.iter().all(|(_, compiler)| runs(compiler, "--version"));
    missing("no_mingw", compilers);
    missing("no_wine", Path::new(WINE_LIBRARIES).is_dir());
    missing("no_wine64", Path::new(WINE_PROGRAMS).join("wine64").is_file());
    missing("no_ffmpeg", runs("ffmpeg", "-version"));
    if compilers && let Err(error) = compile_all() {
        panic!("the test drivers could not be compiled: {error}");
    }
}

/// Declares a cfg, and sets it unless the tool is there.
fn missing(cfg: &str, there: bool) {
    println!("cargo::rustc-check-cfg=cfg({cfg})");
    if !there {
        println!("cargo::rustc-cfg={cfg}");
    }
}

fn runs(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success())
}

fn compile_all() -> io::Result<()> {
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    for (machine, compiler) in TARGETS {
        let folder = Path::new(&out).join(machine);
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir("drivers")? {
            let source = entry?.path();
            if source.extension().is_some_and(|extension| extension == "c") {
                let name = source.file_stem().unwrap_or_default();
                compile(compiler, &["-shared"], &source, &folder.join(name).with_extension("dll"))?;
            }
        }
        // Not beside the drivers: a program's own folder is the first where Windows looks for libraries.
        let folder = folder.join("wine");
        fs::create_dir_all(&folder)?;
        compile(compiler, &[], Path::new("wine/player.c"), &folder.join("player.exe"))?;
    }
    Ok(())
}

/// Compiles one driver or program as anybody would, with the compiler's usual start-up code.
fn compile(compiler: &str, options: &[&str], source: &Path, result: &Path) -> io::Result<()> {
    let mut command = Command::new(compiler);
    command.args(["-O1", "-Wall"]).args(options).arg("-o").arg(result).arg(source).arg("-lwinmm");
    command.args(acts::ACTS.iter().map(|(name, number)| format!("-D{name}={number:#x}")));
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(io::Error::other(format!("{command:?}\n{said}")));
    }
    said.lines().for_each(|line| println!("cargo::warning={line}"));
    Ok(())
}
