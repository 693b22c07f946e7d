//! What a driver file is, told from the file and from the driver itself.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use mmsystem::{
    BI_RLE4, BI_RLE8, BITMAPINFOHEADER, FourCc, ICERR_OK, ICINFO, ICMODE_DECOMPRESS, ICMODE_QUERY, Structure,
    WAVE_FORMAT_PCM,
};
use pe::WineMark;
use serde::Serialize;

use crate::acm;
use crate::aliases::DEFAULT_ALIASES;
use crate::decode::{AUDIO_PREFIX, code_of, compression_name, handler_of, strip_prefix};
use crate::directories::{files_in, machine_of, wine_mark_of};
use crate::error::Error;
use crate::module::MAX_FILE;
use crate::opened::encoded;
use crate::registry::{DriverFile, Origin, Registry};
use crate::session::Session;
use crate::synth::{Device, Synth};
use crate::vfw;
use crate::worker::printable;

/// Exports that make a driver one for wave, MIDI or auxiliary devices (spec section 4.3).
const DEVICE_ENTRIES: [&str; 5] = ["modMessage", "wodMessage", "widMessage", "midMessage", "auxMessage"];
/// The bits a pixel that a codec's frames usually have, one of which it is asked for.
const USUAL_DEPTHS: [u16; 4] = [24, 16, 8, 4];
/// The size of the frames it is asked for.
const USUAL_SIZE: (i32, i32) = (320, 240);

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The file.
    pub file: String,
    /// The processor it is for, such as `x86_64`, `i386` or `i8086`; `None` if it is no executable.
    pub machine: Option<String>,
    /// The kind of driver.
    pub class: Class,
    /// The names that it exports.
    pub exports: Vec<String>,
    /// The imports that are not supplied here, as `library!function`, those first that were called; of a driver whose entry point fails, only those.
    pub imports_unresolved: Vec<String>,
    /// Which of them were called: while it was looked at, or in runs that it was [ranked](Self::rank) by, there the most called first.
    pub imports_called: Vec<String>,
    /// Whether it opens here.
    pub opens: bool,
    /// Why it does not, in one sentence.
    pub reason: Option<String>,
    /// The compressions that it says it decompresses, of those it is known or registered for: four-character codes, or
    /// the names of numbers.
    pub fourccs: Vec<String>,
    /// The code by which a video codec calls itself (ICINFO's `fccHandler`). Kept out of what is printed: nobody decodes by it.
    #[serde(skip)]
    pub handler: Option<FourCc>,
    /// The wave format tags that it says it has, PCM aside.
    pub format_tags: Vec<u16>,
    /// The devices that it says it has.
    pub devices: Vec<Device>,
    /// What of that cannot be true, or why it does not say which it has.
    pub doubts: Vec<String>,
    /// Its version resource.
    pub version: Version,
}

/// The kind of a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A video codec.
    Vfw,
    /// An audio codec.
    Acm,
    /// A driver of wave, MIDI or auxiliary devices.
    WaveMidi,
    /// A driver of media control devices.
    Mci,
    /// Something else, or nothing that can be told.
    Other,
}

/// What a file says about its version; empty if it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Version {
    /// The file's version: four numbers, such as `8.0.0.0`.
    pub file_version: Option<String>,
    /// The version of the product it belongs to, in the same form.
    pub product_version: Option<String>,
    /// The texts of the first language: `FileDescription`, `CompanyName` and so on.
    pub strings: BTreeMap<String, String>,
}

/// A driver that can be named, or found in a directory of the caller's or of the Wine prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The entry that names it.
    pub alias: Option<String>,
    /// Its file.
    pub file: String,
    /// The processor it is for; `None` if it is no executable.
    pub machine: Option<String>,
    /// How it was found.
    pub source: Origin,
}

