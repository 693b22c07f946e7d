//! Using the service: what `drvhost send --connect` and `drvhost run --connect` do.

use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;
use zbus::fdo::{DBusProxy, PropertiesProxy};
use zbus::names::InterfaceName;
use zbus::{Connection, DBusError, DynamicType, MatchRule, MessageStream, Type, message};

use crate::errors::Error;
use crate::{INTERFACE, NAME, PATH};

/// How often somebody who holds drivers is asked whether it is enough.
const LOOK: Duration = Duration::from_millis(100);

/// A client of the service. Dropping it leaves the bus, and the service closes what it has open.
#[derive(Debug)]
pub struct Remote {
    bus: &'static str,
    connection: Connection,
    runtime: Runtime,
}

impl Remote {
    /// Connects to the service on the system bus or the session bus. It is started where the bus knows how.
    ///
    /// # Errors
    /// [`Error::Bus`] and [`Error::System`].
    pub fn connect(system: bool) -> Result<Self, Error> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build();
        let runtime = runtime.map_err(|source| Error::System { what: "a runtime", source })?;
        let bus = if system { "system" } else { "session" };
        let connection = runtime.block_on(async { crate::bus::bus(system)?.build().await });
        let connection = connection.map_err(|source| Error::Bus { bus, source })?;
        Ok(Self { bus, connection, runtime })
    }

    /// Opens a driver as the command line names one: an existing file as a whole; otherwise what stands before the first space is an alias or a
    /// file, and the rest goes to DRV_OPEN. Answers the handle.
    ///
    /// # Errors
    /// [`Error::Answered`], and as [`connect`](Self::connect).
    pub fn open(&self, argument: &str, section: Option<&str>) -> Result<u64, Error> {
        let (driver, text) = match argument.split_once(' ') {
            Some((driver, text)) if !argument.starts_with(' ') && !is_file(argument) => {
                (driver, text.trim_start_matches(' '))
            }
            _ => (argument, ""),
        };
        // The service's directory is another one.
        let driver = match std::path::absolute(driver) {
            Ok(path) if driver.contains('/') => path.display().to_string(),
            _ => driver.to_owned(),
        };
        self.call("OpenWithText", &(driver, section.unwrap_or_default(), text, 0_i64))
    }

    /// Sends a message and answers what the driver answered.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn send(&self, handle: u64, message: u32, lparam1: i64, lparam2: i64) -> Result<i64, Error> {
        self.call("Send", &(handle, message, lparam1, lparam2))
    }

    /// Closes an instance; 0 means that the driver has refused.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn close(&self, handle: u64) -> Result<i64, Error> {
        self.call("Close", &(handle, 0_i64, 0_i64))
    }

    /// Says that this client ends as it should, and waits until its drivers are closed.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn goodbye(&self) -> Result<(), Error> {
        self.call("Goodbye", &())
    }

    /// Waits until `done` says that it is enough, which is asked often, or the service's session has ended. Answers whether it was the latter.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn hold(&self, done: impl Fn() -> bool) -> Result<bool, Error> {
        let failed = |source| Error::Bus { bus: self.bus, source };
        self.runtime.block_on(self.wait(done)).map_err(failed)
    }

    async fn wait(&self, done: impl Fn() -> bool) -> zbus::Result<bool> {
        let bus = DBusProxy::new(&self.connection).await?;
        let mut owners = bus.receive_name_owner_changed_with_args(&[(0, NAME)]).await?;
        let signal = MatchRule::builder().msg_type(message::Type::Signal);
        let ended = signal.path(PATH).interface(INTERFACE).member("SessionEnded").build()?;
        let mut ended = MessageStream::for_match_rule(ended, &self.connection, None).await?;
        loop {
            // Asked each time: anybody can send such a signal, and it may have ended before this listened.
            // One that does not answer any more has gone.
            if self.state().await.map_or(true, |state| state == "ended") {
                return Ok(true);
            }
            loop {
                tokio::select! {
                    _ = ended.next() => break,
                    // Another service knows nothing of what this one has opened.
                    _ = owners.next() => return Ok(true),
                    () = tokio::time::sleep(LOOK) => if done() {
                        return Ok(false);
                    },
                }
            }
        }
    }

    async fn state(&self) -> zbus::Result<String> {
        let properties =
            PropertiesProxy::builder(&self.connection).destination(NAME).path(PATH).build().await?;
        let interface = InterfaceName::try_from(INTERFACE)?;
        String::try_from(properties.get(interface, "State").await?)
    }

    fn call<B, R>(&self, method: &str, body: &B) -> Result<R, Error>
    where
        B: Serialize + DynamicType + Sync,
        R: DeserializeOwned + Type,
    {
        let call = self.connection.call_method(Some(NAME), PATH, Some(INTERFACE), method, body);
        let reply = self.runtime.block_on(call).and_then(|reply| reply.body().deserialize());
        reply.map_err(|error| match error {
            zbus::Error::MethodError(name, message, _) => {
                let message = message.unwrap_or_else(|| name.to_string());
                Error::Answered { name: name.to_string(), message }
            }
            // The bus's own errors.
            zbus::Error::FDO(error) => {
                let name = error.name().to_string();
                let message = error.description().unwrap_or(&name).to_owned();
                Error::Answered { name, message }
            }
            source => Error::Bus { bus: self.bus, source },
        })
    }
}

fn is_file(argument: &str) -> bool {
    argument.contains('/') && Path::new(argument).is_file()
}
