//! What a driver wants of the system around it: files, the registry, other libraries. Declared once for both sides.
//!
//! A want takes no turn and calls nobody: the host answers it from what it keeps for the worker. So every thread of a worker may have one. The
//! thread that serves requests asks on the channel's main line, where the host waits for it anyway; all others share a second line.

use serde::{Deserialize, Serialize};

use crate::message::Brought;
use crate::wave::{SoundDevice, WaveCall};

/// The most bytes of a file, or of a value's data, that one message carries.
pub const PIECE: usize = 12 << 10;

/// The longest path or name in a want, in bytes; longer ones name nothing.
pub const LONGEST_PATH: usize = 1 << 10;

/// One want.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Want {
    /// Of a file or a folder.
    File(FileCall),
    /// Of the registry.
    Registry(RegistryCall),
    /// Of a library that lies beside the driver.
    Library(LibraryCall),
    /// Of what there is to play on.
    Wave(WaveCall),
}

/// What becomes of a want.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Served {
    /// It was done.
    Done,
    /// It was not, for this reason: a Win32 error code.
    Failed(u32),
    /// A number: a length, a position, or 1 and 0 for yes and no.
    Number(u64),
    /// Contents, at most [`PIECE`] bytes.
    Bytes(Vec<u8>),
    /// A name.
    Text(String),
    /// A file that is open now.
    Opened {
        /// What later calls name it by.
        file: u32,
        /// Whether it was there before.
        existed: bool,
    },
    /// What is known of a file or a folder.
    Info(FileInfo),
    /// Some of a folder's content.
    Entries(Vec<Entry>),
    /// A value of the registry.
    Value {
        /// Its name, as it was first written.
        name: String,
        /// Its `REG_` type.
        kind: u32,
        /// Its bytes; texts are UTF-16. At most [`PIECE`].
        data: Vec<u8>,
    },
    /// What is known of a key.
    Key(KeyInfo),
    /// A library that lies ready to be loaded.
    Library {
        /// Its file's name.
        name: String,
        /// Where it lies.
        brought: Brought,
    },
    /// What there is to play on.
    Sound(SoundDevice),
}

/// What can be done with files. Paths are Windows' own, absolute (`C:\...`); the host decides what they lead to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileCall {
    /// Opens a file. Answered by [`Served::Opened`].
    Open {
        /// Its path.
        path: String,
        /// Whether it is to be read.
        read: bool,
        /// Whether it is to be written.
        write: bool,
        /// What is to be done if it is there, and if it is not.
        disposition: Disposition,
    },
    /// Reads. Answered by [`Served::Bytes`]: fewer than asked for at the file's end.
    Read {
        /// The file.
        file: u32,
        /// Where.
        at: u64,
        /// How many bytes, at most [`PIECE`].
        len: u32,
    },
    /// Writes. Answered by [`Served::Number`]: where the file goes on behind what was written.
    Write {
        /// The file.
        file: u32,
        /// Where; `None` for its end.
        at: Option<u64>,
        /// What, at most [`PIECE`].
        bytes: Vec<u8>,
    },
    /// Shortens or lengthens it.
    SetLength {
        /// The file.
        file: u32,
        /// The length that it is to have.
        len: u64,
    },
    /// What an open file is. Answered by [`Served::Info`].
    Info {
        /// The file.
        file: u32,
    },
    /// Makes what was written last.
    Flush {
        /// The file.
        file: u32,
    },
    /// Closes it.
    Close {
        /// The file.
        file: u32,
    },
    /// What there is at a path. Answered by [`Served::Info`].
    Look {
        /// The path.
        path: String,
    },
    /// Deletes a file.
    Delete {
        /// Its path.
        path: String,
    },
    /// Gives a file or folder another name.
    Rename {
        /// Its path.
        from: String,
        /// The one that it is to have.
        to: String,
        /// Whether a file that is there goes.
        replace: bool,
    },
    /// Makes a folder.
    MakeFolder {
        /// Its path.
        path: String,
    },
    /// Removes an empty folder.
    RemoveFolder {
        /// Its path.
        path: String,
    },
    /// Some of a folder's content, by name. Answered by [`Served::Entries`], with none when there are no more.
    List {
        /// The folder.
        path: String,
        /// How many have been told of already.
        from: u32,
    },
}

/// What is to be done when a file is there, and when it is not ("CreateFile", MS Learn).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Disposition {
    /// Made; an error if it is there.
    CreateNew,
    /// Emptied, or made.
    CreateAlways,
    /// Opened; an error if it is not there.
    OpenExisting,
    /// Opened, or made.
    OpenAlways,
    /// Emptied; an error if it is not there.
    TruncateExisting,
}

/// What is known of a file or a folder. Times are Windows' own: tenths of microseconds since 1601.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// Whether it is a folder.
    pub folder: bool,
    /// Whether the driver cannot write it.
    pub read_only: bool,
    /// Its length.
    pub len: u64,
    /// When it was made.
    pub created: u64,
    /// When it was last read.
    pub accessed: u64,
    /// When it was last written.
    pub modified: u64,
    /// By what two names can be told to lead to one file.
    pub number: u64,
}

/// One of a folder's files and folders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub info: FileInfo,
}

/// What can be done with the registry. A key is named from its root on, `HKEY_LOCAL_MACHINE\SOFTWARE\...`, in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegistryCall {
    /// What a key is. Answered by [`Served::Key`].
    Look {
        /// The key.
        key: String,
    },
    /// Makes a key, and those above it. Answered by [`Served::Number`]: 1 if it was not there.
    Create {
        /// The key.
        key: String,
    },
    /// Deletes a key.
    Delete {
        /// The key.
        key: String,
        /// Whether those below it go as well; else a key that has some stays.
        tree: bool,
    },
    /// The name of a key below. Answered by [`Served::Text`].
    Below {
        /// The key.
        key: String,
        /// Which one, from 0.
        index: u32,
    },
    /// A value by its name; "" is the key's default. Answered by [`Served::Value`].
    Get {
        /// The key.
        key: String,
        /// The value.
        name: String,
    },
    /// A value by its place. Answered by [`Served::Value`].
    Value {
        /// The key.
        key: String,
        /// Which one, from 0.
        index: u32,
    },
    /// Sets a value.
    Set {
        /// The key.
        key: String,
        /// The value.
        name: String,
        /// Its `REG_` type.
        kind: u32,
        /// Its bytes, at most [`PIECE`].
        data: Vec<u8>,
    },
    /// Deletes a value.
    Unset {
        /// The key.
        key: String,
        /// The value.
        name: String,
    },
    /// Makes changes last.
    Flush,
    /// Makes changes last soon: a key that was changed has been closed.
    Settle,
    /// How often a key has changed, or with `tree` anything below it. Answered by [`Served::Number`].
    Changes {
        /// The key.
        key: String,
        /// Whether what is below it counts.
        tree: bool,
    },
}

/// What is known of a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyInfo {
    /// How many keys are directly below it.
    pub keys: u32,
    /// UTF-16 units of the longest name of those.
    pub longest_key: u32,
    /// How many values it has.
    pub values: u32,
    /// UTF-16 units of the longest name of those.
    pub longest_name: u32,
    /// Bytes of the largest data of those, texts in UTF-16.
    pub longest_data: u32,
}

/// What can be done with libraries that lie beside the driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LibraryCall {
    /// Finds one, and has it lie ready. Answered by [`Served::Library`].
    Bring {
        /// Its file name, without a folder.
        name: String,
    },
    /// It has been unloaded, and none of its code runs.
    Free {
        /// Where it lay.
        brought: Brought,
    },
}
