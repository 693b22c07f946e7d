use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

fn mutex() -> Object {
    Object::Mutex(Mutex::default())
}

#[test]
fn handles_are_reused_and_checked() {
    let mut handles = Handles::new();
    let first = handles.insert(mutex()).unwrap();
    assert_eq!(handles.get(first), Some(&mut mutex()));
    assert!(handles.get(Handle(first.0 + 1)).is_none() && handles.get(Handle::NULL).is_none());
    assert!(handles.remove(first) && !handles.remove(first) && handles.get(first).is_none());
    assert_eq!(handles.insert(mutex()), Some(first));
    while handles.insert(Object::Output).is_some() {}
    assert_eq!((handles.handles.len(), handles.objects.iter().flatten().count()), (MOST, MOST));
}

#[test]
fn an_object_is_there_until_its_last_keeper_lets_go() {
    let mut handles = Handles::new();
    let first = handles.insert_named(Some("name".to_owned()), mutex()).unwrap();
    let id = handles.named("name").unwrap();
    assert_eq!((handles.id(first), handles.named("Name")), (Some(id), None));
    let second = handles.open(id).unwrap();
    handles.keep(id);
    assert!(handles.remove(first) && handles.remove(second));
    assert!(handles.object(id).is_some() && handles.named("name").is_some());
    handles.release(id);
    assert!(handles.object(id).is_none() && handles.named("name").is_none());
}

#[test]
fn a_wait_uses_up_what_it_should() {
    let event = |manual| Object::Event(Event { manual, signalled: true });
    let timer = |manual| Object::Timer(Timer { manual, signalled: true, ..Timer::default() });
    let mut objects = [
        event(false),
        event(true),
        Object::Semaphore { count: 1, most: 1 },
        mutex(),
        timer(false),
        timer(true),
    ];
    for object in &mut objects {
        assert!(object.signalled(0, Duration::ZERO));
        assert!(!object.take(0));
    }
    assert_eq!(
        objects.map(|mut object| object.signalled(0, Duration::ZERO)),
        [false, true, false, true, false, true]
    );
}

#[test]
fn a_periodic_timer_skips_what_nobody_saw() {
    let (now, late) = (Duration::from_millis(5001), Duration::from_secs(5));
    let period = Duration::from_secs(3600);
    let mut timer = Timer { due: Some(late), period, ..Timer::default() };
    timer.refresh(now);
    assert_eq!((timer.signalled, timer.due), (true, Some(late + period)));
    let mut once = Timer { due: Some(late), ..Timer::default() };
    once.refresh(now);
    assert_eq!((once.signalled, once.due), (true, None));
}

/// What is done with the table.
#[derive(Debug, Clone)]
enum Act {
    /// Makes objects, with a name or without.
    Make(usize, Option<&'static str>),
    /// Opens an object once more by a handle that was given out before, whatever has become of it.
    Duplicate(Index),
    /// Waits for an object, which keeps it.
    Keep(Index),
    /// Ends the first of these waits.
    Release,
    /// Closes a handle that was given out before, whatever has become of it.
    Close(Index),
    /// Closes any number.
    CloseAny(u64),
}

fn acts() -> impl Strategy<Value = Act> {
    let (index, name) = (any::<Index>, prop::option::of(prop::sample::select(&["a", "b", "A"][..])));
    prop_oneof![
        12 => (1..4_usize, name).prop_map(|(count, name)| Act::Make(count, name)),
        1 => (500..MOST).prop_map(|count| Act::Make(count, None)),
        6 => index().prop_map(Act::Duplicate),
        4 => index().prop_map(Act::Keep),
        2 => Just(Act::Release),
        12 => index().prop_map(Act::Close),
        4 => prop_oneof![any::<u64>(), 0..100_u64, Just(u64::MAX - 3)].prop_map(Act::CloseAny),
    ]
}

/// The table, and what each handle must name: every object is a semaphore with a number of its own.
struct Model {
    table: Handles,
    open: BTreeMap<u64, i32>,
    given: Vec<Handle>,
    waits: VecDeque<(Id, i32)>,
    names: BTreeMap<i32, &'static str>,
    made: i32,
}

impl Model {
    fn new() -> Self {
        let mut table = Handles::new();
        assert!(table.remove(table.input()) && table.remove(table.output()));
        let (open, names) = (BTreeMap::new(), BTreeMap::new());
        Self { table, open, given: Vec::new(), waits: VecDeque::new(), names, made: 0 }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Make(count, name) => {
                for _ in 0..*count {
                    self.make(*name);
                }
            }
            Act::Duplicate(index) => {
                let Some(id) = self.any(index).and_then(|handle| self.table.id(handle)) else { return };
                let number = number(self.table.object(id));
                let handle = self.table.open(id);
                self.opened(handle, number.unwrap());
            }
            Act::Keep(index) => {
                let Some(id) = self.any(index).and_then(|handle| self.table.id(handle)) else { return };
                self.table.keep(id);
                let number = number(self.table.object(id)).unwrap();
                self.waits.push_back((id, number));
            }
            Act::Release => {
                let Some((id, number)) = self.waits.pop_front() else { return };
                let gone = self.table.release(id);
                assert_eq!(gone.is_some(), !self.kept(number));
            }
            Act::Close(index) => {
                if let Some(handle) = self.any(index) {
                    self.close(handle);
                }
            }
            Act::CloseAny(any) => self.close(Handle(*any)),
        }
    }

