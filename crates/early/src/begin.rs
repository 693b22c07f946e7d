//! What is done at the entry point.
//!
//! Nothing has been prepared for code to run. Addresses that lie in memory are not right yet (the C library adds what they lack), and its functions are not to be had, among them those that compilers call for
//! copying and comparing. So there is nothing here but numbers, addresses as numbers, what [`crate::system`] has, and functions of this crate's own, which are called directly. Functions of Rust's library are
//! not: where a compiler does not put their code here, as without optimisation, it may call them by way of an address in memory.

use std::ffi::c_char;

use sandbox::{MEMORY_FILE, NOBODY_YET, SEALS};
use wire::{CHANNEL_SIZE, given};

use crate::system::{CALL, byte, call, put_byte, put_number, put_word, vfork, word};
use crate::{DESCRIPTORS, PROCESS, RUN_DRIVERS, UNLESS};

// Named here, where they are computed while this is compiled.
const SELF: *const c_char = c"/proc/self/exe".as_ptr();
const PROGRAM: *const c_char = given::PROGRAM.as_ptr();
const PROGRAM_LENGTH: usize = given::PROGRAM.count_bytes() + 1;
const NOBODY: *const c_char = NOBODY_YET.as_ptr();
const FOLDER: *const c_char = c"/".as_ptr();
const CHANNEL: *const c_char = given::CHANNEL.as_ptr();
const ARENA: *const c_char = given::ARENA.as_ptr();
const IMAGES: *const c_char = given::IMAGES.as_ptr();
const RUN: *const u8 = RUN_DRIVERS.as_ptr();
const RUN_LENGTH: usize = RUN_DRIVERS.len();
const NOT: *const u8 = UNLESS.as_ptr();
const NOT_LENGTH: usize = UNLESS.len();

/// Bytes of a word.
const WORD: usize = size_of::<usize>();
/// Room for the path of the worker's program: as much as the kernel takes for a path.
const PATH_ROOM: usize = 4096;
/// Room for a process's number: ten digits and a NUL.
const DIGITS_ROOM: usize = 11;
/// Room for a set of processors, in bytes: enough for 1,024.
const SET_ROOM: usize = 128;
/// How many calls a child makes.
const CALLS: usize = 7;
/// The first descriptor that is not a standard stream's.
const OTHERS: isize = 3;

/// No signals, and no variables.
static NONE: usize = 0;

// Memory that is there, and zero, without anybody's doing. One thread uses it, once.
static mut PATH: [u8; PATH_ROOM] = [0; PATH_ROOM];
static mut DIGITS: [u8; DIGITS_ROOM] = [0; DIGITS_ROOM];
static mut ARGUMENTS: [usize; 4] = [0; 4];
static mut CALLS_ROOM: [usize; CALLS * CALL] = [0; CALLS * CALL];
static mut SET: [u64; SET_ROOM / 8] = [0; SET_ROOM / 8];
static mut FAILED: i32 = 0;
static mut HERE: u32 = 0;

/// Begins a worker, where the arguments ask for one. `stack` is as the kernel has left it.
///
/// # Safety
/// Only the entry point may call it.
pub(crate) unsafe extern "C" fn begin(stack: usize) {
    // SAFETY: the number of arguments lies there, and then as many addresses, each of a text that ends with NUL (System V ABI for x86-64, 3.4.1). The stack stays. Nothing else runs yet.
    unsafe {
        if !wants_a_worker(word(stack), stack + WORD) || !worker_beside(&raw mut PATH as usize) {
            return;
        }
        let channel = memory_file(CHANNEL as usize, CHANNEL_SIZE, true);
        let arena = memory_file(ARENA as usize, given::ARENA_SIZE, true);
        let images = memory_file(IMAGES as usize, given::DRIVER as usize, false);
        // Where a standard stream is closed, a file has got its number. Whoever started this sees what comes of that in the usual way.
        if channel >= OTHERS && arena >= OTHERS && images >= OTHERS {
            call(libc::SYS_lseek, images as usize, given::DRIVER as usize, libc::SEEK_SET as usize, 0);
            let process = start(&raw const PATH as usize, channel as usize, arena as usize, images as usize);
            if process > 0 {
                leave_the_processor_to_us(process as usize);
                let descriptors = &raw const DESCRIPTORS as usize;
                put_number(descriptors, channel as i32);
                put_number(descriptors + 4, arena as i32);
                put_number(descriptors + 8, images as i32);
                put_number(&raw const PROCESS as usize, process as i32);
                return;
            }
        }
        close(channel);
        close(arena);
        close(images);
    }
}

