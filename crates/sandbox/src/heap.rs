//! What the C library does with memory: a worker's heap, which cannot grow once the filter is installed, and the host's.

use std::io;

/// Has the C library's allocator take `size` bytes from the system now and live within them: `brk` and `mmap` are not among the allowed
/// system calls. Pages are not touched, so what is not used costs nothing.
///
/// # Errors
/// When there is not as much memory, or the allocator does not take the settings.
pub fn reserve(size: usize) -> io::Result<()> {
    let size_as_int = libc::c_int::try_from(size).map_err(io::Error::other)?;
    // SAFETY: mallopt takes integers; each setting is one that mallopt(3) lists.
    let set = unsafe {
        // One arena that grows by `size` at once and never shrinks, and no block outside of it.
        libc::mallopt(libc::M_ARENA_MAX, 1)
            & libc::mallopt(libc::M_MMAP_MAX, 0)
            & libc::mallopt(libc::M_TRIM_THRESHOLD, -1)
            & libc::mallopt(libc::M_TOP_PAD, size_as_int)
    };
    // SAFETY: a block larger than anything free makes the arena grow by at least M_TOP_PAD; it is freed at once and not used.
    // The optimiser would take an unused block away, hence the black box.
    let block = std::hint::black_box(unsafe { libc::malloc(1 << 18) });
    // SAFETY: `block` came from malloc, or is null, which free ignores.
    unsafe { libc::free(block) };
    // SAFETY: mallinfo2 reads the allocator's counters.
    let free = unsafe { libc::mallinfo2() }.fordblks;
    if set != 1 || block.is_null() || free < size {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    Ok(())
}

/// Has the C library keep up to `size` bytes that are freed, for each thread's next use, instead of giving them back to the system: memory that comes from there again is
/// filled with zeros, page by page, which takes longer than most of what is done with it. Blocks of more than half of it are not kept.
pub fn keep_freed(size: usize) {
    let Ok(size) = libc::c_int::try_from(size) else { return };
    // SAFETY: mallopt takes integers; each setting is one that mallopt(3) lists. One that is not taken makes no other difference than to the speed.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, size);
        libc::mallopt(libc::M_MMAP_THRESHOLD, size / 2);
    }
}
