//! Waiting on a 32-bit word that another process may change (`futex(2)`, shared form).

use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Sleeps until somebody [wakes](wake) `word`, but only if it still holds `seen`; at most for `timeout` if one is given.
///
/// May return at any time for no reason (a signal, a stray wake): callers look at the word again.
pub fn wait(word: &AtomicU32, seen: u32, timeout: Option<Duration>) {
    let spec = timeout.map(|time| libc::timespec {
        tv_sec: libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: libc::c_long::from(time.subsec_nanos().cast_signed()),
    });
    let spec = spec.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: `word` is a live, aligned 32-bit word and `spec` is null or points to a live timespec; the kernel writes neither.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, seen, spec) };
}

/// Wakes whoever waits on `word`.
pub fn wake(word: &AtomicU32) {
    // SAFETY: `word` is a live, aligned 32-bit word, used by the kernel as an address only.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}
