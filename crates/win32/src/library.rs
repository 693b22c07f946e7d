//! The lists of shims, by library.

use std::borrow::Cow;

use guest::{Arguments, Return, Stop, Value};
use wire::channel::Name;

use crate::abi::Pointer;
use crate::process::Process;

/// One function that the guest can import.
#[derive(Clone, Copy)]
pub struct Shim {
    /// Its exported name.
    pub name: &'static str,
    /// The page that documents it.
    pub source: &'static str,
    /// How many slots its arguments take off an i386 guest's stack; `None` if only the caller knows.
    pub(crate) slots: Option<u32>,
    /// The function, by what all have in common: its signature is known only to this.
    pub(crate) serve: fn(&mut Process, Arguments) -> Result<Value, Stop>,
}

/// One variable that the guest can import: its address, which is what `&` gives in C.
#[derive(Clone, Copy)]
pub struct Variable {
    /// Its exported name.
    pub name: &'static str,
    /// The page that documents it.
    pub source: &'static str,
    /// Where it lies.
    pub(crate) address: fn(&mut Process) -> Pointer,
}

/// Who takes a function's arguments off an i386 guest's stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// `__stdcall`, the convention of Win32: the function, unless their number varies.
    Stdcall,
    /// `__cdecl`, the convention of the C library: its caller.
    Cdecl,
}

/// A library that the guest can import from.
#[derive(Clone, Copy)]
pub struct Library {
    /// Its file names: the first is its own, the others export the same functions.
    pub names: &'static [&'static str],
    /// How its functions are called on i386.
    pub convention: Convention,
    /// What comes before every shim's `source`.
    pub base: &'static str,
    /// Its functions.
    pub shims: &'static [Shim],
    /// Its variables.
    pub variables: &'static [Variable],
}

/// Every library.
#[must_use]
pub fn libraries() -> &'static [Library] {
    &[
        crate::kernel32::LIBRARY,
        crate::crt::UCRT,
        crate::crt::LIBRARY,
        crate::crt::NTDLL,
        crate::kernel32::NTDLL,
        crate::user32::LIBRARY,
        crate::advapi32::LIBRARY,
        crate::version::LIBRARY,
        crate::winmm::LIBRARY,
        crate::gdi32::LIBRARY,
        crate::comctl32::LIBRARY,
        crate::comdlg32::LIBRARY,
        crate::shell32::LIBRARY,
        crate::shell32::URL,
        crate::ole32::LIBRARY,
        crate::shlwapi::LIBRARY,
    ]
}

/// Declares a library: its calling convention, its names, where its documentation is, a line for each function, then a line with `&` for each
/// variable, of which a function answers the address. The exported name is the function's own, unless `as "name"` gives another. A function that
/// is the same for bytes and for UTF-16 is one generic function in two lines.
macro_rules! library {
    (@name $function:ident) => { stringify!($function) };
    (@name $head:ident :: $($rest:tt)+) => { library!(@name $($rest)+) };
    ($(#[$meta:meta])* $library:ident, $convention:ident, [$($name:literal),+], $base:literal;
     $($($path:ident)::+ $(<$unit:ident>)? $(as $export:literal)?, $source:literal;)*
     $(&$($variable:ident)::+ $(as $variable_export:literal)?, $variable_source:literal;)*) => {
        $(#[$meta])*
        pub(crate) const $library: crate::library::Library = crate::library::Library {
            names: &[$($name),+],
            convention: crate::library::Convention::$convention,
            base: $base,
            shims: &[$(crate::library::Shim {
                name: library!(@export $($export)?, $($path)::+),
                source: $source,
                slots: crate::abi::slots(&$($path)::+ $(::<$unit>)?),
                serve: |process, arguments| {
                    crate::abi::Serve::serve($($path)::+ $(::<$unit>)?, process, arguments)
                },
            }),*],
            variables: &[$(crate::library::Variable {
                name: library!(@export $($variable_export)?, $($variable)::+),
                source: $variable_source,
                address: $($variable)::+,
            }),*],
        };
    };
    (@export , $($path:tt)+) => { library!(@name $($path)+) };
    (@export $export:literal, $($path:tt)+) => { $export };
}

/// Lists of functions as one.
pub(crate) const fn joined<const N: usize, T: Copy>(lists: &[&[T]], any: T) -> [T; N] {
    let mut all = [any; N];
    let (mut list, mut at) = (0, 0);
    while list < lists.len() {
        let mut index = 0;
        while index < lists[list].len() {
            all[at] = lists[list][index];
            at += 1;
            index += 1;
        }
        list += 1;
    }
    all
}

/// What a thunk stands for: a shim, or a name that nobody supplies.
pub(crate) struct Entry {
    library: Cow<'static, str>,
    function: Cow<'static, str>,
    pub shim: Option<&'static Shim>,
    /// How many slots it takes off an i386 guest's stack.
    popped: u32,
    /// `library!function` as the channel carries it; all zero until the guest gets the address.
    pub noted: Name,
}

impl Entry {
    pub fn supplied(library: &'static Library, shim: &'static Shim) -> Self {
        let popped = match library.convention {
            Convention::Stdcall => shim.slots.unwrap_or(0),
            Convention::Cdecl => 0,
        };
        let (library, function) = (Cow::Borrowed(library.names[0]), Cow::Borrowed(shim.name));
        Self { library, function, shim: Some(shim), popped, noted: Name::default() }
    }

    pub fn missing(library: String, function: String) -> Self {
        let mut entry = Self {
            library: Cow::Owned(library),
            function: Cow::Owned(function),
            shim: None,
            popped: 0,
            noted: Name::default(),
        };
        entry.note();
        entry
    }

    /// The guest's way back from the shim, given its result.
    pub fn back(&self) -> impl Fn(Value) -> Return + use<> {
        let popped = self.popped;
        move |value| Return { value, popped }
    }

    /// Prepares what the channel will carry.
    pub fn note(&mut self) {
        self.noted = wire::channel::name(&self.full_name());
    }

    pub fn full_name(&self) -> String {
        format!("{}!{}", self.library, self.function)
    }
}

/// How many shims there are.
pub(crate) fn count() -> u32 {
    let count = libraries().iter().map(|library| library.shims.len()).sum::<usize>();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The library with this file name, in any case, and its place among [`libraries`]; the extension may be missing.
pub(crate) fn find(name: &str) -> Option<(usize, &'static Library)> {
    all(name).next()
}

/// All that are of this name: functions of a library that are called in another way than its others are in a list of their own.
pub(crate) fn all(name: &str) -> impl Iterator<Item = (usize, &'static Library)> {
    let matches = move |known: &&str| match known.strip_suffix('*') {
        Some(prefix) => name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)),
        None if name.contains('.') => known.eq_ignore_ascii_case(name),
        None => known.strip_suffix(".dll").is_some_and(|known| known.eq_ignore_ascii_case(name)),
    };
    libraries().iter().enumerate().filter(move |(_, library)| library.names.iter().any(matches))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn variables_are_declared_once_and_cited() {
        let mut count = 0;
        for library in libraries() {
            let mut names: BTreeSet<_> = library.shims.iter().map(|shim| shim.name).collect();
            for variable in library.variables {
                assert!(names.insert(variable.name), "{} is declared twice", variable.name);
                assert!(!variable.source.is_empty(), "{} cites no page", variable.name);
                count += 1;
            }
        }
        assert!(count > 20, "the C library's variables are not listed");
    }
}
