//! From a started process to a jailed one that waits for its driver.

use std::io::{self, stderr, stdout};
use std::os::fd::AsFd;
use std::time::Duration;

use guest::layout::{self, GUEST_END, Layout, Region};
use guest::{Machine, Mode};
use sandbox::Terms;
use sandbox::addresses;
use sandbox::filter::{self, Filter, FilterError, RUNNING, Stage};
use sandbox::isolate::{Layer, confine, follow, leave};
use sandbox::memory::BESIDES_HEAP;
use win32::Listen;
use wire::{Begin, Started, ToHost, ToWorker};

use crate::link::Line;

/// What the worker's own code may use once it is jailed. Its needs are small and do not grow with the driver's.
const HEAP: usize = 32 << 20;

// One stretch of memory, as each of those sees it who have to do with it.
const _: () = {
    let (brought, heap) = (Region::Brought.window(), Region::Heap.window());
    assert!(brought.range.start == filter::BROUGHT.start && brought.range.end == filter::BROUGHT.end);
    let [images, data] = filter::DATA;
    assert!(layout::IMAGES.start == images.start && layout::IMAGES.end == images.end);
    assert!(brought.range.start == data.start && brought.range.end == heap.range.start);
    assert!(heap.range.end == data.end);
    assert!(brought.size == wire::BROUGHT_SIZE as u64);
    assert!(layout::PRISTINE_SIZE == wire::BROUGHT_SIZE as u64 + wire::FILES_SIZE as u64);
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
    #[error("the system has no random numbers: {0}")]
    Random(io::Error),
    #[error("the worker's {0} lies below 4 GiB, in the driver's reach")]
    InReach(&'static str),
    #[error("the worker could not be isolated: {0}")]
    Isolate(io::Error),
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error("the host does not listen")]
    Silent,
    #[error("the host does not say for which driver the worker is")]
    NotBegun,
}

/// A jailed process, before its driver.
pub struct Jailed {
    pub machine: Machine,
    /// The driver's file.
    pub image: &'static [u8],
    /// The filter for when the driver is mapped.
    pub running: Filter,
}

/// A process that has given up what no worker needs.
pub struct Left {
    /// What became of each layer.
    layers: Vec<Layer>,
    /// Whether the kernel's addresses are random.
    kernels: io::Result<()>,
    /// The filters for when the driver is mapped, and for when it is.
    loading: Filter,
    running: Filter,
}

impl Left {
    /// Gives it up, and prepares what is the same for all drivers: the host may not even know the driver yet.
    pub fn new(host: u32) -> Result<Self, Refusal> {
        // First of all, so that everything allocated from here on can also be freed without a system call.
        sandbox::heap::reserve(HEAP).map_err(Refusal::Memory)?;
        // Asked while there still is a /proc.
        let kernels = addresses::kernel();
        let layers = leave(host).map_err(Refusal::Isolate)?;
        let (loading, running) = (Filter::compile(Stage::Loading)?, Filter::compile(Stage::Running)?);
        Ok(Self { layers, kernels, loading, running })
    }

    /// In a copy of that process.
    pub fn follow(&mut self, host: u32) -> Result<(), Refusal> {
        follow(host, &mut self.layers).map_err(Refusal::Isolate)
    }
}

