//! ffmpeg's own decoders.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::content;
use crate::failure::{Failure, run_for_errors};

/// Who else decodes.
pub const FFMPEG: &str = "ffmpeg";

/// What it makes of video: every picture as BGR24.
pub const BGR24: &[&str] = &["-fps_mode", "passthrough", "-pix_fmt", "bgr24", "-f", "rawvideo"];
/// What it makes of sound: samples of 16 bits.
pub const S16: &[&str] = &["-f", "s16le"];

/// ffmpeg, decoding a file; where it writes to is to be added.
pub fn all(file: &Path, to: &[&str]) -> Command {
    let mut command = Command::new(FFMPEG);
    command.args(["-v", "error", "-nostdin", "-i"]).arg(file).args(to);
    command.stdin(Stdio::null());
    command
}

/// How many seconds ffmpeg needs to decode a file to /dev/null, as it says itself: without its start, which takes longer than many a clip.
pub fn time(file: &Path, to: &[&str]) -> Result<f64, Failure> {
    content::warm(file)?;
    let mut command = Command::new(FFMPEG);
    command.args(["-v", "info", "-hide_banner", "-nostats", "-benchmark", "-nostdin", "-i"]);
    command.arg(file).args(to).args(["-y", "/dev/null"]).stdin(Stdio::null());
    let text = run_for_errors(&mut command)?;
    seconds(&text).ok_or_else(|| Failure::Unreadable {
        program: FFMPEG,
        text: text.lines().last().unwrap_or_default().to_owned(),
        expected: "bench: and a time",
    })
}

/// `rtime` in the line that `-benchmark` prints.
fn seconds(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with("bench: utime="))?;
    let time = line.split_whitespace().find_map(|word| word.strip_prefix("rtime="))?;
    time.strip_suffix('s')?.parse().ok().filter(|seconds| *seconds > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_found() {
        let text = "Stream #0:0\nbench: utime=0.215s stime=0.018s rtime=0.194s\nbench: maxrss=66304kB\n";
        assert_eq!(seconds(text), Some(0.194));
        assert_eq!(seconds("bench: utime=0.1s stime=0.1s rtime=0.000s"), None);
        assert_eq!(seconds(""), None);
    }
}
