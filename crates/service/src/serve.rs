//! The service as a whole: from its connection to the bus to the end of its session.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use drvhost::{DialogAnswer, Policy, PowerChange, Reason, Registry, Require, Sound, Store, Trace};
use futures_util::StreamExt;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, mpsc, oneshot};
use zbus::fdo::{DBusProxy, RequestNameFlags, RequestNameReply};
use zbus::names::BusName;
use zbus::object_server::InterfaceRef;
use zbus::{Connection, MatchRule, MessageStream, message};

use crate::bus::bus;
use crate::clients::{Client, Clients, Counted, Leaving, Phase};
use crate::errors::{Error, Refusal};
use crate::manager::{Manager, ManagerSignals};
use crate::report::{EndCause, SessionReport};
use crate::{NAME, PATH, logind, notify, watch};

/// How many calls of one client run at a time; more of them wait.
pub(crate) const MOST_RUNNING_OF_A_CLIENT: usize = 8;
/// How many calls of one client run or wait.
const MOST_CALLS_OF_A_CLIENT: usize = 64;
/// How many calls of all clients of one user run at a time, and how many of all.
const MOST_RUNNING_OF_A_USER: usize = 64;
const MOST_RUNNING: usize = 192;
/// How many threads there may be that drivers are called on: those, and one for each client's end.
const MOST_THREADS: usize = 512;
/// How long an answer waits for logind's lock: a driver is not open before the lock is held, where logind works.
const SETTLE: Duration = Duration::from_secs(1);
/// How long announcements may take.
const SAYING: Duration = Duration::from_millis(200);

/// What the service is started with.
#[derive(Debug)]
pub struct Settings {
    /// Whether it serves on the system bus.
    pub system: bool,
    /// The names that drivers are found by, besides those that are installed.
    pub registry: Registry,
    /// The drivers that are installed; looked at anew for each open, since more can be installed meanwhile.
    pub store: Option<Store>,
    /// How long a driver has for each message, and all drivers for the broadcast of the session's end; `None`: for ever.
    pub deadline: Option<Duration>,
    /// How much processor time a worker may use in its whole life; `None`: as much as it likes.
    pub processor_time: Option<Duration>,
    /// Where every DriverProc call of every client is written down.
    pub trace: Trace,
    /// Whether a hidden instance is opened first; see [`drvhost::Builder::hidden_instance`].
    pub hidden_instance: bool,
    /// Whether every driver has threads; see [`drvhost::Builder::threads`].
    pub threads: bool,
    /// What drivers play on. Files would be those of all clients.
    pub sound: Sound,
    /// How dialogs of drivers are answered.
    pub dialogs: DialogAnswer,
    /// Which layers of the sandbox must be there.
    pub require: Require,
    /// How many bytes of memory each worker can have; see [`drvhost::Builder::memory`].
    pub memory: u64,
    /// Whether all that drivers see lies at the same addresses each time.
    pub fixed_addresses: bool,
    /// What follows the broadcast of the session's end.
    pub policy: Policy,
    /// The directory that the report of the session's end is kept in.
    pub state: PathBuf,
    /// What plays instruments; `None` where the program has no sound system.
    pub instruments: Option<&'static dyn live::System>,
}

impl Settings {
    /// How long the end of a session may take where nobody says: one deadline for the broadcast, and one for all that follows.
    pub(crate) fn end_time(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_mul(2))
    }

    /// The names that drivers are found by now.
    pub(crate) fn registry(&self) -> Result<Registry, drvhost::Error> {
        let mut registry = self.registry.clone();
        if let Some(store) = &self.store {
            registry.add_installed(store)?;
        }
        Ok(registry)
    }

    fn bus(&self) -> &'static str {
        if self.system { "system" } else { "session" }
    }
}

/// What the parts of the service share.
#[derive(Debug)]
pub(crate) struct Service {
    pub clients: Clients,
    connection: OnceLock<Connection>,
    running: Semaphore,
    /// The same for each user.
    running_of_user: Mutex<HashMap<u32, Arc<Semaphore>>>,
    /// Held by whoever ends the session.
    ending: tokio::sync::Mutex<()>,
    logind: mpsc::UnboundedSender<oneshot::Sender<()>>,
    /// Whether logind waits for us before it lets the computer sleep or shut down.
    pub inhibits: AtomicBool,
}

