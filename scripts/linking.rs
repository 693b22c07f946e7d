//! What the build scripts of both programs have of the linker. Each thing is tried first, with a small program: where the linker does not take it, or a program that is linked
//! so does not run, it is left out, and programs take longer to start.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

/// A program that has what the small things concern: addresses in its data, and libraries.
const SMALL: &str = "fn main() { println!(\"{}\", f64::sin(std::env::args().count() as f64 - 1.0)); }";
/// What it prints.
const PRINTED: &str = "0\n";

/// By the name of each shared library that rustc asks for, the archives that the linker is to take instead. Of the small ones all is in libc.a since glibc 2.34.
const ARCHIVES: [(&str, &str); 7] = [
    ("gcc_s", "-l:libgcc_eh.a -l:libgcc.a"),
    ("c", "-l:libc.a -l:libgcc_eh.a -l:libgcc.a"),
    ("m", "-l:libm.a"),
    ("dl", "-l:libdl.a"),
    ("pthread", "-l:libpthread.a"),
    ("rt", "-l:librt.a"),
    ("util", "-l:libutil.a"),
];

/// Has a package's program, which is all that the package is, linked as one that starts soon.
pub fn program() {
    let mut linking = Linking::new();
    linking.without_libraries();
    linking.pack();
    linking.order("start.txt");
    linking.finish();
}

/// As [`program`], for one that begins at another function than the C library's, which is in a crate that it depends on.
#[allow(dead_code, reason = "one of the build scripts that have this file calls it")]
pub fn program_from(entry: &str) {
    program();
    println!("cargo::rustc-link-arg-bins=-Wl,-e,{entry}");
}

/// How a program is linked.
struct Linking {
    out: PathBuf,
    /// Whether libraries are looked for in `out` first.
    instead: bool,
    arguments: Vec<String>,
}

impl Linking {
    /// As rustc does it.
    fn new() -> Self {
        println!("cargo::rerun-if-changed=build.rs");
        println!("cargo::rerun-if-changed=../../scripts/linking.rs");
        Self { out: PathBuf::from(variable("OUT_DIR")), instead: false, arguments: Vec::new() }
    }

    /// Takes archives instead of shared libraries, where the C library is there as one. For packages that are one program and nothing else: cargo has tests of a library, and what depends on
    /// it, look for libraries in the same places. The program stays one that lies at another address each time (`-static-pie`).
    ///
    /// Cargo has `-C target-feature=+crt-static` for this, but not for one program of a workspace. rustc names the libraries and asks for shared ones; what it
    /// finds by these names is a line for the linker each that leads to the archive.
    fn without_libraries(&mut self) {
        for (name, archives) in ARCHIVES {
            self.write(&format!("lib{name}.so"), &format!("GROUP({archives})\n"));
        }
        // Without the last one, a function that is not there (`__gmon_start__`) is taken for one at the program's beginning.
        self.instead = true;
        self.instead = self.add(&["-static-pie", "-Wl,-z,nodynamic-undefined-weak"]);
        if self.instead {
            // The standard library uses it where it is there, and a program takes from an archive only what is asked for; without it, starting a process in another folder copies this one.
            self.add(&["-Wl,-u,posix_spawn_file_actions_addchdir_np"]);
        } else {
            println!(
                "cargo::warning=a program without shared libraries cannot be linked, so it takes longer to start"
            );
        }
    }

    /// Packs what is to be added to addresses when the program starts: a quarter to half a megabyte otherwise, all of which is read.
    fn pack(&mut self) {
        self.add(&["-Wl,-z,pack-relative-relocs"]);
    }

    /// Has the functions on a list lie together, those that every start needs: where they lie among all others, the kernel maps 64 KiB around each. A line is the end of a section's
    /// name, or an object of an archive's. A program for finding mistakes has other functions.
    fn order(&mut self, list: &str) {
        println!("cargo::rerun-if-changed={list}");
        if variable("PROFILE") != "release" {
            return;
        }
        let list = fs::read_to_string(list).expect("the list of functions");
        let section = |line: &str| match line.contains(".a:") {
            true => format!("*{line}(.text .text.*)\n"),
            false => format!("*(.text.{line} .text.unlikely.{line})\n"),
        };
        let sections: String = list.lines().filter(|line| !line.starts_with('#')).map(section).collect();
        self.write(
            "order",
            &format!("SECTIONS {{ .text.start : {{\n{sections}}} }}\nINSERT BEFORE .text;\n"),
        );
        self.add(&[&format!("-Wl,-T,{}", self.out.join("order").display())]);
    }

    /// Tells cargo.
    fn finish(self) {
        if self.instead {
            println!("cargo::rustc-link-search=native={}", self.out.display());
        }
        for argument in self.arguments {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }

    /// Adds arguments for the linker, if programs can be linked so and run.
    fn add(&mut self, arguments: &[&str]) -> bool {
        let before = self.arguments.len();
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        let works = self.works();
        if !works {
            self.arguments.truncate(before);
        }
        works
    }

    /// Whether a program that is linked so runs. Links it as cargo is going to.
    fn works(&self) -> bool {
        self.write("small.rs", SMALL);
        let program = self.out.join("small");
        let mut rustc = Command::new(variable("RUSTC"));
        rustc.arg(self.out.join("small.rs")).arg("-o").arg(&program);
        rustc.args(["--edition", "2024", "-O", "--target", &variable("TARGET")]);
        if let Ok(linker) = env::var("RUSTC_LINKER") {
            rustc.arg(format!("-Clinker={linker}"));
        }
        let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
        rustc.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
        if self.instead {
            rustc.arg("-L").arg(&self.out);
        }
        rustc.args(self.arguments.iter().map(|argument| format!("-Clink-arg={argument}")));
        let linked = rustc.output().is_ok_and(|output| output.status.success());
        linked && Command::new(program).output().is_ok_and(|output| output.stdout == PRINTED.as_bytes())
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.out.join(name), text).expect("a file in cargo's own folder");
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
