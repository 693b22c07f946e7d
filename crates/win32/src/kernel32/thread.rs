//! The guest's threads, and those of the system's own.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use guest::{Fault, FaultKind, POOL, Stop};

use crate::abi::{Handle, Pointer};
use crate::clock::Clock;
use crate::images::{DLL_THREAD_ATTACH, DLL_THREAD_DETACH};
use crate::kernel32::error::{
    ERROR_ACCESS_DENIED, ERROR_INVALID_HANDLE, ERROR_NOT_ENOUGH_MEMORY, ERROR_SIGNAL_REFUSED, fail,
};
use crate::kernel32::handles::{Handles, Id, Object, Thread};
use crate::kernel32::{State, slots, time, wait};
use crate::process::Process;

/// How many places of the pool are kept for the system's own threads, so that what plays sound or keeps time for a driver never lacks one.
const SYSTEM: usize = 4;

/// What a thread is started for.
#[derive(Debug, Clone, Copy)]
enum Task {
    /// A function of the driver's.
    Driver(Start),
    /// Work of the system's own, on the host's side.
    System(fn(&mut Process)),
}

/// How a thread of the driver's begins.
#[derive(Debug, Clone, Copy)]
struct Start {
    function: Pointer,
    parameter: Pointer,
}

/// A thread that runs, or is to run.
#[derive(Debug)]
struct Running {
    task: Task,
    /// Whether it has begun.
    begun: bool,
    /// The handle that is closed when it ends.
    closes: Option<Handle>,
}

/// What is known of the threads.
#[derive(Debug)]
pub(crate) struct Tasks {
    /// By number.
    running: [Option<Running>; 1 + POOL],
    /// The objects of those that are the driver's, the one that serves requests first.
    objects: [Option<Id>; 1 + POOL],
    /// How often each is suspended.
    suspended: [u32; 1 + POOL],
    /// What those are to end with that are to end.
    ending: [Option<u32>; 1 + POOL],
}

impl Tasks {
    /// One thread, which serves requests.
    pub fn new(handles: &mut Handles, clock: &Clock) -> Self {
        let first = handles.keep_new(None, Object::Thread(thread(0, time::filetime_of(clock.date()))));
        let mut objects = [None; 1 + POOL];
        objects[0] = Some(first);
        let running = std::array::from_fn(|_| None);
        Self { running, objects, suspended: [0; 1 + POOL], ending: [None; 1 + POOL] }
    }

    /// How many are the driver's.
    fn of_driver(&self) -> usize {
        let driver = |running: &&Running| matches!(running.task, Task::Driver(_));
        self.running.iter().flatten().filter(driver).count()
    }

    /// The object of a thread that runs.
    pub fn object(&self, number: usize) -> Option<Id> {
        self.objects.get(number).copied().flatten()
    }

    /// Whether a thread is suspended.
    pub fn is_suspended(&self, number: usize) -> bool {
        self.suspended.get(number).is_some_and(|&count| count > 0)
    }

    /// What a thread is to end with, if it is to end.
    pub fn ending(&self, number: usize) -> Option<u32> {
        self.ending.get(number).copied().flatten()
    }
}

/// A thread that begins now.
fn thread(number: usize, begun: u64) -> Thread {
    Thread { number, code: None, priority: 0, boosted: true, begun, ended: 0 }
}

/// Has a thread of the pool do `run`, on the host's side; false when all of them have work. It can call guest code and wait
/// ([`Process::wait_for`]). It is no thread of the driver's: no image is told of it, and it is not among those that a driver can start. What it
/// calls may fault, which is the call's answer; if `run` panics, that ends this thread's work and nothing else.
pub(crate) fn start_system(process: &mut Process, run: fn(&mut Process)) -> bool {
    if process.tell_of_threads().is_err() {
        return false;
    }
    let Some(number) = process.machine.reserve_thread() else { return false };
    // What it calls has thread-local data as any code has.
    if process.machine.prepare_thread(number).is_err() {
        process.machine.release_thread(number);
        return false;
    }
    process.kernel32.threads.running[number] =
        Some(Running { task: Task::System(run), begun: true, closes: None });
    process.start_thread(number);
    true
}

/// Flags of CreateThread.
pub(crate) const CREATE_SUSPENDED: u32 = 4;

