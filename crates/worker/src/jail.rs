//! From a started process to a jailed one that waits for its driver.

use std::fs::File;
use std::io::{self, Read, stderr, stdout};
use std::os::fd::AsFd;

use guest::{Machine, Mode, layout};
use sandbox::filter::{self, Filter, FilterError, RUNNING, Stage};
use sandbox::isolate::{Layer, isolate};
use sandbox::memory::BESIDES_HEAP;
use wire::{Started, ToHost};

use crate::link::Line;

/// What the worker's own code may use once it is jailed. Its needs are small and do not grow with the driver's.
const HEAP: usize = 32 << 20;

// One stretch of memory, as each of those sees it who have to do with it.
const _: () = {
    assert!(layout::BROUGHT.start == filter::BROUGHT.start && layout::BROUGHT.end == filter::BROUGHT.end);
    let [images, data] = filter::DATA;
    assert!(layout::IMAGES.start == images.start && layout::IMAGES.end == images.end);
    assert!(layout::BROUGHT.start == data.start && layout::BROUGHT.end == layout::HEAP.start);
    assert!(layout::HEAP.end == data.end);
    assert!(layout::BROUGHT.end - layout::BROUGHT.start == wire::BROUGHT_SIZE as u64);
    assert!(
        layout::PRISTINE.end - layout::PRISTINE.start == wire::BROUGHT_SIZE as u64 + wire::FILES_SIZE as u64
    );
};

/// Why the jail could not be entered.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the worker's memory could not be set up: {0}")]
    Memory(io::Error),
    #[error("the driver's image could not be read: {0}")]
    Image(io::Error),
    #[error(transparent)]
    Machine(#[from] guest::StartError),
    #[error("the worker could not be isolated: {0}")]
    Isolate(io::Error),
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error("the host does not listen")]
    Silent,
}

/// A jailed process, before its driver.
pub struct Jailed {
    pub machine: Machine,
    /// The driver's file.
    pub image: Vec<u8>,
    /// The filter for when the driver is mapped.
    pub running: Filter,
}

/// Prepares all that needs the kernel, then gives up the kernel. `memory` is how much of it this process can have.
pub fn enter(host: u32, memory: u64, line: &Line) -> Result<Jailed, Refusal> {
    // First of all, so that everything allocated from here on can also be freed without a system call.
    sandbox::heap::reserve(HEAP).map_err(Refusal::Memory)?;
    // Descriptors 1 and 2 carry the arena and the images (`sandbox::WORKER_DESCRIPTORS`); the driver's own is where the host has left off.
    let mut image = Vec::new();
    let file = stderr().as_fd().try_clone_to_owned().map_err(Refusal::Image)?;
    File::from(file).read_to_end(&mut image).map_err(Refusal::Image)?;
    // What is no image is told when it is to be loaded.
    let mode = pe::identify(&image).ok().and_then(Mode::of).unwrap_or(Mode::X86_64);
    let mut machine = Machine::new(mode)?;
    machine.memory.map_arena(stdout().as_fd()).map_err(Refusal::Memory)?;
    machine.memory.map_brought(stderr().as_fd()).map_err(Refusal::Memory)?;
    // What the kernel would refuse, the heap does not promise.
    machine.memory.bound_heap(memory.saturating_sub(BESIDES_HEAP)).map_err(Refusal::Memory)?;

    let (loading, running) = (Filter::compile(Stage::Loading)?, Filter::compile(Stage::Running)?);
    // A shim that panics is reported as a fault; the usual report would want to write somewhere.
    std::panic::set_hook(Box::new(|_| ()));
    let mut layers =
        isolate(host, memory, || machine.make_pool().map_err(io::Error::other)).map_err(Refusal::Isolate)?;
    loading.install()?;
    let allowed = RUNNING.iter().map(|rule| rule.name).collect::<Vec<_>>().join(", ");
    layers.push(Layer { name: "seccomp", active: true, detail: allowed });

    let layers = layers
        .into_iter()
        .map(|Layer { name, active, detail }| wire::Layer { name: name.to_owned(), active, detail })
        .collect();
    let segments = machine.segments().map(|segments| match segments {
        guest::Segments::Ldt => wire::Segments::Ldt,
        guest::Segments::FsBase => wire::Segments::Fsbase,
    });
    let started = Started { layers, arena: layout::ARENA.start, brought: layout::BROUGHT.start, segments };
    line.send(&ToHost::Started(started)).map_err(|_| Refusal::Silent)?;
    Ok(Jailed { machine, image, running })
}