impl Service {
    /// Does what may take as long as a driver, in the pool.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Clients) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let service = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&service.clients)).await;
        done.map_err(|error| Refusal::Failed(format!("a bug in drvhost: {error}")))
    }

    /// Does what may take as long as drivers, on a thread of its own: however many calls there are, it waits for none.
    pub async fn apart<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Clients) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let service = Arc::clone(self);
        let (done, wait) = oneshot::channel();
        let work = move || {
            // Nobody waits any more once the service is ended by force.
            let _ = done.send(work(&service.clients));
        };
        let thread = std::thread::Builder::new().name("session".into()).spawn(work);
        thread.map_err(|error| Refusal::Failed(format!("no thread could be started: {error}")))?;
        wait.await.map_err(|error| Refusal::Failed(format!("a bug in drvhost: {error}")))
    }

    /// The calls of a user.
    fn user(&self, uid: u32) -> Arc<Semaphore> {
        let mut users = self.running_of_user.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(users.entry(uid).or_insert_with(|| Arc::new(Semaphore::new(MOST_RUNNING_OF_A_USER))))
    }

    /// Does what a client asks for when it is its turn.
    pub async fn call<T: Send + 'static>(
        self: &Arc<Self>,
        client: &Arc<Client>,
        work: impl FnOnce(&Clients, &Arc<Client>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let counted = Counted::new(client, MOST_CALLS_OF_A_CLIENT);
        let Some(_counted) = counted else {
            return Err(Refusal::TooMany(format!(
                "a client may have {MOST_CALLS_OF_A_CLIENT} calls on their way"
            )));
        };
        let closed = |_| Refusal::Failed("a bug in drvhost: nothing runs any more".into());
        let _own = client.running.acquire().await.map_err(closed)?;
        // Before they stand in line with others.
        let user = self.user(client.uid);
        let _users = user.acquire().await.map_err(closed)?;
        let _one = self.running.acquire().await.map_err(closed)?;
        let theirs = Arc::clone(client);
        self.blocking(move |clients| work(clients, &theirs)).await?
    }

    /// The client that has sent a message, known from now on.
    pub async fn client(self: &Arc<Self>, header: &message::Header<'_>) -> Result<Arc<Client>, Refusal> {
        let failed =
            |error: zbus::fdo::Error| Refusal::Denied(format!("the bus does not say who calls: {error}"));
        let nobody = || Refusal::Denied("the call has no sender".into());
        let name = header.sender().ok_or_else(nobody)?;
        if let Some(client) = self.clients.known(name) {
            return Ok(client);
        }
        let bus = self.bus().await.map_err(|error| Refusal::Failed(error.to_string()))?;
        let who = bus.get_connection_credentials(BusName::from(name.clone())).await.map_err(failed)?;
        let uid = who.unix_user_id().ok_or_else(nobody)?;
        let client = self.clients.admit(name, who.process_id().unwrap_or(0), uid)?;
        // It may have left before it was known, and then nobody would notice.
        if !bus.name_has_owner(BusName::from(name.clone())).await.map_err(failed)? {
            if let Some(leaving) = self.clients.leave(name) {
                self.dismiss(leaving, Reason::AbnormalExit).await?;
            }
            return Err(Refusal::Denied("the client has left the bus".into()));
        }
        Ok(client)
    }

    async fn bus(&self) -> zbus::Result<DBusProxy<'_>> {
        DBusProxy::new(self.connection()?).await
    }

    fn connection(&self) -> zbus::Result<&Connection> {
        self.connection.get().ok_or(zbus::Error::InterfaceNotFound)
    }

    pub async fn interface(&self) -> zbus::Result<InterfaceRef<Manager>> {
        self.connection()?.object_server().interface(PATH).await
    }

    /// Something was opened, closed or ended: settles logind's lock, and says so to whoever listens.
    pub async fn changed(&self) {
        if logind::Holder::holds_any(self) != self.inhibits.load(Ordering::Relaxed) {
            let (settled, wait) = oneshot::channel();
            if self.logind.send(settled).is_ok() {
                // Whoever does not get it in time has to do without.
                let _ = tokio::time::timeout(SETTLE, wait).await;
            }
        }
        self.announce().await;
    }

    /// Says what is open to whoever listens.
    async fn announce(&self) {
        let of_clients = match (self.clients.open_instances(), self.clients.count()) {
            (0, _) => "no driver is open".to_owned(),
            (open, clients) => format!("{open} instances are open, {clients} clients are known"),
        };
        notify::status(&match self.clients.instruments.open() {
            0 => of_clients,
            instruments => format!("{instruments} instruments play, {of_clients} besides"),
        });
        said(self.emit_properties()).await;
    }

    async fn emit_properties(&self) -> zbus::Result<()> {
        let interface = self.interface().await?;
        let (emitter, manager) = (interface.signal_emitter(), interface.get().await);
        manager.instances_changed(emitter).await?;
        manager.instruments_changed(emitter).await?;
        manager.state_changed(emitter).await?;
        manager.inhibited_changed(emitter).await
    }

    /// Ends the session, within a time; answers how the last one ended if there is none.
    pub async fn end_session(
        self: &Arc<Self>,
        cause: EndCause,
        within: Option<Duration>,
    ) -> Result<SessionReport, Refusal> {
        let _one = self.ending.lock().await;
        let until = within.map(|within| Instant::now() + within);
        if !self.clients.begin_end()
            && let Some(last) = self.clients.last()
        {
            return Ok(last);
        }
        if let Ok(interface) = self.interface().await {
            said(interface.session_ending(cause.name())).await;
        }
        let report = self.apart(move |clients| clients.end(cause, within)).await?;
        // The drivers of clients that have just left, and of instruments that were just stopped, are part of it, as far as there is time.
        let anybody_left = || self.clients.anybody_leaving() || self.clients.instruments.are_under_way();
        while anybody_left() && until.is_none_or(|until| Instant::now() < until) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let answered =
            report.instances.iter().filter(|told| told.instance.outcome == drvhost::Outcome::Answered);
        let (answered, all) = (answered.count(), report.instances.len());
        tracing::info!(cause = cause.name(), instances = all, answered, "the session has ended");
        if let Ok(interface) = self.interface().await {
            let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            said(interface.session_ended(cause.name(), count(all), count(answered))).await;
        }
        self.announce().await;
        Ok(report)
    }

    /// Drivers can be opened again after an end.
    pub async fn begin_session(&self) {
        let _one = self.ending.lock().await;
        self.clients.begin_again();
        self.announce().await;
    }

    /// Tells every driver of a change of power, within a time.
    pub async fn power(self: &Arc<Self>, change: PowerChange, within: Option<Duration>) {
        let told = self.apart(move |clients| clients.power(change, within)).await;
        if let Err(error) = told {
            tracing::warn!(%error, "drivers could not be told of a change of power");
        }
    }

    /// Tells a client's drivers that it has ended, and closes them.
    pub async fn dismiss(self: &Arc<Self>, leaving: Leaving, reason: Reason) -> Result<(), Refusal> {
        self.blocking(move |clients| clients.dismiss(leaving, reason)).await?;
        self.changed().await;
        Ok(())
    }
}

