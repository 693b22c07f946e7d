//! Which of a driver's formats is wanted.

use mmsystem::WAVE_FORMATS;

use crate::acm::Listed;
use crate::decode::format_tag_name;
use crate::error::Error;
use crate::media::{PcmFormat, WaveFormat};

/// How many formats an error tells of.
const MOST_TOLD: usize = 12;

/// One of the words by which a format is wanted.
#[derive(Debug, PartialEq, Eq)]
enum Word {
    /// Its number in the driver's list, from 1.
    Number(usize),
    /// Bits a second.
    Bits(u32),
    /// Samples a second.
    Rate(u32),
    /// Channels.
    Channels(u16),
    /// Its tag.
    Tag(u16),
    /// A part of what the driver calls it.
    Described(String),
}

impl Word {
    /// Reads `#5`, `128k`, `44100`, `2`, `mono`, `stereo`, `alaw`, `0x55`, `WAVE_FORMAT_MULAW`, or else a part of a description.
    fn parse(text: &str) -> Self {
        let lower = text.trim().to_ascii_lowercase();
        if let Some(number) = lower.strip_prefix('#').and_then(|digits| digits.parse().ok()) {
            return Self::Number(number);
        }
        let bits = lower.strip_suffix("kbit/s").or_else(|| lower.strip_suffix('k'));
        if let Some(kilobits) = bits.and_then(|digits| digits.trim().parse::<u32>().ok()) {
            return Self::Bits(kilobits.saturating_mul(1000));
        }
        if let Some(tag) = lower.strip_prefix("0x").and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
            return Self::Tag(tag);
        }
        match (lower.as_str(), lower.parse::<u32>()) {
            ("mono", _) => return Self::Channels(1),
            ("stereo", _) => return Self::Channels(2),
            (_, Ok(channels @ 0..=32)) => return Self::Channels(channels as u16),
            (_, Ok(rate)) => return Self::Rate(rate),
            _ => {}
        }
        let name = lower.replace(['-', '_'], "").replace("ulaw", "mulaw").replace("mmulaw", "mulaw");
        let named = WAVE_FORMATS.iter().find(|(known, _)| {
            let known = known.to_ascii_lowercase();
            known == lower
                || known.strip_prefix("wave_format_").is_some_and(|known| known.replace('_', "") == name)
        });
        named.map_or_else(|| Self::Described(lower.clone()), |(_, tag)| Self::Tag(*tag))
    }

    fn fits(&self, number: usize, listed: &Listed) -> bool {
        let format = &listed.format;
        match self {
            Self::Number(wanted) => number == *wanted,
            // Rates of formats whose blocks are no whole number of bytes are rounded.
            Self::Bits(bits) => (u64::from(format.avg_bytes_per_sec) * 8).abs_diff((*bits).into()) < 500,
            Self::Rate(rate) => format.samples_per_sec == *rate,
            Self::Channels(channels) => format.channels == *channels,
            Self::Tag(tag) => format.codec_tag() == *tag,
            Self::Described(part) => listed.described.to_lowercase().contains(part),
        }
    }
}

/// The format of the highest rate that is as `wanted` says, in parts between slashes, and keeps the sound's rate and channels.
///
/// # Errors
/// [`Error::NoSuchFormat`] with those that there are.
pub(super) fn choose<'l>(
    driver: &str,
    listed: &'l [Listed],
    wanted: Option<&str>,
    pcm: PcmFormat,
) -> Result<&'l Listed, Error> {
    let whole = wanted.map(|wanted| wanted.trim().to_lowercase());
    let words: Vec<_> = wanted.into_iter().flat_map(|wanted| wanted.split('/')).map(Word::parse).collect();
    let keeps = |format: &WaveFormat| {
        (format.channels, format.samples_per_sec) == (pcm.channels, pcm.samples_per_sec)
    };
    let is_wanted = |(number, listed): &(usize, &Listed)| {
        let called = whole.as_ref().is_some_and(|whole| listed.described.to_lowercase().contains(whole));
        called || words.iter().all(|word| word.fits(*number, listed))
    };
    let wanted_ones: Vec<_> = (1..).zip(listed).filter(is_wanted).collect();
    // Of several with one rate the first counts.
    let best = wanted_ones.iter().filter(|(_, listed)| keeps(&listed.format)).rev();
    if let Some((_, found)) = best.max_by_key(|(_, listed)| listed.format.avg_bytes_per_sec) {
        return Ok(found);
    }
    let sound = format!("of the sound's {} Hz and {} channels", pcm.samples_per_sec, pcm.channels);
    if wanted_ones.is_empty() {
        return Err(none(driver, listed, &sound, wanted));
    }
    Err(told(driver, &wanted_ones, &sound, wanted))
}

