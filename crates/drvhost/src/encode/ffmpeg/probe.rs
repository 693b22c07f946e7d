//! What ffprobe says of an input.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::decode::ffmpeg::{LOCAL, io_error};
use crate::error::Error;
use crate::media::{MediaError, VideoShape};

/// The longest that is told of what ffprobe says.
const MAX_SAID: usize = 300;
/// Frames a second where the input states no rate.
const USUAL_RATE: (u32, u32) = (25, 1);

/// An input that was looked at.
pub(super) struct Probed {
    /// What ffmpeg is told of the input before its name.
    pub arguments: Vec<String>,
    /// The first video: its number, size and rate, and how many frames there are.
    pub video: Option<(u32, VideoShape, Option<u64>)>,
    /// All sound: each stream's number, samples a second, channels, and how long it is, in seconds.
    pub audio: Vec<(u32, u32, u16, Option<f64>)>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Deserialize, Default)]
struct Format {
    duration: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    index: u32,
    codec_type: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    sample_aspect_ratio: Option<String>,
    r_frame_rate: Option<String>,
    avg_frame_rate: Option<String>,
    nb_frames: Option<String>,
    duration: Option<String>,
    sample_rate: Option<String>,
    channels: Option<u16>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Deserialize, Default)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

impl Probed {
    /// Asks ffprobe.
    ///
    /// # Errors
    /// [`Error::Media`] where there is no video and no sound; [`Error::MissingProgram`].
    pub fn of(input: &Path) -> Result<Self, Error> {
        let arguments = first_of_series(input);
        let mut command = Command::new("ffprobe");
        command.args(["-hide_banner", "-loglevel", "error", "-of", "json", "-show_streams", "-show_format"]);
        command.args(LOCAL).args(&arguments).arg("-i").arg(input);
        command.stdin(Stdio::null());
        let output = command.output().map_err(|error| not_started("ffprobe", &error))?;
        if !output.status.success() {
            return Err(unreadable(input, &String::from_utf8_lossy(&output.stderr)));
        }
        let answer: Answer = serde_json::from_slice(&output.stdout)
            .map_err(|error| unreadable(input, &format!("ffprobe answered what cannot be read: {error}")))?;
        let mut probed = Self { arguments, video: None, audio: Vec::new() };
        let whole = number(answer.format.duration.as_deref());
        for stream in &answer.streams {
            let seconds = number(stream.duration.as_deref()).or(whole);
            match stream.codec_type.as_deref() {
                Some("video") if probed.video.is_none() && stream.disposition.attached_pic == 0 => {
                    probed.video =
                        stream.shape().map(|shape| (stream.index, shape, stream.frames(shape, seconds)));
                }
                Some("audio") => {
                    let rate = stream
                        .sample_rate
                        .as_deref()
                        .and_then(|rate| rate.parse().ok())
                        .filter(|rate| *rate > 0);
                    let channels = stream.channels.filter(|channels| *channels > 0);
                    probed.audio.extend(
                        rate.zip(channels).map(|(rate, channels)| (stream.index, rate, channels, seconds)),
                    );
                }
                _ => {}
            }
        }
        if probed.video.is_none() && probed.audio.is_empty() {
            let wanted = "video or sound that ffmpeg reads".to_owned();
            return Err(MediaError::NoStream { wanted, present: answer.streams.len() }.into());
        }
        Ok(probed)
    }
}

impl Stream {
    fn shape(&self) -> Option<VideoShape> {
        let (width, height) = (self.width.filter(|side| *side > 0)?, self.height.filter(|side| *side > 0)?);
        let turned = self
            .side_data_list
            .iter()
            .filter_map(|data| data.rotation)
            .any(|turn| turn.rem_euclid(180.0) != 0.0);
        // ffmpeg turns it upright.
        let (width, height) = if turned { (height, width) } else { (width, height) };
        let (rate, scale) = self.rate();
        Some(VideoShape { width, height, scale, rate, aspect: self.aspect(width, height, turned) })
    }

    /// The rate of which all frames' times are multiples, unless far fewer frames are there.
    fn rate(&self) -> (u32, u32) {
        let stated = fraction(self.r_frame_rate.as_deref(), '/');
        let average = fraction(self.avg_frame_rate.as_deref(), '/');
        match (stated, average) {
            (Some(stated), Some(average)) => {
                let value = |(rate, scale): (u32, u32)| f64::from(rate) / f64::from(scale);
                let near = (value(stated) / value(average) - 1.0).abs() < 0.02;
                if near { stated } else { average }
            }
            (stated, average) => stated.or(average).unwrap_or(USUAL_RATE),
        }
    }

