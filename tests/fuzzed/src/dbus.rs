//! What clients send to the service, and it to them: the arguments of its methods and signals, as `docs/service.md` lists them.

use std::collections::BTreeMap;
use std::fmt::Debug;

use drvhost::Registry;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{LE, to_bytes};
use zbus::{OwnedVariant, Type};

/// ListInstruments' answer.
type Instruments = Vec<(String, String, String, String, BTreeMap<String, OwnedVariant>)>;

/// The first byte says whose arguments the others are.
///
/// # Panics
/// When arguments that were understood are others once they are sent again.
pub fn dbus(bytes: &[u8]) {
    let Some((method, body)) = bytes.split_first() else { return };
    match method % 13 {
        // Open, OpenWithText, SendOnce.
        0 => driver(arrives::<(String, String, i64)>(body).map(|(driver, section, _)| (driver, section))),
        1 => {
            let arguments = arrives::<(String, String, String, i64)>(body);
            driver(arguments.map(|(driver, section, ..)| (driver, section)));
        }
        2 => {
            let arguments = arrives::<(String, String, u32, i64, i64)>(body);
            driver(arguments.map(|(driver, section, ..)| (driver, section)));
        }
        // StartInstrument.
        3 => {
            let arguments = arrives::<(String, u32, String, u32, bool)>(body);
            driver(arguments.map(|(driver, ..)| (driver, String::new())));
        }
        // Send, SendBuffer, Close, StopInstrument and Pardon.
        4 => drop(arrives::<(u64, u32, i64, i64)>(body)),
        5 => drop(arrives::<(u64, u32, Vec<u8>, u32)>(body)),
        6 => drop(arrives::<(u64, i64, i64)>(body)),
        7 => drop(arrives::<(String,)>(body)),
        // Answers: SendBuffer, ListDrivers, ListInstances, ListInstruments.
        8 => drop(arrives::<(i64, Vec<u8>)>(body)),
        9 => drop(arrives::<Vec<(String, String, String, String)>>(body)),
        10 => drop(arrives::<Vec<(u64, String, u64, i64)>>(body)),
        11 => drop(arrives::<Instruments>(body)),
        // Signals: InstrumentFailed, SessionEnded.
        _ => {
            drop(arrives::<(String, String, f64)>(body));
            drop(arrives::<(String, u32, u32)>(body));
        }
    }
}

/// Understands a message's body, and again what is sent of it.
fn arrives<T: Serialize + DeserializeOwned + Type + Debug>(body: &[u8]) -> Option<T> {
    let context = Context::new(LE, 0);
    let (arguments, _): (T, _) = Data::new(body, context).deserialize().ok()?;
    let Ok(sent) = to_bytes(context, &arguments) else { panic!("{arguments:?} cannot be sent") };
    let Ok((again, _)) = sent.deserialize::<T>() else { panic!("{arguments:?} is not understood") };
    // By their text: no number differs from itself that way.
    assert_eq!(format!("{arguments:?}"), format!("{again:?}"));
    Some(arguments)
}

/// Looks a driver up that has been asked for, where that is not by a path.
fn driver(asked: Option<(String, String)>) {
    let Some((driver, section)) = asked.filter(|(driver, _)| !driver.contains(['/', '\\'])) else { return };
    let section = (!section.is_empty()).then_some(section.as_str());
    if let Ok(found) = Registry::new().resolve(&driver, section) {
        panic!("nothing is known, and {driver:?} was found: {found:?}");
    }
}
