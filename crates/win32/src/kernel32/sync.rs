//! Events, semaphores, mutexes and timers: making, opening and changing them.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::time::Duration;

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{
    ERROR_ALREADY_EXISTS, ERROR_FILE_NOT_FOUND, ERROR_FILENAME_EXCED_RANGE, ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, ERROR_NOT_OWNER, ERROR_PATH_NOT_FOUND, ERROR_SUCCESS,
    ERROR_TOO_MANY_POSTS, fail,
};
use crate::kernel32::handles::{Event, Id, Mutex, Object, Timer};
use crate::kernel32::time::from_filetime;
use crate::process::Process;

/// The longest name of an object (MAX_PATH).
const MAX_PATH: usize = 260;

/// An object's name, without the prefix of the session that everything here is in; `Err` is the error of one that cannot be. Names are the
/// process's own: no other process is there to share them.
fn name<U: Unit>(process: &Process, name: Pointer) -> Result<Result<Option<String>, u32>, Stop> {
    let name = text::<U>(&process.machine, name)?;
    let (global, rest) = match name.split_once('\\') {
        Some(("Global", rest)) => (true, rest),
        Some(("Local", rest)) => (false, rest),
        _ => (false, name.as_str()),
    };
    if name.len() > MAX_PATH {
        return Ok(Err(ERROR_FILENAME_EXCED_RANGE));
    }
    if rest.contains('\\') {
        return Ok(Err(ERROR_PATH_NOT_FOUND));
    }
    let prefix = if global { r"Global\" } else { "" };
    Ok(Ok((!rest.is_empty()).then(|| format!("{prefix}{rest}"))))
}

/// A handle for an object of this kind: with its name for the one that has it already (the last error tells), else for this one.
fn create<U: Unit>(process: &mut Process, named: Pointer, object: Object) -> Result<Handle, Stop> {
    let name = match name::<U>(process, named)? {
        Ok(name) => name,
        Err(error) => return Ok(fail(process, error, Handle::NULL)),
    };
    let known = name.as_deref().and_then(|name| process.kernel32.handles.named(name));
    let (handle, error) = match known {
        Some(id) if !is_kind(process, id, &object) => (None, ERROR_INVALID_HANDLE),
        Some(id) => (process.kernel32.handles.open(id), ERROR_ALREADY_EXISTS),
        None => (process.kernel32.handles.insert_named(name, object), ERROR_SUCCESS),
    };
    Ok(match handle {
        Some(handle) => fail(process, error, handle),
        None if error == ERROR_INVALID_HANDLE => fail(process, error, Handle::NULL),
        None => fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::NULL),
    })
}

fn is_kind(process: &mut Process, id: Id, object: &Object) -> bool {
    let known = process.kernel32.handles.object(id);
    known.is_some_and(|known| std::mem::discriminant(known) == std::mem::discriminant(object))
}

/// A handle for the object with this name, which must be there and of this kind.
fn open<U: Unit>(process: &mut Process, named: Pointer, object: &Object) -> Result<Handle, Stop> {
    let name = match name::<U>(process, named)? {
        Ok(Some(name)) => name,
        Ok(None) => return Ok(fail(process, ERROR_INVALID_PARAMETER, Handle::NULL)),
        Err(error) => return Ok(fail(process, error, Handle::NULL)),
    };
    let Some(id) = process.kernel32.handles.named(&name) else {
        return Ok(fail(process, ERROR_FILE_NOT_FOUND, Handle::NULL));
    };
    if !is_kind(process, id, object) {
        return Ok(fail(process, ERROR_INVALID_HANDLE, Handle::NULL));
    }
    let handle = process.kernel32.handles.open(id);
    Ok(handle.unwrap_or_else(|| fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::NULL)))
}

fn event(manual: bool, signalled: bool) -> Object {
    Object::Event(Event { manual, signalled })
}

pub fn CreateEvent<U: Unit>(
    process: &mut Process,
    _security: Pointer,
    manual: i32,
    signalled: i32,
    name: Pointer,
) -> Result<Handle, Stop> {
    create::<U>(process, name, event(manual != 0, signalled != 0))
}

