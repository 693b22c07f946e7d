//! A worker that never gets a driver: it has given up what no worker keeps, and is copied for each one that does.
//!
//! Half of a worker's start is the same for all: its program is loaded, it leaves the system's name spaces, and so on. A copy (`clone`) has all
//! of that already. It becomes a child of the host's, as if the host had started it, not of the template's.
//!
//! The host and its template share a socket. A request has the descriptors that the copy is to have; the answer is the copy's process id.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recv, recvmsg, send, sendmsg, socketpair,
    sockopt,
};
use rustix::process::Pid;

use crate::check;
use crate::child::Process;
use crate::spawn::Request;

/// How many descriptors a worker gets ([`crate::WORKER_DESCRIPTORS`]).
const DESCRIPTORS: usize = crate::WORKER_DESCRIPTORS.len();

/// How long a template has for making a copy. It does nothing else.
const PATIENCE: Duration = Duration::from_secs(10);

/// The host's end.
#[derive(Debug)]
pub(crate) struct Template {
    pub program: PathBuf,
    process: Process,
    socket: OwnedFd,
    /// The thread that waits for its end.
    spawner: mpsc::Sender<Request>,
}

impl Template {
    /// One that `start` starts with this command, but for the descriptors.
    ///
    /// # Errors
    /// The system's.
    pub fn new(
        program: PathBuf,
        mut command: Command,
        start: impl FnOnce(Command) -> io::Result<Process>,
        spawner: mpsc::Sender<Request>,
    ) -> io::Result<Self> {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        sockopt::set_socket_timeout(&ours, sockopt::Timeout::Recv, Some(PATIENCE))?;
        command.stdin(Stdio::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { program, process: start(command)?, socket: ours, spawner })
    }

    /// Has it copied; the copy gets these descriptors.
    ///
    /// # Errors
    /// The system's, or the template's, which is of no more use then.
    pub fn copy(&self, descriptors: &[OwnedFd; DESCRIPTORS]) -> io::Result<Process> {
        let descriptors = descriptors.each_ref().map(AsFd::as_fd);
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        sendmsg(&self.socket, &[IoSlice::new(&[0])], &mut control, SendFlags::NOSIGNAL)?;
        let mut answer = [0; 4];
        let (len, _) = rustix::io::retry_on_intr(|| recv(&self.socket, &mut answer, RecvFlags::empty()))?;
        let pid = if len == answer.len() { Pid::from_raw(i32::from_le_bytes(answer)) } else { None };
        pid.map(Process).ok_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

impl Drop for Template {
    fn drop(&mut self) {
        self.process.kill();
        // Where the thread is gone, so is the template.
        let _ = self.spawner.send(Request::Reap(Process(self.process.0)));
    }
}

/// In the template, which must have one thread only: makes a copy for each request, and returns in each of the copies, where the descriptors 0, 1 and 2 are those that came
/// with the request.
///
/// # Errors
/// In the template, when the host is gone or needs it no more.
pub fn serve(socket: BorrowedFd<'_>) -> io::Result<()> {
    loop {
        let descriptors = request(socket)?;
        // SAFETY: without CLONE_VM the copy has its own memory, with one thread, as this process has (contract above), so no lock is held there by a thread that is gone. What the
        // C library notes of a thread's number is the template's in the copy; it is used for locks that know their owner and for signals to the own thread, of which a worker has
        // neither. Nobody uses the null pointers: no flag asks for a stack, a thread's storage, or for the number to be written.
        let pid = unsafe { libc::syscall(libc::SYS_clone, libc::CLONE_PARENT | libc::SIGCHLD, 0, 0, 0, 0) };
        let pid = check(libc::c_int::try_from(pid).unwrap_or(-1))?;
        if pid == 0 {
            return take(descriptors);
        }
        send(socket, &pid.to_le_bytes(), SendFlags::NOSIGNAL)?;
    }
}

/// The descriptors of the next request.
fn request(socket: BorrowedFd<'_>) -> io::Result<[OwnedFd; DESCRIPTORS]> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let receive =
        || recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC);
    rustix::io::retry_on_intr(receive)?;
    let rights = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors.collect::<Vec<_>>()),
        _ => None,
    });
    // Without any, the other end is closed.
    rights.and_then(|rights| rights.try_into().ok()).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// Puts the descriptors where a worker looks for them.
fn take([first, second, third]: [OwnedFd; DESCRIPTORS]) -> io::Result<()> {
    rustix::stdio::dup2_stdin(first)?;
    rustix::stdio::dup2_stdout(second)?;
    rustix::stdio::dup2_stderr(third)?;
    Ok(())
}
