//! `drvhost state`: the settings that a video codec hands out itself.

use std::fmt::Write;
use std::path::Path;

use drvhost::encode::VideoCoding;
use drvhost::media::ContentHasher;
use drvhost::vfw::{Codec, state_in};
use drvhost::{Error, Policy, Session};
use mmsystem::ICMODE_COMPRESS;
use serde::Serialize;

use crate::args::Global;
use crate::commands;
use crate::failure::{Exit, Failure};
use crate::output;

/// How many bytes are shown.
const SHOWN: usize = 64;
/// The most bytes of a file with settings.
const MAX_FILE: u64 = 16 << 20;

/// Settings, as JSON.
#[derive(Serialize)]
struct Shown {
    driver: String,
    /// How long they are; 0 where the driver has none.
    bytes: usize,
    /// Their BLAKE3.
    hash: Option<String>,
    /// Their first bytes in hexadecimal.
    first: String,
    /// The file that they were written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

/// What became of settings that were given, as JSON.
#[derive(Serialize)]
struct Loaded {
    driver: String,
    /// How many bytes were given.
    bytes: usize,
    /// Whether the driver then hands out the same.
    same: bool,
    /// Whether it begins with these the next time.
    kept: bool,
    /// How many bytes it hands out.
    now: usize,
}

/// The settings in a file.
pub fn settings(file: &Path) -> Result<Vec<u8>, Error> {
    let unusable = |source| Error::File { file: file.to_owned(), source };
    let size = std::fs::metadata(file).map_err(unusable)?.len();
    if size > MAX_FILE {
        return Err(Error::TooLarge(size));
    }
    let invalid = |why: String| unusable(std::io::Error::new(std::io::ErrorKind::InvalidData, why));
    let state = state_in(&std::fs::read(file).map_err(unusable)?).map_err(invalid)?;
    if state.is_empty() { Err(invalid("there are no settings in it".into())) } else { Ok(state) }
}

/// `drvhost state show`.
pub fn show(global: &Global, name: &str) -> Result<Exit, Failure> {
    tell(global, name, None)
}

/// `drvhost state save`.
pub fn save(global: &Global, name: &str, file: &Path) -> Result<Exit, Failure> {
    tell(global, name, Some(file))
}

/// Says what settings a driver has, and writes them to a file if there is one.
fn tell(global: &Global, name: &str, file: Option<&Path>) -> Result<Exit, Failure> {
    let session = commands::session(global)?;
    let asked = Named::new(&session, name).and_then(|named| Ok((named.state()?, named.file)));
    let _report = session.end(Policy::Orderly);
    let (state, driver) = asked?;
    if let (Some(file), Some(state)) = (file, &state) {
        std::fs::write(file, state).map_err(|source| Error::File { file: file.to_owned(), source })?;
    }
    let is_there = state.is_some();
    let state = state.unwrap_or_default();
    let first = state.get(..state.len().min(SHOWN)).unwrap_or_default();
    let file = file.filter(|_| is_there).map(|file| file.display().to_string());
    let hash = is_there.then(|| hash_of(&state));
    let shown = Shown { driver, bytes: state.len(), hash, first: hexadecimal(first), file };
    if global.json {
        output::json(&shown)?;
    } else {
        output::text(&describe(&shown, first))?;
    }
    Ok(if is_there { Exit::Done } else { Exit::Nothing })
}

/// `drvhost state load`.
pub fn load(global: &Global, name: &str, file: &Path) -> Result<Exit, Failure> {
    let state = settings(file)?;
    let session = commands::session(global)?;
    let loaded = give(&session, name, &state);
    let _report = session.end(Policy::Orderly);
    let loaded = loaded?;
    if global.json {
        output::json(&loaded)?;
        return Ok(Exit::Done);
    }
    let Loaded { driver, bytes, same, kept, now } = loaded;
    let same =
        if same { "hands out the same".to_owned() } else { format!("hands out others, of {now} bytes") };
    let kept = if kept {
        "begins with them from now on"
    } else {
        "does not keep them; `drvhost encode --state FILE` gives them to it each time"
    };
    output::text(&format!("{driver} took {bytes} bytes, {same}, and {kept}"))?;
    Ok(Exit::Done)
}

/// Gives a driver settings, and asks for its own again, also after it was closed.
fn give(session: &Session, name: &str, state: &[u8]) -> Result<Loaded, Error> {
    let named = Named::new(session, name)?;
    let codec = named.open()?;
    codec.set_state(state)?;
    let handed = codec.state()?;
    codec.close()?;
    let later = named.state()?;
    let (same, kept) = (handed.as_deref() == Some(state), later.is_some() && later == handed);
    Ok(Loaded {
        driver: named.file,
        bytes: state.len(),
        same,
        kept,
        now: handed.map_or(0, |handed| handed.len()),
    })
}

/// A codec by what was typed.
struct Named<'s> {
    session: &'s Session,
    coding: VideoCoding,
    handler: mmsystem::FourCc,
    /// The driver's file name.
    file: String,
}

impl<'s> Named<'s> {
    fn new(session: &'s Session, name: &str) -> Result<Self, Error> {
        let coding = VideoCoding::parse(session.registry(), name)?;
        let handler = coding.handler(session)?;
        Ok(Self { session, file: coding.driver.file_name(), coding, handler })
    }

    fn open(&self) -> Result<Codec<'s>, Error> {
        Codec::open(self.session, &self.coding.driver, self.handler, ICMODE_COMPRESS)
    }

    /// The settings that an instance begins with.
    fn state(&self) -> Result<Option<Vec<u8>>, Error> {
        let codec = self.open()?;
        let state = codec.state()?;
        codec.close()?;
        Ok(state)
    }
}

fn hash_of(state: &[u8]) -> String {
    let mut hasher = ContentHasher::new();
    hasher.update(state);
    hasher.finish().to_string()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn describe(shown: &Shown, first: &[u8]) -> String {
    let Shown { driver, bytes, hash, file, .. } = shown;
    let Some(hash) = hash else { return format!("{driver} hands out no settings") };
    let mut text = format!("{driver}: {bytes} bytes of settings\nblake3 {hash}");
    for (line, bytes) in first.chunks(16).enumerate() {
        let readable =
            bytes.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' });
        let _ =
            write!(text, "\n{:08x}  {:<32}  {}", line * 16, hexadecimal(bytes), readable.collect::<String>());
    }
    if *bytes > first.len() {
        text.push_str("\n...");
    }
    if let Some(file) = file {
        let _ = write!(text, "\nwritten to {file}");
    }
    text
}
