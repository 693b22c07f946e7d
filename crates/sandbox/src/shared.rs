//! Memory that the host and one worker both map.

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Seek};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

use crate::check;

/// A mapping of a sealed memfd.
///
/// The other process may change any byte at any time, so nothing here hands out a reference to plain bytes: access is by
/// copy ([`read`](Self::read), [`write`](Self::write)) or through atomics. The size never changes: the memfd is sealed
/// against growing and shrinking, so neither side can make the other fault by truncating it.
#[derive(Debug)]
pub struct SharedMemory {
    base: NonNull<u8>,
    len: usize,
    file: Option<OwnedFd>,
}

// SAFETY: the mapping belongs to this value until `drop` and is only reached by copies and atomics, never by references to
// plain memory, so which thread does so does not matter.
unsafe impl Send for SharedMemory {}
// SAFETY: as above; concurrent copies may tear, which callers must expect anyway because another process writes too.
unsafe impl Sync for SharedMemory {}

/// Why shared memory could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SharedError {
    /// A system call failed.
    #[error("shared memory `{name}` of {len} bytes: {call} failed: {source}")]
    System {
        /// What the memory is for.
        name: String,
        /// Its size in bytes.
        len: usize,
        /// The system call.
        call: &'static str,
        /// What it answered.
        source: io::Error,
    },
}

/// How files in memory are made (memfd_create(2)).
pub const MEMORY_FILE: libc::c_uint = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;

/// What is sealed of shared memory: neither side can change its size, or its seals (fcntl(2)).
pub const SEALS: libc::c_int = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;

