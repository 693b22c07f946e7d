//! The process's files: what kernel32, the C library and mmio functions read and write. The host has them; here is where each of its
//! users stands in them.

use guest::Stop;
use wire::{Disposition, Entry, FileCall, FileInfo, PIECE, Served, Want};

use crate::kernel32::error::ERROR_GEN_FAILURE;
use crate::process::{Process, still_wanted};

/// What came of work on a file, or the Win32 code that says why nothing did.
pub(crate) type Tried<T, E = u32> = Result<Result<T, E>, Stop>;

/// Goes on with what a [`Tried`] holds, or ends with its code.
macro_rules! tried {
    ($tried:expr) => {
        match $tried? {
            Ok(value) => value,
            Err(code) => return Ok(Err(code)),
        }
    };
}
pub(crate) use tried;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Access {
    pub read: bool,
    pub write: bool,
    /// Whether everything that is written goes to its end.
    pub append: bool,
}

/// An open file, and where it is read and written next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    /// What the host knows it by.
    number: u32,
    pub access: Access,
    pub at: u64,
}

impl Process {
    fn file_call(&mut self, call: FileCall) -> Tried<Served> {
        Ok(match self.want(Want::File(call))? {
            Served::Failed(code) => Err(code),
            served => Ok(served),
        })
    }

    /// Opens a file, and answers whether it was there before.
    pub(crate) fn open_file(
        &mut self,
        path: String,
        access: Access,
        disposition: Disposition,
    ) -> Tried<(Stream, bool)> {
        let Access { read, write, .. } = access;
        match tried!(self.file_call(FileCall::Open { path, read, write, disposition })) {
            Served::Opened { file, existed } => Ok(Ok((Stream { number: file, access, at: 0 }, existed))),
            _ => Ok(Err(ERROR_GEN_FAILURE)),
        }
    }

    /// Reads from where the stream is, fewer bytes only at its end.
    pub(crate) fn read_file(&mut self, stream: &mut Stream, count: usize) -> Tried<Vec<u8>> {
        let mut bytes = Vec::with_capacity(count.min(PIECE));
        while bytes.len() < count {
            still_wanted(&self.machine)?;
            let len = (count - bytes.len()).min(PIECE);
            let call = FileCall::Read { file: stream.number, at: stream.at, len: len as u32 };
            let Served::Bytes(mut piece) = tried!(self.file_call(call)) else {
                return Ok(Err(ERROR_GEN_FAILURE));
            };
            piece.truncate(len);
            stream.at += piece.len() as u64;
            let end = piece.len() < len;
            bytes.append(&mut piece);
            if end {
                break;
            }
        }
        Ok(Ok(bytes))
    }

    /// Writes where the stream is, or at its end.
    pub(crate) fn write_file(&mut self, stream: &mut Stream, bytes: &[u8]) -> Tried<()> {
        for piece in bytes.chunks(PIECE) {
            still_wanted(&self.machine)?;
            let at = (!stream.access.append).then_some(stream.at);
            let call = FileCall::Write { file: stream.number, at, bytes: piece.to_vec() };
            let Served::Number(end) = tried!(self.file_call(call)) else { return Ok(Err(ERROR_GEN_FAILURE)) };
            stream.at = end;
        }
        Ok(Ok(()))
    }

    /// What an open file is.
    pub(crate) fn file_info(&mut self, stream: &Stream) -> Tried<FileInfo> {
        match tried!(self.file_call(FileCall::Info { file: stream.number })) {
            Served::Info(info) => Ok(Ok(info)),
            _ => Ok(Err(ERROR_GEN_FAILURE)),
        }
    }

    /// Shortens or lengthens a file.
    pub(crate) fn set_file_length(&mut self, stream: &Stream, len: u64) -> Tried<()> {
        self.file_done(FileCall::SetLength { file: stream.number, len })
    }

    /// Makes what was written last.
    pub(crate) fn flush_file(&mut self, stream: &Stream) -> Tried<()> {
        self.file_done(FileCall::Flush { file: stream.number })
    }

    /// Closes a file.
    pub(crate) fn close_file(&mut self, stream: &Stream) -> Tried<()> {
        self.file_done(FileCall::Close { file: stream.number })
    }

    /// Has the host do something of which only matters whether it is done.
    pub(crate) fn file_done(&mut self, call: FileCall) -> Tried<()> {
        Ok(self.file_call(call)?.map(|_| ()))
    }

    /// What there is at a path.
    pub(crate) fn look_at(&mut self, path: String) -> Tried<FileInfo> {
        match tried!(self.file_call(FileCall::Look { path })) {
            Served::Info(info) => Ok(Ok(info)),
            _ => Ok(Err(ERROR_GEN_FAILURE)),
        }
    }

    /// All that a folder has, up to a bound that no driver's folder comes near.
    pub(crate) fn list_folder(&mut self, path: &str) -> Tried<Vec<Entry>> {
        const MOST: usize = 10_000;
        let mut all = Vec::new();
        while all.len() < MOST {
            still_wanted(&self.machine)?;
            let call = FileCall::List { path: path.to_owned(), from: all.len() as u32 };
            match tried!(self.file_call(call)) {
                Served::Entries(entries) if entries.is_empty() => break,
                Served::Entries(mut entries) => all.append(&mut entries),
                _ => return Ok(Err(ERROR_GEN_FAILURE)),
            }
        }
        Ok(Ok(all))
    }

    /// The whole content of a file that is no longer than `most`.
    pub(crate) fn whole_file(&mut self, path: String, most: usize) -> Tried<Vec<u8>> {
        let access = Access { read: true, write: false, append: false };
        let (mut stream, _) = tried!(self.open_file(path, access, Disposition::OpenExisting));
        let read = self.read_file(&mut stream, most)?;
        tried!(self.close_file(&stream));
        Ok(read)
    }
}
