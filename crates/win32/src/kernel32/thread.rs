//! The guest's threads, and those of the system's own.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use guest::{Fault, FaultKind, POOL, Stop};

use crate::abi::{Handle, Pointer};
use crate::images::{DLL_THREAD_ATTACH, DLL_THREAD_DETACH};
use crate::kernel32::error::{ERROR_INVALID_HANDLE, ERROR_NOT_ENOUGH_MEMORY, fail};
use crate::kernel32::handles::Object;
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
    /// Which one of all that were ever started.
    serial: u32,
    /// How often it has been suspended before it began.
    suspended: u32,
}

/// The threads that run, or are to run.
#[derive(Debug)]
pub(crate) struct Tasks {
    /// By the number of the thread that has it.
    tasks: [Option<Task>; 1 + POOL],
    started: u32,
}

impl Tasks {
    /// None.
    pub fn new() -> Self {
        Self { tasks: [None; 1 + POOL], started: 0 }
    }

    /// How many are the driver's.
    fn of_driver(&self) -> usize {
        self.tasks.iter().filter(|task| matches!(task, Some(Task::Driver(_)))).count()
    }
}

/// Has a thread of the pool do `run`, on the host's side; false when all of them have work. It can call guest code and wait
/// ([`Process::wait_for`]). It is no thread of the driver's: no image is told of it, and it is not among those that a driver can start. What it
/// calls may fault, which is the call's answer; if `run` panics, that ends this thread's work and nothing else.
pub(crate) fn start_system(process: &mut Process, run: fn(&mut Process)) -> bool {
    let Some(number) = process.machine.reserve_thread() else { return false };
    // What it calls has thread-local data as any code has.
    if process.machine.prepare_thread(number).is_err() {
        process.machine.release_thread(number);
        return false;
    }
    process.kernel32.threads.tasks[number] = Some(Task::System(run));
    guest::start(process, number);
    true
}

/// Flags of CreateThread.
const CREATE_SUSPENDED: u32 = 4;

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
    if process.kernel32.threads.of_driver() >= POOL - SYSTEM {
        return Ok(no_thread(process));
    }
    let Some(number) = process.machine.reserve_thread() else { return Ok(no_thread(process)) };
    process.tell_of_threads()?;
    process.kernel32.threads.started += 1;
    let serial = process.kernel32.threads.started;
    let suspended = u32::from(flags & CREATE_SUSPENDED != 0);
    match prepare(process, number, serial, id) {
        Ok(Some(handle)) => {
            let start = Start { function, parameter, serial, suspended };
            process.kernel32.threads.tasks[number] = Some(Task::Driver(start));
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
    let task = tasks.find_map(|(number, task)| match task {
        Some(Task::Driver(start)) if start.serial == serial => Some((number, start)),
        _ => None,
    });
    match task {
        Some((number, start)) if start.suspended > 0 => {
            let before = start.suspended;
            start.suspended -= 1;
            if start.suspended == 0 {
                guest::start(process, number);
            }
            before
        }
        _ => 0,
    }
}

/// Does what a thread was started for; see [`guest::Host::thread`].
pub(crate) fn run_thread(process: &mut Process, number: usize) {
    let Some(task) = process.kernel32.threads.tasks[number] else { return };
    // What panics is lost, as with any shim; the thread's place is not.
    let _ = catch_unwind(AssertUnwindSafe(|| match task {
        Task::Driver(start) => run_driver(process, number, start),
        Task::System(run) => run(process),
    }));
    // Of one that has not come to its end.
    for (callback, value) in process.kernel32.fls.clear(number) {
        let _ = process.call(callback.0, &[value.0]);
    }
    process.kernel32.tls.clear(number);
    process.kernel32.threads.tasks[number] = None;
}

/// Runs a thread of the driver's from its beginning to its end.
fn run_driver(process: &mut Process, number: usize, start: Start) {
    // A thread that an image starts while it is told that it is loaded begins after that, as on Windows. Nobody interrupts this wait.
    let _ = process.wait_for(Duration::MAX, |process| Ok((process.attaching == 0).then_some(())));
    let ended = process
        .notify_all(DLL_THREAD_ATTACH)
        .and_then(|()| process.call(start.function.0, &[start.parameter.0]));
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
    let [a, b, c, d, ..] = code.to_le_bytes();
    let exit = u32::from_le_bytes([a, b, c, d]);
    for object in process.kernel32.handles.iter_mut() {
        match object {
            Object::Thread { serial, code } if *serial == start.serial => *code = Some(exit),
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
