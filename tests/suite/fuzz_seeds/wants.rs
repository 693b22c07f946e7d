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
        ("wants", "library", wanted([Want::Library(LibraryCall::Bring { name: "b.dll".to_owned() })])),
        ("wants", "wave", wanted(wave().map(Want::Wave))),
        ("wants", "heard", heard()),
    ]
}

fn said(messages: impl IntoIterator<Item = ToHost>) -> Vec<u8> {
    messages.into_iter().flat_map(|message| to_stdvec(&message).unwrap()).collect()
}

fn wanted(wants: impl IntoIterator<Item = Want>) -> Vec<u8> {
    said(wants.into_iter().map(ToHost::Wanted))
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

fn wave() -> [WaveCall; 4] {
    let stream = 1;
    let open = WaveCall::Open { format: FORMAT };
    [WaveCall::Device, open, WaveCall::Write { stream, bytes: vec![128; 16] }, WaveCall::Close { stream }]
}

fn heard() -> Vec<u8> {
    let stream = 1;
    let streams = vec![StreamState { stream, written: 16, played: 16 }];
    said([
        ToHost::Heard(Heard::Opened { stream, format: FORMAT }),
        ToHost::Heard(Heard::Played { stream, begin: 1_000_000, at: 0, bytes: vec![128; 16] }),
        ToHost::Advanced(Advanced { seq: 1, now: 3_000_000, streams }),
        ToHost::Heard(Heard::Closed { stream }),
    ])
}
