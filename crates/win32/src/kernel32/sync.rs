//! Events, semaphores, mutexes, and waiting for them and for threads.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::BTreeSet;

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
            process.machine.change();
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
    process.machine.change();
    if !previous.is_null() {
        process.machine.memory.write(previous.0, &before.to_le_bytes())?;
    }
    Ok(true)
}

/// CreateMutexA and CreateMutexW.
pub fn CreateMutex(process: &mut Process, _security: Pointer, owned: i32, _name: Pointer) -> Handle {
    let owner = process.machine.current();
    create(process, Object::Mutex { owner, depth: u32::from(owned != 0) })
}

pub fn ReleaseMutex(process: &mut Process, mutex: Handle) -> bool {
    let thread = process.machine.current();
    match process.kernel32.handles.get(mutex) {
        Some(Object::Mutex { owner, depth }) if *depth > 0 && *owner == thread => {
            *depth -= 1;
            process.machine.change();
            true
        }
        Some(Object::Mutex { .. }) => fail(process, ERROR_NOT_OWNER, false),
        _ => fail(process, ERROR_INVALID_HANDLE, false),
    }
}

/// CloseHandle, of pseudo handles too.
pub fn CloseHandle(process: &mut Process, handle: Handle) -> Result<bool, Stop> {
    if let Some(Object::File(file)) = process.kernel32.handles.get(handle) {
        let file = file.clone();
        crate::kernel32::files::close(process, &file)?;
    }
    if let Some(Object::Key(_)) = process.kernel32.handles.get(handle) {
        process.close_key(handle)?;
        return Ok(true);
    }
    Ok(is_pseudo(handle)
        || process.kernel32.handles.remove(handle)
        || fail(process, ERROR_INVALID_HANDLE, false))
}

/// Waits for all of the handles, or for the first of them that is signalled.
fn wait(process: &mut Process, handles: &[Handle], all: bool, milliseconds: u32) -> Result<u32, Stop> {
    let ended = process.wait_for(timeout(milliseconds), |process| Ok(look(process, handles, all)))?;
    Ok(match ended {
        Some(Some(first)) => WAIT_OBJECT_0 + first,
        Some(None) => fail(process, ERROR_INVALID_HANDLE, WAIT_FAILED),
        None => WAIT_TIMEOUT,
    })
}

/// Whether a wait ends now, and if so with which handle; `Some(None)` when one of them is none.
fn look(process: &mut Process, handles: &[Handle], all: bool) -> Option<Option<u32>> {
    let thread = process.machine.current();
    let table = &mut process.kernel32.handles;
    let mut signalled = Vec::with_capacity(handles.len());
    for &handle in handles {
        match table.get(handle) {
            Some(object) => signalled.push(object.signalled(thread)),
            // The guest's process and thread run for as long as it can ask.
            None if is_pseudo(handle) => signalled.push(false),
            None => return Some(None),
        }
    }
    let ended = match signalled.iter().position(|&signalled| signalled) {
        _ if all => signalled.iter().all(|&signalled| signalled).then_some(0..handles.len()),
        first => first.map(|first| first..first + 1),
    }?;
    let first = u32::try_from(ended.start).unwrap_or(0);
    for &handle in &handles[ended] {
        if let Some(object) = table.get(handle) {
            object.take(thread);
        }
    }
    Some(Some(first))
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
    // Nothing would say how often a handle that is there twice is to be taken.
    let distinct: BTreeSet<_> = handles.iter().map(|handle| handle.0).collect();
    if all != 0 && distinct.len() < handles.len() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, WAIT_FAILED));
    }
    wait(process, &handles, all != 0, milliseconds)
}

/// InitializeSListHead: an empty list is all zero. Of SLIST_HEADER one half is the first entry's address.
pub fn InitializeSListHead(process: &mut Process, head: Pointer) -> Result<(), Stop> {
    let empty = Record::new(process.machine.mode()).pointer(0).pointer(0);
    Ok(process.machine.memory.write(head.0, &empty.finish())?)
}
