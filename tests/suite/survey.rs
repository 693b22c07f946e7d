//! Every function that real drivers import, called here and under Wine.

use std::collections::{BTreeMap, BTreeSet};

use drvhost_tests::survey::{Case, Differences, Documented, Kind, Survey, functions, win32_document};
use drvhost_tests::*;

/// Libraries some of whose functions have no case with sensible arguments, or none with something wrong about them.
const INCOMPLETE: &[&str] = &[];

/// Functions of the list that are not supplied.
const NOT_SUPPLIED: &[&str] = &[];

/// The document, generated.
const DOCUMENT: Generated = Generated("docs/win32.md");

survey_test!(the_survey_answers_as_wine_does, |machine| {
    let (here, wine) = (Survey::here(machine), Survey::under_wine(machine));
    let differences = Differences::listed().compare(machine, &here, &wine);
    differences.unwrap_or_else(|wrong| panic!("{wrong}"));
});

spy_test!(cases_answer_the_same_in_both_widths, || {
    let (narrow, wide) = (Survey::here(Machine::I386), Survey::here(Machine::X86_64));
    let (shared, own) = narrow.split(&wide);
    assert!(shared.0.len() > own.0.len(), "hardly any case is there for both machines");
    assert_eq!(shared.differing(&wide), Vec::<String>::new(), "32 bits, but 64 bits");
});

spy_test!(a_trace_changes_no_answer, |machine| {
    assert_eq!(
        Survey::traced(machine).differing(&Survey::here(machine)),
        Vec::<String>::new(),
        "traced, but not"
    );
});

spy_test!(cases_of_32_bits_alone_answer_as_documented, || {
    let (_, own) = Survey::here(Machine::I386).split(&Survey::here(Machine::X86_64));
    let documented = Documented::compare(&Documented::listed(), &own);
    documented.unwrap_or_else(|wrong| panic!("{wrong}"));
});

#[test]
fn another_answer_than_the_documented_one_is_noticed() {
    let case = |name: &str, kind| Case {
        library: "msvcrt".to_owned(),
        function: "time".to_owned(),
        kind,
        name: name.to_owned(),
    };
    let documented = |name: &str, answers: &str| Documented {
        case: case(name, Kind::Good).to_string(),
        answers: answers.to_owned(),
    };
    let listed = [documented("now", "true true"), documented("later", "false")];
    let survey = |now: &str, others: &[(Case, String)]| {
        Survey([vec![(case("now", Kind::Good), now.to_owned())], others.to_vec()].concat())
    };
    let later = (case("later", Kind::Wrong), "false".to_owned());
    let none = (case("it is a variable", Kind::None), String::new());
    let compared = |survey: &Survey| Documented::compare(&listed, survey);

    assert_eq!(compared(&survey("true true", &[later.clone(), none])), Ok(()));
    let wrong = compared(&survey("true false", &[later])).unwrap_err();
    assert_eq!(wrong, "msvcrt time now answers `true false`, but documented is `true true`\n");
    let wrong = compared(&survey("true true", &[(case("soon", Kind::Good), "1".to_owned())])).unwrap_err();
    assert!(wrong.contains("msvcrt time soon\n  answers: 1\n  because: nothing"), "{wrong}");
    assert!(wrong.contains("has msvcrt time later, which is not run"), "{wrong}");
}

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

spy_test!(everything_that_real_drivers_import_is_supplied, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("survey", "survey.dll");
    let info = folder.drvhost(["info", "./survey.dll"]).json(0);
    let missing: Vec<_> =
        info["imports_unresolved"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(missing, NOT_SUPPLIED, "{info}");
});

#[test]
fn win32_document_is_what_is_declared() {
    let document = win32_document();
    if Generated::blessing() {
        DOCUMENT.write(&document).unwrap();
    }
    DOCUMENT.compare(&document).unwrap_or_else(|difference| panic!("{difference}"));
}
