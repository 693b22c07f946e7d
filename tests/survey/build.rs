//! What the survey driver imports: for each library of `functions.txt` an import library, and for its code a declaration of each function.
//!
//! Libraries share names (`strlen` is in several), so the driver's own name for a function begins with its library's: `msvcrt_strlen`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// The list of functions.
pub const FUNCTIONS: &str = "survey/functions.txt";
/// The folder of the driver's code.
pub const CODE: &str = "drivers/survey";

/// The functions that drivers of `bits` import, by library.
fn functions(bits: &str) -> io::Result<BTreeMap<String, Vec<String>>> {
    let mut functions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in fs::read_to_string(FUNCTIONS)?.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<_> = line.split(' ').collect();
        let &[library, function, _, ref only @ ..] = words.as_slice() else {
            return Err(io::Error::other(format!("{FUNCTIONS}: {line}")));
        };
        if only.is_empty() || only == [bits] {
            functions.entry(library.to_owned()).or_default().push(function.to_owned());
        }
    }
    Ok(functions)
}

/// Makes in `folder` what the driver needs besides its code, with this `dlltool`; answers what its compiler is to be told.
pub fn prepare(dlltool: &str, bits: &str, folder: &Path) -> io::Result<Vec<String>> {
    let folder = folder.join("survey");
    fs::create_dir_all(&folder)?;
    let mut declared = "/* Generated from survey/functions.txt. */\n".to_owned();
    let mut listed =
        "#include \"survey.h\"\n\nconst void *survey_imports(int index)\n{\n    switch (index) {\n"
            .to_owned();
    let mut archives = Vec::new();
    let mut index = 0;
    let failed = |error: std::fmt::Error| io::Error::other(error);
    for (library, functions) in functions(bits)? {
        let mut definition = format!("LIBRARY {library}.dll\nEXPORTS\n");
        for function in functions {
            let own = format!("{library}_{function}");
            writeln!(definition, "{own} == {function}").map_err(failed)?;
            // An array, so that the import's address is there without a call, whatever it is.
            writeln!(declared, "extern __declspec(dllimport) char {own}[];").map_err(failed)?;
            writeln!(listed, "    case {index}:\n        return {own};").map_err(failed)?;
            index += 1;
        }
        let (file, archive) = (format!("{library}.def"), format!("lib{library}.a"));
        fs::write(folder.join(&file), definition)?;
        super::run(Command::new(dlltool).current_dir(&folder).args([
            "--input-def",
            &file,
            "--output-lib",
            &archive,
        ]))?;
        archives.push(folder.join(archive).display().to_string());
    }
    listed.push_str("    default:\n        return NULL;\n    }\n}\n");
    fs::write(folder.join("imports.h"), declared)?;
    fs::write(folder.join("imports.c"), listed)?;
    let mut options: Vec<String> =
        sources()?.iter().skip(1).map(|source| source.display().to_string()).collect();
    options.push(folder.join("imports.c").display().to_string());
    options.extend(archives);
    // Cases stay in the order in which they are written.
    options.extend([
        "-fno-toplevel-reorder".to_owned(),
        format!("-I{CODE}"),
        format!("-I{}", folder.display()),
    ]);
    Ok(options)
}

/// The driver's own code.
pub fn sources() -> io::Result<Vec<PathBuf>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(CODE)? {
        sources.push(entry?.path());
    }
    sources.retain(|source| source.extension().is_some_and(|ending| ending == "c"));
    sources.sort();
    Ok(sources)
}