    /// The shape of a whole frame on the screen.
    fn aspect(&self, width: u32, height: u32, turned: bool) -> Option<(u16, u16)> {
        let (wide, high) = fraction(self.sample_aspect_ratio.as_deref(), ':')?;
        let (wide, high) = if turned { (high, wide) } else { (wide, high) };
        if wide == high {
            return None;
        }
        let (wide, high) = (u64::from(wide) * u64::from(width), u64::from(high) * u64::from(height));
        let (mut common, mut rest) = (wide, high);
        while rest != 0 {
            (common, rest) = (rest, common % rest);
        }
        Some((u16::try_from(wide / common.max(1)).ok()?, u16::try_from(high / common.max(1)).ok()?))
    }

    fn frames(&self, shape: VideoShape, seconds: Option<f64>) -> Option<u64> {
        let stated = self.nb_frames.as_deref().and_then(|frames| frames.parse().ok());
        let by_time = || Some((seconds? * f64::from(shape.rate) / f64::from(shape.scale)).round() as u64);
        stated.or_else(by_time).filter(|frames| *frames > 0)
    }
}

/// Two numbers, neither of them 0.
fn fraction(text: Option<&str>, between: char) -> Option<(u32, u32)> {
    let (one, other) = text?.split_once(between)?;
    let (one, other) = (one.parse().ok()?, other.parse().ok()?);
    (one > 0 && other > 0).then_some((one, other))
}

fn number(text: Option<&str>) -> Option<f64> {
    text?.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0)
}

/// Whether a name stands for pictures with numbers.
pub fn is_series(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.contains('%')) && !path.is_file()
}

/// How ffmpeg is told with which number a series begins: it looks for the first few only.
fn first_of_series(path: &Path) -> Vec<String> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some((before, rest)) = name.split_once('%').filter(|_| is_series(path)) else { return Vec::new() };
    let behind =
        rest.trim_start_matches(|char: char| char.is_ascii_digit()).strip_prefix('d').unwrap_or_default();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| {
        let name = entry.file_name();
        let digits = name.to_str()?.strip_prefix(before)?.strip_suffix(behind)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u32>().ok())?
    });
    numbers.min().map_or_else(Vec::new, |first| vec!["-start_number".to_owned(), first.to_string()])
}

/// Why a program of ffmpeg's does not run.
pub(super) fn not_started(program: &'static str, error: &io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => {
            Error::MissingProgram { program: "ffmpeg", why: "it reads the formats that drvhost does not" }
        }
        _ => Error::Worker(format!("{program} could not be started: {error}")),
    }
}

fn unreadable(input: &Path, said: &str) -> Error {
    let line = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it said nothing");
    let line: String = line.chars().filter(|char| !char.is_control()).take(MAX_SAID).collect();
    if input.exists() {
        let wanted = "what drivers here or ffmpeg read";
        return MediaError::WrongForm { wanted, found: format!("something of which ffprobe says: {line}") }
            .into();
    }
    io_error(format!("reading {}", input.display()), io::Error::other(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(json: &str) -> Stream {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn shapes_and_rates_are_read() {
        let usual = stream(
            r#"{"index":0,"width":160,"height":120,"r_frame_rate":"30000/1001","avg_frame_rate":"2997/100","nb_frames":"7"}"#,
        );
        let shape = usual.shape().unwrap();
        assert_eq!(
            (shape.width, shape.height, shape.rate, shape.scale, shape.aspect),
            (160, 120, 30_000, 1001, None)
        );
        assert_eq!(usual.frames(shape, Some(9.0)), Some(7));
        let odd = stream(
            r#"{"index":0,"width":160,"height":120,"r_frame_rate":"90000/1","avg_frame_rate":"12/1","sample_aspect_ratio":"4:3","side_data_list":[{"rotation":-90}]}"#,
        );
        let shape = odd.shape().unwrap();
        assert_eq!((shape.width, shape.height, shape.rate), (120, 160, 12));
        assert_eq!((shape.aspect, odd.frames(shape, Some(2.0))), (Some((9, 16)), Some(24)));
        assert_eq!(stream(r#"{"index":0,"width":1,"height":1,"r_frame_rate":"0/0"}"#).rate(), USUAL_RATE);
    }

    #[test]
    fn a_series_begins_with_its_lowest_number() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a0009.png", "a0012.png", "a0010.txt", "ax.png"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(first_of_series(&folder.path().join("a%04d.png")), ["-start_number", "9"]);
        assert_eq!(first_of_series(&folder.path().join("b%04d.png")), [""; 0]);
        assert!(is_series(Path::new("a%d.png")) && !is_series(Path::new("a.png")));
    }
}
