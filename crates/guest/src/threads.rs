//! The guest's threads: the one that serves requests, and a pool of others, made while the process still can make threads.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::blocks;
use crate::context::{Context, TEB_CONTEXT, Trap};
use crate::cpu::Cpu;
use crate::enter::Host;
use crate::fault::Fault;
use crate::gate::{Gate, sleep, wake};
use crate::host_stack;
use crate::layout::{Layout, PAGE};
use crate::memory::Violation;
use crate::mode::Mode;
use crate::pool;
use crate::segments::{self, Segments};
use crate::signal;
use crate::switch::compat;
use crate::thread::{Machine, StartError};
use crate::thunks::Thunks;

/// How many threads there are besides the one that serves requests. Each of them takes some 30 microseconds of every worker's start.
pub const POOL: usize = 24;

/// A guest thread. Number 0 serves requests.
#[derive(Debug)]
pub(crate) struct Thread {
    pub context: NonNull<Context>,
    pub teb: u64,
    /// Why the innermost call ends, when a shim decided that.
    pub stopped: Option<Fault>,
    /// Where a call outside of the one that ended so goes on.
    pub unwound: Option<Box<Cpu>>,
    /// What it sleeps for.
    work: &'static Work,
    /// Whether a thread of the pool has work.
    busy: bool,
}

/// What a thread sleeps for: one of the pool for work, and any of them for changes.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// 1 while there is some.
    there: AtomicU32,
    /// `fn(*mut Context)`.
    run: AtomicU64,
    /// Counts the changes that the thread was told of.
    changes: AtomicU32,
    /// Whether it sleeps until there is one.
    sleeps: AtomicBool,
    /// Counts the turns that the thread was given.
    turns: AtomicU32,
}

impl Work {
    /// Tells the thread that something has changed. To be called with the gate taken.
    fn tell(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        if self.sleeps.load(Ordering::Relaxed) {
            wake(&self.changes, 1);
        }
    }
}

impl Thread {
    /// A thread with its block at `teb`, whose stack has been set up there.
    pub fn new(
        number: usize,
        teb: u64,
        layout: &Layout,
        thunks: &Thunks,
        gate: &'static Gate,
    ) -> (Self, Option<Segments>) {
        let mode = thunks.mode();
        let (segments, fs_selector) = match mode {
            Mode::I386 => {
                let entry = u16::try_from(number).unwrap_or(u16::MAX);
                let (segments, selector) = segments::select(u32::try_from(teb).unwrap_or(0), entry);
                (Some(segments), selector)
            }
            Mode::X86_64 => (None, 0),
        };
        let context = Context {
            host_sp: 0,
            base_sp: 0,
            guest_sp: layout.stack(number).end - PAGE,
            abort: 0,
            teb,
            gs_base: teb,
            return32: thunks.return32(),
            host_fs: 0,
            fs_selector: fs_selector.into(),
            far: [0, compat::CODE.into()],
            dispatch: 0,
            trapped: 0,
            frame: 0,
            gate,
            number,
            in_guest: 0,
            depth: 0,
            host_floor: u64::MAX,
            floor: 0,
            request: 0,
            interrupt: None,
            trap: Trap::default(),
            cpu: Cpu::ZERO,
        };
        // Leaked on purpose: the signal handler may look at both for as long as the process lives.
        let context = Box::leak(Box::new(context));
        if mode == Mode::I386 {
            context.gs_base = std::ptr::from_mut(context).expose_provenance() as u64;
        }
        let context = NonNull::from(context);
        let work = Box::leak(Box::default());
        (Self { context, teb, stopped: None, unwound: None, work, busy: false }, segments)
    }
}

/// Makes the calling thread one of the guest's; `floor` is below which address of its stack no call into the guest may begin.
///
/// # Safety
/// As that of [`signal::use_stack`], with `stack` as its stack.
pub(crate) unsafe fn adopt(context: *mut Context, stack: *mut u8, floor: u64) -> io::Result<()> {
    let host_fs: u64;
    // SAFETY: reads the FS base; FSGSBASE is there (`Machine::new` has checked).
    unsafe { std::arch::asm!("rdfsbase {}", out(reg) host_fs, options(nomem, nostack)) };
    // SAFETY: the caller's contract.
    let gs_base = unsafe {
        (*context).host_fs = host_fs;
        (*context).host_floor = floor;
        signal::use_stack(stack, context)?;
        (*context).gs_base
    };
    // SAFETY: GS is unused by host code on x86-64 Linux; FSGSBASE is there.
    unsafe { std::arch::asm!("wrgsbase {}", in(reg) gs_base, options(nomem, nostack)) };
    Ok(())
}

