//! The registry as the host serves it: open keys, and what is asked about them.

use guest::Stop;
use wire::{KeyInfo, RegistryCall, Served, Want};

use super::path::Path;
use crate::abi::{Handle, Pointer};
use crate::files::{Tried, tried};
use crate::kernel32::error::{
    ERROR_ACCESS_DENIED, ERROR_GEN_FAILURE, ERROR_INVALID_HANDLE, ERROR_NOT_ENOUGH_MEMORY,
};
use crate::kernel32::handles::Object;
use crate::process::Process;

/// Rights to a key ("Registry Key Security and Access Rights", MS Learn).
pub(super) const KEY_QUERY_VALUE: u32 = 1;
pub(super) const KEY_SET_VALUE: u32 = 2;
pub(super) const KEY_ENUMERATE_SUB_KEYS: u32 = 8;
pub(super) const KEY_NOTIFY: u32 = 0x10;
const KEY_READ: u32 = 0x2_0019;
const KEY_WRITE: u32 = 0x2_0006;
pub(super) const KEY_ALL_ACCESS: u32 = 0xf_003f;
/// Rights of which every kind of object makes its own ("Access Mask Format", MS Learn).
const GENERIC_READ: u32 = 0x8000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;
const GENERIC_EXECUTE: u32 = 0x2000_0000;
const GENERIC_ALL: u32 = 0x1000_0000;
const MAXIMUM_ALLOWED: u32 = 0x0200_0000;

/// The rights of a key that is opened with these.
fn rights(desired: u32) -> u32 {
    let implied = [
        (GENERIC_READ, KEY_READ),
        (GENERIC_WRITE, KEY_WRITE),
        (GENERIC_EXECUTE, KEY_READ),
        (GENERIC_ALL, KEY_ALL_ACCESS),
        (MAXIMUM_ALLOWED, KEY_ALL_ACCESS),
    ];
    let implied = implied.into_iter().filter(|(generic, _)| desired & generic != 0);
    implied.fold(desired, |rights, (_, own)| rights | own)
}

/// An open key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub path: Path,
    rights: u32,
    /// Whether something was changed through it that may not be in the file yet.
    pub changed: bool,
}

/// A value as the registry has it.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub name: String,
    /// Its `REG_` type.
    pub kind: u32,
    /// Its bytes; texts are UTF-16.
    pub data: Vec<u8>,
}

impl Process {
    /// The key that a handle names.
    pub(super) fn key(&mut self, key: Handle) -> Result<Key, u32> {
        if let Some(predefined) = Path::predefined(key, self.machine.mode()) {
            let path = predefined.ok_or(ERROR_INVALID_HANDLE)?;
            return Ok(Key { path, rights: KEY_ALL_ACCESS, changed: false });
        }
        match self.kernel32.handles.get(key) {
            Some(Object::Key(key)) => Ok(key.clone()),
            _ => Err(ERROR_INVALID_HANDLE),
        }
    }

    /// The path of the key that a handle names, which must have been opened with a right.
    pub(super) fn key_with(&mut self, key: Handle, right: u32) -> Result<Path, u32> {
        let key = self.key(key)?;
        if key.rights & right == right { Ok(key.path) } else { Err(ERROR_ACCESS_DENIED) }
    }

    /// Hands out a handle of a key.
    pub(super) fn hand_out_key(
        &mut self,
        path: Path,
        access: u32,
        changed: bool,
        result: Pointer,
    ) -> Tried<()> {
        let key = Key { path, rights: rights(access), changed };
        let Some(handle) = self.kernel32.handles.insert(Object::Key(key)) else {
            return Ok(Err(ERROR_NOT_ENOUGH_MEMORY));
        };
        self.machine.put_pointer(result.0, handle.0)?;
        Ok(Ok(()))
    }

    /// Notes that something was changed through a handle. A predefined key is never closed, so what is changed through it is made last as if it were.
    pub(super) fn key_changed(&mut self, key: Handle) -> Tried<()> {
        if let Some(Object::Key(key)) = self.kernel32.handles.get(key) {
            key.changed = true;
            return Ok(Ok(()));
        }
        self.registry_done(RegistryCall::Settle)
    }

    /// Asks the host.
    pub(super) fn registry(&mut self, call: RegistryCall) -> Tried<Served> {
        Ok(match self.want(Want::Registry(call))? {
            Served::Failed(code) => Err(code),
            served => Ok(served),
        })
    }

    /// Has the host do something of which only matters whether it is done.
    pub(super) fn registry_done(&mut self, call: RegistryCall) -> Tried<()> {
        Ok(self.registry(call)?.map(|_| ()))
    }

    /// What a key is.
    pub(super) fn look_at_key(&mut self, path: &Path) -> Tried<KeyInfo> {
        match tried!(self.registry(RegistryCall::Look { key: path.text() })) {
            Served::Key(info) => Ok(Ok(info)),
            _ => Ok(Err(ERROR_GEN_FAILURE)),
        }
    }

    /// Makes a key; answers whether it was not there.
    pub(super) fn make_key(&mut self, path: &Path) -> Tried<bool> {
        match tried!(self.registry(RegistryCall::Create { key: path.text() })) {
            Served::Number(made) => Ok(Ok(made != 0)),
            _ => Ok(Err(ERROR_GEN_FAILURE)),
        }
    }

    /// A value, by its name or by its place.
    pub(super) fn value(&mut self, path: &Path, which: Which<'_>) -> Tried<Value> {
        let key = path.text();
        let call = match which {
            Which::Named(name) => RegistryCall::Get { key, name: name.to_owned() },
            Which::At(index) => RegistryCall::Value { key, index },
        };
        match tried!(self.registry(call)) {
            Served::Value { name, kind, data } => Ok(Ok(Value { name, kind, data })),
            _ => Ok(Err(ERROR_GEN_FAILURE)),
        }
    }

    /// The name of a key below another.
    pub(super) fn key_below(&mut self, path: &Path, index: u32) -> Tried<String> {
        match tried!(self.registry(RegistryCall::Below { key: path.text(), index })) {
            Served::Text(name) => Ok(Ok(name)),
            _ => Ok(Err(ERROR_GEN_FAILURE)),
        }
    }

    /// How often a key has changed.
    pub(super) fn key_changes(&mut self, path: &Path, tree: bool) -> Tried<u64> {
        match tried!(self.registry(RegistryCall::Changes { key: path.text(), tree })) {
            Served::Number(changes) => Ok(Ok(changes)),
            _ => Ok(Err(ERROR_GEN_FAILURE)),
        }
    }

    /// What RegCloseKey and CloseHandle do with a key: what was changed through it is made last.
    pub(crate) fn close_key(&mut self, key: Handle) -> Result<u32, Stop> {
        let open = match self.key(key) {
            Ok(open) => open,
            Err(code) => return Ok(code),
        };
        self.kernel32.handles.remove(key);
        super::notify::closed(self, key);
        if !open.changed {
            return Ok(0);
        }
        // The handle is gone, whatever the host says.
        Ok(self.registry_done(RegistryCall::Settle)?.err().unwrap_or(0))
    }
}

/// How a value is named.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which<'n> {
    Named(&'n str),
    At(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generic_rights_are_those_of_keys() {
        assert_eq!(rights(GENERIC_READ) & 0xf_ffff, KEY_READ);
        assert_eq!(rights(MAXIMUM_ALLOWED) & KEY_ALL_ACCESS, KEY_ALL_ACCESS);
        assert_eq!(rights(GENERIC_WRITE) & KEY_QUERY_VALUE, 0);
        assert_eq!(rights(KEY_READ), KEY_READ);
    }
}
