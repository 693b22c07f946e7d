//! Workers that are copies of a template: from the third one of a session on.

use std::collections::BTreeSet;

use drvhost::{Error, Hdrvr, Session};
use drvhost_tests::*;
use rustix::process::{Pid, Signal, kill_process};

/// A session as users have them, and so many drivers, each in a worker of its own.
struct Crowd {
    session: Session,
    drivers: Vec<Hdrvr>,
    folder: Folder,
}

impl Crowd {
    fn new(machine: Machine, count: usize) -> Self {
        let session = Session::builder().start().unwrap();
        let mut crowd = Self { session, drivers: Vec::new(), folder: Folder::new(machine) };
        (0..count).for_each(|_| crowd.grow());
        crowd
    }

    /// One driver more.
    fn grow(&mut self) {
        let file = format!("driver{}.dll", self.drivers.len());
        self.folder.copy_driver("hostile", &file);
        let opened = self.session.open(&driver_file(self.folder.file(&file), ""), |_| Ok(0));
        self.drivers.push(opened.unwrap());
    }

    /// The processes of the drivers, in order.
    fn processes(&self) -> Vec<u32> {
        let one = |number| {
            let found = workers(std::process::id(), &format!("driver{number}.dll"));
            assert_eq!(found.len(), 1, "driver{number}.dll: {found:?}");
            found[0]
        };
        (0..self.drivers.len()).map(one).collect()
    }

    fn works(&self, number: usize) {
        let send = |lparam1| self.session.send(self.drivers[number], XOR, lparam1, 3);
        assert_eq!(send(5).unwrap(), 6, "driver{number}.dll");
    }
}

fn kill(process: u32) {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw).unwrap();
    kill_process(process, Signal::KILL).unwrap();
}

spy_test!(copies_are_workers_like_those_that_are_started_one_by_one, |machine| {
    let own = std::process::id();
    let two = Crowd::new(machine, 2);
    assert_eq!(templates(own), [0; 0], "two workers are started one by one");
    drop(two);
    let crowd = Crowd::new(machine, 5);
    assert_eq!(templates(own).len(), 1);
    let processes = crowd.processes();
    assert_eq!(processes.iter().collect::<BTreeSet<_>>().len(), 5);
    let of = |field: &'static str| processes.iter().map(move |process| status(*process, field));
    assert!(of("PPid").all(|parent| parent == Some(own.to_string())), "all are the host's children");
    assert!(of("Seccomp").all(|mode| mode.as_deref() == Some("2")));
    let layers: Vec<_> = crowd.drivers.iter().map(|driver| crowd.session.layers(*driver).unwrap()).collect();
    // What of the addresses is random is told by their numbers of bits, which are the same.
    assert!(layers.iter().all(|of_one| *of_one == layers[0]), "{layers:?}");
    (0..5).for_each(|number| crowd.works(number));
    drop(crowd);
    wait_until("the template ends with the session", || templates(own).is_empty());
});

spy_test!(how_a_copy_ends_is_told, |machine| {
    let crowd = Crowd::new(machine, 4);
    kill(crowd.processes()[3]);
    let error = wait_for_error(&crowd.session, crowd.drivers[3]);
    assert!(matches!(error, Error::Died { .. }) && error.to_string().contains("SIGKILL"), "{error}");
    crowd.works(2);
});

/// What a driver's messages fail with, as soon as they do.
fn wait_for_error(session: &Session, driver: Hdrvr) -> Error {
    let mut error = None;
    wait_until("the driver still answers", || {
        error = session.send(driver, XOR, 5, 3).err();
        error.is_some()
    });
    error.unwrap()
}

spy_test!(without_its_template_a_session_starts_workers_one_by_one, |machine| {
    let own = std::process::id();
    let mut crowd = Crowd::new(machine, 3);
    kill(templates(own)[0]);
    wait_until("the template has ended", || templates(own).is_empty());
    crowd.grow();
    crowd.grow();
    assert_eq!(templates(own), [0; 0]);
    (0..5).for_each(|number| crowd.works(number));
});

spy_test!(copies_lie_at_addresses_of_their_own, |machine| {
    let crowd = Crowd::new(machine, 8);
    let modules = crowd.drivers.iter().map(|driver| crowd.session.module_handle(*driver).unwrap());
    // Six of them are copies. Of so many places two may be the same by chance, but not most.
    assert!(modules.skip(2).collect::<BTreeSet<_>>().len() > 3);
});

#[test]
fn sessions_share_a_template_where_they_are_told_to() {
    let own = std::process::id();
    let builder = Session::builder().share_spawner().unwrap();
    for round in 0..4 {
        let session = builder.clone().start().unwrap();
        let hdrvr = session.open(&driver_file(driver(Machine::X86_64, "spy"), ""), |_| Ok(0)).unwrap();
        assert_eq!(templates(own).len(), usize::from(round >= 2), "round {round}");
        assert_eq!(session.close(hdrvr, 0, 0).unwrap(), 1);
    }
    drop(builder);
    wait_until("the template ends with the last session", || templates(own).is_empty());
}
