//! The guest's threads, and their local slots.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::time::Duration;

use guest::{Fault, FaultKind, POOL, Stop};

use crate::abi::{Handle, Pointer};
use crate::images::{DLL_THREAD_ATTACH, DLL_THREAD_DETACH};
use crate::kernel32::error::{
    ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, ERROR_SUCCESS, fail,
};
use crate::kernel32::handles::Object;
use crate::process::Process;

/// TLS_OUT_OF_INDEXES, FLS_OUT_OF_INDEXES.
const OUT_OF_INDEXES: u32 = u32::MAX;

/// How many slots there are: more than the 64 that Windows guarantees (TLS_MINIMUM_AVAILABLE).
const SLOTS: usize = 128;

/// Thread-local slots.
#[derive(Debug)]
pub(crate) struct Slots([Option<Slot>; SLOTS]);

/// A slot in use.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// What each thread has in it.
    values: [Pointer; 1 + POOL],
    /// What is called with a value when its slot or its thread ends; NULL for nothing.
    callback: Pointer,
}

impl Slots {
    pub fn new() -> Self {
        Self([None; SLOTS])
    }

    fn allocate(&mut self, callback: Pointer) -> Option<u32> {
        let index = self.0.iter().position(Option::is_none)?;
        self.0[index] = Some(Slot { callback, ..Slot::default() });
        u32::try_from(index).ok()
    }

    /// A thread's value.
    fn get(&mut self, index: u32, thread: usize) -> Option<&mut Pointer> {
        self.0.get_mut(index as usize)?.as_mut()?.values.get_mut(thread)
    }

    fn free(&mut self, index: u32) -> Option<Slot> {
        self.0.get_mut(index as usize)?.take()
    }

    /// Empties all slots of a thread: each callback with the value that it is to be called with.
    fn clear(&mut self, thread: usize) -> Vec<(Pointer, Pointer)> {
        let slots = self.0.iter_mut().flatten();
        let values = slots.map(|slot| (slot.callback, std::mem::take(&mut slot.values[thread])));
        values.filter(|(callback, value)| !callback.is_null() && !value.is_null()).collect()
    }
}

/// Answers a new slot's index, or that there is none left.
fn allocated(process: &mut Process, index: Option<u32>) -> u32 {
    index.unwrap_or_else(|| fail(process, ERROR_NOT_ENOUGH_MEMORY, OUT_OF_INDEXES))
}

/// Answers a slot's value. A value that is there also clears the last error, because the value may be 0 itself.
fn value(process: &mut Process, value: Option<Pointer>) -> Pointer {
    match value {
        Some(value) => fail(process, ERROR_SUCCESS, value),
        None => fail(process, ERROR_INVALID_PARAMETER, Pointer::NULL),
    }
}

fn set(process: &mut Process, done: Option<()>) -> bool {
    done.is_some() || fail(process, ERROR_INVALID_PARAMETER, false)
}

pub fn TlsAlloc(process: &mut Process) -> u32 {
    let index = process.kernel32.tls.allocate(Pointer::NULL);
    allocated(process, index)
}

pub fn TlsGetValue(process: &mut Process, index: u32) -> Pointer {
    let own = process.kernel32.tls.get(index, process.machine.current()).copied();
    value(process, own)
}

pub fn TlsSetValue(process: &mut Process, index: u32, value: Pointer) -> bool {
    let done = process.kernel32.tls.get(index, process.machine.current()).map(|own| *own = value);
    set(process, done)
}

pub fn TlsFree(process: &mut Process, index: u32) -> bool {
    let done = process.kernel32.tls.free(index).map(|_| ());
    set(process, done)
}

pub fn FlsAlloc(process: &mut Process, callback: Pointer) -> u32 {
    let index = process.kernel32.fls.allocate(callback);
    allocated(process, index)
}

pub fn FlsGetValue(process: &mut Process, index: u32) -> Pointer {
    let own = process.kernel32.fls.get(index, process.machine.current()).copied();
    value(process, own)
}

