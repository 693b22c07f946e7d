//! Keys and values in memory.

use std::collections::BTreeMap;

use super::{REG_DWORD, REG_SZ};

/// What a value holds. A kind and its bytes have one form only, so that equal data compare equal: see [`Data::new`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Data {
    /// A REG_SZ that is one text, without NUL.
    String(String),
    /// A REG_DWORD of four bytes.
    Dword(u32),
    /// Anything else, as its bytes are.
    Other {
        /// `REG_` number.
        kind: u32,
        bytes: Vec<u8>,
    },
}

impl Data {
    /// The data of a kind with these bytes; text is UTF-16, little-endian.
    pub fn new(kind: u32, bytes: Vec<u8>) -> Self {
        let known = match kind {
            REG_SZ => text(&bytes).map(Self::String),
            REG_DWORD => <[u8; 4]>::try_from(bytes.as_slice()).ok().map(u32::from_le_bytes).map(Self::Dword),
            _ => None,
        };
        known.unwrap_or(Self::Other { kind, bytes })
    }

    /// A REG_SZ.
    pub fn string(text: &str) -> Self {
        Self::units(REG_SZ, text.encode_utf16())
    }

    /// Text of a kind, with the NUL that ends it added.
    pub fn units(kind: u32, units: impl Iterator<Item = u16>) -> Self {
        Self::new(kind, units.chain([0]).flat_map(u16::to_le_bytes).collect())
    }

    /// Its `REG_` number.
    pub fn kind(&self) -> u32 {
        match self {
            Self::String(_) => REG_SZ,
            Self::Dword(_) => REG_DWORD,
            Self::Other { kind, .. } => *kind,
        }
    }

    /// Its bytes; text is UTF-16, little-endian, with its NUL.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::String(text) => text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect(),
            Self::Dword(number) => number.to_le_bytes().to_vec(),
            Self::Other { bytes, .. } => bytes.clone(),
        }
    }

    /// How many [`bytes`](Self::bytes) it has at most.
    fn size(&self) -> usize {
        match self {
            Self::String(text) => 2 * text.len(),
            Self::Dword(_) => 4,
            Self::Other { bytes, .. } => bytes.len(),
        }
    }

    /// The text of a REG_SZ.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }
}

/// The text in the bytes of a REG_SZ, if they are exactly that and the NUL that ends it.
fn text(bytes: &[u8]) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let (0, text) = units.split_last()? else { return None };
    (rest.is_empty() && !text.contains(&0)).then(|| String::from_utf16(text).ok())?
}

/// A key: its name as it was first written, and its values by lower-case name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Key {
    name: String,
    values: BTreeMap<String, (String, Data)>,
}

/// Keys by lower-case path, roots spelled out: `hkey_local_machine\software\...`. Names have no case (C035).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hive {
    keys: BTreeMap<String, Key>,
    /// What [`size`](Self::size) answers.
    size: usize,
}

/// What each key and each value counts for besides its names and data: about what it takes in memory.
const OVERHEAD: usize = 64;

fn size_of(name: &str, data: &Data) -> usize {
    OVERHEAD + name.len() + data.size()
}

impl Hive {
    /// Makes a key unless it is there.
    pub fn add_key(&mut self, path: &str) {
        self.key(path);
    }

    fn key(&mut self, path: &str) -> &mut Key {
        let size = &mut self.size;
        self.keys.entry(path.to_lowercase()).or_insert_with(|| {
            *size += OVERHEAD + path.len();
            Key { name: path.to_owned(), values: BTreeMap::new() }
        })
    }

    /// Sets a value, and makes its key if need be. The name "" is that of the key's default value.
    pub fn set(&mut self, path: &str, name: &str, data: Data) {
        let added = size_of(name, &data);
        let before = self.key(path).values.insert(name.to_lowercase(), (name.to_owned(), data));
        let gone = before.map_or(0, |(name, data)| size_of(&name, &data));
        self.size = (self.size + added).saturating_sub(gone);
    }

    /// A value's data.
    pub fn get(&self, path: &str, name: &str) -> Option<&Data> {
        self.value(path, name).map(|(_, data)| data)
    }

    /// A value's name as it was written last, and its data.
    pub fn value(&self, path: &str, name: &str) -> Option<(&str, &Data)> {
        let (name, data) = self.keys.get(&path.to_lowercase())?.values.get(&name.to_lowercase())?;
        Some((name, data))
    }

    /// Deletes a value; one that is not there stays away.
    pub fn delete(&mut self, path: &str, name: &str) {
        let key = self.keys.get_mut(&path.to_lowercase());
        if let Some((name, data)) = key.and_then(|key| key.values.remove(&name.to_lowercase())) {
            self.size = self.size.saturating_sub(size_of(&name, &data));
        }
    }

    /// Deletes a key and all below it.
    pub fn delete_key(&mut self, path: &str) {
        let path = path.to_lowercase();
        let below = format!("{path}\\");
        // `]` is the character after the backslash: everything before it begins with `below`.
        let deep = self.keys.range(below..format!("{path}]")).map(|(key, _)| key.clone());
        let doomed: Vec<String> = deep.chain([path]).collect();
        for key in doomed.iter().filter_map(|key| self.keys.remove(key)) {
            let values: usize = key.values.values().map(|(name, data)| size_of(name, data)).sum();
            self.size = self.size.saturating_sub(OVERHEAD + key.name.len() + values);
        }
    }

