//! Where keys are: roots, names, and the view that 32-bit code has of the 64-bit registry.
//!
//! That view is Windows' ("Registry Redirector", MS Learn) in one thing: what lies in `HKEY_LOCAL_MACHINE\SOFTWARE` lies for 32-bit code in
//! `HKEY_LOCAL_MACHINE\SOFTWARE\Wow6432Node`, unless a key is opened for the other view. Windows has some keys there that both views share, such as
//! most of `Classes`; here there are none.

use guest::Mode;

use crate::abi::Handle;
use crate::kernel32::error::ERROR_INVALID_PARAMETER;

/// The predefined keys, from HKEY_CLASSES_ROOT on ("Predefined Keys", MS Learn): which root each is, and what it is in there. Performance data
/// is not kept, so HKEY_PERFORMANCE_DATA and HKEY_DYN_DATA are no keys.
const ROOTS: [Option<(&str, &str)>; 7] = [
    Some((MACHINE, r"SOFTWARE\Classes")),
    Some(("HKEY_CURRENT_USER", "")),
    Some((MACHINE, "")),
    Some(("HKEY_USERS", "")),
    None,
    Some(("HKEY_CURRENT_CONFIG", "")),
    None,
];
const FIRST_ROOT: u32 = 0x8000_0000;

const MACHINE: &str = "HKEY_LOCAL_MACHINE";
const SOFTWARE: &str = "SOFTWARE";
const NODE: &str = "Wow6432Node";

/// Flags by which a key is opened for a view, whoever opens it.
pub(super) const KEY_WOW64_64KEY: u32 = 0x100;
pub(super) const KEY_WOW64_32KEY: u32 = 0x200;

/// Whose view of the registry a key is opened in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// That of 32-bit code.
    Narrow,
    /// That of 64-bit code, which is the registry as it is.
    Wide,
}

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    /// Its path as the host knows it.
    text: String,
    view: View,
}

impl Path {
    /// The predefined key that a handle is; `Some(None)` for one that is not kept. These handles are negative numbers of 32 bits.
    pub fn predefined(handle: Handle, mode: Mode) -> Option<Option<Self>> {
        let number = i32::try_from(handle.0.cast_signed()).ok()?.cast_unsigned();
        let index = usize::try_from(number.checked_sub(FIRST_ROOT)?).ok()?;
        let view = match mode {
            Mode::I386 => View::Narrow,
            Mode::X86_64 => View::Wide,
        };
        let place = ROOTS.get(index)?;
        Some(place.map(|(root, below)| Self { text: root.to_owned(), view }.joined(below)))
    }

    /// The key at `below`, names with backslashes between them, as seen from this one; itself when there are none. `access` may say whose view
    /// it is opened in, and else that is this one's. What is between two backslashes that follow each other counts for nothing.
    ///
    /// # Errors
    /// ERROR_INVALID_PARAMETER for both views at once.
    pub fn join(&self, below: &str, access: u32) -> Result<Self, u32> {
        let view = match access & (KEY_WOW64_32KEY | KEY_WOW64_64KEY) {
            0 => self.view,
            KEY_WOW64_32KEY => View::Narrow,
            KEY_WOW64_64KEY => View::Wide,
            _ => return Err(ERROR_INVALID_PARAMETER),
        };
        Ok(Self { text: self.text.clone(), view }.joined(below))
    }

    fn joined(self, below: &str) -> Self {
        let is = |name: Option<&&str>, known: &str| name.is_some_and(|name| name.eq_ignore_ascii_case(known));
        let mut names: Vec<&str> = self.text.split('\\').collect();
        let own = names.len();
        names.extend(below.split('\\').filter(|name| !name.is_empty()));
        // Whoever is in it already stays where he is.
        let enters = own <= 2 && is(names.first(), MACHINE) && is(names.get(1), SOFTWARE);
        if self.view == View::Narrow && enters && !is(names.get(2), NODE) {
            names.insert(2, NODE);
        }
        // Seen from there, it is the same once more.
        let inside = is(names.first(), MACHINE) && is(names.get(1), SOFTWARE) && is(names.get(2), NODE);
        if self.view == View::Narrow && inside && is(names.get(3), NODE) {
            names.remove(3);
        }
        Self { text: names.join("\\"), view: self.view }
    }

    /// As the host is told.
    pub fn text(&self) -> String {
        self.text.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(number: u64, mode: Mode) -> Path {
        Path::predefined(Handle(0xffff_ffff_8000_0000 + number), mode).unwrap().unwrap()
    }

    #[test]
    fn predefined_keys_are_negative_numbers() {
        assert_eq!(root(1, Mode::I386).text(), "HKEY_CURRENT_USER");
        assert_eq!(root(0, Mode::X86_64).text(), r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes");
        assert_eq!(root(0, Mode::I386).text(), r"HKEY_LOCAL_MACHINE\SOFTWARE\Wow6432Node\Classes");
        for none in [4, 6] {
            assert_eq!(
                Path::predefined(Handle(0xffff_ffff_8000_0000 + none), Mode::I386),
                Some(None),
                "{none}"
            );
        }
        for other in [0, 4, 0x8000_0001, u64::MAX, 0xffff_ffff_8000_0007] {
            assert_eq!(Path::predefined(Handle(other), Mode::X86_64), None, "{other:x}");
        }
    }

    #[test]
    fn names_are_joined_and_empty_ones_left_out() {
        let user = root(1, Mode::X86_64);
        let key = user.join(r"\Software\\Synth\", 0).unwrap();
        assert_eq!(key.text(), r"HKEY_CURRENT_USER\Software\Synth");
        assert_eq!(key.join("", 0).unwrap(), key);
        assert_eq!(key.join("x", 0x300), Err(ERROR_INVALID_PARAMETER));
    }

    #[test]
    fn narrow_code_sees_a_node_of_its_own() {
        let (narrow, wide) = (root(2, Mode::I386), root(2, Mode::X86_64));
        let of = |path: &Path, below, access| path.join(below, access).unwrap().text();
        let inside = r"HKEY_LOCAL_MACHINE\software\Wow6432Node\X";
        assert_eq!(of(&narrow, r"software\X", 0), inside);
        assert_eq!(of(&narrow, r"software\Wow6432Node\X", 0), inside);
        assert_eq!(of(&wide, r"software\X", KEY_WOW64_32KEY), inside);
        assert_eq!(of(&wide, r"software\Wow6432Node\X", 0), inside);
        assert_eq!(of(&wide, r"software\X", 0), r"HKEY_LOCAL_MACHINE\software\X");
        assert_eq!(of(&narrow, r"software\X", KEY_WOW64_64KEY), r"HKEY_LOCAL_MACHINE\software\X");
        assert_eq!(of(&narrow, r"SYSTEM\X", 0), r"HKEY_LOCAL_MACHINE\SYSTEM\X");
        assert_eq!(of(&root(1, Mode::I386), r"software\X", 0), r"HKEY_CURRENT_USER\software\X");
        // Step by step it is the same.
        let software = narrow.join("software", 0).unwrap();
        assert_eq!(of(&software, "X", 0), inside);
        assert_eq!(of(&software, r"wow6432node\X", 0), inside);
        assert_eq!(of(&software.join("X", 0).unwrap(), "Y", 0), format!(r"{inside}\Y"));
        // What was opened for the other view stays in it.
        let other = narrow.join("software", KEY_WOW64_64KEY).unwrap();
        assert_eq!(of(&other, "X", 0), r"HKEY_LOCAL_MACHINE\software\X");
        assert_eq!(of(&other, "X", KEY_WOW64_32KEY), inside);
    }
}
