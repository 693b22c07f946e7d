//! The host's own stack: how deep calls into the guest and back may go.
//!
//! Each call into the guest and each shim lies on it, above the next ones. Were it to end, the process would.

use std::io;

/// How much of the host's stack must be left for another call into the guest: more than any shim takes, the search for a handler included.
const PER_CALL: u64 = 128 << 10;

/// An address on the host's stack, about where the caller is.
pub(crate) fn here() -> u64 {
    let on_stack = 0_u8;
    (&raw const on_stack).addr() as u64
}

/// Below which address of the calling thread's stack no call into the guest may begin.
pub(crate) fn floor() -> io::Result<u64> {
    Ok(floor_above(end()?))
}

/// The same, of a stack whose lowest address is known.
pub(crate) fn floor_above(end: u64) -> u64 {
    end.saturating_add(PER_CALL)
}

/// Where the calling thread's stack ends: its lowest address.
fn end() -> io::Result<u64> {
    // SAFETY: neither call touches memory.
    if unsafe { libc::gettid() == libc::getpid() } {
        return first_end();
    }
    let mut attributes = std::mem::MaybeUninit::uninit();
    let (mut address, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: the first call fills in the attributes, without which none of the others is made; all places are live.
    let result = unsafe {
        match libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) {
            0 => {
                let result =
                    libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut address, &raw mut size);
                libc::pthread_attr_destroy(attributes.as_mut_ptr());
                result
            }
            error => error,
        }
    };
    if result == 0 { Ok(address.addr() as u64) } else { Err(io::Error::from_raw_os_error(result)) }
}

/// Where the stack of a process's first thread ends: as far below its beginning as it may grow. At its beginning is the name that the program was
/// started by (getauxval(3)).
fn first_end() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is live and of the type that the call writes; the other call reads the auxiliary vector.
    let (result, begin) =
        unsafe { (libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit), libc::getauxval(libc::AT_EXECFN)) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(begin.saturating_sub(limit.rlim_cur.min(FIRST)))
}

/// How much of that stack is used at most, where the system allows more or any amount.
const FIRST: u64 = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_has_the_stack_that_it_was_given() {
        const SIZE: usize = 3 << 20;
        let left = std::thread::Builder::new()
            .stack_size(SIZE)
            .spawn(|| here() - floor().unwrap())
            .unwrap()
            .join()
            .unwrap();
        let given = SIZE as u64 - PER_CALL;
        assert!((given - (64 << 10)..=given + (64 << 10)).contains(&left), "{left} of {given}");
    }

    #[test]
    fn the_first_thread_has_what_the_system_gives_programs() {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let stack = maps.lines().find(|line| line.ends_with("[stack]")).unwrap();
        let (_, top) = stack.split_once(' ').unwrap().0.split_once('-').unwrap();
        let top = u64::from_str_radix(top, 16).unwrap();
        let end = first_end().unwrap();
        assert!(end < top && top - end <= FIRST + (64 << 10), "{end:#x} {top:#x}");
    }
}
