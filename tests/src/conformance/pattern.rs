//! What a script says that drivers must be told in a step.

use super::event::Event;
use super::values::{Names, Value};

/// Something expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// `NAME(FIELD=VALUE ...)`.
    One(Expected),
    /// `NAME(...)?`: that, or not.
    Perhaps(Expected),
    /// `{...}`: these, in any order.
    AnyOrder(Vec<Expected>),
    /// `...`: whatever else there is.
    Rest,
}

/// One expected event. What its fields do not name may be anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    name: String,
    fields: Vec<(Key, Wanted)>,
}

/// What of an event is looked at: `driver=` and `text=` are texts, the others values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Driver,
    Id,
    To,
    L1,
    L2,
    Thread,
    Text,
}

const KEYS: &[(&str, Key)] = &[
    ("driver", Key::Driver),
    ("id", Key::Id),
    ("to", Key::To),
    ("l1", Key::L1),
    ("l2", Key::L2),
    ("thread", Key::Thread),
    ("text", Key::Text),
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// `VALUE|VALUE`: any of these.
    Values(Vec<Value>),
    Text(String),
}

/// What an event has there.
enum Found<'a> {
    Value(i64),
    Text(&'a str),
    Nothing,
}

fn found(event: &Event, key: Key) -> Found<'_> {
    let Some(call) = &event.call else {
        return if key == Key::Driver { Found::Text(&event.driver) } else { Found::Nothing };
    };
    match key {
        Key::Driver => Found::Text(&event.driver),
        Key::Id => Found::Value(call.id),
        Key::To => Found::Value(call.hdrvr),
        Key::L1 => Found::Value(call.lparam1),
        Key::L2 => Found::Value(call.lparam2),
        Key::Thread => Found::Value(call.thread),
        Key::Text => call.text.as_deref().map_or(Found::Nothing, Found::Text),
    }
}

impl Expected {
    /// Reads `NAME` or `NAME(FIELD=VALUE ...)`; the fields have been split already.
    pub fn read(name: &str, fields: &[String]) -> Result<Self, String> {
        let read = |field: &String| {
            let (key, value) = field.split_once('=').ok_or_else(|| format!("`{field}` has no `=`"))?;
            let (_, key) =
                KEYS.iter().find(|(name, _)| *name == key).ok_or_else(|| format!("no field `{key}`"))?;
            let wanted = match key {
                Key::Driver | Key::Text => Wanted::Text(value.to_owned()),
                _ => Wanted::Values(value.split('|').map(Value::read).collect()),
            };
            Ok((*key, wanted))
        };
        let fields = fields.iter().map(read).collect::<Result<_, String>>()?;
        Ok(Self { name: name.to_owned(), fields })
    }

    /// Whether this is the event. Variables stand for what they met only if it is.
    fn is(&self, event: &Event, names: &mut Names) -> bool {
        let mut tried = names.clone();
        let is = self.name == event.name
            && self.fields.iter().all(|(key, wanted)| is_field(wanted, &found(event, *key), &mut tried));
        if is {
            *names = tried;
        }
        is
    }

    /// How an event differs, as `what it is, not what it should be`: by name, or else by fields.
    fn difference(&self, event: &Event, names: &Names) -> String {
        if self.name != event.name {
            return format!("{}, not {}", event.name, self.name);
        }
        let mut tried = names.clone();
        let mut wrong = self.fields.clone();
        wrong.retain(|(key, wanted)| !is_field(wanted, &found(event, *key), &mut tried));
        let said = |words: &dyn Fn(Key, &Wanted) -> String| {
            let fields: Vec<_> = wrong.iter().map(|(key, wanted)| words(*key, wanted)).collect();
            format!("{}({})", self.name, fields.join(" "))
        };
        let is = said(&|key, _| match found(event, key) {
            Found::Value(value) => format!("{}={}", key.name(), names.describe(value)),
            Found::Text(text) => format!("{}=\"{text}\"", key.name()),
            Found::Nothing => format!("no {}", key.name()),
        });
        let should = said(&|key, wanted| match wanted {
            Wanted::Values(values) => {
                let values: Vec<_> = values.iter().map(Names::wanted).collect();
                format!("{}={}", key.name(), values.join(" or "))
            }
            Wanted::Text(text) => format!("{}=\"{text}\"", key.name()),
        });
        format!("{is}, not {should}")
    }
}

impl Key {
    fn name(self) -> &'static str {
        KEYS.iter().find(|(_, key)| *key == self).map_or("", |(name, _)| name)
    }
}

