//! A registry that stands in for the host's.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use wire::{KeyInfo, RegistryCall, Served, Want};

const ERROR_FILE_NOT_FOUND: u32 = 2;
const ERROR_NO_MORE_ITEMS: u32 = 259;
const ERROR_KEY_DELETED: u32 = 1018;
const ERROR_KEY_HAS_CHILDREN: u32 = 1020;

/// A key's values by name in lower case: name, type, data.
type Values = BTreeMap<String, (String, u32, Vec<u8>)>;

/// What it holds, and how often it was made last.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// By path in lower case: the path, and its values. Every key has those above it here.
    pub keys: BTreeMap<String, (String, Values)>,
    pub flushed: u32,
    changed: u64,
}

impl Kept {
    fn below(&self, key: &str) -> Vec<&str> {
        let below = format!("{}\\", key.to_lowercase());
        let direct = |path: &&String| path.strip_prefix(&below).is_some_and(|name| !name.contains('\\'));
        let found = self.keys.iter().filter(|(path, _)| direct(path));
        found.filter_map(|(_, (path, _))| path.get(below.len()..)).collect()
    }

    fn values(&mut self, key: &str) -> Result<&mut Values, Served> {
        let found = self.keys.get_mut(&key.to_lowercase()).map(|(_, values)| values);
        found.ok_or(Served::Failed(ERROR_KEY_DELETED))
    }

    fn create(&mut self, key: &str) -> Served {
        let made = !self.keys.contains_key(&key.to_lowercase());
        let mut path = String::new();
        for name in key.split('\\') {
            path += &format!("{}{name}", if path.is_empty() { "" } else { "\\" });
            self.keys.entry(path.to_lowercase()).or_insert_with(|| (path.clone(), Values::new()));
        }
        Served::Number(made.into())
    }

    fn info(&mut self, key: &str) -> Result<KeyInfo, Served> {
        let count = |count: usize| u32::try_from(count).unwrap();
        let values = self.values(key).map_err(|_| Served::Failed(ERROR_FILE_NOT_FOUND))?;
        let mut info = KeyInfo {
            values: count(values.len()),
            longest_name: count(values.keys().map(String::len).max().unwrap_or(0)),
            longest_data: count(values.values().map(|(_, _, data)| data.len()).max().unwrap_or(0)),
            ..KeyInfo::default()
        };
        let below = self.below(key);
        info.keys = count(below.len());
        info.longest_key = count(below.iter().map(|name| name.len()).max().unwrap_or(0));
        Ok(info)
    }

    fn serve(&mut self, call: &RegistryCall) -> Result<Served, Served> {
        let value = |(name, kind, data): &(String, u32, Vec<u8>)| Served::Value {
            name: name.clone(),
            kind: *kind,
            data: data.clone(),
        };
        self.changed += 1;
        match call {
            RegistryCall::Look { key } => self.info(key).map(Served::Key),
            RegistryCall::Create { key } => Ok(self.create(key)),
            RegistryCall::Delete { key, tree } => {
                self.values(key).map_err(|_| Served::Failed(ERROR_FILE_NOT_FOUND))?;
                if !tree && !self.below(key).is_empty() {
                    return Err(Served::Failed(ERROR_KEY_HAS_CHILDREN));
                }
                let (key, below) = (key.to_lowercase(), format!("{}\\", key.to_lowercase()));
                self.keys.retain(|path, _| *path != key && !path.starts_with(&below));
                Ok(Served::Done)
            }
            RegistryCall::Below { key, index } => {
                self.values(key)?;
                let name = self.below(key).get(*index as usize).map(|&name| name.to_owned());
                name.map(Served::Text).ok_or(Served::Failed(ERROR_NO_MORE_ITEMS))
            }
            RegistryCall::Get { key, name } => {
                let found = self.values(key)?.get(&name.to_lowercase()).map(value);
                found.ok_or(Served::Failed(ERROR_FILE_NOT_FOUND))
            }
            RegistryCall::Value { key, index } => {
                let found = self.values(key)?.values().nth(*index as usize).map(value);
                found.ok_or(Served::Failed(ERROR_NO_MORE_ITEMS))
            }
            RegistryCall::Set { key, name, kind, data } => {
                self.values(key)?.insert(name.to_lowercase(), (name.clone(), *kind, data.clone()));
                Ok(Served::Done)
            }
            RegistryCall::Unset { key, name } => {
                let gone = self.values(key)?.remove(&name.to_lowercase());
                gone.map(|_| Served::Done).ok_or(Served::Failed(ERROR_FILE_NOT_FOUND))
            }
            RegistryCall::Flush | RegistryCall::Settle => {
                self.flushed += 1;
                Ok(Served::Done)
            }
            // The question alone counts: the next answer differs.
            RegistryCall::Changes { .. } => Ok(Served::Number(self.changed)),
        }
    }
}

/// A registry with its roots, and what serves wants from it.
pub(super) fn host() -> (Rc<RefCell<Kept>>, impl FnMut(&Want) -> Served + 'static) {
    let mut kept = Kept::default();
    for root in ["HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER", "HKEY_USERS"] {
        kept.create(root);
    }
    let kept = Rc::new(RefCell::new(kept));
    let own = Rc::clone(&kept);
    let serve = move |want: &Want| match want {
        Want::Registry(call) => own.borrow_mut().serve(call).unwrap_or_else(|failed| failed),
        _ => Served::Failed(ERROR_FILE_NOT_FOUND),
    };
    (kept, serve)
}
