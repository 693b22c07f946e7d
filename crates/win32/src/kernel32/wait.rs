//! Waiting for objects, and what can be done with any handle.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::BTreeSet;
use std::time::Duration;

use guest::{Stop, Violation};

use crate::abi::{Handle, Pointer};
use crate::kernel32::apc::WAIT_IO_COMPLETION;
use crate::kernel32::error::{ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, fail};
use crate::kernel32::handles::{Handles, Id, Object};
use crate::kernel32::process::CURRENT_PROCESS;
use crate::kernel32::thread::CURRENT_THREAD;
use crate::kernel32::time::timeout;
use crate::kernel32::{files, sync};
use crate::process::Process;
use crate::waiting::Awaited;

const WAIT_OBJECT_0: u32 = 0;
const WAIT_ABANDONED_0: u32 = 0x80;
const WAIT_TIMEOUT: u32 = 258;
const WAIT_FAILED: u32 = u32::MAX;
const MAXIMUM_WAIT_OBJECTS: u32 = 64;

/// The object that a handle names, a pseudo handle too.
pub(crate) fn object(process: &mut Process, handle: Handle) -> Option<Id> {
    match handle {
        CURRENT_PROCESS => Some(process.kernel32.process),
        CURRENT_THREAD => process.kernel32.threads.object(process.machine.current()),
        _ => process.kernel32.handles.id(handle),
    }
}

/// CloseHandle, of pseudo handles too.
pub fn CloseHandle(process: &mut Process, handle: Handle) -> Result<bool, Stop> {
    if handle == CURRENT_PROCESS || handle == CURRENT_THREAD {
        return Ok(true);
    }
    if let Some(Object::Key(_)) = process.kernel32.handles.get(handle) {
        return process.close_key(handle).map(|_| true);
    }
    match process.kernel32.handles.close(handle) {
        Some(last) => finish(process, last).map(|()| true),
        None => Ok(fail(process, ERROR_INVALID_HANDLE, false)),
    }
}

/// Does what is to be done when nobody keeps an object any more.
fn finish(process: &mut Process, last: Option<Object>) -> Result<(), Stop> {
    match last {
        Some(Object::File(file)) => files::close(process, &file),
        _ => Ok(()),
    }
}

/// DuplicateHandle, inside the guest's process: another handle for the same object.
#[expect(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn DuplicateHandle(
    process: &mut Process,
    from: Handle,
    source: Handle,
    to: Handle,
    out: Pointer,
    _access: u32,
    _inherit: i32,
    options: u32,
) -> Result<bool, Stop> {
    const DUPLICATE_CLOSE_SOURCE: u32 = 1;
    let own = Some(process.kernel32.process);
    let all_own = object(process, from) == own && object(process, to) == own;
    let Some(id) = object(process, source).filter(|_| all_own) else {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    };
    if !out.is_null() {
        let Some(handle) = process.kernel32.handles.open(id) else {
            return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, false));
        };
        if let Err(violation) = process.machine.put_pointer(out.0, handle.0) {
            process.kernel32.handles.remove(handle);
            return Err(violation.into());
        }
    }
    if options & DUPLICATE_CLOSE_SOURCE != 0 {
        let last = process.kernel32.handles.close(source).flatten();
        finish(process, last)?;
    }
    Ok(true)
}

/// Waits until `look` finds something in the objects of these handles, which stay until the wait is over, or in `what` is awaited besides. `Err` has the error of a handle that is none.
pub(crate) fn wait_with<T>(
    process: &mut Process,
    handles: &[Handle],
    time: Duration,
    what: impl FnOnce(Vec<Id>) -> Awaited,
    mut look: impl FnMut(&mut Process, &[Id]) -> Option<T>,
) -> Result<Result<Option<T>, u32>, Stop> {
    let ids: Option<Vec<Id>> = handles.iter().map(|&handle| object(process, handle)).collect();
    let Some(ids) = ids else { return Ok(Err(ERROR_INVALID_HANDLE)) };
    ids.iter().for_each(|&id| process.kernel32.handles.keep(id));
    let ended = process.wait_on(what(ids.clone()), time, |process| Ok(look(process, &ids)));
    let last: Vec<_> = ids.into_iter().map(|id| process.kernel32.handles.release(id)).collect();
    last.into_iter().try_for_each(|last| finish(process, last))?;
    ended.map(Ok)
}

/// The handles in an array of the guest's.
pub(crate) fn handles_at(process: &Process, at: Pointer, count: u32) -> Result<Vec<Handle>, Violation> {
    let machine = &process.machine;
    let slot = |index: u32| at.at(machine.mode().pointer_size() * u64::from(index));
    (0..count).map(|index| Handle::read(machine, slot(index))).collect()
}

