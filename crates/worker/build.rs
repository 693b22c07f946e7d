//! Links the worker without shared libraries, where the C library is there as an archive: a worker that has to look for libraries, and for what is in
//! them, takes half again as long to start. The program stays one that lies at another address each time (`-static-pie`).
//!
//! Cargo has `-C target-feature=+crt-static` for this, but not for one program of a workspace. rustc names the libraries and asks for shared ones; what it
//! finds by these names is a line for the linker each that leads to the archive.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// By the name of each shared library that rustc asks for, the archives that the linker is to take instead. Of the small ones all is in libc.a since glibc 2.34.
const ARCHIVES: [(&str, &str); 7] = [
    ("gcc_s", "-l:libgcc_eh.a -l:libgcc.a"),
    ("c", "-l:libc.a -l:libgcc_eh.a"),
    ("m", "-l:libm.a"),
    ("dl", "-l:libdl.a"),
    ("pthread", "-l:libpthread.a"),
    ("rt", "-l:librt.a"),
    ("util", "-l:libutil.a"),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let (Some(out), true) = (env::var_os("OUT_DIR").map(PathBuf::from), has_archive("libc.a")) else {
        println!("cargo::warning=there is no libc.a, so workers take longer to start");
        return;
    };
    for (name, archives) in ARCHIVES {
        let script = format!("GROUP({archives})\n");
        fs::write(out.join(format!("lib{name}.so")), script).expect("a file in cargo's own folder");
    }
    println!("cargo::rustc-link-search=native={}", out.display());
    // Without the second one, a function that is not there (`__gmon_start__`) is taken for one at the program's beginning.
    // The third one packs what is to be added to addresses, half a megabyte otherwise that each worker reads.
    let packed = "-Wl,-z,pack-relative-relocs";
    for argument in ["-static-pie", "-Wl,-z,nodynamic-undefined-weak", packed] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}

/// Whether the compiler that links has an archive: it answers a name alone where it has not.
fn has_archive(name: &str) -> bool {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let answer = Command::new(linker).arg(format!("-print-file-name={name}")).output();
    answer.is_ok_and(|answer| Path::new(String::from_utf8_lossy(&answer.stdout).trim()).is_absolute())
}
