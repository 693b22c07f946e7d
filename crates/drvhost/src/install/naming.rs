//! Under which name a driver is installed (spec section 3.3, "Alias names").

use std::path::Path;

use mmsystem::FourCc;

use crate::aliases::DEFAULT_ALIASES;
use crate::decode::{AUDIO_PREFIX, VIDEO_PREFIX};
use crate::end::Policy;
use crate::entry::Entry;
use crate::error::Error;
use crate::inspect::{self, Class, Inspection};
use crate::session::Builder;
use crate::store::StoreError;
use crate::synth::device_aliases;

/// The most characters of a name.
const MAX_ALIAS: usize = 255;
/// The kinds of devices, and the exports that only drivers of each have.
const DEVICES: [(&str, &[&str]); 4] = [
    ("wave", &["wodMessage", "widMessage"]),
    ("midi", &["modMessage", "midMessage"]),
    ("aux", &["auxMessage"]),
    ("mixer", &["mxdMessage"]),
];

/// How a driver's entry is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Naming {
    /// So.
    Alias(String),
    /// By the kind of device, with the first number behind it that is free.
    Device(&'static str),
}

impl Naming {
    /// The name that goes with what a driver is, for which it is opened.
    ///
    /// # Errors
    /// [`StoreError::NoAlias`], [`Error::NotADriver`] where it does not open, and [`Error::Worker`].
    pub fn of_driver(builder: &Builder, file: &Path) -> Result<Self, Error> {
        let session = builder.clone().start()?;
        let inspection = inspect::inspect(&session, file);
        let _report = session.end(Policy::Orderly);
        let inspection = inspection?;
        if let Some(why) = inspection.reason {
            return Err(Error::NotADriver { file: file.to_owned(), why });
        }
        by_kind(file, &inspection).map_err(|why| StoreError::NoAlias { file: file.to_owned(), why }.into())
    }

    /// The name itself, where `taken` says which have been given.
    pub fn choose(self, taken: impl Fn(&str) -> bool) -> String {
        match self {
            Self::Alias(alias) => alias,
            Self::Device(kind) => {
                let mut names = device_aliases(kind);
                // Where all are taken, the first one is in the way.
                names.find(|name| !taken(name)).unwrap_or_else(|| kind.to_owned())
            }
        }
    }
}

/// The name that goes with what a driver is, or what is missing for one.
fn by_kind(file: &Path, inspection: &Inspection) -> Result<Naming, &'static str> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let known = |prefix: &str| {
        let mut known = DEFAULT_ALIASES.iter();
        known
            .find(|known| known.file.eq_ignore_ascii_case(&name) && known.alias.starts_with(prefix))
            .map(|known| known.alias.to_owned())
    };
    match inspection.class {
        Class::Vfw => {
            let code = inspection.handler.and_then(code_of);
            let alias = known(VIDEO_PREFIX).or_else(|| Some(format!("{VIDEO_PREFIX}{}", code?)));
            alias.map(Naming::Alias).ok_or("it is a video codec and does not name its code")
        }
        Class::Acm => {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
            Ok(Naming::Alias(known(AUDIO_PREFIX).unwrap_or_else(|| format!("{AUDIO_PREFIX}{stem}"))))
        }
        Class::WaveMidi => {
            let has = |exports: &&[&str]| {
                exports.iter().any(|export| inspection.exports.iter().any(|name| name == export))
            };
            let kinds: Vec<_> =
                DEVICES.iter().filter(|(_, exports)| has(exports)).map(|(kind, _)| *kind).collect();
            match kinds.as_slice() {
                [kind] => Ok(Naming::Device(kind)),
                // Most synths have wave devices besides, which nobody opens here.
                _ if inspection.devices.iter().any(|device| device.entry == Entry::ModMessage) => {
                    Ok(Naming::Device("midi"))
                }
                _ => Err("it is a driver for several kinds of devices"),
            }
        }
        Class::Mci => Err("it is an MCI driver by its name"),
        Class::Other => Err("it is of no known class"),
    }
}

/// A codec's own code as it stands in names: in lower case, without the spaces that fill it.
fn code_of(handler: FourCc) -> Option<String> {
    let code = std::str::from_utf8(&handler.0).ok()?.trim_end_matches([' ', '\0']).to_lowercase();
    let plain =
        !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/' && byte != b'\\');
    plain.then_some(code)
}

