//! Slim reader/writer locks, condition variables, and what is to be done once.
//!
//! A lock and a thing to be done once are no more than their structures, a word in guest memory that is zero at first. What they hold is nobody's business but
//! the functions' here. Who waits for a condition variable is known here only: it stays zero.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::time::Duration;

use guest::{FaultKind, Machine, Stop, Violation};

use crate::abi::Pointer;
use crate::kernel32::critical;
use crate::kernel32::error::{ERROR_GEN_FAILURE, ERROR_INVALID_PARAMETER, ERROR_TIMEOUT, fail};
use crate::kernel32::time::timeout;
use crate::process::Process;
use crate::waiting::Awaited;

/// What a lock's word holds for one that is held exclusively, and what is added to it for each thread that shares it.
const EXCLUSIVE: u64 = 1;
const SHARED: u64 = 16;

/// InitializeSRWLock, and InitializeConditionVariable and InitOnceInitialize, which do the same.
pub fn InitializeSRWLock(process: &mut Process, lock: Pointer) -> Result<(), Stop> {
    Ok(process.machine.put_pointer(lock.0, 0)?)
}

/// Takes a lock if that can be done now.
fn try_acquire(machine: &Machine, lock: Pointer, shared: bool) -> Result<bool, Violation> {
    let word = machine.pointer_at(lock.0)?;
    let free = if shared { word & EXCLUSIVE == 0 } else { word == 0 };
    if free {
        machine.put_pointer(lock.0, if shared { word.wrapping_add(SHARED) } else { EXCLUSIVE })?;
    }
    Ok(free)
}

fn acquire(process: &mut Process, lock: Pointer, shared: bool) -> Result<(), Stop> {
    let look = |process: &mut Process| Ok(try_acquire(&process.machine, lock, shared)?.then_some(()));
    process.wait_on(Awaited::Address(lock.0), Duration::MAX, look).map(|_| ())
}

/// Gives a lock back. Who has not got it has done something wrong, which Windows 7 answers with an exception.
fn release(process: &mut Process, lock: Pointer, shared: bool) -> Result<(), Stop> {
    const STATUS_RESOURCE_NOT_OWNED: u32 = 0xc000_0264;
    let word = process.machine.pointer_at(lock.0)?;
    let held = if shared { word >= SHARED } else { word & EXCLUSIVE != 0 };
    if !held {
        return Err(Stop::Kind(FaultKind::Raised { code: STATUS_RESOURCE_NOT_OWNED }));
    }
    process.machine.put_pointer(lock.0, word.wrapping_sub(if shared { SHARED } else { EXCLUSIVE }))?;
    // All of them: those that want to share it can go on together.
    process.changed_at(lock.0, usize::MAX);
    Ok(())
}

pub fn AcquireSRWLockExclusive(process: &mut Process, lock: Pointer) -> Result<(), Stop> {
    acquire(process, lock, false)
}

pub fn AcquireSRWLockShared(process: &mut Process, lock: Pointer) -> Result<(), Stop> {
    acquire(process, lock, true)
}

pub fn TryAcquireSRWLockExclusive(process: &mut Process, lock: Pointer) -> Result<bool, Stop> {
    Ok(try_acquire(&process.machine, lock, false)?)
}

pub fn TryAcquireSRWLockShared(process: &mut Process, lock: Pointer) -> Result<bool, Stop> {
    Ok(try_acquire(&process.machine, lock, true)?)
}

pub fn ReleaseSRWLockExclusive(process: &mut Process, lock: Pointer) -> Result<(), Stop> {
    release(process, lock, false)
}

pub fn ReleaseSRWLockShared(process: &mut Process, lock: Pointer) -> Result<(), Stop> {
    release(process, lock, true)
}

/// The threads that wait for condition variables, those that came first at the front.
#[derive(Debug, Default)]
pub(crate) struct Sleepers(Vec<Sleeper>);

#[derive(Debug)]
struct Sleeper {
    variable: u64,
    thread: usize,
    woken: bool,
}

