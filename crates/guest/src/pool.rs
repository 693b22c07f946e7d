//! Making the threads of the pool, with as little as a thread needs: what is made for each of them every worker's start waits for.

use std::io;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use crate::context::Context;
use crate::gate::{sleep, wake};
use crate::host_stack;
use crate::signal;
use crate::threads::{Work, adopt, wait_for_work};

/// The host's own stack for each thread.
const STACK: usize = 1 << 20;

/// What nobody may touch below that.
const GUARD: usize = 1 << 16;

/// All that a thread has on the host's side: the stack of its signal handler, what nobody may touch, its own stack.
const ROOM: usize = signal::STACK_SIZE + GUARD + STACK;

/// What a thread begins with.
struct Begin {
    context: *mut Context,
    work: &'static Work,
    /// Where its room begins.
    room: *mut u8,
    /// Who waits for all of them.
    ready: &'static Ready,
}

/// What the threads tell the one that makes them.
#[derive(Debug, Default)]
struct Ready {
    /// How many have not begun yet.
    missing: AtomicU32,
    /// Why one of them cannot be the guest's: an error number; 0 for none.
    error: AtomicI32,
}

/// Makes a thread for each of these contexts, which waits for its work, and answers when all of them are the guest's.
///
/// # Safety
/// The contexts must stay valid for as long as the process and be used by nobody else.
pub(crate) unsafe fn make(threads: &[(*mut Context, &'static Work)]) -> io::Result<()> {
    let first = rooms(threads.len())?;
    let ready: &Ready = Box::leak(Box::default());
    ready.missing.store(u32::try_from(threads.len()).map_err(io::Error::other)?, Ordering::Relaxed);
    for (index, &(context, work)) in threads.iter().enumerate() {
        // SAFETY: there are as many rooms as threads.
        let room = unsafe { first.add(index * ROOM) };
        make_one(Box::new(Begin { context, work, room, ready }))?;
    }
    loop {
        match ready.missing.load(Ordering::Acquire) {
            0 => break,
            missing => sleep(&ready.missing, missing, None),
        }
    }
    match ready.error.load(Ordering::Relaxed) {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// Memory for the rooms of so many threads, mapped at once; the first one's address.
fn rooms(count: usize) -> io::Result<*mut u8> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let size = count * ROOM + signal::STACK_SIZE;
    // SAFETY: an anonymous mapping at a place of the kernel's choice.
    let area = unsafe { libc::mmap(std::ptr::null_mut(), size, protection, flags, -1, 0) };
    if area == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let first = area.map_addr(|address| address.next_multiple_of(signal::STACK_SIZE)).cast::<u8>();
    for index in 0..count {
        // SAFETY: lies in the mapping, between two stacks that nobody uses yet.
        let refused = unsafe {
            let guard = first.add(index * ROOM + signal::STACK_SIZE);
            libc::mprotect(guard.cast(), GUARD, libc::PROT_NONE)
        };
        if refused == -1 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(first)
}

/// Makes a thread on the stack of its room.
fn make_one(begin: Box<Begin>) -> io::Result<()> {
    let stack = begin.room.wrapping_add(signal::STACK_SIZE + GUARD);
    let begin = Box::into_raw(begin);
    let mut attributes = std::mem::MaybeUninit::uninit();
    let mut thread = std::mem::MaybeUninit::uninit();
    // SAFETY: the first call fills in the attributes, without which none of the others is made; the stack is this thread's alone, and stays
    // mapped; `run` takes `begin` over.
    let error = unsafe {
        match libc::pthread_attr_init(attributes.as_mut_ptr()) {
            0 => {
                let mut error = libc::pthread_attr_setstack(attributes.as_mut_ptr(), stack.cast(), STACK);
                if error == 0 {
                    error = libc::pthread_create(
                        thread.as_mut_ptr(),
                        attributes.as_ptr(),
                        run,
                        begin.cast::<libc::c_void>(),
                    );
                }
                libc::pthread_attr_destroy(attributes.as_mut_ptr());
                error
            }
            error => error,
        }
    };
    if error == 0 {
        return Ok(());
    }
    // SAFETY: no thread has taken it.
    drop(unsafe { Box::from_raw(begin) });
    Err(io::Error::from_raw_os_error(error))
}

/// A thread's beginning.
extern "C" fn run(begin: *mut libc::c_void) -> *mut libc::c_void {
    // SAFETY: `make_one` gives it away.
    let begin = unsafe { Box::from_raw(begin.cast::<Begin>()) };
    let Begin { context, work, room, ready } = *begin;
    let stack = room.wrapping_add(signal::STACK_SIZE + GUARD);
    // SAFETY: the room is this thread's, and so is the context (contract of `make`).
    let adopted = unsafe { adopt(context, room, host_stack::floor_above(stack.addr() as u64)) };
    if let Err(error) = &adopted {
        ready.error.store(error.raw_os_error().unwrap_or(libc::EINVAL), Ordering::Relaxed);
    }
    if ready.missing.fetch_sub(1, Ordering::Release) == 1 {
        wake(&ready.missing, 1);
    }
    match adopted {
        Ok(()) => wait_for_work(context, work),
        Err(_) => std::ptr::null_mut(),
    }
}
