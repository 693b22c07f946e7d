//! The jailed process that holds one driver.
//!
//! Started by the host only, as `drvhost-worker HOST-PID NAME`, with the channel, the arena and the image as descriptors 0, 1 and 2
//! (see `sandbox::WORKER_DESCRIPTORS`), or with `sandbox::TEMPLATE` for a name and a socket as descriptor 0, to be copied for such workers (`sandbox::template`). The name is filled in later (`sandbox::show_name`). It knows "call this function with these five values" and nothing about any class of
//! drivers. It ends when the host kills it: the filter does not even allow it to exit.
#![forbid(unsafe_code)]

mod jail;
mod link;

use std::io::stdin;
use std::os::fd::AsFd;
use std::process::ExitCode;

use sandbox::filter::Filter;
use sandbox::{TEMPLATE, template};
use win32::{LinkError, Process, Ways};
use wire::{ToHost, ToWorker};

use crate::jail::{Left, Refusal};
use crate::link::Line;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let Some(host) = arguments.first().and_then(|argument| argument.parse().ok()) else {
        eprintln!("drvhost-worker is started by drvhost, not by hand");
        return ExitCode::from(2);
    };
    match arguments.get(1).map(String::as_str) {
        Some(TEMPLATE) => be_copied(host),
        _ => Line::open().map_or(ExitCode::FAILURE, |line| {
            let left = Left::new(host);
            work(left, line)
        }),
    }
}

/// Is copied for workers until the host needs no more. Returns in the copies, too, of each when the worker is at its end.
fn be_copied(host: u32) -> ExitCode {
    // The host finds the other end closed, starts a worker without a template, and hears from that what is wrong.
    let Ok(mut left) = Left::new(host) else { return ExitCode::FAILURE };
    if template::serve(stdin().as_fd()).is_err() {
        return ExitCode::SUCCESS;
    }
    let followed = left.follow(host).map(|()| left);
    Line::open().map_or(ExitCode::FAILURE, |line| work(followed, line))
}

/// Works for the host, jailed, or tells it why that is not possible.
fn work(left: Result<Left, Refusal>, line: Line) -> ExitCode {
    match left.and_then(|left| jail::enter(left, &line)) {
        Ok(jailed) => serve(jailed, line),
        Err(refusal) => {
            // Not jailed, so it must not stay: nobody may be there to end it. The host finds the message in the ring.
            let _ = line.send(&ToHost::NotStarted(wire::short(refusal.to_string())));
            ExitCode::FAILURE
        }
    }
}

/// Serves the host until it kills this process.
fn serve(jailed: jail::Jailed, line: Line) -> ExitCode {
    let jail::Jailed { machine, image, running } = jailed;
    let ways =
        Ways { link: Box::new(line.clone()), ears: Box::new(line.clone()), aside: Box::new(line.clone()) };
    let outcome = Process::new(machine, ways).map_err(|error| error.to_string());
    match outcome {
        Ok(mut process) => match converse(&mut process, image, &running) {
            Ok(()) | Err(LinkError) => line.wait_for_end(),
        },
        Err(why) => line
            .send(&ToHost::NotStarted(wire::short(why)))
            .map_or(ExitCode::FAILURE, |()| line.wait_for_end()),
    }
}

fn converse(process: &mut Process, image: &[u8], running: &Filter) -> Result<(), LinkError> {
    // Once only: every further image is one that the host has brought.
    let mut image = Some(image);
    loop {
        let request = process.next_request()?;
        process.begin_request();
        match request {
            ToWorker::Load(request) => {
                let image = image.take().ok_or(LinkError)?;
                // The last system calls go when the image is mapped, and only then does its code run.
                let seal = || running.install().map_err(|error| error.to_string());
                process.answer_load(&request, image, seal)?;
            }
            ToWorker::Call(call) => process.answer(&call)?,
            ToWorker::Queued(queued) => process.answer_queued(&queued)?,
            ToWorker::Advance { seq, until } => process.answer_advance(seq, until)?,
            ToWorker::Unload { seq, module, silently } => process.answer_unload(seq, module, silently)?,
            // An answer to a question that nobody asked.
            ToWorker::Begin(_) | ToWorker::Granted(_) | ToWorker::Endless | ToWorker::Served(_) => {
                return Err(LinkError);
            }
        }
    }
}
