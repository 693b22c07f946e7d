//! Atoms: numbers for names, which old C++ run-time libraries use to find each other in a process ("About Atom Tables", MS Learn).

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::Pointer;
use crate::kernel32::codepage::{Unit, put, text};
use crate::kernel32::error::{
    ERROR_FILE_NOT_FOUND, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, fail,
};
use crate::process::Process;

/// The first atom that stands for a name (MAXINTATOM); those below stand for themselves.
const FIRST: u16 = 0xc000;
/// How many names are kept, fewer than atoms; no driver comes near.
const MOST: usize = 1024;
/// The longest name, in bytes of its text here.
const LONGEST: usize = 255;

/// A name in use.
#[derive(Debug)]
struct Entry {
    name: String,
    /// How often it has been added and not been deleted.
    count: u32,
}

/// The process's atom table: names by their atoms' distance from [`FIRST`].
#[derive(Debug, Default)]
pub(crate) struct Atoms(Vec<Option<Entry>>);

impl Atoms {
    fn find(&self, name: &str) -> Option<usize> {
        let is =
            |entry: &Option<Entry>| entry.as_ref().is_some_and(|own| own.name.eq_ignore_ascii_case(name));
        self.0.iter().position(is)
    }

    /// The atom for a name; `None` when there is no room for it.
    fn add(&mut self, name: String) -> Option<u16> {
        let place = match self.find(&name) {
            Some(place) => place,
            None => {
                let free = self.0.iter().position(Option::is_none).unwrap_or(self.0.len());
                if free >= MOST {
                    return None;
                }
                if free == self.0.len() {
                    self.0.push(None);
                }
                self.0[free] = Some(Entry { name, count: 0 });
                free
            }
        };
        if let Some(Some(entry)) = self.0.get_mut(place) {
            entry.count = entry.count.saturating_add(1);
        }
        atom(place)
    }

    fn slot(&mut self, atom: u16) -> Option<&mut Option<Entry>> {
        self.0.get_mut(usize::from(atom.checked_sub(FIRST)?))
    }

    /// Takes back one [`add`](Self::add); false when there is no such atom.
    fn delete(&mut self, atom: u16) -> bool {
        let Some(slot) = self.slot(atom) else { return false };
        let Some(entry) = slot else { return false };
        entry.count -= 1;
        if entry.count == 0 {
            *slot = None;
        }
        true
    }
}

fn atom(place: usize) -> Option<u16> {
    u16::try_from(place).ok()?.checked_add(FIRST)
}

/// What names an atom: a text, or a number in place of its address (MAKEINTATOM) or in the text itself ("#1234").
enum Named {
    Number(u16),
    Text(String),
    Nothing,
}

fn named<U: Unit>(process: &Process, name: Pointer) -> Result<Named, Stop> {
    let integer =
        |number: u16| if (1..FIRST).contains(&number) { Named::Number(number) } else { Named::Nothing };
    if let Ok(number) = u16::try_from(name.0) {
        return Ok(integer(number));
    }
    let name = text::<U>(&process.machine, name)?;
    Ok(match name.strip_prefix('#').map(str::parse) {
        Some(Ok(number)) => integer(number),
        _ if name.is_empty() || name.len() > LONGEST => Named::Nothing,
        _ => Named::Text(name),
    })
}

/// AddAtomA and AddAtomW.
pub fn AddAtom<U: Unit>(process: &mut Process, name: Pointer) -> Result<u32, Stop> {
    Ok(match named::<U>(process, name)? {
        Named::Number(number) => number.into(),
        Named::Nothing => fail(process, ERROR_INVALID_PARAMETER, 0),
        Named::Text(name) => match process.kernel32.atoms.add(name) {
            Some(atom) => atom.into(),
            None => fail(process, ERROR_NOT_ENOUGH_MEMORY, 0),
        },
    })
}

/// FindAtomA and FindAtomW.
pub fn FindAtom<U: Unit>(process: &mut Process, name: Pointer) -> Result<u32, Stop> {
    let found = match named::<U>(process, name)? {
        Named::Number(number) => Some(number),
        Named::Nothing => None,
        Named::Text(name) => process.kernel32.atoms.find(&name).and_then(atom),
    };
    Ok(found.map_or_else(|| fail(process, ERROR_FILE_NOT_FOUND, 0), u32::from))
}

/// DeleteAtom: 0, or the atom if it is none.
pub fn DeleteAtom(process: &mut Process, atom: u16) -> u32 {
    if atom < FIRST || process.kernel32.atoms.delete(atom) {
        return 0;
    }
    fail(process, ERROR_INVALID_HANDLE, atom.into())
}

/// GetAtomNameA and GetAtomNameW: as much of the name as fits, and a zero.
pub fn GetAtomName<U: Unit>(process: &mut Process, atom: u16, out: Pointer, room: i32) -> Result<u32, Stop> {
    let name = match process.kernel32.atoms.slot(atom) {
        Some(Some(entry)) => entry.name.clone(),
        _ if (1..FIRST).contains(&atom) => format!("#{atom}"),
        _ => return Ok(fail(process, ERROR_INVALID_HANDLE, 0)),
    };
    Ok(put::<U>(&process.machine.memory, out, u32::try_from(room).unwrap_or(0), &name)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_atom_lasts_as_long_as_someone_has_added_it() {
        let mut atoms = Atoms::default();
        let first = atoms.add("-LIBGCCW32-EH".to_owned()).unwrap();
        assert_eq!((first, atoms.add("-libgccw32-eh".to_owned())), (FIRST, Some(first)));
        assert_eq!(atoms.add("other".to_owned()), Some(first + 1));
        assert!(atoms.delete(first) && atoms.find("-LIBGCCW32-EH").is_some());
        assert!(atoms.delete(first) && atoms.find("-LIBGCCW32-EH").is_none() && !atoms.delete(first));
        assert_eq!(atoms.add("third".to_owned()), Some(first));
        assert!(!atoms.delete(7) && !atoms.delete(u16::MAX));
        assert_eq!((0..2000).filter_map(|n| atoms.add(n.to_string())).count(), MOST - 2);
    }
}
