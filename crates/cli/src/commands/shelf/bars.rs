//! Progress of several files at a time: a bar for each, and one for all.

use std::io::IsTerminal;

use drvhost::decode::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::job::Job;

/// How much of a file's name is shown.
const NAME: usize = 40;

/// The bars. Where nobody looks they are not drawn.
pub struct Bars {
    all: MultiProgress,
    each: Vec<ProgressBar>,
    total: ProgressBar,
}

impl Bars {
    /// Bars for so many files, and so many at a time.
    pub fn new(json: bool, files: usize, threads: usize) -> Self {
        let all = MultiProgress::new();
        if json || !std::io::stderr().is_terminal() {
            all.set_draw_target(ProgressDrawTarget::hidden());
        }
        let bar = |length, template| {
            let bar = all.add(ProgressBar::new(length));
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar
        };
        let each = (0..threads).map(|_| bar(0, "{bar:30} {percent:>3}% {msg}")).collect();
        let total = bar(files as u64, "{bar:30} {pos} of {len} files, {eta} left");
        Self { all, each, total }
    }

    /// Shows how far the job of a thread is.
    pub fn show(&self, thread: usize, job: &Job, progress: Progress) {
        let Some(bar) = self.each.get(thread) else { return };
        let total = progress.total.unwrap_or(0);
        if bar.length() != Some(total) || bar.message().is_empty() {
            bar.set_length(total);
            let skipped = job.input.chars().count().saturating_sub(NAME);
            bar.set_message(job.input.chars().skip(skipped).collect::<String>());
        }
        bar.set_position(progress.done);
    }

    /// Counts a file as done.
    pub fn one_less(&self, thread: usize) {
        self.total.inc(1);
        if let Some(bar) = self.each.get(thread) {
            bar.set_message("");
            bar.set_position(0);
        }
    }

    /// Prints something without the bars in its way.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.all.suspend(print)
    }

    /// Takes them away.
    pub fn clear(&self) {
        self.each.iter().chain([&self.total]).for_each(ProgressBar::finish_and_clear);
    }
}
