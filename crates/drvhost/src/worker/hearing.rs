//! What a worker says while it is waited for: that which is only taken note of, and that which needs the host.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use wire::{Channel, ShimCalls, ToHost, ToWorker};

use super::{Broker, NOT_ASKED, Worker, printable};
use crate::aside::{self, Aside};
use crate::reply::Reply;
use crate::waiting::Waiting;

/// How many texts of a driver's are shown for each request.
const SAID_MOST: u32 = 1000;
/// Of how many functions, and of how many kinds of their failures, the trace says for each request how often they came: far more than there are.
const COUNTED_MOST: usize = 20_000;

impl Worker {
    /// Sends a message and waits for the next one that needs the host.
    pub(super) fn say_and_hear(
        &self,
        message: &ToWorker,
        waiting: &mut Waiting,
        broker: &dyn Broker,
    ) -> Result<ToHost, Reply> {
        let mut channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        // What is there before it is asked is no answer, whatever number it carries.
        if channel.has_more(self.memory.words()) && self.take_from(&mut channel, waiting, broker)?.is_some() {
            return Err(Reply::Died(self.end(NOT_ASKED)));
        }
        channel.send(self.memory.words(), message).map_err(|error| self.broken(&error))?;
        self.hear_from(&mut channel, waiting, broker)
    }

    /// Sends a request without waiting for anything.
    pub(super) fn say(&self, message: &ToWorker) -> Result<(), Reply> {
        let mut channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        channel.send(self.memory.words(), message).map_err(|error| self.broken(&error))
    }

    /// Waits for the next message that needs the host.
    pub(super) fn hear(&self, waiting: &mut Waiting, broker: &dyn Broker) -> Result<ToHost, Reply> {
        let mut channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        self.hear_from(&mut channel, waiting, broker)
    }

    /// The next message that needs the host, if it is there already.
    pub(super) fn take(&self, waiting: &mut Waiting, broker: &dyn Broker) -> Result<Option<ToHost>, Reply> {
        let mut channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        self.take_from(&mut channel, waiting, broker)
    }

    fn hear_from(
        &self,
        channel: &mut Channel,
        waiting: &mut Waiting,
        broker: &dyn Broker,
    ) -> Result<ToHost, Reply> {
        loop {
            let heard = channel.receive(self.memory.words(), || Some(waiting.next_look()));
            match heard.map_err(|error| self.broken(&error))? {
                Some(message) if is_note(&message) => self.note(message, waiting, broker)?,
                Some(message) => return Ok(message),
                None => self.check(waiting)?,
            }
        }
    }

    fn take_from(
        &self,
        channel: &mut Channel,
        waiting: &mut Waiting,
        broker: &dyn Broker,
    ) -> Result<Option<ToHost>, Reply> {
        while let Some(message) = channel.take(self.memory.words()).map_err(|error| self.broken(&error))? {
            if !is_note(&message) {
                return Ok(Some(message));
            }
            self.note(message, waiting, broker)?;
        }
        Ok(None)
    }

    fn broken(&self, what: &dyn std::fmt::Display) -> Reply {
        Reply::Died(self.end(&format!("broke the protocol ({what}) and was killed")))
    }

    /// Takes note of a message that is not answered.
    fn note(&self, message: ToHost, waiting: &mut Waiting, broker: &dyn Broker) -> Result<(), Reply> {
        match message {
            ToHost::Said(text) => self.show(&text, broker, waiting),
            ToHost::Shims(calls) => {
                let amount = |calls: &ShimCalls| 1 + calls.failures.len();
                let amount = calls.iter().map(amount).sum::<usize>().max(1);
                waiting.counted = waiting.counted.saturating_add(amount);
                if waiting.counted <= COUNTED_MOST {
                    broker.trace().shims(self.number, &self.name, calls);
                }
            }
            ToHost::Entered(entered) => {
                let driver = broker.driver_of(self, entered.hdrvr);
                if !waiting.direct.enter(*entered, driver, broker.trace()) {
                    return Err(self.broken(&"calls without end"));
                }
            }
            ToHost::Left { result } => {
                if !waiting.direct.leave(result, self.number, broker.trace()) {
                    return Err(self.broken(&"the end of no call"));
                }
            }
            ToHost::Threads => self.listen_aside(),
            ToHost::Heard(heard) => self.services.hear(&heard),
            _ => return Err(Reply::Died(self.end(NOT_ASKED))),
        }
        // A worker that never stops talking must not put off its deadline.
        self.check_if_late(waiting)
    }

    /// Begins to serve what further threads of the driver's want.
    fn listen_aside(&self) {
        if self.aside.swap(true, Ordering::SeqCst) {
            return;
        }
        let aside = Aside {
            child: Arc::clone(&self.child),
            memory: Arc::clone(&self.memory),
            services: Arc::clone(&self.services),
            images: Arc::clone(&self.images),
            brought: self.brought,
            over: Arc::clone(&self.over),
            dead: Arc::clone(&self.dead),
            processors: self.processors,
        };
        if let Err(why) = aside::serve(aside) {
            self.end(&format!("has threads that nobody can listen to ({why}) and was killed"));
        }
    }

    /// Shows what the driver wrote for people, up to a limit for each request.
    fn show(&self, text: &str, broker: &dyn Broker, waiting: &mut Waiting) {
        waiting.said = waiting.said.saturating_add(1);
        match waiting.said {
            ..SAID_MOST => broker.said(&self.name, &printable(text)),
            SAID_MOST => broker.said(&self.name, "(says more than is shown)"),
            _ => {}
        }
    }
}

/// Whether a message is only taken note of.
fn is_note(message: &ToHost) -> bool {
    match message {
        ToHost::Said(_)
        | ToHost::Shims(_)
        | ToHost::Entered(_)
        | ToHost::Left { .. }
        | ToHost::Threads
        | ToHost::Heard(_) => true,
        ToHost::Started(_)
        | ToHost::NotStarted(_)
        | ToHost::Loaded(_)
        | ToHost::Unloadable(_)
        | ToHost::Answered { .. }
        | ToHost::Faulted { .. }
        | ToHost::Dropped { .. }
        | ToHost::Asked(_)
        | ToHost::Wanted(_)
        | ToHost::Advanced(_) => false,
    }
}
