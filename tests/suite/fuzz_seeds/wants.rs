//! What a worker wants, one want after another.

use postcard::to_stdvec;
use wire::{
    Advanced, Disposition, FileCall, Heard, LibraryCall, RegistryCall, StreamState, ToHost, Want, WaveCall,
    WaveFormat,
};

use super::Seed;

const KEY: &str = r"HKEY_CURRENT_USER\Software\A";
const FORMAT: WaveFormat =
    WaveFormat { floating: false, channels: 1, samples_per_sec: 8000, bits_per_sample: 8 };

pub fn seeds() -> Vec<Seed> {
    vec![
        ("wants", "registry", wanted(registry().map(Want::Registry))),
        ("wants", "files", wanted(files().map(Want::File))),
        ("wants", "kept", wanted(kept().map(Want::File))),
        ("wants", "granted", wanted(granted().map(Want::File))),
        ("wants", "library", wanted([Want::Library(LibraryCall::Bring { name: "b.dll".to_owned() })])),
        ("wants", "wave", wanted(wave().map(Want::Wave))),
        ("wants", "heard", heard()),
    ]
}

fn said(messages: impl IntoIterator<Item = ToHost>) -> Vec<u8> {
    messages.into_iter().flat_map(|message| to_stdvec(&message).unwrap()).collect()
}

fn wanted(wants: impl IntoIterator<Item = Want>) -> Vec<u8> {
    said(wants.into_iter().map(Box::new).map(ToHost::Wanted))
}

fn registry() -> [RegistryCall; 9] {
    let (key, name) = (|| KEY.to_owned(), || "b".to_owned());
    let below = || r"HKEY_CURRENT_USER\Software".to_owned();
    [
        RegistryCall::Create { key: key() },
        RegistryCall::Set { key: key(), name: name(), kind: 4, data: vec![1, 0, 0, 0] },
        RegistryCall::Get { key: key(), name: name() },
        RegistryCall::Value { key: key(), index: 0 },
        RegistryCall::Below { key: below(), index: 0 },
        RegistryCall::Look { key: key() },
        RegistryCall::Changes { key: below(), tree: true },
        RegistryCall::Unset { key: key(), name: name() },
        RegistryCall::Delete { key: key(), tree: true },
    ]
}

fn files() -> [FileCall; 8] {
    let path = || r"C:\windows\system32\a.ini".to_owned();
    let (read, disposition) = (true, Disposition::OpenExisting);
    [
        FileCall::Look { path: path() },
        FileCall::Open { path: path(), read, write: false, disposition },
        FileCall::Info { file: 1 },
        FileCall::Read { file: 1, at: 0, len: 100 },
        FileCall::Close { file: 1 },
        FileCall::List { path: r"C:\windows\system32".to_owned(), from: 0 },
        FileCall::Look { path: r"C:\windows\system32\..\..\secret".to_owned() },
        FileCall::Rename { from: path(), to: r"C:\b".to_owned(), replace: true },
    ]
}

/// What a driver keeps on its drive C, and beside its own files.
fn kept() -> [FileCall; 15] {
    let (path, file, write) = (|name: &str| format!(r"C:\a{name}"), 1, true);
    let own = || r"C:\windows\system32\a.ini".to_owned();
    [
        FileCall::MakeFolder { path: path("") },
        FileCall::Open { path: path(r"\b"), read: true, write, disposition: Disposition::CreateNew },
        FileCall::Write { file, at: None, bytes: b"abc".to_vec() },
        FileCall::Write { file, at: Some(100), bytes: b"d".to_vec() },
        FileCall::SetLength { file, len: 50 },
        FileCall::Flush { file },
        FileCall::Read { file, at: 0, len: 100 },
        FileCall::Info { file },
        FileCall::Close { file },
        FileCall::Rename { from: path(r"\b"), to: path(r"\c"), replace: false },
        FileCall::List { path: path(""), from: 0 },
        FileCall::Open { path: own(), read: true, write, disposition: Disposition::OpenExisting },
        FileCall::Write { file: 2, at: None, bytes: b"c=2".to_vec() },
        FileCall::Delete { path: path(r"\c") },
        FileCall::RemoveFolder { path: path("") },
    ]
}

/// What it does in a folder that it may write, and tries in one that it may only read. The target says where they are.
fn granted() -> [FileCall; 8] {
    let (read, write, always) = (true, true, Disposition::OpenAlways);
    let file = |folder: char| format!(r"{folder}:\a.ini");
    [
        FileCall::Open { path: file('G'), read, write, disposition: always },
        FileCall::Write { file: 1, at: Some(0), bytes: b"abc".to_vec() },
        FileCall::Rename { from: file('G'), to: r"G:\b".to_owned(), replace: true },
        FileCall::Rename { from: r"G:\b".to_owned(), to: r"C:\b".to_owned(), replace: true },
        FileCall::Open { path: file('R'), read, write: false, disposition: always },
        FileCall::Read { file: 2, at: 0, len: 100 },
        FileCall::Delete { path: file('R') },
        FileCall::Look { path: r"G:\..\secret".to_owned() },
    ]
}

fn wave() -> [WaveCall; 4] {
    let stream = 1;
    let open = WaveCall::Open { format: FORMAT };
    [WaveCall::Device, open, WaveCall::Write { stream, bytes: vec![128; 16] }, WaveCall::Close { stream }]
}

fn heard() -> Vec<u8> {
    let stream = 1;
    let streams = vec![StreamState { stream, written: 16, played: 16 }];
    said([
        ToHost::Heard(Heard::Opened { stream, format: FORMAT }.into()),
        ToHost::Heard(Heard::Played { stream, begin: 1_000_000, at: 0, bytes: vec![128; 16] }.into()),
        ToHost::Advanced(Advanced { seq: 1, now: 3_000_000, streams }.into()),
        ToHost::Heard(Heard::Closed { stream }.into()),
    ])
}
