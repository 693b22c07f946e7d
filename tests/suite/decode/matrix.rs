//! The matrix: every format in every size, or at every rate with one channel and two, as drivers for both machines decode it against ffmpeg, and every
//! kind of file that comes of it. A case has its own name and is run for both machines, so that what ffmpeg makes and decodes is made and
//! decoded once.

mod outputs;
mod pictures;
mod sound;

use std::process::Command;

use drvhost_tests::*;

/// Runs ffmpeg or ffprobe, which must succeed and have nothing to say about what it reads; answers its standard output.
fn quietly(folder: &Folder, program: &str, arguments: &str) -> Vec<u8> {
    let mut command = Command::new(program);
    command.args(["-v", "warning"]).args(arguments.split_whitespace()).current_dir(folder.path());
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    // None is about the file. WAVEFORMATEX has no places for channels, so that ffmpeg says which it takes for every file of it; it estimates
    // how long sound without pictures is in any AVI file, its own among them; and for pictures of one pixel it doubts the rate of what it writes itself.
    let known = [
        "Guessed Channel Layout",
        "Estimating duration from bitrate",
        "The bitrate parameter is set too low",
    ];
    let warning = said.lines().find(|line| !known.iter().any(|known| line.contains(known)));
    assert!(output.status.success() && warning.is_none(), "{program} {arguments}: {}\n{said}", output.status);
    output.stdout
}

/// The pictures of a file as BGR24, read without a warning.
fn quiet_pictures(folder: &Folder, name: &str) -> Vec<u8> {
    let arguments =
        format!("-xerror -nostdin -i {name} -fps_mode passthrough -pix_fmt bgr24 -f rawvideo -map 0:v -");
    quietly(folder, "ffmpeg", &arguments)
}

/// The samples of a file's first sound, of 16 bits, read without a warning.
fn quiet_samples(folder: &Folder, name: &str) -> Vec<u8> {
    quietly(folder, "ffmpeg", &format!("-xerror -nostdin -i {name} -map 0:a:0 -f s16le -"))
}
