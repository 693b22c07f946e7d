//! A worker that lies: the host believes nothing that a worker says, and whoever breaks the protocol is killed. `src/bin/lying-worker` tells each lie by its name.

mod random;
mod table;

use std::time::{Duration, Instant};

use drvhost::{Answer, Blame, Clock, Copies, Error, Hdrvr, Sound, Store};
use drvhost_tests::*;

pub use table::LIES;
use table::{Lie, Stage, Then};

/// How long a driver has for each message where the lie is to be late.
const DEADLINE: Duration = Duration::from_millis(500);
/// How long it has where not.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a call may take beyond its deadline: the time to interrupt and to kill, and what a loaded machine adds.
const BEYOND: Duration = Duration::from_secs(2);
/// How long a worker has for its first word.
const START: Duration = Duration::from_secs(10);

/// A session whose workers lie where their drivers' names say so, with one that does not.
struct Scene {
    rig: Rig,
    innocent: Hdrvr,
    place: tempfile::TempDir,
}

impl Scene {
    fn new(clock: Clock, deadline: Duration) -> Self {
        let place = tempfile::tempdir().expect("a temporary folder");
        let store = Store::at(&place.path().join("config"), &place.path().join("data"));
        let sound = Sound::File { path: place.path().join("sound.wav"), pace: drvhost::Pace::Fast };
        let rig = Rig::with(Machine::X86_64, |builder| {
            let builder = builder.worker(program("lying-worker")).deadline(Some(deadline));
            builder.store(store).sound(sound).clock(clock)
        });
        let innocent = rig.open("spy", "");
        Self { rig, innocent, place }
    }

    fn file(lie: &str) -> String {
        format!("{lie}.lie.dll")
    }

    fn open(&self, lie: &str) -> Result<Hdrvr, Error> {
        self.rig.try_open_file(&self.rig.copy("spy", &Self::file(lie)), "", 0)
    }

    /// What a whole life with the lie comes to: the first error, or the answers.
    fn live(&self, lie: &Lie) -> Result<Vec<i64>, Error> {
        let hdrvr = self.open(lie.name)?;
        let lived = self.live_on(lie, hdrvr);
        if lived.is_err() {
            // However that goes: whoever is dead stays so.
            let _ = self.rig.session.close(hdrvr, 0, 0);
        }
        lived
    }

    fn live_on(&self, lie: &Lie, hdrvr: Hdrvr) -> Result<Vec<i64>, Error> {
        let mut answers = Vec::new();
        match lie.stage {
            Stage::Advance => {
                // The second time it is known what was said the first time.
                for _ in 0..2 {
                    let now = self.rig.session.advance(Duration::ZERO)?.now;
                    let advanced = self.rig.session.advance(now + Duration::from_millis(50))?;
                    answers.push(i64::try_from(advanced.streams.len()).expect("few streams"));
                    assert!(advanced.now >= now, "time goes back");
                }
            }
            Stage::Queue => {
                let mut queue = self.rig.session.queue(hdrvr)?;
                let nothing = Copies { before: None, then: None };
                for lparam1 in 5..8 {
                    queue.send(XOR, lparam1, 3, nothing)?;
                }
                let ended: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
                assert_eq!(ended.len(), 3);
                // What was said of the worker last, if it was not believed.
                let last = ended.iter().rposition(Result::is_err);
                for (place, end) in ended.into_iter().enumerate() {
                    match end {
                        Ok(Answer::Answered(answer)) => answers.push(answer),
                        Err(error) if Some(place) == last => return Err(error),
                        Ok(Answer::Dropped) | Err(_) => {}
                    }
                }
            }
            _ => {
                for _ in 0..2 {
                    answers.push(self.rig.session.send(hdrvr, XOR, 5, 3)?);
                }
            }
        }
        answers.push(self.rig.session.close(hdrvr, 0, 0)?);
        Ok(answers)
    }

    /// Everybody else goes on.
    fn others_go_on(&self, lie: &str) {
        assert_eq!(self.rig.session.send(self.innocent, XOR, 5, 3).unwrap(), 6, "{lie}");
    }
}

/// How long a driver has whose worker's lie this comes of.
fn deadline_for(then: Then) -> Duration {
    if matches!(then, Then::Late(_)) { DEADLINE } else { PATIENCE }
}

