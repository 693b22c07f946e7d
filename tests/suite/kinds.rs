//! Functions of every calling kind, called and checked inside a driver: `drivers/kinds.c`.

use drvhost_tests::*;

/// What it checks, in its order.
const KINDS: [&str; 8] =
    ["integers", "wide integers", "doubles", "floats", "variadic", "nothing", "balance", "registers"];

spy_test!(every_kind_of_function_takes_and_answers_what_it_should, |machine| {
    let rig = Rig::new(machine);
    let kinds = rig.open("kinds", "");
    assert_eq!(rig.send(kinds, KINDS_COUNT, 0, 0), KINDS.len() as i64);
    let check = |(number, kind)| (kind, rig.session.send(kinds, KINDS_CHECK, number, 0));
    let answers: Vec<_> = (0..).zip(KINDS).map(check).collect();
    // A negative one is the number of the check that failed.
    assert!(answers.iter().all(|(_, answer)| matches!(answer, Ok(1))), "{answers:?}");
});
