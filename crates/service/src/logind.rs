//! logind (org.freedesktop.login1(5)): a delay lock while a driver is open, and what to do when the computer sleeps or shuts down.
//!
//! It may be absent, refuse, restart, or say nothing; the service goes on. Signals count only if logind itself has sent them.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use drvhost::PowerChange;
use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};
use zbus::fdo::DBusProxy;
use zbus::{Connection, DynamicType, MatchRule, Message, MessageStream, OwnedVariant, Type, message};

use crate::bus::bus;

const NAME: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const BUS: &str = "org.freedesktop.DBus";

/// How long logind waits where it does not say (InhibitDelayMaxSec= in logind.conf(5)).
const USUAL_DELAY: Duration = Duration::from_secs(5);
/// How long an answer of logind's is waited for.
const ANSWER: Duration = Duration::from_secs(2);
/// How often a lock that is wanted and not held is asked for again, and a bus that is not there looked for.
const RETRY: Duration = Duration::from_secs(10);

/// Who holds drivers that have to be told.
pub(crate) trait Holder: Send + Sync + 'static {
    /// Whether there are any now.
    fn holds_any(&self) -> bool;

    /// Whether logind waits now.
    fn inhibits(&self, _: bool) {}

    /// The computer shuts down: everybody is told, and closed, within a time.
    fn shut_down(self: &Arc<Self>, within: Duration) -> impl Future<Output = ()> + Send;

    /// It does not shut down after all.
    fn stay(self: &Arc<Self>) -> impl Future<Output = ()> + Send;

    /// The computer sleeps or has woken up: everybody is told, within a time.
    fn power(
        self: &Arc<Self>,
        change: PowerChange,
        within: Option<Duration>,
    ) -> impl Future<Output = ()> + Send;
}

/// Somebody waits until the lock is held or not, as it should be.
type Settle = oneshot::Sender<()>;

/// What logind has said, or the bus of it.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Shutdown(bool),
    Sleep(bool),
    /// It is this connection now, or none.
    Owner(Option<String>),
}

/// Follows logind for as long as somebody may ask for the lock to be settled.
pub(crate) async fn watch<H: Holder>(holder: Arc<H>, mut settles: mpsc::UnboundedReceiver<Settle>) {
    let mut watcher = Watcher { holder, owner: None, lock: None, shutting_down: false, asleep: false };
    let mut said = false;
    loop {
        match Bus::connect().await {
            Ok(mut bus) => {
                said = false;
                watcher.follow(&mut bus, &mut settles).await;
                tracing::warn!("the system bus has gone, and logind with it");
            }
            Err(error) if !said => {
                said = true;
                tracing::info!(%error, "there is no system bus, so nobody says when the computer sleeps or shuts down");
            }
            Err(_) => {}
        }
        watcher.hold(None);
        let retry = tokio::time::sleep(RETRY);
        tokio::pin!(retry);
        loop {
            tokio::select! {
                () = &mut retry => break,
                settle = settles.recv() => match settle {
                    // There is nothing to wait for, nor anybody if it is given up.
                    Some(settle) => drop(settle.send(())),
                    None => return,
                },
            }
        }
    }
}

/// A connection to the system bus, and what comes from there.
struct Bus {
    connection: Connection,
    events: mpsc::UnboundedReceiver<Event>,
}

impl Bus {
    async fn connect() -> zbus::Result<Self> {
        let connection = bus(true)?.method_timeout(ANSWER).build().await?;
        let stream = MessageStream::from(&connection);
        let bus = DBusProxy::new(&connection).await?;
        let signals = || MatchRule::builder().msg_type(message::Type::Signal);
        bus.add_match_rule(signals().sender(NAME).path(PATH).interface(MANAGER).build()?).await?;
        let owners = signals().sender(BUS).interface(BUS).member("NameOwnerChanged").arg(0, NAME);
        bus.add_match_rule(owners.build()?).await?;
        // Asked after that, so that no change is missed. Asking does not start it.
        let owner = bus.get_name_owner(NAME.try_into()?).await.ok().map(|owner| owner.to_string());
        let (sender, events) = mpsc::unbounded_channel();
        tokio::spawn(read(stream, owner, sender));
        Ok(Self { connection, events })
    }

