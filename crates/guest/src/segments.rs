//! FS of 32-bit guest code: the segment register through which it finds its thread block.
//!
//! User code may set the base of FS, but in compatibility mode a program that saves and reloads the register would get the base back that
//! its selector stands for. A descriptor of the process's own gives the selector the right base; where the system does not hand out any,
//! the flat selector must do, which breaks only code that reloads FS.

/// How a 32-bit guest's FS is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segments {
    /// A descriptor in the local descriptor table, made by `modify_ldt`.
    Ldt,
    /// The flat data selector, with another base.
    FsBase,
}

/// The flat data selector of user code (`__USER_DS`).
const FLAT: u16 = 0x2b;

/// Table indicator "local", and the privilege level of user code (Intel SDM volume 3, section 3.4.2).
const LOCAL_USER: u16 = 0b111;

/// `struct user_desc` (modify_ldt(2)).
#[repr(C)]
struct UserDesc {
    entry_number: u32,
    base_addr: u32,
    limit: u32,
    flags: u32,
}

/// Bits of [`UserDesc::flags`]: a 32-bit segment, its limit in pages, one that may be used.
const SEG_32BIT: u32 = 1;
const LIMIT_IN_PAGES: u32 = 1 << 4;
const USEABLE: u32 = 1 << 6;

/// `modify_ldt`'s function that writes a descriptor.
const WRITE: libc::c_long = 0x11;

/// The selector for a thread block at `base`, by descriptor number `entry`.
pub(crate) fn select(base: u32, entry: u16) -> (Segments, u16) {
    if describe(base, entry) { (Segments::Ldt, entry << 3 | LOCAL_USER) } else { (Segments::FsBase, FLAT) }
}

/// Makes descriptor `entry`: writable data from `base` to the end of the address space. False where the system does not do that.
fn describe(base: u32, entry: u16) -> bool {
    let flags = SEG_32BIT | LIMIT_IN_PAGES | USEABLE;
    let descriptor = UserDesc { entry_number: entry.into(), base_addr: base, limit: 0xf_ffff, flags };
    // SAFETY: `descriptor` is live and of the size that is given. No code of the host's uses a local descriptor.
    let result =
        unsafe { libc::syscall(libc::SYS_modify_ldt, WRITE, &raw const descriptor, size_of::<UserDesc>()) };
    // The kernel answers 32 bits: an error looks like a large positive number.
    result == 0
}
