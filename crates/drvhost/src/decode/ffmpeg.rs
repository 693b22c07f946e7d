//! ffmpeg, where it is installed: it writes the outputs that have no writer here, and takes the streams out of files that have no reader here.
//!
//! Every stream goes to it through a pipe of its own, with a name in a folder that only this user can enter, each written by the stream's thread: ffmpeg
//! takes from each as much as it needs, whatever the others have.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, Mode, OFlags};
use tempfile::{Builder, TempDir, TempPath};

use crate::error::Error;
use crate::media::{MediaError, PcmFormat, SampleType, VideoShape};

/// How often it is looked whether ffmpeg has opened a pipe.
const LOOK: Duration = Duration::from_millis(2);
/// The format is said, so nothing of a stream needs to be looked at before the next one is opened.
const UNPROBED: [&str; 4] = ["-probesize", "32", "-analyzeduration", "0"];
/// Before an input: what is in it leads to no other place than files.
pub(crate) const LOCAL: [&str; 2] = ["-protocol_whitelist", "file,pipe"];
/// The longest that is told of what ffmpeg says.
const MAX_SAID: usize = 300;

/// A running ffmpeg that writes a file. Dropped before [`Ffmpeg::finish`], it is ended, and nothing of the file stays.
pub(super) struct Ffmpeg {
    child: Arc<Mutex<Child>>,
    folder: TempDir,
    /// The file under the name it has while it is written.
    staged: TempPath,
    target: PathBuf,
}

/// A stream on its way to ffmpeg.
pub(super) struct Pipe {
    path: PathBuf,
    child: Arc<Mutex<Child>>,
    /// `None` until ffmpeg has opened it.
    file: Option<File>,
}

/// What ffmpeg is to write.
pub(super) struct Wanted<'a> {
    /// The file.
    pub target: &'a Path,
    /// Its video, as BGR24.
    pub video: Option<VideoShape>,
    /// Its audio streams.
    pub audio: &'a [PcmFormat],
    /// ffmpeg's name of a pixel format.
    pub pix_fmt: Option<&'a str>,
}

impl Ffmpeg {
    /// Starts it. The pipes are in the order of the streams, video first.
    ///
    /// # Errors
    /// [`Error::Media`] where the file cannot be made; [`Error::MissingProgram`].
    pub fn start(wanted: &Wanted<'_>) -> Result<(Self, Vec<Pipe>), Error> {
        let folder = private_folder()?;
        let staged = staged(wanted.target)?;
        let mut command = command();
        let mut names = Vec::new();
        let mut pipe = |name: String| {
            let path = folder.path().join(name);
            rustix::fs::mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR)
                .map_err(|error| io_error("making a pipe for ffmpeg", error.into()))?;
            names.push(path.clone());
            Ok::<_, Error>(path)
        };
        if let Some(VideoShape { width, height, scale, rate, .. }) = wanted.video {
            command
                .args(["-f", "rawvideo", "-pixel_format", "bgr24", "-video_size"])
                .arg(format!("{width}x{height}"));
            command
                .arg("-framerate")
                .arg(format!("{rate}/{scale}"))
                .args(UNPROBED)
                .arg("-i")
                .arg(pipe("video".into())?);
        }
        for (number, format) in wanted.audio.iter().enumerate() {
            command.args(["-f", sample_format(format.sample), "-ar"]).arg(format.samples_per_sec.to_string());
            command
                .arg("-ac")
                .arg(format.channels.to_string())
                .args(UNPROBED)
                .arg("-i")
                .arg(pipe(format!("audio{number}"))?);
        }
        for input in 0..names.len() {
            command.arg("-map").arg(input.to_string());
        }
        command.args(codecs(wanted));
        if let Some((wide, high)) = wanted.video.and_then(|shape| shape.pixel_aspect()) {
            command.arg("-vf").arg(format!("setsar={wide}/{high}"));
        }
        if let Some(pix_fmt) = wanted.pix_fmt {
            command.args(["-pix_fmt", pix_fmt]);
        }
        command.args(["-xerror", "-y"]).arg(&staged);
        let child = Arc::new(Mutex::new(spawn(command, folder.path())?));
        let pipe = |path| Pipe { path, child: Arc::clone(&child), file: None };
        let pipes = names.into_iter().map(pipe).collect();
        Ok((Self { child, folder, staged, target: wanted.target.to_owned() }, pipes))
    }

    /// Waits for its end, when all pipes are dropped, and gives the file its name.
    ///
    /// # Errors
    /// [`Error::Media`] with what ffmpeg said.
    pub fn finish(self) -> Result<(), Error> {
        let status = lock(&self.child).wait().map_err(|error| io_error("waiting for ffmpeg", error))?;
        if !status.success() {
            return Err(self.failed(Some(status)));
        }
        let Self { staged, target, .. } = &self;
        let named = fs::rename(staged, target);
        named.map_err(|error| io_error(format!("writing {}", target.display()), error))
    }

    /// The error of a run that failed: ffmpeg's, if it has ended in one.
    pub fn reason(&self, otherwise: Error) -> Error {
        let closed = matches!(&otherwise, Error::Media(MediaError::Io { source, .. }) if source.kind() == ErrorKind::BrokenPipe);
        if !closed {
            return otherwise;
        }
        // It has closed its pipe, so its end is near.
        let status = lock(&self.child).wait().ok();
        self.failed(status)
    }

    fn failed(&self, status: Option<ExitStatus>) -> Error {
        let doing = format!("writing {} by ffmpeg", self.target.display());
        io_error(doing, io::Error::other(said(self.folder.path(), status)))
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        let mut child = lock(&self.child);
        // It may have ended already.
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Pipe {
    /// Writes all of `bytes`; waits until ffmpeg takes them.
    ///
    /// # Errors
    /// [`Error::Media`]: [`ErrorKind::BrokenPipe`] where ffmpeg has ended.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let failed = |error| io_error("handing a stream to ffmpeg", error);
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(opened(&self.path, &self.child).map_err(failed)?),
        };
        file.write_all(bytes).map_err(failed)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // A stream without data: ffmpeg still waits for the pipe to be opened and closed.
        if self.file.is_none() {
            let _ = opened(&self.path, &self.child);
        }
    }
}

