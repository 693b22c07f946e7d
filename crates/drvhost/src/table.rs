//! What is open in a session: instances by handle, modules by file and by who shares them.
//!
//! The lock here is never held while a driver is called.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::module::Module;
use crate::session::Hdrvr;

#[cfg(test)]
mod tests;

/// What a module is found by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The file that it is loaded from.
    pub file: PathBuf,
    /// The instance that it is loaded for and that has it to itself; `None`: it is for all others who open the file.
    pub apart: Option<Hdrvr>,
}

/// What the table knows of a loaded driver.
pub(crate) trait Loaded: Clone {
    /// What it is found by.
    fn key(&self) -> &Key;

    /// Its own number: a file that is loaded anew is another module.
    fn number(&self) -> u32;

    /// The number of its worker.
    fn worker(&self) -> u32;

    /// Whether that has ended.
    fn dead(&self) -> bool;
}

impl Loaded for Arc<Module> {
    fn key(&self) -> &Key {
        &self.key
    }

    fn number(&self) -> u32 {
        self.number
    }

    fn worker(&self) -> u32 {
        self.worker.number
    }

    fn dead(&self) -> bool {
        self.worker.dead()
    }
}

/// Where an instance is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// DRV_OPEN has not been answered yet: the handle exists, messages do not reach it.
    Opening,
    Open,
    /// DRV_CLOSE has been sent.
    Closing,
}

/// One instance.
#[derive(Debug, Clone)]
pub(crate) struct Slot<M = Arc<Module>> {
    pub module: M,
    /// What DRV_OPEN answered.
    pub id: i64,
    pub phase: Phase,
    /// Its place in the order of DRV_OPENs.
    pub order: u64,
    /// The worker of the driver that opened it.
    pub opener: Option<u32>,
}

/// One module.
#[derive(Debug)]
enum Entry<M> {
    /// Being loaded or unloaded by some thread; others wait. In this worker, if there is one already.
    Busy(Option<u32>),
    Live(Live<M>),
}

#[derive(Debug)]
struct Live<M> {
    module: M,
    /// Instances, those being opened included.
    users: usize,
    /// The instance that the hidden-instance quirk opened.
    hidden: Option<Hdrvr>,
}

#[derive(Debug)]
struct State<M> {
    opens: u64,
    loads: u32,
    instances: BTreeMap<Hdrvr, Slot<M>>,
    modules: HashMap<Key, Entry<M>>,
    /// Which workers have a driver that waits for a module to be loaded or unloaded, and for which.
    waiting: Vec<(u32, Key)>,
}

// Derived, this would ask for a module that nobody has loaded.
impl<M> Default for State<M> {
    fn default() -> Self {
        let (instances, modules) = (BTreeMap::new(), HashMap::new());
        Self { opens: 0, loads: 0, instances, modules, waiting: Vec::new() }
    }
}

impl<M> State<M> {
    /// Whether a module's load or unload ends only after a driver in `worker` has gone on: it runs there, or it waits for one that does.
    fn waits_for(&self, key: &Key, worker: u32) -> bool {
        let mut seen = Vec::new();
        let mut keys = vec![key];
        while let Some(key) = keys.pop() {
            let Some(Entry::Busy(Some(place))) = self.modules.get(key) else { continue };
            if *place == worker {
                return true;
            }
            if !seen.contains(place) {
                seen.push(*place);
                let theirs = self.waiting.iter().filter(|(waits, _)| waits == place);
                keys.extend(theirs.map(|(_, key)| key));
            }
        }
        false
    }
}

/// Who loads a module that several may want at once.
#[derive(Debug)]
pub(crate) enum Claim<M = Arc<Module>> {
    /// The caller does, then says [`Table::loaded`] or [`Table::forget`].
    Load,
    /// It is there; the caller is counted as a user until [`Table::release`].
    Join(M),
    /// Somebody else is still at it and the time is over, or it cannot end while the caller waits.
    TimedOut,
}

/// What is left of a module when one of its instances is gone.
#[derive(Debug)]
pub(crate) enum Left<M = Arc<Module>> {
    /// Other instances, or nothing to do.
    InUse,
    /// Only the hidden instance, which closes itself now.
    OnlyHidden(Hdrvr),
    /// Nothing: the caller unloads it, then says [`Table::forget`].
    Unused(M),
}

#[derive(Debug)]
pub(crate) struct Table<M = Arc<Module>> {
    state: Mutex<State<M>>,
    changed: Condvar,
    /// How often an instance has gone, or its phase has changed.
    changes: AtomicU64,
}

impl<M> Default for Table<M> {
    fn default() -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), changes: AtomicU64::new(0) }
    }
}

