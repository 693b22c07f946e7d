//! What a worker wants of the host, one want after another.

use std::cell::OnceCell;
use std::fs;

use drvhost::fuzzing::Host;
use tempfile::TempDir;
use wire::{ToHost, ToWorker, ring};

/// What a file has that lies where no driver may read.
const SECRET: &[u8] = b"nobody may read this";
/// How many wants are served.
const WANTS: usize = 1000;

thread_local! {
    static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
}

/// A folder with a file that is a secret, and one in it for the driver, with a file that is none.
fn folder() -> TempDir {
    let made = tempfile::tempdir().and_then(|folder| {
        fs::write(folder.path().join("secret"), SECRET)?;
        fs::create_dir(folder.path().join("own"))?;
        fs::write(folder.path().join("own/a.ini"), b"[a]\r\nb=1\r\n")?;
        Ok(folder)
    });
    made.unwrap_or_else(|error| panic!("no folder for the driver: {error}"))
}

/// A worker's messages, one behind the other, to a host that does what they want.
///
/// # Panics
/// When an answer does not fit into a message, or tells what a driver may not read.
pub fn wants(bytes: &[u8]) {
    FOLDER.with(|made| {
        let own = made.get_or_init(folder).path().join("own");
        let host = Host::new(&own).unwrap_or_else(|error| panic!("no host: {error}"));
        let mut rest = bytes;
        for _ in 0..WANTS {
            let Ok((message, behind)) = postcard::take_from_bytes::<ToHost>(rest) else { break };
            rest = behind;
            let Some(served) = host.serve(&message) else { continue };
            let Ok(frame) = postcard::to_stdvec(&ToWorker::Served(served)) else { panic!("{message:?}") };
            assert!(frame.len() <= ring::LONGEST, "{message:?}");
            assert!(!frame.windows(SECRET.len()).any(|part| part == SECRET), "{message:?}");
        }
    });
}
