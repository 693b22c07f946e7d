//! Scripts: what is done with drivers, and what they must be told.
//!
//! ```text
//! # A remark.
//! C005 The last close of a module ends it.
//!   only x86_64                           not played with drivers for other machines
//!   file spy.dll                          a copy of drivers/spy.c lies there; `file one.dll = spy` under another name
//!   entry Drivers32 alias = "spy.dll x"   a value of the registry; `ini` an entry of SYSTEM.INI
//!   open a alias
//!     ATTACH LOAD ENABLE OPEN(text="x")
//!   close a 0x11 0x12
//!     CLOSE(l1=0x11 l2=0x12) DISABLE(id=0) FREE(id=0) DETACH
//!     -> 1
//! ```
//!
//! A scenario begins with the numbers of the statements that it tests, and a sentence. Settings come first, then steps; below a step stands
//! all that drivers must say during it ([`Pattern`]), and the function's result after `->`. Without one, an `open` must open, and other results
//! may be anything.
//!
//! | Step | |
//! |---|---|
//! | `open INSTANCE NAME [in SECTION] [with LPARAM2]` | OpenDriver; `{here}/` begins a full path |
//! | `send HANDLE MESSAGE [LPARAM1 [LPARAM2]]` | SendDriverMessage |
//! | `close HANDLE [LPARAM1 [LPARAM2]]` | CloseDriver |
//! | `module HANDLE` | GetDriverModuleHandle |
//! | `have INSTANCE send ...`, `have INSTANCE close ...` | the same from inside a driver |
//! | `at-exit INSTANCE send ...`, `... close ...`, `... sleep MS` | what the driver does at DRV_EXITSESSION |
//! | `process NAME` | the following steps are another process's |
//! | `end [orderly\|windows31]` | the end of the session |
//! | `exit` | the process exits without it |
//!
//! A HANDLE is an instance's name or a number, a value that or a message's name. Words with spaces stand in quotes.

use std::fs;
use std::path::Path;

use drvhost::Policy;

use super::pattern::{Expected, Pattern};
use super::platform::{Entry, Setting};
use super::values::{Value, message};
use crate::{Machine, SPY_CLOSE, SPY_SEND, SPY_SLEEP};

/// One scenario.
#[derive(Debug, Clone)]
pub struct Script {
    /// The file that it stands in.
    pub file: String,
    /// The numbers of the statements that it tests.
    pub statements: Vec<u16>,
    /// The sentence that heads it.
    pub sentence: String,
    /// How often these have been tested together before, in all scripts.
    pub before: usize,
    /// The machines whose drivers it is played with.
    pub machines: Vec<Machine>,
    /// What holds before the first step.
    pub settings: Vec<Setting>,
    /// What is done.
    pub steps: Vec<Step>,
}

/// Something that is done, and what must come of it.
#[derive(Debug, Clone)]
pub struct Step {
    /// As it stands there.
    pub text: String,
    pub(super) action: Action,
    pub(super) patterns: Vec<Pattern>,
    pub(super) result: Option<Wanted>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    Open { instance: String, name: String, section: Option<String>, lparam2: i64 },
    Send { hdrvr: Value, message: u32, lparam1: Value, lparam2: Value },
    Close { hdrvr: Value, lparam1: Value, lparam2: Value },
    Module { hdrvr: Value },
    Have { instance: Value, act: Act },
    AtExit { instance: Value, act: Act },
    Process(String),
    End(Policy),
    Exit,
}

/// What a driver is asked to do: an act, and what its lParam1 is or points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Act {
    pub number: u32,
    pub argument: Argument,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    Value(Value),
    Block([Value; 4]),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Opened,
    Value(Value),
}

impl Script {
    /// The scenario's name: `c005`; the second for the same statement `c005_2`.
    #[must_use]
    pub fn name(&self) -> String {
        let mut parts: Vec<_> = self.statements.iter().map(|number| format!("c{number:03}")).collect();
        if self.before > 0 {
            parts.push((self.before + 1).to_string());
        }
        parts.join("_")
    }
}

/// Every scenario of `scripts/*.script`, by file and in the order in which they stand there.
///
/// # Panics
/// When a script cannot be read: with its file, line, and what is wrong.
#[must_use]
pub fn scripts() -> Vec<Script> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("scripts").flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut scripts: Vec<Script> = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).expect("a script is text");
        for mut script in read(&name, &text).unwrap_or_else(|error| panic!("{}: {error}", file.display())) {
            script.before = scripts.iter().filter(|other| other.statements == script.statements).count();
            scripts.push(script);
        }
    }
    scripts
}