/// Whether the arguments begin as those of a command do that is going to run a driver in this process. If it does not, the worker ends unused.
///
/// # Safety
/// At `arguments` there are `count` addresses, each of a text that ends with NUL.
unsafe fn wants_a_worker(count: usize, arguments: usize) -> bool {
    // SAFETY: each of them is one of `count`.
    unsafe {
        if count < 2 || !is_one_of(word(arguments + WORD), RUN as usize, RUN_LENGTH) {
            return false;
        }
        let mut index = 2;
        while index < count {
            if is_one_of(word(arguments + index * WORD), NOT as usize, NOT_LENGTH) {
                return false;
            }
            index += 1;
        }
        true
    }
}

/// Whether a text is one of some words, each of which ends with NUL; together they have `length` bytes.
///
/// # Safety
/// The text ends with NUL, and the words are there.
unsafe fn is_one_of(text: usize, words: usize, length: usize) -> bool {
    let mut place = 0;
    let mut matched = 0;
    let mut same = true;
    while place < length {
        // SAFETY: within the words.
        let here = unsafe { byte(words + place) };
        // SAFETY: the text has had no NUL up to here, because it is the same as a word as far as that.
        same = same && unsafe { byte(text + matched) == here };
        if here == 0 && same {
            return true;
        }
        matched += 1;
        if here == 0 {
            matched = 0;
            same = true;
        }
        place += 1;
    }
    false
}

/// Writes the path of the worker's program to `path`, which lies beside this one, with a NUL; false where there cannot be one.
///
/// # Safety
/// There is room for [`PATH_ROOM`] bytes.
unsafe fn worker_beside(path: usize) -> bool {
    // SAFETY: as much room as is said. What is read of it has been written, and what is written fits, as has been looked at.
    unsafe {
        let length = call(libc::SYS_readlink, SELF as usize, path, PATH_ROOM, 0);
        let mut folder = if length > 0 { length as usize } else { 0 };
        while folder > 0 && byte(path + folder - 1) != b'/' {
            folder -= 1;
        }
        if folder == 0 || folder + PROGRAM_LENGTH > PATH_ROOM {
            return false;
        }
        let mut index = 0;
        while index < PROGRAM_LENGTH {
            put_byte(path + folder + index, byte(PROGRAM as usize + index));
            index += 1;
        }
        true
    }
}

/// A file in memory of so many bytes, which cannot become more or fewer where it is `sealed`; a negative number where there is none.
///
/// # Safety
/// The name ends with NUL.
unsafe fn memory_file(name: usize, size: usize, sealed: bool) -> isize {
    // SAFETY: a text that ends with NUL, and integers.
    unsafe {
        let file = call(libc::SYS_memfd_create, name, MEMORY_FILE as usize, 0, 0);
        if file < 0 {
            return file;
        }
        let mut answer = call(libc::SYS_ftruncate, file as usize, size, 0, 0);
        if answer == 0 && sealed {
            answer = call(libc::SYS_fcntl, file as usize, libc::F_ADD_SEALS as usize, SEALS as usize, 0);
        }
        if answer == 0 {
            return file;
        }
        close(file);
        answer
    }
}

/// Closes a file, if it is one.
///
/// # Safety
/// Nobody else uses it.
unsafe fn close(file: isize) {
    if file >= 0 {
        // SAFETY: as the contract says.
        unsafe { call(libc::SYS_close, file as usize, 0, 0, 0) };
    }
}

/// Writes down the `index`th call that a child is to make.
///
/// # Safety
/// Nothing else runs, and `index` is less than [`CALLS`].
unsafe fn set(index: usize, number: libc::c_long, first: usize, second: usize, third: usize, fourth: usize) {
    // SAFETY: there is room, as the contract says.
    unsafe {
        let at = &raw mut CALLS_ROOM as usize + index * CALL * WORD;
        put_word(at, number as usize);
        put_word(at + WORD, first);
        put_word(at + 2 * WORD, second);
        put_word(at + 3 * WORD, third);
        put_word(at + 4 * WORD, fourth);
    }
}

