//! The `drvhost` command, which needs no shared library. It has no sound system for instruments: `drvhost-jack` and `drvhost-alsa` have one each (`live::Program`).
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    cli::main(None)
}
