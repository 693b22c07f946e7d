//! Which drivers can come to use threads, as far as their files show: making the threads takes a third of a worker's start.

use pe::{Image, Import, Symbol};

use crate::library;

/// The functions that have something run on a thread of its own, and those that bring further code. Beginnings of their names, so that `LoadLibrary` is all
/// four of them.
const OF_THREADS: &[&str] = &[
    "CreateThread",
    "_beginthread",
    "timeSetEvent",
    "waveOutOpen",
    "PlaySound",
    "sndPlaySound",
    "RegNotifyChangeKeyValue",
    "LoadLibrary",
    "OpenDriver",
    "midiOut",
    "midiStream",
];

/// What finds further functions by their names.
const BY_NAME: &str = "GetProcAddress";

/// Whether the driver with these bytes can come to use threads: it imports a function that makes some or brings further code, it has such a function's name in its
/// data (what may be discarded once it is loaded is none) and can ask for functions by name, or it imports from a library that is not the system's, which could do any of that. One that composes names
/// while it runs is not found out.
#[must_use]
pub fn can_use_threads(file: &[u8]) -> bool {
    let Some((imports, image)) =
        Image::parse(file).ok().and_then(|image| Some((image.imports().ok()?, image)))
    else {
        // It is not going to be loaded.
        return false;
    };
    let is_one = |name: &str| OF_THREADS.iter().any(|known| name.starts_with(known));
    if imports
        .iter()
        .any(|import| library::find(&import.library).is_none() || name_of(import).is_some_and(is_one))
    {
        return true;
    }
    let asks = imports.iter().filter_map(name_of).any(|name| name == BY_NAME);
    let kept = |section: &&pe::Section| !section.discardable;
    asks && image.sections().iter().filter(kept).any(|section| names_one(section.data))
}

fn name_of(import: &Import) -> Option<&str> {
    match &import.symbol {
        Symbol::Name(name) => Some(name),
        // No function of the system's is had by its number.
        Symbol::Ordinal(_) => None,
    }
}

/// The bytes that the names have at a place.
const fn bytes_at(place: usize) -> [u8; OF_THREADS.len()] {
    let mut bytes = [0; OF_THREADS.len()];
    let mut name = 0;
    while name < OF_THREADS.len() {
        bytes[name] = OF_THREADS[name].as_bytes()[place];
        name += 1;
    }
    bytes
}

const FIRST: [u8; OF_THREADS.len()] = bytes_at(0);
const SECOND: [u8; OF_THREADS.len()] = bytes_at(1);

/// How many places are looked at together.
const TOGETHER: usize = 64;

/// Whether there is a name of such a function in some bytes.
fn names_one(bytes: &[u8]) -> bool {
    let is = |at: usize| OF_THREADS.iter().any(|name| bytes[at..].starts_with(name.as_bytes()));
    let mut at = 0;
    while let Some(some) = bytes[at..].first_chunk::<{ TOGETHER + 1 }>() {
        // Most bytes are no name's beginning. This is the part that takes time, and compilers make a few instructions of it that any processor has; to find out which better ones it has takes longer than
        // they would save.
        let mut any = false;
        for place in 0..TOGETHER {
            let first = FIRST.iter().fold(false, |is, &byte| is | (some[place] == byte));
            let second = SECOND.iter().fold(false, |is, &byte| is | (some[place + 1] == byte));
            any |= first & second;
        }
        if any && (at..at + TOGETHER).any(is) {
            return true;
        }
        at += TOGETHER;
    }
    (at..bytes.len()).any(is)
}

#[cfg(test)]
mod tests {
    use pe::Machine;
    use pe::builder::Builder;

    use super::*;
    use crate::library::libraries;

    fn importing(library: &str, function: &str, data: &[u8]) -> bool {
        let name = Symbol::Name(function.to_owned());
        can_use_threads(&Builder::new(Machine::X86_64).code(data).import(library, name).build())
    }

    #[test]
    fn what_is_imported_counts() {
        assert!(importing("kernel32.dll", "CreateThread", b""));
        assert!(importing("KERNEL32", "LoadLibraryExW", b""));
        assert!(importing("msvcrt.dll", "_beginthreadex", b""));
        assert!(!importing("kernel32.dll", "HeapAlloc", b"CreateThread"));
        assert!(importing("of its own.dll", "anything", b""));
    }

    #[test]
    fn what_can_be_asked_for_counts() {
        assert!(importing("kernel32.dll", "GetProcAddress", b"\0CreateThread\0"));
        assert!(!importing("kernel32.dll", "GetProcAddress", b"\0GetTickCount\0"));
    }

    #[test]
    fn names_are_found_wherever_they_lie() {
        for name in OF_THREADS {
            for (before, behind) in [(0, 0), (1, 0), (63, 1), (64, 0), (65, 70), (200, 3)] {
                let bytes = [&vec![b'C'; before], name.as_bytes(), &vec![b'r'; behind]].concat();
                assert!(names_one(&bytes), "{name} {before} {behind}");
                assert!(!names_one(&bytes[..before + name.len() - 1]), "{name} {before}");
            }
        }
        assert!(!names_one(b""));
    }

    #[test]
    fn what_is_no_image_uses_nothing() {
        assert!(!can_use_threads(b"MZ"));
    }

    #[test]
    fn each_name_is_the_beginning_of_a_function() {
        let names: Vec<_> =
            libraries().iter().flat_map(|library| library.shims).map(|shim| shim.name).collect();
        for known in OF_THREADS {
            assert!(names.iter().any(|name| name.starts_with(known)), "{known}");
        }
        assert!(names.contains(&BY_NAME));
    }
}
