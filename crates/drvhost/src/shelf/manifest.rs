//! The manifest: a line of JSON for each file that was decoded, or could not be.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Error as IoError, ErrorKind, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::decode::DecodedAudio;
use crate::error::{Blame, Error};
use crate::probe::Reason;

/// Its name in the folder for outputs.
const NAME: &str = "manifest.jsonl";

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The input's name, from the folder on that was named. A backslash and bytes that are no text are written as `\xNN`.
    pub input: String,
    /// The output's name, from the folder for outputs on; `None` where there is none.
    pub output: Option<String>,
    /// BLAKE3 of the decoded content, as `drvhost decode` tells it.
    pub hash: Option<String>,
    /// How many frames, for video.
    pub frames: Option<u64>,
    /// How many samples a channel, where sound is all there is.
    pub samples: Option<u64>,
    /// The sound beside the video.
    #[serde(default)]
    pub audio: Vec<DecodedAudio>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// How long it took.
    pub seconds: f64,
    /// The input's length in bytes.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// What of the command's options makes a difference to the output.
    #[serde(default)]
    pub options: String,
    /// Why it was not decoded, or with an output, why not all of it was.
    pub error: Option<Reason>,
}

/// By what a file is known to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Its length in bytes.
    pub size: u64,
    /// When it was last changed, in nanoseconds since 1970.
    pub modified: i64,
}

impl Stamp {
    /// That of a file.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn of(path: &Path) -> Result<Self, Error> {
        let data = fs::metadata(path).map_err(|source| Error::File { file: path.to_owned(), source })?;
        let modified = data.mtime().saturating_mul(1_000_000_000).saturating_add(data.mtime_nsec());
        Ok(Self { size: data.len(), modified })
    }
}

impl Line {
    /// Whether decoding the same file once more would change nothing: all is decoded, or all that a damaged file has. What failed, or was not
    /// wholly decoded because of a driver, may do better another time.
    fn is_settled(&self) -> bool {
        self.output.is_some() && self.error.as_ref().is_none_or(|error| error.blame == Blame::Media)
    }
}

/// The manifest of a folder for outputs. While it is open, nobody else can have it.
#[derive(Debug)]
pub struct Manifest {
    folder: PathBuf,
    path: PathBuf,
    file: Mutex<File>,
    /// The last line of each input, by its name.
    lines: BTreeMap<String, Line>,
}

impl Manifest {
    /// Opens the manifest of a folder, and begins it where there is none. A line that is cut off is passed over.
    ///
    /// # Errors
    /// [`Error::File`], also where another run has it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(NAME);
        let failed = |source| Error::File { file: path.clone(), source };
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(failed)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| {
            let why = "another run is writing to this folder; wait for its end, or choose another folder";
            // A kind that is the caller's doing.
            let busy = error == rustix::io::Errno::WOULDBLOCK;
            failed(if busy { IoError::new(ErrorKind::InvalidData, why) } else { error.into() })
        })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        // So that the next line is one of its own.
        if bytes.last().is_some_and(|&byte| byte != b'\n') {
            file.write_all(b"\n").map_err(failed)?;
        }
        let mut lines: BTreeMap<String, Line> = BTreeMap::new();
        let mut owners: BTreeMap<String, String> = BTreeMap::new();
        let read =
            bytes.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok());
        for line in read {
            if let Some(output) = &line.output
                && let Some(before) = owners.insert(output.clone(), line.input.clone())
                && before != line.input
            {
                // Its output was written over.
                lines.remove(&before);
            }
            lines.insert(line.input.clone(), line);
        }
        Ok(Self { folder: folder.to_owned(), path, file: Mutex::new(file), lines })
    }

    /// The line of an input that is done: it is as it was, its output is there, and was made with the same options.
    #[must_use]
    pub fn done(&self, name: &Path, stamp: Stamp, options: &str) -> Option<&Line> {
        let line = self.lines.get(&text_of(name))?;
        let same = line.stamp == stamp && line.options == options && line.is_settled();
        (same && self.output_of(line).is_some()).then_some(line)
    }

    /// The outputs that are there, by the names of their inputs.
    #[must_use]
    pub fn outputs(&self) -> BTreeMap<PathBuf, PathBuf> {
        let lines = self.lines.values();
        lines.filter_map(|line| Some((path_of(&line.input), self.output_of(line)?))).collect()
    }

    fn output_of(&self, line: &Line) -> Option<PathBuf> {
        let output = path_of(line.output.as_ref()?);
        self.folder.join(&output).is_file().then_some(output)
    }

    /// Adds a line, all of it at once.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn append(&self, line: &Line) -> Result<(), Error> {
        let mut text = serde_json::to_vec(line).map_err(|error| Error::Bug(error.to_string()))?;
        text.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&text).map_err(|source| Error::File { file: self.path.clone(), source })
    }
}

