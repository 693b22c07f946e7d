//! What the system says about its usual errors.

/// "System Error Codes", MS Learn, by number.
const MESSAGES: &[(u32, &str)] = &[
    (0, "The operation completed successfully."),
    (1, "Incorrect function."),
    (2, "The system cannot find the file specified."),
    (3, "The system cannot find the path specified."),
    (4, "The system cannot open the file."),
    (5, "Access is denied."),
    (6, "The handle is invalid."),
    (8, "Not enough memory resources are available to process this command."),
    (13, "The data is invalid."),
    (14, "Not enough memory resources are available to complete this operation."),
    (15, "The system cannot find the drive specified."),
    (18, "There are no more files."),
    (19, "The media is write protected."),
    (21, "The device is not ready."),
    (24, "The program issued a command but the command length is incorrect."),
    (31, "A device attached to the system is not functioning."),
    (32, "The process cannot access the file because it is being used by another process."),
    (33, "The process cannot access the file because another process has locked a portion of the file."),
    (38, "Reached the end of the file."),
    (50, "The request is not supported."),
    (53, "The network path was not found."),
    (80, "The file exists."),
    (82, "The directory or file cannot be created."),
    (87, "The parameter is incorrect."),
    (111, "The file name is too long."),
    (112, "There is not enough space on the disk."),
    (120, "This function is not supported on this system."),
    (122, "The data area passed to a system call is too small."),
    (123, "The filename, directory name, or volume label syntax is incorrect."),
    (126, "The specified module could not be found."),
    (127, "The specified procedure could not be found."),
    (131, "An attempt was made to move the file pointer before the beginning of the file."),
    (145, "The directory is not empty."),
    (156, "The recipient process has refused the signal."),
    (157, "The segment is already discarded and cannot be locked."),
    (158, "The segment is already unlocked."),
    (170, "The requested resource is in use."),
    (183, "Cannot create a file when that file already exists."),
    (193, "%1 is not a valid Win32 application."),
    (203, "The system could not find the environment option that was entered."),
    (206, "The filename or extension is too long."),
    (234, "More data is available."),
    (259, "No more data is available."),
    (267, "The directory name is invalid."),
    (288, "Attempt to release mutex not owned by caller."),
    (298, "Too many posts were made to a semaphore."),
    (487, "Attempt to access invalid address."),
    (998, "Invalid access to memory location."),
    (1004, "Invalid flags."),
    (1008, "An attempt was made to reference a token that does not exist."),
    (1018, "Illegal operation attempted on a registry key that has been marked for deletion."),
    (1020, "Cannot create a symbolic link in a registry key that already has subkeys or values."),
    (1113, "No mapping for the Unicode character exists in the target multi-byte code page."),
    (1114, "A dynamic link library (DLL) initialization routine failed."),
    (1150, "The specified program requires a newer version of Windows."),
    (1168, "Element not found."),
    (1223, "The operation was canceled by the user."),
    (1332, "No mapping between account names and security IDs was done."),
    (1337, "The security ID structure is invalid."),
    (1400, "Invalid window handle."),
    (1406, "Cannot create a top-level child window."),
    (1407, "Cannot find window class."),
    (1410, "Class already exists."),
    (1411, "Class does not exist."),
    (1412, "Class still has open windows."),
    (1413, "Invalid index."),
    (1418, "Thread does not have a clipboard open."),
    (1421, "Control ID not found."),
    (1444, "Invalid thread identifier."),
    (1460, "This operation returned because the timeout period expired."),
    (1812, "The specified image file did not contain a resource section."),
    (1813, "The specified resource type cannot be found in the image file."),
    (1814, "The specified resource name cannot be found in the image file."),
    (1815, "The specified resource language ID cannot be found in the image file."),
    (1816, "Not enough quota is available to process this command."),
];

/// The message of an error, or of the HRESULT that stands for it.
pub(super) fn system_message(id: u32) -> Option<&'static str> {
    const FACILITY_WIN32: u32 = 0x8007_0000;
    let id = if id & 0xffff_0000 == FACILITY_WIN32 { id & 0xffff } else { id };
    let place = MESSAGES.binary_search_by_key(&id, |&(id, _)| id).ok()?;
    MESSAGES.get(place).map(|&(_, message)| message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_by_number() {
        assert!(MESSAGES.is_sorted_by_key(|&(id, _)| id));
        assert_eq!(system_message(5), Some("Access is denied."));
        assert_eq!(system_message(0x8007_0005), Some("Access is denied."));
        assert_eq!(system_message(0x8000_4005), None);
    }
}
