//! `drvhost encode`: a media file to AVI through drivers.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use drvhost::decode::format_tag_name;
use drvhost::encode::{self, AudioCoding, Encoded, VideoCoding};
use drvhost::{Blame, Policy};

use super::decode::{progress_bar, show};
use super::state::settings;
use super::stop;
use crate::args::{Encode, Global};
use crate::commands;
use crate::failure::{Exit, Failure};
use crate::output;

pub fn run(global: &Global, command: &Encode) -> Result<Exit, Failure> {
    let stop = stop::flag()?;
    let session = commands::session(global)?;
    let registry = session.registry();
    let video = command.video.as_deref().map(|text| VideoCoding::parse(registry, text)).transpose()?;
    let audio = command.audio.as_deref().map(|text| AudioCoding::parse(registry, text)).transpose()?;
    let state = command.state.as_deref().map(settings).transpose()?;
    let what = encode::Encode {
        input: command.input.clone(),
        output: command.output.clone(),
        video,
        audio,
        quality: command.quality,
        key_frame_every: command.keyframe_every,
        data_rate: command.data_rate,
        state,
        packing: commands::packing(global),
    };
    let bar = progress_bar(global);
    let encoded = encode::run(&session, &what, |progress| {
        show(&bar, progress);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    // Whatever happened, drivers that are still open are told before they are taken down.
    let report = session.end(Policy::Orderly);
    for instance in report.instances.iter().filter_map(|instance| instance.error.as_ref()) {
        tracing::warn!("{instance}");
    }
    let encoded = encoded?;
    if global.json {
        output::json(&encoded)?;
    } else {
        for warning in &encoded.warnings {
            let blamed = match encoded.blame {
                Some(Blame::Driver) if encoded.damage.as_ref() == Some(warning) => "driver: ",
                Some(_) if encoded.damage.as_ref() == Some(warning) => "media: ",
                _ => "",
            };
            output::aside(&format!("drvhost: {blamed}{warning}"));
        }
        output::text(&describe(&encoded))?;
    }
    Ok(encoded.blame.map_or(Exit::Done, Exit::from))
}

fn describe(encoded: &Encoded) -> String {
    let per_second = |count: u64| if encoded.seconds > 0.0 { count as f64 / encoded.seconds } else { 0.0 };
    let mut text = format!("{} -> {}", encoded.input, encoded.output);
    let through = |driver: Option<&String>| {
        driver.map_or_else(|| "uncompressed".to_owned(), |driver| format!("through {driver}"))
    };
    // Writing to a text cannot fail.
    if let Some(video) = &encoded.video {
        let encode::EncodedVideo { fourcc, frames, key_frames, bytes, width, height, .. } = video;
        let plain = frames * u64::from(*width) * u64::from(*height) * 3;
        let _ = write!(
            text,
            "\nvideo `{fourcc}` {} {width}x{height}: {frames} frames, {key_frames} key frames, {bytes} bytes{}, {:.0} frames/s",
            through(video.driver.as_ref()),
            ratio(video.driver.as_ref(), plain, *bytes),
            per_second(*frames)
        );
    }
    for audio in &encoded.audio {
        let encode::EncodedAudio { format_tag, samples, bytes, channels, samples_per_sec, .. } = audio;
        let _ = write!(
            text,
            "\nsound {} {}: {samples} samples, {channels} channels, {samples_per_sec} Hz, {bytes} bytes{}, {:.1} Msamples/s",
            format_tag_name(*format_tag),
            through(audio.driver.as_ref()),
            ratio(audio.driver.as_ref(), samples * u64::from(*channels) * 2, *bytes),
            per_second(*samples) / 1e6
        );
    }
    text
}

/// How much smaller it is than BGR24, or 16-bit samples.
fn ratio(driver: Option<&String>, plain: u64, coded: u64) -> String {
    if driver.is_none() || coded == 0 {
        String::new()
    } else {
        format!(" (1/{:.1} of uncompressed)", plain as f64 / coded as f64)
    }
}
