//! Compiles the test drivers for each machine, and the programs that open them under Wine, and says which of the tools that tests need are
//! missing.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

#[path = "src/acts.rs"]
mod acts;
#[path = "survey/build.rs"]
mod survey;

/// A machine that drivers are compiled for.
struct Target {
    /// The name of the folder that they land in.
    machine: &'static str,
    /// How wide its pointers are.
    bits: &'static str,
    /// What the names of its compilers begin with.
    prefix: &'static str,
    /// What its linker is told besides.
    options: &'static [&'static str],
}

const TARGETS: &[Target] = &[
    Target { machine: "x86_64", bits: "64", prefix: "x86_64-w64-mingw32", options: &[] },
    // A driver is looked for by `DriverProc`, not by `DriverProc@20`.
    Target { machine: "i386", bits: "32", prefix: "i686-w64-mingw32", options: &["-Wl,--kill-at"] },
];

/// The compilers, by the ending of what they compile.
const COMPILERS: &[(&str, &str, &[&str])] =
    &[("c", "gcc", &[]), ("cpp", "g++", &["-static-libgcc", "-static-libstdc++"])];

/// A driver that is made of another one's source, linked otherwise.
struct Variant {
    name: &'static str,
    source: &'static str,
    options: &'static [&'static str],
}

const VARIANTS: &[Variant] = &[
    Variant { name: "image-at-program", source: "image", options: &["-Wl,--image-base,0x400000"] },
    Variant { name: "image-at-thunks", source: "image", options: &["-Wl,--image-base,0x20000000"] },
    Variant { name: "image-at-stack", source: "image", options: &["-Wl,--image-base,0x22000000"] },
    Variant { name: "image-at-heap", source: "image", options: &["-Wl,--image-base,0x30000000"] },
    // Sections closer to each other than pages are.
    Variant {
        name: "image-dense",
        source: "image",
        options: &["-Wl,--section-alignment,512", "-Wl,--file-alignment,512"],
    },
    Variant {
        name: "image-denser",
        source: "image",
        options: &["-s", "-Wl,--section-alignment,32", "-Wl,--file-alignment,32"],
    },
    Variant { name: "lacking-refusing", source: "lacking", options: &["-DREFUSES"] },
    // Codecs and a synth that change what they share with the host while it reads that.
    Variant { name: "racing-vfw", source: "vfw", options: &["-DRACING"] },
    Variant { name: "racing-coder", source: "coder", options: &["-DRACING"] },
    Variant { name: "racing-acm", source: "acm", options: &["-DRACING"] },
    Variant { name: "racing-synth", source: "nastysynth", options: &["-DRACING"] },
    // Their DriverProc lies in another library, and in the same one under another name.
    Variant {
        name: "forwardself",
        source: "image",
        options: &["-DDriverProc=RealProc", "-Wl,--enable-stdcall-fixup", "drivers/forwardself.def"],
    },
    Variant {
        name: "forwardnest",
        source: "image",
        options: &["-DDriverProc=RealProc", "-Wl,--enable-stdcall-fixup", "drivers/forwardnest.def"],
    },
];

/// Drivers with a library that dlltool makes of a file NAME.def, and how that is to be made.
const LIBRARIES: &[(&str, &str)] = &[("delay", "--output-delaylib"), ("ordinal", "--output-lib")];

/// A driver in several libraries, each of which imports from those before it.
const COMPANIONS: &[&str] = &[
    "tonebase",
    "tonecore",
    "tonextra",
    "tonerefuse",
    "toneleft",
    "toneforward",
    "tonefar",
    "tonegate",
    "toneslow",
    "companions",
];

/// The programs that open drivers under Wine.
const PROGRAMS: &[&str] = &["player", "surveyor"];

