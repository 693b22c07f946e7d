//! Links the worker without shared libraries, where the C library is there as an archive: a worker that has to look for libraries, and for what is in
//! them, takes half again as long to start. The program stays one that lies at another address each time (`-static-pie`).
//!
//! Cargo has `-C target-feature=+crt-static` for this, but not for one program of a workspace. rustc names the libraries and asks for shared ones; what it
//! finds by these names is a line for the linker each that leads to the archive.

#[path = "../../scripts/linking.rs"]
mod linking;

use linking::Linking;

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

fn main() {
    let mut linking = Linking::new();
    // Without the last one, a function that is not there (`__gmon_start__`) is taken for one at the program's beginning.
    if !linking.instead(&ARCHIVES, &["-static-pie", "-Wl,-z,nodynamic-undefined-weak"]) {
        println!(
            "cargo::warning=a program without shared libraries cannot be linked, so workers take longer to start"
        );
    }
    linking.pack();
    linking.order("start.txt");
    linking.finish();
}
