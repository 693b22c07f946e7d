//! ffmpeg as a source: it decodes what drivers here do not, each stream by a process of its own, so that none waits for another.

mod probe;

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use tempfile::TempDir;

use super::source::{Fed, Streams, VideoSource};
use crate::decode::Progress;
use crate::decode::ffmpeg::{LOCAL, command, io_error, named, private_folder, said};
use crate::decode::handover::{Handover, handover};
use crate::decode::shared::{Shared, finished, start};
use crate::error::{Blame, Error};
use crate::media::{PcmFormat, SampleType, Unit};

use probe::Probed;
pub(super) use probe::is_series;

/// Bytes of samples that are handed on at a time.
const PCM_SIZE: usize = 64 << 10;

/// An input that ffmpeg reads.
pub(super) struct Ffmpeg {
    input: PathBuf,
    streams: Vec<Piped>,
}

/// A stream of it. Dropped, its process is ended.
struct Piped {
    child: Child,
    from: ChildStdout,
    /// Where it says what went wrong.
    folder: TempDir,
    to: Handover,
    /// The bytes of a picture, or of some samples.
    piece: usize,
    is_video: bool,
    /// Bytes of samples in all, where that is known.
    total: Option<u64>,
}

impl Ffmpeg {
    /// Looks at the input and starts ffmpeg for each of its streams: the first video, and all sound.
    ///
    /// # Errors
    /// [`Error::Media`] where it reads no video and no sound there; [`Error::MissingProgram`].
    pub fn open(input: &Path) -> Result<(Self, Streams), Error> {
        let input = &named(input);
        let Probed { arguments, video, audio } = Probed::of(input)?;
        let begun = |index: u32| {
            let mut command = command();
            command.args(LOCAL).args(&arguments).arg("-i").arg(input).arg("-map").arg(format!("0:{index}"));
            command
        };
        let mut streams = Vec::new();
        let mut given = Streams { video: None, audio: Vec::new() };
        let has_video = video.is_some();
        if let Some((index, shape, total)) = video {
            let mut command = begun(index);
            command.args([
                "-f",
                "rawvideo",
                "-pix_fmt",
                "bgr24",
                "-sws_flags",
                "accurate_rnd+full_chroma_int+full_chroma_inp",
            ]);
            command.args(["-fps_mode", "cfr", "-r"]).arg(format!("{}/{}", shape.rate, shape.scale)).arg("-");
            let piece = shape.bgr24_size();
            let (to, taker) = handover(piece);
            streams.push(Piped::start(command, to, piece, true, None)?);
            given.video = Some(VideoSource { shape, total, taker });
        }
        for (index, samples_per_sec, channels, seconds) in audio {
            let mut command = begun(index);
            if has_video {
                // Silence where the sound begins later than the film, or has gaps.
                command.args(["-af", "aresample=async=1:first_pts=0"]);
            }
            command.args(["-f", "s16le", "-"]);
            let format = PcmFormat { channels, samples_per_sec, sample: SampleType::S16 };
            let size = usize::from(channels) * 2;
            let total = seconds.map(|seconds| (seconds * f64::from(samples_per_sec)) as u64 * size as u64);
            let (to, taker) = handover(PCM_SIZE);
            streams.push(Piped::start(command, to, PCM_SIZE.next_multiple_of(size.max(1)), false, total)?);
            given.audio.push((format, taker));
        }
        Ok((Self { input: input.to_owned(), streams }, given))
    }

    /// Hands everything on. `silent`: others tell how far the run is.
    ///
    /// # Errors
    /// [`Error::Media`] with what ffmpeg said where it failed; [`Error::Interrupted`].
    pub fn run(self, shared: &Shared<'_>, silent: bool) -> Result<Fed, Error> {
        let Self { input, streams } = self;
        let input = &input;
        let done: Result<Vec<_>, Error> = thread::scope(|scope| {
            let threads: Vec<_> = streams
                .into_iter()
                .map(|stream| start(scope, "ffmpeg", move || stream.run(input, shared, silent)))
                .collect();
            threads.into_iter().map(|thread| finished(thread?)).collect()
        });
        let warnings: Vec<String> = done?.into_iter().flatten().collect();
        let blame = (!warnings.is_empty()).then_some(Blame::Media);
        Ok(Fed { damage: warnings.last().cloned(), warnings, blame })
    }
}

impl Piped {
    fn start(
        mut command: Command,
        to: Handover,
        piece: usize,
        is_video: bool,
        total: Option<u64>,
    ) -> Result<Self, Error> {
        let folder = private_folder()?;
        let log = File::create(folder.path().join("said"));
        let log = log.map_err(|error| io_error("making a file for ffmpeg", error))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().map_err(|error| probe::not_started("ffmpeg", &error))?;
        let from = child.stdout.take().ok_or_else(|| Error::Bug("a pipe from ffmpeg is not there".into()))?;
        Ok(Self { child, from, folder, to, piece, is_video, total })
    }

    /// Hands the stream on. Answers what ffmpeg has said of damage.
    fn run(mut self, input: &Path, shared: &Shared<'_>, silent: bool) -> Result<Option<String>, Error> {
        let mut done = 0;
        loop {
            shared.go_on()?;
            let mut buffer = self.to.empty();
            buffer.resize(self.piece, 0);
            let read = read_full(&mut self.from, &mut buffer)
                .map_err(|error| io_error("reading what ffmpeg decodes", error))?;
            done += read as u64;
            if read < self.piece && self.is_video {
                break;
            }
            buffer.truncate(read);
            if !buffer.is_empty() {
                self.to.give_buffer(buffer)?;
            }
            if !silent {
                shared.report(Progress { done, total: self.total, unit: Unit::Bytes })?;
            }
            if read < self.piece {
                break;
            }
        }
        let status = self.child.wait().map_err(|error| io_error("waiting for ffmpeg", error))?;
        let has_said = std::fs::metadata(self.folder.path().join("said")).is_ok_and(|said| said.len() > 0);
        if !status.success() {
            let doing = format!("reading {} by ffmpeg", input.display());
            return Err(io_error(doing, io::Error::other(said(self.folder.path(), Some(status)))));
        }
        Ok(has_said.then(|| format!("ffmpeg says of the input: {}", said(self.folder.path(), Some(status)))))
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads until `buffer` is full, or the end; answers how much.
fn read_full(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match from.read(room) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