/// Opens a pipe for writing once ffmpeg has opened it for reading.
fn opened(path: &Path, child: &Mutex<Child>) -> io::Result<File> {
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    loop {
        match OpenOptions::new().write(true).custom_flags(nonblocking).open(path) {
            Ok(file) => {
                rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
                return Ok(file);
            }
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                if lock(child).try_wait()?.is_some() {
                    return Err(ErrorKind::BrokenPipe.into());
                }
                thread::sleep(LOOK);
            }
            Err(error) => return Err(error),
        }
    }
}

/// The streams of a file that is no AVI, in an AVI file of their own, as they are. The file is gone when what is answered is dropped.
///
/// # Errors
/// [`Error::Media`] with what ffmpeg said; [`Error::MissingProgram`].
pub(super) fn remuxed(input: &Path, beside: Option<&Path>) -> Result<(File, TempPath), Error> {
    let folder = private_folder()?;
    let mut builder = Builder::new();
    builder.prefix(".drvhost-").suffix(".avi");
    let made = match beside.and_then(Path::parent).filter(|folder| folder.is_dir()) {
        Some(folder) => builder.tempfile_in(folder),
        None => builder.tempfile(),
    };
    let made = made.map_err(|error| io_error("making a file for the streams", error.kind().into()))?;
    let (file, path) = made.into_parts();
    let mut command = command();
    let input = &named(input);
    command.args(LOCAL).arg("-i").arg(input).args(["-map", "0:v?", "-map", "0:a?", "-c", "copy"]);
    if let Some(rate) = frame_rate(input) {
        command.args(["-r", &rate]);
    }
    command.arg("-y").arg(&path);
    let status =
        spawn(command, folder.path())?.wait().map_err(|error| io_error("waiting for ffmpeg", error))?;
    if !status.success() {
        let doing = format!("taking the streams out of {} by ffmpeg", input.display());
        return Err(io_error(doing, io::Error::other(said(folder.path(), Some(status)))));
    }
    Ok((file, path))
}

/// A file's name as ffmpeg cannot take it for an address, which begins with letters and a colon, or for an option.
pub(crate) fn named(input: &Path) -> PathBuf {
    if input.is_absolute() { input.to_owned() } else { Path::new(".").join(input) }
}

/// Whether ffmpeg is installed.
#[must_use]
pub fn is_there() -> bool {
    let quiet = Command::new("ffmpeg")
        .arg("-version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok()
}

/// The frame rate of a file's video, as ffmpeg writes it. Copied to an AVI file without it, a film in a container that keeps times in
/// milliseconds gets a dropped frame behind each one.
fn frame_rate(input: &Path) -> Option<String> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-select_streams", "v:0", "-show_entries", "stream=avg_frame_rate"]);
    command.args(["-of", "default=nokey=1:noprint_wrappers=1"]).args(LOCAL).arg("-i").arg(input);
    command.stdin(Stdio::null());
    let told = String::from_utf8(command.output().ok()?.stdout).ok()?;
    let (rate, scale) = told.lines().next()?.split_once('/')?;
    let is_number = |text: &str| text.parse().is_ok_and(|number: u64| number > 0);
    (is_number(rate) && is_number(scale)).then(|| format!("{rate}/{scale}"))
}

