//! The last-error value, and the codes that shims here set ("System Error Codes", MS Learn).

#![allow(non_snake_case, reason = "Win32's own names")]

use crate::process::Process;

pub(crate) const ERROR_SUCCESS: u32 = 0;
pub(crate) const ERROR_FILE_NOT_FOUND: u32 = 2;
pub(crate) const ERROR_PATH_NOT_FOUND: u32 = 3;
pub(crate) const ERROR_ACCESS_DENIED: u32 = 5;
pub(crate) const ERROR_INVALID_HANDLE: u32 = 6;
pub(crate) const ERROR_NOT_ENOUGH_MEMORY: u32 = 8;
pub(crate) const ERROR_INVALID_DATA: u32 = 13;
pub(crate) const ERROR_NO_MORE_FILES: u32 = 18;
pub(crate) const ERROR_BAD_LENGTH: u32 = 24;
pub(crate) const ERROR_GEN_FAILURE: u32 = 31;
pub(crate) const ERROR_HANDLE_EOF: u32 = 38;
pub(crate) const ERROR_NOT_SUPPORTED: u32 = 50;
pub(crate) const ERROR_BAD_NETPATH: u32 = 53;
pub(crate) const ERROR_FILE_EXISTS: u32 = 80;
pub(crate) const ERROR_INVALID_PARAMETER: u32 = 87;
pub(crate) const ERROR_BUFFER_OVERFLOW: u32 = 111;
pub(crate) const ERROR_INSUFFICIENT_BUFFER: u32 = 122;
pub(crate) const ERROR_MOD_NOT_FOUND: u32 = 126;
pub(crate) const ERROR_PROC_NOT_FOUND: u32 = 127;
pub(crate) const ERROR_NEGATIVE_SEEK: u32 = 131;
pub(crate) const ERROR_SIGNAL_REFUSED: u32 = 156;
pub(crate) const ERROR_DISCARDED: u32 = 157;
pub(crate) const ERROR_NOT_LOCKED: u32 = 158;
pub(crate) const ERROR_ALREADY_EXISTS: u32 = 183;
pub(crate) const ERROR_ENVVAR_NOT_FOUND: u32 = 203;
pub(crate) const ERROR_FILENAME_EXCED_RANGE: u32 = 206;
pub(crate) const ERROR_MORE_DATA: u32 = 234;
pub(crate) const ERROR_NO_MORE_ITEMS: u32 = 259;
pub(crate) const ERROR_DIRECTORY: u32 = 267;
pub(crate) const ERROR_NOT_OWNER: u32 = 288;
pub(crate) const ERROR_TOO_MANY_POSTS: u32 = 298;
pub(crate) const ERROR_MR_MID_NOT_FOUND: u32 = 317;
pub(crate) const ERROR_INVALID_ADDRESS: u32 = 487;
pub(crate) const ERROR_NOACCESS: u32 = 998;
pub(crate) const ERROR_INVALID_FLAGS: u32 = 1004;
pub(crate) const ERROR_NO_TOKEN: u32 = 1008;
pub(crate) const ERROR_KEY_DELETED: u32 = 1018;
pub(crate) const ERROR_KEY_HAS_CHILDREN: u32 = 1020;
pub(crate) const ERROR_NO_UNICODE_TRANSLATION: u32 = 1113;
pub(crate) const ERROR_DLL_INIT_FAILED: u32 = 1114;
pub(crate) const ERROR_OLD_WIN_VERSION: u32 = 1150;
pub(crate) const ERROR_NONE_MAPPED: u32 = 1332;
pub(crate) const ERROR_INVALID_SID: u32 = 1337;
pub(crate) const ERROR_INVALID_WINDOW_HANDLE: u32 = 1400;
pub(crate) const ERROR_INVALID_MENU_HANDLE: u32 = 1401;
pub(crate) const ERROR_TLW_WITH_WSCHILD: u32 = 1406;
pub(crate) const ERROR_CANNOT_FIND_WND_CLASS: u32 = 1407;
pub(crate) const ERROR_CLASS_ALREADY_EXISTS: u32 = 1410;
pub(crate) const ERROR_CLASS_DOES_NOT_EXIST: u32 = 1411;
pub(crate) const ERROR_CLASS_HAS_WINDOWS: u32 = 1412;
pub(crate) const ERROR_INVALID_INDEX: u32 = 1413;
pub(crate) const ERROR_CLIPBOARD_NOT_OPEN: u32 = 1418;
pub(crate) const ERROR_CONTROL_ID_NOT_FOUND: u32 = 1421;
pub(crate) const ERROR_INVALID_THREAD_ID: u32 = 1444;
pub(crate) const ERROR_MENU_ITEM_NOT_FOUND: u32 = 1456;
pub(crate) const ERROR_TIMEOUT: u32 = 1460;
pub(crate) const ERROR_UNSUPPORTED_TYPE: u32 = 1630;
pub(crate) const ERROR_RESOURCE_DATA_NOT_FOUND: u32 = 1812;
pub(crate) const ERROR_RESOURCE_TYPE_NOT_FOUND: u32 = 1813;
pub(crate) const ERROR_RESOURCE_NAME_NOT_FOUND: u32 = 1814;
pub(crate) const ERROR_RESOURCE_LANG_NOT_FOUND: u32 = 1815;
pub(crate) const ERROR_NOT_ENOUGH_QUOTA: u32 = 1816;
pub(crate) const ERROR_RESOURCE_ENUM_USER_STOP: u32 = 15106;

/// Sets the last error, for a shim that then answers `answer`.
pub(crate) fn fail<T>(process: &mut Process, code: u32, answer: T) -> T {
    process.counts.fail(code);
    process.machine.set_last_error(code);
    answer
}

pub fn GetLastError(process: &mut Process) -> u32 {
    process.machine.last_error()
}

pub fn SetLastError(process: &mut Process, code: u32) {
    process.machine.set_last_error(code);
}

/// No fault shows a dialog here, whatever the mode; so the mode is always 0.
pub fn SetErrorMode(_: &mut Process, _mode: u32) -> u32 {
    0
}
