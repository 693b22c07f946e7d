//! Compiles the test drivers for each machine, and the program that opens them under Wine, and says which of the tools that tests need are
//! missing.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

#[path = "src/acts.rs"]
mod acts;

/// A machine that drivers are compiled for.
struct Target {
    /// The name of the folder that they land in.
    machine: &'static str,
    /// What the names of its compilers begin with.
    prefix: &'static str,
    /// What its linker is told besides.
    options: &'static [&'static str],
}

const TARGETS: &[Target] = &[
    Target { machine: "x86_64", prefix: "x86_64-w64-mingw32", options: &[] },
    // A driver is looked for by `DriverProc`, not by `DriverProc@20`.
    Target { machine: "i386", prefix: "i686-w64-mingw32", options: &["-Wl,--kill-at"] },
];

/// The compilers, by the ending of what they compile.
const COMPILERS: &[(&str, &str, &[&str])] =
    &[("c", "gcc", &[]), ("cpp", "g++", &["-static-libgcc", "-static-libstdc++"])];

/// The machine of the program that opens drivers under Wine.
const PLAYED: &str = "x86_64";

/// Where Debian's package libwine keeps Wine's libraries, drivers among them.
const WINE_LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu/wine/x86_64-windows";
/// Where Debian's package wine64 keeps Wine's programs.
const WINE_PROGRAMS: &str = "/usr/lib/wine";
/// Where `scripts/fetch` puts Wine's libraries for i386.
const WINE_LIBRARIES_I386: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/debian/wine-i386");

/// Where `scripts/lame` puts LAME's driver: a folder for each machine and packing.
const LAME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/debian");
/// Those folders' names.
const LAME_BUILDS: &[&str] = &["lame-i386-8", "lame-x86_64-1", "lame-x86_64-8"];

fn main() {
    println!("cargo::rerun-if-changed=drivers");
    println!("cargo::rerun-if-changed=wine");
    println!("cargo::rerun-if-changed=src/acts.rs");
    let folders = [
        ("WINE_LIBRARIES", WINE_LIBRARIES),
        ("WINE_LIBRARIES_I386", WINE_LIBRARIES_I386),
        ("WINE_PROGRAMS", WINE_PROGRAMS),
    ];
    println!("cargo::rustc-env=LAME={LAME}");
    let lame = LAME_BUILDS.iter().map(|build| Path::new(LAME).join(build).join("lameACM.acm"));
    missing("no_lame", lame.clone().all(|driver| driver.is_file()));
    lame.for_each(|driver| println!("cargo::rerun-if-changed={}", driver.display()));
    for (name, folder) in folders {
        println!("cargo::rerun-if-changed={folder}");
        println!("cargo::rustc-env={name}={folder}");
    }
    let compilers = TARGETS
        .iter()
        .all(|target| COMPILERS.iter().all(|(_, compiler, _)| runs(&target.compiler(compiler), "--version")));
    missing("no_mingw", compilers);
    missing("no_wine", Path::new(WINE_LIBRARIES).is_dir());
    missing("no_wine_i386", Path::new(WINE_LIBRARIES_I386).is_dir());
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
    for target in TARGETS {
        let folder = Path::new(&out).join(target.machine);
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir("drivers")? {
            let source = entry?.path();
            if source.extension() != Some(OsStr::new("h")) {
                let name = source.file_stem().unwrap_or_default();
                target.compile(&["-shared"], &source, &folder.join(name).with_extension("dll"))?;
            }
        }
        if target.machine == PLAYED {
            // Not beside the drivers: a program's own folder is the first where Windows looks for libraries.
            let folder = folder.join("wine");
            fs::create_dir_all(&folder)?;
            target.compile(&[], Path::new("wine/player.c"), &folder.join("player.exe"))?;
        }
    }
    Ok(())
}

impl Target {
    fn compiler(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// Compiles one driver or program as anybody would, with the compiler's usual start-up code.
    fn compile(&self, options: &[&str], source: &Path, result: &Path) -> io::Result<()> {
        let ending = source.extension().unwrap_or_default();
        let known = COMPILERS.iter().find(|(known, ..)| *known == ending);
        let (_, compiler, usual) =
            known.ok_or_else(|| io::Error::other(format!("{}: in what language?", source.display())))?;
        let mut command = Command::new(self.compiler(compiler));
        command.args(["-O1", "-Wall"]).args(*usual).args(self.options).args(options);
        command.arg("-o").arg(result).arg(source).arg("-lwinmm");
        command.args(acts::ACTS.iter().map(|(name, number)| format!("-D{name}={number:#x}")));
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(io::Error::other(format!("{command:?}\n{said}")));
        }
        said.lines().for_each(|line| println!("cargo::warning={line}"));
        Ok(())
    }
}
