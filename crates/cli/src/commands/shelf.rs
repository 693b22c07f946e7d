//! `drvhost decode` with `--out-dir`: many files, some at a time, each with a session of its own, so that what a driver does wrong costs its file only.

mod bars;
mod job;
mod processors;
mod summary;

use std::collections::HashMap;
use std::fs;
use std::io::{Error as IoError, ErrorKind};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use drvhost::decode::{self, ffmpeg_is_there};
use drvhost::media::{MediaError, OutputKind};
use drvhost::shelf::{Input, Manifest, Names, Shelf, Stamp, text_of};
use drvhost::{DriverFile, Error};

use crate::args::{Decode, Global, Quirk};
use crate::commands;
use crate::failure::{Exit, Failure};
use crate::output;
use bars::Bars;
use job::{Ended, Job};
use processors::{Place, Processors};
use summary::{Report, Summary};

/// The ending of outputs unless told otherwise: what archives keep, where there is something to write it.
fn usual_ending() -> &'static str {
    if ffmpeg_is_there() { "mkv" } else { "avi" }
}

pub fn run(global: &Global, command: &Decode, out: &Path) -> Result<Exit, Failure> {
    let started = Instant::now();
    let stop = commands::stop::flag()?;
    let ending = command.to.as_deref().unwrap_or_else(|| usual_ending()).trim_start_matches('.');
    check(ending)?;
    let builder = commands::builder(global)?;
    let driver = driver(global, command)?;
    let options = options(global, command, ending);
    // Looked at before the folder is made, so that a mistyped command leaves nothing.
    let shelf = Shelf::find(&command.inputs, out)?;
    if !shelf.inputs.is_empty() {
        fs::create_dir_all(out).map_err(|source| Error::File { file: out.to_owned(), source })?;
    }
    let mut summary = Summary::new(global.json, &shelf);
    if shelf.inputs.is_empty() {
        summary.print(started.elapsed(), out)?;
        return Ok(summary.exit().max(Exit::Nothing));
    }
    let manifest = Manifest::open(out)?;
    let names = Names::new(&shelf.inputs, ending, &manifest.outputs());
    let mut jobs = Vec::new();
    for input in &shelf.inputs {
        let name = names.of(input).ok_or_else(|| Error::Bug("an input without a name".to_owned()))?;
        let stamp = Stamp::of(&input.path);
        let done = stamp.as_ref().ok().filter(|_| !command.again);
        match done.and_then(|stamp| manifest.done(&input.name, *stamp, &options)) {
            Some(line) => summary.add(&Report::Skipped(line))?,
            None => jobs.push(Job {
                what: decode::Decode {
                    input: input.path.clone(),
                    output: Some(decode::Output::File(out.join(name))),
                    driver: driver.clone(),
                    packing: commands::packing(global),
                    stream: command.stream,
                    frames: command.frames.unwrap_or_default(),
                    pix_fmt: command.pix_fmt.clone(),
                    on_error: command.on_error.into(),
                },
                input: text_of(&input.name),
                output: text_of(name),
                refused: refusal(&out.join(name), &shelf.inputs),
                stamp: stamp.ok(),
                options: options.clone(),
            }),
        }
    }
    drvhost::shelf::keep_memory();
    let threads = command.jobs.map_or_else(processors, NonZeroUsize::get).min(jobs.len());
    let bars = Bars::new(global.json, jobs.len(), threads);
    let summary = Mutex::new(summary);
    run_all(&jobs, threads, &builder, &bars, &stop, |ended| {
        let mut summary = summary.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match ended {
            Ended::Stopped => summary.add(&Report::Stopped),
            Ended::Decoded { line, shape } => {
                manifest.append(&line)?;
                bars.aside(|| summary.add(&Report::Decoded(&line, shape)))
            }
            Ended::Failed { line, advice } => {
                manifest.append(&line)?;
                bars.aside(|| summary.add(&Report::Failed(&line, advice)))
            }
        }
    })?;
    bars.clear();
    let mut summary = summary.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    summary.print(started.elapsed(), out)?;
    Ok(summary.exit())
}

/// Does all jobs, so many at a time. Those that have not begun when `stop` is set end as stopped.
fn run_all(
    jobs: &[Job],
    threads: usize,
    builder: &drvhost::Builder,
    bars: &Bars,
    stop: &AtomicBool,
    ended: impl Fn(Ended) -> Result<(), Failure> + Sync,
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(None);
    let processors = Processors::new(threads, processors());
    let work = |number: usize| {
        // Workers run where their spawner was made, so where a job moves it needs another one.
        let mut spawners = Spawners::new(builder);
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(index) else { break };
            let builder = spawners.of(processors.enter(number, jobs.len() - index - 1));
            let done = if stop.load(Ordering::Relaxed) {
                Ended::Stopped
            } else {
                job.run(builder, |progress| bars.show(number, job, progress), stop)
            };
            bars.one_less(number);
            if let Err(failure) = ended(done) {
                // What became of files could not be written down: nobody would know of more.
                stop.store(true, Ordering::Relaxed);
                failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(failure);
            }
        }
        processors.leave();
    };
    thread::scope(|scope| {
        let work = &work;
        let started =
            (1..threads).map(|number| thread::Builder::new().spawn_scoped(scope, move || work(number)));
        // Where the system gives fewer threads, those that there are do it all.
        let started: Vec<_> = started.collect();
        work(0);
        drop(started);
    });
    failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).map_or(Ok(()), Err)
}