/// An empty file that exists only in memory and can be sealed; `name` shows in `/proc/PID/fd`.
///
/// # Errors
/// `memfd_create`'s.
pub fn memory_file(name: &CStr) -> io::Result<OwnedFd> {
    // SAFETY: `name` is a live NUL-terminated string; memfd_create reads nothing else.
    let raw = check(unsafe { libc::memfd_create(name.as_ptr(), MEMORY_FILE) })?;
    // SAFETY: memfd_create answered this descriptor on the line above and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// In a worker: the driver's own bytes, which lie in the file of images ([`crate::WORKER_DESCRIPTORS`]) from where it stands to its end. Mapped for good and
/// only to be read, which is done before any code of the driver runs.
///
/// # Errors
/// `lseek`'s, `fstat`'s or `mmap`'s.
pub fn driver_in(file: BorrowedFd<'_>) -> io::Result<&'static [u8]> {
    let mut file = File::from(file.try_clone_to_owned()?);
    let (start, end) = (file.stream_position()?, file.metadata()?.len());
    let len = usize::try_from(end.saturating_sub(start)).map_err(io::Error::other)?;
    if len == 0 {
        return Ok(&[]);
    }
    let start = libc::off_t::try_from(start).map_err(io::Error::other)?;
    let (protection, flags) = (libc::PROT_READ, libc::MAP_PRIVATE | libc::MAP_POPULATE);
    // SAFETY: a mapping at a place of the kernel's choice replaces no memory that anything else uses.
    let base = unsafe { libc::mmap(std::ptr::null_mut(), len, protection, flags, file.as_raw_fd(), start) };
    if base == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `len` bytes have just been mapped there, of a file that is as long (`metadata` above), and nothing unmaps them. Only the host can write to the file or cut
    // it, and after it has started a worker it writes to what lies before them alone (`Images::bring`, which ends at `BROUGHT_SIZE + FILES_SIZE`).
    Ok(unsafe { std::slice::from_raw_parts(base.cast(), len) })
}

impl SharedMemory {
    /// Makes zero-filled memory of `len` bytes (rounded up to pages by the kernel) and maps it; `name` shows in `/proc/PID/maps`.
    ///
    /// # Errors
    /// The system call that failed, by name.
    pub fn create(name: &CStr, len: usize) -> Result<Self, SharedError> {
        let named = || name.to_string_lossy().into_owned();
        let fail = |call, source| SharedError::System { name: named(), len, call, source };
        let file = File::from(memory_file(name).map_err(|error| fail("memfd_create", error))?);
        file.set_len(len as u64).map_err(|error| fail("ftruncate", error))?;
        // SAFETY: F_ADD_SEALS takes an integer and touches no memory of ours.
        check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, SEALS) })
            .map_err(|error| fail("fcntl", error))?;
        let mut memory = Self::map(file.as_fd(), len).map_err(|error| fail("mmap", error))?;
        memory.file = Some(file.into());
        Ok(memory)
    }

    /// Maps memory that somebody else made.
    ///
    /// # Errors
    /// `fstat`'s or `mmap`'s.
    pub fn from_descriptor(name: &str, file: BorrowedFd<'_>) -> Result<Self, SharedError> {
        let fail = |len, call, source| SharedError::System { name: name.to_owned(), len, call, source };
        let copy = file.try_clone_to_owned().map_err(|error| fail(0, "dup", error))?;
        let len = File::from(copy).metadata().map_err(|error| fail(0, "fstat", error))?.len();
        let len = usize::try_from(len).map_err(|_| fail(0, "fstat", io::ErrorKind::InvalidData.into()))?;
        Self::map(file, len).map_err(|error| fail(len, "mmap", error))
    }

    fn map(file: BorrowedFd<'_>, len: usize) -> io::Result<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a mapping at a place of the kernel's choice replaces no memory that anything else uses.
        let base = unsafe {
            libc::mmap(std::ptr::null_mut(), len, protection, libc::MAP_SHARED, file.as_raw_fd(), 0)
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        Ok(Self { base, len, file: None })
    }

    /// Size in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the memory has no bytes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The descriptor to give to a worker; `None` on the worker's side.
    #[must_use]
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.file.as_ref().map(AsFd::as_fd)
    }

    /// Copies `out.len()` bytes from `offset`; false, and nothing copied, when they do not all lie inside.
    #[must_use]
    pub fn read(&self, offset: usize, out: &mut [u8]) -> bool {
        let Some(from) = self.inside(offset, out.len()) else { return false };
        // SAFETY: `inside` proved that `from` is followed by `out.len()` mapped bytes; `out` is ours alone, so they do not overlap.
        unsafe { std::ptr::copy_nonoverlapping(from, out.as_mut_ptr(), out.len()) };
        true
    }

    /// Copies `bytes` to `offset`; false, and nothing copied, when they do not fit.
    #[must_use]
    pub fn write(&self, offset: usize, bytes: &[u8]) -> bool {
        let Some(to) = self.inside(offset, bytes.len()) else { return false };
        // SAFETY: `inside` proved that `to` is followed by `bytes.len()` mapped writable bytes; `bytes` is not part of the mapping.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        true
    }

    /// The whole memory as 32-bit atomics.
    #[must_use]
    pub fn words(&self) -> &[AtomicU32] {
        // SAFETY: the mapping is page-aligned and `len` bytes long; atomics may change under a shared reference.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr().cast(), self.len / size_of::<AtomicU32>()) }
    }

    fn inside(&self, offset: usize, len: usize) -> Option<*mut u8> {
        let end = offset.checked_add(len)?;
        // SAFETY: `offset <= end <= self.len`, so the result stays within the mapping that `self.base` begins.
        (end <= self.len).then(|| unsafe { self.base.as_ptr().add(offset) })
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: `map` made exactly this mapping, nothing borrowed from `self` can be alive, and it is unmapped only here.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_mappings_see_the_same_bytes() {
        let ours = SharedMemory::create(c"test", 8192).unwrap();
        let theirs = SharedMemory::from_descriptor("test", ours.descriptor().unwrap()).unwrap();
        assert!(ours.write(8190, &[7, 9]));
        let mut two = [0; 2];
        assert!(theirs.read(8190, &mut two));
        assert_eq!(two, [7, 9]);
    }

    #[test]
    fn access_outside_is_refused() {
        let memory = SharedMemory::create(c"test", 4096).unwrap();
        assert!(!memory.write(4095, &[0, 0]));
        assert!(!memory.read(usize::MAX, &mut [0]));
        assert_eq!(memory.words().len(), 1024);
    }

    #[test]
    fn nobody_can_change_the_size() {
        let memory = SharedMemory::create(c"test", 4096).unwrap();
        let file = File::from(memory.descriptor().unwrap().try_clone_to_owned().unwrap());
        assert!(file.set_len(0).is_err());
        assert!(file.set_len(8192).is_err());
    }
}
