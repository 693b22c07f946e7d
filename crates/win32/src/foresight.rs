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

/// Which of the names have a byte at their first places, by the byte: a bit for each name. Not looked for by the processor's best instructions: to find out which it has takes longer than this.
const AT: [[u16; 256]; 3] = {
    let mut at = [[0; 256]; 3];
    let mut name = 0;
    while name < OF_THREADS.len() {
        let mut place = 0;
        while place < at.len() {
            at[place][OF_THREADS[name].as_bytes()[place] as usize] |= 1 << name;
            place += 1;
        }
        name += 1;
    }
    at
};

/// Whether there is a name of such a function in some bytes.
fn names_one(bytes: &[u8]) -> bool {
    bytes.windows(AT.len()).enumerate().any(|(at, first)| {
        // Of most bytes none comes so far that it is called for.
        let can = AT.iter().zip(first).fold(u16::MAX, |can, (names, &byte)| can & names[usize::from(byte)]);
        let is =
            |&(bit, name): &(usize, &&str)| can >> bit & 1 != 0 && bytes[at..].starts_with(name.as_bytes());
        can != 0 && OF_THREADS.iter().enumerate().any(|found| is(&found))
    })
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
