//! Reading a registry's text.

use super::cursor::Cursor;
use super::dialect::Dialect;
use super::hive::{Data, Hive};
use super::{REG_BINARY, REG_DWORD, REG_SZ, SyntaxError, ansi};

/// The roots that text may name, with their abbreviations.
const ROOTS: [(&str, &str); 5] = [
    ("HKEY_LOCAL_MACHINE", "HKLM"),
    ("HKEY_CURRENT_USER", "HKCU"),
    ("HKEY_CLASSES_ROOT", "HKCR"),
    ("HKEY_USERS", "HKU"),
    ("HKEY_CURRENT_CONFIG", "HKCC"),
];
/// The root of Wine's `system.reg`, and that of its other files.
const MACHINE: &str = "HKEY_LOCAL_MACHINE";
const USER: &str = "HKEY_CURRENT_USER";

/// The most characters of a key's name, without those of the keys it lies in.
const MAX_KEY: usize = 255;
/// The most keys that lie in each other.
const MAX_DEPTH: usize = 512;
/// The most characters of a value's name.
const MAX_NAME: usize = 16_383;
/// The most digits of a kind's number.
const MAX_DIGITS: usize = 8;

impl Hive {
    /// Reads the text of a registry, whichever program has written it. What it says that should be deleted goes from what it said before.
    ///
    /// # Errors
    /// The first line that is not what it should be.
    pub fn parse(bytes: &[u8]) -> Result<Self, SyntaxError> {
        let text = ansi::decode(bytes)?;
        let mut cursor = Cursor::new(&text);
        let dialect = Dialect::of(&mut cursor)?;
        let mut reader = Reader { cursor, dialect, root: None, key: None, hive: Self::default() };
        while reader.line()? {}
        Ok(reader.hive)
    }
}

struct Reader<'t> {
    cursor: Cursor<'t>,
    dialect: Dialect,
    /// What keys are relative to, in Wine's files.
    root: Option<&'static str>,
    /// The key that values are in now.
    key: Option<String>,
    hive: Hive,
}

