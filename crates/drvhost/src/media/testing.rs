//! Comparing with ffmpeg where it is there; in CI it is.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

/// Runs `ffmpeg` or `ffprobe` in a folder, with arguments that have no spaces in them; gives what it wrote to standard output, and its
/// warnings. `None` where it is not there.
pub fn run(program: &str, folder: &Path, arguments: &str) -> Option<(Vec<u8>, String)> {
    let mut command = Command::new(program);
    command.args(["-v", "warning"]).args(arguments.split_whitespace());
    match command.current_dir(folder).output() {
        Err(error)
            if error.kind() == ErrorKind::NotFound
                && std::env::var_os("CI").is_none_or(|ci| ci != "true") =>
        {
            None
        }
        output => {
            let output = output.unwrap();
            let messages = String::from_utf8_lossy(&output.stderr).into_owned();
            // PCM of two channels in a plain WAVEFORMATEX says nothing about loudspeakers.
            let messages = messages.lines().filter(|line| !line.starts_with("Guessed Channel Layout"));
            Some((output.stdout, messages.collect()))
        }
    }
}
