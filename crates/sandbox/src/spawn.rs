//! Starting worker processes.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::Pid;

use crate::child::{Child, Process};
use crate::template::Template;
use crate::title::{NOBODY_YET, TEMPLATE};

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
#[derive(Debug)]
pub(crate) enum Request {
    Start {
        command: Box<Command>,
        answer: mpsc::SyncSender<io::Result<Process>>,
    },
    /// Waits for the end of a process that has been killed.
    Reap(Process),
}

/// How often the thread looks whether processes that were killed have ended.
const REAP: Duration = Duration::from_millis(10);

/// How many workers are started one by one. Whoever has more gets a [template](crate::template) first, of which all further ones are copies: it takes
/// as long to start as a worker does.
const ONE_BY_ONE: usize = 2;

/// Starts workers, always from one long-lived thread: the kernel kills a worker when the *thread* that started it ends
/// (`PR_SET_PDEATHSIG`), so a caller's short-lived thread must not be the one. It ends with the last clone and the last of the workers.
///
/// The thread waits for their ends, too. A killed process runs none of its code any more, but the kernel takes some milliseconds to take
/// its name spaces apart, which nobody should have to wait for.
///
/// Workers run on the processors and with the priority of the thread that made the spawner.
#[derive(Debug, Clone)]
pub struct Spawner {
    requests: mpsc::Sender<Request>,
    /// What is asked for, while there is no thread.
    unserved: Arc<Mutex<Option<mpsc::Receiver<Request>>>>,
    copies: Arc<Mutex<Copies>>,
}

/// How workers are started.
#[derive(Debug)]
enum Copies {
    /// One by one, as so many were.
    NotYet(usize),
    /// From a template.
    Of(Template),
    /// One by one: it did not work otherwise.
    Never,
}

impl Spawner {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`SpawnError::NoSpawner`] when the system gives no thread.
    pub fn new() -> Result<Self, SpawnError> {
        Self::after(0)
    }

    /// One whose workers are copies, from the first on.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn copying() -> Result<Self, SpawnError> {
        Self::after(ONE_BY_ONE)
    }

    /// One as it is when it has started so many workers.
    fn after(count: usize) -> Result<Self, SpawnError> {
        let spawner = Self::without_thread(count);
        spawner.start_thread()?;
        Ok(spawner)
    }

    /// One that has started `process`, a child of this process's that nobody has waited for. Its thread is not started before a further worker is to be, which would take a tenth of a start: it has the processors
    /// and the priority of whoever asks for that worker, and without it nobody waits for the end of `process`, which stays in the process list until this one ends.
    pub fn adopting(process: Pid) -> (Self, Child) {
        let spawner = Self::without_thread(1);
        let child = Child::new(Process(process), spawner.requests.clone());
        (spawner, child)
    }

    fn without_thread(count: usize) -> Self {
        let (requests, incoming) = mpsc::channel();
        let copies = Arc::new(Mutex::new(Copies::NotYet(count)));
        Self { requests, unserved: Arc::new(Mutex::new(Some(incoming))), copies }
    }

    /// Starts the thread, unless that has been done.
    fn start_thread(&self) -> Result<(), SpawnError> {
        let Some(incoming) = self.unserved.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        let run = move || serve(&incoming);
        thread::Builder::new().name("spawner".into()).spawn(run).map_err(|_| SpawnError::NoSpawner)?;
        Ok(())
    }

    /// Starts `program` with the three memfds of [`WORKER_DESCRIPTORS`].
    ///
    /// # Errors
    /// The system's, with the program's path.
    pub fn start(&self, program: &Path, descriptors: [OwnedFd; 3]) -> Result<Child, SpawnError> {
        let process = match self.copy(program, &descriptors) {
            Some(process) => process,
            None => self
                .start_there(worker(program, descriptors))?
                .map_err(|source| SpawnError::Start { program: program.to_owned(), source })?,
        };
        Ok(Child::new(process, self.requests.clone()))
    }

    /// A copy of the template, if there is to be one.
    fn copy(&self, program: &Path, descriptors: &[OwnedFd; 3]) -> Option<Process> {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Copies::NotYet(count) = &mut *copies {
            *count += 1;
            if *count <= ONE_BY_ONE {
                return None;
            }
            let start = |command| self.start_there(command).map_err(io::Error::other)?;
            // Whatever is wrong with it, a worker that is started one by one says it better.
            let template = Template::new(
                program.to_owned(),
                command(program, OsStr::new(TEMPLATE)),
                start,
                self.requests.clone(),
            );
            *copies = template.map_or(Copies::Never, Copies::Of);
        }
        match &*copies {
            Copies::Of(template) if template.program == program => {
                let copy = template.copy(descriptors).ok();
                if copy.is_none() {
                    *copies = Copies::Never;
                }
                copy
            }
            _ => None,
        }
    }

    /// Starts a process on the spawner's thread.
    fn start_there(&self, command: Command) -> Result<io::Result<Process>, SpawnError> {
        self.start_thread()?;
        let (answer, answered) = mpsc::sync_channel(1);
        let command = Box::new(command);
        self.requests.send(Request::Start { command, answer }).map_err(|_| SpawnError::NoSpawner)?;
        answered.recv().map_err(|_| SpawnError::NoSpawner)
    }
}

/// Does what is asked for until nobody can ask any more, and every killed process has ended.
fn serve(incoming: &mpsc::Receiver<Request>) {
    let mut dying: Vec<Process> = Vec::new();
    loop {
        let request = match dying.as_slice() {
            [] => incoming.recv().map_err(RecvTimeoutError::from),
            _ => incoming.recv_timeout(REAP),
        };
        match request {
            Ok(Request::Start { command, answer }) => {
                // A requester that is gone gets no process.
                if let Err(mpsc::SendError(Ok(process))) = answer.send(start(*command)) {
                    process.kill();
                    dying.push(process);
                }
            }
            Ok(Request::Reap(process)) => dying.push(process),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        dying.retain(|process| process.ended().is_none());
    }
    dying.iter().for_each(Process::wait);
}

/// The command that every worker is started by, but for one that begins before its host does (`early`), with what the process list shows for now.
fn command(program: &Path, name: &OsStr) -> Command {
    let mut command = Command::new(program);
    // A group of its own: Ctrl-C at the terminal is for the host, which then ends the session in order.
    command.arg(process::id().to_string()).arg(name).env_clear().current_dir("/").process_group(0);
    command
}

fn worker(program: &Path, [first, second, third]: [OwnedFd; 3]) -> Command {
    let mut command = command(program, OsStr::from_bytes(NOBODY_YET.to_bytes()));
    command.stdin(Stdio::from(first)).stdout(Stdio::from(second)).stderr(Stdio::from(third));
    command
}

fn start(mut command: Command) -> io::Result<Process> {
    let child = command.spawn()?;
    // Letting go of the value leaves the process alone.
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.map(Process).ok_or_else(|| io::Error::other("a process without a number"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    use super::*;
    use crate::child::Ended;
    use crate::shared::memory_file;

    #[test]
    fn a_killed_process_is_gone_soon_and_said_so_at_once() {
        let spawner = Spawner::new().unwrap();
        let descriptors = [0; 3].map(|_| memory_file(c"test").unwrap());
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
        let descriptors = [0; 3].map(|_| memory_file(c"test").unwrap());
        let error = Spawner::new().unwrap().start(Path::new("/no/such"), descriptors).unwrap_err();
        assert!(error.to_string().starts_with("/no/such: "), "{error}");
    }
}
