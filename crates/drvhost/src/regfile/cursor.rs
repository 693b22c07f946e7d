//! A place in a text, and its line.

use super::SyntaxError;

/// What of a text is left to read.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'t> {
    rest: &'t str,
    line: usize,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { rest: text, line: 1 }
    }

    /// The line that it is in, from 1 on.
    pub fn line(&self) -> usize {
        self.line
    }

    /// An error at this place.
    pub fn error(&self, why: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.line, why)
    }

    /// The next character, left in place.
    pub fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes the next character.
    pub fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next()?;
        self.rest = characters.as_str();
        self.line += usize::from(next == '\n');
        Some(next)
    }

    /// Takes `text` if that is what follows, in any case.
    pub fn take(&mut self, text: &str) -> bool {
        match self.rest.split_at_checked(text.len()) {
            Some((head, rest)) if head.eq_ignore_ascii_case(text) => {
                self.line += head.matches('\n').count();
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes characters as long as they are of a kind, at most `most`.
    pub fn take_while(&mut self, most: usize, kind: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.char_indices().take(most).take_while(|(_, c)| kind(*c)).last();
        let end = end.map_or(0, |(at, c)| at + c.len_utf8());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    /// Takes what is left of the line, and its end.
    pub fn rest_of_line(&mut self) -> &'t str {
        let (line, rest) = match self.rest.split_once('\n') {
            Some((line, rest)) => {
                self.line += 1;
                (line, rest)
            }
            None => (self.rest, ""),
        };
        self.rest = rest;
        line.trim_end_matches('\r')
    }

    /// Passes over spaces and tabs.
    pub fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(BLANKS);
    }

    /// Passes over blanks and empty lines.
    pub fn skip_empty_lines(&mut self) {
        self.take_while(usize::MAX, |c| BLANKS.contains(&c) || c == '\n');
    }

    /// Passes over the end of a line, and blanks and a comment before it.
    ///
    /// # Errors
    /// Anything else.
    pub fn end_of_line(&mut self) -> Result<(), SyntaxError> {
        self.skip_blanks();
        match self.peek() {
            None | Some('\n' | ';') => {
                self.rest_of_line();
                Ok(())
            }
            Some(_) => Err(self.error("something follows the value on its line")),
        }
    }
}

/// What separates nothing: the other half of Windows' line ends is one.
const BLANKS: [char; 3] = [' ', '\t', '\r'];