/// The error where nothing fits, with all that there is.
pub(super) fn none(driver: &str, listed: &[Listed], what: &str, wanted: Option<&str>) -> Error {
    told(driver, &(1..).zip(listed).collect::<Vec<_>>(), what, wanted)
}

fn told(driver: &str, listed: &[(usize, &Listed)], what: &str, wanted: Option<&str>) -> Error {
    let wanted = match wanted {
        Some(wanted) => format!("format `{wanted}` {what}"),
        None => format!("format {what}"),
    };
    let text = |(number, listed): &(usize, &Listed)| {
        let format = &listed.format;
        let kilobits = u64::from(format.avg_bytes_per_sec) * 8 / 1000;
        let (rate, channels, tag) =
            (format.samples_per_sec, format.channels, format_tag_name(format.codec_tag()));
        format!("#{number} {rate}/{channels}/{kilobits}k {tag}")
    };
    let mut there: Vec<_> = listed.iter().take(MOST_TOLD).map(text).collect();
    if listed.len() > MOST_TOLD {
        there.push(format!("and {} more", listed.len() - MOST_TOLD));
    }
    if there.is_empty() {
        there.push("none but PCM".to_owned());
    }
    Error::NoSuchFormat { driver: driver.to_owned(), wanted, there: there.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::SampleType;

    fn listed(tag: u16, channels: u16, rate: u32, bytes: u32) -> Listed {
        let mut block = [tag, channels].map(u16::to_le_bytes).concat();
        block.extend([rate, bytes].map(u32::to_le_bytes).concat());
        block.extend(1_u16.to_le_bytes());
        let described = format!("{}.{:03} kHz, {channels} channels", rate / 1000, rate % 1000);
        Listed { format: WaveFormat::parse(block).unwrap(), described }
    }

    fn pcm(channels: u16, samples_per_sec: u32) -> PcmFormat {
        PcmFormat { channels, samples_per_sec, sample: SampleType::S16 }
    }

    #[test]
    fn words_are_what_people_write() {
        let pairs = [
            ("#7", Word::Number(7)),
            ("128k", Word::Bits(128_000)),
            ("44100", Word::Rate(44_100)),
            ("2", Word::Channels(2)),
            ("Mono", Word::Channels(1)),
            ("0x55", Word::Tag(0x55)),
            ("alaw", Word::Tag(6)),
            ("u-law", Word::Tag(7)),
            ("mulaw", Word::Tag(7)),
            ("WAVE_FORMAT_MULAW", Word::Tag(7)),
            ("CBR", Word::Described("cbr".into())),
        ];
        for (text, word) in pairs {
            assert_eq!(Word::parse(text), word, "{text}");
        }
    }

    #[test]
    fn the_best_of_those_that_keep_rate_and_channels_is_taken() {
        let all = [
            listed(0x55, 2, 44_100, 16_000),
            listed(0x55, 2, 44_100, 40_000),
            listed(0x55, 1, 44_100, 8_000),
            listed(6, 1, 8_000, 8_000),
            listed(7, 1, 8_000, 8_000),
        ];
        let chosen = |wanted, pcm| {
            choose("d", &all, wanted, pcm).map(|found| all.iter().position(|one| one == found).unwrap())
        };
        assert_eq!(chosen(None, pcm(2, 44_100)).unwrap(), 1);
        assert_eq!(chosen(Some("128k"), pcm(2, 44_100)).unwrap(), 0);
        assert_eq!(chosen(Some("44100/2/128k"), pcm(2, 44_100)).unwrap(), 0);
        assert_eq!(chosen(Some("#1"), pcm(2, 44_100)).unwrap(), 0);
        assert_eq!(chosen(None, pcm(1, 8_000)).unwrap(), 3);
        assert_eq!(chosen(Some("u-law"), pcm(1, 8_000)).unwrap(), 4);
        assert_eq!(chosen(Some("44.100 kHz, 2"), pcm(2, 44_100)).unwrap(), 1);
        let error = chosen(Some("64k"), pcm(2, 44_100)).unwrap_err().to_string();
        assert!(
            error.contains("`64k` of the sound's 44100 Hz and 2 channels; it has #3 44100/1/64k"),
            "{error}"
        );
        assert!(chosen(Some("#9"), pcm(2, 44_100)).unwrap_err().to_string().contains("#5 8000/1/64k"));
        assert!(choose("d", &[], None, pcm(1, 1)).unwrap_err().to_string().ends_with("none but PCM"));
    }
}
