//! What clients hand over in descriptors: memory of theirs, copied to the driver and back.
//!
//! The service never maps it, so a client that shortens it meanwhile costs itself an error and nobody a fault.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use drvhost::Block;
use rustix::fs::SealFlags;

use crate::errors::Refusal;

/// How much is copied at a time.
const PIECE: usize = 1 << 20;

/// The first bytes of a client's memory file.
#[derive(Debug)]
pub(crate) struct Shared {
    file: File,
    size: usize,
}

impl Shared {
    /// The first `size` bytes of a descriptor, which must be a memory file's (memfd_create(2)): reading any other kind might block.
    pub fn new(descriptor: OwnedFd, size: u64) -> Result<Self, Refusal> {
        let invalid = |why: &str| Refusal::InvalidArgument(format!("the descriptor {why}"));
        let Ok(seals) = rustix::fs::fcntl_get_seals(&descriptor) else {
            return Err(invalid("is not that of a memory file (memfd)"));
        };
        if seals.intersects(SealFlags::WRITE | SealFlags::FUTURE_WRITE) {
            return Err(invalid("is sealed against writing"));
        }
        let flags = rustix::fs::fcntl_getfl(&descriptor).map_err(|_| invalid("cannot be used"))?;
        if flags & rustix::fs::OFlags::RWMODE != rustix::fs::OFlags::RDWR {
            return Err(invalid("is not open for reading and writing"));
        }
        let file = File::from(descriptor);
        let there = file.metadata().map_err(|error| Refusal::InvalidArgument(error.to_string()))?.len();
        if size > there {
            return Err(invalid(&format!("is that of {there} bytes, which is less than {size}")));
        }
        let too_large = drvhost::Error::TooLarge(size);
        let size = usize::try_from(size).map_err(|_| too_large)?;
        Ok(Self { file, size })
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Copies it to memory shared with a driver.
    pub fn copy_to(&self, block: &Block) -> Result<(), Refusal> {
        let mut piece = vec![0; PIECE.min(self.size)];
        for (at, length) in pieces(self.size) {
            let piece = piece.get_mut(..length).unwrap_or_default();
            self.file.read_exact_at(piece, at as u64).map_err(|error| changed(&error))?;
            block.write(at, piece)?;
        }
        Ok(())
    }

    /// Copies back what differs: memory that the client has never touched is not to become the service's doing.
    pub fn copy_from(&self, block: &Block) -> Result<(), Refusal> {
        let mut piece = vec![0; PIECE.min(self.size)];
        let mut before = piece.clone();
        for (at, length) in pieces(self.size) {
            let piece = piece.get_mut(..length).unwrap_or_default();
            let before = before.get_mut(..length).unwrap_or_default();
            block.read(at, piece)?;
            let read = self.file.read_exact_at(before, at as u64);
            if read.is_err() || piece != before {
                self.file.write_all_at(piece, at as u64).map_err(|error| changed(&error))?;
            }
        }
        Ok(())
    }
}

fn changed(error: &std::io::Error) -> Refusal {
    Refusal::InvalidArgument(format!("the memory file could not be copied whole: {error}"))
}

/// Where the pieces of so many bytes begin, and how long each is.
fn pieces(size: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..size).step_by(PIECE).map(move |at| (at, PIECE.min(size - at)))
}

#[cfg(test)]
mod tests {
    use rustix::fs::{MemfdFlags, memfd_create};

    use super::*;

    #[test]
    fn only_memory_files_that_are_long_enough_are_taken() {
        let memory = || memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
        let long = memory();
        rustix::fs::ftruncate(&long, 5).unwrap();
        assert_eq!(Shared::new(long.try_clone().unwrap(), 5).unwrap().size(), 5);
        for size in [6, u64::MAX] {
            let refused = Shared::new(long.try_clone().unwrap(), size).unwrap_err();
            assert!(matches!(refused, Refusal::InvalidArgument(_)), "{refused:?}");
        }
        let (pipe, _writer) = std::io::pipe().unwrap();
        assert!(Shared::new(pipe.into(), 0).is_err());
        assert!(Shared::new(File::open("/dev/zero").unwrap().into(), 1).is_err());
    }

    #[test]
    fn pieces_cover_everything_once() {
        assert_eq!(pieces(0).count(), 0);
        assert_eq!(pieces(2 * PIECE + 3).collect::<Vec<_>>(), [(0, PIECE), (PIECE, PIECE), (2 * PIECE, 3)]);
    }
}