/// A name as text; a backslash and bytes that are none are written as `\xNN`, so that each name has a text of its own.
#[must_use]
pub fn text_of(name: &Path) -> String {
    let mut text = String::new();
    for part in name.as_os_str().as_bytes().utf8_chunks() {
        for character in part.valid().chars() {
            if character == '\\' { text.push_str("\\x5c") } else { text.push(character) }
        }
        part.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

/// The name that a text stands for.
fn path_of(text: &str) -> PathBuf {
    let mut bytes = Vec::new();
    let mut parts = text.split("\\x");
    bytes.extend(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let number = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match number {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(part.get(2..).unwrap_or_default().as_bytes());
            }
            None => bytes.extend([b"\\x", part.as_bytes()].concat()),
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    fn line(input: &str, output: Option<&str>, blame: Option<Blame>) -> Line {
        let error = blame.map(|blame| Reason { blame, message: "why".into() });
        let stamp = Stamp { size: 5, modified: 7 };
        Line {
            input: input.into(),
            output: output.map(str::to_owned),
            hash: None,
            frames: Some(3),
            samples: None,
            audio: Vec::new(),
            warnings: Vec::new(),
            seconds: 0.5,
            stamp,
            options: "to=mkv".into(),
            error,
        }
    }

    #[test]
    fn names_of_any_bytes_come_back() {
        for name in
            [&b"a/b.avi"[..], b"caf\xE9.avi", b"back\\slash", b"\xFF\xFE", "\u{E4}\u{4E2D}".as_bytes()]
        {
            let path = Path::new(OsStr::from_bytes(name));
            assert_eq!(path_of(&text_of(path)), path);
        }
        assert_eq!(text_of(Path::new(OsStr::from_bytes(b"caf\xE9"))), "caf\\xe9");
        assert_eq!(path_of("a\\xzz\\x4"), Path::new("a\\xzz\\x4"));
    }

    #[test]
    fn what_is_done_is_known_again_behind_a_cut_line() {
        let place = tempfile::tempdir().unwrap();
        let stamp = Stamp { size: 5, modified: 7 };
        let done =
            |manifest: &Manifest, name: &str| manifest.done(Path::new(name), stamp, "to=mkv").is_some();
        let manifest = Manifest::open(place.path()).unwrap();
        for name in ["a", "b", "c", "d", "e"] {
            fs::write(place.path().join(format!("{name}.mkv")), "").unwrap();
        }
        assert!(Manifest::open(place.path()).unwrap_err().to_string().contains("another run"));
        manifest.append(&line("a", Some("a.mkv"), None)).unwrap();
        manifest.append(&line("b", Some("b.mkv"), Some(Blame::Driver))).unwrap();
        manifest.append(&line("c", Some("c.mkv"), Some(Blame::Media))).unwrap();
        manifest.append(&line("d", None, Some(Blame::Media))).unwrap();
        drop(manifest);
        let path = place.path().join(NAME);
        let mut text = fs::read(&path).unwrap();
        text.extend(b"{\"input\":\"e\",\"output\":\"e.m");
        fs::write(&path, text).unwrap();
        let manifest = Manifest::open(place.path()).unwrap();
        assert_eq!(
            ["a", "b", "c", "d", "e"].map(|name| done(&manifest, name)),
            [true, false, true, false, false]
        );
        manifest.append(&line("e", Some("e.mkv"), None)).unwrap();
        // Another input's output under the same name.
        manifest.append(&line("x", Some("a.mkv"), None)).unwrap();
        drop(manifest);
        fs::remove_file(place.path().join("c.mkv")).unwrap();
        let manifest = Manifest::open(place.path()).unwrap();
        assert_eq!(["a", "x", "c", "e"].map(|name| done(&manifest, name)), [false, true, false, true]);
        assert!(manifest.done(Path::new("e"), stamp, "to=avi").is_none());
        assert!(manifest.done(Path::new("e"), Stamp { size: 6, modified: 7 }, "to=mkv").is_none());
        assert_eq!(manifest.outputs().len(), 3);
    }
}
