//! shlwapi.dll: paths and texts.

mod exports;
mod paths;
mod strings;
#[cfg(test)]
mod tests;

pub(crate) use exports::LIBRARY;
