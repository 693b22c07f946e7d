//! SYSTEM.INI: sections in brackets, and lines `name=value`.

use crate::regfile::{SyntaxError, decode};

/// A line of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The section, as it was last written.
    pub section: usize,
    /// What stands before the `=`.
    pub name: String,
    /// What stands behind it, without the quotation marks that may be around it.
    pub value: String,
}

/// A file's sections by their order, and their lines. Lines without `=` say nothing to Windows either, and are passed over.
///
/// # Errors
/// A section's name without its second bracket, a NUL, and text that is not in the encoding that its mark says.
pub(crate) fn parse(bytes: &[u8]) -> Result<(Vec<String>, Vec<Line>), SyntaxError> {
    let text = decode(bytes)?;
    let (mut sections, mut lines) = (Vec::new(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        let error = |why| SyntaxError::new(number + 1, why);
        let line = line.trim();
        if line.contains('\0') {
            return Err(error("a NUL, which no text has"));
        }
        if let Some(name) = line.strip_prefix('[') {
            let name =
                name.split_once(']').ok_or_else(|| error("a section's name stands between two brackets"))?.0;
            sections.push(name.trim().to_owned());
        } else if !line.starts_with(';')
            && let Some((name, value)) = line.split_once('=')
            && let Some(section) = sections.len().checked_sub(1)
        {
            let (name, value) = (name.trim(), value.trim());
            let quoted =
                ['"', '\''].into_iter().find_map(|mark| value.strip_prefix(mark)?.strip_suffix(mark));
            let value = quoted.unwrap_or(value).to_owned();
            lines.push(Line { section, name: name.to_owned(), value });
        }
    }
    Ok((sections, lines))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sections_have_lines() {
        let text = "lost=1\r\n[Drivers32]\r\n; said=1\r\n vidc.a = a.dll  x=1 \r\njunk\r\nb='b.dll '\r\n[ mci32 ] x\n[boot\u{e9}]\nc=\n";
        let (sections, lines) = parse(text.as_bytes()).unwrap();
        assert_eq!(sections, ["Drivers32", "mci32", "boot\u{e9}"]);
        let lines: Vec<_> =
            lines.iter().map(|line| (line.section, line.name.as_str(), line.value.as_str())).collect();
        assert_eq!(lines, [(0, "vidc.a", "a.dll  x=1"), (0, "b", "b.dll "), (2, "c", "")]);
    }

    #[test]
    fn errors_name_their_line() {
        assert_eq!(parse(b"[a]\n[b\n").unwrap_err().line, 2);
        assert_eq!(parse(b"[a]\n\na=\0\n").unwrap_err().line, 3);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            match parse(&bytes) {
                Ok((sections, lines)) => prop_assert!(lines.iter().all(|line| line.section < sections.len())),
                Err(error) => prop_assert!(error.line >= 1),
            }
        }
    }
}
