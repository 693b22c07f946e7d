//! The jailed process that holds one driver.
//!
//! Started by the host only, as `drvhost-worker HOST-PID NAME`, with the channel, the arena and the image as descriptors 0, 1 and 2
//! (see `sandbox::WORKER_DESCRIPTORS`). It knows "call this function with these five values" and nothing about any class of
//! drivers. It ends when the host kills it: the filter does not even allow it to exit.
#![forbid(unsafe_code)]

mod jail;
mod link;

use std::process::ExitCode;

use sandbox::filter::Filter;
use win32::{LinkError, Process};
use wire::{LoadRefusal, Loaded, ToHost, ToWorker};

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
    let outcome = Process::new(machine, Box::new(line.clone())).map_err(|error| error.to_string());
    match outcome {
        Ok(mut process) => match converse(&mut process, image, &running) {
            Ok(()) | Err(LinkError) => line.wait_for_end(),
        },
        Err(why) => line
            .send(&ToHost::NotStarted(wire::short(why)))
            .map_or(ExitCode::FAILURE, |()| line.wait_for_end()),
    }
}

fn converse(process: &mut Process, image: Vec<u8>, running: &Filter) -> Result<(), LinkError> {
    // Gone once it is mapped: the worker's own heap is small.
    let mut image = Some(image);
    loop {
        match process.link().hear()? {
            ToWorker::Load(request) => {
                let image = image.take().ok_or(LinkError)?;
                load(process, &request, &image, running)?;
            }
            ToWorker::Call(call) => process.answer(&call)?,
            ToWorker::Unload { seq } => {
                let outcome = process.serve(seq, Process::detach);
                process.report(seq, outcome.map(|()| 0))?;
            }
            // An answer to a question that nobody asked.
            ToWorker::Granted(_) => return Err(LinkError),
        }
    }
}

/// Maps the image, takes the last system calls away, and runs the entry point.
fn load(
    process: &mut Process,
    request: &wire::Load,
    image: &[u8],
    running: &Filter,
) -> Result<(), LinkError> {
    let mapped = pe::Image::parse(image)
        .map_err(|error| error.to_string())
        .and_then(|parsed| process.load(&request.name, &parsed).map_err(|error| error.to_string()));
    let unresolved = match mapped {
        Ok(unresolved) => unresolved,
        Err(why) => return process.link().say(&ToHost::Unloadable(LoadRefusal::Image(wire::short(why)))),
    };
    if let Err(error) = running.install() {
        return process.link().say(&ToHost::Unloadable(LoadRefusal::Host(wire::short(error.to_string()))));
    }
    let attached = process.serve(request.seq, Process::attach);
    match attached {
        Ok(true) => {
            let loaded = Loaded {
                module: process.module(),
                driver_proc: process.export("DriverProc"),
                unresolved: fitting(unresolved),
            };
            process.link().say(&ToHost::Loaded(loaded))
        }
        Ok(false) => process.link().say(&ToHost::Unloadable(LoadRefusal::EntryPoint)),
        Err(fault) => process.report(request.seq, Err(fault)),
    }
}

/// As many names as fit into half a message, and how many more there are.
fn fitting(names: Vec<String>) -> Vec<String> {
    let total = names.len();
    let mut room = wire::ring::LONGEST / 2;
    let mut kept: Vec<String> = names
        .into_iter()
        .take_while(|name| {
            let fits = name.len() + 8 <= room;
            room = room.saturating_sub(name.len() + 8);
            fits
        })
        .collect();
    if kept.len() < total {
        kept.push(format!("... and {} more", total - kept.len()));
    }
    kept
}