/// Checks a name that somebody gives.
///
/// # Errors
/// [`StoreError::Name`] for one that no command could be given, or that could be taken for a file's.
pub(crate) fn check_alias(alias: &str) -> Result<(), Error> {
    let why = if alias.is_empty() || alias.chars().count() > MAX_ALIAS {
        "a name has 1 to 255 characters"
    } else if alias.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '\\')) {
        "a name has no spaces, no slashes and no control characters"
    } else {
        return Ok(());
    };
    Err(StoreError::Name { name: alias.to_owned(), why }.into())
}

/// A file's name as it can stand in an entry.
///
/// # Errors
/// [`StoreError::Name`].
pub(crate) fn file_name(file: &Path) -> Result<&str, Error> {
    let name = file.file_name().unwrap_or_default();
    let why = match name.to_str() {
        None => "the name of its file is no text",
        Some(text) if text.contains(' ') => {
            "in an entry a file's name ends at the first space; install a copy with another name"
        }
        Some(text) if text.starts_with('.') || text.contains(|c: char| c.is_control() || c == '\\') => {
            "the name of its file begins with a point, or contains a backslash or a control character"
        }
        Some(text) => return Ok(text),
    };
    Err(StoreError::Name { name: name.to_string_lossy().into_owned(), why }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspection(class: Class, handler: &[u8; 4], exports: &[&str]) -> Inspection {
        Inspection {
            file: String::new(),
            machine: None,
            class,
            exports: exports.iter().map(ToString::to_string).collect(),
            imports_unresolved: Vec::new(),
            imports_called: Vec::new(),
            opens: true,
            reason: None,
            fourccs: Vec::new(),
            handler: Some(FourCc(*handler)),
            format_tags: Vec::new(),
            devices: Vec::new(),
            doubts: Vec::new(),
            version: inspect::Version::default(),
        }
    }

    fn named(file: &str, class: Class, handler: &[u8; 4], exports: &[&str]) -> Result<Naming, &'static str> {
        by_kind(Path::new(file), &inspection(class, handler, exports))
    }

    #[test]
    fn a_name_goes_with_what_a_driver_is() {
        let alias = |name: &str| Ok(Naming::Alias(name.to_owned()));
        assert_eq!(named("x.dll", Class::Vfw, b"XViD", &[]), alias("vidc.xvid"));
        assert_eq!(named("x.dll", Class::Vfw, b"X1 \0", &[]), alias("vidc.x1"));
        assert_eq!(named("ICCVID.dll", Class::Vfw, b"none", &[]), alias("vidc.cvid"));
        assert_eq!(named("lameACM.acm", Class::Acm, b"\0\0\0\0", &[]), alias("msacm.lameacm"));
        assert_eq!(named("L3CODECA.acm", Class::Acm, b"\0\0\0\0", &[]), alias("msacm.l3acm"));
        assert_eq!(named("x.dll", Class::WaveMidi, b"\0\0\0\0", &["modMessage"]), Ok(Naming::Device("midi")));
        for (class, exports) in [
            (Class::Vfw, &[][..]),
            (Class::WaveMidi, &["modMessage", "wodMessage"]),
            (Class::Mci, &[]),
            (Class::Other, &[]),
        ] {
            assert!(named("x.dll", class, b"\0\0\0\0", exports).is_err(), "{class:?}");
        }
    }

    #[test]
    fn devices_are_numbered() {
        let choose = |taken: &[&str]| Naming::Device("midi").choose(|name| taken.contains(&name));
        assert_eq!(choose(&[]), "midi");
        assert_eq!(choose(&["midi", "midi2"]), "midi1");
        assert_eq!(choose(&["midi", "midi1"]), "midi2");
        assert_eq!(Naming::Device("midi").choose(|_| true), "midi");
    }

    #[test]
    fn names_that_no_command_could_be_given_are_refused() {
        assert!(check_alias("vidc.é=\"[").is_ok());
        for wrong in ["", "a b", "a/b", "a\\b", "a\n", &"a".repeat(256)] {
            assert!(check_alias(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(file_name(Path::new("/x/a.dll")).unwrap(), "a.dll");
        for wrong in ["/x/a b.dll", "/x/.a.dll", "/x/a\\b.dll", "/x/a\u{1}.dll"] {
            assert!(file_name(Path::new(wrong)).is_err(), "{wrong:?}");
        }
    }
}