    fn make(&mut self, name: Option<&'static str>) {
        self.made += 1;
        let object = Object::Semaphore { count: self.made, most: i32::MAX };
        let handle = self.table.insert_named(name.map(str::to_owned), object);
        if let (Some(name), Some(_)) = (name, handle) {
            self.names.insert(self.made, name);
        }
        self.opened(handle, self.made);
    }

    /// A handle that no object has, of the same number in both widths, unless there are as many as there may be.
    fn opened(&mut self, handle: Option<Handle>, number: i32) {
        assert_eq!(handle.is_none(), self.open.len() == MOST);
        let Some(handle) = handle else { return };
        assert!(handle.0 != 0 && handle.0.is_multiple_of(4) && handle.0 <= 4 * MOST as u64);
        assert_eq!(self.open.insert(handle.0, number), None);
        if !self.given.contains(&handle) {
            self.given.push(handle);
        }
    }

    fn close(&mut self, handle: Handle) {
        let expected = self.open.remove(&handle.0);
        let closed = self.table.close(handle);
        assert_eq!(closed.is_some(), expected.is_some());
        let Some(number) = expected else { return };
        let ends = !self.kept(number);
        assert_eq!(closed.flatten(), ends.then_some(Object::Semaphore { count: number, most: i32::MAX }));
    }

    fn kept(&self, number: i32) -> bool {
        self.open.values().chain(self.waits.iter().map(|(_, number)| number)).any(|kept| *kept == number)
    }

    /// A handle that was given out, whatever has become of it.
    fn any(&self, index: &Index) -> Option<Handle> {
        (!self.given.is_empty()).then(|| *index.get(&self.given))
    }

    fn check(&mut self) {
        for handle in &self.given {
            assert_eq!(number(self.table.get(*handle)), self.open.get(&handle.0).copied());
        }
        let mut kept: Vec<i32> = self.open.values().copied().collect();
        kept.extend(self.waits.iter().map(|(_, number)| *number));
        kept.sort_unstable();
        kept.dedup();
        let mut objects: Vec<i32> =
            self.table.iter_mut().filter_map(|(_, object)| number(Some(object))).collect();
        objects.sort_unstable();
        assert_eq!(objects, kept, "objects are there for as long as somebody keeps them");
        for name in ["a", "b", "A"] {
            let named = self.table.named(name).and_then(|id| number(self.table.object(id)));
            let bearers = || kept.iter().filter(|number| self.names.get(*number) == Some(&name));
            assert!(named.map_or(bearers().count() == 0, |named| bearers().any(|bearer| *bearer == named)));
        }
    }
}

fn number(object: Option<&mut Object>) -> Option<i32> {
    match object {
        Some(Object::Semaphore { count, .. }) => Some(*count),
        _ => None,
    }
}

proptest! {
    // A full table takes a while to be looked through.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_handle_names_what_it_was_given_for(
        acts in prop::collection::vec(acts(), 1..60),
        strangers in prop::collection::vec(any::<u64>(), 1..10),
    ) {
        let mut model = Model::new();
        for act in &acts {
            model.act(act);
            model.check();
        }
        for stranger in strangers {
            prop_assert_eq!(number(model.table.get(Handle(stranger))), model.open.get(&stranger).copied());
        }
    }
}