/// Hears for which driver this worker is, prepares all that needs the kernel, then gives up the kernel.
pub fn enter(left: Left, line: &Line) -> Result<Jailed, Refusal> {
    let Left { layers: mut left, kernels, loading, running } = left;
    let (name, terms) = begin(line)?;
    sandbox::show_name(&name);
    // Descriptors 1 and 2 carry the arena and the images (`sandbox::WORKER_DESCRIPTORS`); the driver's own is where the host has left off.
    let image = sandbox::driver_in(stderr().as_fd()).map_err(Refusal::Image)?;
    // What is no image is told when it is to be loaded.
    let mode = pe::identify(image).ok().and_then(Mode::of).unwrap_or(Mode::X86_64);
    let layout = match terms.fixed_addresses {
        true => Layout::fixed(),
        false => addresses::random().map(Layout::random).map_err(Refusal::Random)?,
    };
    let mut machine = Machine::new(mode, layout)?;
    machine.memory.map_arena(stdout().as_fd()).map_err(Refusal::Memory)?;
    machine.memory.map_brought(stderr().as_fd()).map_err(Refusal::Memory)?;
    // What the kernel would refuse, the heap does not promise.
    machine.memory.bound_heap(terms.memory.saturating_sub(BESIDES_HEAP)).map_err(Refusal::Memory)?;

    is_out_of_reach(line)?;
    let hidden = hidden(terms.fixed_addresses, kernels);
    // A shim that panics is reported as a fault; the usual report would want to write somewhere.
    std::panic::set_hook(Box::new(|_| ()));
    // Looked for when nearly everything has been given up, because this reads what is in the file.
    let threads = || match terms.threads || win32::can_use_threads(image) {
        true => machine.make_pool().map_err(io::Error::other),
        false => Ok(()),
    };
    let mut layers = confine(terms, threads).map_err(Refusal::Isolate)?;
    loading.install()?;
    let allowed = RUNNING.iter().map(|rule| rule.name).collect::<Vec<_>>().join(", ");
    layers.push(Layer { name: "seccomp", active: true, detail: allowed });
    layers.push(Layer::from_outcome("addresses", hidden));
    left.append(&mut layers);

    let layers = left
        .into_iter()
        .map(|Layer { name, active, detail }| wire::Layer { name: name.to_owned(), active, detail })
        .collect();
    let segments = machine.segments().map(|segments| match segments {
        guest::Segments::Ldt => wire::Segments::Ldt,
        guest::Segments::FsBase => wire::Segments::Fsbase,
    });
    let [arena, brought] =
        [Region::Arena, Region::Brought].map(|region| machine.memory.layout()[region].start);
    let started = Started { layers, arena, brought, segments };
    line.send(&ToHost::Started(started.into())).map_err(|_| Refusal::Silent)?;
    Ok(Jailed { machine, image, running })
}

/// Hears for which driver this is, and on which terms.
fn begin(line: &Line) -> Result<(String, Terms), Refusal> {
    match line.clone().hear() {
        Ok(ToWorker::Begin(Begin { name, memory, seconds, fixed_addresses, threads })) => {
            let processor_time = seconds.map(Duration::from_secs);
            Ok((name, Terms { memory, processor_time, fixed_addresses, threads }))
        }
        Ok(_) | Err(_) => Err(Refusal::NotBegun),
    }
}

/// What of the addresses nobody knows beforehand; `kernels`, whether the kernel's are random.
fn hidden(fixed: bool, kernels: io::Result<()>) -> io::Result<String> {
    if fixed {
        return Err(io::Error::other("fixed, as was asked for"));
    }
    let of = |name: &str, bits: u32| format!("{name} {bits}");
    let regions = Region::ALL.map(|region| of(region.name(), region.window().bits()));
    let all = [of("image", layout::IMAGE_BITS)].into_iter().chain(regions).collect::<Vec<_>>().join(", ");
    match kernels {
        Ok(()) => Ok(format!("random bits: {all}; the worker's own as the kernel has it")),
        Err(why) => Err(io::Error::other(format!("of the driver only (random bits: {all}): {why}"))),
    }
}

/// Makes sure that 32-bit code has no pointer to what decides over the worker.
fn is_out_of_reach(line: &Line) -> Result<(), Refusal> {
    let (on_stack, in_heap) = (0_u8, Box::new(0_u8));
    let own = [
        ("channel", line.words().as_ptr().addr()),
        ("program", (enter as fn(Left, &Line) -> Result<Jailed, Refusal> as *const ()).addr()),
        ("stack", (&raw const on_stack).addr()),
        ("heap", (&raw const *in_heap).addr()),
    ];
    match own.into_iter().find(|&(_, address)| (address as u64) < GUEST_END) {
        Some((what, _)) => Err(Refusal::InReach(what)),
        None => Ok(()),
    }
}