/// Where Debian's package libwine keeps Wine's libraries, drivers among them.
const WINE_LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu/wine/x86_64-windows";
/// Where Debian's package wine64 keeps Wine's programs.
const WINE_PROGRAMS: &str = "/usr/lib/wine";
/// Where `scripts/fetch` puts Wine's libraries for i386.
const WINE_LIBRARIES_I386: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/debian/wine-i386");

/// What tests of ALSA need: its headers, and its plugin that plays on a JACK server.
const ALSA: &[&str] =
    &["/usr/include/alsa/asoundlib.h", "/usr/lib/x86_64-linux-gnu/alsa-lib/libasound_module_pcm_jack.so"];
/// Where `scripts/lame` puts LAME's driver: a folder for each machine and packing.
const LAME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/debian");
/// Those folders' names.
const LAME_BUILDS: &[&str] = &["lame-i386-8", "lame-x86_64-1", "lame-x86_64-8"];

fn main() {
    println!("cargo::rerun-if-changed=alsa");
    println!("cargo::rerun-if-changed=drivers");
    println!("cargo::rerun-if-changed=wine");
    println!("cargo::rerun-if-changed=src/acts.rs");
    println!("cargo::rerun-if-changed={}", survey::FUNCTIONS);
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
        .all(|target| COMPILERS.iter().all(|(_, compiler, _)| runs(&target.tool(compiler), "--version")));
    missing("no_mingw", compilers);
    missing("no_wine", Path::new(WINE_LIBRARIES).is_dir());
    missing("no_wine_i386", Path::new(WINE_LIBRARIES_I386).is_dir());
    missing("no_wine64", Path::new(WINE_PROGRAMS).join("wine64").is_file());
    missing("no_ffmpeg", runs("ffmpeg", "-version"));
    missing("no_dbus", runs("dbus-daemon", "--version"));
    missing("no_jackd", runs("jackd", "--version"));
    missing("no_alsa", ALSA.iter().all(|file| Path::new(file).is_file()) && sequencer().is_ok());
    missing("no_busctl", runs("busctl", "--version"));
    // That of the system: Debian's package is for no other.
    missing("no_dbusmock", runs("/usr/bin/python3", "-cimport dbusmock, gi"));
    missing("not_root", fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0));
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

/// Compiles the sequencer that tests have in the place of ALSA's.
fn sequencer() -> io::Result<()> {
    let result = Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("sequencer.so");
    let mut command = Command::new("gcc");
    // Programs that load no library of ALSA's load it as well, and call none of it.
    command.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wl,-z,lazy", "-o"]).arg(result);
    run(command.arg("alsa/sequencer.c"))
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
            let (name, ending) = (source.file_stem().and_then(OsStr::to_str), source.extension());
            let Some(name) =
                name.filter(|_| COMPILERS.iter().any(|(known, ..)| ending == Some(OsStr::new(known))))
            else {
                continue;
            };
            let mut options = vec!["-shared".to_owned()];
            if let Some((_, kind)) = LIBRARIES.iter().find(|(driver, _)| *driver == name) {
                options.extend(target.library(name, kind, &folder)?);
            }
            let script = source.with_extension("rc");
            if script.is_file() {
                options.extend(target.resources(&script, &folder.join(name).with_extension("o"))?);
            }
            target.compile(&options, &source, &folder.join(name).with_extension("dll"))?;
        }
        for Variant { name, source, options } in VARIANTS {
            let options: Vec<_> = ["-shared"].iter().chain(*options).map(ToString::to_string).collect();
            let source = Path::new("drivers").join(source).with_extension("c");
            target.compile(&options, &source, &folder.join(name).with_extension("dll"))?;
        }
        for (index, name) in COMPANIONS.iter().enumerate() {
            let made = COMPANIONS[..index].iter().map(|name| folder.join(name).with_extension("dll"));
            let options: Vec<_> = std::iter::once("-shared".to_owned())
                .chain(made.map(|made| made.display().to_string()))
                .collect();
            let source = Path::new("drivers/companions").join(name).with_extension("c");
            target.compile(&options, &source, &folder.join(name).with_extension("dll"))?;
        }
        target.survey(&folder)?;
        // Not beside the drivers: a program's own folder is the first where Windows looks for libraries.
        let folder = folder.join("wine");
        fs::create_dir_all(&folder)?;
        for program in PROGRAMS {
            let source = Path::new("wine").join(program).with_extension("c");
            target.compile(&[], &source, &folder.join(program).with_extension("exe"))?;
        }
    }
    Ok(())
}