/// ffmpeg as it is always started: silent but for errors.
pub(crate) fn command() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-loglevel", "error"]);
    // Ctrl-C is for drvhost, which ends ffmpeg itself.
    command.process_group(0);
    command
}

fn spawn(mut command: Command, folder: &Path) -> Result<Child, Error> {
    let log =
        File::create(folder.join("said")).map_err(|error| io_error("making a file for ffmpeg", error))?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().map_err(|source| match source.kind() {
        ErrorKind::NotFound => Error::MissingProgram {
            program: "ffmpeg",
            why: "it reads and writes the formats that drvhost does not",
        },
        _ => Error::Worker(format!("ffmpeg could not be started: {source}")),
    })
}

/// What ffmpeg said last, or how it ended.
pub(crate) fn said(folder: &Path, status: Option<ExitStatus>) -> String {
    let said = fs::read(folder.join("said")).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    // The first line is the cause, what follows are its consequences.
    let line = said.lines().map(str::trim).find(|line| !line.is_empty());
    match (line, status) {
        (Some(line), _) => line.chars().filter(|char| !char.is_control()).take(MAX_SAID).collect(),
        (None, Some(status)) => format!("ffmpeg ended with {status} and said nothing"),
        (None, None) => "ffmpeg has ended".to_owned(),
    }
}

/// The codecs: lossless ones where the format of the file has them, else what ffmpeg takes for it.
fn codecs(wanted: &Wanted<'_>) -> Vec<&'static str> {
    let extension = wanted.target.extension().unwrap_or_default().to_ascii_lowercase();
    // Every picture stands for itself and carries a checksum, as archives want FFV1.
    let ffv1 = ["-c:v", "ffv1", "-level", "3", "-g", "1", "-slices", "4", "-slicecrc", "1"];
    let codecs: &[&str] = match extension.to_str() {
        Some("mkv" | "mka" | "nut") => &[ffv1.as_slice(), &["-c:a", "flac"]].concat(),
        Some("avi" | "mov") => &[ffv1.as_slice(), &["-c:a", pcm_codec(wanted.audio)]].concat(),
        Some("y4m") => &["-f", "yuv4mpegpipe", "-strict", "-1"],
        _ => &[],
    };
    codecs.to_vec()
}

/// ffmpeg's name of the codec for plain samples.
fn pcm_codec(audio: &[PcmFormat]) -> &'static str {
    match audio.first().map(|format| format.sample) {
        Some(SampleType::U8) => "pcm_u8",
        Some(SampleType::S24) => "pcm_s24le",
        Some(SampleType::S32) => "pcm_s32le",
        Some(SampleType::F32) => "pcm_f32le",
        Some(SampleType::S16) | None => "pcm_s16le",
    }
}

/// ffmpeg's name of samples without a header.
fn sample_format(sample: SampleType) -> &'static str {
    match sample {
        SampleType::U8 => "u8",
        SampleType::S16 => "s16le",
        SampleType::S24 => "s24le",
        SampleType::S32 => "s32le",
        SampleType::F32 => "f32le",
    }
}

/// A file beside the target, with its ending, by which ffmpeg knows the format.
fn staged(target: &Path) -> Result<TempPath, Error> {
    let unusable = |why: &str| {
        Error::from(MediaError::OutputName { name: target.display().to_string(), why: why.to_owned() })
    };
    if target.is_dir() {
        return Err(unusable("it is a directory"));
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(unusable("its directory does not exist"));
    }
    let mut suffix = std::ffi::OsString::from(".");
    suffix.push(target.extension().unwrap_or_default());
    let file = Builder::new()
        .prefix(".drvhost-")
        .suffix(&suffix)
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
        .tempfile_in(folder);
    let file = file.map_err(|error| io_error(format!("making {}", target.display()), error.kind().into()))?;
    Ok(file.into_temp_path())
}

/// A folder that only this user can enter.
pub(crate) fn private_folder() -> Result<TempDir, Error> {
    let folder = Builder::new().prefix("drvhost-").tempdir();
    folder.map_err(|error| io_error("making a folder for pipes", error.kind().into()))
}

fn lock(child: &Mutex<Child>) -> std::sync::MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn io_error(doing: impl Into<String>, source: io::Error) -> Error {
    MediaError::Io { doing: doing.into(), source }.into()
}
