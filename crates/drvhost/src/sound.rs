//! What drivers play on: nothing, a device that nobody hears, files, or whoever takes it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::Error;
use crate::media::PcmFormat;

/// The wave output device that drivers find, and what becomes of what they play on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sound {
    /// There is none.
    None,
    /// There is one, and nobody hears it.
    Silent(Pace),
    /// What is played is written to a WAVE file with this name. Each further stream gets a file of its own, `NAME-2.wav` and so on, in the order in which
    /// they begin to play. A file is there when its stream is closed, or its driver's process or the session has ended.
    File {
        /// The file.
        path: PathBuf,
        /// How fast it is played.
        pace: Pace,
    },
    /// What is played is handed on.
    Sink {
        /// To whom.
        sink: Sink,
        /// How fast it is played.
        pace: Pace,
    },
}

/// A stream that a driver plays, in its session. Streams count up as they are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// Takes what drivers play. Each stream's pieces come in the order in which they are played, several streams' side by side.
///
/// The functions are called while a driver waits, on whichever thread serves it: with a virtual clock that is the one that sends it a message or calls
/// [`Session::advance`](crate::Session::advance), and the answer comes when all has been handed on that was played until then. They must not use the session. As long as they take, the driver
/// stands still, and no deadline is kept meanwhile.
pub trait SoundSink: Send + Sync {
    /// A stream is open. Nothing has been played on it, and perhaps nothing ever is.
    fn open(&self, stream: StreamId, format: PcmFormat, driver: &str);

    /// Samples of a stream are played.
    fn play(&self, piece: &Piece<'_>);

    /// A stream is closed, or its driver's process has ended.
    fn close(&self, stream: StreamId);
}

/// Samples that are played. A worker that is out of hand can say anything of where they are: who keeps them must not make room for all of the silence that such numbers
/// stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The stream.
    pub stream: StreamId,
    /// What its samples are.
    pub format: PcmFormat,
    /// When the stream's first frame was played, by a virtual clock; zero by the world's.
    pub begin: Duration,
    /// How many frames (samples of all channels) after that these begin. By a virtual clock there is silence between what was played before and these, as long as the driver had
    /// nothing to play; by the world's there is none.
    pub frame: u64,
    /// The samples, in whole frames as far as the driver writes such.
    pub bytes: &'a [u8],
}

impl Piece<'_> {
    /// When the first of the samples is played.
    #[must_use]
    pub fn at(&self) -> Duration {
        let nanos = u128::from(self.frame) * 1_000_000_000 / u128::from(self.format.samples_per_sec.max(1));
        self.begin.saturating_add(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }
}

/// Whom sound is handed on to. Clones are the same one.
#[derive(Clone)]
pub struct Sink(Arc<dyn SoundSink>);

impl Sink {
    /// Has sound handed on to this.
    pub fn new(sink: impl SoundSink + 'static) -> Self {
        Self(Arc::new(sink))
    }

    pub(crate) fn get(&self) -> &dyn SoundSink {
        &*self.0
    }
}

impl From<Arc<dyn SoundSink>> for Sink {
    fn from(sink: Arc<dyn SoundSink>) -> Self {
        Self(sink)
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink").finish_non_exhaustive()
    }
}

impl PartialEq for Sink {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Sink {}

/// A device as a sound card without loudspeakers: drivers go on as they would with one.
impl Default for Sound {
    fn default() -> Self {
        Self::Silent(Pace::Real)
    }
}

/// How fast a device plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// As fast as it sounds, as a sound card does.
    #[default]
    Real,
    /// As fast as drivers can.
    Fast,
}

impl Sound {
    /// What a worker is told of the device.
    pub(crate) fn device(&self) -> wire::SoundDevice {
        let (there, pace, keeps) = match self {
            Self::None => (false, Pace::Real, false),
            Self::Silent(pace) => (true, *pace, false),
            Self::File { pace, .. } | Self::Sink { pace, .. } => (true, *pace, true),
        };
        wire::SoundDevice { there, fast: pace == Pace::Fast, keeps }
    }
}