/// Runs a command, and shows what it warns of.
fn run(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(io::Error::other(format!("{command:?}\n{said}")));
    }
    said.lines().for_each(|line| println!("cargo::warning={line}"));
    Ok(())
}

impl Target {
    /// The name of one of its tools.
    fn tool(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// Compiles one driver or program as anybody would, with the compiler's usual start-up code.
    fn compile(&self, options: &[String], source: &Path, result: &Path) -> io::Result<()> {
        let ending = source.extension().unwrap_or_default();
        let known = COMPILERS.iter().find(|(known, ..)| *known == ending);
        let (_, compiler, usual) =
            known.ok_or_else(|| io::Error::other(format!("{}: in what language?", source.display())))?;
        let mut command = Command::new(self.tool(compiler));
        command.args(["-O1", "-Wall"]).args(*usual).args(self.options);
        command.arg("-o").arg(result).arg(source).args(options).arg("-lwinmm");
        command.args(acts::ACTS.iter().map(|(name, number)| format!("-D{name}={number:#x}")));
        run(&mut command)
    }

    /// Compiles a driver's resources; answers what its linker is to be told, with the libraries that those who have dialogs import from.
    fn resources(&self, script: &Path, result: &Path) -> io::Result<Vec<String>> {
        run(Command::new(self.tool("windres")).arg(script).arg(result))?;
        let libraries = ["-lgdi32", "-lcomctl32", "-lcomdlg32", "-lversion"].map(str::to_owned);
        Ok([result.display().to_string()].into_iter().chain(libraries).collect())
    }

    /// Compiles the driver that calls every function which real drivers import.
    fn survey(&self, folder: &Path) -> io::Result<()> {
        let mut options = vec!["-shared".to_owned(), "-static-libgcc".to_owned()];
        options.extend(survey::prepare(&self.tool("dlltool"), self.bits, folder)?);
        options.extend(self.resources(&Path::new(survey::CODE).join("survey.rc"), &folder.join("survey.o"))?);
        let sources = survey::sources()?;
        let first = sources.first().ok_or_else(|| io::Error::other("the survey driver has no code"))?;
        self.compile(&options, first, &folder.join("survey.dll"))
    }

    /// Makes the library of `drivers/NAME.def` for a driver to import from; answers what its linker is to be told.
    fn library(&self, name: &str, kind: &str, folder: &Path) -> io::Result<Vec<String>> {
        let definition = fs::read_to_string(format!("drivers/{name}.def"))?;
        // The names are those of 32 bits: `Name@BYTES`.
        let plain = |word: &str| {
            word.split_once('@')
                .map_or(word, |(name, _)| if name.is_empty() { word } else { name })
                .to_owned()
        };
        let words = |line: &str| line.split(' ').map(plain).collect::<Vec<_>>().join(" ");
        let definition = match self.machine {
            "i386" => definition,
            _ => definition.lines().map(words).collect::<Vec<_>>().join("\n"),
        };
        fs::write(folder.join(name).with_extension("def"), definition)?;
        // The library's name becomes a part of its symbols', so it must have no folder in it.
        let (definition, library) = (format!("{name}.def"), format!("lib{name}.a"));
        let mut command = Command::new(self.tool("dlltool"));
        command.current_dir(folder).args(["--kill-at", "--input-def", &definition, kind, &library]);
        run(&mut command)?;
        Ok(vec![folder.join(library).display().to_string(), "-ldelayimp".to_owned()])
    }
}