/// Tells a lie from its driver's beginning to its end; what came of it is as the table says.
fn tell(scene: &Scene, lie: &Lie) {
    let begun = Instant::now();
    let lived = scene.live(lie);
    let took = begun.elapsed();
    let most = match lie.then {
        Then::NoWorker(_) => START,
        then => deadline_for(then) * 2,
    };
    assert!(took < most + BEYOND, "{}: {took:?}", lie.name);
    let said = match &lived {
        Ok(answers) => format!("{answers:?}"),
        Err(error) => error.to_string(),
    };
    println!("{} ({}): {said}, after {} ms", lie.name, lie.tries, took.as_millis());
    let blame = lived.as_ref().err().map(Error::blame);
    let (as_expected, blamed) = match (lie.then, &lived) {
        (Then::NoWorker(text), Err(Error::Worker(why))) => (why.contains(text), Some(Blame::Host)),
        (Then::Died(text), Err(Error::Died { how, .. })) => (how.contains(text), Some(Blame::Driver)),
        (Then::Late(killed), Err(Error::Late { killed: was, .. })) => (*was == killed, Some(Blame::Driver)),
        (Then::Faulted(blame), Err(Error::Faulted { .. })) => (true, Some(blame)),
        (Then::NotADriver, Err(Error::NotADriver { .. })) => (true, Some(Blame::Driver)),
        (Then::Answers(expected), Ok(answers)) => (answers == expected, None),
        (Then::AnythingButHarm, _) => (true, blame),
        _ => (false, None),
    };
    assert!(as_expected, "{}, {:?}: {said}", lie.name, lie.then);
    assert_eq!(blame, blamed, "{}: {said}", lie.name);
    let shown = |c: char| !c.is_control() && !('\u{202a}'..='\u{202e}').contains(&c);
    assert!(said.chars().all(shown) && said.len() < 4000, "{}: {said:?}", lie.name);
    scene.others_go_on(lie.name);
    // Where it refuses to be closed, it stays until the session ends.
    if !lived.is_ok_and(|answers| answers.ends_with(&[0])) {
        wait_for_no_worker(std::process::id(), &Scene::file(lie.name));
    }
}

/// Tells all lies of a stage, one after the other in one session.
fn tell_all(stage: Stage) {
    let clock = if stage == Stage::Advance { Clock::Virtual } else { Clock::Real };
    let told: Vec<_> = LIES.iter().filter(|lie| lie.stage == stage).collect();
    assert!(!told.is_empty());
    let (scene, patient) = (Scene::new(clock, DEADLINE), Scene::new(clock, PATIENCE));
    for lie in told {
        if stage == Stage::Advance {
            // A clock that has gone wrong is the whole session's.
            tell(&Scene::new(clock, PATIENCE), lie);
        } else {
            tell(if deadline_for(lie.then) == DEADLINE { &scene } else { &patient }, lie);
        }
    }
    // What a worker says fills neither the disk nor the host's memory.
    let trace = scene.rig.lines("shims").iter().map(|line| line.to_string().len()).sum::<usize>();
    assert!(trace < 64 << 20, "{trace} bytes of trace");
    let files =
        std::fs::read_dir(scene.place.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    assert!(files.sum::<u64>() < 1 << 20);
}

spy_test!(before_it_starts, || tell_all(Stage::Start));
spy_test!(instead_of_being_loaded, || tell_all(Stage::Load));
spy_test!(in_a_call, || tell_all(Stage::Call));
spy_test!(in_a_queue_of_calls, || tell_all(Stage::Queue));
spy_test!(in_the_ring, || tell_all(Stage::Ring));
spy_test!(when_it_wants_something, || tell_all(Stage::Want));
spy_test!(without_end, || tell_all(Stage::Flood));
spy_test!(about_time, || tell_all(Stage::Advance));
spy_test!(when_it_closes, || tell_all(Stage::Close));

spy_test!(nothing_at_all, || {
    // Each takes as long as a worker has for its first word.
    std::thread::scope(|scope| {
        for lie in LIES.iter().filter(|lie| lie.stage == Stage::SilentStart) {
            scope.spawn(move || tell(&Scene::new(Clock::Real, DEADLINE), lie));
        }
    });
});

spy_test!(what_isolates_a_worker_is_shown_without_controls, || {
    let scene = Scene::new(Clock::Real, DEADLINE);
    let hdrvr = scene.open("layers-that-steer-terminals").unwrap();
    let layers = scene.rig.session.layers(hdrvr).unwrap();
    assert_eq!(layers.len(), 1);
    let (name, _, detail) = &layers[0];
    assert!(!name.contains(char::is_control) && !detail.contains(char::is_control) && detail.len() < 2000);
});

spy_test!(at_the_end_of_the_session, || {
    for lie in LIES.iter().filter(|lie| lie.stage == Stage::End) {
        let scene = Scene::new(Clock::Real, DEADLINE);
        let (first, last) = (scene.rig.open("spy", ""), scene.open(lie.name).unwrap());
        let begun = Instant::now();
        let report = scene.rig.session.end(drvhost::Policy::Orderly);
        assert!(begun.elapsed() < DEADLINE * 2 + BEYOND, "{}: {:?}", lie.name, begun.elapsed());
        let outcome = |hdrvr: Hdrvr| {
            let told = report.instances.iter().find(|instance| instance.hdrvr == hdrvr.0.cast_signed());
            told.expect("everybody is told").outcome
        };
        println!("{}: {:?}", lie.name, outcome(last));
        assert_eq!(outcome(first), drvhost::Outcome::Answered, "{}", lie.name);
        assert_eq!(outcome(scene.innocent), drvhost::Outcome::Answered, "{}", lie.name);
        let expected = match lie.then {
            Then::Died(_) => drvhost::Outcome::Died,
            Then::Late(_) => drvhost::Outcome::Late,
            _ => drvhost::Outcome::Answered,
        };
        assert_eq!(outcome(last), expected, "{}", lie.name);
        wait_for_no_worker(std::process::id(), &Scene::file(lie.name));
    }
});
