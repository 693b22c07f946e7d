//! What a driver says that happened to it.

use mmsystem::message_name;

use crate::acts::ACTS;

/// One thing that a driver said by `drivers/saying.h`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The driver's file name, in lower case: as what is loaded is named by it, Windows' file names have no case.
    pub driver: String,
    /// The message's name without `DRV_`, its number, or the driver's word in capitals.
    pub name: String,
    /// `None` for a word.
    pub call: Option<Received>,
}

/// A call of DriverProc, as the driver got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// dwDriverId.
    pub id: i64,
    /// hdrvr.
    pub hdrvr: i64,
    /// lParam1.
    pub lparam1: i64,
    /// lParam2.
    pub lparam2: i64,
    /// The thread that it came on.
    pub thread: i64,
    /// DRV_OPEN's text, unless that was NULL.
    pub text: Option<String>,
}

impl Event {
    /// Reads a line of the driver with this file name. `None` for anything else that a driver says, and for an act that only serves the script
    /// (`SPY_...`).
    #[must_use]
    pub fn read(driver: &str, line: &str) -> Option<Self> {
        let driver = driver.to_lowercase();
        let (_module, said) = line.strip_prefix("spy ")?.split_once(' ')?;
        let Some(call) = said.strip_prefix("call ") else {
            return Some(Self { driver, name: said.to_uppercase(), call: None });
        };
        let (fields, text) = match call.split_once(" text=\"") {
            Some((fields, text)) => (fields, Some(unescaped(text.strip_suffix('"')?)?)),
            None => (call, None),
        };
        let field = |name: &str| {
            let values = fields.split(' ').filter_map(|field| field.split_once('='));
            let value = values.filter(|(field, _)| *field == name).map(|(_, value)| value).next()?;
            u64::from_str_radix(value, 16).ok().map(u64::cast_signed)
        };
        let name = name_of(u32::try_from(field("message")?).ok()?);
        let received = Received {
            id: field("id")?,
            hdrvr: field("hdrvr")?,
            lparam1: field("l1")?,
            lparam2: field("l2")?,
            thread: field("thread")?,
            text,
        };
        (!name.starts_with("SPY_")).then_some(Self { driver, name, call: Some(received) })
    }
}

/// A message as scripts write it: an act's name, a message's without `DRV_`, or a hexadecimal number.
pub(super) fn name_of(message: u32) -> String {
    let act = ACTS.iter().find(|(_, number)| *number == message).map(|(name, _)| *name);
    match act.or_else(|| message_name(message)) {
        Some(name) => name.trim_start_matches("DRV_").to_owned(),
        None => format!("{message:#x}"),
    }
}

/// Text in which `%NNNN` is a unit of UTF-16.
fn unescaped(text: &str) -> Option<String> {
    let mut units = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (unit, length) = match rest.strip_prefix('%') {
            Some(digits) => (u16::from_str_radix(digits.get(..4)?, 16).ok()?, 5),
            None => (u16::try_from(u32::from(first)).ok()?, first.len_utf8()),
        };
        units.push(unit);
        rest = rest.get(length..)?;
    }
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_with_its_text() {
        let line = "spy 1d9670000 call id=0 hdrvr=34d650 message=3 l1=21e2d2 l2=ffffffffffffffff thread=24 text=\"Gr%00f6 a=1 \"";
        let event = Event::read("Spy.dll", line).unwrap();
        assert_eq!((event.driver.as_str(), event.name.as_str()), ("spy.dll", "OPEN"));
        let call = event.call.unwrap();
        assert_eq!((call.hdrvr, call.lparam2, call.thread), (0x34_d650, -1, 0x24));
        assert_eq!(call.text.as_deref(), Some("Grö a=1 "));
    }

    #[test]
    fn words_are_events_and_acts_are_not() {
        let event = Event::read("spy.dll", "spy 1d9670000 detach").unwrap();
        assert_eq!((event.name.as_str(), event.call), ("DETACH", None));
        let act = |message| format!("spy 1 call id=0 hdrvr=1 message={message:x} l1=0 l2=0 thread=24");
        assert_eq!(Event::read("spy.dll", &act(crate::SPY_SEND)), None);
        assert_eq!(Event::read("spy.dll", &act(crate::XOR)).unwrap().name, "XOR");
        assert_eq!(Event::read("spy.dll", &act(0x800)).unwrap().name, "RESERVED");
        assert_eq!(Event::read("spy.dll", "hello"), None);
    }

    #[test]
    fn damaged_lines_are_no_events() {
        for line in
            ["spy 1 call id=0", "spy", "spy 1 call id=0 hdrvr=1 message=3 l1=0 l2=0 thread=1 text=\"%00\""]
        {
            assert_eq!(Event::read("spy.dll", line), None, "{line}");
        }
    }
}