/// Reads a file of scenarios.
fn read(file: &str, text: &str) -> Result<Vec<Script>, String> {
    let mut scripts: Vec<Script> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let content = line.trim_start();
        let depth = line.len() - content.len();
        let done = match (depth, scripts.last_mut()) {
            _ if content.is_empty() || content.starts_with('#') => Ok(()),
            (0, _) => header(file, content).map(|script| scripts.push(script)),
            (2, Some(script)) => read_step(script, content),
            (4, Some(Script { steps, .. })) if !steps.is_empty() => {
                steps.last_mut().map_or(Ok(()), |step| read_expectation(step, content))
            }
            _ => Err("nothing belongs at this depth here".to_owned()),
        };
        done.map_err(|error| format!("line {}: {error}", index + 1))?;
    }
    Ok(scripts)
}

fn header(file: &str, content: &str) -> Result<Script, String> {
    let number = |word: &str| word.strip_prefix('C').and_then(|digits| digits.parse().ok());
    let statements: Vec<u16> = content.split(' ').map_while(number).collect();
    let sentence = content.split(' ').skip(statements.len()).collect::<Vec<_>>().join(" ");
    if statements.is_empty() || sentence.is_empty() {
        return Err("a scenario begins with numbers of statements and a sentence".to_owned());
    }
    let file = file.to_owned();
    let (machines, settings, steps) = (Machine::ALL.to_vec(), Vec::new(), Vec::new());
    Ok(Script { file, statements, sentence, before: 0, machines, settings, steps })
}

/// Splits at spaces that are not inside quotes; quotes go.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![];
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Takes a line as a setting or as a step.
fn read_step(script: &mut Script, content: &str) -> Result<(), String> {
    if !content.matches('"').count().is_multiple_of(2) {
        return Err("a quote is not closed".to_owned());
    }
    let words = words(content);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let ["only", name] = *words {
        script.machines.retain(|machine| machine.to_string() == name);
        return if script.machines.is_empty() { Err(format!("`{name}` is no machine")) } else { Ok(()) };
    }
    if let Some(setting) = setting(&words) {
        if !script.steps.is_empty() {
            return Err("settings come before the first step".to_owned());
        }
        script.settings.push(setting);
        return Ok(());
    }
    let action = action(&words).ok_or_else(|| format!("`{content}` is no step"))?;
    let result = matches!(action, Action::Open { .. }).then_some(Wanted::Opened);
    script.steps.push(Step { text: content.to_owned(), action, patterns: Vec::new(), result });
    Ok(())
}

fn setting(words: &[&str]) -> Option<Setting> {
    let file = |name: &str, driver: &str| Setting::File { name: name.to_owned(), driver: driver.to_owned() };
    let entry = |section: &str, name: &str, value: &str| Entry {
        section: section.to_owned(),
        name: name.to_owned(),
        value: value.to_owned(),
    };
    match *words {
        ["file", name] => Some(file(name, name.split('.').next().unwrap_or(name))),
        ["file", name, "=", driver] => Some(file(name, driver)),
        ["entry", section, name, "=", value] => Some(Setting::Entry(entry(section, name, value))),
        ["ini", section, name, "=", value] => Some(Setting::Ini(entry(section, name, value))),
        ["hidden", "instance"] => Some(Setting::HiddenInstance),
        _ => None,
    }
}

fn action(words: &[&str]) -> Option<Action> {
    match *words {
        ["open", instance, name, ref rest @ ..] => {
            let (section, rest) = match *rest {
                ["in", section, ref rest @ ..] => (Some(section.to_owned()), rest),
                _ => (None, rest),
            };
            let lparam2 = match *rest {
                [] => 0,
                ["with", value] => match Value::read(value) {
                    Value::Number(number) => number,
                    _ => return None,
                },
                _ => return None,
            };
            Some(Action::Open { instance: instance.to_owned(), name: name.to_owned(), section, lparam2 })
        }
        ["send", hdrvr, number, ref values @ ..] => {
            let [lparam1, lparam2] = parameters(values)?;
            Some(Action::Send { hdrvr: Value::read(hdrvr), message: message(number)?, lparam1, lparam2 })
        }
        ["close", hdrvr, ref values @ ..] => {
            let [lparam1, lparam2] = parameters(values)?;
            Some(Action::Close { hdrvr: Value::read(hdrvr), lparam1, lparam2 })
        }
        ["module", hdrvr] => Some(Action::Module { hdrvr: Value::read(hdrvr) }),
        ["have", instance, ref rest @ ..] => {
            Some(Action::Have { instance: Value::read(instance), act: act(rest)? })
        }
        ["at-exit", instance, ref rest @ ..] => {
            Some(Action::AtExit { instance: Value::read(instance), act: act(rest)? })
        }
        ["process", name] => Some(Action::Process(name.to_owned())),
        ["end"] | ["end", "orderly"] => Some(Action::End(Policy::Orderly)),
        ["end", "windows31"] => Some(Action::End(Policy::Windows31)),
        ["exit"] => Some(Action::Exit),
        _ => None,
    }
}

/// Up to two values; 0 where there is none.
fn parameters(words: &[&str]) -> Option<[Value; 2]> {
    let value = |index: usize| words.get(index).map_or(Value::Number(0), |word| Value::read(word));
    (words.len() <= 2).then(|| [value(0), value(1)])
}

