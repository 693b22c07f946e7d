//! What is kept of the last session end: `last-session.json` in `$XDG_STATE_HOME/drvhost`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use drvhost::{InstanceReport, Report};
use serde::{Deserialize, Serialize};

use crate::errors::Error;

/// The file's name.
const FILE: &str = "last-session.json";
/// The largest report that is read back; a session has no more instances than fit many times over.
const MOST: u64 = 64 << 20;

/// Why the session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndCause {
    /// The computer shuts down.
    Shutdown,
    /// Somebody called EndSession.
    Request,
    /// The service was stopped.
    Stop,
}

impl EndCause {
    /// Its name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shutdown => "shutdown",
            Self::Request => "request",
            Self::Stop => "stop",
        }
    }
}

/// How one instance took the end. As JSON: an object with these fields and those of [`InstanceReport`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientInstance {
    /// The process that had opened it; 0 if the bus did not know.
    pub pid: u32,
    /// That process's user.
    pub uid: u32,
    /// The instrument that it belonged to, if it did. Its process is the one that had started the instrument, and may be gone for long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<String>,
    /// The message that it was told.
    pub told: String,
    /// What came of it.
    #[serde(flatten)]
    pub instance: InstanceReport,
}

/// Who has opened what is in a report of the library's.
#[derive(Debug, Clone)]
pub(crate) struct Opener {
    pub pid: u32,
    pub uid: u32,
    pub instrument: Option<String>,
}

/// How a session of the service's ended. As JSON: an object with these fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionReport {
    /// When it had ended, in seconds since 1970.
    pub ended_at: u64,
    /// Why.
    pub cause: EndCause,
    /// Every instance that was open, client by client, then instrument by instrument, in open order.
    pub instances: Vec<ClientInstance>,
    /// How long it took, in microseconds.
    pub elapsed_us: u64,
}

impl SessionReport {
    /// Of the reports of clients and instruments.
    pub(crate) fn new(cause: EndCause, elapsed_us: u64, reports: Vec<(Opener, Report)>) -> Self {
        let told = mmsystem::message_name(mmsystem::DRV_EXITSESSION).unwrap_or_default();
        let of_one = |(opener, report): (Opener, Report)| {
            report.instances.into_iter().map(move |instance| ClientInstance {
                pid: opener.pid,
                uid: opener.uid,
                instrument: opener.instrument.clone(),
                told: told.to_owned(),
                instance,
            })
        };
        let ended_at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { ended_at, cause, instances: reports.into_iter().flat_map(of_one).collect(), elapsed_us }
    }

    /// The report as the library gives one, without clients.
    #[must_use]
    pub fn report(&self) -> Report {
        let instances = self.instances.iter().map(|client| client.instance.clone()).collect();
        Report { instances, elapsed_us: self.elapsed_us }
    }

    /// As one line of JSON.
    pub(crate) fn json(&self) -> String {
        // Numbers and strings can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Keeps it in a directory, in the place of the one before; only its owner can read it.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(crate) fn keep(&self, directory: &Path) -> Result<(), Error> {
        let file = directory.join(FILE);
        let fail = |source| Error::File { file: file.clone(), source };
        std::fs::create_dir_all(directory).map_err(fail)?;
        let mut staged = tempfile::NamedTempFile::new_in(directory).map_err(fail)?;
        writeln!(staged, "{}", self.json()).map_err(fail)?;
        staged.as_file().sync_all().map_err(fail)?;
        staged.persist(&file).map(drop).map_err(|error| fail(error.error))
    }

    /// The one that is kept in a directory; `None` when no session has ended yet.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::Report`].
    pub fn last(directory: &Path) -> Result<Option<Self>, Error> {
        use std::io::Read;
        let file = directory.join(FILE);
        let opened = match std::fs::File::open(&file) {
            Ok(opened) => opened,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::File { file, source }),
        };
        let mut text = String::new();
        if let Err(source) = opened.take(MOST).read_to_string(&mut text) {
            return Err(Error::File { file, source });
        }
        serde_json::from_str(&text).map(Some).map_err(|error| Error::Report { file, why: error.to_string() })
    }
}

/// Where the report is kept: what systemd gives the service (`$STATE_DIRECTORY`), or `$XDG_STATE_HOME/drvhost`, or `~/.local/state/drvhost`
/// (XDG Base Directory Specification: a path that is not absolute is none).
///
/// # Errors
/// [`Error::NoHome`].
pub fn state_directory() -> Result<PathBuf, Error> {
    let given = |name| std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    given("STATE_DIRECTORY")
        .or_else(|| given("XDG_STATE_HOME").map(|path| path.join("drvhost")))
        .or_else(|| given("HOME").map(|path| path.join(".local/state/drvhost")))
        .ok_or(Error::NoHome("XDG_STATE_HOME"))
}

#[cfg(test)]
mod tests {
    use drvhost::{CloseOutcome, Outcome};

    use super::*;

    fn report() -> SessionReport {
        let instance = InstanceReport {
            driver: "spy.dll".into(),
            hdrvr: 16,
            id: -2,
            outcome: Outcome::Answered,
            result: Some(5),
            elapsed_us: 7,
            close: Some(CloseOutcome::Refused),
            error: None,
        };
        let report = Report { instances: vec![instance], elapsed_us: 9 };
        let opener = Opener { pid: 12, uid: 1000, instrument: None };
        SessionReport::new(EndCause::Shutdown, 9, vec![(opener, report)])
    }

    #[test]
    fn what_is_kept_is_read_again_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("drvhost");
        assert_eq!(SessionReport::last(&place).unwrap(), None);
        for elapsed_us in [1, 2] {
            let report = SessionReport { elapsed_us, ..report() };
            report.keep(&place).unwrap();
            assert_eq!(SessionReport::last(&place).unwrap(), Some(report));
        }
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 1, "nothing else is left there");
        std::fs::write(place.join(FILE), "{}").unwrap();
        assert!(matches!(SessionReport::last(&place), Err(Error::Report { .. })));
    }

    #[test]
    fn its_fields_are_those_of_the_library_and_the_clients() {
        let value: serde_json::Value = serde_json::from_str(&report().json()).unwrap();
        let instance = &value["instances"][0];
        assert_eq!((&value["cause"], &value["elapsed_us"]), (&"shutdown".into(), &9.into()));
        let fields = ["pid", "uid", "hdrvr", "id", "result"].map(|name| instance[name].as_i64().unwrap());
        assert_eq!(fields, [12, 1000, 16, -2, 5]);
        assert_eq!((&instance["told"], &instance["close"]), (&"DRV_EXITSESSION".into(), &"refused".into()));
    }
}
