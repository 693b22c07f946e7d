//! Starting worker processes and ending them.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

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

struct Request {
    program: PathBuf,
    name: OsString,
    descriptors: [OwnedFd; 3],
    answer: mpsc::SyncSender<Result<Child, SpawnError>>,
}

/// Starts workers, always from one long-lived thread: the kernel kills a worker when the *thread* that started it ends
/// (`PR_SET_PDEATHSIG`), so a caller's short-lived thread must not be the one.
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
        let (requests, incoming) = mpsc::channel::<Request>();
        let run = move || {
            for request in incoming {
                let result = start(&request.program, &request.name, request.descriptors);
                // A requester that is gone gets no child; dropping it kills the process.
                let _ = request.answer.send(result);
            }
        };
        thread::Builder::new().name("spawner".into()).spawn(run).map_err(|_| SpawnError::NoSpawner)?;
        Ok(Self { requests })
    }

    /// Starts `program` with the three memfds of [`WORKER_DESCRIPTORS`]; `name` is for people who look at the process list.
    ///
    /// # Errors
    /// The system's, with the program's path.
    pub fn spawn(&self, program: &Path, name: &str, descriptors: [OwnedFd; 3]) -> Result<Child, SpawnError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let request = Request { program: program.to_owned(), name: name.into(), descriptors, answer };
        self.requests.send(request).map_err(|_| SpawnError::NoSpawner)?;
        answered.recv().map_err(|_| SpawnError::NoSpawner)?
    }
}

fn start(program: &Path, name: &OsString, descriptors: [OwnedFd; 3]) -> Result<Child, SpawnError> {
    let [first, second, third] = descriptors;
    Command::new(program)
        .arg(std::process::id().to_string())
        .arg(name)
        .env_clear()
        .current_dir("/")
        // A group of its own: Ctrl-C at the terminal is for the host, which then ends the session in order.
        .process_group(0)
        .stdin(Stdio::from(first))
        .stdout(Stdio::from(second))
        .stderr(Stdio::from(third))
        .spawn()
        .map(|child| Child { pid: child.id(), process: Mutex::new(State::Running(child)) })
        .map_err(|source| SpawnError::Start { program: program.to_owned(), source })
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
    Running(std::process::Child),
    Ended(Ended),
}

/// A worker process. Dropping it kills the process and waits for its end.
#[derive(Debug)]
pub struct Child {
    pid: u32,
    process: Mutex<State>,
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

    /// Kills the process, if it has not ended, and answers how it ended.
    pub fn kill(&self) -> Ended {
        let mut state = self.lock();
        if let State::Running(child) = &mut *state {
            // An error means that it has ended already.
            let _ = child.kill();
            let how = child.wait().map_or(Ended::Signalled(libc::SIGKILL), ended);
            *state = State::Ended(how);
        }
        match *state {
            State::Ended(ended) => ended,
            State::Running(_) => Ended::Signalled(libc::SIGKILL),
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

fn ended(status: std::process::ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Signalled(signal.unwrap_or(0)),
    }
}
