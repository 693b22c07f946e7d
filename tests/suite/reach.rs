//! What a driver that means harm reaches from here: each act of [`REACHES`], through the real worker, judged by what is to be seen outside. What the same driver
//! reaches elsewhere is measured by `scripts/bench --only hostile`.

use std::time::Duration;

use drvhost_tests::reach::{Act, Aim, Amount, Back, Ends, REACHES, Scene, perform};
use drvhost_tests::*;

/// Does an act, with another driver open.
fn is_as_declared(machine: Machine, act: &Act) {
    let rig = match act.ends {
        Ends::Late => Rig::with_deadline(machine, Duration::from_millis(500)),
        _ => Rig::new(machine),
    };
    let first = rig.open("reach", "");
    let second = rig.try_open_file(&rig.copy("reach", "second.dll"), "", 0).unwrap();
    let mut scene = Scene::new(act).unwrap();
    let performed = perform(&rig.session, [first, second], act, scene.block().unwrap(), || {}).unwrap();
    assert!(performed.goes_on() && performed.again, "{}: {performed:?}", act.what);
    let ends = match performed.back {
        Some(Back::Answered(_)) => Some(Ends::Answered),
        Some(Back::Faulted(_)) => Some(Ends::Faulted),
        Some(Back::Late) => Some(Ends::Late),
        _ => None,
    };
    assert!(ends.is_some_and(|ends| act.ends.allows(ends)), "{}: {:?}", act.what, performed.back);
    drop(rig);
    let got = scene.got(&performed, Duration::ZERO).unwrap();
    assert_eq!(got, act.gets, "{}: {:?}", act.what, performed.back);
}

/// Does every act with such an aim.
fn are_as_declared(machine: Machine, aim: impl Fn(Aim) -> bool) {
    let acts: Vec<_> = REACHES.iter().filter(|act| aim(act.aim)).collect();
    assert!(!acts.is_empty());
    acts.into_iter().for_each(|act| is_as_declared(machine, act));
}

spy_test!(no_file_is_read, |machine| are_as_declared(machine, |aim| aim == Aim::Read));
spy_test!(no_folder_is_listed, |machine| are_as_declared(machine, |aim| aim == Aim::Listed));
spy_test!(no_file_is_written, |machine| are_as_declared(machine, |aim| aim == Aim::Written));
spy_test!(no_file_is_deleted, |machine| are_as_declared(machine, |aim| aim == Aim::Deleted));
spy_test!(no_port_is_reached, |machine| are_as_declared(machine, |aim| aim == Aim::Connected));
spy_test!(no_program_is_started, |machine| are_as_declared(machine, |aim| aim == Aim::Started));
spy_test!(no_process_stays, |machine| are_as_declared(machine, |aim| aim == Aim::Stayed));
spy_test!(no_process_is_killed, |machine| are_as_declared(machine, |aim| aim == Aim::Killed));
spy_test!(no_process_is_written_to, |machine| are_as_declared(machine, |aim| aim == Aim::StartersWord));
spy_test!(no_memory_of_the_host_is_written_to, |machine| are_as_declared(machine, |aim| aim
    == Aim::HostsWord));
spy_test!(no_memory_of_another_driver_is_written_to, |machine| are_as_declared(machine, |aim| aim
    == Aim::OtherDriver));
spy_test!(the_host_goes_on, |machine| are_as_declared(machine, |aim| aim == Aim::Ended));
spy_test!(memory_is_bounded, |machine| are_as_declared(machine, |aim| aim == Aim::Amount(Amount::Mebibytes)));
spy_test!(threads_are_bounded, |machine| are_as_declared(machine, |aim| aim == Aim::Amount(Amount::Threads)));
spy_test!(what_a_driver_runs_is_its_own_code, |machine| are_as_declared(machine, |aim| aim == Aim::Ran));

/// The figures are not asserted, but that they are those of the acts there are.
#[test]
fn the_table_has_every_act() {
    const HEAD: &str = "| the driver ... |";
    let document = Generated("docs/hostile-elsewhere.md").read();
    let lines = document.lines().skip_while(|line| !line.starts_with(HEAD)).skip(2);
    let rows: Vec<_> = lines.map_while(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();
    let acts: Vec<_> = REACHES.iter().map(|act| act.what).collect();
    assert_eq!(rows, acts, "`scripts/bench --only hostile --document` writes the table");
}