pub fn CreateEventEx<U: Unit>(
    process: &mut Process,
    _security: Pointer,
    name: Pointer,
    flags: u32,
    _access: u32,
) -> Result<Handle, Stop> {
    const CREATE_EVENT_MANUAL_RESET: u32 = 1;
    const CREATE_EVENT_INITIAL_SET: u32 = 2;
    let object = event(flags & CREATE_EVENT_MANUAL_RESET != 0, flags & CREATE_EVENT_INITIAL_SET != 0);
    create::<U>(process, name, object)
}

pub fn OpenEvent<U: Unit>(
    process: &mut Process,
    _access: u32,
    _inherit: i32,
    name: Pointer,
) -> Result<Handle, Stop> {
    open::<U>(process, name, &event(false, false))
}

fn set_event(process: &mut Process, handle: Handle, to: bool) -> Result<(), u32> {
    let table = &mut process.kernel32.handles;
    let (Some(id), Some(Object::Event(event))) = (table.id(handle), table.get(handle)) else {
        return Err(ERROR_INVALID_HANDLE);
    };
    event.signalled = to;
    if to {
        process.changed(id);
    }
    Ok(())
}

/// Whether something was done; the last error says why not.
fn done(process: &mut Process, outcome: Result<(), u32>) -> bool {
    outcome.map_or_else(|error| fail(process, error, false), |()| true)
}

pub fn SetEvent(process: &mut Process, event: Handle) -> bool {
    let outcome = set_event(process, event, true);
    done(process, outcome)
}

pub fn ResetEvent(process: &mut Process, event: Handle) -> bool {
    let outcome = set_event(process, event, false);
    done(process, outcome)
}

/// PulseEvent: ends the waits that there are, of an event that resets itself the one that began first, and leaves the event not signalled.
pub fn PulseEvent(process: &mut Process, handle: Handle) -> bool {
    let table = &mut process.kernel32.handles;
    let (Some(id), Some(Object::Event(event))) = (table.id(handle), table.get(handle)) else {
        return fail(process, ERROR_INVALID_HANDLE, false);
    };
    event.signalled = true;
    process.changed(id);
    if let Some(Object::Event(event)) = process.kernel32.handles.object(id) {
        event.signalled = false;
    }
    true
}

pub fn CreateSemaphore<U: Unit>(
    process: &mut Process,
    _security: Pointer,
    count: i32,
    most: i32,
    name: Pointer,
) -> Result<Handle, Stop> {
    if most <= 0 || !(0..=most).contains(&count) {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, Handle::NULL));
    }
    create::<U>(process, name, Object::Semaphore { count, most })
}

pub fn CreateSemaphoreEx<U: Unit>(
    process: &mut Process,
    security: Pointer,
    count: i32,
    most: i32,
    name: Pointer,
    _flags: u32,
    _access: u32,
) -> Result<Handle, Stop> {
    CreateSemaphore::<U>(process, security, count, most, name)
}

pub fn OpenSemaphore<U: Unit>(
    process: &mut Process,
    _access: u32,
    _inherit: i32,
    name: Pointer,
) -> Result<Handle, Stop> {
    open::<U>(process, name, &Object::Semaphore { count: 0, most: 1 })
}

/// Adds to a semaphore's count: what it was before.
fn release_semaphore(process: &mut Process, handle: Handle, by: i32) -> Result<i32, u32> {
    let table = &mut process.kernel32.handles;
    let (Some(id), Some(Object::Semaphore { count, most })) = (table.id(handle), table.get(handle)) else {
        return Err(ERROR_INVALID_HANDLE);
    };
    if by <= 0 {
        return Err(ERROR_INVALID_PARAMETER);
    }
    let before = *count;
    *count = before.checked_add(by).filter(|sum| sum <= most).ok_or(ERROR_TOO_MANY_POSTS)?;
    process.changed(id);
    Ok(before)
}

pub fn ReleaseSemaphore(
    process: &mut Process,
    semaphore: Handle,
    by: i32,
    previous: Pointer,
) -> Result<bool, Stop> {
    match release_semaphore(process, semaphore, by) {
        Ok(before) if !previous.is_null() => {
            process.machine.memory.write(previous.0, &before.to_le_bytes())?;
            Ok(true)
        }
        Ok(_) => Ok(true),
        Err(error) => Ok(fail(process, error, false)),
    }
}

pub fn CreateMutex<U: Unit>(
    process: &mut Process,
    _security: Pointer,
    owned: i32,
    name: Pointer,
) -> Result<Handle, Stop> {
    let owner = process.machine.current();
    let mutex = Mutex { owner, depth: u32::from(owned != 0), abandoned: false };
    create::<U>(process, name, Object::Mutex(mutex))
}

