//! What can go wrong with a media file.

use std::io;

use thiserror::Error;

/// An error from reading, converting or writing media.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MediaError {
    /// The file is of another kind than the one asked for.
    #[error("this is not {wanted}: it looks like {found}")]
    WrongForm {
        /// The kind of file that was expected, with its article.
        wanted: &'static str,
        /// What the first bytes look like.
        found: String,
    },
    /// A structure breaks its own rules, so that nothing sensible can be made of it.
    #[error("the {what} is malformed at byte {offset}: {why}")]
    Malformed {
        /// The structure, by its field name.
        what: &'static str,
        /// Where: in the file for readers, in the block for formats and pictures.
        offset: u64,
        /// The rule that is broken.
        why: String,
    },
    /// The operating system refused to read or write.
    #[error("{doing} failed: {source}")]
    Io {
        /// The action that failed, with its path where there is one.
        doing: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The file has no such stream.
    #[error("the file has no {wanted}; it has {present} streams")]
    NoStream {
        /// The stream that was asked for.
        wanted: String,
        /// How many streams there are.
        present: usize,
    },
    /// The input is well formed but outside what this module handles.
    #[error("{what} is not supported: {why}")]
    Unsupported {
        /// The thing that is not handled.
        what: String,
        /// Why, or what is handled instead.
        why: String,
    },
    /// A limit would be passed.
    #[error("{what} is too large: {why}")]
    TooLarge {
        /// The thing that is too large.
        what: String,
        /// The limit, and what to do instead where there is something.
        why: String,
    },
    /// The name of an output file does not say what to write.
    #[error("cannot write to {name:?}: {why}")]
    OutputName {
        /// The name as it was given.
        name: String,
        /// What is wrong with it, and what is possible.
        why: String,
    },
}

impl MediaError {
    /// Wraps a failed system call.
    pub(crate) fn io(doing: impl Into<String>, source: io::Error) -> Self {
        Self::Io { doing: doing.into(), source }
    }

    /// Moves the offset of [`MediaError::Malformed`] from within a block to within the file that holds it.
    pub(super) fn within(self, block_offset: u64) -> Self {
        match self {
            Self::Malformed { what, offset, why } => {
                Self::Malformed { what, offset: offset.saturating_add(block_offset), why }
            }
            other => other,
        }
    }
}
