//! The `drvhost` command with ALSA: `drvhost synth` starts it where ALSA is to play an instrument. It is a program of its own because ALSA's library is linked
//! when it is built, and `drvhost` runs and is built without that.
#![forbid(unsafe_code)]

mod messages;
mod pcm;
mod sequencer;
mod system;

fn main() -> std::process::ExitCode {
    cli::main(Some(&system::Alsa))
}