/// How a thread of the driver's is started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beginning {
    pub function: Pointer,
    pub parameter: Pointer,
    pub suspended: bool,
    /// Where its id is to be written; NULL for nowhere.
    pub id: Pointer,
    /// Whether its handle is closed when it ends.
    pub closes: bool,
}

/// CreateThread: NULL when as many threads run as there can be. Its stack has the size that all have, one megabyte.
pub fn CreateThread(
    process: &mut Process,
    _security: Pointer,
    _stack: Pointer,
    function: Pointer,
    parameter: Pointer,
    flags: u32,
    id: Pointer,
) -> Result<Handle, Stop> {
    let suspended = flags & CREATE_SUSPENDED != 0;
    let beginning = Beginning { function, parameter, suspended, id, closes: false };
    Ok(begin(process, beginning)?.unwrap_or_else(|| fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::NULL)))
}

/// Starts a thread of the driver's: its handle, or `None` when there is no room for one more.
pub(crate) fn begin(process: &mut Process, beginning: Beginning) -> Result<Option<Handle>, Stop> {
    let Beginning { function, parameter, suspended, id, closes } = beginning;
    if process.kernel32.threads.of_driver() >= POOL - SYSTEM {
        return Ok(None);
    }
    process.tell_of_threads()?;
    let Some(number) = process.machine.reserve_thread() else { return Ok(None) };
    match prepare(process, number, id) {
        Ok(Some((object, handle))) => {
            let task = Task::Driver(Start { function, parameter });
            let threads = &mut process.kernel32.threads;
            let closes = closes.then_some(handle);
            threads.running[number] = Some(Running { task, begun: !suspended, closes });
            threads.objects[number] = Some(object);
            threads.suspended[number] = suspended.into();
            if !suspended {
                process.start_thread(number);
            }
            Ok(Some(handle))
        }
        not_prepared => {
            process.machine.release_thread(number);
            not_prepared.map(|_| None)
        }
    }
}

/// Prepares all that a reserved thread needs, last of all its object, which the thread itself keeps, and a handle for that; `None` when there is
/// no room.
fn prepare(process: &mut Process, number: usize, id: Pointer) -> Result<Option<(Id, Handle)>, Stop> {
    if process.machine.prepare_thread(number).is_err() {
        return Ok(None);
    }
    if !id.is_null() {
        process.machine.memory.write(id.0, &process.machine.thread_id(number).to_le_bytes())?;
    }
    let begun = time::now(process);
    let object = process.kernel32.handles.keep_new(None, Object::Thread(thread(number, begun)));
    let handle = process.kernel32.handles.open(object);
    if handle.is_none() {
        process.kernel32.handles.release(object);
    }
    Ok(handle.map(|handle| (object, handle)))
}

/// The number of the thread that a handle names; `Ok(None)` for one that has ended, `Err` for what is no thread.
pub(super) fn number_of(process: &mut Process, handle: Handle) -> Result<Option<usize>, ()> {
    let id = wait::object(process, handle).ok_or(())?;
    match process.kernel32.handles.object(id) {
        Some(Object::Thread(thread)) => Ok(thread.code.is_none().then_some(thread.number)),
        _ => Err(()),
    }
}

/// ResumeThread: how often it was suspended before, or -1 for what is no thread.
pub fn ResumeThread(process: &mut Process, thread: Handle) -> u32 {
    let Ok(number) = number_of(process, thread) else {
        return fail(process, ERROR_INVALID_HANDLE, u32::MAX);
    };
    let Some(number) = number else { return 0 };
    let threads = &mut process.kernel32.threads;
    let before = threads.suspended[number];
    threads.suspended[number] = before.saturating_sub(1);
    if before == 1 {
        match &mut threads.running[number] {
            Some(Running { begun: begun @ false, .. }) => {
                *begun = true;
                process.start_thread(number);
            }
            _ => process.machine.change_for(number),
        }
    }
    before
}

