//! Documents that are generated from what the tests say.

use std::io;
use std::path::{Path, PathBuf};

/// A generated document, by its path in the project.
#[derive(Debug, Clone, Copy)]
pub struct Generated(pub &'static str);

/// Set to 1, this variable has documents written anew instead of compared.
const BLESS: &str = "DRVHOST_BLESS";

impl Generated {
    /// Whether documents are to be written anew.
    #[must_use]
    pub fn blessing() -> bool {
        std::env::var_os(BLESS).is_some_and(|value| value == "1")
    }

    fn path(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(self.0)
    }

    /// The document as it stands; empty if there is none.
    #[must_use]
    pub fn read(self) -> String {
        std::fs::read_to_string(self.path()).unwrap_or_default()
    }

    /// Writes it anew.
    ///
    /// # Errors
    /// Those of writing a file.
    pub fn write(self, text: &str) -> io::Result<()> {
        std::fs::write(self.path(), text)
    }

    /// Compares it with what it should be.
    ///
    /// # Errors
    /// The lines that differ.
    pub fn compare(self, generated: &str) -> Result<(), String> {
        let document = self.read();
        if document == generated {
            return Ok(());
        }
        let lines = |text: &str, other: &str, sign: char| -> String {
            let other: Vec<_> = other.lines().collect();
            let only = text.lines().filter(|line| !other.contains(line));
            only.map(|line| format!("{sign} {line}\n")).collect()
        };
        let (removed, added) = (lines(&document, generated, '-'), lines(generated, &document, '+'));
        Err(format!("{} differs; {BLESS}=1 writes it anew\n{removed}{added}", self.0))
    }
}