pub fn FlsSetValue(process: &mut Process, index: u32, value: Pointer) -> bool {
    let done = process.kernel32.fls.get(index, process.machine.current()).map(|own| *own = value);
    set(process, done)
}

/// FlsFree: calls the slot's callback with each thread's value.
pub fn FlsFree(process: &mut Process, index: u32) -> Result<bool, Stop> {
    let Some(slot) = process.kernel32.fls.free(index) else { return Ok(set(process, None)) };
    for value in slot.values {
        if !slot.callback.is_null() && !value.is_null() {
            process.call(slot.callback.0, &[value.0])?;
        }
    }
    Ok(true)
}

/// What a thread is started for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task {
    start: Pointer,
    parameter: Pointer,
    /// Which one of all that were ever started.
    serial: u32,
    /// How often it has been suspended before it began.
    suspended: u32,
}

/// The threads that the guest has started.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    /// By the number of the thread that has it.
    tasks: [Option<Task>; 1 + POOL],
    started: u32,
}

/// Flags of CreateThread.
const CREATE_SUSPENDED: u32 = 4;

/// CreateThread: NULL when as many threads run as there can be. Its stack has the size that all have, one megabyte.
pub fn CreateThread(
    process: &mut Process,
    _security: Pointer,
    _stack: Pointer,
    start: Pointer,
    parameter: Pointer,
    flags: u32,
    id: Pointer,
) -> Result<Handle, Stop> {
    let Some(number) = process.machine.reserve_thread() else { return Ok(no_thread(process)) };
    process.tell_of_threads()?;
    process.kernel32.threads.started += 1;
    let serial = process.kernel32.threads.started;
    let suspended = u32::from(flags & CREATE_SUSPENDED != 0);
    match prepare(process, number, serial, id) {
        Ok(Some(handle)) => {
            process.kernel32.threads.tasks[number] = Some(Task { start, parameter, serial, suspended });
            if suspended == 0 {
                guest::start(process, number);
            }
            Ok(handle)
        }
        not_prepared => {
            process.machine.release_thread(number);
            not_prepared.map(|_| no_thread(process))
        }
    }
}

fn no_thread(process: &mut Process) -> Handle {
    fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::NULL)
}

/// Prepares all that a reserved thread needs, last of all its handle; `None` when there is no room.
fn prepare(process: &mut Process, number: usize, serial: u32, id: Pointer) -> Result<Option<Handle>, Stop> {
    if process.machine.prepare_thread(number).is_err() {
        return Ok(None);
    }
    if !id.is_null() {
        process.machine.memory.write(id.0, &process.machine.thread_id(number).to_le_bytes())?;
    }
    Ok(process.kernel32.handles.insert(Object::Thread { serial, code: None }))
}

/// ResumeThread, of a thread that was created suspended: how often it was suspended before, or -1 for what is none.
pub fn ResumeThread(process: &mut Process, thread: Handle) -> u32 {
    let Some(&mut Object::Thread { serial, .. }) = process.kernel32.handles.get(thread) else {
        return fail(process, ERROR_INVALID_HANDLE, u32::MAX);
    };
    let mut tasks = process.kernel32.threads.tasks.iter_mut().enumerate();
    let task =
        tasks.find_map(|(number, task)| Some((number, task.as_mut().filter(|task| task.serial == serial)?)));
    match task {
        Some((number, task)) if task.suspended > 0 => {
            let before = task.suspended;
            task.suspended -= 1;
            if task.suspended == 0 {
                guest::start(process, number);
            }
            before
        }
        _ => 0,
    }
}