/// Makes the calling thread the guest's first one, and has faults of all of them handled.
///
/// # Safety
/// `context` must stay valid for as long as the process, and be this thread's.
pub(crate) unsafe fn adopt_first(context: *mut Context) -> io::Result<()> {
    let (stack, floor) = (signal::make_stack()?, host_stack::floor()?);
    // SAFETY: the stack has just been made, for good; the rest is the caller's contract.
    unsafe { adopt(context, stack, floor)? };
    signal::install()
}

impl Machine {
    /// Makes the threads that the guest can start later. Once, when the process is isolated but can still make threads.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn make_pool(&mut self) -> Result<(), StartError> {
        let mut contexts = Vec::with_capacity(POOL);
        // All that has to do with the whole process comes first: it is cheaper while there is one thread.
        for number in 1..=POOL {
            let thread = self.make_thread(number)?;
            contexts.push((thread.context.as_ptr(), thread.work));
            self.threads.push(thread);
        }
        // SAFETY: contexts are leaked, and each is for the thread that gets it.
        unsafe { pool::make(&contexts) }.map_err(StartError::Threads)
    }

    /// Whether there are any.
    #[must_use]
    pub fn has_pool(&self) -> bool {
        self.threads.len() > 1
    }

    /// The number of the thread that works here: 0 for the one that serves requests.
    #[must_use]
    pub fn current(&self) -> usize {
        self.current
    }

    /// A thread without work, which has it from now on; `None` when all have some.
    pub fn reserve_thread(&mut self) -> Option<usize> {
        let number = self.threads.iter().skip(1).position(|thread| !thread.busy)? + 1;
        self.threads[number].busy = true;
        Some(number)
    }

    /// Gives back a thread that was reserved and is not to start.
    pub fn release_thread(&mut self, number: usize) {
        if let Some(thread) = self.threads.get_mut(number) {
            thread.busy = false;
        }
    }

    /// A thread's id.
    #[must_use]
    pub fn thread_id(&self, number: usize) -> u32 {
        blocks::thread_id(number)
    }

    /// Whether a thread is there for the guest: the one that serves requests always is, one of the pool while it has work.
    #[must_use]
    pub fn is_running(&self, number: usize) -> bool {
        number == 0 || self.threads.get(number).is_some_and(|thread| thread.busy)
    }

    /// Tells all threads that something has changed, which ends their waits.
    pub fn change(&self) {
        let running = |(number, thread): &(usize, &Thread)| *number == 0 || thread.busy;
        self.threads.iter().enumerate().filter(running).for_each(|(_, thread)| thread.work.tell());
    }

    /// Tells one thread.
    pub fn change_for(&self, number: usize) {
        if let Some(thread) = self.threads.get(number) {
            thread.work.tell();
        }
    }

    /// Prepares the thread-local data of a thread that is to start: that of each image, as the image has it.
    ///
    /// # Errors
    /// [`Violation`] when there is no memory left for it.
    pub fn prepare_thread(&mut self, number: usize) -> Result<(), Violation> {
        let storage = self.threads.get(number).map_or(0, |thread| thread.teb + blocks::STORAGE);
        let kept = TEB_CONTEXT as u64 - blocks::STORAGE;
        self.memory.fill(storage, 0, usize::try_from(kept).unwrap_or(0))?;
        (0..self.tls_blocks.len()).try_for_each(|slot| self.prepare_tls(slot, number))
    }

    /// Gives all threads that run the data of an image that has just been loaded.
    pub(crate) fn prepare_tls_of_all(&mut self, slot: usize) -> Result<(), Violation> {
        let running = |(number, thread): (usize, &Thread)| (number == 0 || thread.busy).then_some(number);
        let numbers: Vec<usize> = self.threads.iter().enumerate().filter_map(running).collect();
        numbers.into_iter().try_for_each(|number| self.prepare_tls(slot, number))
    }

    fn prepare_tls(&mut self, slot: usize, number: usize) -> Result<(), Violation> {
        let teb = self.threads.get(number).map_or(0, |thread| thread.teb);
        let block = &self.tls_blocks[slot];
        let (size, template) = (block.size, block.template.clone());
        let address = match block.addresses.get(number).copied().flatten() {
            Some(address) => address,
            None => self.lend(size)?,
        };
        let addresses = &mut self.tls_blocks[slot].addresses;
        addresses.resize(addresses.len().max(number + 1), None);
        addresses[number] = Some(address);
        self.fill_tls(address, size, template)?;
        self.set_tls(teb, slot, address)
    }
}