/// What starts the sessions of one thread's jobs.
struct Spawners<'b> {
    any: &'b drvhost::Builder,
    /// By where they run, from their first job there on.
    of: HashMap<Place, drvhost::Builder>,
}

impl<'b> Spawners<'b> {
    fn new(any: &'b drvhost::Builder) -> Self {
        Self { any, of: HashMap::new() }
    }

    fn of(&mut self, place: Place) -> &drvhost::Builder {
        self.of.entry(place).or_insert_with(|| {
            let any = || self.any.clone();
            // Where the system gives no thread for it, each session says so, or has better luck.
            any().share_spawner().unwrap_or_else(|_| any())
        })
    }
}

/// Sees that the ending is one for a file with all of an input.
fn check(ending: &str) -> Result<(), Error> {
    let wrong = |why: &str| MediaError::OutputName { name: format!("--to {ending}"), why: why.to_owned() };
    if ending.is_empty() || !ending.chars().all(|character| character.is_ascii_alphanumeric()) {
        return Err(wrong("an ending is letters and digits, such as mkv, avi, mov, y4m or wav").into());
    }
    match OutputKind::for_path(&PathBuf::from(format!("name.{ending}"))) {
        Ok(OutputKind::Png(_)) | Err(_) => {
            Err(wrong("each input becomes one file; -o name%05d.png makes pictures of one film").into())
        }
        Ok(_) => Ok(()),
    }
}

fn driver(global: &Global, command: &Decode) -> Result<Option<DriverFile>, Error> {
    let resolve = |name| commands::registry(global)?.resolve_argument(name);
    command.driver.as_deref().map(resolve).transpose()
}

/// What makes a difference to the outputs.
fn options(global: &Global, command: &Decode, ending: &str) -> String {
    let mut options = vec![format!("to={ending}")];
    options.extend(command.driver.as_ref().map(|driver| format!("driver={driver}")));
    options.extend(global.machine.map(|machine| format!("machine={}", drvhost::Machine::from(machine))));
    options.extend(command.stream.map(|stream| format!("stream={stream}")));
    options.extend(command.frames.map(|frames| format!("frames={frames}")));
    options.extend(command.pix_fmt.as_ref().map(|format| format!("pix_fmt={format}")));
    let on_error = decode::OnError::from(command.on_error);
    if on_error != decode::OnError::default() {
        options.push(format!("on_error={on_error:?}").to_lowercase());
    }
    let quirk = |quirk: &Quirk| format!("quirk={quirk:?}").to_lowercase();
    options.extend(global.quirk.iter().map(quirk));
    options.join(" ")
}

/// Why an output cannot be written: it is one of the inputs.
fn refusal(output: &Path, inputs: &[Input]) -> Option<Error> {
    let there = output.canonicalize().ok()?;
    let is_it = |input: &&Input| input.path.canonicalize().is_ok_and(|input| input == there);
    let input = inputs.iter().find(is_it)?;
    let why = format!("it is the input {}, which would be lost", input.path.display());
    Some(MediaError::OutputName { name: output.display().to_string(), why }.into())
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// The error for several inputs, or a folder, without a folder for the outputs.
pub fn without_folder(command: &Decode) -> Option<Error> {
    let several = match command.inputs.as_slice() {
        [only] => only
            .is_dir()
            .then_some((only, "a folder is decoded with `--out-dir`, which says where all its outputs go")),
        [_, second, ..] => {
            Some((second, "several files are decoded with `--out-dir`, which says where their outputs go"))
        }
        [] => None,
    };
    // A kind that is the caller's doing.
    several.map(|(file, why)| Error::File {
        file: file.clone(),
        source: IoError::new(ErrorKind::InvalidData, why),
    })
}

/// Prints one line for programs, or for people.
fn print(json: bool, text: &str, value: &impl serde::Serialize) -> Result<(), Failure> {
    let printed = if json { output::json(value) } else { output::text(text) };
    match printed {
        // Whoever reads may have gone; the work goes on, and the manifest tells.
        Ok(()) | Err(Failure::Closed) => Ok(()),
        Err(failure) => Err(failure),
    }
}
