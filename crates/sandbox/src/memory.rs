//! How much memory a worker can have.

use std::io;

use crate::check;

/// What a worker needs for itself and for images: its heap, its threads' stacks, the system's part of guest memory, and the data of the drivers that
/// are loaded in it. The guest's heap has the rest of a ceiling.
pub const BESIDES_HEAP: u64 = 192 << 20;

/// The lowest ceiling: little of it is left for the driver.
pub const LEAST: u64 = 256 << 20;

/// The highest ceiling, which is more than guest memory has room for, and what holds unless another one is set.
pub const MOST: u64 = 2 << 30;

/// Bounds what the calling process can have of private memory that it can write, for good: as long as nothing is mapped and no page
/// becomes writable beyond it. What it has already counts.
///
/// # Errors
/// The kernel's, or where the kernel bounds nothing (before 4.7, or with `ignore_rlimit_data`).
pub fn memory(most: u64) -> io::Result<String> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limit is live and of the type that the call writes.
    check(unsafe { libc::getrlimit(libc::RLIMIT_DATA, &raw mut limit) })?;
    // Whoever has started this may have less already, and no limit can be raised.
    limit.rlim_max = limit.rlim_max.min(most);
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: the limit is live and of the type that the call reads.
    check(unsafe { libc::setrlimit(libc::RLIMIT_DATA, &raw const limit) })?;
    if can_map(limit.rlim_max) {
        return Err(io::Error::other("the kernel does not keep to RLIMIT_DATA"));
    }
    Ok(format!("RLIMIT_DATA {}", size(limit.rlim_max)))
}

/// Whether so much further memory is to be had. None of it is kept.
fn can_map(len: u64) -> bool {
    let Ok(len) = usize::try_from(len) else { return false };
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
    // SAFETY: maps free addresses, wherever the kernel likes.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), len, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return false;
    }
    // SAFETY: this is what has just been mapped, and nobody else knows of it.
    unsafe { libc::munmap(start, len) };
    true
}

/// A size in GiB if it is a whole number of them, and else in MiB.
fn size(bytes: u64) -> String {
    if bytes.is_multiple_of(1 << 30) {
        format!("{} GiB", bytes >> 30)
    } else {
        format!("{} MiB", bytes >> 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(
            (size(2 << 30), size(256 << 20), size((3 << 30) / 2)),
            ("2 GiB".into(), "256 MiB".into(), "1536 MiB".into())
        );
    }
}