impl logind::Holder for Service {
    fn holds_any(&self) -> bool {
        // Those of instruments are counted no more from the beginning of the session's end on.
        self.clients.open_instances() + self.clients.instruments.open() > 0
            || self.clients.phase() == Phase::Ending
    }

    fn inhibits(&self, inhibits: bool) {
        self.inhibits.store(inhibits, Ordering::Relaxed);
    }

    async fn shut_down(self: &Arc<Self>, within: Duration) {
        if let Err(error) = self.end_session(EndCause::Shutdown, Some(within)).await {
            tracing::warn!(%error, "the session did not end in order");
        }
    }

    async fn stay(self: &Arc<Self>) {
        // What somebody has ended on purpose stays so.
        if self.clients.last().is_none_or(|last| last.cause == EndCause::Shutdown) {
            self.begin_session().await;
        }
    }

    async fn power(self: &Arc<Self>, change: PowerChange, within: Option<Duration>) {
        Service::power(self, change, within).await;
    }
}

/// Says something to whoever listens, which nobody has to. The bus takes no more of what is said while others do not read what they are sent;
/// drivers are not to wait for that.
pub(crate) async fn said(saying: impl Future<Output = zbus::Result<()>>) {
    match tokio::time::timeout(SAYING, saying).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a change could not be announced"),
        Err(_) => tracing::debug!("the bus takes no announcements"),
    }
}

/// Lets as many workers be started as the system allows: each keeps three descriptors open.
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::debug!(%error, "the number of descriptors stays what it is");
    }
}

/// Serves until SIGTERM, SIGINT or SIGHUP, or the bus's end, and ends the session then: answers the report.
///
/// # Errors
/// [`Error`], and nothing has been opened then.
pub fn serve(settings: Settings) -> Result<SessionReport, Error> {
    raise_descriptors();
    let system = |what| move |source| Error::System { what, source };
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().max_blocking_threads(MOST_THREADS).thread_name("driver call").build();
    let runtime = runtime.map_err(system("a runtime"))?;
    let report = runtime.block_on(run(settings));
    // A driver without a deadline may never come back; its worker ends with this process.
    runtime.shutdown_background();
    report
}

