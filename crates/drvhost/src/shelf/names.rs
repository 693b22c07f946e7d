//! What outputs are called.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Input;

/// The names of outputs, from the folder for outputs on.
///
/// `films/a.avi` becomes `films/a.mkv`. Where two outputs would have one name, or one has it already, both keep their whole names, as in
/// `films/a.avi.mkv`: which names there are depends on nothing but the files.
#[derive(Debug)]
pub struct Names {
    by_input: BTreeMap<PathBuf, PathBuf>,
}

impl Names {
    /// Names for all inputs. `there` are the outputs that there are, by the names of their inputs: with the right ending they stay theirs, and
    /// nobody else gets them.
    pub fn new(inputs: &[Input], ending: &str, there: &BTreeMap<PathBuf, PathBuf>) -> Self {
        let taken: BTreeSet<&PathBuf> = there.values().collect();
        let right = |input: &Input| {
            let kept = there.get(&input.name)?;
            let ending = output(input, ending, false).extension()?.to_owned();
            (kept.extension() == Some(&*ending)).then(|| (input.name.clone(), kept.clone()))
        };
        let kept: BTreeMap<PathBuf, PathBuf> = inputs.iter().filter_map(right).collect();
        let mut whole = BTreeSet::new();
        loop {
            let mut users: BTreeMap<PathBuf, Vec<&PathBuf>> = BTreeMap::new();
            let named = inputs.iter().filter(|input| !kept.contains_key(&input.name));
            for input in named {
                let output = output(input, ending, whole.contains(&input.name));
                users.entry(output).or_default().push(&input.name);
            }
            let before = whole.len();
            for (output, users) in &users {
                if users.len() > 1 || taken.contains(output) {
                    whole.extend(users.iter().map(|&name| name.clone()));
                }
            }
            // Whole names differ as their inputs do, so this ends.
            if whole.len() == before {
                break;
            }
        }
        let name = |input: &Input| {
            let own = || {
                let own = output(input, ending, whole.contains(&input.name));
                if taken.contains(&own) { spare(&own, &taken) } else { own }
            };
            (input.name.clone(), kept.get(&input.name).cloned().unwrap_or_else(own))
        };
        Self { by_input: inputs.iter().map(name).collect() }
    }

    /// The name of an input's output.
    #[must_use]
    pub fn of(&self, input: &Input) -> Option<&Path> {
        self.by_input.get(&input.name).map(PathBuf::as_path)
    }
}

fn output(input: &Input, ending: &str, whole: bool) -> PathBuf {
    // Sound alone goes where sound belongs.
    let ending = if input.is_wave && ["avi", "y4m"].contains(&ending) { "wav" } else { ending };
    if !whole {
        return input.name.with_extension(ending);
    }
    let mut name = OsString::from(&input.name);
    name.push(".");
    name.push(ending);
    name.into()
}

/// A name that nobody has, where even the whole name of an input is that of another one's output.
fn spare(name: &Path, taken: &BTreeSet<&PathBuf>) -> PathBuf {
    let ending = name.extension().unwrap_or_default().to_string_lossy();
    let numbered = |number: usize| name.with_extension(format!("{number}.{ending}"));
    (2..).map(numbered).find(|name| !taken.contains(name)).unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(names: &[&str]) -> Vec<Input> {
        let input =
            |name: &&str| Input { path: name.into(), name: name.into(), is_wave: name.ends_with(".wav") };
        names.iter().map(input).collect()
    }

    fn named(names: &[&str], ending: &str, kept: &[(&str, &str)]) -> Vec<String> {
        let inputs = inputs(names);
        let kept = kept.iter().map(|(input, output)| (input.into(), output.into())).collect();
        let names = Names::new(&inputs, ending, &kept);
        inputs.iter().map(|input| names.of(input).unwrap().to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn names_are_kept_apart_whatever_the_order() {
        assert_eq!(named(&["f/a.avi", "f/b.wav", "c"], "mkv", &[]), ["f/a.mkv", "f/b.mkv", "c.mkv"]);
        assert_eq!(named(&["f/a.avi", "f/b.wav", "c"], "avi", &[]), ["f/a.avi", "f/b.wav", "c.avi"]);
        assert_eq!(named(&["a.wav", "a.avi", "b.avi"], "mkv", &[]), ["a.wav.mkv", "a.avi.mkv", "b.mkv"]);
        // The whole name of one is the short name of another.
        let three = ["a.avi", "a.wav", "a.avi.avi"];
        assert_eq!(named(&three, "mkv", &[]), ["a.avi.mkv", "a.wav.mkv", "a.avi.avi.mkv"]);
    }

    #[test]
    fn outputs_that_are_there_keep_their_names() {
        let kept = [("a.avi", "a.mkv")];
        assert_eq!(named(&["a.avi", "a.wav"], "mkv", &kept), ["a.mkv", "a.wav.mkv"]);
        assert_eq!(named(&["a.wav"], "mkv", &kept), ["a.wav.mkv"]);
        assert_eq!(named(&["a.avi"], "avi", &kept), ["a.avi"]);
        let kept = [("a.avi", "a.mkv"), ("a.wav.avi", "a.wav.mkv")];
        assert_eq!(named(&["a.wav"], "mkv", &kept), ["a.wav.2.mkv"]);
    }
}
