//! The C library's descriptors: small numbers for open files, below the streams of `FILE`.

use guest::Stop;
use wire::Disposition;

use crate::crt::invalid::invalid;
use crate::crt::{EACCES, EBADF, EEXIST, EINVAL, EMFILE, ENOENT, ENOSPC, ENOTEMPTY, EXDEV};
use crate::files::{Access, Stream};
use crate::kernel32::error::{
    ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS, ERROR_FILE_EXISTS, ERROR_FILE_NOT_FOUND, ERROR_INVALID_HANDLE,
    ERROR_PATH_NOT_FOUND,
};
use crate::kernel32::path::full;
use crate::process::Process;

/// What came of work on a descriptor, or the `errno` that says why nothing did.
pub(super) type Tried<T> = crate::files::Tried<T, i32>;

/// How many descriptors there are, as in msvcrt.dll (`_NHANDLE_`).
const MOST: usize = 2048;

/// The standard descriptors.
const STANDARD: usize = 3;

/// Flags of `_open` (MS Learn, "File constants").
pub(super) const O_WRONLY: u32 = 1;
pub(super) const O_RDWR: u32 = 2;
pub(super) const O_APPEND: u32 = 8;
pub(super) const O_TEMPORARY: u32 = 0x40;
pub(super) const O_CREAT: u32 = 0x100;
pub(super) const O_TRUNC: u32 = 0x200;
pub(super) const O_EXCL: u32 = 0x400;
pub(super) const O_TEXT: u32 = 0x4000;
pub(super) const O_BINARY: u32 = 0x8000;

/// What a descriptor names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum File {
    /// The standard input, which is at its end.
    Input,
    /// The standard output or error output: text for people.
    Output,
    /// A file.
    Disk {
        stream: Stream,
        /// Its path, if it goes when it is closed.
        doomed: Option<String>,
    },
}

/// An open descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub file: File,
    /// Whether line ends are translated.
    pub text: bool,
}

/// All descriptors, by number.
#[derive(Debug)]
pub(crate) struct Descriptors(Vec<Option<Descriptor>>);

impl Descriptors {
    pub fn new() -> Self {
        let standard = [File::Input, File::Output, File::Output];
        Self(standard.map(|file| Some(Descriptor { file, text: true })).into())
    }

    pub fn get(&mut self, number: i32) -> Option<&mut Descriptor> {
        self.0.get_mut(usize::try_from(number).ok()?)?.as_mut()
    }

    fn insert(&mut self, descriptor: Descriptor) -> Option<i32> {
        let free = (STANDARD..self.0.len()).find(|&number| self.0[number].is_none()).unwrap_or(self.0.len());
        if free >= MOST {
            return None;
        }
        if free == self.0.len() {
            self.0.push(None);
        }
        self.0[free] = Some(descriptor);
        i32::try_from(free).ok()
    }

    fn remove(&mut self, number: i32) -> Option<Descriptor> {
        self.0.get_mut(usize::try_from(number).ok()?)?.take()
    }
}

/// The `errno` for a Win32 code, as the C library has it.
pub(super) fn errno_of(code: u32) -> i32 {
    match code {
        ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND | 53 | 123 | 267 => ENOENT,
        4 => EMFILE,
        ERROR_ACCESS_DENIED => EACCES,
        ERROR_INVALID_HANDLE => EBADF,
        ERROR_FILE_EXISTS | ERROR_ALREADY_EXISTS => EEXIST,
        112 => ENOSPC,
        145 => ENOTEMPTY,
        17 => EXDEV,
        _ => EINVAL,
    }
}