/// How many files a session's drivers make. More streams than that play unheard.
const MOST_FILES: u32 = 64;
/// How many bytes of samples they write in all: three hours as on a CD. What a driver plays without end must not fill the disk.
const MOST_BYTES: u64 = 2 << 30;

/// The files of a session's drivers.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub sound: Sound,
    used: Mutex<Used>,
    /// How many streams were opened.
    streams: AtomicU64,
}

#[derive(Debug, Default)]
struct Used {
    files: u32,
    bytes: u64,
}

impl Recorder {
    /// For a session whose drivers play on this.
    ///
    /// # Errors
    /// [`Error::File`] where the file can never be written.
    pub fn new(sound: Sound) -> Result<Self, Error> {
        if let Sound::File { path, .. } = &sound {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let why = match path.is_dir() {
                true => Some((io::ErrorKind::IsADirectory, "it is a directory")),
                false if !folder.unwrap_or(Path::new(".")).is_dir() => {
                    Some((io::ErrorKind::NotFound, "its directory does not exist"))
                }
                false => None,
            };
            if let Some((kind, why)) = why {
                return Err(Error::File { file: path.clone(), source: io::Error::new(kind, why) });
            }
        }
        Ok(Self { sound, used: Mutex::default(), streams: AtomicU64::new(0) })
    }

    /// The next stream.
    pub fn next_stream(&self) -> StreamId {
        StreamId(self.streams.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Whom sound is handed on to, if it is.
    pub fn sink(&self) -> Option<&dyn SoundSink> {
        match &self.sound {
            Sound::Sink { sink, .. } => Some(sink.get()),
            _ => None,
        }
    }

    /// The name of the next file; `None` when there are to be no more.
    pub fn next_file(&self) -> Option<PathBuf> {
        let Sound::File { path, .. } = &self.sound else { return None };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.files >= MOST_FILES {
            return None;
        }
        used.files += 1;
        Some(numbered(path, used.files))
    }

    /// Whether there is room for so many bytes more, which are taken then.
    pub fn take(&self, bytes: u64) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let total = used.bytes.saturating_add(bytes);
        let room = total <= MOST_BYTES;
        if room {
            used.bytes = total;
        }
        room
    }
}

/// The name of a stream's file: the first one has the name itself.
fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> Sound {
        Sound::File { path: path.into(), pace: Pace::Fast }
    }

    #[test]
    fn files_are_numbered_and_not_without_end() {
        let recorder = Recorder::new(file("out.wav")).unwrap();
        let names: Vec<_> = std::iter::from_fn(|| recorder.next_file()).collect();
        assert_eq!(names[..2], [PathBuf::from("out.wav"), "out-2.wav".into()]);
        assert_eq!(names.len(), MOST_FILES as usize);
        assert_eq!(numbered(Path::new("a.b/out"), 3), Path::new("a.b/out-3"));
        assert_eq!(Recorder::new(Sound::default()).unwrap().next_file(), None);
    }

    #[test]
    fn only_so_much_is_written() {
        let recorder = Recorder::new(file("out.wav")).unwrap();
        assert!(recorder.take(1 << 30) && recorder.take(1 << 30));
        assert!(!recorder.take(1) && recorder.take(0));
    }

    #[test]
    fn a_file_that_cannot_be_is_refused_at_once() {
        for path in ["/", "/nonexistent/out.wav"] {
            assert!(matches!(Recorder::new(file(path)), Err(Error::File { .. })), "{path}");
        }
    }

    #[test]
    fn workers_are_told_what_there_is() {
        let told = |sound: Sound| {
            let wire::SoundDevice { there, fast, keeps } = sound.device();
            (there, fast, keeps)
        };
        assert_eq!(told(Sound::None), (false, false, false));
        assert_eq!(told(Sound::default()), (true, false, false));
        assert_eq!(told(Sound::Silent(Pace::Fast)), (true, true, false));
        assert_eq!(told(file("x")), (true, true, true));
    }
}
