//! The ring in `loom`, which runs two threads in all orders, and lets each read all values, that the memory model allows.
//!
//! What is tried is the ring's own code, with words of loom's. Loom has no futex, so here is one: who waits does so only while the word
//! holds the value, and nobody wakes anybody between that look and the sleep.
//!
//! Loom takes `SeqCst` accesses for `AcqRel` ones, which are less, so the ring has fences for what must not be swapped. A load never reads
//! what is stored after it in the order of execution: that the reader has done with a frame before its room is written anew (`head`'s
//! release) is not shown here.

use std::marker::PhantomData;
use std::sync::atomic::Ordering;

use loom::sync::{Arc, Condvar, Mutex};

use super::{Reader, Ring, RingError, Sleep, Word, Writer};

/// How often a thread is interrupted where it could have gone on, unless LOOM_MAX_PREEMPTIONS says. Three make some 30,000 orders, and
/// each further one ten times as many.
const PREEMPTIONS: usize = 3;

/// How the ring's rules are broken, to show that it matters.
trait Flaw: 'static {
    /// What is done instead of a store.
    fn store(order: Ordering) -> Ordering {
        order
    }

    /// Whether there are fences.
    const FENCED: bool = true;
}

/// They are not.
struct Sound;
impl Flaw for Sound {}

/// Release is left out.
struct Unreleased;
impl Flaw for Unreleased {
    fn store(_: Ordering) -> Ordering {
        Ordering::Relaxed
    }
}

/// The fences are left out.
struct Unfenced;
impl Flaw for Unfenced {
    const FENCED: bool = false;
}

/// A word of the model's.
struct Modelled<F>(loom::sync::atomic::AtomicU32, PhantomData<F>);

impl<F> Modelled<F> {
    fn zero() -> Self {
        Self(loom::sync::atomic::AtomicU32::new(0), PhantomData)
    }
}

impl<F: Flaw> Word for Modelled<F> {
    const SLOT: usize = 2;
    const SLOTS: usize = 4;
    const LONGEST: usize = 8;

    fn load(&self, order: Ordering) -> u32 {
        self.0.load(order)
    }

    fn store(&self, value: u32, order: Ordering) {
        self.0.store(value, F::store(order));
    }

    fn fence(order: Ordering) {
        if F::FENCED {
            loom::sync::atomic::fence(order);
        }
    }
}

/// Who sleeps on a word of the ring: there is only one reader.
#[derive(Default)]
struct Futex {
    queue: Mutex<()>,
    woken: Condvar,
}

loom::lazy_static! {
    static ref FUTEX: Futex = Futex::default();
}

/// How words of the model's are slept on: without an end, so that loom tells of a sleeper whom nobody wakes.
fn sleep<F: Flaw>() -> Sleep<Modelled<F>> {
    Sleep {
        wait: |word, value, _| {
            let queue = FUTEX.queue.lock().unwrap();
            if word.load(Ordering::Relaxed) == value {
                drop(FUTEX.woken.wait(queue).unwrap());
            }
        },
        wake: |_| {
            let _queue = FUTEX.queue.lock().unwrap();
            FUTEX.woken.notify_all();
        },
        looks: false,
    }
}

/// The ring in so many words: without those between its parts, which only cost time here.
fn ring<F: Flaw>(memory: &[Modelled<F>; 10]) -> Ring<'_, Modelled<F>> {
    let [head, asleep, slots @ ..] = memory;
    Ring { head, asleep, slots }
}

/// One thread writes the frames, and another takes as many, which must be the same.
fn cross<F: Flaw>(frames: &'static [&'static [u8]]) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound.get_or_insert(PREEMPTIONS);
    model.check(move || {
        let memory: Arc<[Modelled<F>; 10]> = Arc::new(std::array::from_fn(|_| Modelled::zero()));
        let theirs = Arc::clone(&memory);
        let writing = loom::thread::spawn(move || {
            let ring = ring(&theirs);
            let mut writer = Writer::default();
            for frame in frames {
                loop {
                    match writer.send(&ring, sleep(), frame) {
                        Err(RingError::Full) => loom::thread::yield_now(),
                        sent => break sent.unwrap(),
                    }
                }
            }
        });
        let ring = ring(&memory);
        let (mut reader, mut taken) = (Reader::default(), Vec::new());
        for frame in frames {
            assert!(reader.take_until(&ring, sleep(), &mut taken, || None).unwrap());
            assert_eq!(taken, *frame);
        }
        writing.join().unwrap();
        assert!(!reader.take(&ring, &mut taken).unwrap());
    });
}

/// Of one slot, one and two in the ring.
const SHORT: &[&[u8]] = &[b"", b"one", b"three"];
/// As long as frames can be, of which two fit: the third is refused until the first has been taken.
const FULL: &[&[u8]] = &[b"firstone", b"next one", b"last one"];

#[test]
fn a_reader_that_sleeps_is_woken_for_every_frame() {
    cross::<Sound>(SHORT);
}

#[test]
fn a_full_ring_takes_frames_again_and_none_is_torn() {
    cross::<Sound>(FULL);
}

#[test]
#[should_panic(expected = "deadlock")]
fn without_fences_a_reader_sleeps_through_a_frame() {
    cross::<Unfenced>(SHORT);
}

#[test]
#[should_panic(expected = "Forged")]
fn without_release_a_frame_has_no_end() {
    cross::<Unreleased>(FULL);
}

#[test]
#[should_panic(expected = "assertion")]
fn without_release_a_frame_is_torn() {
    cross::<Unreleased>(&[b"one", b"two"]);
}
