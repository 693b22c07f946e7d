//! Which processors the calling thread has.

/// Whether the calling thread, and all that it starts, have more than one processor to run on, so that others can do something while it runs.
#[must_use]
pub fn has_company() -> bool {
    // SAFETY: all bits zero are a `cpu_set_t`, an array of numbers: the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is a live `cpu_set_t` of the size that is given; the kernel writes no more than that.
    let got = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) };
    // SAFETY: `set` was made above, and is only read.
    let count = unsafe { libc::CPU_COUNT(&set) };
    // More processors than fit into the set are company as well.
    got != 0 || count > 1
}

/// The number of the processor that the calling thread runs on now, if the system says.
#[must_use]
pub fn current() -> Option<usize> {
    // SAFETY: it takes nothing and answers a number. The C library's, which asks the system where valgrind has no vDSO.
    let number = unsafe { libc::sched_getcpu() };
    usize::try_from(number).ok()
}
