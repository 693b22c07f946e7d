//! Texts: registries, SYSTEM.INI, and what a run over a shelf of films keeps.

use std::cell::OnceCell;
use std::fs;

use drvhost::fuzzing::{Ini, Reg, ini as read_ini, reg as read_reg};
use drvhost::shelf::Manifest;
use tempfile::TempDir;

/// A registry's text, of Windows or of Wine.
///
/// # Panics
/// When what was understood is not read back as it was once it is written.
pub fn reg(bytes: &[u8]) {
    match read_reg(bytes) {
        Reg::Refused { line } => assert!(line >= 1 && line <= lines_of(bytes)),
        Reg::Read { same, written } => {
            assert!(same, "what was read is not what was written");
            assert!(written.is_ascii() || written.starts_with(&[0xFF, 0xFE]));
            // A key of Wine's is written with its root, a unit as two numbers, and each character of these may take two bytes.
            assert!(written.len() <= 64 * (bytes.len() + 1));
        }
    }
}

/// SYSTEM.INI.
///
/// # Panics
/// When a line belongs to no section, or more text comes out than there is.
pub fn ini(bytes: &[u8]) {
    match read_ini(bytes) {
        Ini::Refused { line } => assert!(line >= 1 && line <= lines_of(bytes)),
        Ini::Read { sections, lines } => {
            assert!(lines.iter().all(|(section, ..)| *section < sections.len()));
            let text: usize = lines.iter().map(|(_, name, value)| name.len() + value.len()).sum();
            // A byte of another code page is up to three in UTF-8.
            assert!(text + sections.iter().map(String::len).sum::<usize>() <= 3 * bytes.len());
        }
    }
}

/// How many lines a text can have: each ends with one byte at least.
fn lines_of(bytes: &[u8]) -> usize {
    bytes.len() + 1
}

thread_local! {
    static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
}

/// The manifest of a folder, which an earlier run has written, as far as it came.
///
/// # Panics
/// When it cannot be opened, or names an output that is not there.
pub fn manifest(bytes: &[u8]) {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| match tempfile::tempdir() {
            Ok(folder) => folder,
            Err(error) => panic!("no folder for the manifest: {error}"),
        });
        let written = fs::write(folder.path().join("manifest.jsonl"), bytes);
        assert!(written.is_ok(), "{written:?}");
        let opened = Manifest::open(folder.path());
        let Ok(manifest) = opened else { panic!("{opened:?}") };
        for output in manifest.outputs().values() {
            assert!(folder.path().join(output).is_file());
        }
    });
}
