//! What the process list shows of a worker: it is started before anybody knows for which driver.

use std::ffi::CStr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// What a [template](crate::template) is started with there: the copies' names are to fit, too.
pub const TEMPLATE: &str =
    "template........................................................................................";

/// What a worker is started with in the place of a driver's name; as long as a name can be that is shown there.
pub const NOBODY_YET: &CStr =
    c"................................................................................................";

/// Where the argument is that is to say the name.
const PLACE: usize = 2;

/// The argument's first byte in this process's own memory, which is where the kernel reads what the process list shows; null where there is none.
static ARGUMENT: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
static LEN: AtomicUsize = AtomicUsize::new(0);

/// Called by the C library before `main`, with the arguments as the kernel has put them.
extern "C" fn keep(count: libc::c_int, arguments: *const *mut libc::c_char, _: *const *mut libc::c_char) {
    if usize::try_from(count).is_ok_and(|count| count > PLACE) {
        // SAFETY: there are more than `PLACE` arguments, each a string that ends with NUL and lies in this process's memory for good.
        let (argument, len) = unsafe {
            let argument = *arguments.add(PLACE);
            (argument, libc::strlen(argument))
        };
        ARGUMENT.store(argument.cast(), Ordering::Relaxed);
        LEN.store(len, Ordering::Relaxed);
    }
}

// glibc calls what is listed here with the arguments of `main`, which Rust's own library counts on, too.
#[used]
#[unsafe(link_section = ".init_array")]
static KEEP: extern "C" fn(libc::c_int, *const *mut libc::c_char, *const *mut libc::c_char) = keep;

/// Has the process list show for which driver this worker is: as much of the name as there is room for. Once, by the thread that runs `main`, which has read its
/// arguments before.
pub fn show_name(name: &str) {
    let room = LEN.swap(0, Ordering::Relaxed);
    let argument = ARGUMENT.load(Ordering::Relaxed);
    for place in 0..room {
        let byte = name.as_bytes().get(place).copied().unwrap_or(0);
        // SAFETY: `keep` found `room` bytes there, which stay; nobody else reads or writes them (`LEN` is taken once, and who reads the arguments has done so).
        unsafe { argument.add(place).write(byte) };
    }
}