    /// Calls a method of logind's.
    async fn call<B, R>(&self, owner: &str, interface: &str, method: &str, body: &B) -> zbus::Result<R>
    where
        B: Serialize + DynamicType + Sync,
        R: DeserializeOwned + Type,
    {
        let reply = self.connection.call_method(Some(owner), PATH, Some(interface), method, body).await?;
        reply.body().deserialize()
    }

    /// A property of logind's; `None` where it does not say.
    async fn property<T: TryFrom<OwnedVariant>>(&self, owner: &str, name: &str) -> Option<T> {
        let asked = (MANAGER, name);
        let value: zbus::Result<OwnedVariant> =
            self.call(owner, "org.freedesktop.DBus.Properties", "Get", &asked).await;
        value.ok()?.try_into().ok()
    }
}

/// Hands on what comes from logind, until the bus ends.
async fn read(mut stream: MessageStream, owner: Option<String>, events: mpsc::UnboundedSender<Event>) {
    let mut owner = owner;
    if events.send(Event::Owner(owner.clone())).is_err() {
        return;
    }
    while let Some(Ok(message)) = stream.next().await {
        let Some(event) = event_of(&message, owner.as_deref()) else { continue };
        if let Event::Owner(now) = &event {
            owner.clone_from(now);
        }
        if events.send(event).is_err() {
            return;
        }
    }
}

/// What a message says, if the bus, or the connection that is logind, has sent it: match rules do not keep out what others address to us.
fn event_of(message: &Message, owner: Option<&str>) -> Option<Event> {
    let header = message.header();
    if header.message_type() != message::Type::Signal {
        return None;
    }
    let (sender, member) = (header.sender()?.as_str(), header.member()?.as_str());
    let body = message.body();
    if sender == BUS && member == "NameOwnerChanged" {
        let (name, _, now): (&str, &str, &str) = body.deserialize().ok()?;
        return (name == NAME).then(|| Event::Owner((!now.is_empty()).then(|| now.to_owned())));
    }
    let from_logind = Some(sender) == owner
        && header.path().is_some_and(|path| path.as_str() == PATH)
        && header.interface().is_some_and(|interface| interface.as_str() == MANAGER);
    if !from_logind {
        return None;
    }
    let begins: bool = body.deserialize().ok()?;
    match member {
        "PrepareForShutdown" => Some(Event::Shutdown(begins)),
        "PrepareForSleep" => Some(Event::Sleep(begins)),
        _ => None,
    }
}

/// What of logind's delay is used for telling drivers: the rest is for interrupting those that do not come back, and for logind to notice.
fn budget(delay: Duration) -> Duration {
    delay.saturating_sub((delay / 4).clamp(Duration::from_millis(250), Duration::from_secs(2)))
}

/// What is known of logind.
struct Watcher<H> {
    holder: Arc<H>,
    owner: Option<String>,
    /// As long as this is open, logind waits for us.
    lock: Option<OwnedFd>,
    shutting_down: bool,
    asleep: bool,
}

impl<H: Holder> Watcher<H> {
    /// Does what is to be done until the bus ends.
    async fn follow(&mut self, bus: &mut Bus, settles: &mut mpsc::UnboundedReceiver<Settle>) {
        let mut retry = tokio::time::interval(RETRY);
        loop {
            tokio::select! {
                event = bus.events.recv() => match event {
                    Some(event) => self.handle(bus, event).await,
                    None => return,
                },
                Some(settle) = settles.recv() => {
                    self.adjust(bus).await;
                    // Nobody waits any more if it took long.
                    let _ = settle.send(());
                }
                _ = retry.tick() => self.adjust(bus).await,
            }
        }
    }

    async fn handle(&mut self, bus: &Bus, event: Event) {
        match event {
            Event::Shutdown(begins) => self.shut_down(bus, begins).await,
            Event::Sleep(begins) => self.sleep(bus, begins).await,
            Event::Owner(owner) => {
                self.hold(None);
                if owner.is_none() {
                    tracing::info!(
                        "logind is not there, so nobody says when the computer sleeps or shuts down"
                    );
                }
                self.owner = owner;
                self.catch_up(bus).await;
            }
        }
    }

