//! The ring, by one thread and by two.

use proptest::prelude::*;

use super::*;

struct Owned(Vec<AtomicU32>);

impl Owned {
    fn new() -> Self {
        Self((0..WORDS).map(|_| AtomicU32::new(0)).collect())
    }

    fn ring(&self) -> Ring<'_> {
        Ring::new(&self.0).unwrap()
    }
}

const SLEEP: Sleep = Sleep { wait: |_, _, _| std::thread::yield_now(), wake: |_| (), looks: true };

proptest! {
    #[test]
    fn frames_come_out_as_they_went_in(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 1..80)) {
        let owned = Owned::new();
        let (mut writer, mut reader) = (Writer::default(), Reader::default());
        let mut frame = Vec::new();
        let mut waiting = std::collections::VecDeque::new();
        for sent in &frames {
            while writer.send(&owned.ring(), SLEEP, sent) == Err(RingError::Full) {
                prop_assert!(reader.take(&owned.ring(), &mut frame).unwrap());
                prop_assert_eq!(waiting.pop_front(), Some(frame.clone()));
            }
            waiting.push_back(sent.clone());
        }
        for sent in waiting {
            prop_assert!(reader.take(&owned.ring(), &mut frame).unwrap());
            prop_assert_eq!(&frame, &sent);
        }
        prop_assert!(!reader.take(&owned.ring(), &mut frame).unwrap());
    }

    #[test]
    fn forged_places_and_stamps_never_panic(head: u32, lap in 0..3_u32, length: u16, further: u32) {
        let owned = Owned::new();
        owned.0[HEAD].store(head, Ordering::Relaxed);
        owned.0[FIRST_SLOT].store(lap << 16 | u32::from(length), Ordering::Relaxed);
        owned.0[FIRST_SLOT + 16].store(further, Ordering::Relaxed);
        let (mut frame, further) = (Vec::new(), further == stamp::<AtomicU32>(1, FURTHER));
        match Reader::default().take(&owned.ring(), &mut frame) {
            Ok(true) => prop_assert!(lap == 1 && (length <= 60 || further && length <= 120)),
            Ok(false) => prop_assert_eq!(lap, 0),
            Err(error) => prop_assert_eq!(error, RingError::Forged),
        }
        let _ = Writer::default().send(&owned.ring(), SLEEP, &[1, 2, 3]);
    }
}

#[test]
fn a_frame_crosses_threads() {
    const FRAMES: u32 = if cfg!(miri) { 200 } else { 100_000 };
    let owned = Owned::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut writer = Writer::default();
            for number in 0..FRAMES {
                while writer.send(&owned.ring(), SLEEP, &number.to_le_bytes()) == Err(RingError::Full) {
                    std::thread::yield_now();
                }
            }
        });
        let (mut reader, mut frame) = (Reader::default(), Vec::new());
        for number in 0..FRAMES {
            assert!(reader.take_until(&owned.ring(), SLEEP, &mut frame, || None).unwrap());
            assert_eq!(frame, number.to_le_bytes());
        }
    });
}

#[test]
fn laps_go_on_when_places_begin_anew() {
    let owned = Owned::new();
    // As if as many slots had been written as there are numbers for, less than a lap.
    let place = 0_u32.wrapping_sub(1000);
    for index in 0..1024 {
        let place = place.wrapping_sub(1024).wrapping_add(index);
        let (first, _) = owned.ring().slot(place).unwrap();
        first.store(stamp::<AtomicU32>(place, FURTHER), Ordering::Relaxed);
    }
    owned.0[HEAD].store(place, Ordering::Relaxed);
    let mut writer = Writer { tail: place, head: place };
    let mut reader = Reader { head: place, ..Reader::default() };
    let mut frame = Vec::new();
    for number in 0..5000_u32 {
        let sent = vec![number as u8; number as usize % 200];
        assert!(!reader.take(&owned.ring(), &mut frame).unwrap());
        writer.send(&owned.ring(), SLEEP, &sent).unwrap();
        assert!(reader.take(&owned.ring(), &mut frame).unwrap());
        assert_eq!(frame, sent);
    }
    assert!(reader.head < place);
}

#[test]
fn a_frame_whose_end_is_not_there_is_forged() {
    let owned = Owned::new();
    Writer::default().send(&owned.ring(), SLEEP, &[7; 200]).unwrap();
    let (third, _) = owned.ring().slot(2).unwrap();
    third.store(0, Ordering::Relaxed);
    assert_eq!(Reader::default().take(&owned.ring(), &mut Vec::new()), Err(RingError::Forged));
}

#[test]
fn too_long_and_full_are_refused() {
    let owned = Owned::new();
    let mut writer = Writer::default();
    assert_eq!(
        writer.send(&owned.ring(), SLEEP, &vec![0; LONGEST + 1]),
        Err(RingError::TooLong(LONGEST + 1))
    );
    for _ in 0..3 {
        writer.send(&owned.ring(), SLEEP, &vec![0; LONGEST]).unwrap();
    }
    assert_eq!(writer.send(&owned.ring(), SLEEP, &vec![0; LONGEST]), Err(RingError::Full));
}

#[test]
fn what_may_be_lost_leaves_room_for_answers() {
    let owned = Owned::new();
    let mut writer = Writer::default();
    while writer.send_if_room(&owned.ring(), SLEEP, &[0; 100]).is_ok() {}
    assert_eq!(writer.send(&owned.ring(), SLEEP, &vec![0; LONGEST]), Ok(()));
}

#[test]
fn only_who_is_to_be_woken_is_woken() {
    static WOKEN: AtomicU32 = AtomicU32::new(0);
    let wake = |_: &AtomicU32| {
        WOKEN.fetch_add(1, Ordering::Relaxed);
    };
    let sleep = Sleep { wake, ..SLEEP };
    let owned = Owned::new();
    let (mut writer, mut reader, mut frame) = (Writer::default(), Reader::default(), Vec::new());
    owned.0[ASLEEP].store(1, Ordering::Relaxed);
    assert!(!reader.has_more(&owned.ring()));
    writer.send_quietly(&owned.ring(), sleep, b"quiet").unwrap();
    assert!(reader.has_more(&owned.ring()));
    assert_eq!(WOKEN.load(Ordering::Relaxed), 0);
    writer.send(&owned.ring(), sleep, b"loud").unwrap();
    assert_eq!(WOKEN.load(Ordering::Relaxed), 1);
    for expected in ["quiet", "loud"] {
        assert!(reader.take(&owned.ring(), &mut frame).unwrap());
        assert_eq!(frame, expected.as_bytes());
    }
    assert!(!reader.has_more(&owned.ring()));
}