impl Sleepers {
    /// Whether a thread has been woken.
    fn is_woken(&self, thread: usize) -> bool {
        self.0.iter().any(|sleeper| sleeper.thread == thread && sleeper.woken)
    }

    /// Wakes `most` of those that wait for a variable: which.
    fn wake(&mut self, variable: u64, most: usize) -> Vec<usize> {
        let waits = |sleeper: &&mut Sleeper| sleeper.variable == variable && !sleeper.woken;
        let woken = self.0.iter_mut().filter(waits).take(most);
        woken.map(|sleeper| (sleeper.woken = true, sleeper.thread).1).collect()
    }
}

/// Gives a lock back, waits until the variable is woken, and takes the lock again; between the first two nothing happens that could be missed.
fn sleep(
    process: &mut Process,
    variable: Pointer,
    milliseconds: u32,
    give_back: impl FnOnce(&mut Process) -> Result<(), Stop>,
    take_again: impl FnOnce(&mut Process) -> Result<(), Stop>,
) -> Result<bool, Stop> {
    let thread = process.machine.current();
    give_back(process)?;
    process.kernel32.sleepers.0.push(Sleeper { variable: variable.0, thread, woken: false });
    let look = |process: &mut Process| Ok(process.kernel32.sleepers.is_woken(thread).then_some(()));
    let outcome = process.wait_on(Awaited::Address(variable.0), timeout(milliseconds), look);
    let told = process.kernel32.sleepers.is_woken(thread);
    process.kernel32.sleepers.0.retain(|sleeper| sleeper.thread != thread);
    if told && outcome.is_err() {
        // It ends without having seen that: another one can.
        wake(process, variable, 1);
    }
    let woken = outcome?.is_some();
    take_again(process)?;
    Ok(woken || fail(process, ERROR_TIMEOUT, false))
}

pub fn SleepConditionVariableCS(
    process: &mut Process,
    variable: Pointer,
    section: Pointer,
    milliseconds: u32,
) -> Result<bool, Stop> {
    let give_back = |process: &mut Process| critical::LeaveCriticalSection(process, section);
    let take_again = |process: &mut Process| critical::EnterCriticalSection(process, section);
    sleep(process, variable, milliseconds, give_back, take_again)
}

pub fn SleepConditionVariableSRW(
    process: &mut Process,
    variable: Pointer,
    lock: Pointer,
    milliseconds: u32,
    flags: u32,
) -> Result<bool, Stop> {
    const CONDITION_VARIABLE_LOCKMODE_SHARED: u32 = 1;
    let shared = flags & CONDITION_VARIABLE_LOCKMODE_SHARED != 0;
    let give_back = |process: &mut Process| release(process, lock, shared);
    let take_again = |process: &mut Process| acquire(process, lock, shared);
    sleep(process, variable, milliseconds, give_back, take_again)
}

fn wake(process: &mut Process, variable: Pointer, most: usize) {
    for number in process.kernel32.sleepers.wake(variable.0, most) {
        process.machine.change_for(number);
    }
}

pub fn WakeConditionVariable(process: &mut Process, variable: Pointer) {
    wake(process, variable, 1);
}

pub fn WakeAllConditionVariable(process: &mut Process, variable: Pointer) {
    wake(process, variable, usize::MAX);
}

/// What the word of an INIT_ONCE holds in its lowest bits (INIT_ONCE_CTX_RESERVED_BITS are two), besides what was kept with it.
const STATE: u64 = 3;
const RUNNING: u64 = 1;
const DONE: u64 = 2;
const RUNNING_ASYNC: u64 = 3;

const INIT_ONCE_CHECK_ONLY: u32 = 1;
const INIT_ONCE_ASYNC: u32 = 2;
const INIT_ONCE_INIT_FAILED: u32 = 4;

