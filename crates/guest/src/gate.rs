//! Who may work for the guest on the host's side: one thread at a time.
//!
//! Guest threads run their own code at the same time. What a shim works on is there once, so a thread takes the gate when it leaves guest
//! code and gives it back when it goes on there, or waits for something. While there is one guest thread only, nothing is taken.

use std::ptr::null;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// States of [`Gate::state`].
const FREE: u32 = 0;
const TAKEN: u32 = 1;
/// Taken, and somebody sleeps until it is not.
const WANTED: u32 = 2;

/// How often a taken gate is looked at again before going to sleep: most work behind it is shorter than that.
const LOOKS: u32 = 200;

/// The gate of a machine.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: AtomicU32,
    /// Whether there is more than one guest thread.
    shared: AtomicBool,
    /// What shims work on, left here by who gave the gate back: it stays where it is until that thread takes the gate again.
    host: AtomicU64,
}

impl Gate {
    /// Takes the gate: the address of what shims work on.
    pub fn enter(&self) -> u64 {
        if self.shared.load(Ordering::Acquire) {
            self.take();
        }
        self.host.load(Ordering::Relaxed)
    }

    /// Gives it back; `host` is what shims work on.
    pub fn leave(&self, host: u64) {
        self.host.store(host, Ordering::Relaxed);
        if self.shared.load(Ordering::Relaxed) && self.state.swap(FREE, Ordering::Release) == WANTED {
            wake(&self.state, 1);
        }
    }

    /// Gives it back until what this answers is dropped, which takes it again, even if by a panic.
    pub fn away(&self, host: u64) -> Away<'_> {
        self.leave(host);
        Away(self)
    }

    /// From here on there is more than one thread. To be called by the one that there was, while it works on the host's side.
    pub fn share(&self) {
        if !self.shared.load(Ordering::Relaxed) {
            self.state.store(TAKEN, Ordering::Relaxed);
            self.shared.store(true, Ordering::Release);
        }
    }

    fn take(&self) {
        for _ in 0..LOOKS {
            if self.state.compare_exchange_weak(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                return;
            }
            std::hint::spin_loop();
        }
        while self.state.swap(WANTED, Ordering::Acquire) != FREE {
            sleep(&self.state, WANTED, None);
        }
    }
}

/// A thread that does nothing on the host's side.
#[must_use = "it takes the gate again when it is dropped"]
pub(crate) struct Away<'a>(&'a Gate);

impl Drop for Away<'_> {
    fn drop(&mut self) {
        self.0.enter();
    }
}

/// Sleeps while the word has this value, at most.
pub(crate) fn sleep(word: &AtomicU32, value: u32, time: Option<Duration>) {
    let time = time.map(|time| libc::timespec {
        tv_sec: libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: time.subsec_nanos().into(),
    });
    let time = time.as_ref().map_or(null(), std::ptr::from_ref);
    // SAFETY: the word and the time are live; FUTEX_WAIT only reads them. Every way in which it returns is as good as having been woken.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            value,
            time,
        )
    };
}

/// Wakes as many of those who sleep on the word.
pub(crate) fn wake(word: &AtomicU32, most: libc::c_int) {
    // SAFETY: FUTEX_WAKE takes the word's address only.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, most)
    };
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn one_thread_at_a_time_is_inside() {
        const ROUNDS: u64 = 20_000;
        let gate = Arc::new(Gate::default());
        gate.share();
        gate.leave(0);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let gate = Arc::clone(&gate);
                std::thread::spawn(move || {
                    for _ in 0..ROUNDS {
                        // Would lose additions if two were inside.
                        let inside = gate.enter();
                        gate.leave(inside + 1);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(gate.enter(), 4 * ROUNDS);
    }

    #[test]
    fn waking_ends_a_sleep() {
        let word = Arc::new(AtomicU32::new(0));
        let other = Arc::clone(&word);
        let changer = std::thread::spawn(move || {
            other.store(1, Ordering::SeqCst);
            wake(&other, 1);
        });
        while word.load(Ordering::SeqCst) == 0 {
            sleep(&word, 0, Some(Duration::from_secs(60)));
        }
        changer.join().unwrap();
    }
}
