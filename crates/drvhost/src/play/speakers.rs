//! The system's sound, through one of the programs that play what comes by a pipe. It takes no more than is heard, and so gives the pace.

use std::io::{ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};

use crate::error::Error;
use crate::media::{MediaError, PcmFormat, SampleType};

/// The programs, in the order in which they are tried.
const PROGRAMS: [Program; 3] = [
    Program {
        name: "pw-play",
        formats: ["u8", "s16", "s24", "s32", "f32"],
        arguments: pipewire,
        may_be_raw: true,
    },
    Program {
        name: "paplay",
        formats: ["u8", "s16le", "s24le", "s32le", "float32le"],
        arguments: pulse,
        may_be_raw: false,
    },
    Program {
        name: "aplay",
        formats: ["U8", "S16_LE", "S24_3LE", "S32_LE", "FLOAT_LE"],
        arguments: alsa,
        may_be_raw: false,
    },
];

/// Without this word a pw-play that knows it looks for the header of a file in what comes by the pipe; one that does not know it, such as 0.3.65, takes samples, and
/// refuses the word.
const RAW: &str = "--raw";

/// A program that fails before it has taken more than this may not have played anything, and the next one is tried.
const FIRST: usize = 256 << 10;

/// A program that takes nothing for so long does not play: where no device is, some wait for one. No device that is there takes as long to wake up.
const LONGEST_REST: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };
/// A program that has not ended so long after the last sound has no device either. Of the slowest sound, eight thousand bytes a second, a pipe holds eight seconds.
const LONGEST_END: Duration = Duration::from_secs(20);
/// How often is looked whether a program has ended.
const LOOK: Duration = Duration::from_millis(10);

struct Program {
    name: &'static str,
    /// What it calls each type of samples, in the order of [`Program::format`].
    formats: [&'static str; 5],
    arguments: fn(format: &str, rate: &str, channels: &str) -> Vec<String>,
    /// Whether it is told [`RAW`] if its help names that.
    may_be_raw: bool,
}

fn pipewire(format: &str, rate: &str, channels: &str) -> Vec<String> {
    ["--format", format, "--rate", rate, "--channels", channels, "-"].map(str::to_owned).to_vec()
}

fn pulse(format: &str, rate: &str, channels: &str) -> Vec<String> {
    vec![
        "--raw".to_owned(),
        "--client-name=drvhost".to_owned(),
        format!("--format={format}"),
        format!("--rate={rate}"),
        format!("--channels={channels}"),
    ]
}

fn alsa(format: &str, rate: &str, channels: &str) -> Vec<String> {
    ["-q", "-t", "raw", "-f", format, "-r", rate, "-c", channels, "-"].map(str::to_owned).to_vec()
}

impl Program {
    fn format(&self, sample: SampleType) -> &'static str {
        let [u8, s16, s24, s32, f32] = self.formats;
        match sample {
            SampleType::U8 => u8,
            SampleType::S16 => s16,
            SampleType::S24 => s24,
            SampleType::S32 => s32,
            SampleType::F32 => f32,
        }
    }

    fn knows_raw(&self) -> bool {
        let help = Command::new(self.name).arg("--help").stdin(Stdio::null()).stderr(Stdio::null()).output();
        help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains(RAW))
    }

    fn command(&self, format: PcmFormat) -> Command {
        let (rate, channels) = (format.samples_per_sec.to_string(), format.channels.to_string());
        let mut command = Command::new(self.name);
        if self.may_be_raw && self.knows_raw() {
            command.arg(RAW);
        }
        command.args((self.arguments)(self.format(format.sample), &rate, &channels));
        // Ctrl-C is for drvhost, which then has the song end.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null());
        command
    }
}

/// Sound on its way to a program that plays it. The program is ended when this is dropped before [`Speakers::finish`].
pub(super) struct Speakers {
    format: PcmFormat,
    /// The next one to try.
    next: usize,
    playing: Option<Playing>,
    /// What was written, as long as another program may have to play it.
    first: Option<Vec<u8>>,
    /// What the programs that were tried have come to.
    said: Vec<String>,
}

struct Playing {
    name: &'static str,
    child: Child,
    pipe: ChildStdin,
}

impl Speakers {
    /// Starts the first program that there is.
    ///
    /// # Errors
    /// [`Error::NoPlayer`].
    pub fn new(format: PcmFormat) -> Result<Self, Error> {
        let mut speakers = Self { format, next: 0, playing: None, first: Some(Vec::new()), said: Vec::new() };
        speakers.start()?;
        Ok(speakers)
    }

