//! The lists of shims, by library.

use std::marker::PhantomData;

use guest::{Arguments, Stop, Value};
use wire::channel::Name;

use crate::abi::Serve;
use crate::process::Process;

/// One function that the guest can import.
#[derive(Clone, Copy)]
pub struct Shim {
    /// Its exported name.
    pub name: &'static str,
    /// The page that documents it.
    pub source: &'static str,
    pub(crate) function: &'static dyn Erased,
}

/// A library that the guest can import from.
#[derive(Clone, Copy)]
pub struct Library {
    /// Its file names: the first is its own, the others export the same functions.
    pub names: &'static [&'static str],
    /// What comes before every shim's `source`.
    pub base: &'static str,
    /// Its functions.
    pub shims: &'static [Shim],
}

/// Every library.
#[must_use]
pub fn libraries() -> &'static [Library] {
    &[
        crate::kernel32::LIBRARY,
        crate::crt::LIBRARY,
        crate::crt::NTDLL,
        crate::user32::LIBRARY,
        crate::winmm::LIBRARY,
    ]
}

/// A shim whose signature is known only to itself.
pub(crate) trait Erased: Sync {
    fn serve(&self, process: &mut Process, arguments: &Arguments) -> Result<Value, Stop>;
}

pub(crate) struct Typed<F, S> {
    function: F,
    signature: PhantomData<fn(S)>,
}

impl<F: Serve<S>, S> Typed<F, S> {
    pub(crate) const fn new(function: F) -> Self {
        Self { function, signature: PhantomData }
    }
}

impl<F: Serve<S> + Sync, S> Erased for Typed<F, S> {
    fn serve(&self, process: &mut Process, arguments: &Arguments) -> Result<Value, Stop> {
        self.function.serve(process, arguments)
    }
}

/// Declares a library: its names, where its documentation is, and a line for each function. The exported name is the function's own,
/// unless `as "name"` gives another. A function that is the same for bytes and for UTF-16 is one generic function in two lines.
macro_rules! library {
    (@name $function:ident) => { stringify!($function) };
    (@name $head:ident :: $($rest:tt)+) => { library!(@name $($rest)+) };
    ($(#[$meta:meta])* $library:ident, [$($name:literal),+], $base:literal;
     $($($path:ident)::+ $(<$unit:ident>)? $(as $export:literal)?, $source:literal;)*) => {
        $(#[$meta])*
        pub(crate) const $library: crate::library::Library = crate::library::Library {
            names: &[$($name),+],
            base: $base,
            shims: &[$(crate::library::Shim {
                name: library!(@export $($export)?, $($path)::+),
                source: $source,
                function: &crate::library::Typed::new($($path)::+ $(::<$unit>)?),
            }),*],
        };
    };
    (@export , $($path:tt)+) => { library!(@name $($path)+) };
    (@export $export:literal, $($path:tt)+) => { $export };
}

/// An import that the guest may call: a shim, or a name that nobody supplies.
pub(crate) struct Entry {
    pub library: String,
    pub function: String,
    pub shim: Option<&'static Shim>,
    /// `library!function` as the channel carries it.
    pub noted: Name,
}

impl Entry {
    pub fn new(library: &str, function: &str, shim: Option<&'static Shim>) -> Self {
        let noted = wire::channel::name(&format!("{library}!{function}"));
        Self { library: library.to_owned(), function: function.to_owned(), shim, noted }
    }

    pub fn full_name(&self) -> String {
        format!("{}!{}", self.library, self.function)
    }
}

/// The library with this file name, in any case; the extension may be missing.
pub(crate) fn find(name: &str) -> Option<&'static Library> {
    let with_extension = if name.contains('.') { name.to_owned() } else { format!("{name}.dll") };
    libraries().iter().find(|library| {
        library.names.iter().any(|known| match known.strip_suffix('*') {
            Some(prefix) => {
                with_extension.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            }
            None => known.eq_ignore_ascii_case(&with_extension),
        })
    })
}
