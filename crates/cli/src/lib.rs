//! The `drvhost` command, for the programs that are it: runs Windows installable drivers on Linux, each in a sandboxed worker process.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod failure;
mod output;

use std::io::IsTerminal;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::args::{Args, Command, Global, SessionCommand, StateCommand, TraceCommand};
use crate::failure::{Exit, Failure};

/// Does what the process's arguments say. `own` is the sound system that this program plays instruments through, if it has one.
pub fn main(own: Option<&'static dyn live::System>) -> ExitCode {
    // A panic is a bug and is reported as one; the message itself has been printed by then.
    let exit = std::panic::catch_unwind(AssertUnwindSafe(|| run(own))).unwrap_or_else(|_| {
        eprintln!("drvhost: this is a bug in drvhost; please report it with the lines above");
        Exit::Bug
    });
    exit.into()
}

fn run(own: Option<&'static dyn live::System>) -> Exit {
    let typed: Vec<_> = std::env::args_os().collect();
    let Args { global, command } = match Args::read(&typed) {
        Ok(args) => args,
        Err(error) => return failure::usage(&error, typed.iter().any(|argument| argument == "--json")),
    };
    start_log(&global);
    let done = match command {
        Command::Info { file: Some(file), called_in, .. } => {
            commands::info::run(&global, &file, called_in.as_deref())
        }
        Command::Info { file: None, .. } => commands::info::run_host(&global),
        Command::List => commands::list::run(&global),
        Command::Send(send) => commands::send::run(&global, &send),
        Command::Run { drivers, policy, playing, bus } => {
            commands::run::run(&global, &drivers, policy.into(), &playing, &bus)
        }
        Command::Serve { system, install_units: true, .. } => commands::serve::install_units(&global, system),
        Command::Serve { system, policy, sound, .. } => {
            commands::serve::run(&global, system, policy.into(), sound, own)
        }
        Command::Synth(synth) if synth.install_unit => commands::synth::install_unit(&global, &synth),
        Command::Synth(synth) => commands::synth::run(&global, &synth, own),
        Command::Trace { what: TraceCommand::Summary { file } } => commands::trace::summary(&global, &file),
        Command::Session { what: SessionCommand::Last } => commands::session::last(&global),
        Command::Probe(probe) => commands::probe::run(&global, &probe),
        Command::Decode(decode) => commands::decode::run(&global, &decode),
        Command::Play(play) => commands::play::run(&global, &play),
        Command::Encode(encode) => commands::encode::run(&global, &encode),
        Command::State { what: StateCommand::Show { driver } } => commands::state::show(&global, &driver),
        Command::State { what: StateCommand::Save { driver, file } } => {
            commands::state::save(&global, &driver, &file)
        }
        Command::State { what: StateCommand::Load { driver, file } } => {
            commands::state::load(&global, &driver, &file)
        }
        Command::Install(install) => commands::install::run(&global, &install),
        Command::Remove { alias } => commands::remove::run(&global, &alias),
        Command::Configure { driver, query: true } => commands::configure::query(&global, &driver),
        Command::Configure { driver, query: false } => commands::configure::run(&global, &driver),
        Command::Import(import) => commands::import::run(&global, &import),
        Command::Completions { shell } => commands::manual::completions(&global, shell),
        Command::Man { directory } => commands::manual::pages(&global, &directory),
    };
    done.unwrap_or_else(|failure: Failure| failure.report(&global))
}

fn start_log(global: &Global) {
    let level = match global.verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    if output::is_journal()
        && let Ok(journal) = tracing_journald::layer()
    {
        // What a line says of a driver or a client is a field of its own there, such as DRVHOST_CLIENT.
        let journal =
            journal.with_field_prefix(Some("DRVHOST".into())).with_syslog_identifier("drvhost".into());
        tracing_subscriber::registry().with(journal.with_filter(level)).init();
        return;
    }
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level)
        .with_target(false)
        .without_time()
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
