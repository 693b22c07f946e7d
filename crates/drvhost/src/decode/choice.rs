//! Which driver reads a format.

use mmsystem::{BITMAP_COMPRESSIONS, FourCc, WAVE_FORMATS};

use crate::aliases::DEFAULT_ALIASES;
use crate::error::Error;
use crate::registry::{DRIVERS32, DriverFile, Registry};

/// What the names of video codecs' entries start with.
pub(crate) const VIDEO_PREFIX: &str = "vidc.";
/// What the names of audio codecs' entries start with.
pub(crate) const AUDIO_PREFIX: &str = "msacm.";

/// A kind of compression by name: the four-character code, the name of the number, or else the number.
#[must_use]
pub fn compression_name(compression: u32) -> String {
    let named = BITMAP_COMPRESSIONS.iter().find(|(_, known)| *known == compression);
    match (printable(compression), named) {
        (Some(code), _) => code.to_string(),
        (None, Some((name, _))) => (*name).to_owned(),
        (None, None) => format!("{compression:#010x}"),
    }
}

/// Video of a kind of compression, for messages.
pub(crate) fn video_of(compression: u32) -> String {
    let (name, number) = (compression_name(compression), format!("{compression:#010x}"));
    match printable(compression) {
        Some(_) => format!("`{name}` video"),
        None if name == number => format!("video of compression {number}"),
        None => format!("video of compression {number} ({name})"),
    }
}

/// A wave format tag for people: its number, with its name if it has one.
#[must_use]
pub fn format_tag_name(tag: u16) -> String {
    match WAVE_FORMATS.iter().find(|(_, known)| *known == tag) {
        Some((name, _)) => format!("{tag:#06x} ({name})"),
        None => format!("{tag:#06x}"),
    }
}

/// A compression as a code, if all its characters print.
fn printable(compression: u32) -> Option<FourCc> {
    let code = FourCc::from(compression);
    code.0.iter().all(|byte| matches!(byte, b' '..=b'~')).then_some(code)
}

/// The code that a compression is looked up by and that a driver is opened with: its own, or for a number that of the
/// entry which stands for it.
pub(crate) fn handler_of(compression: u32, alias: Option<&str>) -> FourCc {
    let named = || {
        let default = DEFAULT_ALIASES.iter().find(|known| known.compressions.contains(&compression));
        code_of(alias.or(default.map(|known| known.alias))?)
    };
    printable(compression).or_else(named).unwrap_or(FourCc::from(compression))
}

/// The code in the name of a video codec's entry.
pub(crate) fn code_of(alias: &str) -> Option<FourCc> {
    strip_prefix(alias, VIDEO_PREFIX)?.parse().ok()
}

/// What stands behind a prefix, whose case does not matter.
pub(crate) fn strip_prefix<'a>(alias: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = alias.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The entries that may name a driver for a compression, best first: that of its own code, those known to stand for it,
/// that of the codec which the stream's header asks for.
pub(super) fn video_aliases(compression: u32, handler: u32) -> Vec<String> {
    let own = |code: u32| printable(code).map(|code| format!("{VIDEO_PREFIX}{code}"));
    let known = DEFAULT_ALIASES.iter().filter(|known| known.compressions.contains(&compression));
    let known = known.map(|known| known.alias.to_owned());
    unique(own(compression).into_iter().chain(known).chain(own(handler)))
}

/// The entries that may name a driver for a format tag, best first: those known to stand for it, then all audio codecs'.
pub(super) fn audio_aliases(tag: u16, registered: Vec<String>) -> Vec<String> {
    let known = DEFAULT_ALIASES.iter().filter(|known| known.format_tags.contains(&tag));
    let others = registered.into_iter().filter(|alias| strip_prefix(alias, AUDIO_PREFIX).is_some());
    unique(known.map(|known| known.alias.to_owned()).chain(others))
}

fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for name in names {
        if !kept.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            kept.push(name);
        }
    }
    kept
}

/// Opens the driver for `what` by `open`, which answers `None` where a driver turns out not to be one for it.
/// Of several entries, and of several machines' drivers of one entry, the first that can be opened wins; if none can, the first error counts.
///
/// # Errors
/// That error, or [`Error::NoCodec`].
pub(super) fn first_that_opens<T>(
    registry: &Registry,
    given: Option<&DriverFile>,
    aliases: &[String],
    what: &str,
    mut open: impl FnMut(&DriverFile) -> Result<Option<T>, Error>,
) -> Result<(T, String), Error> {
    if let Some(driver) = given {
        let opened = open(driver).map_err(|error| about(error, what))?;
        let looked = || format!("it in {}, which does not have it", driver.path.display());
        let opened = opened.ok_or_else(|| Error::NoCodec { what: what.to_owned(), looked: looked() })?;
        return Ok((opened, driver.file_name()));
    }
    let mut first_error = None;
    let mut asked = Vec::new();
    for driver in aliases.iter().flat_map(|alias| registry.resolve_each(alias)) {
        match open(&driver) {
            Ok(Some(opened)) => return Ok((opened, driver.file_name())),
            Ok(None) => asked.push(driver.file_name()),
            Err(error) => {
                tracing::debug!(%error, driver = %driver.path.display(), "a driver is not the one");
                first_error.get_or_insert(error);
            }
        }
    }
    Err(match first_error {
        Some(error) => about(error, what),
        None => Error::NoCodec { what: what.to_owned(), looked: looked(registry, aliases, &asked) },
    })
}

