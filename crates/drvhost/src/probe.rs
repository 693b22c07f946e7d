//! What a media file has, which driver would serve each of its streams, and what is damaged; and a picture of some of its frames.
//!
//! Nothing is decoded for the first part: drivers are opened for the streams' formats, and the packets are walked by their headers.

mod canvas;
mod font;
mod sheet;
mod stream;

use std::path::Path;

use serde::{Deserialize, Serialize, Serializer};

use crate::decode::{Decode, Input};
use crate::error::{Blame, Error};
use crate::media::{FileReader, MediaKind, Walk, kind_of};
use crate::session::Session;
pub use sheet::Sheet;
pub use stream::{Found, Kind, StreamIndex};

/// A file that is looked at.
pub struct Probe<'s> {
    session: &'s Session,
    what: Decode,
    input: Input,
    container: String,
    size: u64,
}

/// What was found in a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// The file.
    pub file: String,
    /// What kind of file it is: `AVI`, `WAVE`, `RF64`, `BW64`, `Wave64`, or another container in words.
    pub container: String,
    /// How long it is.
    pub bytes: u64,
    /// How long it plays, as far as that can be told: its longest stream.
    pub seconds: Option<f64>,
    /// Whether all packets were walked over, or only what the headers and indexes say is told.
    pub walked: bool,
    /// Its streams, by their numbers.
    pub streams: Vec<Found>,
    /// Whether nothing is damaged, as far as was looked.
    pub whole: bool,
    /// Whether all video and sound can be decoded here, and there is some.
    pub servable: bool,
    /// What is damaged.
    pub damage: Vec<String>,
    /// What is unusual and does no harm to decoding.
    pub notes: Vec<String>,
}

/// Why something is not so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Whose doing it is.
    pub blame: Blame,
    /// In one sentence.
    pub message: String,
}

impl From<&Error> for Reason {
    fn from(error: &Error) -> Self {
        Self { blame: error.blame(), message: error.to_string() }
    }
}

impl<'s> Probe<'s> {
    /// Opens the file that `what` names. Of all else only the driver and the packing count.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Media`] where it is no media file or too damaged, [`Error::MissingProgram`].
    pub fn open(session: &'s Session, what: Decode) -> Result<Self, Error> {
        let unusable = |source| Error::File { file: what.input.clone(), source };
        let file = FileReader::open(&what.input).map_err(unusable)?;
        let size = file.len();
        let container = match kind_of(file)? {
            MediaKind::Avi => "AVI".to_owned(),
            MediaKind::Wave(name) => name.to_owned(),
            MediaKind::Carrier(name) | MediaKind::Other(name) => name,
        };
        let input = Input::open(&what)?;
        Ok(Self { session, what, input, container, size })
    }

    /// Looks at the streams, and unless it is to be `quick`, walks over all packets. `go_on` is told from time to time how many bytes of how many were
    /// walked over, and answers whether to go on.
    ///
    /// # Errors
    /// [`Error::Worker`] and others that are this computer's doing; [`Error::Media`] where the file cannot be read; [`Error::Interrupted`].
    pub fn look(&mut self, quick: bool, mut go_on: impl FnMut(u64, u64) -> bool) -> Result<Findings, Error> {
        let (session, what) = (self.session, &self.what);
        let mut damage = Vec::new();
        let mut notes = Vec::new();
        let mut streams = Vec::new();
        match &mut self.input {
            Input::Wave { wave, .. } => {
                damage.extend(wave.damage().map(|damage| damage.to_string()));
                streams.push(Found::of_wave(session, what, wave)?);
            }
            Input::Avi { avi, file, .. } => {
                let size = file.len();
                let walk = if quick {
                    None
                } else {
                    Some(avi.walk(|at| go_on(at, size))?.ok_or(Error::Interrupted)?)
                };
                if avi.parts() > 1 {
                    notes.push(format!("its packets are in {} RIFF chunks", avi.parts()));
                }
                for stream in avi.streams().to_vec() {
                    let walked = walk.as_ref().and_then(|walk| walk.streams.get(usize::from(stream.index)));
                    streams.push(Found::of_avi(session, what, avi, &stream, walked)?);
                }
                damage.extend(walk.iter().flat_map(flaws));
            }
        }
        for found in &streams {
            damage.extend(found.damage());
            notes.extend(found.notes());
        }
        if !matches!(self.container.as_str(), "AVI" | "WAVE" | "RF64" | "BW64" | "Wave64") {
            notes.push(
                "its streams were taken out by ffmpeg; what is said of packets and indexes is of these"
                    .to_owned(),
            );
        }
        let decodable = |found: &&Found| found.kind != Kind::Other;
        let servable = streams.iter().any(|found| decodable(&found))
            && streams.iter().filter(decodable).all(|found| found.reason.is_none());
        Ok(Findings {
            file: what.input.display().to_string(),
            container: self.container.clone(),
            bytes: self.size,
            seconds: streams.iter().filter_map(|found| found.seconds).max_by(f64::total_cmp),
            walked: !quick,
            whole: damage.is_empty(),
            servable,
            streams,
            damage,
            notes,
        })
    }

    /// Draws `frames` pictures of the film, evenly spread, with their times and numbers, into a PNG file. `stop` is asked from time to time.
    ///
    /// # Errors
    /// Where it has no video that a driver opens for, as [`crate::decode::run`]; [`Error::Media`] where the file cannot be read or the picture not be
    /// written; [`Error::Interrupted`].
    pub fn contact_sheet(
        &self,
        findings: &Findings,
        frames: u32,
        path: &Path,
        stop: &dyn Fn() -> bool,
    ) -> Result<Sheet, Error> {
        sheet::draw(self, findings, frames, path, stop)
    }
}

/// The flaws of a film, in words.
fn flaws(walk: &Walk) -> Vec<String> {
    let mut texts: Vec<_> = walk.flaws.iter().map(ToString::to_string).collect();
    texts.extend((walk.further > 0).then(|| format!("{} further places like these", walk.further)));
    texts
}

/// A number of seconds, kept to whole microseconds.
fn seconds(units: u64, scale: u64, rate: u64) -> Option<f64> {
    (rate > 0).then(|| {
        let micros = (u128::from(units) * u128::from(scale)).saturating_mul(1_000_000) / u128::from(rate);
        micros as f64 / 1e6
    })
}

/// A time for people: hours, minutes, seconds and thousandths.
#[must_use]
pub fn clock(seconds: f64) -> String {
    let thousandths = (seconds.max(0.0) * 1000.0).round() as u64;
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    format!("{}:{:02}:{:02}.{rest:03}", whole / 3600, whole / 60 % 60, whole % 60)
}

/// A number with at most three places behind the point.
#[must_use]
pub fn rounded(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_off_at_once() {
        assert_eq!(
            [clock(0.0), clock(59.9996), clock(3725.5)],
            ["0:00:00.000", "0:01:00.000", "1:02:05.500"]
        );
        assert_eq!(seconds(45, 1001, 30_000), Some(1.5015));
        assert_eq!(seconds(1, 1, 0), None);
        assert_eq!([rounded(25.0), rounded(29.97002), rounded(100.0)], ["25", "29.97", "100"]);
        assert_eq!(seconds(u64::MAX, u64::MAX, 1).map(f64::is_finite), Some(true));
    }
}
