//! Which driver encodes, and to what.

use std::path::Path;

use mmsystem::{FourCc, ICMODE_QUERY};

use crate::decode::{AUDIO_PREFIX, VIDEO_PREFIX, code_of};
use crate::error::Error;
use crate::inspect::aliases_of;
use crate::registry::{DriverFile, Registry};
use crate::session::Session;
use crate::vfw::Codec;

/// A driver for video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoCoding {
    /// The driver.
    pub driver: DriverFile,
    /// Which of its codecs; `None`: the one that its entry names, or the one by which it calls itself.
    pub code: Option<FourCc>,
}

/// A driver for sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioCoding {
    /// The driver.
    pub driver: DriverFile,
    /// Which of its formats, in words; `None`: the one of the highest rate that keeps the sound's rate and channels.
    pub format: Option<String>,
}

impl VideoCoding {
    /// Reads `DRIVER` or `DRIVER:FOURCC`; the driver is an entry, with or without `vidc.`, or a file.
    ///
    /// # Errors
    /// [`Error::NoSuchDriver`] and [`Error::File`].
    pub fn parse(registry: &Registry, text: &str) -> Result<Self, Error> {
        let (name, code) = split(text);
        let parsed = code.map(str::parse).transpose().map_err(|_| Error::NoSuchDriver {
            name: text.to_owned(),
            looked: format!(
                "a code behind the colon, and `{}` has not one to four characters",
                code.unwrap_or_default()
            ),
        })?;
        Ok(Self { driver: resolve(registry, name, VIDEO_PREFIX)?, code: parsed })
    }

    /// The code to open the driver with.
    ///
    /// # Errors
    /// [`Error::NoSuchFormat`] where neither an entry nor the driver says one; and as [`Session::open`].
    pub fn handler(&self, session: &Session) -> Result<FourCc, Error> {
        let registry = session.registry();
        let named = || {
            let others = aliases_of(registry, &self.driver.path);
            self.driver.alias.iter().chain(&others).find_map(|alias| code_of(alias))
        };
        if let Some(code) = self.code.or_else(named) {
            return Ok(code);
        }
        let codec = Codec::open(session, &self.driver, FourCc::default(), ICMODE_QUERY)?;
        let own =
            codec.info()?.map(|info| FourCc::from(info.fccHandler)).filter(|code| *code != FourCc::default());
        codec.close()?;
        own.ok_or_else(|| Error::NoSuchFormat {
            driver: self.driver.file_name(),
            wanted: "code that an entry or the driver itself names".into(),
            there: "to be told which one, as DRIVER:FOURCC".into(),
        })
    }
}

impl AudioCoding {
    /// Reads `DRIVER` or `DRIVER:FORMAT`; the driver is an entry, with or without `msacm.`, or a file.
    ///
    /// # Errors
    /// [`Error::NoSuchDriver`] and [`Error::File`].
    pub fn parse(registry: &Registry, text: &str) -> Result<Self, Error> {
        let (name, format) = split(text);
        Ok(Self { driver: resolve(registry, name, AUDIO_PREFIX)?, format: format.map(str::to_owned) })
    }
}

/// What stands before and behind the last colon. A file whose name has one is no two parts.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((name, rest)) if !name.is_empty() && !Path::new(text).is_file() => (name, Some(rest)),
        _ => (text, None),
    }
}

/// An entry whose prefix goes without saying, or else what [`Registry::resolve_argument`] finds.
fn resolve(registry: &Registry, name: &str, prefix: &str) -> Result<DriverFile, Error> {
    let entry =
        registry.resolve(&format!("{prefix}{name}"), None).ok().filter(|driver| driver.alias.is_some());
    entry.map_or_else(|| registry.resolve_argument(name), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_colon_divides() {
        assert_eq!(split("mrle"), ("mrle", None));
        assert_eq!(split("mrle:RLE8"), ("mrle", Some("RLE8")));
        assert_eq!(split("./a:b.dll:44100/2/128k"), ("./a:b.dll", Some("44100/2/128k")));
        assert_eq!(split(":x"), (":x", None));
    }

    #[test]
    fn a_code_has_one_to_four_characters() {
        let mut registry = Registry::new();
        registry.set("Drivers32", "vidc.abcd", "/bin/sh");
        let code = |text: &str| VideoCoding::parse(&registry, text).map(|coding| coding.code);
        assert_eq!(code("abcd").unwrap(), None);
        assert_eq!(code("vidc.abcd:XY").unwrap(), Some(FourCc(*b"XY  ")));
        assert!(code("abcd:ABCDE").unwrap_err().to_string().contains("`ABCDE`"));
        assert!(matches!(code("other"), Err(Error::NoSuchDriver { .. })));
    }
}
