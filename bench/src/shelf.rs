//! Many files: the whole command, with two jobs at a time and with one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use crate::clip::Film;
use crate::failure::{Failure, run};
use crate::frames;
use crate::ours::drvhost;
use crate::report::{Better, Goal, Row};
use crate::subject::CINEPAK;

/// How many clips there are.
const CLIPS: usize = 50;
/// How many frames each has.
const FRAMES: usize = 300;
/// Who the other side is.
const PEER: &str = "one job";

/// Decodes a folder of clips to AVI files, to hashes in the manifest, in turn with two jobs and with one; compares what each clip came to.
pub fn measure(folder: &Path, rounds: usize) -> Result<Row, Failure> {
    let clip = CINEPAK.clip(folder, &Film::new(frames::SIZE, FRAMES))?;
    let shelf = folder.join("shelf");
    fs::create_dir_all(&shelf).map_err(Failure::file("a folder of clips"))?;
    for number in 0..CLIPS {
        let name = shelf.join(format!("{number:02}.avi"));
        fs::copy(&clip.file, name).map_err(Failure::file("a clip"))?;
    }
    let mut row = Row::new(format!("{CLIPS} clips, `--jobs 2`"), "s", Better::Less).against(PEER);
    for _ in 0..rounds {
        let (two, ours) = decoded(folder, &shelf, 2)?;
        let (one, theirs) = decoded(folder, &shelf, 1)?;
        if one.len() != CLIPS {
            return Err(frames::differ("the clips of a folder", one.len(), PEER, CLIPS));
        }
        compare(&two, &one, PEER)?;
        row.ours.push(ours);
        row.theirs.push(theirs);
    }
    row.verified(true);
    Ok(row.goal(Goal::Ratio(1.7)))
}

/// Decodes a folder with so many jobs; the hash of each clip's pictures, and how many seconds all took.
pub fn decoded(folder: &Path, shelf: &Path, jobs: usize) -> Result<(BTreeMap<String, String>, f64), Failure> {
    let out = folder.join("out");
    let (shelf, target, jobs) = (shelf.display().to_string(), out.display().to_string(), jobs.to_string());
    let started = Instant::now();
    let text = run(&mut drvhost(&[
        "decode",
        &shelf,
        "--out-dir",
        &target,
        "--to",
        "avi",
        "--jobs",
        &jobs,
        "--json",
    ]))?;
    let elapsed = started.elapsed().as_secs_f64();
    fs::remove_dir_all(&out).map_err(Failure::file("what was decoded"))?;
    Ok((hashes(&text)?, elapsed))
}

/// The hashes by the files' names, in what the command prints.
fn hashes(text: &str) -> Result<BTreeMap<String, String>, Failure> {
    let unreadable = || Failure::Unreadable {
        program: "drvhost",
        text: text.chars().take(80).collect(),
        expected: "a line of JSON for each file",
    };
    let mut hashes = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).map_err(|_| unreadable())?;
        if let (Some(name), Some(hash)) = (line["input"].as_str(), line["hash"].as_str()) {
            hashes.insert(name.to_owned(), hash.to_owned());
        }
    }
    Ok(hashes)
}

/// Compares what each clip came to.
pub fn compare(
    ours: &BTreeMap<String, String>,
    theirs: &BTreeMap<String, String>,
    peer: &'static str,
) -> Result<(), Failure> {
    if ours.len() != theirs.len() {
        return Err(frames::differ("the clips of a folder", ours.len(), peer, theirs.len()));
    }
    match ours.iter().zip(theirs).find(|(ours, theirs)| ours != theirs) {
        None => Ok(()),
        Some((ours, theirs)) => {
            Err(frames::differ("a clip", format!("{ours:?}"), peer, format!("{theirs:?}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_or_is_missing_is_an_error() {
        let line = |number: usize| format!(r#"{{"state":"decoded","input":"{number}.avi","hash":"ab"}}"#);
        let text: Vec<_> = (0..CLIPS).map(line).chain([r#"{"summary":{"decoded":50}}"#.to_owned()]).collect();
        let whole = hashes(&text.join("\n")).unwrap();
        assert!(compare(&whole, &whole, PEER).is_ok());
        let mut other = whole.clone();
        other.insert("3.avi".to_owned(), "cd".to_owned());
        let error = compare(&whole, &other, PEER).unwrap_err().to_string();
        assert!(error.contains("3.avi") && error.contains("cd"), "{error}");
        other.remove("3.avi");
        assert!(compare(&other, &whole, PEER).is_err() && compare(&whole, &other, PEER).is_err());
        assert!(hashes("no JSON").is_err());
    }
}
