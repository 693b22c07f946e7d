//! The registry's keys and values. It is empty when the process begins, and what the guest puts into it lasts as long as the process.

use std::collections::BTreeMap;

use crate::kernel32::error::{
    ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_KEY_DELETED, ERROR_NOT_ENOUGH_MEMORY,
};

/// How many bytes of names and data are kept; a driver's settings come nowhere near.
const MOST_BYTES: usize = 1 << 20;

/// Where a key is: its root, and the names from there on in lower case, as case makes no difference to the registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path {
    root: u32,
    names: Vec<String>,
}

impl Path {
    /// One of the predefined keys.
    pub fn root(root: u32) -> Self {
        Self { root, names: Vec::new() }
    }

    /// The key at `below`, names with backslashes between them, as seen from this one; itself when there are none.
    pub fn join(&self, below: &str) -> Self {
        let below = below.split('\\').filter(|name| !name.is_empty()).map(str::to_lowercase);
        Self { root: self.root, names: self.names.iter().cloned().chain(below).collect() }
    }

    /// Whether it is one of the predefined keys, which are always there.
    pub fn is_root(&self) -> bool {
        self.names.is_empty()
    }

    fn contains(&self, other: &Self) -> bool {
        other.root == self.root
            && other.names.len() > self.names.len()
            && other.names.starts_with(&self.names)
    }

    fn size(&self) -> usize {
        self.names.iter().map(String::len).sum()
    }
}

/// What a value holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// Its `REG_` type.
    pub kind: u32,
    /// Its bytes; texts are UTF-16.
    pub data: Vec<u8>,
}

/// A key's values by name in lower case.
type Values = BTreeMap<String, Value>;

/// Every key that is there.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    keys: BTreeMap<Path, Values>,
    /// Bytes of all names and data.
    bytes: usize,
}

impl Registry {
    /// Whether a key is there.
    pub fn has(&self, path: &Path) -> bool {
        path.is_root() || self.keys.contains_key(path)
    }

    /// Makes a key, and those above it, unless they are there.
    ///
    /// # Errors
    /// The Win32 code when there is no room.
    pub fn create(&mut self, path: &Path) -> Result<(), u32> {
        for len in 1..=path.names.len() {
            let above = Path { root: path.root, names: path.names.iter().take(len).cloned().collect() };
            if !self.keys.contains_key(&above) {
                self.reserve(above.size())?;
                self.keys.insert(above, Values::new());
            }
        }
        Ok(())
    }

    /// Deletes a key that has none below it, with its values.
    ///
    /// # Errors
    /// The Win32 code when it is not there, is a root, or has keys below it.
    pub fn delete(&mut self, path: &Path) -> Result<(), u32> {
        if path.is_root() || self.keys.keys().any(|other| path.contains(other)) {
            return Err(ERROR_ACCESS_DENIED);
        }
        let values = self.keys.remove(path).ok_or(ERROR_FILE_NOT_FOUND)?;
        self.bytes -= path.size() + values.iter().map(|(name, value)| size(name, value)).sum::<usize>();
        Ok(())
    }

    /// A value of an open key.
    ///
    /// # Errors
    /// The Win32 code when it is not there.
    pub fn value(&self, path: &Path, name: &str) -> Result<&Value, u32> {
        self.open_key(path)?;
        let values = self.keys.get(path);
        values.and_then(|values| values.get(&name.to_lowercase())).ok_or(ERROR_FILE_NOT_FOUND)
    }

    /// Sets a value of an open key, whether it was there or not.
    ///
    /// # Errors
    /// The Win32 code when there is no room.
    pub fn set(&mut self, path: &Path, name: &str, value: Value) -> Result<(), u32> {
        self.open_key(path)?;
        let name = name.to_lowercase();
        // What it replaces makes no room: a registry that full is beyond any use.
        self.reserve(size(&name, &value))?;
        let key = name.clone();
        if let Some(old) = self.keys.entry(path.clone()).or_default().insert(key, value) {
            self.bytes -= size(&name, &old);
        }
        Ok(())
    }

    /// Deletes a value of an open key.
    ///
    /// # Errors
    /// The Win32 code when it is not there.
    pub fn unset(&mut self, path: &Path, name: &str) -> Result<(), u32> {
        self.open_key(path)?;
        let name = name.to_lowercase();
        let values = self.keys.get_mut(path);
        let old = values.and_then(|values| values.remove(&name)).ok_or(ERROR_FILE_NOT_FOUND)?;
        self.bytes -= size(&name, &old);
        Ok(())
    }

    /// A key can be deleted while somebody has it open.
    fn open_key(&self, path: &Path) -> Result<(), u32> {
        if self.has(path) { Ok(()) } else { Err(ERROR_KEY_DELETED) }
    }

    fn reserve(&mut self, bytes: usize) -> Result<(), u32> {
        let sum = self.bytes.saturating_add(bytes);
        if sum > MOST_BYTES {
            return Err(ERROR_NOT_ENOUGH_MEMORY);
        }
        self.bytes = sum;
        Ok(())
    }
}

fn size(name: &str, value: &Value) -> usize {
    name.len() + value.data.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(len: usize) -> Value {
        Value { kind: 3, data: vec![7; len] }
    }

    #[test]
    fn keys_come_with_those_above_and_go_one_by_one() {
        let mut registry = Registry::default();
        let root = Path::root(2);
        let (above, key) = (root.join("Software"), root.join(r"\SOFTWARE\Lame\"));
        assert!(registry.has(&root) && !registry.has(&key));
        registry.create(&key).unwrap();
        assert!(
            registry.has(&above)
                && registry.has(&above.join("LAME"))
                && !registry.has(&Path::root(1).join("software"))
        );
        assert_eq!(registry.delete(&above), Err(ERROR_ACCESS_DENIED));
        assert_eq!(registry.delete(&root), Err(ERROR_ACCESS_DENIED));
        registry.set(&key, "A", value(1)).unwrap();
        assert_eq!((registry.delete(&key), registry.delete(&key)), (Ok(()), Err(ERROR_FILE_NOT_FOUND)));
        assert_eq!(registry.value(&key, "A"), Err(ERROR_KEY_DELETED));
        assert_eq!(registry.set(&key, "A", value(1)), Err(ERROR_KEY_DELETED));
        registry.delete(&above).unwrap();
        assert_eq!(registry.bytes, 0);
    }

    #[test]
    fn values_are_replaced_and_their_number_is_bounded() {
        let mut registry = Registry::default();
        let key = Path::root(1);
        registry.set(&key, "Rate", value(100)).unwrap();
        registry.set(&key, "rATE", value(2)).unwrap();
        assert_eq!(registry.value(&key, "RATE"), Ok(&value(2)));
        assert_eq!(registry.value(&key, ""), Err(ERROR_FILE_NOT_FOUND));
        assert_eq!(registry.set(&key, "big", value(MOST_BYTES)), Err(ERROR_NOT_ENOUGH_MEMORY));
        assert_eq!(registry.bytes, 6);
        registry.unset(&key, "rate").unwrap();
        assert_eq!((registry.unset(&key, "rate"), registry.bytes), (Err(ERROR_FILE_NOT_FOUND), 0));
    }
}