/// Looks at a file, and opens it if it is a driver.
///
/// A file that is no driver, or does not open, is described as far as it goes.
///
/// # Errors
/// [`Error::File`] when it cannot be read, [`Error::Worker`] when no worker can be started.
pub fn inspect(session: &Session, file: &Path) -> Result<Inspection, Error> {
    let bytes = read(file)?;
    let mut inspection = from_bytes(file, &bytes);
    let has_devices = DEVICE_ENTRIES.iter().any(|entry| inspection.exports.iter().any(|name| name == entry));
    if has_devices {
        inspection.class = Class::WaveMidi;
    }
    let driver = DriverFile { path: file.to_owned(), text: None, alias: None, origin: Origin::DriverPath };
    let subject = Subject { session, aliases: aliases_of(session.registry(), file), driver };
    let opened = subject.open(&mut inspection);
    inspection.imports_unresolved = session.unresolved_in(file);
    inspection.rank(session.unresolved_called());
    match opened {
        Ok(()) => Ok(inspection),
        Err(error @ Error::Worker(_)) => Err(error),
        Err(error) => {
            inspection.reason = Some(match error {
                // The file is named already.
                Error::NotADriver { why, .. } => why,
                other => other.to_string(),
            });
            Ok(inspection)
        }
    }
}

/// Every driver whose entry's file is found, for each machine whose drivers are wanted; installed entries whose file is not there any more, without
/// a machine; and every file in the caller's directories and in
/// the Wine prefix that exports DriverProc and has no entry, but for Wine's own in the prefix.
#[must_use]
pub fn known(registry: &Registry) -> Vec<Known> {
    let describe = |alias, path: &Path, source| {
        let machine = machine_of(path).map(|machine| machine.to_string());
        Known { alias, file: path.display().to_string(), machine, source }
    };
    let aliases = registry.aliases();
    let named: Vec<_> = aliases.iter().flat_map(|alias| registry.resolve_each(alias)).collect();
    let mut known: Vec<_> =
        named.iter().map(|driver| describe(driver.alias.clone(), &driver.path, driver.origin)).collect();
    // Whoever has them should see that they are of no use.
    known.extend(
        registry.lost().iter().map(|(alias, path)| describe(Some(alias.clone()), path, Origin::Installed)),
    );
    let named: Vec<_> = named.iter().filter_map(|driver| driver.path.canonicalize().ok()).collect();
    let own = registry.driver_path().iter().map(|directory| (directory, Origin::DriverPath));
    let prefix = registry.prefix().iter().map(|directory| (directory, Origin::Prefix));
    for (directory, source) in own.chain(prefix) {
        for path in files_in(directory) {
            let mark = wine_mark_of(&path);
            let not_one = mark == Some(WineMark::Placeholder) || (source == Origin::Prefix && mark.is_some());
            let unnamed = path.canonicalize().is_ok_and(|path| !named.contains(&path));
            if unnamed && !not_one && registry.wants(machine_of(&path)) && exports_driver_proc(&path) {
                known.push(describe(None, &path, source));
            }
        }
    }
    known
}

fn exports_driver_proc(file: &Path) -> bool {
    read(file).is_ok_and(|bytes| {
        let image = pe::Image::parse(&bytes);
        image.is_ok_and(|image| matches!(image.export("DriverProc"), Ok(Some(_))))
    })
}