    /// Logind has just come: what it had said before, or would have, is asked for.
    async fn catch_up(&mut self, bus: &Bus) {
        let Some(owner) = self.owner.clone() else { return };
        let shutting_down: Option<bool> = bus.property(&owner, "PreparingForShutdown").await;
        if let Some(shutting_down) = shutting_down.filter(|now| *now != self.shutting_down) {
            self.shut_down(bus, shutting_down).await;
        }
        if self.asleep && bus.property(&owner, "PreparingForSleep").await == Some(false) {
            self.sleep(bus, false).await;
        }
        self.adjust(bus).await;
    }

    /// Takes the lock if a driver is open, and gives it back if none is.
    async fn adjust(&mut self, bus: &Bus) {
        if !self.holder.holds_any() {
            return self.hold(None);
        }
        let Some(owner) = self.owner.as_deref() else { return };
        if self.lock.is_some() || self.shutting_down || self.asleep {
            return;
        }
        let asked = ("shutdown:sleep", "drvhost", "Drivers are open and have to be told", "delay");
        match bus.call::<_, zbus::OwnedFd>(owner, MANAGER, "Inhibit", &asked).await {
            Ok(lock) => self.hold(Some(lock.into())),
            Err(error) => tracing::warn!(%error, "logind will not wait for drivers"),
        }
    }

    fn hold(&mut self, lock: Option<OwnedFd>) {
        self.holder.inhibits(lock.is_some());
        self.lock = lock;
    }

    /// How long there is from `since` on.
    async fn time(&self, bus: &Bus, since: Instant) -> Duration {
        let asked = match &self.owner {
            Some(owner) => bus.property::<u64>(owner, "InhibitDelayMaxUSec").await,
            None => None,
        };
        budget(asked.map_or(USUAL_DELAY, Duration::from_micros)).saturating_sub(since.elapsed())
    }

    async fn shut_down(&mut self, bus: &Bus, begins: bool) {
        let since = Instant::now();
        self.shutting_down = begins;
        if begins {
            let within = self.time(bus, since).await;
            tracing::info!(?within, "the computer shuts down");
            self.holder.shut_down(within).await;
            self.hold(None);
        } else {
            tracing::info!("the computer does not shut down after all");
            self.holder.stay().await;
            self.adjust(bus).await;
        }
    }

    async fn sleep(&mut self, bus: &Bus, begins: bool) {
        let since = Instant::now();
        self.asleep = begins;
        if begins {
            let within = self.time(bus, since).await;
            self.holder.power(PowerChange::Suspend, Some(within)).await;
            self.hold(None);
        } else {
            self.adjust(bus).await;
            // What comes next is not to wait for drivers.
            let holder = Arc::clone(&self.holder);
            tokio::spawn(async move { holder.power(PowerChange::Resume, None).await });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_kept_whatever_the_delay() {
        let milliseconds = |delay| budget(Duration::from_millis(delay)).as_millis();
        assert_eq!([0, 100, 1000, 5000, 60_000].map(milliseconds), [0, 0, 750, 3750, 58_000]);
    }

    fn signal(sender: &str, member: &str, body: &(impl Serialize + DynamicType)) -> Message {
        let builder = Message::signal(PATH, MANAGER, member).sender(sender);
        builder.build(body).unwrap()
    }

    #[test]
    fn only_logind_is_believed() {
        let prepare = signal(":1.5", "PrepareForShutdown", &true);
        assert_eq!(event_of(&prepare, Some(":1.5")), Some(Event::Shutdown(true)));
        assert_eq!(event_of(&prepare, Some(":1.50")), None);
        assert_eq!(event_of(&prepare, None), None);
        assert_eq!(
            event_of(&signal(":1.5", "PrepareForSleep", &false), Some(":1.5")),
            Some(Event::Sleep(false))
        );
        // Whatever it says otherwise, and whatever others say of it.
        assert_eq!(event_of(&signal(":1.5", "PrepareForSleep", &5_u32), Some(":1.5")), None);
        assert_eq!(event_of(&signal(":1.5", "SessionNew", &true), Some(":1.5")), None);
        let forged = signal(":1.9", "NameOwnerChanged", &(NAME, "", ":1.9"));
        assert_eq!(event_of(&forged, Some(":1.5")), None);
    }
}
