//! Starting a program and waiting for its end, with as little of one's own time as there can be: no shell, no pipe, and no copy of this process's
//! memory, because the standard library starts programs by posix_spawn(3), which does it by vfork. What the program prints goes to a file that is read afterwards.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::failure::{Failure, command_name, run};
use crate::wine::find;

/// A program that ends at once, without any library: what is left is the launcher's own time, and the kernel's for a process.
const NOTHING: &str = "\
void _start(void)
{
    __asm__ volatile(\"syscall\" : : \"a\"(231), \"D\"(0));
    __builtin_unreachable();
}
";

/// Milliseconds that a command takes from its start to its end, and what it printed.
///
/// # Errors
/// [`Failure`] where it cannot be started or does not succeed.
pub fn timed(command: &mut Command) -> Result<(f64, String), Failure> {
    let mut printed = tempfile::tempfile().map_err(Failure::file("a file for what a program prints"))?;
    let errors = printed.try_clone().map_err(Failure::file("a file for what a program prints"))?;
    let output = printed.try_clone().map_err(Failure::file("a file for what a program prints"))?;
    command.stdout(Stdio::from(output)).stderr(Stdio::from(errors)).stdin(Stdio::null());
    let started = Instant::now();
    let ended = command.spawn().and_then(|mut child| child.wait());
    let elapsed = started.elapsed();
    let status = ended.map_err(|source| Failure::Start { program: command_name(command), source })?;
    let text = text(&mut printed).map_err(Failure::file("what a program printed"))?;
    if status.success() {
        return Ok((elapsed.as_secs_f64() * 1e3, text));
    }
    let text = format!("{status}; {}", text.trim());
    Err(Failure::Failed { command: command_name(command), text })
}

fn text(printed: &mut File) -> std::io::Result<String> {
    printed.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    printed.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A program that does nothing, compiled into `folder`; `None` where there is no C compiler.
///
/// # Errors
/// [`Failure`] where the compiler fails.
pub fn nothing(folder: &Path) -> Result<Option<PathBuf>, Failure> {
    let Some(compiler) = find("", &["cc", "gcc"]) else { return Ok(None) };
    let (source, program) = (folder.join("nothing.c"), folder.join("nothing"));
    std::fs::write(&source, NOTHING).map_err(Failure::file("a source file"))?;
    let options = ["-O2", "-static", "-nostdlib", "-ffreestanding", "-o"];
    run(Command::new(compiler).args(options).arg(&program).arg(&source))?;
    Ok(Some(program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_prints_and_how_it_ends_is_seen() {
        let (time, text) = timed(Command::new("echo").arg("-1")).unwrap();
        assert_eq!(text, "-1\n");
        assert!(time > 0.0 && time < 60_000.0);
        let error = timed(Command::new("sh").args(["-c", "echo no >&2; exit 3"])).unwrap_err().to_string();
        assert!(error.contains("exit status: 3; no"), "{error}");
        assert!(timed(&mut Command::new("no such program")).is_err());
    }

    #[test]
    fn nothing_ends_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let program = nothing(folder.path()).unwrap().expect("the C compiler that Rust links with");
        assert_eq!(timed(&mut Command::new(program)).unwrap().1, "");
    }
}
