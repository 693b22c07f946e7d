//! A worker's process, from when it has been started to when it has ended.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::spawn::Request;

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with code {code}"),
            Self::Signalled(libc::SIGSYS) => f.write_str("was killed by the system-call filter (SIGSYS)"),
            Self::Signalled(libc::SIGXCPU) => {
                f.write_str("was ended because it had used up its processor time (SIGXCPU)")
            }
            Self::Signalled(libc::SIGKILL) => f.write_str("was killed (SIGKILL)"),
            // What the fault handler raises when it was not the driver that faulted.
            Self::Signalled(libc::SIGILL) => {
                f.write_str("was ended by a fault outside the driver's code (SIGILL)")
            }
            Self::Signalled(libc::SIGSEGV) => f.write_str("crashed (SIGSEGV)"),
            Self::Signalled(libc::SIGABRT) => f.write_str("aborted (SIGABRT)"),
            Self::Signalled(signal) => write!(f, "was killed by signal {signal}"),
        }
    }
}

impl From<WaitStatus> for Ended {
    fn from(status: WaitStatus) -> Self {
        match status.exit_status() {
            Some(code) => Self::Exited(code),
            None => Self::Signalled(status.terminating_signal().unwrap_or(0)),
        }
    }
}

/// A process of this one's that has not been waited for, so that its number is still its own.
#[derive(Debug)]
pub(crate) struct Process(pub Pid);

impl Process {
    /// How it has ended, if it has; then it has been waited for, and this is to be thrown away.
    pub fn ended(&self) -> Option<Ended> {
        match waitpid(Some(self.0), WaitOptions::NOHANG) {
            Ok(status) => status.map(|(_, status)| status.into()),
            // Somebody else has waited for it.
            Err(_) => Some(Ended::Signalled(0)),
        }
    }

    /// Waits for its end.
    pub fn wait(&self) {
        // An error means that there is nothing to wait for.
        let _ = rustix::io::retry_on_intr(|| waitpid(Some(self.0), WaitOptions::empty()));
    }

    pub fn kill(&self) {
        // An error means that it has ended already.
        let _ = kill_process(self.0, Signal::KILL);
    }
}

#[derive(Debug)]
enum State {
    Running(Process),
    Ended(Ended),
}

/// A worker process. Dropping it kills the process.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    process: Mutex<State>,
    /// The thread that waits for its end once it is killed.
    spawner: mpsc::Sender<Request>,
}

impl Child {
    pub(crate) fn new(process: Process, spawner: mpsc::Sender<Request>) -> Self {
        Self { pid: process.0, process: Mutex::new(State::Running(process)), spawner }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Sends the main thread SIGUSR1, the soft deadline: code of the driver that runs there is interrupted.
    pub fn interrupt(&self) {
        if let State::Running(Process(pid)) = &*self.lock() {
            let pid = pid.as_raw_nonzero().get();
            // SAFETY: the process has not been waited for (it is `Running`, and the lock is held), so the id is still its own.
            // An error means that it has ended, which the next look at it shows.
            unsafe { libc::syscall(libc::SYS_tgkill, pid, pid, libc::SIGUSR1) };
        }
    }

    /// Gives all threads that it has now real-time priority ([`crate::prefer_this_thread`]).
    ///
    /// # Errors
    /// The system's. A process that has ended is no error.
    pub fn prefer(&self) -> io::Result<()> {
        match &*self.lock() {
            // It has not been waited for, and the lock is held, so the id is still its own.
            State::Running(Process(pid)) => crate::priority::prefer_process(pid.as_raw_nonzero().get()),
            State::Ended(_) => Ok(()),
        }
    }

    /// Has its main thread run on these processors. It stays in the jail's bounds otherwise.
    ///
    /// # Errors
    /// The system's. A process that has ended is no error.
    pub fn run_on(&self, processors: &CpuSet) -> io::Result<()> {
        match &*self.lock() {
            // As in `prefer`.
            State::Running(Process(pid)) => Ok(sched_setaffinity(Some(*pid), processors)?),
            State::Ended(_) => Ok(()),
        }
    }

    /// Whether the process has ended, and how.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        let mut state = self.lock();
        if let State::Running(process) = &*state
            && let Some(ended) = process.ended()
        {
            *state = State::Ended(ended);
        }
        match *state {
            State::Running(_) => None,
            State::Ended(ended) => Some(ended),
        }
    }

    /// Kills the process, if it has not ended. It runs no more of its code then; what is left of it goes away soon.
    pub fn kill(&self) {
        let mut state = self.lock();
        if let State::Running(process) = &*state {
            process.kill();
            let killed = State::Ended(Ended::Signalled(libc::SIGKILL));
            if let State::Running(process) = std::mem::replace(&mut *state, killed) {
                // Where the thread is gone, so is everything that could be waited for: it ends last.
                let _ = self.spawner.send(Request::Reap(process));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}
