//! Every function that real drivers import, called here and under Wine.

use std::collections::{BTreeMap, BTreeSet};

use drvhost_tests::survey::{Case, Differences, Kind, Survey, functions};
use drvhost_tests::*;

/// Libraries some of whose functions have no case with sensible arguments, or none with something wrong about them.
const INCOMPLETE: &[&str] = &["advapi32", "kernel32", "kernelbase", "msvcrt", "ntdll", "ucrtbase", "winmm"];

survey_test!(the_survey_answers_as_wine_does, |machine| {
    let (here, wine) = (Survey::here(machine), Survey::under_wine());
    let differences = Differences::listed().compare(machine, &here, &wine);
    differences.unwrap_or_else(|wrong| panic!("{wrong}"));
});

spy_test!(every_function_that_real_drivers_import_has_its_cases, |machine| {
    let mut kinds: BTreeMap<(String, String), BTreeSet<Kind>> = BTreeMap::new();
    for Case { library, function, kind, .. } in Survey::cases(machine) {
        kinds.entry((library, function)).or_default().insert(kind);
    }
    let mut incomplete: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for function in functions().into_iter().filter(|function| function.is_for(machine)) {
        let kinds = kinds.get(&(function.library.to_owned(), function.name.to_owned()));
        let complete = kinds.is_some_and(|kinds| {
            kinds.contains(&Kind::Good) && (kinds.contains(&Kind::Wrong) || kinds.contains(&Kind::None))
        });
        if !complete {
            incomplete.entry(function.library).or_default().push(function.name);
        }
    }
    let libraries: Vec<_> = incomplete.keys().copied().collect();
    assert_eq!(libraries, INCOMPLETE, "{incomplete:#?}");
});
