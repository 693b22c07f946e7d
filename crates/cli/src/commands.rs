//! The commands, one file each, and what they share.

pub mod configure;
pub mod decode;
pub mod encode;
pub mod import;
pub mod info;
pub mod install;
pub mod list;
pub mod manual;
pub mod play;
pub mod probe;
pub mod remove;
pub mod run;
pub mod send;
pub mod serve;
pub mod session;
pub mod shelf;
mod sound_system;
pub mod state;
pub mod stop;
pub mod synth;
pub mod trace;

use std::time::Duration;

use drvhost::{Ahead, Builder, Error, Registry, Session, Store, Trace};
use mmsystem::Packing;

use crate::args::{Global, Quirk};

/// The names that drivers are found by: what the user has installed, and as was typed.
pub fn registry(global: &Global) -> Result<Registry, Error> {
    let mut registry = known_anyway(global)?;
    if let Some(store) = store() {
        registry.add_installed(&store)?;
    }
    Ok(registry)
}

/// The user's store. Who has no home has nothing installed.
pub fn store() -> Option<Store> {
    Store::of_user().ok()
}

/// The names that drivers are found by, as was typed, without what the user has installed.
pub fn known_anyway(global: &Global) -> Result<Registry, Error> {
    let mut registry = Registry::with_defaults();
    for directory in &global.driver_path {
        if !directory.is_dir() {
            let source =
                std::io::Error::new(std::io::ErrorKind::NotFound, "--driver-path names no directory");
            return Err(Error::File { file: directory.clone(), source });
        }
        registry.add_driver_path(directory);
    }
    registry.set_machine(global.machine.map(Into::into));
    Ok(registry)
}

/// The packing of ACM structures that was asked for.
pub fn packing(global: &Global) -> Option<Packing> {
    // The last one counts, as with every option that is given twice.
    global.quirk.iter().rev().find_map(|quirk| match quirk {
        Quirk::AcmNatural => Some(Packing::Natural),
        Quirk::AcmPacked => Some(Packing::Byte),
        Quirk::HiddenInstance | Quirk::Threads => None,
    })
}

/// How long a driver has for each message; `None`: for ever.
pub fn deadline(global: &Global) -> Option<Duration> {
    (!global.deadline.is_zero()).then_some(global.deadline)
}

/// How much processor time a worker may use; `None`: as much as it likes.
pub fn processor_time(global: &Global) -> Option<Duration> {
    (!global.processor_time.is_zero()).then_some(global.processor_time)
}

/// A session as the global options ask for.
pub fn session(global: &Global) -> Result<Session, Error> {
    builder(global)?.start()
}

/// What sessions are started with, as the global options ask for.
pub fn builder(global: &Global) -> Result<Builder, Error> {
    let trace = global.trace.as_deref().map_or_else(|| Ok(Trace::none()), Trace::to_file)?;
    let builder = Session::builder()
        .registry(registry(global)?)
        .deadline(deadline(global))
        .processor_time(processor_time(global))
        .trace(trace)
        .dialogs(global.dialogs.into())
        .require_sandbox(global.require_sandbox.into())
        .memory(global.memory)
        .fixed_addresses(global.fixed_addresses)
        .hidden_instance(global.quirk.contains(&Quirk::HiddenInstance))
        .threads(global.quirk.contains(&Quirk::Threads))
        .ahead(Ahead::take());
    Ok(match store() {
        Some(store) => builder.store(store),
        None => builder,
    })
}
