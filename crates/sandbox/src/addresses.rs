//! Where memory lies, as far as nobody is to know it.

use std::io;

use crate::check;

/// Random numbers of the kernel's, each of 64 bits. Before the system-call filter is in place.
///
/// # Errors
/// The kernel's.
pub fn random<const N: usize>() -> io::Result<[u64; N]> {
    let mut words = [0_u64; N];
    let len = size_of_val(&words);
    // SAFETY: writes no more than `len` bytes, to `words`.
    let got = unsafe { libc::getrandom(words.as_mut_ptr().cast(), len, 0) };
    match usize::try_from(got) {
        Ok(got) if got == len => Ok(words),
        Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// A random number below `bound`, which is not 0; each is as likely as any other to within one in 2^32.
///
/// # Errors
/// As [`random`].
pub fn below(bound: u32) -> io::Result<u32> {
    let [word] = random()?;
    let scaled = (u128::from(word) * u128::from(bound)) >> 64;
    Ok(u32::try_from(scaled).unwrap_or(0))
}

/// The argument of personality(2) that changes nothing.
const AS_IT_IS: libc::c_ulong = 0xffff_ffff;

/// Looks whether the kernel has put this process's program, its stack and what it maps at random places. While `/proc` is there.
///
/// # Errors
/// Why it has not.
pub fn kernel() -> io::Result<()> {
    // SAFETY: an integer, which has nothing changed.
    let personality = check(unsafe { libc::personality(AS_IT_IS) })?;
    if personality & libc::ADDR_NO_RANDOMIZE != 0 {
        return Err(io::Error::other("what started drvhost has switched that off (ADDR_NO_RANDOMIZE)"));
    }
    // Where it cannot be read, it is as kernels are configured: on.
    match std::fs::read("/proc/sys/kernel/randomize_va_space") {
        Ok(setting) if setting.starts_with(b"0") => {
            Err(io::Error::other("the system has switched that off (kernel.randomize_va_space)"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ_and_stay_below_their_bound() {
        let [one, two] = random().unwrap();
        assert_ne!(one, two);
        let mut seen = [false; 7];
        (0..1000).for_each(|_| seen[below(7).unwrap() as usize] = true);
        assert_eq!(seen, [true; 7]);
        assert_eq!(below(1).unwrap(), 0);
    }
}
