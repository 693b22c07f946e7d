//! `drvhost probe`.

use std::path::PathBuf;

/// `drvhost probe`.
#[derive(Debug, clap::Args)]
pub struct Probe {
    /// AVI or WAV files; with ffmpeg installed also MKV, ASF or MOV
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Do not walk over the packets: nothing is said of damage, and what the headers and indexes state is believed
    #[arg(long)]
    pub quick: bool,
    /// Draw frames of the one FILE with their times and numbers into a PNG picture
    #[arg(long, value_name = "SHEET.png")]
    pub contact_sheet: Option<PathBuf>,
    /// How many frames are on the sheet
    #[arg(long, value_name = "N", default_value_t = 12, requires = "contact_sheet", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub frames_on_sheet: u32,
    /// The driver to look at, instead of the one that the format asks for; for the video where there is any
    #[arg(long, value_name = "DRIVER")]
    pub driver: Option<String>,
}