/// Starts the worker's program as `sandbox::Spawner` does; its process, or 0 or less.
///
/// # Safety
/// The path ends with NUL, and nothing else runs here.
unsafe fn start(path: usize, channel: usize, arena: usize, images: usize) -> isize {
    // SAFETY: room for four words; seven calls, the last of which executes a program. What they are handed stays: texts that end with NUL, and addresses of such that end with null.
    unsafe {
        let arguments = &raw mut ARGUMENTS as usize;
        put_word(arguments, path);
        put_word(arguments + WORD, own_number());
        put_word(arguments + 2 * WORD, NOBODY as usize);
        let none = &raw const NONE as usize;
        set(0, libc::SYS_rt_sigprocmask, libc::SIG_SETMASK as usize, none, 0, WORD);
        set(1, libc::SYS_dup2, channel, 0, 0, 0);
        set(2, libc::SYS_dup2, arena, 1, 0, 0);
        set(3, libc::SYS_dup2, images, 2, 0, 0);
        set(4, libc::SYS_setpgid, 0, 0, 0, 0);
        set(5, libc::SYS_chdir, FOLDER as usize, 0, 0, 0);
        set(6, libc::SYS_execve, path, arguments, none, 0);
        let process = vfork(&raw const CALLS_ROOM as usize, CALLS, &raw mut FAILED as usize);
        if FAILED == 0 {
            return process;
        }
        // A child that has ended or is about to. Null where nothing is asked.
        call(libc::SYS_wait4, process as usize, 0, 0, 0);
        0
    }
}

/// The address of this process's number in digits, which ends with NUL.
///
/// # Safety
/// Nothing else runs here.
unsafe fn own_number() -> usize {
    // SAFETY: a number of 32 bits has ten digits at most, for which there is room before the NUL.
    unsafe {
        let mut left = call(libc::SYS_getpid, 0, 0, 0, 0) as u32;
        let mut at = &raw mut DIGITS as usize + DIGITS_ROOM - 1;
        loop {
            at -= 1;
            put_byte(at, b'0' + (left % 10) as u8);
            left /= 10;
            if left == 0 {
                return at;
            }
        }
    }
}