/// Waits for all of the handles, or for the first of them that is signalled; if `alertable`, also for procedures that are queued for the thread, and
/// calls those.
fn wait(
    process: &mut Process,
    handles: &[Handle],
    all: bool,
    milliseconds: u32,
    alertable: bool,
) -> Result<u32, Stop> {
    let look = |process: &mut Process, ids: &[Id]| {
        look(process, ids, all)
            .or_else(|| (alertable && process.has_procedures()).then_some(WAIT_IO_COMPLETION))
    };
    let what = match (all, alertable) {
        (true, false) => Awaited::All,
        (false, false) => Awaited::First,
        (false, true) => Awaited::FirstOrElse,
        (true, true) => Awaited::Anything,
    };
    match wait_with(process, handles, timeout(milliseconds), what, look)? {
        Ok(Some(WAIT_IO_COMPLETION)) => {
            process.call_procedures()?;
            Ok(WAIT_IO_COMPLETION)
        }
        Ok(ended) => Ok(ended.unwrap_or(WAIT_TIMEOUT)),
        Err(error) => Ok(fail(process, error, WAIT_FAILED)),
    }
}

/// Whether the running thread's wait for all of some objects, or for the first of them, has ended or ends now, and if so with what.
pub(crate) fn look(process: &mut Process, ids: &[Id], all: bool) -> Option<u32> {
    let thread = process.machine.current();
    if let Some(ended) = process.waiting.take_end(thread) {
        return Some(ended);
    }
    if process.kernel32.threads.is_suspended(thread) {
        return None;
    }
    let now = process.now();
    end(&mut process.kernel32.handles, thread, ids, all, now)
}

/// Whether a thread's wait for all of some objects, or for the first of them, ends now, and if so with what; it takes what it ends with.
pub(crate) fn end(table: &mut Handles, thread: usize, ids: &[Id], all: bool, now: Duration) -> Option<u32> {
    let mut signalled = |id| table.object(id).is_some_and(|object| object.signalled(thread, now));
    let ended = if all {
        ids.iter().all(|&id| signalled(id)).then_some(0..ids.len())
    } else {
        ids.iter().position(|&id| signalled(id)).map(|first| first..first + 1)
    }?;
    let first = u32::try_from(ended.start).unwrap_or(0);
    let mut abandoned = false;
    for &id in &ids[ended] {
        abandoned |= table.object(id).is_some_and(|object| object.take(thread));
    }
    Some(first + if abandoned { WAIT_ABANDONED_0 } else { WAIT_OBJECT_0 })
}

pub fn WaitForSingleObject(process: &mut Process, handle: Handle, milliseconds: u32) -> Result<u32, Stop> {
    wait(process, &[handle], true, milliseconds, false)
}

/// WaitForSingleObjectEx: procedures that are queued for the thread end it if it is alertable.
pub fn WaitForSingleObjectEx(
    process: &mut Process,
    handle: Handle,
    milliseconds: u32,
    alertable: i32,
) -> Result<u32, Stop> {
    wait(process, &[handle], true, milliseconds, alertable != 0)
}

pub fn WaitForMultipleObjects(
    process: &mut Process,
    count: u32,
    handles: Pointer,
    all: i32,
    milliseconds: u32,
) -> Result<u32, Stop> {
    WaitForMultipleObjectsEx(process, count, handles, all, milliseconds, 0)
}

/// WaitForMultipleObjectsEx: procedures that are queued for the thread end it if it is alertable.
pub fn WaitForMultipleObjectsEx(
    process: &mut Process,
    count: u32,
    handles: Pointer,
    all: i32,
    milliseconds: u32,
    alertable: i32,
) -> Result<u32, Stop> {
    if !(1..=MAXIMUM_WAIT_OBJECTS).contains(&count) {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, WAIT_FAILED));
    }
    let handles = handles_at(process, handles, count)?;
    // Nothing would say how often a handle that is there twice is to be taken. What is no handle is noticed first.
    let distinct: BTreeSet<_> = handles.iter().map(|handle| handle.0).collect();
    let known = handles.iter().all(|&handle| object(process, handle).is_some());
    if all != 0 && known && distinct.len() < handles.len() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, WAIT_FAILED));
    }
    wait(process, &handles, all != 0, milliseconds, alertable != 0)
}

/// SignalObjectAndWait: nothing happens between the two, and neither does if one of the handles cannot be used so.
pub fn SignalObjectAndWait(
    process: &mut Process,
    signalled: Handle,
    awaited: Handle,
    milliseconds: u32,
    alertable: i32,
) -> Result<u32, Stop> {
    if object(process, awaited).is_none() {
        return Ok(fail(process, ERROR_INVALID_HANDLE, WAIT_FAILED));
    }
    match sync::signal(process, signalled) {
        Ok(()) => wait(process, &[awaited], true, milliseconds, alertable != 0),
        Err(error) => Ok(fail(process, error, WAIT_FAILED)),
    }
}
