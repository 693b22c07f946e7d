//! The `drvhost` command with JACK: `drvhost synth` and `drvhost serve` start it, so that JACK can play instruments. It is a program of its own because JACK's library is loaded
//! while it runs, which takes a program with shared libraries, and `drvhost` starts sooner without any.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    cli::main(Some(&live::Jack))
}
