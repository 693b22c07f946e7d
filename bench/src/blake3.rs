//! BLAKE3 for the peers: by its authors' C, from the folder of the very crate that hashes for drvhost, compiled as that crate's build script has it for Windows.

use std::path::{Path, PathBuf};
use std::process::Command;

use drvhost::Machine;
use serde_json::Value;

use crate::failure::{Failure, run};
use crate::mingw;
use crate::programs::cargo;
use crate::record::PROJECT;

/// The crate.
const CRATE: &str = "blake3";

/// What drvhost is for.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// What is the same for all machines.
const COMMON: &[&str] = &["blake3.c", "blake3_dispatch.c", "blake3_portable.c"];

/// What is there for the processor's instructions: by hand where that is to be had, because gcc does not align a stack for them on 64-bit Windows.
const X86_64: &[&str] = &[
    "blake3_sse2_x86-64_windows_gnu.S",
    "blake3_sse41_x86-64_windows_gnu.S",
    "blake3_avx2_x86-64_windows_gnu.S",
    "blake3_avx512_x86-64_windows_gnu.S",
];
/// The same for i386, each with the option that lets the compiler use them.
const I386: &[(&str, &[&str])] = &[
    ("blake3_sse2.c", &["-msse2"]),
    ("blake3_sse41.c", &["-msse4.1"]),
    ("blake3_avx2.c", &["-mavx2"]),
    ("blake3_avx512.c", &["-mavx512f", "-mavx512vl"]),
];

/// What a program has to be compiled with that hashes: where the header is, and the compiled files, which are put into `folder`.
///
/// # Errors
/// [`Failure`] where cargo does not know the crate's folder, or the compiler fails.
pub fn options(machine: Machine, folder: &Path) -> Result<Vec<String>, Failure> {
    let sources = sources()?;
    let of_machine: Vec<(&str, &[&str])> = match machine {
        Machine::X86_64 => X86_64.iter().map(|&name| (name, &[][..])).collect(),
        Machine::I386 => I386.to_vec(),
    };
    let common = COMMON.iter().map(|&name| (name, &[][..]));
    let mut options = vec![format!("-I{}", sources.display())];
    for (name, instructions) in common.chain(of_machine) {
        let object = folder.join(name).with_extension("o");
        mingw::compile_object(machine, &sources.join(name), &object, instructions)?;
        options.push(object.display().to_string());
    }
    Ok(options)
}

/// Where cargo has the crate's C.
fn sources() -> Result<PathBuf, Failure> {
    let mut command = Command::new(cargo());
    // Packages that only other systems need are not there.
    command.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", PLATFORM]);
    command.current_dir(PROJECT);
    let text = run(&mut command)?;
    let metadata: Value = serde_json::from_str(&text).unwrap_or_default();
    let manifest = manifest(&metadata).ok_or_else(|| Failure::Unreadable {
        program: "cargo metadata",
        text: text.chars().take(80).collect(),
        expected: "a list of packages with BLAKE3's",
    })?;
    Ok(Path::new(manifest).with_file_name("c"))
}

/// The crate's Cargo.toml.
fn manifest(metadata: &Value) -> Option<&str> {
    let packages = metadata["packages"].as_array()?;
    packages.iter().find(|package| package["name"] == CRATE)?["manifest_path"].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_is_found_by_its_name() {
        let text =
            r#"{"packages":[{"name":"a","manifest_path":"/a"},{"name":"blake3","manifest_path":"/b"}]}"#;
        assert_eq!(manifest(&serde_json::from_str(text).unwrap()), Some("/b"));
        assert_eq!(manifest(&serde_json::from_str(r#"{"packages":[]}"#).unwrap()), None);
    }
}
