//! Windows' registry as text: `.reg` files of both versions, and those in which Wine keeps its own.
//!
//! Sizes and names are bounded as Windows bounds them ("Registry element size limits", MS Learn).

mod ansi;
mod cursor;
mod dialect;
mod hive;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use ansi::{decode, windows_1252};
pub(crate) use hive::{Data, Hive};

/// The largest file that is read, in bytes.
pub(crate) const MAX_BYTES: u64 = 64 << 20;

/// Where a text is not what it should be, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong there.
    pub why: String,
}

impl SyntaxError {
    pub fn new(line: usize, why: impl Into<String>) -> Self {
        Self { line, why: why.into() }
    }
}

/// Kinds of data ("Registry value types", MS Learn).
pub(crate) const REG_SZ: u32 = 1;
pub(crate) const REG_EXPAND_SZ: u32 = 2;
pub(crate) const REG_BINARY: u32 = 3;
pub(crate) const REG_DWORD: u32 = 4;
pub(crate) const REG_MULTI_SZ: u32 = 7;
