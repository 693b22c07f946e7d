//! Resources of loaded images, found in guest memory, where the guest finds them too ("The .rsrc Section", PE format, MS Learn).

use guest::{Machine, Stop, Violation};

use crate::abi::Pointer;
use crate::kernel32::codepage::{Unit, text};
use crate::process::{Process, still_wanted};

/// Types of resources.
pub(crate) const RT_BITMAP: u16 = 2;
pub(crate) const RT_MENU: u16 = 4;
pub(crate) const RT_DIALOG: u16 = 5;
pub(crate) const RT_MESSAGETABLE: u16 = 11;
pub(crate) const RT_GROUP_CURSOR: u16 = 12;
pub(crate) const RT_GROUP_ICON: u16 = 14;
pub(crate) const RT_VERSION: u16 = 16;

/// What a resource or a type of resources is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Id(u16),
    Text(String),
}

impl Name {
    /// The name at an address, or the number that it is itself; `#` and digits are a number, too.
    pub fn read<U: Unit>(machine: &Machine, at: Pointer) -> Result<Self, Stop> {
        if let Ok(id) = u16::try_from(at.0) {
            return Ok(Self::Id(id));
        }
        let name = text::<U>(machine, at)?;
        let number = name.strip_prefix('#').and_then(|digits| digits.parse().ok());
        Ok(number.map_or(Self::Text(name), Self::Id))
    }
}

/// A resource: where its data lies, and how many bytes of it there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resource {
    pub at: Pointer,
    pub size: u32,
}

/// The languages to look for, in this order: neutral, US English, any.
pub(crate) const LANGUAGES: [Option<u16>; 3] = [Some(0), Some(0x0409), None];

/// What marks an offset as that of a directory, and a name as one of text.
const HIGH: u32 = 1 << 31;

/// What of a resource is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Module,
    Tree,
    Type,
    Name,
    Language,
}

/// The resource of a module with this type and name; NULL is the module that counts as the program. `None` for a tree that is damaged as well.
pub(crate) fn find(
    process: &Process,
    module: Pointer,
    kind: &Name,
    name: &Name,
) -> Result<Option<Resource>, Stop> {
    match leaf(process, module, kind, name, &LANGUAGES)? {
        Ok(leaf) => Ok(resource(process, module, leaf)),
        Err(_) => Ok(None),
    }
}

/// Where the entry of a resource's data is (IMAGE_RESOURCE_DATA_ENTRY), in the first of these languages that there is, `None` being any.
pub(crate) fn leaf(
    process: &Process,
    module: Pointer,
    kind: &Name,
    name: &Name,
    languages: &[Option<u16>],
) -> Result<Result<Pointer, Missing>, Stop> {
    let Some(image) = process.image(module) else { return Ok(Err(Missing::Module)) };
    let machine = &process.machine;
    let found = (|| {
        let Some(root) = root(machine, image.base)? else { return Ok(Err(Missing::Tree)) };
        let Some(names) = entry(machine, root, root, |entry| is(machine, root, entry, kind))? else {
            return Ok(Err(Missing::Type));
        };
        let Some(all) = entry(machine, root, names, |entry| is(machine, root, entry, name))? else {
            return Ok(Err(Missing::Name));
        };
        for language in languages {
            let wanted = |id: u32| Ok(language.is_none_or(|language| id == u32::from(language)));
            if let Some(leaf) = entry(machine, root, all, wanted)? {
                return Ok(Ok(leaf));
            }
        }
        Ok(Err(Missing::Language))
    })();
    damaged(found, Err(Missing::Tree))
}

/// What a search found; the last if the tree leads out of memory.
fn damaged<T>(found: Result<T, Stop>, otherwise: T) -> Result<T, Stop> {
    match found {
        Err(Stop::Kind(guest::FaultKind::AccessViolation { .. })) => Ok(otherwise),
        found => found,
    }
}

/// The data that an entry leads to, if all of it is inside of the module.
pub(crate) fn resource(process: &Process, module: Pointer, leaf: Pointer) -> Option<Resource> {
    let image = process.image(module)?;
    let range = image.range();
    let at = image.base.saturating_add(number(&process.machine, leaf).ok()?.into());
    let size = number(&process.machine, leaf.at(4)).ok()?;
    let fits = range.contains(&at) && u64::from(size) <= range.end - at;
    fits.then_some(Resource { at: Pointer(at), size })
}

