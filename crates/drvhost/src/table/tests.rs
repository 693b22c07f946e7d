//! The table against a model of it, which keeps every handle that was ever given out.

use std::cell::Cell;
use std::rc::Rc;

use mmsystem::Width;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::numbers::Numbers;

/// What is done with the table, as a session does it.
#[derive(Debug, Clone)]
enum Act {
    /// Opens a driver's file, for a driver of an instance that was opened before or for nobody; where it is loaded for that, a hidden instance
    /// may come first.
    Open { file: usize, opener: Option<Index>, hidden: bool },
    /// Opens it apart from all others; a hidden instance may come first.
    OpenApart { file: usize, hidden: bool },
    /// Claims a file that then cannot be loaded.
    FailToLoad { file: usize },
    /// Opens an instance, and its driver does not want to.
    FailToOpen { file: usize },
    /// Closes whatever a handle that was given out names.
    Close(Index),
    /// Closes, and the driver refuses.
    Refuse(Index),
    /// Ends the worker of an instance.
    Kill(Index),
    /// Ends the session.
    Clear,
}

fn acts() -> impl Strategy<Value = Act> {
    let index = any::<Index>;
    let file = || 0..3_usize;
    prop_oneof![
        8 => (file(), prop::option::of(index()), any::<bool>())
            .prop_map(|(file, opener, hidden)| Act::Open { file, opener, hidden }),
        2 => (file(), any::<bool>()).prop_map(|(file, hidden)| Act::OpenApart { file, hidden }),
        1 => file().prop_map(|file| Act::FailToLoad { file }),
        1 => file().prop_map(|file| Act::FailToOpen { file }),
        6 => index().prop_map(Act::Close),
        2 => index().prop_map(Act::Refuse),
        1 => index().prop_map(Act::Kill),
        1 => Just(Act::Clear),
    ]
}

/// A module that nothing was loaded for.
#[derive(Debug, Clone)]
struct Fake {
    key: Key,
    number: u32,
    worker: u32,
    dead: Rc<Cell<bool>>,
}

impl Loaded for Fake {
    fn key(&self) -> &Key {
        &self.key
    }

    fn number(&self) -> u32 {
        self.number
    }

    fn worker(&self) -> u32 {
        self.worker
    }

    fn dead(&self) -> bool {
        self.dead.get()
    }
}

/// A handle that was given out.
#[derive(Debug)]
struct Given {
    hdrvr: Hdrvr,
    module: Fake,
    order: u64,
    opener: Option<u32>,
    open: bool,
}

#[derive(Debug, Default)]
struct Model {
    table: Table<Fake>,
    numbers: Numbers,
    given: Vec<Given>,
    /// What is loaded, and the instance that is hidden.
    present: HashMap<Key, (Fake, Option<Hdrvr>)>,
}

impl Model {
    fn act(&mut self, act: &Act) {
        match act {
            Act::Open { file, opener, hidden } => {
                if let Some(hdrvr) = self.handle() {
                    self.open(hdrvr, &shared(*file), opener.as_ref(), *hidden);
                }
            }
            Act::OpenApart { file, hidden } => {
                if let Some(hdrvr) = self.handle() {
                    self.open(hdrvr, &Key { apart: Some(hdrvr), ..shared(*file) }, None, *hidden);
                }
            }
            Act::FailToLoad { file } => {
                let key = shared(*file);
                if let Some(module) = self.claim(&key, None) {
                    assert!(matches!(self.table.release(&module), Left::InUse | Left::OnlyHidden(_)));
                } else {
                    self.busy(&key);
                    self.table.forget(&key);
                }
            }
            Act::FailToOpen { file } => {
                if let Some(hdrvr) = self.handle() {
                    let module = self.claimed(&shared(*file), None);
                    self.table.set(hdrvr, slot(&module, Phase::Opening, 0, None));
                    assert!(!self.table.reaches(hdrvr) && self.table.get(hdrvr).is_some());
                    assert!(!self.table.advance(hdrvr, Phase::Open, Phase::Closing));
                    assert!(self.table.remove(hdrvr));
                    self.let_go(&module);
                }
            }
            Act::Close(index) => {
                if let Some(hdrvr) = self.any(index) {
                    self.close(hdrvr);
                }
            }
            Act::Refuse(index) => {
                if let Some(hdrvr) = self.any(index) {
                    let begins = self.table.advance(hdrvr, Phase::Open, Phase::Closing);
                    assert_eq!(begins, self.is_open(hdrvr));
                    assert!(!self.table.advance(hdrvr, Phase::Open, Phase::Closing), "only once");
                    assert_eq!(self.table.advance(hdrvr, Phase::Closing, Phase::Open), begins);
                }
            }
            Act::Kill(index) => {
                if !self.given.is_empty() {
                    index.get(&self.given).module.dead.set(true);
                }
            }
            Act::Clear => {
                self.table.clear();
                self.present.clear();
                self.given.iter_mut().for_each(|given| given.open = false);
            }
        }
    }