/// The signals that end the service.
struct Ends([Signal; 3]);

impl Ends {
    fn new() -> std::io::Result<Self> {
        let [term, int, hup] =
            [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
        Ok(Self([term?, int?, hup?]))
    }

    async fn next(&mut self) {
        let [term, int, hup] = &mut self.0;
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {}, _ = hup.recv() => {} }
    }
}

async fn run(settings: Settings) -> Result<SessionReport, Error> {
    let mut ends = Ends::new().map_err(|source| Error::System { what: "signals", source })?;
    let (bus, within) = (settings.bus(), settings.end_time());
    let failed = |source| Error::Bus { bus, source };
    let (logind, settles) = mpsc::unbounded_channel();
    let service = Arc::new(Service {
        clients: Clients::new(settings),
        connection: OnceLock::new(),
        running: Semaphore::new(MOST_RUNNING),
        running_of_user: Mutex::default(),
        ending: tokio::sync::Mutex::new(()),
        logind,
        inhibits: AtomicBool::new(false),
    });
    let lost = connect(&service).await.map_err(failed)?;
    tokio::pin!(lost);
    let background = [
        tokio::spawn(logind::watch(Arc::clone(&service), settles)),
        tokio::spawn(watch::watch(Arc::clone(&service))),
        tokio::spawn(notify::keep_watchdog()),
    ];
    take_name(&service).await.map_err(failed)?.then_some(()).ok_or(Error::NameTaken)?;
    notify::ready();
    tracing::info!(bus, "serving as {NAME}");
    tokio::select! {
        () = ends.next() => tracing::info!("the service is to end"),
        () = &mut lost => tracing::warn!(bus, "the bus has gone"),
    }
    notify::stopping(within.map(|within| within + Duration::from_secs(5)));
    let report = tokio::select! {
        report = service.end_session(EndCause::Stop, within) => report,
        // As with `drvhost run`: who asks twice does not want to wait.
        () = ends.next() => Err(Refusal::Failed("ended by a second signal before every driver had answered".into())),
    };
    background.iter().for_each(tokio::task::JoinHandle::abort);
    report.map_err(|error| Error::System {
        what: "the session's end",
        source: std::io::Error::other(error.to_string()),
    })
}

/// Connects to the bus, without the service's name; what is answered ends when the bus does.
async fn connect(service: &Arc<Service>) -> zbus::Result<impl Future<Output = ()> + use<>> {
    let builder = bus(service.clients.settings().system)?;
    let manager = Manager::new(Arc::clone(service));
    let connection = builder.serve_at(PATH, manager).build().await?;
    // Before anybody can become a client, so that no end of one is missed.
    let rule = MatchRule::builder()
        .msg_type(message::Type::Signal)
        .sender("org.freedesktop.DBus")
        .interface("org.freedesktop.DBus")
        .member("NameOwnerChanged")
        .arg(2, "")
        .build()?;
    let departures = MessageStream::for_match_rule(rule, &connection, None).await?;
    // Only set here.
    let _ = service.connection.set(connection);
    Ok(watch_departures(Arc::clone(service), departures))
}

/// Dismisses each client that leaves the bus; ends when the bus does.
async fn watch_departures(service: Arc<Service>, mut departures: MessageStream) {
    while let Some(Ok(departure)) = departures.next().await {
        // Anybody can send us such a signal, but only the bus can in its own name.
        if departure.header().sender().is_none_or(|sender| *sender != "org.freedesktop.DBus") {
            continue;
        }
        let Ok((name, _, _)) = departure.body().deserialize::<(&str, &str, &str)>().map(owned) else {
            continue;
        };
        if let Some(leaving) = service.clients.leave(&name) {
            tracing::info!(client = leaving.pid, "a client has left the bus");
            let service = Arc::clone(&service);
            tokio::spawn(async move {
                if let Err(error) = service.dismiss(leaving, Reason::AbnormalExit).await {
                    tracing::warn!(%error, "the drivers of a client that left could not be told");
                }
            });
        }
    }
}

fn owned((name, before, after): (&str, &str, &str)) -> (String, String, String) {
    (name.to_owned(), before.to_owned(), after.to_owned())
}

/// Becomes the service; false when somebody else is.
async fn take_name(service: &Service) -> zbus::Result<bool> {
    let flags = RequestNameFlags::DO_NOT_QUEUE;
    match service.connection()?.request_name_with_flags(NAME, flags).await {
        Ok(reply) => Ok(reply == RequestNameReply::PrimaryOwner),
        Err(zbus::Error::NameTaken) => Ok(false),
        Err(error) => Err(error),
    }
}