/// Has a reserved thread run [`Host::thread`]. From here on there is more than one guest thread.
pub fn start<H: Host>(host: &mut H, number: usize) {
    let machine = host.machine();
    machine.gate.share();
    let Some(thread) = machine.threads.get(number).filter(|thread| thread.busy) else { return };
    let run: fn(*mut Context) = run::<H>;
    thread.work.run.store(run as usize as u64, Ordering::Relaxed);
    thread.work.there.store(1, Ordering::Release);
    wake(&thread.work.there, 1);
}

/// Does nothing on the host's side while `work` waits for something, so that other threads can.
pub fn meanwhile<H: Host, T>(host: &mut H, work: impl FnOnce() -> T) -> T {
    let number = host.machine().current;
    let away = host.machine().gate.away(std::ptr::from_mut(host).expose_provenance() as u64);
    let done = work();
    drop(away);
    host.machine().current = number;
    done
}

/// Waits until the running thread has been told of more changes than `seen`, or `time` is over, or a signal comes.
pub fn wait_for_change<H: Host>(host: &mut H, seen: u32, time: Option<std::time::Duration>) {
    let machine = host.machine();
    let work = machine.threads[machine.current].work;
    // Whoever has something to tell has the gate, so nobody can miss this.
    work.sleeps.store(true, Ordering::Relaxed);
    meanwhile(host, || sleep(&work.changes, seen, time));
    work.sleeps.store(false, Ordering::Relaxed);
}

/// Waits until the running thread is given its turn ([`Machine::give_turn`]), or `time` is over, or a signal comes. Changes do not end this.
pub fn wait_for_turn<H: Host>(host: &mut H, time: Option<std::time::Duration>) {
    let machine = host.machine();
    let work = machine.threads[machine.current].work;
    // Whoever gives turns has the gate, so nobody can miss one.
    let seen = work.turns.load(Ordering::SeqCst);
    meanwhile(host, || sleep(&work.turns, seen, time));
}

impl Machine {
    /// Gives a thread its turn that [waits for it](wait_for_turn), or is about to. What turns mean is up to the caller, who has the gate.
    pub fn give_turn(&self, number: usize) {
        if let Some(thread) = self.threads.get(number) {
            thread.work.turns.fetch_add(1, Ordering::SeqCst);
            wake(&thread.work.turns, 1);
        }
    }

    /// How many changes a thread has been told of.
    #[must_use]
    pub fn changes_of(&self, number: usize) -> u32 {
        self.threads.get(number).map_or(0, |thread| thread.work.changes.load(Ordering::SeqCst))
    }

    /// How many changes the running thread has been told of, for [`wait_for_change`].
    #[must_use]
    pub fn changes(&self) -> u32 {
        self.threads[self.current].work.changes.load(Ordering::SeqCst)
    }
}

/// A pool thread's life.
pub(crate) fn wait_for_work(context: *mut Context, work: &'static Work) -> ! {
    loop {
        while work.there.load(Ordering::Acquire) == 0 {
            sleep(&work.there, 0, None);
        }
        let run = work.run.load(Ordering::Relaxed) as usize;
        // SAFETY: `start` stored a function of this type before it set `there`.
        let run = unsafe { std::mem::transmute::<usize, fn(*mut Context)>(run) };
        run(context);
    }
}

/// One piece of work: what [`Host::thread`] does.
fn run<H: Host>(context: *mut Context) {
    // SAFETY: the context is this thread's; the gate names what `start::<H>` was called with, or what it has become since (whoever gives the
    // gate back says so, and lets it be until the gate is taken again).
    let (host, gate, number) = unsafe {
        let gate = (*context).gate;
        (&mut *std::ptr::with_exposed_provenance_mut::<H>(gate.enter() as usize), gate, (*context).number)
    };
    host.machine().current = number;
    // A panic ends this thread's work as any end does: what it leaves half-done is the guest's loss.
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| host.thread(number)));
    let machine = host.machine();
    if let Some(thread) = machine.threads.get_mut(number) {
        thread.work.there.store(0, Ordering::Relaxed);
        thread.busy = false;
    }
    machine.change();
    gate.leave(std::ptr::from_mut(host).expose_provenance() as u64);
}