/// SuspendThread: how often it was suspended before, or -1. A thread that has begun stops at its next call of the system: no thread can be stopped amid its own code.
pub fn SuspendThread(process: &mut Process, thread: Handle) -> Result<u32, Stop> {
    const MAXIMUM_SUSPEND_COUNT: u32 = 127;
    let number = match number_of(process, thread) {
        Ok(Some(number)) => number,
        // Nobody could let the one go on that serves requests.
        Ok(None) => return Ok(fail(process, ERROR_ACCESS_DENIED, u32::MAX)),
        Err(()) => return Ok(fail(process, ERROR_INVALID_HANDLE, u32::MAX)),
    };
    let before = process.kernel32.threads.suspended[number];
    if before == MAXIMUM_SUSPEND_COUNT {
        return Ok(fail(process, ERROR_SIGNAL_REFUSED, u32::MAX));
    }
    process.kernel32.threads.suspended[number] = before + 1;
    if number == process.machine.current() {
        stand_by(process)?;
    }
    Ok(before)
}

/// Has the running thread wait while it is suspended, and end if it is to end. To be called before each call of the system's, and after it.
pub(crate) fn stand_by(process: &mut Process) -> Result<(), Stop> {
    let number = process.machine.current();
    if process.kernel32.threads.is_suspended(number) {
        let resumed =
            |process: &mut Process| Ok((!process.kernel32.threads.is_suspended(number)).then_some(()));
        process.wait_for(Duration::MAX, resumed)?;
    }
    match process.kernel32.threads.ending(number) {
        Some(code) => Err(Stop::Kind(FaultKind::ThreadExit { code })),
        None => Ok(()),
    }
}

/// TerminateThread: has a thread end at its next call of the system, without anybody being told; its handle is signalled then. It goes on for as long as it makes no such
/// call. The thread that serves requests cannot be ended.
pub fn TerminateThread(process: &mut Process, thread: Handle, code: u32) -> Result<bool, Stop> {
    let number = match number_of(process, thread) {
        Ok(Some(0)) => return Ok(fail(process, ERROR_ACCESS_DENIED, false)),
        Ok(Some(number)) => number,
        Ok(None) => return Ok(true),
        Err(()) => return Ok(fail(process, ERROR_INVALID_HANDLE, false)),
    };
    let threads = &mut process.kernel32.threads;
    threads.ending[number] = Some(code);
    threads.suspended[number] = 0;
    let waits = matches!(threads.running[number], Some(Running { begun: true, .. }));
    if number == process.machine.current() {
        stand_by(process)?;
    } else if waits {
        process.machine.change_for(number);
    } else {
        end(process, number, code);
        // Messages may have been posted to it already.
        crate::user32::forget_thread(process, number);
        process.machine.release_thread(number);
    }
    Ok(true)
}

/// Does what a thread was started for; see [`guest::Host::thread`].
pub(crate) fn run_thread(process: &mut Process, number: usize) {
    let Some(task) = process.kernel32.threads.running[number].as_ref().map(|running| running.task) else {
        return;
    };
    // What panics is lost, as with any shim; the thread's place is not.
    let ended = catch_unwind(AssertUnwindSafe(|| match task {
        Task::Driver(start) => run_driver(process, start),
        Task::System(run) => {
            run(process);
            0
        }
    }));
    let code = process.kernel32.threads.ending(number).or(ended.ok()).unwrap_or(u32::MAX);
    end(process, number, code);
}