    /// A handle that is the same number in both widths, and was never given out.
    fn handle(&self) -> Option<Hdrvr> {
        let hdrvr = self.numbers.new_handle()?;
        assert!(hdrvr.0 != 0 && i64::try_from(hdrvr.0) == Ok(Width::Bits32.long(hdrvr.0)));
        assert!(self.given.iter().all(|given| given.hdrvr != hdrvr));
        assert!(self.table.get(hdrvr).is_none());
        Some(hdrvr)
    }

    /// Claims a module: it is joined where it is loaded in a worker that lives.
    fn claim(&self, key: &Key, home: Option<u32>) -> Option<Fake> {
        let there = self.present.get(key).filter(|(module, _)| !module.dead());
        match self.table.claim(key, home, Some(Instant::now())) {
            Claim::Join(module) => {
                assert_eq!(there.map(|(module, _)| module.number), Some(module.number));
                Some(module)
            }
            Claim::Load => {
                assert!(there.is_none());
                None
            }
            Claim::TimedOut => panic!("nobody is at it"),
        }
    }

    /// Nobody else gets a module while it is loaded: the worker that it is loaded for, because that would be for ever.
    fn busy(&mut self, key: &Key) {
        self.present.remove(key);
        assert!(matches!(self.table.claim(key, None, Some(Instant::now())), Claim::TimedOut));
        self.table.loading(key, u32::MAX);
        assert!(matches!(self.table.claim(key, Some(u32::MAX), None), Claim::TimedOut));
    }

    /// Claims a module and loads it where that is wanted.
    fn claimed(&mut self, key: &Key, home: Option<(u32, Rc<Cell<bool>>)>) -> Fake {
        if let Some(module) = self.claim(key, home.as_ref().map(|(worker, _)| *worker)) {
            return module;
        }
        self.busy(key);
        let (worker, dead) = home.unwrap_or_else(|| (self.numbers.new_worker(), Rc::default()));
        let module = Fake { key: key.clone(), number: self.table.new_module(), worker, dead };
        self.table.loaded(&module);
        self.present.insert(key.clone(), (module.clone(), None));
        module
    }

    fn open(&mut self, hdrvr: Hdrvr, key: &Key, opener: Option<&Index>, hidden: bool) {
        let opener = opener.filter(|_| !self.given.is_empty()).map(|index| &index.get(&self.given).module);
        let home = opener.filter(|module| !module.dead()).map(|m| (m.worker, Rc::clone(&m.dead)));
        let opener = home.as_ref().map(|(worker, _)| *worker);
        let loads = self.table.new_module();
        let module = self.claimed(key, home);
        self.opened(hdrvr, &module, opener);
        if hidden && module.number > loads {
            self.table.hide(&module, hdrvr);
            if let Some((_, hidden)) = self.present.get_mut(key) {
                *hidden = Some(hdrvr);
            }
            match self.handle() {
                Some(visible) => self.opened(visible, &module, opener),
                None => self.let_go(&module),
            }
        }
    }

    fn opened(&mut self, hdrvr: Hdrvr, module: &Fake, opener: Option<u32>) {
        self.table.set(hdrvr, slot(module, Phase::Opening, 0, opener));
        assert!(!self.table.reaches(hdrvr));
        let order = self.table.new_order();
        self.table.set(hdrvr, slot(module, Phase::Open, order, opener));
        self.given.push(Given { hdrvr, module: module.clone(), order, opener, open: true });
    }

