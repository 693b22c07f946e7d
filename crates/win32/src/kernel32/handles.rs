//! The table of kernel objects that handles name.

use std::collections::VecDeque;

use wire::Entry;

use crate::abi::Handle;
use crate::advapi32::Key;
use crate::kernel32::files::OpenFile;

/// How many objects there may be at once.
const MOST: usize = 1024;

/// A kernel object. Names are not kept: nobody but the driver itself could open an object by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Object {
    /// The standard input.
    Input,
    /// The standard output and error output.
    Output,
    /// An event; one that resets itself does so when a wait ends with it.
    Event { manual: bool, signalled: bool },
    /// A semaphore.
    Semaphore { count: i32, most: i32 },
    /// A mutex: which thread owns it, and how often.
    Mutex { owner: usize, depth: u32 },
    /// A thread: which one of all that were ever started, and what it has ended with.
    Thread { serial: u32, code: Option<u32> },
    /// An open file.
    File(OpenFile),
    /// A search for files: what it has not told of yet.
    Search(VecDeque<Entry>),
    /// An open key of the registry.
    Key(Key),
    /// Who the process runs as.
    Token,
}

impl Object {
    /// Whether a wait of a thread's for it would end now.
    pub fn signalled(&self, thread: usize) -> bool {
        match self {
            Self::Event { signalled, .. } => *signalled,
            Self::Semaphore { count, .. } => *count > 0,
            Self::Mutex { owner, depth } => *depth == 0 || *owner == thread,
            Self::Thread { code, .. } => code.is_some(),
            Self::Input | Self::Output | Self::File(_) | Self::Search(_) | Self::Key(_) | Self::Token => true,
        }
    }

    /// What the end of a thread's wait does to it.
    pub fn take(&mut self, thread: usize) {
        match self {
            Self::Event { manual: false, signalled } => *signalled = false,
            Self::Semaphore { count, .. } => *count = count.saturating_sub(1),
            Self::Mutex { owner, depth } => (*owner, *depth) = (thread, depth.saturating_add(1)),
            Self::Event { manual: true, .. }
            | Self::Thread { .. }
            | Self::Input
            | Self::Output
            | Self::File(_)
            | Self::Search(_)
            | Self::Key(_)
            | Self::Token => {}
        }
    }
}

/// The table. Handles are small multiples of four, as on Windows.
#[derive(Debug)]
pub(crate) struct Handles(Vec<Option<Object>>);

impl Handles {
    pub fn new() -> Self {
        Self(vec![Some(Object::Input), Some(Object::Output)])
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
        let free = self.0.iter().position(Option::is_none).unwrap_or(self.0.len());
        if free >= MOST {
            return None;
        }
        if free == self.0.len() {
            self.0.push(None);
        }
        self.0[free] = Some(object);
        Some(handle(free))
    }

    /// The object that a handle names.
    pub fn get(&mut self, handle: Handle) -> Option<&mut Object> {
        self.0.get_mut(index(handle)?)?.as_mut()
    }

    /// All objects.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Object> {
        self.0.iter_mut().flatten()
    }

    /// Closes a handle; false when it is none.
    pub fn remove(&mut self, handle: Handle) -> bool {
        index(handle).and_then(|index| self.0.get_mut(index)).is_some_and(|slot| slot.take().is_some())
    }
}

fn handle(index: usize) -> Handle {
    Handle(4 * (index as u64 + 1))
}

fn index(handle: Handle) -> Option<usize> {
    let index = (handle.0 / 4).checked_sub(1).filter(|_| handle.0.is_multiple_of(4))?;
    usize::try_from(index).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_reused_and_checked() {
        let mut handles = Handles::new();
        let mutex = handles.insert(Object::Mutex { owner: 0, depth: 0 }).unwrap();
        assert_eq!(handles.get(mutex), Some(&mut Object::Mutex { owner: 0, depth: 0 }));
        assert!(handles.get(Handle(mutex.0 + 1)).is_none() && handles.get(Handle::NULL).is_none());
        assert!(handles.remove(mutex) && !handles.remove(mutex) && handles.get(mutex).is_none());
        assert_eq!(handles.insert(Object::Mutex { owner: 0, depth: 1 }), Some(mutex));
        while handles.insert(Object::Output).is_some() {}
        assert_eq!(handles.0.len(), MOST);
    }

    #[test]
    fn a_wait_uses_up_what_it_should() {
        let mut objects = [
            Object::Event { manual: false, signalled: true },
            Object::Event { manual: true, signalled: true },
            Object::Semaphore { count: 1, most: 1 },
            Object::Mutex { owner: 0, depth: 0 },
        ];
        objects.iter_mut().for_each(|object| {
            assert!(object.signalled(0));
            object.take(0);
        });
        assert_eq!(objects.map(|object| object.signalled(0)), [false, true, false, true]);
    }
}