    /// Starts the next program that there is.
    fn start(&mut self) -> Result<(), Error> {
        while let Some(program) = PROGRAMS.get(self.next) {
            self.next += 1;
            let name = program.name;
            match program.command(self.format).spawn() {
                Ok(mut child) => match child.stdin.take() {
                    Some(pipe) if ioctl_fionbio(&pipe, true).is_ok() => {
                        self.playing = Some(Playing { name, child, pipe });
                        return Ok(());
                    }
                    _ => end(&mut child),
                },
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.said.push(format!("{name} is not installed"));
                }
                Err(error) => self.said.push(format!("{name} could not be started: {error}")),
            }
        }
        Err(Error::NoPlayer { said: self.said.join(", ") })
    }

    /// Has the next program play all that was written, because the one before did not.
    fn start_over(&mut self, mut how: String) -> Result<(), Error> {
        loop {
            if let Some(Playing { name, mut child, pipe }) = self.playing.take() {
                drop(pipe);
                if let Ok(Some(status)) = child.try_wait() {
                    how = ended(status);
                }
                end(&mut child);
                self.said.push(format!("{name} does not play ({how})"));
            }
            self.start()?;
            let first = self.first.take().unwrap_or_default();
            let handed = self.hand(&first);
            self.first = Some(first);
            match handed {
                Ok(()) => return Ok(()),
                Err(error) => how = error.to_string(),
            }
        }
    }

    /// Hands frames on, when there is room for them.
    ///
    /// # Errors
    /// [`Error::NoPlayer`] where no program plays; [`Error::Media`] where one ends in the middle.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(first) = &mut self.first {
            first.extend_from_slice(bytes);
        }
        match self.hand(bytes) {
            Ok(()) => {
                self.first.take_if(|first| first.len() > FIRST);
                Ok(())
            }
            Err(error) if self.first.is_some() => self.start_over(error.to_string()),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn hand(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match &mut self.playing {
            Some(playing) => fill(&mut playing.pipe, bytes),
            None => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    fn failed(&self, source: std::io::Error) -> Error {
        let name = self.playing.as_ref().map_or("the player", |playing| playing.name);
        MediaError::io(format!("playing through {name}"), source).into()
    }

    /// Waits until all has been heard.
    ///
    /// # Errors
    /// [`Error::NoPlayer`] where no program plays; [`Error::Media`] where it fails at the end.
    pub fn finish(mut self) -> Result<(), Error> {
        loop {
            let Some(Playing { name, mut child, pipe }) = self.playing.take() else { return Ok(()) };
            drop(pipe);
            let how = match wait(&mut child) {
                Ok(status) if status.success() => return Ok(()),
                Ok(status) => ended(status),
                Err(error) => error.to_string(),
            };
            end(&mut child);
            if self.first.is_none() {
                return Err(self.failed(std::io::Error::other(format!("{name}: {how}"))));
            }
            self.said.push(format!("{name} does not play ({how})"));
            self.start_over(String::new())?;
        }
    }
}

impl Drop for Speakers {
    fn drop(&mut self) {
        if let Some(playing) = &mut self.playing {
            end(&mut playing.child);
        }
    }
}

/// Writes into a pipe, when there is room.
fn fill(pipe: &mut ChildStdin, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match pipe.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => room(pipe)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits for room in a pipe.
fn room(pipe: &ChildStdin) -> std::io::Result<()> {
    match poll(&mut [PollFd::new(pipe, PollFlags::OUT)], Some(&LONGEST_REST)) {
        Ok(0) => Err(std::io::Error::new(ErrorKind::TimedOut, "it takes no sound")),
        // A signal, of which others have been told.
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Waits for a program's end.
fn wait(child: &mut Child) -> std::io::Result<ExitStatus> {
    let give_up = Instant::now() + LONGEST_END;
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(status),
            None if Instant::now() >= give_up => {
                return Err(std::io::Error::new(ErrorKind::TimedOut, "it does not end"));
            }
            None => thread::sleep(LOOK),
        }
    }
}

fn end(child: &mut Child) {
    // It may have ended already.
    let _ = child.kill();
    let _ = child.wait();
}

fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("it ended with code {code}"),
        None => "a signal ended it".to_owned(),
    }
}