impl<M: Loaded> Table<M> {
    fn lock(&self) -> MutexGuard<'_, State<M>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds or reserves a module, for a driver in worker `home` if it is one that asks.
    pub fn claim(&self, key: &Key, home: Option<u32>, until: Option<Instant>) -> Claim<M> {
        let mut state = self.lock();
        loop {
            // Who asks would wait for its own end.
            if home.is_some_and(|home| state.waits_for(key, home)) {
                return Claim::TimedOut;
            }
            match state.modules.get_mut(key) {
                None => {
                    state.modules.insert(key.clone(), Entry::Busy(home));
                    return Claim::Load;
                }
                // A worker that died is no place for a further instance: what it held is lost, its file can be loaded anew.
                Some(Entry::Live(live)) if live.module.dead() => {
                    state.modules.insert(key.clone(), Entry::Busy(home));
                    return Claim::Load;
                }
                Some(Entry::Live(live)) => {
                    live.users += 1;
                    return Claim::Join(live.module.clone());
                }
                Some(Entry::Busy(_)) => {}
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Claim::TimedOut;
            }
            let waits = home.map(|home| (home, key.clone()));
            state.waiting.extend(waits.clone());
            state = match left {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
            // Of several alike, any will do.
            if let Some(place) = state.waiting.iter().position(|waiting| Some(waiting) == waits.as_ref()) {
                state.waiting.swap_remove(place);
            }
        }
    }

    /// The claimed module is being loaded in a worker that was started for it.
    pub fn loading(&self, key: &Key, worker: u32) {
        self.lock().modules.insert(key.clone(), Entry::Busy(Some(worker)));
    }

    /// The claimed module is loaded; the claimer is its first user.
    pub fn loaded(&self, module: &M) {
        let live = Live { module: module.clone(), users: 1, hidden: None };
        self.lock().modules.insert(module.key().clone(), Entry::Live(live));
        self.changed.notify_all();
    }

    /// There is no such module any more.
    pub fn forget(&self, key: &Key) {
        self.lock().modules.remove(key);
        self.changed.notify_all();
    }

    /// Counts one more user, the hidden instance.
    pub fn hide(&self, module: &M, hidden: Hdrvr) {
        if let Some(Entry::Live(live)) = self.lock().modules.get_mut(module.key())
            && live.module.number() == module.number()
        {
            live.hidden = Some(hidden);
            live.users += 1;
        }
    }

    /// Counts one user less.
    pub fn release(&self, module: &M) -> Left<M> {
        let mut state = self.lock();
        let State { modules, instances, .. } = &mut *state;
        let Some(entry) = modules.get_mut(module.key()) else { return Left::InUse };
        let Entry::Live(live) = entry else { return Left::InUse };
        // A file whose worker died may have been loaded anew meanwhile.
        if live.module.number() != module.number() {
            return Left::InUse;
        }
        live.users = live.users.saturating_sub(1);
        match (live.users, live.hidden) {
            (0, _) => {
                let module = live.module.clone();
                *entry = Entry::Busy(Some(module.worker()));
                Left::Unused(module)
            }
            (1, Some(hidden)) => {
                live.hidden = None;
                // Whoever guesses its handle can have closed it before the others.
                if instances.contains_key(&hidden) { Left::OnlyHidden(hidden) } else { Left::InUse }
            }
            _ => Left::InUse,
        }
    }

    /// The next place in the order of DRV_OPENs.
    pub fn new_order(&self) -> u64 {
        let mut state = self.lock();
        state.opens += 1;
        state.opens
    }

    /// The number of the next module.
    pub fn new_module(&self) -> u32 {
        let mut state = self.lock();
        state.loads += 1;
        state.loads
    }

    /// Puts an instance in, or changes it.
    pub fn set(&self, hdrvr: Hdrvr, slot: Slot<M>) {
        self.change().instances.insert(hdrvr, slot);
    }

    /// Takes an instance out; false when it is gone already.
    pub fn remove(&self, hdrvr: Hdrvr) -> bool {
        self.change().instances.remove(&hdrvr).is_some()
    }

    /// What there is, when an instance is about to change.
    fn change(&self) -> MutexGuard<'_, State<M>> {
        let state = self.lock();
        self.changes.fetch_add(1, Ordering::SeqCst);
        state
    }

    /// A number that is another one once any instance has changed.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// The instance with this handle.
    pub fn get(&self, hdrvr: Hdrvr) -> Option<Slot<M>> {
        self.lock().instances.get(&hdrvr).cloned()
    }

    /// Whether messages reach the instance with this handle.
    pub fn reaches(&self, hdrvr: Hdrvr) -> bool {
        self.lock().instances.get(&hdrvr).is_some_and(|slot| slot.phase != Phase::Opening)
    }

    /// Moves an instance from one phase to another; false when it is not in the first.
    pub fn advance(&self, hdrvr: Hdrvr, from: Phase, to: Phase) -> bool {
        let mut state = self.change();
        let slot = state.instances.get_mut(&hdrvr).filter(|slot| slot.phase == from);
        slot.map(|slot| slot.phase = to).is_some()
    }

    /// All instances whose DRV_OPEN has been answered, in open order.
    pub fn open(&self) -> Vec<(Hdrvr, Slot<M>)> {
        let state = self.lock();
        let open = state.instances.iter().filter(|(_, slot)| slot.phase != Phase::Opening);
        let mut open: Vec<_> = open.map(|(&hdrvr, slot)| (hdrvr, slot.clone())).collect();
        open.sort_by_key(|(_, slot)| slot.order);
        open
    }

    /// How many instances drivers in a worker have opened and not closed.
    pub fn opened_by(&self, worker: u32) -> usize {
        self.lock().instances.values().filter(|slot| slot.opener == Some(worker)).count()
    }

    /// Takes every instance and module out.
    pub fn clear(&self) {
        let mut state = self.change();
        state.instances.clear();
        state.modules.clear();
        self.changed.notify_all();
    }

    /// How many instances use a module (C022).
    pub fn users(&self, module: &M) -> usize {
        match self.lock().modules.get(module.key()) {
            Some(Entry::Live(live)) if live.module.number() == module.number() => live.users,
            _ => 0,
        }
    }
}