impl Reader<'_> {
    /// Reads a line, or as many as a value has; answers whether there was one.
    fn line(&mut self) -> Result<bool, SyntaxError> {
        self.cursor.skip_empty_lines();
        match self.cursor.peek() {
            None => return Ok(false),
            Some(';' | '#') => self.comment(),
            Some('[') => self.key()?,
            Some('"' | '@') => self.value()?,
            Some(_) => {
                return Err(self.cursor.error(
                    "this is no key in brackets, no value that begins with a quotation mark, and no comment",
                ));
            }
        }
        Ok(true)
    }

    fn comment(&mut self) {
        let line = self.cursor.rest_of_line().to_lowercase();
        if self.dialect == Dialect::Wine && line.contains("relative to") {
            self.root = Some(if line.contains("machine") { MACHINE } else { USER });
        }
    }

    fn key(&mut self) -> Result<(), SyntaxError> {
        let begin = self.cursor.clone();
        self.cursor.take("[");
        let path = if self.dialect == Dialect::Wine {
            let mut units = Vec::new();
            while self.dialect.unit(&mut self.cursor, ']', &mut units)?.is_some() {}
            // When it was last changed.
            self.cursor.rest_of_line();
            let root = self
                .root
                .ok_or_else(|| begin.error("the file has not said what its keys are relative to"))?;
            format!("{root}\\{}", text_of(&units))
        } else {
            let line = self.cursor.rest_of_line().trim_end();
            let path = line.strip_suffix(']').ok_or_else(|| begin.error("a key's line ends with `]`"))?;
            if let Some(deleted) = path.strip_prefix('-') {
                self.key = None;
                self.hive.delete_key(&full_path(deleted).map_err(|why| begin.error(why))?);
                return Ok(());
            }
            path.to_owned()
        };
        let path = full_path(&path).map_err(|why| begin.error(why))?;
        self.hive.add_key(&path);
        self.key = Some(path);
        Ok(())
    }

    fn value(&mut self) -> Result<(), SyntaxError> {
        let begin = self.cursor.clone();
        // `@` is the key's default value, whose name is empty.
        let name = if self.cursor.take("@") { String::new() } else { text_of(&self.string()?) };
        if name.chars().count() > MAX_NAME || name.contains('\0') {
            return Err(begin.error(format!("a value's name has at most {MAX_NAME} characters, and no NUL")));
        }
        self.cursor.skip_blanks();
        if !self.cursor.take("=") {
            return Err(self.cursor.error("`=` follows the name of a value"));
        }
        self.cursor.skip_blanks();
        let data = if self.cursor.take("-") { None } else { Some(self.data()?) };
        self.cursor.end_of_line()?;
        let key = self.key.as_deref().ok_or_else(|| begin.error("a value outside of any key"))?;
        match data {
            Some(data) => self.hive.set(key, &name, data),
            None => self.hive.delete(key, &name),
        }
        Ok(())
    }

    /// A text in quotation marks. It may contain line ends.
    fn string(&mut self) -> Result<Vec<u16>, SyntaxError> {
        let begin = self.cursor.clone();
        if !self.cursor.take("\"") {
            return Err(begin.error("text stands in quotation marks"));
        }
        let mut units = Vec::new();
        let unended = |_| begin.error("a text has no second quotation mark");
        while self.dialect.unit(&mut self.cursor, '"', &mut units).map_err(unended)?.is_some() {}
        Ok(units)
    }

    fn data(&mut self) -> Result<Data, SyntaxError> {
        if self.cursor.peek() == Some('"') {
            return Ok(Data::units(REG_SZ, self.string()?.into_iter()));
        }
        if self.cursor.take("dword:") {
            let number = self.number("a `dword` has one to eight hexadecimal digits")?;
            return Ok(Data::new(REG_DWORD, number.to_le_bytes().to_vec()));
        }
        if self.dialect == Dialect::Wine && self.cursor.take("str(") {
            let kind = self.kind()?;
            return Ok(Data::units(kind, self.string()?.into_iter()));
        }
        let kind = if self.cursor.take("hex:") {
            REG_BINARY
        } else if self.cursor.take("hex(") {
            self.kind()?
        } else {
            return Err(self
                .cursor
                .error("a value is a text in quotation marks, `dword:`, `hex:`, `hex(KIND):` or `-`"));
        };
        let bytes = self.bytes()?;
        Ok(Data::new(kind, self.dialect.bytes(kind, bytes)))
    }

    /// The rest of `hex(KIND):`.
    fn kind(&mut self) -> Result<u32, SyntaxError> {
        let kind = self.number("a kind of value has one to eight hexadecimal digits")?;
        if self.cursor.take("):") {
            Ok(kind)
        } else {
            Err(self.cursor.error("`):` follows the kind of a value"))
        }
    }

    fn number(&mut self, what: &str) -> Result<u32, SyntaxError> {
        let begin = self.cursor.clone();
        let digits = self.cursor.take_while(MAX_DIGITS, |c| c.is_ascii_hexdigit());
        let more = self.cursor.peek().is_some_and(|c| c.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| !more).ok_or_else(|| begin.error(what))
    }

    /// Bytes in hexadecimal with commas between them, which go on in the next line behind a backslash.
    fn bytes(&mut self) -> Result<Vec<u8>, SyntaxError> {
        let mut bytes = Vec::new();
        loop {
            self.cursor.skip_blanks();
            if self.cursor.take("\\") {
                self.cursor.end_of_line()?;
                continue;
            }
            let digits = self.cursor.take_while(2, |c| c.is_ascii_hexdigit());
            if digits.is_empty() {
                // Nothing at all, or nothing behind a last comma.
                return Ok(bytes);
            }
            bytes.extend(u8::from_str_radix(digits, 16).ok());
            self.cursor.skip_blanks();
            if !self.cursor.take(",") {
                return Ok(bytes);
            }
        }
    }
}

fn text_of(units: &[u16]) -> String {
    String::from_utf16_lossy(units)
}

/// A key's path with its root spelled out.
fn full_path(path: &str) -> Result<String, String> {
    let (root, below) = path.split_once('\\').unwrap_or((path, ""));
    let known = ROOTS
        .iter()
        .find(|(name, short)| root.eq_ignore_ascii_case(name) || root.eq_ignore_ascii_case(short))
        .ok_or_else(|| {
            "a key lies in HKEY_LOCAL_MACHINE, HKEY_CURRENT_USER or another root of the registry".to_owned()
        })?;
    if below.is_empty() {
        return Ok(known.0.to_owned());
    }
    let names: Vec<&str> = below.trim_end_matches('\\').split('\\').collect();
    let good =
        |name: &&str| !name.is_empty() && name.chars().count() <= MAX_KEY && !name.contains(char::is_control);
    if names.len() > MAX_DEPTH || !names.iter().all(good) {
        return Err(format!(
            "a key's name has 1 to {MAX_KEY} characters without controls, and at most {MAX_DEPTH} keys lie in each other"
        ));
    }
    Ok(format!("{}\\{}", known.0, names.join("\\")))
}