/// Runs a thread of the driver's from its beginning to its end: its exit code.
fn run_driver(process: &mut Process, start: Start) -> u32 {
    let number = process.machine.current();
    // A thread that an image starts while it is told that it is loaded begins after that, as on Windows. Nobody interrupts this wait.
    let begun = process.wait_for(Duration::MAX, |process| Ok((process.attaching == 0).then_some(())));
    if let Err(Stop::Kind(FaultKind::ThreadExit { code })) = begun {
        return code;
    }
    let ended = process
        .notify_all(DLL_THREAD_ATTACH)
        .and_then(|()| process.call_procedures())
        .and_then(|()| process.call(start.function.0, &[start.parameter.0]));
    let code = match ended {
        Ok(result) => result,
        Err(Fault { kind: FaultKind::ThreadExit { code }, .. }) => code.into(),
        Err(fault) => {
            process.say(format!("a thread of the driver's ended: {}", fault.kind).as_bytes());
            u64::MAX
        }
    };
    if process.kernel32.threads.ending(number).is_none() {
        let left = slots::call_back(process, number).and_then(|()| process.notify_all(DLL_THREAD_DETACH));
        if let Err(fault) = left {
            let told = format!("a thread of the driver's could not end in order: {}", fault.kind);
            process.say(told.as_bytes());
        }
    }
    let [a, b, c, d, ..] = code.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Takes away what a thread leaves behind, and tells who waits for its end.
fn end(process: &mut Process, number: usize, code: u32) {
    // Those of work of the system's own: it may have called code that has something in its slots.
    if process.kernel32.threads.ending(number).is_none() {
        let _ = slots::call_back(process, number);
    }
    process.kernel32.fls.clear(number);
    process.kernel32.procedures.forget(number);
    process.kernel32.tls.clear(number);
    let now = time::now(process);
    let State { handles, threads, .. } = &mut process.kernel32;
    let closes = threads.running[number].take().and_then(|running| running.closes);
    threads.ending[number] = None;
    threads.suspended[number] = 0;
    let own = threads.objects[number].take();
    if let Some(Object::Thread(thread)) = own.and_then(|own| handles.object(own)) {
        (thread.code, thread.ended) = (Some(code), now);
    }
    let mut changed: Vec<Id> = own.into_iter().collect();
    for (id, object) in handles.iter_mut() {
        if let Object::Mutex(mutex) = object
            && mutex.depth > 0
            && mutex.owner == number
        {
            (mutex.depth, mutex.abandoned) = (0, true);
            changed.push(id);
        }
    }
    changed.into_iter().for_each(|id| process.changed(id));
    if let Some(handle) = closes {
        process.kernel32.handles.remove(handle);
    }
    if let Some(own) = own {
        process.kernel32.handles.release(own);
    }
}

/// ExitThread: ends the call that runs, which is the whole thread unless it is the one that the host calls the driver on.
pub fn ExitThread(_: &mut Process, code: u32) -> Result<(), Stop> {
    Err(Stop::Kind(FaultKind::ThreadExit { code }))
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

    use guest::Mode;

    use super::*;
    use crate::testing::{Guest, alone};

    /// The event that work sets when it is done, and how often it has begun.
    static DONE: AtomicU64 = AtomicU64::new(0);
    static BEGUN: AtomicU32 = AtomicU32::new(0);

    fn work(process: &mut Process) {
        assert!(process.machine.current() > 0);
        // There is no code at 16: the callback faults, and the work goes on.
        let fault = process.call(16, &[1, 2]).unwrap_err();
        assert!(matches!(fault.kind, FaultKind::AccessViolation { .. }), "{fault:?}");
        process.pause(Duration::from_millis(2)).unwrap();
        let set = process.find("kernel32", &pe::Symbol::Name("SetEvent".to_owned())).unwrap();
        let (event, begun) = (DONE.load(Ordering::SeqCst), BEGUN.fetch_add(1, Ordering::SeqCst));
        assert_eq!(process.call(set, &[event]).unwrap(), 1);
        assert!(begun.is_multiple_of(2), "every other one panics");
    }

    fn the_system_has_threads_of_its_own(mode: Mode) {
        let mut guest = Guest::new(mode);
        guest.process.machine.make_pool().unwrap();
        let event = guest.call("CreateEventA", &[0, 0, 0, 0]);
        DONE.store(event, Ordering::SeqCst);
        // More often than there are threads: those are used again.
        let most = u32::try_from(POOL).unwrap() + 4;
        for _ in 0..most {
            assert!(start_system(&mut guest.process, work));
            assert_eq!(guest.call("WaitForSingleObject", &[event, 60_000]), 0);
        }
        assert_eq!(BEGUN.load(Ordering::SeqCst), most);
        // What waits takes a place.
        let forever = |process: &mut Process| drop(process.pause(Duration::MAX));
        let count = (0..=POOL).take_while(|_| start_system(&mut guest.process, forever)).count();
        assert!((POOL - 1..=POOL).contains(&count), "{count}");
    }

    #[test]
    fn the_system_has_threads_of_its_own_beside_32_bit_code() {
        alone(|| the_system_has_threads_of_its_own(Mode::I386));
    }

    #[test]
    fn the_system_has_threads_of_its_own_beside_64_bit_code() {
        alone(|| the_system_has_threads_of_its_own(Mode::X86_64));
    }
}
