//! What `drvhost encode` and `drvhost state` take.

use std::path::PathBuf;

use clap::Subcommand;

/// `drvhost encode`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("coded").required(true).multiple(true).args(["video", "audio"]))]
pub struct Encode {
    /// What to encode: an AVI or WAV file that drivers here decode, pictures as `name%05d.png`, or what ffmpeg reads, where it is installed
    pub input: PathBuf,
    /// The AVI file to write
    #[arg(short, long, value_name = "OUT.avi")]
    pub output: PathBuf,
    /// What compresses the video: an alias (`mrle`, `vidc.mrle`) or a file, and which of its codecs; unless given, the video stays uncompressed
    #[arg(long, value_name = "DRIVER[:FOURCC]")]
    pub video: Option<String>,
    /// What compresses the sound: an alias (`imaadpcm`, `msacm.imaadpcm`) or a file, and to which format: `128k`, `44100/2/128k`, `alaw`, `0x55`, a part
    /// of the driver's words for it, or its number in the driver's list, as `#3`; unless given, the best one that keeps the sound's
    /// rate and channels; without a driver the sound stays uncompressed
    #[arg(long, value_name = "DRIVER[:FORMAT]")]
    pub audio: Option<String>,
    /// The quality of the video, 0 to 10000; unless given, the codec's usual one
    #[arg(long, value_name = "0..10000", value_parser = clap::value_parser!(u32).range(0..=10_000), requires = "video")]
    pub quality: Option<u32>,
    /// A key frame at least every N frames; unless given, where the codec wants them, and at the beginning
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, requires = "video")]
    pub keyframe_every: u32,
    /// How many bytes a second the video's frames should not pass; with `k` or `M` behind it thousands or millions
    #[arg(long, value_name = "B/s", value_parser = parse_rate, requires = "video")]
    pub data_rate: Option<u32>,
    /// Settings for the video codec: what `drvhost state save` or the same driver under Windows has handed out, or VirtualDub's settings (.vcf)
    #[arg(long, value_name = "FILE", requires = "video")]
    pub state: Option<PathBuf>,
}

/// `drvhost state`.
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// Say how long the settings are that it begins with, their hash, and their first bytes; exit code 1 if it has none
    Show {
        /// An alias or a file, and which of its codecs
        #[arg(value_name = "DRIVER[:FOURCC]")]
        driver: String,
    },
    /// Write the settings that it begins with to a file; exit code 1 if it has none
    Save {
        /// An alias or a file, and which of its codecs
        #[arg(value_name = "DRIVER[:FOURCC]")]
        driver: String,
        /// The file
        file: PathBuf,
    },
    /// Give it the settings of a file, and say whether it takes them, and whether it begins with them from now on
    Load {
        /// An alias or a file, and which of its codecs
        #[arg(value_name = "DRIVER[:FOURCC]")]
        driver: String,
        /// The file: of `drvhost state save`, or VirtualDub's settings (.vcf)
        file: PathBuf,
    },
}

/// A rate in bytes a second.
fn parse_rate(text: &str) -> Result<u32, String> {
    let wrong = || "a data rate is a number of bytes a second above 0: 150000, 150k, 1.5M".to_owned();
    let (number, factor) = match text.strip_suffix(['k', 'K']) {
        Some(number) => (number, 1e3),
        None => text.strip_suffix('M').map_or((text, 1.0), |number| (number, 1e6)),
    };
    let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let rate = number.parse::<f64>().ok().filter(|_| plain).ok_or_else(wrong)? * factor;
    if (1.0..=f64::from(u32::MAX)).contains(&rate) { Ok(rate as u32) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_units() {
        assert_eq!(
            (parse_rate("150000"), parse_rate("150k"), parse_rate("1.5M")),
            (Ok(150_000), Ok(150_000), Ok(1_500_000))
        );
        for wrong in ["", "0", "-1", "k", "1e3", "5G", "5000M", "nan"] {
            assert!(parse_rate(wrong).is_err(), "{wrong}");
        }
    }
}
