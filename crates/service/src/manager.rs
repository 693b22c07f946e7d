//! The interface `org.drvhost.Host1.Manager`.

pub mod bodies;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use drvhost::{Block, Hdrvr, Reason, Session};
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::{OwnedFd, interface};

use crate::clients::{Asked, Client, Clients, Listed, Wanted};
use crate::errors::Refusal;
use crate::instruments::{self, State};
use crate::memory::Shared;
use crate::report::EndCause;
use crate::serve::Service;
use crate::watch::STOPPED;

/// How much a message carries to or from a driver. A bus closes the connection of who sends more than it allows, which is twice this at the least.
const MOST_BYTES: usize = 16 << 20;

/// The object at [`PATH`](crate::PATH).
#[derive(Debug)]
pub(crate) struct Manager {
    service: Arc<Service>,
}

impl Manager {
    pub fn new(service: Arc<Service>) -> Self {
        Self { service }
    }

    /// Does what whoever has sent a message asks for.
    async fn call<T: Send + 'static>(
        &self,
        header: &Header<'_>,
        work: impl FnOnce(&Clients, &Arc<Client>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let client = self.service.client(header).await?;
        self.service.call(&client, work).await
    }

    async fn open_as(&self, header: &Header<'_>, wanted: Wanted) -> Result<u64, Refusal> {
        let opened = self.call(header, move |clients, client| clients.open(client, &wanted)).await;
        self.service.changed().await;
        opened.map(|hdrvr| hdrvr.0)
    }

    /// Refuses whoever is neither the service's own user nor root.
    async fn master(&self, header: &Header<'_>, what: &str) -> Result<Arc<Client>, Refusal> {
        let client = self.service.client(header).await?;
        if self.service.clients.is_master(client.uid) {
            Ok(client)
        } else {
            Err(Refusal::Denied(format!("only the service's own user and root may {what}")))
        }
    }
}

/// Sends a message whose lParam1 is the address of `block`, and whose lParam2 is `size`.
fn send_block(
    session: &Session,
    hdrvr: Hdrvr,
    message: u32,
    block: &Block,
    size: usize,
) -> Result<i64, Refusal> {
    let size = i64::try_from(size).map_err(|_| drvhost::Error::TooLarge(u64::MAX))?;
    Ok(session.send(hdrvr, message, block.lparam(), size)?)
}

#[interface(name = "org.drvhost.Host1.Manager", introspection_docs = false)]
impl Manager {
    /// `OpenDriver`: an entry or a file, in a section (empty: Drivers32), with DRV_OPEN's lParam2.
    #[zbus(out_args("handle"))]
    async fn open(
        &self,
        #[zbus(header)] header: Header<'_>,
        driver: String,
        section: String,
        lparam2: i64,
    ) -> Result<u64, Refusal> {
        self.open_as(&header, Wanted { driver, section, text: String::new(), lparam2 }).await
    }

    /// `Open` with text for DRV_OPEN instead of what the entry says.
    #[zbus(out_args("handle"))]
    async fn open_with_text(
        &self,
        #[zbus(header)] header: Header<'_>,
        driver: String,
        section: String,
        text: String,
        lparam2: i64,
    ) -> Result<u64, Refusal> {
        self.open_as(&header, Wanted { driver, section, text, lparam2 }).await
    }

    /// `SendDriverMessage`.
    #[zbus(out_args("result"))]
    async fn send(
        &self,
        #[zbus(header)] header: Header<'_>,
        handle: u64,
        message: u32,
        lparam1: i64,
        lparam2: i64,
    ) -> Result<i64, Refusal> {
        let send = move |session: &Session, hdrvr| Ok(session.send(hdrvr, message, lparam1, lparam2)?);
        self.call(&header, move |clients, client| clients.with(client, handle, send)).await
    }