/// The bytes of a file, up to the size that a driver can have: what is larger is none.
fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let io = |source| Error::File { file: file.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(file).map_err(io)?.take(MAX_FILE).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

/// What the file alone tells. What is damaged in it is left out.
fn from_bytes(file: &Path, bytes: &[u8]) -> Inspection {
    let image = pe::Image::parse(bytes).ok();
    let exports = image.as_ref().and_then(|image| image.exports().ok()).unwrap_or_default();
    let version = image.as_ref().and_then(|image| image.version().ok().flatten());
    let is_mci = file_name_of(file).to_lowercase().starts_with("mci");
    Inspection {
        file: file.display().to_string(),
        machine: pe::identify(bytes).ok().map(|machine| machine.to_string()),
        class: if is_mci { Class::Mci } else { Class::Other },
        exports: exports.into_iter().filter_map(|export| export.name).map(|name| printable(&name)).collect(),
        imports_unresolved: Vec::new(),
        imports_called: Vec::new(),
        opens: false,
        reason: None,
        fourccs: Vec::new(),
        handler: None,
        format_tags: Vec::new(),
        devices: Vec::new(),
        doubts: Vec::new(),
        version: version.map(Version::from).unwrap_or_default(),
    }
}

impl Inspection {
    /// Puts functions that it called, and that are not supplied here, before its other imports. What it has called is among them even if it could not
    /// say so, or a library beside it imports it.
    pub fn rank(&mut self, called: impl IntoIterator<Item = String>) {
        for import in called {
            if !self.imports_called.contains(&import) {
                self.imports_called.push(import);
            }
        }
        self.imports_unresolved.retain(|import| !self.imports_called.contains(import));
        self.imports_unresolved.splice(0..0, self.imports_called.iter().cloned());
    }
}

impl From<pe::VersionInfo> for Version {
    fn from(version: pe::VersionInfo) -> Self {
        let texts = version.strings.iter().map(|(name, text)| (printable(name), printable(text)));
        Self {
            file_version: Some(version.file_version),
            product_version: Some(version.product_version),
            strings: texts.collect(),
        }
    }
}

fn file_name_of(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The entries that name a file, and those that are known for files of its name.
pub(crate) fn aliases_of(registry: &Registry, file: &Path) -> Vec<String> {
    let same = |driver: &DriverFile| driver.path.canonicalize().ok() == file.canonicalize().ok();
    let registered = registry.aliases().into_iter();
    let registered = registered.filter(|alias| registry.resolve_each(alias).any(|driver| same(&driver)));
    let name = file_name_of(file);
    let known = DEFAULT_ALIASES.iter().filter(|known| known.file.eq_ignore_ascii_case(&name));
    let mut aliases: Vec<String> = known.map(|known| known.alias.to_owned()).collect();
    for alias in registered {
        if !aliases.iter().any(|known| known.eq_ignore_ascii_case(&alias)) {
            aliases.push(alias);
        }
    }
    aliases
}

/// A driver that is being asked.
struct Subject<'s> {
    session: &'s Session,
    driver: DriverFile,
    aliases: Vec<String>,
}

impl Subject<'_> {
    /// Opens the driver, and as a codec of each kind, and notes what it says.
    ///
    /// # Errors
    /// What opening it failed with, if it opened in no way.
    fn open(&self, inspection: &mut Inspection) -> Result<(), Error> {
        // An instance for configuration, which every class must allow (C104). While it is open the others share its worker.
        let plain = self.session.open(&self.driver, |_| Ok(0));
        inspection.opens = plain.is_ok();
        // What is no driver here at all is not asked again.
        if matches!(plain, Ok(_) | Err(Error::Refused { .. })) && inspection.class != Class::WaveMidi {
            self.ask(inspection);
        }
        if plain.is_ok() && inspection.class == Class::WaveMidi {
            self.ask_devices(inspection);
        }
        match plain {
            Ok(hdrvr) => {
                if let Err(error) = self.session.close(hdrvr, 0, 0) {
                    tracing::warn!(%error, "an instance could not be closed");
                }
                Ok(())
            }
            Err(_) if inspection.opens => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Asks a driver of devices which it has.
    fn ask_devices(&self, inspection: &mut Inspection) {
        match Synth::open(self.session, &self.driver) {
            Ok(synth) => {
                inspection.devices = synth.devices().to_vec();
                inspection.doubts = synth.doubts().to_vec();
                inspection.doubts.extend(synth.devices().iter().flat_map(|device| device.doubts.clone()));
                if let Err(error) = synth.close() {
                    inspection.doubts.push(error.to_string());
                }
            }
            // Drivers of wave input alone.
            Err(Error::NoEntry { .. }) => {}
            Err(error) => inspection.doubts.push(error.to_string()),
        }
    }

    /// Asks it as a codec of each kind, until it is one.
    fn ask(&self, inspection: &mut Inspection) {
        for kind in [Self::ask_video, Self::ask_audio] {
            match kind(self, inspection) {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "a driver is not of this kind"),
            }
        }
    }

    /// Asks it as a video codec; answers whether it is one.
    fn ask_video(&self, inspection: &mut Inspection) -> Result<bool, Error> {
        let compressions = self.compressions();
        let first = compressions.first().and_then(|codes| codes.first());
        let handler = first.map_or(FourCc::default(), |code| handler_of(*code, None));
        let codec = vfw::Codec::open(self.session, &self.driver, handler, ICMODE_QUERY)?;
        // A driver that answers non-zero to everything is no codec: one says of what type it is.
        let says_so = |info: &ICINFO| FourCc::from(info.fccType).eq_ignore_ascii_case(FourCc(*b"vidc"));
        let Some(info) = codec.info()?.filter(says_so) else { return Ok(false) };
        inspection.class = Class::Vfw;
        inspection.handler = Some(FourCc::from(info.fccHandler));
        inspection.opens = true;
        for codes in compressions {
            let confirmed = codes.into_iter().find(|code| self.decompresses(*code).unwrap_or(false));
            let name = confirmed.map(compression_name).filter(|name| !inspection.fourccs.contains(name));
            inspection.fourccs.extend(name);
        }
        Ok(true)
    }

    /// The compressions to ask for, one a list: those its entries are known to stand for, and those in their names, also
    /// in either case, because names of entries are often in the wrong one.
    fn compressions(&self) -> Vec<Vec<u32>> {
        let mut compressions = Vec::new();
        for alias in &self.aliases {
            match DEFAULT_ALIASES.iter().find(|known| known.alias.eq_ignore_ascii_case(alias)) {
                Some(known) => compressions.extend(known.compressions.iter().map(|code| vec![*code])),
                None => compressions.extend(code_of(alias).map(|FourCc(code)| {
                    let cases = [
                        code,
                        code.map(|byte| byte.to_ascii_uppercase()),
                        code.map(|byte| byte.to_ascii_lowercase()),
                    ];
                    cases.map(u32::from_le_bytes).to_vec()
                })),
            }
        }
        compressions
    }

    /// Whether it says that it decompresses frames of a usual size and depth.
    fn decompresses(&self, code: u32) -> Result<bool, Error> {
        let codec = vfw::Codec::open(self.session, &self.driver, handler_of(code, None), ICMODE_DECOMPRESS)?;
        for bits in USUAL_DEPTHS {
            // The run-length formats fix the depth.
            if (code == BI_RLE8 && bits != 8) || (code == BI_RLE4 && bits != 4) {
                continue;
            }
            let mut format = encoded(&usual_format(code, bits), ())?;
            if bits <= 8 {
                format.resize(format.len() + (4 << bits), 0);
            }
            if codec.decompress_query(&format)? == ICERR_OK {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks it as an audio codec; answers whether it is one.
    fn ask_audio(&self, inspection: &mut Inspection) -> Result<bool, Error> {
        let alias = self.aliases.iter().find(|alias| strip_prefix(alias, AUDIO_PREFIX).is_some());
        let driver = DriverFile { alias: alias.cloned(), ..self.driver.clone() };
        let codec = acm::Codec::open(self.session, &driver, None)?;
        if codec.details()?.is_none() {
            return Ok(false);
        }
        inspection.class = Class::Acm;
        inspection.opens = true;
        inspection.format_tags = codec.format_tags()?;
        inspection.format_tags.retain(|tag| *tag != WAVE_FORMAT_PCM);
        Ok(true)
    }
}

/// The format of frames that a codec can be expected to read.
fn usual_format(code: u32, bits: u16) -> BITMAPINFOHEADER {
    let (width, height) = USUAL_SIZE;
    BITMAPINFOHEADER {
        biSize: BITMAPINFOHEADER::size(()) as u32,
        biWidth: width,
        biHeight: height,
        biPlanes: 1,
        biBitCount: bits,
        biCompression: code,
        ..BITMAPINFOHEADER::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_called_comes_first_and_once() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut inspection = from_bytes(Path::new("a.dll"), b"");
        inspection.imports_unresolved = names(&["k!a", "k!b", "k!c"]);
        inspection.rank(names(&["k!c"]));
        // The most called first, and one that only a library beside it imports.
        inspection.rank(names(&["k!b", "k!z", "k!c"]));
        assert_eq!(inspection.imports_called, names(&["k!c", "k!b", "k!z"]));
        assert_eq!(inspection.imports_unresolved, names(&["k!c", "k!b", "k!z", "k!a"]));
        inspection.rank([]);
        assert_eq!(inspection.imports_unresolved.len(), 4);
    }
}