fn is_field(wanted: &Wanted, found: &Found<'_>, names: &mut Names) -> bool {
    match (wanted, found) {
        (Wanted::Values(values), Found::Value(value)) => values.iter().any(|wanted| names.is(wanted, *value)),
        (Wanted::Text(wanted), Found::Text(text)) => wanted == text,
        _ => false,
    }
}

/// Compares what was expected with what there was.
///
/// # Errors
/// The first difference, in words.
pub fn compare(patterns: &[Pattern], events: &[Event], names: &mut Names) -> Result<(), String> {
    let mut rest = events;
    for pattern in patterns {
        rest = match pattern {
            Pattern::Rest => return Ok(()),
            Pattern::One(expected) => take(expected, rest, names)?,
            Pattern::Perhaps(expected) => take(expected, rest, names).unwrap_or(rest),
            Pattern::AnyOrder(expected) => take_all(expected, rest, names)?,
        };
    }
    rest.first().map_or(Ok(()), |event| Err(format!("also {}", event.name)))
}

/// The events after an expected one.
fn take<'a>(expected: &Expected, events: &'a [Event], names: &mut Names) -> Result<&'a [Event], String> {
    let (event, rest) = events.split_first().ok_or_else(|| format!("no {}", expected.name))?;
    if expected.is(event, names) { Ok(rest) } else { Err(expected.difference(event, names)) }
}

/// The events after as many as are expected, in whatever order.
fn take_all<'a>(
    expected: &[Expected],
    events: &'a [Event],
    names: &mut Names,
) -> Result<&'a [Event], String> {
    let mut missing: Vec<&Expected> = expected.iter().collect();
    let mut rest = events;
    while let Some(first) = missing.first() {
        let (event, after) = rest.split_first().ok_or_else(|| format!("no {}", first.name))?;
        let Some(met) = missing.iter().position(|expected| expected.is(event, names)) else {
            let alike = missing.iter().find(|expected| expected.name == event.name);
            return Err(alike.unwrap_or(first).difference(event, names));
        };
        missing.remove(met);
        rest = after;
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::super::script::patterns;
    use super::*;

    /// Events named by words, each with the identifier 0x11.
    fn events(words: &str) -> Vec<Event> {
        let line = |word: &str| match super::super::values::message(word) {
            Some(message) => {
                format!("spy 1 call id=11 hdrvr=5000000 message={message:x} l1=0 l2=0 thread=24")
            }
            None => format!("spy 1 {word}"),
        };
        words.split_whitespace().filter_map(|word| Event::read("spy.dll", &line(word))).collect()
    }

    fn difference(expected: &str, there: &str) -> String {
        let mut names = Names::new(crate::Machine::X86_64);
        names.name("a", 0x500_0000);
        compare(&patterns(expected).unwrap(), &events(there), &mut names).err().unwrap_or_default()
    }

    #[test]
    fn what_is_as_expected_has_no_difference() {
        assert_eq!(difference("ATTACH LOAD ENABLE(id=0x11 to=a)", "ATTACH LOAD ENABLE"), "");
        assert_eq!(difference("DETACH?", "DETACH"), "");
        assert_eq!(difference("DETACH?", ""), "");
        assert_eq!(difference("{CLOSE(id=0x11) EXITSESSION} FREE", "EXITSESSION CLOSE FREE"), "");
        assert_eq!(difference("LOAD ...", "LOAD ENABLE OPEN"), "");
        assert_eq!(difference("LOAD(id=$x) OPEN(id=$x)", "LOAD OPEN"), "");
        assert_eq!(difference("LOAD(id=0|0x11)", "LOAD"), "");
    }

    #[test]
    fn differences_are_said_in_few_words() {
        assert_eq!(difference("CLOSE DISABLE", "CLOSE DETACH"), "DETACH, not DISABLE");
        assert_eq!(difference("CLOSE DISABLE", "CLOSE"), "no DISABLE");
        assert_eq!(difference("CLOSE", "CLOSE CLOSE"), "also CLOSE");
        assert_eq!(difference("CLOSE(to=a id=0 l1=5)", "CLOSE"), "CLOSE(id=0x11 l1=0), not CLOSE(id=0 l1=5)");
        assert_eq!(difference("CLOSE(to=b)", "CLOSE"), "CLOSE(to=a), not CLOSE(to=b)");
        assert_eq!(difference("OPEN(text=\"x y\")", "OPEN"), "OPEN(no text), not OPEN(text=\"x y\")");
        assert_eq!(difference("{CLOSE(id=0) FREE}", "FREE CLOSE"), "CLOSE(id=0x11), not CLOSE(id=0)");
    }
}