/// Opens a file with the flags of `_open`; the error is an `errno`.
pub(super) fn open(process: &mut Process, name: &str, flags: u32) -> Tried<i32> {
    if name.is_empty() {
        return Ok(Err(ENOENT));
    }
    let access = Access {
        read: flags & O_WRONLY == 0,
        write: flags & (O_WRONLY | O_RDWR) != 0,
        append: flags & O_APPEND != 0,
    };
    let disposition = match (flags & O_CREAT != 0, flags & O_EXCL != 0, flags & O_TRUNC != 0) {
        (true, true, _) => Disposition::CreateNew,
        (true, false, true) => Disposition::CreateAlways,
        (true, false, false) => Disposition::OpenAlways,
        (false, _, true) => Disposition::TruncateExisting,
        (false, _, false) => Disposition::OpenExisting,
    };
    let path = full(process, name);
    let stream = match process.open_file(path.clone(), access, disposition)? {
        Ok((stream, _)) => stream,
        Err(code) => return Ok(Err(errno_of(code))),
    };
    let text = match flags & (O_TEXT | O_BINARY) {
        0 => default_text(process)?,
        mode => mode & O_BINARY == 0,
    };
    let doomed = (flags & O_TEMPORARY != 0).then_some(path);
    let file = File::Disk { stream: stream.clone(), doomed };
    match process.crt.descriptors.insert(Descriptor { file, text }) {
        Some(number) => Ok(Ok(number)),
        None => {
            let _ = process.close_file(&stream)?;
            Ok(Err(EMFILE))
        }
    }
}

/// Whether files are opened as text where nobody says (`_fmode`).
fn default_text(process: &mut Process) -> Result<bool, Stop> {
    let at = super::data::_fmode(process);
    Ok(process.machine.memory.array(at.0).map(u32::from_le_bytes)? & O_BINARY == 0)
}

/// Closes a descriptor.
pub(super) fn close(process: &mut Process, number: i32) -> Tried<()> {
    let Some(descriptor) = process.crt.descriptors.remove(number) else {
        return invalid(process, EBADF, Err(EBADF));
    };
    if let File::Disk { stream, doomed } = descriptor.file {
        let closed = process.close_file(&stream)?;
        if let Some(path) = doomed {
            let _ = process.file_done(wire::FileCall::Delete { path })?;
        }
        return Ok(closed.map_err(errno_of));
    }
    Ok(Ok(()))
}

/// Reads raw bytes, fewer only at the end.
pub(super) fn read(process: &mut Process, number: i32, count: usize) -> Tried<Vec<u8>> {
    with_stream(process, number, |process, stream| {
        if !stream.access.read {
            return Ok(Err(ERROR_INVALID_HANDLE));
        }
        process.read_file(stream, count)
    })
}

/// Writes raw bytes.
pub(super) fn write(process: &mut Process, number: i32, bytes: &[u8]) -> Tried<()> {
    if matches!(process.crt.descriptors.get(number), Some(Descriptor { file: File::Output, .. })) {
        super::stdio::put(process, bytes);
        return Ok(Ok(()));
    }
    with_stream(process, number, |process, stream| {
        if !stream.access.write {
            return Ok(Err(ERROR_INVALID_HANDLE));
        }
        process.write_file(stream, bytes)
    })
}

/// Moves to a place; answers it.
pub(super) fn seek(process: &mut Process, number: i32, by: i64, origin: i32) -> Tried<u64> {
    with_stream(process, number, |process, stream| {
        let base = match origin {
            0 => 0,
            1 => stream.at,
            2 => match process.file_info(stream)? {
                Ok(info) => info.len,
                Err(code) => return Ok(Err(code)),
            },
            _ => return Ok(Err(u32::MAX)),
        };
        let at = base.checked_add_signed(by).filter(|&at| i64::try_from(at).is_ok());
        if let Some(at) = at {
            stream.at = at;
        }
        Ok(at.ok_or(u32::MAX))
    })
}

/// Works with the stream of a descriptor, and keeps where it is afterwards. What is no file on a disk reads nothing and cannot be moved in.
pub(super) fn with_stream<T>(
    process: &mut Process,
    number: i32,
    work: impl FnOnce(&mut Process, &mut Stream) -> crate::files::Tried<T>,
) -> Tried<T> {
    let mut stream = match process.crt.descriptors.get(number) {
        Some(Descriptor { file: File::Disk { stream, .. }, .. }) => stream.clone(),
        Some(_) => return Ok(Err(EBADF)),
        None => return invalid(process, EBADF, Err(EBADF)),
    };
    let worked = work(process, &mut stream)?;
    if let Some(Descriptor { file: File::Disk { stream: kept, .. }, .. }) =
        process.crt.descriptors.get(number)
    {
        kept.at = stream.at;
    }
    Ok(worked.map_err(errno_of))
}