/// Begins to do what is to be done once, or waits until whoever does it has come to an end: what was kept with it if it has been done.
fn begin(process: &mut Process, once: Pointer) -> Result<Option<u64>, Stop> {
    let look = |process: &mut Process| {
        let word = process.machine.pointer_at(once.0)?;
        Ok(match word & STATE {
            DONE => Some(Some(word & !STATE)),
            0 => {
                process.machine.put_pointer(once.0, RUNNING)?;
                Some(None)
            }
            _ => None,
        })
    };
    Ok(process.wait_on(Awaited::Address(once.0), Duration::MAX, look)?.flatten())
}

/// Notes that it has been done, or that it has not.
fn complete(process: &mut Process, once: Pointer, kept: Option<u64>) -> Result<(), Stop> {
    process.machine.put_pointer(once.0, kept.map_or(0, |kept| kept & !STATE | DONE))?;
    process.changed_at(once.0, usize::MAX);
    Ok(())
}

/// Answers what was kept, if that is wanted.
fn tell(process: &Process, out: Pointer, kept: u64) -> Result<(), Stop> {
    if !out.is_null() {
        process.machine.put_pointer(out.0, kept)?;
    }
    Ok(())
}

pub fn InitOnceExecuteOnce(
    process: &mut Process,
    once: Pointer,
    function: Pointer,
    parameter: Pointer,
    context: Pointer,
) -> Result<bool, Stop> {
    if let Some(kept) = begin(process, once)? {
        tell(process, context, kept)?;
        return Ok(true);
    }
    // Where it puts what is to be kept.
    let outer = process.machine.stack_pointer();
    let own = outer.saturating_sub(16) & !15;
    let called = process.machine.put_pointer(own, 0).map_err(Stop::from).and_then(|()| {
        process.machine.set_stack_pointer(own);
        let answer = process.call(function.0, &[once.0, parameter.0, own]);
        process.machine.set_stack_pointer(outer);
        Ok((answer? & u64::from(u32::MAX) != 0, process.machine.pointer_at(own)?))
    });
    let kept = called.as_ref().ok().and_then(|&(done, kept)| done.then_some(kept));
    complete(process, once, kept)?;
    called?;
    match kept {
        Some(kept) => tell(process, context, kept).map(|()| true),
        None => Ok(false),
    }
}

pub fn InitOnceBeginInitialize(
    process: &mut Process,
    once: Pointer,
    flags: u32,
    pending: Pointer,
    context: Pointer,
) -> Result<bool, Stop> {
    let word = process.machine.pointer_at(once.0)?;
    let done = word & STATE == DONE;
    let kept = match flags {
        INIT_ONCE_CHECK_ONLY if !done => return Ok(fail(process, ERROR_GEN_FAILURE, false)),
        0 if word & STATE == RUNNING_ASYNC => return Ok(fail(process, ERROR_INVALID_PARAMETER, false)),
        INIT_ONCE_ASYNC if word & STATE == RUNNING => {
            return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
        }
        0 => begin(process, once)?,
        _ if flags & !(INIT_ONCE_CHECK_ONLY | INIT_ONCE_ASYNC) != 0 => {
            return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
        }
        _ if done => Some(word & !STATE),
        _ => {
            process.machine.put_pointer(once.0, RUNNING_ASYNC)?;
            None
        }
    };
    process.machine.memory.write(pending.0, &u32::from(kept.is_none()).to_le_bytes())?;
    if let Some(kept) = kept {
        tell(process, context, kept)?;
    }
    Ok(true)
}

pub fn InitOnceComplete(
    process: &mut Process,
    once: Pointer,
    flags: u32,
    context: Pointer,
) -> Result<bool, Stop> {
    let state = process.machine.pointer_at(once.0)? & STATE;
    let failed = flags & INIT_ONCE_INIT_FAILED != 0;
    let expected = if flags & INIT_ONCE_ASYNC != 0 { RUNNING_ASYNC } else { RUNNING };
    // Who does it with others cannot take it back, and only one of them is the first.
    if state != expected || failed && (state == RUNNING_ASYNC || !context.is_null()) || context.0 & STATE != 0
    {
        return Ok(fail(process, ERROR_GEN_FAILURE, false));
    }
    complete(process, once, (!failed).then_some(context.0)).map(|()| true)
}
