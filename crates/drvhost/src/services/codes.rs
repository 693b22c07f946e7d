//! The Win32 error codes with which wants fail ("System Error Codes", MS Learn).

use std::io::{self, ErrorKind};

macro_rules! codes {
    ($($name:ident = $number:literal;)*) => {
        $(pub(super) const $name: u32 = $number;)*
    };
}

codes! {
    ERROR_FILE_NOT_FOUND = 2;
    ERROR_PATH_NOT_FOUND = 3;
    ERROR_TOO_MANY_OPEN_FILES = 4;
    ERROR_ACCESS_DENIED = 5;
    ERROR_INVALID_HANDLE = 6;
    ERROR_NOT_ENOUGH_MEMORY = 8;
    ERROR_GEN_FAILURE = 31;
    ERROR_BAD_NETPATH = 53;
    ERROR_FILE_EXISTS = 80;
    ERROR_INVALID_PARAMETER = 87;
    ERROR_DISK_FULL = 112;
    ERROR_INVALID_NAME = 123;
    ERROR_MOD_NOT_FOUND = 126;
    ERROR_DIR_NOT_EMPTY = 145;
    ERROR_ALREADY_EXISTS = 183;
    ERROR_BAD_EXE_FORMAT = 193;
    ERROR_NO_MORE_ITEMS = 259;
    ERROR_DIRECTORY = 267;
    ERROR_KEY_DELETED = 1018;
    ERROR_KEY_HAS_CHILDREN = 1020;
    ERROR_NOT_ENOUGH_QUOTA = 1816;
}

/// The code for what the system says of a file.
pub(super) fn of(error: &io::Error) -> u32 {
    match error.kind() {
        ErrorKind::NotFound => ERROR_FILE_NOT_FOUND,
        ErrorKind::AlreadyExists => ERROR_FILE_EXISTS,
        ErrorKind::NotADirectory => ERROR_DIRECTORY,
        ErrorKind::DirectoryNotEmpty => ERROR_DIR_NOT_EMPTY,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => ERROR_DISK_FULL,
        ErrorKind::InvalidInput | ErrorKind::InvalidFilename => ERROR_INVALID_PARAMETER,
        // A link that would lead elsewhere, a folder where a file was wanted, what the user may not do.
        ErrorKind::PermissionDenied
        | ErrorKind::IsADirectory
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::CrossesDevices => ERROR_ACCESS_DENIED,
        _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => ERROR_ACCESS_DENIED,
        _ => ERROR_GEN_FAILURE,
    }
}