    /// `SendDriverMessage` with lParam1 the address of a copy of `in`, and lParam2 its size. Answers what is there afterwards, `out_size` bytes of it.
    #[zbus(out_args("result", "out"))]
    async fn send_buffer(
        &self,
        #[zbus(header)] header: Header<'_>,
        handle: u64,
        message: u32,
        r#in: Vec<u8>,
        out_size: u32,
    ) -> Result<(i64, Vec<u8>), Refusal> {
        let out_size = usize::try_from(out_size).unwrap_or(usize::MAX);
        let largest = r#in.len().max(out_size);
        if largest > MOST_BYTES {
            return Err(Refusal::TooLarge(format!(
                "{largest} bytes are more than a message may carry, which is {MOST_BYTES}; SendMemory takes more"
            )));
        }
        let send = move |session: &Session, hdrvr| {
            let block = session.arena(hdrvr)?.block(largest)?;
            let mut out = vec![0; out_size];
            // Where a block was used before, it holds what was there.
            block.write(0, &vec![0; largest])?;
            block.write(0, &r#in)?;
            let result = send_block(session, hdrvr, message, &block, r#in.len())?;
            block.read(0, &mut out)?;
            Ok((result, out))
        };
        self.call(&header, move |clients, client| clients.with(client, handle, send)).await
    }

    /// `SendBuffer` in place: with the first `size` bytes of a memory file, which holds afterwards what the driver has left there.
    #[zbus(out_args("result"))]
    async fn send_memory(
        &self,
        #[zbus(header)] header: Header<'_>,
        handle: u64,
        message: u32,
        memory: OwnedFd,
        size: u64,
    ) -> Result<i64, Refusal> {
        let send = move |session: &Session, hdrvr| {
            let shared = Shared::new(memory.into(), size)?;
            let block = session.arena(hdrvr)?.block(shared.size())?;
            shared.copy_to(&block)?;
            let result = send_block(session, hdrvr, message, &block, shared.size())?;
            shared.copy_from(&block)?;
            Ok(result)
        };
        self.call(&header, move |clients, client| clients.with(client, handle, send)).await
    }

    /// Opens a driver, sends it one message with two numbers, closes it, and answers what it answered: for callers that leave the bus after each call.
    #[zbus(out_args("result"))]
    async fn send_once(
        &self,
        #[zbus(header)] header: Header<'_>,
        driver: String,
        section: String,
        message: u32,
        lparam1: i64,
        lparam2: i64,
    ) -> Result<i64, Refusal> {
        let wanted = Wanted { driver, section, text: String::new(), lparam2: 0 };
        let send = move |session: &Session, hdrvr| {
            let answer = session.send(hdrvr, message, lparam1, lparam2);
            // The answer counts whatever becomes of closing.
            if let Err(error) = session.close(hdrvr, 0, 0) {
                tracing::warn!(%error, "an instance could not be closed");
            }
            Ok(answer?)
        };
        let whole = move |clients: &Clients, client: &Arc<Client>| {
            let hdrvr = clients.open(client, &wanted)?;
            clients.with(client, hdrvr.0, send)
        };
        let answer = self.call(&header, whole).await;
        self.service.changed().await;
        answer
    }

    /// `CloseDriver`; 0 means that the driver has refused and stays open.
    #[zbus(out_args("result"))]
    async fn close(
        &self,
        #[zbus(header)] header: Header<'_>,
        handle: u64,
        lparam1: i64,
        lparam2: i64,
    ) -> Result<i64, Refusal> {
        let close = move |session: &Session, hdrvr| Ok(session.close(hdrvr, lparam1, lparam2)?);
        let closed = self.call(&header, move |clients, client| clients.with(client, handle, close)).await;
        self.service.changed().await;
        closed
    }

    /// The drivers known here: alias (or empty), file, machine (or empty), and how it was found.
    #[zbus(out_args("drivers"))]
    async fn list_drivers(
        &self,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Vec<(String, String, String, String)>, Refusal> {
        let known =
            self.call(&header, |clients, _| Ok(drvhost::inspect::known(&clients.settings().registry()?)));
        let line = |known: drvhost::inspect::Known| {
            let (alias, machine) = (known.alias.unwrap_or_default(), known.machine.unwrap_or_default());
            (alias, known.file, machine, known.source.to_string())
        };
        Ok(known.await?.into_iter().map(line).collect())
    }

    /// What is open, as far as the caller may know: handle, driver, identifier, and the client's process.
    #[zbus(out_args("instances"))]
    async fn list_instances(&self, #[zbus(header)] header: Header<'_>) -> Result<Vec<Listed>, Refusal> {
        let client = self.service.client(&header).await?;
        Ok(self.service.clients.list(&client))
    }

    /// Plays a synth through JACK until it is stopped: an entry or a file, with text for DRV_OPEN after a space; which of its MIDI devices; the name that others
    /// find it by (empty: the driver's); how far it plays ahead (0: 20 ms); and whether it is connected with the sound card and the MIDI devices. Answers the name.
    #[zbus(out_args("name"))]
    async fn start_instrument(
        &self,
        #[zbus(header)] header: Header<'_>,
        driver: String,
        device: u32,
        name: String,
        latency_us: u32,
        connect: bool,
    ) -> Result<String, Refusal> {
        let latency = Duration::from_micros(latency_us.into());
        let asked = Asked { driver, device, name, latency, connect };
        let started =
            self.call(&header, move |clients, client| clients.start_instrument(client, asked)).await;
        if let Ok(name) = &started {
            self.service.instrument_is(name, State::Playing.name()).await;
        }
        self.service.changed().await;
        started
    }

    /// Stops an instrument: its driver is told DRV_EXITSESSION, and closed. Answers how that went, as JSON.
    #[zbus(out_args("report"))]
    async fn stop_instrument(
        &self,
        #[zbus(header)] header: Header<'_>,
        name: String,
    ) -> Result<String, Refusal> {
        let theirs = name.clone();
        let stopped = self.call(&header, move |clients, _| clients.stop_instrument(&theirs)).await;
        if stopped.is_ok() {
            self.service.instrument_is(&name, STOPPED).await;
        }
        self.service.changed().await;
        stopped
    }

    /// Each instrument's name, driver, device, state (`playing`, `failed` or `ended`), and all else by its name.
    #[zbus(out_args("instruments"))]
    async fn list_instruments(
        &self,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Vec<instruments::Listed>, Refusal> {
        self.service.client(&header).await?;
        Ok(self.service.clients.instruments.list())
    }

    /// Ends the session: every driver of every client is told DRV_EXITSESSION, then closed. Answers the report as JSON.
    #[zbus(out_args("report"))]
    async fn end_session(&self, #[zbus(header)] header: Header<'_>) -> Result<String, Refusal> {
        self.master(&header, "end the session").await?;
        let within = self.service.clients.settings().end_time();
        let report = self.service.end_session(EndCause::Request, within).await?;
        self.service.changed().await;
        Ok(report.json())
    }

    /// Lets drivers be opened again after EndSession.
    async fn begin_session(&self, #[zbus(header)] header: Header<'_>) -> Result<(), Refusal> {
        self.master(&header, "begin a session").await?;
        self.service.begin_session().await;
        Ok(())
    }

    /// Says that the caller ends as it should: its drivers are told so and closed before this is answered.
    async fn goodbye(&self, #[zbus(header)] header: Header<'_>) -> Result<(), Refusal> {
        let client = self.service.client(&header).await?;
        let leaving = self.service.clients.part_from(&client);
        self.service.dismiss(leaving, Reason::NormalExit).await
    }

    /// Forgets that a driver has died in the hands of the caller's user, and answers whether it had.
    #[zbus(out_args("had_died"))]
    async fn pardon(&self, #[zbus(header)] header: Header<'_>, driver: String) -> Result<bool, Refusal> {
        self.call(&header, move |clients, client| clients.pardon(client, &driver)).await
    }

    /// `running`, `ending` or `ended`.
    #[zbus(property)]
    async fn state(&self) -> String {
        self.service.clients.phase().name().to_owned()
    }

    /// How many instances are open.
    #[zbus(property)]
    async fn instances(&self) -> u32 {
        u32::try_from(self.service.clients.open_instances()).unwrap_or(u32::MAX)
    }

    /// How many instruments there are, without those that have ended.
    #[zbus(property)]
    async fn instruments(&self) -> u32 {
        u32::try_from(self.service.clients.instruments.open()).unwrap_or(u32::MAX)
    }

    /// Whether logind waits for the service before the computer sleeps or shuts down.
    #[zbus(property)]
    async fn inhibited(&self) -> bool {
        self.service.inhibits.load(Ordering::Relaxed)
    }

    /// The service's version.
    #[zbus(property(emits_changed_signal = "const"))]
    async fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    /// An instrument is now `playing`, `failed`, `ended`, or `stopped` and not listed any more. Those that end with the session are not told of.
    #[zbus(signal)]
    async fn instrument_changed(emitter: &SignalEmitter<'_>, name: &str, state: &str) -> zbus::Result<()>;

    /// An instrument's driver has failed, and is opened again after this time, in milliseconds; or, where that is 0, the instrument has ended.
    #[zbus(signal)]
    async fn instrument_failed(
        emitter: &SignalEmitter<'_>,
        name: &str,
        error: &str,
        again_in_ms: f64,
    ) -> zbus::Result<()>;

    /// The session's end begins: nothing is opened from now on. `cause` is `shutdown`, `request` or `stop`.
    #[zbus(signal)]
    async fn session_ending(emitter: &SignalEmitter<'_>, cause: &str) -> zbus::Result<()>;

    /// The session has ended: so many instances were told, and so many have answered.
    #[zbus(signal)]
    async fn session_ended(
        emitter: &SignalEmitter<'_>,
        cause: &str,
        instances: u32,
        answered: u32,
    ) -> zbus::Result<()>;
}