/// Where a driver was looked for: in those that were found and say that they are not for it, or where none was found.
fn looked(registry: &Registry, aliases: &[String], asked: &[String]) -> String {
    if !asked.is_empty() {
        return format!("it in {}, which do not have it", unique(asked.iter().cloned()).join(", "));
    }
    let directories: Vec<_> = registry.directories().iter().map(|path| path.display().to_string()).collect();
    let places = if directories.is_empty() { "no directory".to_owned() } else { directories.join(", ") };
    let machine = registry.machine().map_or_else(String::new, |machine| format!(" for {machine}"));
    format!("{} in [{DRIVERS32}], and the file it names{machine} in {places}", names(aliases))
}

fn names(aliases: &[String]) -> String {
    let quoted: Vec<_> = aliases.iter().map(|alias| format!("`{alias}`")).collect();
    if quoted.is_empty() { "an entry that stands for it".to_owned() } else { quoted.join(" or ") }
}

/// A refusal with what was refused.
fn about(error: Error, what: &str) -> Error {
    match error {
        Error::Refused { driver, message, result } => {
            Error::Refused { driver, message: format!("{message} for {what}"), result }
        }
        Error::EitherPacking(first) => Error::EitherPacking(Box::new(about(*first, what))),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use mmsystem::{BI_RLE8, WAVE_FORMAT_MULAW};

    fn number(code: &[u8; 4]) -> u32 {
        u32::from_le_bytes(*code)
    }

    #[test]
    fn formats_have_names() {
        assert_eq!(compression_name(number(b"FFDS")), "FFDS");
        assert_eq!(compression_name(BI_RLE8), "BI_RLE8");
        assert_eq!(video_of(BI_RLE8), "video of compression 0x00000001 (BI_RLE8)");
        assert_eq!(video_of(0x1234_5678), "video of compression 0x12345678");
        assert_eq!(video_of(number(b"FFDS")), "`FFDS` video");
        assert_eq!(compression_name(0x1234_5678), "0x12345678");
        assert_eq!(format_tag_name(7), "0x0007 (WAVE_FORMAT_MULAW)");
        assert_eq!(format_tag_name(0x161), "0x0161");
    }

    #[test]
    fn a_compressions_own_entry_comes_first() {
        assert_eq!(video_aliases(number(b"CVID"), number(b"cvid")), ["vidc.CVID"]);
        assert_eq!(video_aliases(number(b"CRAM"), number(b"msvc")), ["vidc.CRAM", "vidc.msvc"]);
        assert_eq!(video_aliases(BI_RLE8, 0), ["vidc.mrle"]);
        assert_eq!(video_aliases(0x1234_5678, 0), ["vidc.xV4\x12"; 0]);
    }

    #[test]
    fn known_entries_come_before_all_audio_codecs() {
        let registered = ["MSACM.other", "msacm.MSG711", "vidc.cvid"].map(str::to_owned).to_vec();
        assert_eq!(audio_aliases(WAVE_FORMAT_MULAW, registered), ["msacm.msg711", "MSACM.other"]);
        assert_eq!(audio_aliases(0x161, Vec::new()), [""; 0]);
    }

    #[test]
    fn drivers_are_opened_with_a_code() {
        assert_eq!(handler_of(number(b"CVID"), Some("vidc.cvid")), FourCc(*b"CVID"));
        assert_eq!(handler_of(BI_RLE8, Some("vidc.rle8")), FourCc(*b"rle8"));
        assert_eq!(handler_of(BI_RLE8, None), FourCc(*b"mrle"));
        assert_eq!(handler_of(0x1234_5678, None), FourCc::from(0x1234_5678));
    }

    #[test]
    fn without_a_driver_the_error_says_what_was_looked_for() {
        let aliases = video_aliases(number(b"FFDS"), 0);
        let error =
            first_that_opens(&Registry::new(), None, &aliases, "`FFDS` video", |_| Ok(Some(()))).unwrap_err();
        let expected = "no driver here reads `FFDS` video; looked for `vidc.FFDS` in [Drivers32], and the file it \
                        names in no directory";
        assert_eq!(error.to_string(), expected);
        let mut registry = Registry::new();
        registry.set_machine(Some(Machine::I386));
        let error = first_that_opens(&registry, None, &aliases, "it", |_| Ok(Some(()))).unwrap_err();
        assert!(error.to_string().contains("the file it names for i386 in"), "{error}");
    }

    #[test]
    fn a_given_driver_is_named_with_what_it_refuses() {
        let driver = Registry::new().resolve_argument("/bin/sh").unwrap();
        let refuse = |_: &DriverFile| -> Result<Option<()>, Error> {
            Err(Error::Refused { driver: "sh".into(), message: "DRV_OPEN".into(), result: "0".into() })
        };
        let error =
            first_that_opens(&Registry::new(), Some(&driver), &[], "`FFDS` video", refuse).unwrap_err();
        assert_eq!(error.to_string(), "sh refused DRV_OPEN for `FFDS` video: it answered 0");
        let error =
            first_that_opens(&Registry::new(), Some(&driver), &[], "this", |_| Ok(None::<()>)).unwrap_err();
        assert!(error.to_string().contains("/bin/sh"), "{error}");
    }
}