/// The names of all resources of a type, or for `None` of all types, in the tree's order.
pub(crate) fn names(
    process: &Process,
    module: Pointer,
    kind: Option<&Name>,
) -> Result<Result<Vec<Name>, Missing>, Stop> {
    let Some(image) = process.image(module) else { return Ok(Err(Missing::Module)) };
    let machine = &process.machine;
    let found = (|| {
        let Some(root) = root(machine, image.base)? else { return Ok(Err(Missing::Tree)) };
        let directory = match kind {
            None => Some(root),
            Some(kind) => entry(machine, root, root, |entry| is(machine, root, entry, kind))?,
        };
        let Some(directory) = directory else { return Ok(Err(Missing::Type)) };
        let mut entries = Vec::new();
        entry(machine, root, directory, |entry| {
            entries.push(entry);
            Ok(false)
        })?;
        let named = |entry| match u16::try_from(entry) {
            Ok(id) => Ok(Name::Id(id)),
            Err(_) => name_at(machine, root, entry).map(Name::Text),
        };
        Ok(Ok(entries.into_iter().map(named).collect::<Result<_, Stop>>()?))
    })();
    damaged(found, Err(Missing::Tree))
}

/// The text that an entry is named by.
fn name_at(machine: &Machine, root: Pointer, entry: u32) -> Result<String, Stop> {
    let at = root.at(u64::from(entry & !HIGH));
    let mut bytes = vec![0; 2 * usize::from(half(machine, at)?)];
    machine.memory.read(at.at(2).0, &mut bytes)?;
    let units: Vec<u16> = bytes.as_chunks().0.iter().map(|&unit| u16::from_le_bytes(unit)).collect();
    Ok(String::from_utf16_lossy(&units))
}

fn number(machine: &Machine, at: Pointer) -> Result<u32, Violation> {
    machine.memory.array(at.0).map(u32::from_le_bytes)
}

fn half(machine: &Machine, at: Pointer) -> Result<u16, Violation> {
    machine.memory.array(at.0).map(u16::from_le_bytes)
}

/// Where an image's resource tree begins.
fn root(machine: &Machine, base: u64) -> Result<Option<Pointer>, Violation> {
    const E_LFANEW: u64 = 0x3c;
    /// The optional header's place behind the signature and the file header.
    const OPTIONAL: u64 = 24;
    const PE32_PLUS: u16 = 0x20b;
    let header = base + u64::from(number(machine, Pointer(base + E_LFANEW))?) + OPTIONAL;
    let directories = header + if half(machine, Pointer(header))? == PE32_PLUS { 112 } else { 96 };
    // The third directory of the image's.
    let rva = number(machine, Pointer(directories + 2 * 8))?;
    Ok((rva != 0).then(|| Pointer(base + u64::from(rva))))
}

/// Where the first entry of a directory leads that is wanted by its name or number.
fn entry(
    machine: &Machine,
    root: Pointer,
    directory: Pointer,
    mut wanted: impl FnMut(u32) -> Result<bool, Stop>,
) -> Result<Option<Pointer>, Stop> {
    let count = u64::from(half(machine, directory.at(12))?) + u64::from(half(machine, directory.at(14))?);
    for index in 0..count {
        still_wanted(machine)?;
        let at = directory.at(16 + 8 * index);
        if wanted(number(machine, at)?)? {
            let offset = number(machine, at.at(4))?;
            return Ok(Some(root.at(u64::from(offset & !HIGH))));
        }
    }
    Ok(None)
}

/// Whether an entry has a name.
fn is(machine: &Machine, root: Pointer, entry: u32, name: &Name) -> Result<bool, Stop> {
    match name {
        Name::Id(id) => Ok(entry == u32::from(*id)),
        Name::Text(_) if entry & HIGH == 0 => Ok(false),
        Name::Text(name) => Ok(name_at(machine, root, entry)?.to_uppercase() == name.to_uppercase()),
    }
}
