//! This side of the channel.

use std::io::{self, stdin};
use std::os::fd::AsFd;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sandbox::{SharedMemory, futex, processors};
use win32::{Aside, Link, LinkError, Listen};
use wire::channel::{self, Name};
use wire::ring::{RingError, Sleep};
use wire::{Channel, ChannelError, Served, Side, ToHost, ToWorker, Want};

/// A word that nobody changes and nobody wakes.
static NEVER: AtomicU32 = AtomicU32::new(0);

/// How long to wait for room in the channel before looking again.
const ROOM: Duration = Duration::from_micros(20);

/// The line to the host: the channel's memory, mapped for good, and this end's state. Each direction has its own, because one thread may
/// speak while another one listens.
#[derive(Clone)]
pub struct Line {
    words: &'static [AtomicU32],
    speaking: Arc<Mutex<Channel>>,
    listening: Arc<Mutex<Channel>>,
    /// For threads that do not serve requests: one of them at a time speaks and listens.
    aside: Arc<Mutex<Channel>>,
}

impl Line {
    /// Maps the channel that the host handed over as descriptor 0.
    pub fn open() -> io::Result<Self> {
        let memory = SharedMemory::from_descriptor("channel", stdin().as_fd()).map_err(io::Error::other)?;
        // Mapped for as long as the process lives: the signal handler looks into it, too.
        let words = Box::leak(Box::new(memory)).words();
        let looks = processors::has_company();
        let end = |line| {
            let sleep = Sleep { wait: futex::wait, wake: futex::wake, looks };
            let end = Channel::new(Side::Worker, line, sleep);
            Arc::new(Mutex::new(end))
        };
        let aside = end(channel::Line::Aside);
        Ok(Self { words, speaking: end(channel::Line::Main), listening: end(channel::Line::Main), aside })
    }

    /// The channel's words.
    pub fn words(&self) -> &'static [AtomicU32] {
        self.words
    }

    /// Sends one message.
    pub fn send(&self, message: &ToHost) -> Result<(), LinkError> {
        let mut channel = self.speaking.lock().unwrap_or_else(PoisonError::into_inner);
        if let ToHost::Heard(_) = message {
            // It is too much to be lost, and leaves room for answers: the host hears it while it waits for one.
            loop {
                match channel.send_if_room(self.words, message) {
                    Err(ChannelError::Ring(RingError::Full)) => futex::wait(&NEVER, 0, Some(ROOM)),
                    sent => return sent.map_err(|_| LinkError),
                }
            }
        }
        // Text may be lost, and counts may be told later, so that it never takes the place of an answer.
        let sent = match message {
            ToHost::Said(_) | ToHost::Shims(_) => channel.send_if_room(self.words, message),
            _ => channel.send(self.words, message),
        };
        sent.map_err(|_| LinkError)
    }

    /// Sleeps until the host ends this process.
    pub fn wait_for_end(&self) -> ! {
        loop {
            futex::wait(&NEVER, 0, None);
        }
    }
}

impl Link for Line {
    fn say(&mut self, message: &ToHost) -> Result<(), LinkError> {
        self.send(message)
    }

    fn say_quietly(&mut self, message: &ToHost) -> Result<(), LinkError> {
        let mut channel = self.speaking.lock().unwrap_or_else(PoisonError::into_inner);
        channel.send_quietly(self.words, message).map_err(|_| LinkError)
    }

    fn interrupt(&self) -> &'static AtomicU32 {
        // The words are as many as a channel needs, or nothing would have been received.
        channel::interrupt(self.words).unwrap_or(&NEVER)
    }

    fn note_shim(&self, name: &Name) {
        channel::note_shim(self.words, name);
    }
}

impl Listen for Line {
    fn hear(&mut self) -> Result<ToWorker, LinkError> {
        let mut channel = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        channel.receive(self.words, || None).ok().flatten().ok_or(LinkError)
    }

    fn has_more(&self) -> bool {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner).has_more(self.words)
    }
}

impl Aside for Line {
    fn ask(&mut self, want: &Want) -> Result<Served, LinkError> {
        let mut channel = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        channel.send(self.words, want).map_err(|_| LinkError)?;
        channel.receive(self.words, || None).ok().flatten().ok_or(LinkError)
    }
}