/// Runs a thread from its beginning to its end; see [`guest::Host::thread`].
pub(crate) fn run_thread(process: &mut Process, number: usize) {
    let Some(task) = process.kernel32.threads.tasks[number] else { return };
    // A thread that an image starts while it is told that it is loaded begins after that, as on Windows. Nobody interrupts this wait.
    let _ = process.wait_for(Duration::MAX, |process| Ok((process.attaching == 0).then_some(())));
    let ended =
        process.notify_all(DLL_THREAD_ATTACH).and_then(|()| process.call(task.start.0, &[task.parameter.0]));
    let code = match ended {
        Ok(result) => result,
        Err(Fault { kind: FaultKind::ThreadExit { code }, .. }) => code.into(),
        Err(fault) => {
            process.say(format!("a thread of the driver's ended: {}", fault.kind).as_bytes());
            u64::MAX
        }
    };
    let values = process.kernel32.fls.clear(number);
    let left =
        values.into_iter().try_for_each(|(callback, value)| process.call(callback.0, &[value.0]).map(|_| ()));
    if let Err(fault) = left.and_then(|()| process.notify_all(DLL_THREAD_DETACH)) {
        process.say(format!("a thread of the driver's could not end in order: {}", fault.kind).as_bytes());
    }
    process.kernel32.tls.clear(number);
    process.kernel32.threads.tasks[number] = None;
    let [a, b, c, d, ..] = code.to_le_bytes();
    let exit = u32::from_le_bytes([a, b, c, d]);
    for object in process.kernel32.handles.iter_mut() {
        match object {
            Object::Thread { serial, code } if *serial == task.serial => *code = Some(exit),
            // What it owned is nobody's.
            Object::Mutex { owner, depth } if *owner == number => *depth = 0,
            _ => {}
        }
    }
}

/// ExitThread: ends the call that runs, which is the whole thread unless it is the one that the host calls the driver on.
pub fn ExitThread(_: &mut Process, code: u32) -> Result<(), Stop> {
    Err(Stop::Kind(FaultKind::ThreadExit { code }))
}

/// GetExitCodeThread: STILL_ACTIVE for one that has not ended.
pub fn GetExitCodeThread(process: &mut Process, thread: Handle, out: Pointer) -> Result<bool, Stop> {
    const STILL_ACTIVE: u32 = 259;
    let code = match process.kernel32.handles.get(thread) {
        Some(Object::Thread { code, .. }) => code.unwrap_or(STILL_ACTIVE),
        _ if thread == CURRENT_THREAD => STILL_ACTIVE,
        _ => return Ok(fail(process, ERROR_INVALID_HANDLE, false)),
    };
    process.machine.memory.write(out.0, &code.to_le_bytes())?;
    Ok(true)
}

/// GetCurrentThread: the pseudo handle -2.
pub fn GetCurrentThread(_: &mut Process) -> Handle {
    CURRENT_THREAD
}

/// The pseudo handle of the running thread.
pub(crate) const CURRENT_THREAD: Handle = Handle(u64::MAX - 1);

pub fn GetCurrentThreadId(process: &mut Process) -> u32 {
    process.machine.ids().1
}

/// SetThreadPriority: all threads are scheduled alike.
pub fn SetThreadPriority(_: &mut Process, _thread: Handle, _priority: i32) -> bool {
    true
}

/// GetThreadPriority: THREAD_PRIORITY_NORMAL.
pub fn GetThreadPriority(process: &mut Process, thread: Handle) -> i32 {
    const THREAD_PRIORITY_ERROR_RETURN: i32 = i32::MAX;
    let known = matches!(process.kernel32.handles.get(thread), Some(Object::Thread { .. }));
    if known || thread == CURRENT_THREAD {
        0
    } else {
        fail(process, ERROR_INVALID_HANDLE, THREAD_PRIORITY_ERROR_RETURN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_used_again_and_start_empty() {
        let mut slots = Slots::new();
        let first = slots.allocate(Pointer::NULL).unwrap();
        *slots.get(first, 1).unwrap() = Pointer(7);
        assert_eq!(slots.free(first).unwrap().values[..2], [Pointer::NULL, Pointer(7)]);
        assert!(slots.get(first, 0).is_none() && slots.free(first).is_none());
        assert_eq!(slots.allocate(Pointer::NULL), Some(first));
        assert_eq!(slots.get(first, 1).copied(), Some(Pointer::NULL));
        assert_eq!((1..SLOTS).filter_map(|_| slots.allocate(Pointer::NULL)).count(), SLOTS - 1);
        assert_eq!(slots.allocate(Pointer::NULL), None);
        assert!(slots.get(u32::MAX, 0).is_none());
    }
}
