//! What clients send to the service, and it to them: what the methods of `docs/service.md` take and answer.

use drvhost::Registry;
use service::fuzzing::{METHODS, Understood};

/// The first byte says whose arguments the others are, or whose answer.
///
/// # Panics
/// When what was understood is something else once it is sent again, or a driver is found where none is known.
pub fn dbus(bytes: &[u8]) {
    let Some((&which, body)) = bytes.split_first() else { return };
    let Some(method) = METHODS.get(usize::from(which) / 2 % METHODS.len()) else { return };
    let understand = if which % 2 == 0 { method.call } else { method.answer };
    let Some(understood) = understand(body) else { return };
    let Some(sent) = &understood.sent else { panic!("{}: {understood:?} cannot be sent", method.name) };
    let again = understand(sent).map(|again| again.said);
    assert_eq!(again.as_ref(), Some(&understood.said), "{}", method.name);
    driver(&understood);
}

/// Looks up what stands where calls have a driver and its section, if that is not a path.
fn driver(call: &Understood) {
    let mut texts = call.texts.iter().map(String::as_str);
    let Some(driver) = texts.next().filter(|driver| !driver.contains(['/', '\\'])) else { return };
    let section = texts.next().filter(|section| !section.is_empty());
    if let Ok(found) = Registry::new().resolve(driver, section) {
        panic!("nothing is known, and {driver:?} was found: {found:?}");
    }
}