/// Has the worker go on on another processor than this one, if it may use others. What it may use stays the same.
///
/// The kernel may have both go on on one. Each has much to do before it waits for the other, and a process that does nothing but start stays where it is for milliseconds, beside a processor that is idle: of 80 starts 28
/// were so, and took 1.2 ms longer. To have a process that waits for its turn go elsewhere costs less than to go there oneself.
///
/// # Safety
/// Nothing else runs here.
unsafe fn leave_the_processor_to_us(process: usize) {
    // SAFETY: as much room as is said, a number to be written to, and a word within what the kernel has written.
    unsafe {
        let set = &raw mut SET as usize;
        let length = call(libc::SYS_sched_getaffinity, 0, SET_ROOM, set, 0);
        let asked = call(libc::SYS_getcpu, &raw mut HERE as usize, 0, 0, 0);
        let here = HERE as usize;
        if length <= 0 || asked != 0 || here / 8 >= length as usize {
            return;
        }
        let at = set + here / 64 * WORD;
        let all = word(at);
        put_word(at, all & !(1 << (here % 64)));
        // Refused where there are no others. The second call moves nothing.
        if call(libc::SYS_sched_setaffinity, process, length as usize, set, 0) == 0 {
            put_word(at, all);
            call(libc::SYS_sched_setaffinity, process, length as usize, set, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::{CStr, CString};
    use std::fs::{self, File};
    use std::io::{Read, Seek};
    use std::os::fd::{FromRawFd, OwnedFd};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::*;

    /// What is here is for one thread; where all tests are in one process, they take turns.
    static TURN: Mutex<()> = Mutex::new(());

    fn turn() -> MutexGuard<'static, ()> {
        TURN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wants(arguments: &[&str]) -> bool {
        let texts: Vec<_> = arguments.iter().map(|text| CString::new(*text).unwrap()).collect();
        let addresses: Vec<_> = texts.iter().map(|text| text.as_ptr()).collect();
        // SAFETY: as many texts, which live until the end.
        unsafe { wants_a_worker(texts.len(), addresses.as_ptr() as usize) }
    }

    /// A file in memory, which is closed in the end.
    fn file(size: usize, sealed: bool) -> File {
        // SAFETY: a text that ends with NUL.
        let file = unsafe { memory_file(c"test".as_ptr() as usize, size, sealed) };
        // SAFETY: it has been opened on the line above.
        File::from(unsafe { OwnedFd::from_raw_fd(i32::try_from(file).unwrap()) })
    }

    /// Starts a program with three files; its process, and the last of them.
    fn started(program: &str) -> (isize, File) {
        use std::os::fd::AsRawFd;
        let program = CString::new(program).unwrap();
        let files = [0; 3].map(|_| file(4096, false));
        let [first, second, third] = files.each_ref().map(|file| file.as_raw_fd() as usize);
        // SAFETY: a text that ends with NUL, and it is this test's turn.
        let process = unsafe { start(program.as_ptr() as usize, first, second, third) };
        let [_, _, last] = files;
        (process, last)
    }

    #[test]
    fn only_commands_that_run_a_driver_here_want_a_worker() {
        assert!(wants(&["drvhost", "send", "a.dll", "DRV_QUERYCONFIGURE"]));
        assert!(wants(&["drvhost", "play"]));
        for others in [
            &[][..],
            &["drvhost"],
            &["send"],
            &["drvhost", "sen"],
            &["drvhost", "send "],
            &["drvhost", ""],
            &["drvhost", "list", "send"],
            &["drvhost", "--json", "send"],
            &["drvhost", "decode", "--help"],
            &["drvhost", "probe", "a.dll", "-h"],
            &["drvhost", "send", "a.dll", "DRV_OPEN", "--connect"],
        ] {
            assert!(!wants(others), "{others:?}");
        }
    }

    #[test]
    fn the_workers_program_lies_beside_this_one() {
        let mut path = [0_u8; PATH_ROOM];
        // SAFETY: as much room as is asked for.
        assert!(unsafe { worker_beside(path.as_mut_ptr() as usize) });
        let path = CStr::from_bytes_until_nul(&path).unwrap().to_str().unwrap();
        assert_eq!(path, std::env::current_exe().unwrap().with_file_name("drvhost-worker").to_str().unwrap());
    }

    #[test]
    fn this_processs_number_is_written_in_digits() {
        let _turn = turn();
        // SAFETY: it is this test's turn, and the answer is the address of a text that ends with NUL and stays.
        let text = unsafe { CStr::from_ptr(own_number() as *const c_char) };
        assert_eq!(text.to_str().unwrap(), std::process::id().to_string());
    }

    #[test]
    fn files_in_memory_have_their_size_and_keep_it_where_they_are_sealed() {
        for sealed in [true, false] {
            let file = file(8192, sealed);
            assert_eq!(file.metadata().unwrap().len(), 8192);
            assert_eq!(file.set_len(4096).is_err(), sealed);
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_no_process() {
        let _turn = turn();
        assert_eq!(started("/no/such").0, 0);
        // SAFETY: it is this test's turn.
        unsafe { FAILED = 0 };
    }

    #[test]
    fn a_program_that_is_there_gets_what_it_is_given() {
        let _turn = turn();
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs::copy("/bin/cat", &program).unwrap();
        let (process, mut last) = started(program.to_str().unwrap());
        assert!(process > 0);
        // SAFETY: it is this test's turn.
        unsafe { leave_the_processor_to_us(process as usize) };
        let mut status = 0;
        // SAFETY: a process of this one's, and a number to be written to.
        let ended = unsafe { libc::waitpid(i32::try_from(process).unwrap(), &mut status, 0) };
        // `cat` does not find a file with this process's number for a name, and says so to the third file.
        assert_eq!((ended as isize, libc::WEXITSTATUS(status)), (process, 1));
        let mut said = String::new();
        last.rewind().unwrap();
        last.read_to_string(&mut said).unwrap();
        assert!(said.contains(&std::process::id().to_string()), "{said}");
    }
}
