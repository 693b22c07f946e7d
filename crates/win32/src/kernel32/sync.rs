//! Events, semaphores and mutexes, and waiting for them.
//!
//! There is one guest thread: nobody can signal what it waits for, so a wait ends at once or by its time-out.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::kernel32::error::{
    ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, ERROR_NOT_OWNER, ERROR_SUCCESS,
    ERROR_TOO_MANY_POSTS, fail,
};
use crate::kernel32::handles::Object;
use crate::kernel32::process::CURRENT_PROCESS;
use crate::kernel32::record::Record;
use crate::kernel32::thread::CURRENT_THREAD;
use crate::kernel32::time::timeout;
use crate::process::Process;

const WAIT_OBJECT_0: u32 = 0;
const WAIT_TIMEOUT: u32 = 258;
const WAIT_FAILED: u32 = u32::MAX;
const MAXIMUM_WAIT_OBJECTS: u32 = 64;

fn is_pseudo(handle: Handle) -> bool {
    handle == CURRENT_PROCESS || handle == CURRENT_THREAD
}

fn create(process: &mut Process, object: Object) -> Handle {
    match process.kernel32.handles.insert(object) {
        // Success is told apart from ERROR_ALREADY_EXISTS by the last error.
        Some(handle) => fail(process, ERROR_SUCCESS, handle),
        None => fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::NULL),
    }
}

/// CreateEventA and CreateEventW.
pub fn CreateEvent(
    process: &mut Process,
    _security: Pointer,
    manual: i32,
    signalled: i32,
    _name: Pointer,
) -> Handle {
    create(process, Object::Event { manual: manual != 0, signalled: signalled != 0 })
}

fn set_event(process: &mut Process, event: Handle, to: bool) -> bool {
    match process.kernel32.handles.get(event) {
        Some(Object::Event { signalled, .. }) => {
            *signalled = to;
            true
        }
        _ => fail(process, ERROR_INVALID_HANDLE, false),
    }
}

pub fn SetEvent(process: &mut Process, event: Handle) -> bool {
    set_event(process, event, true)
}

pub fn ResetEvent(process: &mut Process, event: Handle) -> bool {
    set_event(process, event, false)
}

/// CreateSemaphoreA and CreateSemaphoreW.
pub fn CreateSemaphore(
    process: &mut Process,
    _security: Pointer,
    count: i32,
    most: i32,
    _name: Pointer,
) -> Handle {
    if most <= 0 || !(0..=most).contains(&count) {
        return fail(process, ERROR_INVALID_PARAMETER, Handle::NULL);
    }
    create(process, Object::Semaphore { count, most })
}

pub fn ReleaseSemaphore(
    process: &mut Process,
    semaphore: Handle,
    by: i32,
    previous: Pointer,
) -> Result<bool, Stop> {
    let Some(Object::Semaphore { count, most }) = process.kernel32.handles.get(semaphore) else {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    };
    let before = *count;
    match before.checked_add(by).filter(|sum| by > 0 && sum <= most) {
        Some(sum) => *count = sum,
        None if by <= 0 => return Ok(fail(process, ERROR_INVALID_PARAMETER, false)),
        None => return Ok(fail(process, ERROR_TOO_MANY_POSTS, false)),
    }
    if !previous.is_null() {
        process.machine.memory.write(previous.0, &before.to_le_bytes())?;
    }
    Ok(true)
}

/// CreateMutexA and CreateMutexW.
pub fn CreateMutex(process: &mut Process, _security: Pointer, owned: i32, _name: Pointer) -> Handle {
    create(process, Object::Mutex { depth: u32::from(owned != 0) })
}

pub fn ReleaseMutex(process: &mut Process, mutex: Handle) -> bool {
    match process.kernel32.handles.get(mutex) {
        Some(Object::Mutex { depth: 0 }) => fail(process, ERROR_NOT_OWNER, false),
        Some(Object::Mutex { depth }) => {
            *depth -= 1;
            true
        }
        _ => fail(process, ERROR_INVALID_HANDLE, false),
    }
}

/// CloseHandle, of pseudo handles too.
pub fn CloseHandle(process: &mut Process, handle: Handle) -> bool {
    is_pseudo(handle) || process.kernel32.handles.remove(handle) || fail(process, ERROR_INVALID_HANDLE, false)
}

/// Waits for all of the handles, or for the first of them that is signalled.
fn wait(process: &mut Process, handles: &[Handle], all: bool, milliseconds: u32) -> Result<u32, Stop> {
    let mut signalled = Vec::with_capacity(handles.len());
    for &handle in handles {
        match process.kernel32.handles.get(handle) {
            Some(object) => signalled.push(object.signalled()),
            // The guest's process and thread run for as long as it can ask.
            None if is_pseudo(handle) => signalled.push(false),
            None => return Ok(fail(process, ERROR_INVALID_HANDLE, WAIT_FAILED)),
        }
    }
    let ended = match signalled.iter().position(|&signalled| signalled) {
        _ if all => signalled.iter().all(|&signalled| signalled).then_some(0..handles.len()),
        first => first.map(|first| first..first + 1),
    };
    let Some(ended) = ended else {
        process.pause(timeout(milliseconds))?;
        return Ok(WAIT_TIMEOUT);
    };
    let first = u32::try_from(ended.start).unwrap_or(0);
    for &handle in &handles[ended] {
        if let Some(object) = process.kernel32.handles.get(handle) {
            object.take();
        }
    }
    Ok(WAIT_OBJECT_0 + first)
}

pub fn WaitForSingleObject(process: &mut Process, handle: Handle, milliseconds: u32) -> Result<u32, Stop> {
    wait(process, &[handle], true, milliseconds)
}

/// WaitForSingleObjectEx: no asynchronous procedure ever ends it.
pub fn WaitForSingleObjectEx(
    process: &mut Process,
    handle: Handle,
    milliseconds: u32,
    _alertable: i32,
) -> Result<u32, Stop> {
    wait(process, &[handle], true, milliseconds)
}

pub fn WaitForMultipleObjects(
    process: &mut Process,
    count: u32,
    handles: Pointer,
    all: i32,
    milliseconds: u32,
) -> Result<u32, Stop> {
    if !(1..=MAXIMUM_WAIT_OBJECTS).contains(&count) {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, WAIT_FAILED));
    }
    let machine = &process.machine;
    let slot = |index: u32| handles.at(machine.mode().pointer_size() * u64::from(index));
    let handles =
        (0..count).map(|index| Handle::read(machine, slot(index))).collect::<Result<Vec<_>, _>>()?;
    wait(process, &handles, all != 0, milliseconds)
}

/// InitializeSListHead: an empty list is all zero. Of SLIST_HEADER one half is the first entry's address.
pub fn InitializeSListHead(process: &mut Process, head: Pointer) -> Result<(), Stop> {
    let empty = Record::new(process.machine.mode()).pointer(0).pointer(0);
    Ok(process.machine.memory.write(head.0, &empty.finish())?)
}
