//! What the machine takes at least for what drvhost does: below this, no work on drvhost gets it. Measured in the same run, because it changes with where the
//! machine's own host puts the processors.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use drvhost::media::ContentHasher;

use crate::failure::{Failure, run};
use crate::launcher::timed;
use crate::quantiles::Quantiles;
use crate::report::{Better, Row};
use crate::wine::find;

/// Two programs with a C library, shared and not, as drvhost and its worker are: the first one starts the second, which leaves for name spaces of its own and says so, and
/// the first one ends. No file is read, no driver loaded, no system call forbidden.
const TWO: &str = r#"
#define _GNU_SOURCE
#include <sched.h>
#include <spawn.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
    char said;
    int pipes[2];
    pid_t child;
    char *arguments[] = { argv[1], NULL };
    posix_spawn_file_actions_t actions;

    if (argc == 1) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP))
            return 1;
        return write(1, "x", 1) != 1;
    }
    if (pipe(pipes) || posix_spawn_file_actions_init(&actions)
        || posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
        || posix_spawn(&child, argv[1], &actions, NULL, arguments, environ))
        return 2;
    close(pipes[1]);
    return read(pipes[0], &said, 1) != 1 || said != 'x';
}
"#;

/// Two programs that do nothing but isolate the second one.
pub struct TwoPrograms {
    first: PathBuf,
    second: PathBuf,
}

impl TwoPrograms {
    /// Compiles them; `None` where there is no C compiler.
    ///
    /// # Errors
    /// [`Failure`] where the compiler fails.
    pub fn compiled(folder: &Path) -> Result<Option<Self>, Failure> {
        let Some(compiler) = find("", &["cc", "gcc"]) else { return Ok(None) };
        let source = folder.join("two.c");
        std::fs::write(&source, TWO).map_err(Failure::file("a source file"))?;
        let compile = |name: &str, options: &[&str]| -> Result<PathBuf, Failure> {
            let program = folder.join(name);
            run(Command::new(&compiler).arg("-O2").args(options).arg("-o").arg(&program).arg(&source))?;
            Ok(program)
        };
        Ok(Some(Self { first: compile("first", &[])?, second: compile("second", &["-static-pie"])? }))
    }

    /// Milliseconds of both.
    ///
    /// # Errors
    /// [`Failure`] where they fail.
    pub fn time(&self) -> Result<f64, Failure> {
        Ok(timed(Command::new(&self.first).arg(&self.second))?.0)
    }
}

/// Nanoseconds of a number's way to another processor and back: two threads that look for nothing else and never sleep, each with a cache line of its own. `None` where
/// there is no other processor: each would look until the other's turn comes.
///
/// # Errors
/// [`Failure`] where there was nothing to measure.
pub fn number(count: usize) -> Result<Option<Quantiles>, Failure> {
    if alone() {
        return Ok(None);
    }
    let (there, back) = (Line::default(), Line::default());
    let mut times = Vec::with_capacity(count);
    thread::scope(|scope| {
        scope.spawn(|| (1..=count as u64).for_each(|number| back.put(there.when(number))));
        for number in 1..=count as u64 {
            let started = Instant::now();
            there.put(number);
            back.when(number);
            times.push(started.elapsed().as_nanos() as f64);
        }
    });
    Quantiles::of(times).map(Some)
}

/// Whether there is no other processor.
fn alone() -> bool {
    thread::available_parallelism().is_ok_and(|processors| processors.get() < 2)
}

/// How many bytes a decoder of sound gets at a time.
const PIECE: usize = 32 << 10;
/// How many pieces are looked up for a sample.
pub const PIECES: usize = 8000;

/// Megabytes a second that a loop looks up while another thread hashes, and alone: what is left of a driver's speed while its samples are hashed, which is less than all
/// where two processors are one core's. Neither thread waits for the other, and each has memory of its own. No samples where there is no other processor.
#[must_use]
pub fn look_ups(rounds: usize, pieces: usize) -> Row {
    let mut row =
        Row::new("the least: look-ups while another processor hashes", "MB/s", Better::More).against("alone");
    if alone() {
        return row.note("there is one processor");
    }
    for _ in 0..rounds {
        row.theirs.push(looked_up(pieces));
        let (begun, over) = (AtomicBool::new(false), AtomicBool::new(false));
        let hashing = || {
            let (mut hasher, piece) = (ContentHasher::new(), vec![7; PIECE]);
            while !over.load(Ordering::Relaxed) {
                hasher.update(&piece);
                begun.store(true, Ordering::Relaxed);
            }
            black_box(hasher.finish());
        };
        row.ours.push(thread::scope(|scope| {
            scope.spawn(hashing);
            while !begun.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
            let speed = looked_up(pieces);
            over.store(true, Ordering::Relaxed);
            speed
        }));
    }
    row.verified(true);
    row
}

/// Megabytes a second of a loop that looks up each byte in a table of 256 numbers of two bytes, as decoders of A-law and u-law do.
fn looked_up(pieces: usize) -> f64 {
    let table: [u16; 256] = std::array::from_fn(|number| number as u16 * 257);
    let source: Vec<u8> = (0..PIECE).map(|at| (at * 31) as u8).collect();
    let mut made = vec![0; PIECE];
    let started = Instant::now();
    for _ in 0..pieces {
        for (made, number) in made.iter_mut().zip(black_box(&source)) {
            *made = table[usize::from(*number)];
        }
        black_box(&mut made);
    }
    (PIECE * pieces) as f64 / 1e6 / started.elapsed().as_secs_f64()
}

/// A number alone in its cache line, and in the one that a processor fetches beside it.
#[derive(Default)]
#[repr(align(128))]
struct Line(AtomicU64);

impl Line {
    fn put(&self, number: u64) {
        self.0.store(number, Ordering::Release);
    }

    /// Waits until a number is there.
    fn when(&self, number: u64) -> u64 {
        while self.0.load(Ordering::Acquire) != number {
            std::hint::spin_loop();
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_back() {
        assert_eq!(number(1000).unwrap().is_none_or(|times| times.median() <= 0.0), alone());
    }

    #[test]
    fn look_ups_are_measured_alone_and_beside_hashing() {
        let row = look_ups(1, 10);
        assert_eq!((row.ours.len(), row.theirs.len()), if alone() { (0, 0) } else { (1, 1) });
        assert!(row.ours.iter().chain(&row.theirs).all(|speed| *speed > 0.0));
    }

    #[test]
    fn two_programs_end_well() {
        let folder = tempfile::tempdir().unwrap();
        let programs = TwoPrograms::compiled(folder.path()).unwrap().expect("a C compiler");
        assert!(programs.time().unwrap() > 0.0);
    }
}
