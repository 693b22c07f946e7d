//! The table of kernel objects that handles name.

use std::collections::VecDeque;
use std::time::Duration;

use wire::Entry;

use crate::abi::Handle;
use crate::advapi32::Key;
use crate::kernel32::files::OpenFile;

#[cfg(test)]
mod tests;

/// How many handles there may be at once, and so how many objects.
const MOST: usize = 1024;

/// A kernel object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Object {
    /// The standard input.
    Input,
    /// The standard output and error output.
    Output,
    /// An event.
    Event(Event),
    /// A semaphore.
    Semaphore { count: i32, most: i32 },
    /// A mutex.
    Mutex(Mutex),
    /// A timer that can be waited for.
    Timer(Timer),
    /// A thread of the driver's.
    Thread(Thread),
    /// The guest's process, which does not end while anybody can ask.
    Process,
    /// An open file.
    File(OpenFile),
    /// A search for files: what it has not told of yet.
    Search(VecDeque<Entry>),
    /// An open key of the registry.
    Key(Key),
    /// Who the process runs as.
    Token,
}

/// An event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Whether it stays signalled when a wait ends with it.
    pub manual: bool,
    pub signalled: bool,
}

/// A mutex.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mutex {
    /// The number of the thread that has it, if any has.
    pub owner: usize,
    /// How often; 0 for nobody.
    pub depth: u32,
    /// Whether the last one that had it has ended without giving it back.
    pub abandoned: bool,
}

/// A timer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Timer {
    /// Whether it stays signalled when a wait ends with it.
    pub manual: bool,
    pub signalled: bool,
    /// When it is signalled next, by the process's clock; `None` while it is not set.
    pub due: Option<Duration>,
    /// After what time again; zero for never.
    pub period: Duration,
}

impl Timer {
    /// When who waits for it is to look again: at once if it has become signalled since it was looked at.
    pub fn next(&mut self, now: Duration) -> Option<Duration> {
        let known = self.signalled;
        self.refresh(now);
        if self.signalled && !known { Some(now) } else { self.due }
    }

    /// Makes it signalled if it is time.
    fn refresh(&mut self, now: Duration) {
        let Some(due) = self.due.filter(|&due| due <= now) else { return };
        self.signalled = true;
        let late = now.saturating_sub(due).as_nanos();
        let periods = late.checked_div(self.period.as_nanos()).map_or(0, |missed| missed + 1);
        let next = self.period.checked_mul(u32::try_from(periods).unwrap_or(u32::MAX));
        self.due = next.filter(|next| !next.is_zero()).and_then(|next| due.checked_add(next));
    }
}

/// A thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thread {
    /// Its number while it runs; others have it later.
    pub number: usize,
    /// What it has ended with.
    pub code: Option<u32>,
    pub priority: i32,
    pub boosted: bool,
    /// When it began and ended, as FILETIME counts it.
    pub begun: u64,
    pub ended: u64,
}

impl Object {
    /// Whether a wait of a thread's for it would end now.
    pub fn signalled(&mut self, thread: usize, now: Duration) -> bool {
        match self {
            Self::Event(event) => event.signalled,
            Self::Semaphore { count, .. } => *count > 0,
            Self::Mutex(Mutex { owner, depth, .. }) => *depth == 0 || *owner == thread,
            Self::Timer(timer) => {
                timer.refresh(now);
                timer.signalled
            }
            Self::Thread(Thread { code, .. }) => code.is_some(),
            Self::Process => false,
            Self::Input | Self::Output | Self::File(_) | Self::Search(_) | Self::Key(_) | Self::Token => true,
        }
    }

    /// What the end of a thread's wait does to it. Answers whether it is a mutex that was abandoned.
    pub fn take(&mut self, thread: usize) -> bool {
        match self {
            Self::Event(event) => event.signalled &= event.manual,
            Self::Timer(timer) => timer.signalled &= timer.manual,
            Self::Semaphore { count, .. } => *count = count.saturating_sub(1),
            Self::Mutex(mutex) => {
                (mutex.owner, mutex.depth) = (thread, mutex.depth.saturating_add(1));
                return std::mem::take(&mut mutex.abandoned);
            }
            Self::Thread(_)
            | Self::Process
            | Self::Input
            | Self::Output
            | Self::File(_)
            | Self::Search(_)
            | Self::Key(_)
            | Self::Token => {}
        }
        false
    }
}

/// An object's place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(usize);

