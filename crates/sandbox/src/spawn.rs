//! Starting worker processes and ending them.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::title::NOBODY_YET;

/// What a worker finds at descriptors 0, 1 and 2, in this order: the standard streams' places carry the three memfds,
/// because those are the descriptors that starting a program hands over without a window in which others could inherit them.
pub const WORKER_DESCRIPTORS: [&str; 3] = ["channel", "arena", "image"];

/// Why a worker was not started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The worker's program could not be started.
    #[error("{}: {source}", program.display())]
    Start {
        /// The program's path.
        program: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The thread that starts workers is gone.
    #[error("the thread that starts workers could not be started or is gone")]
    NoSpawner,
}

/// What the spawner's thread is asked for.
enum Request {
    Start {
        program: PathBuf,
        descriptors: [OwnedFd; 3],
        answer: mpsc::SyncSender<io::Result<process::Child>>,
    },
    /// Waits for the end of a process that has been killed.
    Reap(process::Child),
}

/// How often the thread looks whether processes that were killed have ended.
const REAP: Duration = Duration::from_millis(10);

/// Starts workers, always from one long-lived thread: the kernel kills a worker when the *thread* that started it ends
/// (`PR_SET_PDEATHSIG`), so a caller's short-lived thread must not be the one.
///
/// The thread waits for their ends, too. A killed process runs none of its code any more, but the kernel takes some milliseconds to take
/// its name spaces apart, which nobody should have to wait for.
#[derive(Debug)]
pub struct Spawner {
    requests: mpsc::Sender<Request>,
}

impl Spawner {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`SpawnError::NoSpawner`] when the system gives no thread.
    pub fn new() -> Result<Self, SpawnError> {
        let (requests, incoming) = mpsc::channel();
        let run = move || serve(&incoming);
        thread::Builder::new().name("spawner".into()).spawn(run).map_err(|_| SpawnError::NoSpawner)?;
        Ok(Self { requests })
    }

    /// Starts `program` on the calling thread, which must live for as long as the process is wanted: the kernel kills that with it.
    ///
    /// # Errors
    /// The system's, with the program's path.
    pub fn start_here(&self, program: &Path, descriptors: [OwnedFd; 3]) -> Result<Child, SpawnError> {
        let process = start(program, descriptors)
            .map_err(|source| SpawnError::Start { program: program.to_owned(), source })?;
        Ok(self.child(process))
    }

    /// Starts `program` with the three memfds of [`WORKER_DESCRIPTORS`].
    ///
    /// # Errors
    /// The system's, with the program's path.
    pub fn start(&self, program: &Path, descriptors: [OwnedFd; 3]) -> Result<Child, SpawnError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let program = program.to_owned();
        let request = Request::Start { program: program.clone(), descriptors, answer };
        self.requests.send(request).map_err(|_| SpawnError::NoSpawner)?;
        let started = answered.recv().map_err(|_| SpawnError::NoSpawner)?;
        Ok(self.child(started.map_err(|source| SpawnError::Start { program, source })?))
    }

    fn child(&self, process: process::Child) -> Child {
        Child {
            pid: process.id(),
            process: Mutex::new(State::Running(process)),
            spawner: self.requests.clone(),
        }
    }
}

/// Does what is asked for until nobody can ask any more, and every killed process has ended.
fn serve(incoming: &mpsc::Receiver<Request>) {
    let mut dying: Vec<process::Child> = Vec::new();
    loop {
        let request = match dying.as_slice() {
            [] => incoming.recv().map_err(RecvTimeoutError::from),
            _ => incoming.recv_timeout(REAP),
        };
        match request {
            Ok(Request::Start { program, descriptors, answer }) => {
                // A requester that is gone gets no process.
                let started = start(&program, descriptors);
                if let Err(mpsc::SendError(Ok(mut process))) = answer.send(started) {
                    // An error means that it has ended already.
                    let _ = process.kill();
                    dying.push(process);
                }
            }
            Ok(Request::Reap(process)) => dying.push(process),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        dying.retain_mut(|process| matches!(process.try_wait(), Ok(None)));
    }
    for mut process in dying {
        // Nobody is there to be told of an error.
        let _ = process.wait();
    }
}

fn start(program: &Path, descriptors: [OwnedFd; 3]) -> io::Result<process::Child> {
    let [first, second, third] = descriptors;
    Command::new(program)
        .arg(process::id().to_string())
        .arg(NOBODY_YET)
        .env_clear()
        .current_dir("/")
        // A group of its own: Ctrl-C at the terminal is for the host, which then ends the session in order.
        .process_group(0)
        .stdin(Stdio::from(first))
        .stdout(Stdio::from(second))
        .stderr(Stdio::from(third))
        .spawn()
}

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

#[derive(Debug)]
enum State {
    Running(process::Child),
    Ended(Ended),
}

/// A worker process. Dropping it kills the process.
#[derive(Debug)]
pub struct Child {
    pid: u32,
    process: Mutex<State>,
    /// The thread that waits for its end once it is killed.
    spawner: mpsc::Sender<Request>,
}

impl Child {
    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.pid
    }

    /// Sends the main thread SIGUSR1, the soft deadline: code of the driver that runs there is interrupted.
    pub fn interrupt(&self) {
        let state = self.lock();
        if let (State::Running(_), Ok(pid)) = (&*state, libc::pid_t::try_from(self.pid)) {
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
        let state = self.lock();
        match (&*state, libc::pid_t::try_from(self.pid)) {
            // It has not been waited for, and the lock is held, so the id is still its own.
            (State::Running(_), Ok(pid)) => crate::priority::prefer_process(pid),
            _ => Ok(()),
        }
    }

    /// Whether the process has ended, and how.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        let mut state = self.lock();
        if let State::Running(child) = &mut *state
            && let Ok(Some(status)) = child.try_wait()
        {
            *state = State::Ended(ended(status));
        }
        match *state {
            State::Running(_) => None,
            State::Ended(ended) => Some(ended),
        }
    }

    /// Kills the process, if it has not ended. It runs no more of its code then; what is left of it goes away soon.
    pub fn kill(&self) {
        let mut state = self.lock();
        if let State::Running(child) = &mut *state {
            // An error means that it has ended already.
            let _ = child.kill();
            let killed = State::Ended(Ended::Signalled(libc::SIGKILL));
            if let State::Running(child) = std::mem::replace(&mut *state, killed) {
                // Where the thread is gone, so is everything that could be waited for: it ends last.
                let _ = self.spawner.send(Request::Reap(child));
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

fn ended(status: process::ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Signalled(signal.unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    use super::*;
    use crate::shared::memory_file;

    #[test]
    fn a_killed_process_is_gone_soon_and_said_so_at_once() {
        let spawner = Spawner::new().unwrap();
        let descriptors = [0; 3].map(|_| memory_file("test").unwrap());
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("sleeper");
        fs::write(&program, "#!/bin/sh\nexec sleep 60\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let child = spawner.start(&program, descriptors).unwrap();
        assert_eq!(child.ended(), None);
        child.kill();
        assert_eq!(child.ended(), Some(Ended::Signalled(libc::SIGKILL)));
        let (process, begun) = (format!("/proc/{}", child.id()), Instant::now());
        while Path::new(&process).exists() {
            assert!(begun.elapsed() < Duration::from_secs(20), "nobody waits for it");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let descriptors = [0; 3].map(|_| memory_file("test").unwrap());
        let error = Spawner::new().unwrap().start(Path::new("/no/such"), descriptors).unwrap_err();
        assert!(error.to_string().starts_with("/no/such: "), "{error}");
    }
}
