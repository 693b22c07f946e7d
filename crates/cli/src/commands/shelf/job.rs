//! One file of many.

use std::fs;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use drvhost::decode::{self, Decoded, Output, Progress};
use drvhost::probe::Reason;
use drvhost::shelf::{Line, Stamp};
use drvhost::{Blame, Builder, Error, Policy};

/// A file that is to be decoded.
pub struct Job {
    pub what: decode::Decode,
    /// Its name, and its output's.
    pub input: String,
    pub output: String,
    /// Why it cannot be decoded in any case.
    pub refused: Option<Error>,
    pub stamp: Option<Stamp>,
    /// What makes a difference to the output.
    pub options: String,
}

/// How a job ended.
pub enum Ended {
    /// There is an output.
    Decoded {
        line: Line,
        /// What it measures, and through which driver.
        shape: Shape,
    },
    /// There is none.
    Failed {
        line: Line,
        /// What to try next.
        advice: Option<&'static str>,
    },
    /// It was stopped, or not begun.
    Stopped,
}

/// What people want to know of an output.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    pub size: Option<(u32, u32)>,
    pub driver: Option<String>,
}

impl Job {
    /// Does it.
    pub fn run(&self, builder: &Builder, mut progress: impl FnMut(Progress), stop: &AtomicBool) -> Ended {
        let started = Instant::now();
        let decode = || {
            self.decode(builder, |told| {
                progress(told);
                if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
        };
        // A bug costs one file, too; its message has been printed by then.
        let decoded = catch_unwind(AssertUnwindSafe(decode))
            .unwrap_or_else(|_| Err(Error::Bug("decoding ended in a panic".to_owned())));
        let mut line = Line {
            input: self.input.clone(),
            output: None,
            hash: None,
            frames: None,
            samples: None,
            audio: Vec::new(),
            warnings: Vec::new(),
            seconds: started.elapsed().as_secs_f64(),
            stamp: self.stamp.unwrap_or(Stamp { size: 0, modified: 0 }),
            options: self.options.clone(),
            error: None,
        };
        match decoded {
            Err(Error::Interrupted) => Ended::Stopped,
            Err(error) => {
                line.error = Some(Reason::from(&error));
                Ended::Failed { line, advice: error.advice() }
            }
            Ok(decoded) => {
                let Decoded {
                    driver,
                    frames,
                    samples,
                    width,
                    height,
                    hash,
                    warnings,
                    audio,
                    damage,
                    blame,
                    ..
                } = decoded;
                line.output = Some(self.output.clone());
                line.hash = Some(hash);
                (line.frames, line.samples, line.audio, line.warnings) = (frames, samples, audio, warnings);
                let message = damage.unwrap_or_else(|| "not all of it was decoded".to_owned());
                line.error = blame.map(|blame| Reason { blame, message });
                Ended::Decoded { line, shape: Shape { size: width.zip(height), driver } }
            }
        }
    }

    fn decode(
        &self,
        builder: &Builder,
        progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Decoded, Error> {
        if let Some(Error::Media(drvhost::media::MediaError::OutputName { name, why })) = &self.refused {
            let (name, why) = (name.clone(), why.clone());
            return Err(drvhost::media::MediaError::OutputName { name, why }.into());
        }
        if let Some(Output::File(output)) = &self.what.output
            && let Some(folder) = output.parent()
        {
            fs::create_dir_all(folder).map_err(|source| Error::File { file: folder.to_owned(), source })?;
        }
        let session = builder.clone().start()?;
        let decoded = decode::run(&session, &self.what, progress);
        // Whatever happened, drivers that are still open are told before they are taken down.
        let report = session.end(Policy::Orderly);
        for instance in report.instances.iter().filter_map(|instance| instance.error.as_ref()) {
            tracing::warn!("{}: {instance}", self.input);
        }
        decoded
    }
}

/// Whose doing a line's error is.
pub fn blame_of(line: &Line) -> Option<Blame> {
    line.error.as_ref().map(|error| error.blame)
}