    fn close(&mut self, hdrvr: Hdrvr) {
        let found = self.table.get(hdrvr);
        assert_eq!(self.table.advance(hdrvr, Phase::Open, Phase::Closing), self.is_open(hdrvr));
        assert_eq!(self.table.remove(hdrvr), self.is_open(hdrvr));
        let Some(slot) = found else { return };
        self.given.iter_mut().filter(|given| given.hdrvr == hdrvr).for_each(|given| given.open = false);
        self.let_go(&slot.module);
    }

    /// One user of a module less.
    fn let_go(&mut self, module: &Fake) {
        // Where its worker died and the file has been loaded anew, there is nothing of it.
        let there = self.present.get(&module.key).filter(|(present, _)| present.number == module.number);
        let hidden = there.and_then(|(_, hidden)| *hidden).filter(|&hidden| self.is_open(hidden));
        let left: Vec<Hdrvr> = self.open_of(module).map(|given| given.hdrvr).collect();
        match self.table.release(module) {
            Left::InUse => assert!(there.is_none() || left.iter().any(|&other| hidden != Some(other))),
            Left::OnlyHidden(only) => {
                assert_eq!((left.as_slice(), hidden), ([only].as_slice(), Some(only)));
                if let Some((_, hidden)) = self.present.get_mut(&module.key) {
                    *hidden = None;
                }
                self.close(only);
            }
            Left::Unused(unused) => {
                assert!(there.is_some() && left.is_empty() && unused.number == module.number);
                self.busy(&module.key);
                self.table.forget(&module.key);
            }
        }
    }

    /// A handle that was given out, whatever has become of it.
    fn any(&self, index: &Index) -> Option<Hdrvr> {
        (!self.given.is_empty()).then(|| index.get(&self.given).hdrvr)
    }

    fn is_open(&self, hdrvr: Hdrvr) -> bool {
        self.given.iter().any(|given| given.hdrvr == hdrvr && given.open)
    }

    fn open_of<'a>(&'a self, module: &'a Fake) -> impl Iterator<Item = &'a Given> {
        self.given.iter().filter(|given| given.open && given.module.number == module.number)
    }

    /// Every handle finds its own instance or none, and everything is counted.
    fn check(&self) {
        for given in &self.given {
            let found = self.table.get(given.hdrvr);
            assert_eq!(found.is_some(), given.open, "{given:?}");
            assert_eq!(self.table.reaches(given.hdrvr), given.open);
            if let Some(slot) = found {
                assert_eq!((slot.module.number, slot.order), (given.module.number, given.order));
            }
            if let Some(opener) = given.opener {
                let theirs = self.given.iter().filter(|other| other.open && other.opener == Some(opener));
                assert_eq!(self.table.opened_by(opener), theirs.count());
            }
        }
        let open = self.table.open().into_iter().map(|(hdrvr, _)| hdrvr);
        let mut expected: Vec<&Given> = self.given.iter().filter(|given| given.open).collect();
        expected.sort_by_key(|given| given.order);
        assert!(open.eq(expected.iter().map(|given| given.hdrvr)));
        for (module, _) in self.present.values() {
            assert_eq!(self.table.users(module), self.open_of(module).count());
        }
    }
}

fn shared(file: usize) -> Key {
    Key { file: PathBuf::from(format!("{file}.dll")), apart: None }
}

fn slot(module: &Fake, phase: Phase, order: u64, opener: Option<u32>) -> Slot<Fake> {
    Slot { module: module.clone(), id: 1, phase, order, opener }
}

proptest! {
    #[test]
    fn a_handle_finds_its_own_instance_or_none(
        acts in prop::collection::vec(acts(), 1..60),
        handles_left in prop::option::of(0..10_i32),
        strangers in prop::collection::vec(any::<u64>(), 1..10),
    ) {
        let mut model = Model { numbers: Numbers::with_handles_left(handles_left), ..Model::default() };
        for act in &acts {
            model.act(act);
            model.check();
        }
        for stranger in strangers.into_iter().map(Hdrvr) {
            prop_assert_eq!(model.table.get(stranger).is_some(), model.is_open(stranger));
            prop_assert_eq!(model.table.remove(stranger), model.is_open(stranger));
        }
    }
}
