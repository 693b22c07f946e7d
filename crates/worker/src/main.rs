//! The jailed process that holds one driver.
//!
//! Started by the host only, as `drvhost-worker HOST-PID NAME`, with the channel, the arena and the image as descriptors 0, 1 and 2
//! (see `sandbox::WORKER_DESCRIPTORS`). The name is filled in later (`sandbox::show_name`). It knows "call this function with these five values" and nothing about any class of
//! drivers. It ends when the host kills it: the filter does not even allow it to exit.
#![forbid(unsafe_code)]

mod jail;
mod link;

use std::process::ExitCode;

use sandbox::filter::Filter;
use win32::{LinkError, Process, Ways};
use wire::{ToHost, ToWorker};

use crate::link::Line;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(host) = arguments.next().and_then(|argument| argument.parse().ok()) else {
        eprintln!("drvhost-worker is started by drvhost, not by hand");
        return ExitCode::from(2);
    };
    let Ok(line) = Line::open() else { return ExitCode::FAILURE };
    let refusal = match jail::enter(host, &line) {
        Ok(jailed) => return serve(jailed, line),
        Err(refusal) => refusal,
    };
    // Not jailed, so it must not stay: nobody may be there to end it. The host finds the message in the ring.
    let _ = line.send(&ToHost::NotStarted(wire::short(refusal.to_string())));
    ExitCode::FAILURE
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