/// An object, and how many handles, waits and running threads keep it.
#[derive(Debug)]
struct Kept {
    object: Object,
    keepers: usize,
    name: Option<String>,
}

/// The table. Handles are small multiples of four, as on Windows.
#[derive(Debug)]
pub(crate) struct Handles {
    handles: Vec<Option<Id>>,
    objects: Vec<Option<Kept>>,
}

impl Handles {
    pub fn new() -> Self {
        let mut table = Self { handles: Vec::new(), objects: Vec::new() };
        for object in [Object::Input, Object::Output] {
            table.insert(object);
        }
        table
    }

    /// The standard input's handle.
    pub fn input(&self) -> Handle {
        handle(0)
    }

    /// The standard outputs' handle.
    pub fn output(&self) -> Handle {
        handle(1)
    }

    /// A handle for an object; `None` when the table is full.
    pub fn insert(&mut self, object: Object) -> Option<Handle> {
        self.insert_named(None, object)
    }

    /// A handle for an object that has a name, or none.
    pub fn insert_named(&mut self, name: Option<String>, object: Object) -> Option<Handle> {
        let id = self.keep_new(name, object);
        let handle = self.open(id);
        self.release(id);
        handle
    }

    /// Keeps an object without a handle.
    pub fn keep_new(&mut self, name: Option<String>, object: Object) -> Id {
        let kept = Some(Kept { object, keepers: 1, name });
        match self.objects.iter().position(Option::is_none) {
            Some(free) => {
                self.objects[free] = kept;
                Id(free)
            }
            None => {
                self.objects.push(kept);
                Id(self.objects.len() - 1)
            }
        }
    }

    /// One more handle for an object; `None` when the table is full.
    pub fn open(&mut self, id: Id) -> Option<Handle> {
        let free = self.handles.iter().position(Option::is_none).unwrap_or(self.handles.len());
        if free >= MOST {
            return None;
        }
        if free == self.handles.len() {
            self.handles.push(None);
        }
        self.handles[free] = Some(id);
        self.keep(id);
        Some(handle(free))
    }

    /// One more keeper for an object.
    pub fn keep(&mut self, id: Id) {
        if let Some(kept) = self.kept(id) {
            kept.keepers += 1;
        }
    }

    /// One keeper less; the last one takes the object along, which is answered.
    pub fn release(&mut self, id: Id) -> Option<Object> {
        let kept = self.kept(id)?;
        kept.keepers -= 1;
        if kept.keepers > 0 {
            return None;
        }
        self.objects[id.0].take().map(|kept| kept.object)
    }

    fn kept(&mut self, id: Id) -> Option<&mut Kept> {
        self.objects.get_mut(id.0)?.as_mut()
    }

    /// The object that a handle names.
    pub fn get(&mut self, handle: Handle) -> Option<&mut Object> {
        let id = self.id(handle)?;
        self.object(id)
    }

    /// Where the object is that a handle names.
    pub fn id(&self, handle: Handle) -> Option<Id> {
        *self.handles.get(index(handle)?)?
    }

    /// An object.
    pub fn object(&mut self, id: Id) -> Option<&mut Object> {
        self.kept(id).map(|kept| &mut kept.object)
    }

    /// The object with a name.
    pub fn named(&self, name: &str) -> Option<Id> {
        let named =
            |kept: &Option<Kept>| kept.as_ref().is_some_and(|kept| kept.name.as_deref() == Some(name));
        self.objects.iter().position(named).map(Id)
    }

    /// All objects.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Id, &mut Object)> {
        let all = self.objects.iter_mut().enumerate();
        all.filter_map(|(index, kept)| Some((Id(index), &mut kept.as_mut()?.object)))
    }

    /// Closes a handle of what needs nothing done at its end; false when it is none.
    pub fn remove(&mut self, handle: Handle) -> bool {
        self.close(handle).is_some()
    }

    /// Closes a handle; `None` when it is none. Answers the object if nobody else keeps it.
    pub fn close(&mut self, handle: Handle) -> Option<Option<Object>> {
        let id = self.handles.get_mut(index(handle)?)?.take()?;
        Some(self.release(id))
    }
}

fn handle(index: usize) -> Handle {
    Handle(4 * (index as u64 + 1))
}

fn index(handle: Handle) -> Option<usize> {
    let index = (handle.0 / 4).checked_sub(1).filter(|_| handle.0.is_multiple_of(4))?;
    usize::try_from(index).ok()
}
