//! What the service answers instead of a result, as D-Bus errors; and what it, and those who use it, can fail with themselves.

use drvhost::Blame;
use zbus::DBusError;

/// A D-Bus error `org.drvhost.Error.NAME`. The names are a contract; the text is for people.
#[derive(Debug, DBusError)]
#[zbus(prefix = "org.drvhost.Error")]
pub(crate) enum Refusal {
    /// No entry and no file has this name, or the file is no driver that runs here.
    NoSuchDriver(String),
    /// The driver refused to be loaded or opened, or is not one for what it was opened for.
    Refused(String),
    /// The caller has no open instance with this handle.
    BadHandle(String),
    /// The driver did not answer in time.
    Late(String),
    /// The driver faulted.
    Faulted(String),
    /// The driver's worker is no more.
    Died(String),
    /// There is no instrument with this name.
    NoSuchInstrument(String),
    /// No JACK server answers, or its library is not there.
    NoServer(String),
    /// The session ends or has ended.
    SessionEnding(String),
    /// Something does not fit into a message, or into the memory shared with the driver.
    TooLarge(String),
    /// The caller may not do this.
    Denied(String),
    /// The driver has died too often.
    Quarantined(String),
    /// The caller has too much open, or too many calls on their way.
    TooMany(String),
    /// An argument makes no sense.
    InvalidArgument(String),
    /// This computer could not do it.
    Failed(String),
}

impl From<drvhost::Error> for Refusal {
    fn from(error: drvhost::Error) -> Self {
        use drvhost::Error as E;
        let kind = match &error {
            E::NoSuchDriver { .. } | E::NotADriver { .. } | E::OtherMachine { .. } => Self::NoSuchDriver,
            E::File { .. } if error.blame() == Blame::Usage => Self::NoSuchDriver,
            E::Refused { .. } | E::NoEntry { .. } | E::Nonsense { .. } => Self::Refused,
            E::NoSuchDevice { .. } => Self::InvalidArgument,
            E::BadHandle(_) => Self::BadHandle,
            E::Late { .. } | E::Busy { .. } => Self::Late,
            E::Faulted { .. } => Self::Faulted,
            E::Died { .. } => Self::Died,
            E::SessionEnding => Self::SessionEnding,
            E::TooLarge(_) => Self::TooLarge,
            E::TooManyOpen { .. } | E::NoHandles => Self::TooMany,
            _ => Self::Failed,
        };
        kind(error.to_string())
    }
}

impl From<live::Error> for Refusal {
    fn from(error: live::Error) -> Self {
        use live::Error as E;
        match error {
            E::Driver(error) => error.into(),
            E::GaveUp { .. } => Self::Died(error.to_string()),
            E::NoLibrary(_) | E::NoServer | E::NoSequencer(_) | E::NoPcm { .. } | E::NoProgram { .. } => {
                Self::NoServer(advised(&error))
            }
            E::Jack(_) | E::Thread(_) => Self::Failed(error.to_string()),
        }
    }
}

/// An error of an instrument's and what to try next: on the bus there is one text.
pub(crate) fn advised(error: &live::Error) -> String {
    match error.advice() {
        Some(advice) => format!("{error}; {advice}"),
        None => error.to_string(),
    }
}

/// Why the service does not run, or why somebody who uses it gets no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bus cannot be reached, or does not do what it should.
    #[error("the {bus} bus: {source}")]
    Bus {
        /// `session` or `system`.
        bus: &'static str,
        /// What it said.
        source: zbus::Error,
    },
    /// Somebody else is the service already.
    #[error("the name {} is taken: drvhost serves on this bus already", crate::NAME)]
    NameTaken,
    /// This computer does not give the service what it needs.
    #[error("the service cannot run: {what}: {source}")]
    System {
        /// What was wanted.
        what: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file of the service's could not be read or written.
    #[error("{}: {source}", file.display())]
    File {
        /// The file.
        file: std::path::PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The last session's report is not one.
    #[error("{}: this is no report of a session's end: {why}", file.display())]
    Report {
        /// The file.
        file: std::path::PathBuf,
        /// What is wrong.
        why: String,
    },
    /// There is no directory for the user's files.
    #[error("neither {0} nor HOME is set to an absolute path")]
    NoHome(&'static str),
    /// The service's answer to a call was an error.
    #[error("{message}")]
    Answered {
        /// The error's name, `org.drvhost.Error.NAME` where it is the service's own.
        name: String,
        /// What it says.
        message: String,
    },
}

impl Error {
    /// Who has to change something before it can work.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::NameTaken | Self::NoHome(_) => Blame::Usage,
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Blame::Usage,
            Self::Answered { name, .. } => match name.strip_prefix("org.drvhost.Error.") {
                Some(
                    "NoSuchDriver" | "NoSuchInstrument" | "BadHandle" | "SessionEnding" | "Denied"
                    | "InvalidArgument" | "TooMany",
                ) => Blame::Usage,
                Some("Refused" | "Late" | "Faulted" | "Died" | "Quarantined") => Blame::Driver,
                _ => Blame::Host,
            },
            Self::Bus { .. } | Self::System { .. } | Self::File { .. } | Self::Report { .. } => Blame::Host,
        }
    }

    /// What to try next, where something can be tried.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Bus { bus: "session", .. } => {
                Some("DBUS_SESSION_BUS_ADDRESS names the session bus; `--system` is for the system bus")
            }
            Self::NameTaken => Some("`busctl --user status org.drvhost.Host1` says who it is"),
            Self::Answered { name, .. } if name.ends_with(".ServiceUnknown") => Some(
                "`drvhost serve` is the service, and `drvhost serve --install-units` has it started when it is needed",
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_the_library_has_a_documented_name() {
        let name = |error: drvhost::Error| Refusal::from(error).name().to_string();
        let driver = || "spy.dll".to_owned();
        let message = || "DRV_OPEN".to_owned();
        assert_eq!(name(drvhost::Error::BadHandle(5)), "org.drvhost.Error.BadHandle");
        assert_eq!(name(drvhost::Error::SessionEnding), "org.drvhost.Error.SessionEnding");
        assert_eq!(name(drvhost::Error::TooLarge(1)), "org.drvhost.Error.TooLarge");
        let late = drvhost::Error::Busy { driver: driver(), message: message() };
        assert_eq!(name(late), "org.drvhost.Error.Late");
        let died = drvhost::Error::Died { driver: driver(), message: message(), how: String::new() };
        assert_eq!(name(died), "org.drvhost.Error.Died");
        let unknown = drvhost::Error::NoSuchDriver { name: driver(), looked: String::new() };
        assert_eq!(name(unknown), "org.drvhost.Error.NoSuchDriver");
        assert_eq!(name(drvhost::Error::Worker(String::new())), "org.drvhost.Error.Failed");
        let silent = drvhost::Error::NoEntry { driver: driver(), entry: "modMessage" };
        assert_eq!(name(silent), "org.drvhost.Error.Refused");
    }

    #[test]
    fn an_error_of_an_instrument_says_what_to_try() {
        let refusal = Refusal::from(live::Error::NoServer);
        assert_eq!(refusal.name().as_str(), "org.drvhost.Error.NoServer");
        assert!(refusal.description().is_some_and(|said| said.contains("pw-jack")), "{refusal:?}");
        let driver = Refusal::from(live::Error::Driver(drvhost::Error::BadHandle(5)));
        assert_eq!(driver.name().as_str(), "org.drvhost.Error.BadHandle");
    }
}