    /// Whether a key is there: by itself, or because one below it is.
    pub fn has(&self, path: &str) -> bool {
        self.keys.contains_key(&path.to_lowercase()) || self.deep(path).next().is_some()
    }

    /// The names of the keys directly below one, in order.
    pub fn below(&self, path: &str) -> Vec<&str> {
        let depth = path.split('\\').count();
        let mut names: Vec<&str> = Vec::new();
        for name in self.deep(path).filter_map(|key| key.name.split('\\').nth(depth)) {
            // Keys with one beginning are neighbours.
            if names.last().is_none_or(|last| last.to_lowercase() != name.to_lowercase()) {
                names.push(name);
            }
        }
        names
    }

    /// The paths of all keys below one, however deep, as they were first written.
    pub fn all_below(&self, path: &str) -> impl Iterator<Item = &str> {
        self.deep(path).map(|key| key.name.as_str())
    }

    /// All keys below one, however deep.
    fn deep(&self, path: &str) -> impl Iterator<Item = &Key> {
        let path = path.to_lowercase();
        // `]` is the character after the backslash: everything before it begins with what stands before that.
        self.keys.range(format!("{path}\\")..format!("{path}]")).map(|(_, key)| key)
    }

    /// About how many bytes all of it takes in memory.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Every key's path, as it was first written.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.values().map(|key| key.name.as_str())
    }

    /// The values of a key, by name.
    pub fn values(&self, path: &str) -> impl Iterator<Item = (&str, &Data)> {
        let key = self.keys.get(&path.to_lowercase());
        key.into_iter().flat_map(|key| key.values.values().map(|(name, data)| (name.as_str(), data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_case_and_keep_their_first_spelling() {
        let mut hive = Hive::default();
        hive.set("HKEY_CURRENT_USER\\Software", "Name", Data::string("a"));
        hive.set("hkey_current_user\\software", "NAME", Data::string("b"));
        assert_eq!(hive.keys().collect::<Vec<_>>(), ["HKEY_CURRENT_USER\\Software"]);
        let found: Vec<_> = hive.values("HKEY_CURRENT_USER\\SOFTWARE").collect();
        assert_eq!(found, [("NAME", &Data::String("b".into()))]);
        hive.delete("HKEY_CURRENT_USER\\software", "name");
        assert_eq!(hive.get("HKEY_CURRENT_USER\\software", "name"), None);
    }

    #[test]
    fn a_key_goes_with_all_below_it_and_no_other() {
        let mut hive = Hive::default();
        ["R\\a", "R\\a\\b", "R\\a\\b\\c", "R\\a b", "R\\ab"].into_iter().for_each(|key| hive.add_key(key));
        hive.delete_key("r\\A");
        assert_eq!(hive.keys().collect::<Vec<_>>(), ["R\\a b", "R\\ab"]);
    }

    #[test]
    fn keys_below_are_told_once_and_in_order() {
        let mut hive = Hive::default();
        ["R\\a\\X\\1", "R\\a\\x\\2", "R\\a\\b", "R\\ab"].into_iter().for_each(|key| hive.add_key(key));
        assert_eq!(hive.below("r\\A"), ["b", "X"]);
        assert_eq!(hive.below("R"), ["a", "ab"]);
        assert!(hive.has("R\\A\\X") && hive.has("r") && !hive.has("R\\a\\y") && !hive.has("R\\a\\X\\1\\2"));
        hive.set("R\\ab", "n", Data::Dword(7));
        hive.set("R\\AB", "N", Data::Dword(8));
        assert_eq!(hive.size(), 7 + 7 + 5 + 4 + 1 + 4 + 5 * OVERHEAD);
        hive.delete("r\\ab", "n");
        hive.delete("r\\ab", "n");
        assert_eq!(hive.size(), 7 + 7 + 5 + 4 + 4 * OVERHEAD);
        hive.set("R\\ab", "n", Data::string("a"));
        ["R\\a", "R\\ab"].into_iter().for_each(|key| hive.delete_key(key));
        assert_eq!(hive, Hive::default());
        assert_eq!((Data::string("a").kind(), Data::string("a").bytes()), (REG_SZ, b"a\0\0\0".to_vec()));
    }

    #[test]
    fn equal_bytes_have_one_form() {
        assert_eq!(Data::new(REG_SZ, b"a\0\0\0".to_vec()), Data::String("a".into()));
        for other in [&b""[..], b"a\0", b"a\0\0\0\0\0", b"a\0\0\0\0", b"\0\xD8\0\0"] {
            assert_eq!(
                Data::new(REG_SZ, other.to_vec()),
                Data::Other { kind: REG_SZ, bytes: other.to_vec() }
            );
        }
        assert_eq!(Data::new(REG_DWORD, vec![1, 2, 0, 0]), Data::Dword(0x201));
        assert_eq!(Data::new(REG_DWORD, vec![1]), Data::Other { kind: REG_DWORD, bytes: vec![1] });
    }
}