fn act(words: &[&str]) -> Option<Act> {
    match *words {
        ["send", hdrvr, number, ref values @ ..] => {
            let [lparam1, lparam2] = parameters(values)?;
            let number = Value::Number(message(number)?.into());
            let block = [Value::read(hdrvr), number, lparam1, lparam2];
            Some(Act { number: SPY_SEND, argument: Argument::Block(block) })
        }
        ["close", hdrvr, ref values @ ..] => {
            let [lparam1, lparam2] = parameters(values)?;
            let block = [Value::read(hdrvr), Value::Number(0), lparam1, lparam2];
            Some(Act { number: SPY_CLOSE, argument: Argument::Block(block) })
        }
        ["sleep", milliseconds] => {
            Some(Act { number: SPY_SLEEP, argument: Argument::Value(Value::read(milliseconds)) })
        }
        _ => None,
    }
}

fn read_expectation(step: &mut Step, content: &str) -> Result<(), String> {
    if let Some(result) = content.strip_prefix("-> ") {
        step.result = Some(match result {
            "opened" => Wanted::Opened,
            "NULL" => Wanted::Value(Value::Number(0)),
            value => Wanted::Value(Value::read(value)),
        });
        return Ok(());
    }
    step.patterns.extend(patterns(content)?);
    Ok(())
}

/// Reads a line of patterns.
pub(super) fn patterns(line: &str) -> Result<Vec<Pattern>, String> {
    let mut patterns = Vec::new();
    // Inside braces: what has been read of them.
    let mut group: Option<Vec<Expected>> = None;
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("...") {
            patterns.push(Pattern::Rest);
            rest = after.trim_start();
        } else if let Some(after) = rest.strip_prefix('{') {
            group = Some(Vec::new());
            rest = after.trim_start();
        } else if let Some(after) = rest.strip_prefix('}') {
            let group = group.take().ok_or("`}` without `{`")?;
            patterns.push(Pattern::AnyOrder(group));
            rest = after.trim_start();
        } else {
            let (expected, after) = expected(rest)?;
            let optional = after.strip_prefix('?');
            match (&mut group, optional) {
                (Some(group), None) => group.push(expected),
                (None, None) => patterns.push(Pattern::One(expected)),
                (None, Some(_)) => patterns.push(Pattern::Perhaps(expected)),
                (Some(_), Some(_)) => return Err("`?` inside braces".to_owned()),
            }
            rest = optional.unwrap_or(after).trim_start();
        }
    }
    if group.is_some() { Err("`{` without `}`".to_owned()) } else { Ok(patterns) }
}

/// Reads one expected event, and answers what follows it.
fn expected(text: &str) -> Result<(Expected, &str), String> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    if name.is_empty() {
        return Err(format!("`{text}` begins with no name"));
    }
    let Some(inside) = after.strip_prefix('(') else { return Ok((Expected::read(name, &[])?, after)) };
    let mut quoted = false;
    let closes = |c: char| {
        quoted ^= c == '"';
        c == ')' && !quoted
    };
    let end = inside.find(closes).ok_or("`(` without `)`")?;
    let (fields, after) = inside.split_at(end);
    Ok((Expected::read(name, &words(fields))?, after.get(1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_read() {
        let text = "# remark\nC001 C007 The first open loads.\n  file one.dll = spy\n  open a \"one dll\" in \"My Section\" with 0x55\n    LOAD\n    -> NULL\n";
        let scripts = read("some", text).unwrap();
        assert_eq!(scripts[0].statements, [1, 7]);
        assert_eq!(scripts[0].name(), "c001_c007");
        assert_eq!(scripts[0].machines, Machine::ALL);
        assert_eq!(scripts[0].settings, [Setting::File { name: "one.dll".into(), driver: "spy".into() }]);
        let step = &scripts[0].steps[0];
        let (instance, name) = ("a".to_owned(), "one dll".to_owned());
        let open = Action::Open { instance, name, section: Some("My Section".into()), lparam2: 0x55 };
        assert_eq!(step.action, open);
        assert_eq!(step.result, Some(Wanted::Value(Value::Number(0))));
        assert_eq!(step.patterns, patterns("LOAD").unwrap());
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, said) in [
            ("Title", "line 1"),
            ("C001", "a sentence"),
            ("C001 x\n    LOAD", "depth"),
            ("C001 x\n  dance", "`dance` is no step"),
            ("C001 x\n  only z80", "`z80` is no machine"),
            ("C001 x\n  open a \"spy.dll", "not closed"),
            ("C001 x\n  exit\n  file spy.dll", "settings come before"),
            ("C001 x\n  exit\n    LOAD(colour=5)", "no field `colour`"),
            ("C001 x\n  exit\n    {LOAD", "without `}`"),
            ("C001 x\n  exit\n    LOAD(id=5", "without `)`"),
        ] {
            let error = read("some", text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