pub fn CreateMutexEx<U: Unit>(
    process: &mut Process,
    security: Pointer,
    name: Pointer,
    flags: u32,
    _access: u32,
) -> Result<Handle, Stop> {
    const CREATE_MUTEX_INITIAL_OWNER: i32 = 1;
    CreateMutex::<U>(process, security, flags.cast_signed() & CREATE_MUTEX_INITIAL_OWNER, name)
}

pub fn OpenMutex<U: Unit>(
    process: &mut Process,
    _access: u32,
    _inherit: i32,
    name: Pointer,
) -> Result<Handle, Stop> {
    open::<U>(process, name, &Object::Mutex(Mutex::default()))
}

fn release_mutex(process: &mut Process, handle: Handle) -> Result<(), u32> {
    let thread = process.machine.current();
    let table = &mut process.kernel32.handles;
    match (table.id(handle), table.get(handle)) {
        (Some(id), Some(Object::Mutex(mutex))) if mutex.depth > 0 && mutex.owner == thread => {
            mutex.depth -= 1;
            if mutex.depth == 0 {
                process.changed(id);
            }
            Ok(())
        }
        (_, Some(Object::Mutex(_))) => Err(ERROR_NOT_OWNER),
        _ => Err(ERROR_INVALID_HANDLE),
    }
}

pub fn ReleaseMutex(process: &mut Process, mutex: Handle) -> bool {
    let outcome = release_mutex(process, mutex);
    done(process, outcome)
}

/// What SignalObjectAndWait does first: sets an event, releases a semaphore or a mutex once.
pub(super) fn signal(process: &mut Process, handle: Handle) -> Result<(), u32> {
    match process.kernel32.handles.get(handle) {
        Some(Object::Event(_)) => set_event(process, handle, true),
        Some(Object::Semaphore { .. }) => release_semaphore(process, handle, 1).map(|_| ()),
        Some(Object::Mutex(_)) => release_mutex(process, handle),
        _ => Err(ERROR_INVALID_HANDLE),
    }
}

pub fn CreateWaitableTimer<U: Unit>(
    process: &mut Process,
    _security: Pointer,
    manual: i32,
    name: Pointer,
) -> Result<Handle, Stop> {
    create::<U>(process, name, Object::Timer(Timer { manual: manual != 0, ..Timer::default() }))
}

pub fn OpenWaitableTimer<U: Unit>(
    process: &mut Process,
    _access: u32,
    _inherit: i32,
    name: Pointer,
) -> Result<Handle, Stop> {
    open::<U>(process, name, &Object::Timer(Timer::default()))
}

/// SetWaitableTimer: `due` leads to a time as FILETIME counts it, or, negative, to how far ahead it is. The completion routine is never called, as no wait here is one
/// in which such calls are made.
pub fn SetWaitableTimer(
    process: &mut Process,
    handle: Handle,
    due: Pointer,
    period: i32,
    _routine: Pointer,
    _argument: Pointer,
    _resume: i32,
) -> Result<bool, Stop> {
    let due = process.machine.memory.array(due.0).map(i64::from_le_bytes)?;
    let Ok(period) = u64::try_from(period) else { return Ok(fail(process, ERROR_INVALID_PARAMETER, false)) };
    let steps = |steps: u64| Duration::from_nanos(steps.saturating_mul(100));
    let ahead = match u64::try_from(due) {
        Ok(time) => from_filetime(process, time),
        Err(_) => steps(due.unsigned_abs()),
    };
    let due = process.now().checked_add(ahead);
    let table = &mut process.kernel32.handles;
    let (Some(id), Some(Object::Timer(timer))) = (table.id(handle), table.get(handle)) else {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    };
    *timer = Timer { manual: timer.manual, signalled: false, due, period: Duration::from_millis(period) };
    // Who waits for it has to wait until another time.
    process.changed(id);
    Ok(true)
}

/// CancelWaitableTimer: whether it is signalled stays as it is.
pub fn CancelWaitableTimer(process: &mut Process, handle: Handle) -> bool {
    match process.kernel32.handles.get(handle) {
        Some(Object::Timer(timer)) => {
            timer.due = None;
            true
        }
        _ => fail(process, ERROR_INVALID_HANDLE, false),
    }
}
