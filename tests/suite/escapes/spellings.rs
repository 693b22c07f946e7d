//! The names under which a driver may try to reach a file outside.

use std::path::Path;

/// One of them.
#[derive(Debug, Clone)]
pub struct Spelling {
    text: String,
    /// The same in UTF-16, where it is no text.
    units: Option<Vec<u16>>,
    /// The same in bytes, where they are in no code page.
    bytes: Option<Vec<u8>>,
}

impl Spelling {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), units: None, bytes: None }
    }

    /// Whether nothing may come of an attempt, which would show nothing of what is outside and yet have used it.
    pub fn must_not(&self, what: &str) -> bool {
        match what {
            // A driver beside the one that asks may be a link: whoever has put it there has it opened.
            "open a driver" | "play a sound" => self.text.contains("secret"),
            "load a library" => self.text.contains("secret") || self.text.contains("library"),
            _ => false,
        }
    }

    /// The path as the driver gets it for an attempt, and that of the folder that it leads into: each in UTF-16 and in bytes.
    pub fn forms(&self, what: &str) -> Vec<(bool, Vec<u8>)> {
        let text = match what {
            "load a library" | "open a driver" => self.text.replace("secret", "canary.dll"),
            _ => self.text.clone(),
        };
        let folder = text.rsplit_once(['\\', '/']).map(|(folder, _)| folder.to_owned());
        let mut forms = Vec::new();
        for text in [Some(text), folder].into_iter().flatten() {
            forms.push((true, wide(text.encode_utf16())));
            forms.push((false, text.bytes().chain([0]).collect()));
        }
        forms.extend(self.units.iter().map(|units| (true, wide(units.iter().copied()))));
        forms.extend(self.bytes.iter().map(|bytes| (false, bytes.iter().copied().chain([0]).collect())));
        forms
    }
}

fn wide(units: impl Iterator<Item = u16>) -> Vec<u8> {
    units.chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// All of them, where the driver's folder `own`, its granted folder `granted` and what is `outside` lie in one place.
pub fn spellings(place: &Path) -> Vec<Spelling> {
    let place = place.canonicalize().expect("the place is there");
    let unix = place.to_str().expect("text");
    let windows = unix.replace('/', r"\");
    let text = |pattern: &str| {
        let pattern = pattern.replace("{unix}", unix).replace("{place}", &windows);
        Spelling::new(pattern.replace("{pid}", &std::process::id().to_string()))
    };
    let mut all: Vec<Spelling> = PATTERNS.iter().map(|pattern| text(pattern)).collect();
    for device in DEVICES {
        let folders = ["", r"C:\windows\system32\", r"link\", r"\\.\"];
        all.extend(folders.map(|folder| Spelling::new(format!("{folder}{device}"))));
    }
    // Very long, in different ways.
    all.push(Spelling::new(format!(r"{}outside\secret", r"..\".repeat(300))));
    all.push(Spelling::new(format!(r"C:\{}link\secret", r".\".repeat(500))));
    all.push(Spelling::new(format!(r"C:\link{}secret", r"\".repeat(900))));
    all.push(Spelling::new(format!(r"\\?\C:\{}\..\link\secret", "a".repeat(250))));
    all.push(Spelling::new(format!(r"C:\{}\secret", "a".repeat(5000))));
    all.push(Spelling::new(format!(r"{}\link\secret", r"a\..\".repeat(6000))));
    // What is no text: halves of characters that need two units, a NUL before and behind the end.
    for units in [[0xD800, 0x2E], [0xDC00, 0xD800], [0x2E, 0xDFFF], [0, 0x2E], [0xFEFF, 0x2E], [0xFFFF, 0x2F]]
    {
        let rest = r"\..\link\secret".encode_utf16();
        let units = Some(units.into_iter().chain(rest).collect());
        all.push(Spelling { units, ..Spelling::new(format!("C:\\{:x?}", all.len())) });
    }
    // Bytes that some decoders take for dots and slashes: overlong UTF-8, yen and won signs, the second halves of double-byte characters.
    for slash in [
        &b"\xC0\xAF"[..],
        b"\xE0\x80\xAF",
        b"\xF0\x80\x80\xAF",
        b"\xC1\x9C",
        b"\xA5",
        b"\x81\x5C",
        b"\xEF\xBC\x8F",
    ] {
        for dot in [&b"."[..], b"\xC0\xAE", b"\xB7"] {
            let parts = [dot, dot, slash, b"outside", slash, b"secret"];
            all.push(Spelling {
                bytes: Some(parts.concat()),
                ..Spelling::new(format!("C:\\{:x?}", all.len()))
            });
        }
    }
    all
}

/// Devices of Windows.
const DEVICES: &[&str] = &[
    "NUL",
    "nul.txt",
    "CON",
    "con .x",
    "aux.txt",
    "PRN",
    "COM1",
    "com1:",
    "LPT9.a.b",
    "CONIN$",
    "CONOUT$",
    "COM\u{b9}",
    "PhysicalDrive0",
    "pipe\\x",
    "mailslot\\x",
    "GLOBALROOT\\x",
];

/// With `{place}` and `{unix}` for where all lies, in Windows' manner and in this computer's.
const PATTERNS: &[&str] = &[
    "",
    ".",
    "..",
    r"\",
    "/",
    "C:",
    r"C:\",
    r"C:\..",
    "Z:",
    r"Z:\",
    r"secret",
    r"..\secret",
    r"..\outside\secret",
    r"..\..\outside\secret",
    r"..\..\..\..\..\..\outside\secret",
    "../outside/secret",
    "../../outside/secret",
    r"folder\..\..\outside\secret",
    r"folder/..\../outside\secret",
    r"C:..\outside\secret",
    r"C:\..\outside\secret",
    r"C:\..\..\..\..\outside\secret",
    r"C:\windows\system32\..\outside\secret",
    r"C:\windows\system32\..\..\..\..\outside\secret",
    r"C:\windows\syswow64\..\..\..\outside\secret",
    r"c:/windows/system32/../../../outside/secret",
    r"C:\windows\system32\folder\..\..\..\..\outside\secret",
    r"..\outside\secret\..\secret",
    r".. \outside\secret",
    r"..  \..  \outside\secret",
    r"...\outside\secret",
    r"....\outside\secret",
    r".. .\outside\secret",
    r". .\outside\secret",
    r"..\.\outside\.\secret",
    r"..\\outside\\\secret",
    r"..//outside//secret",
    r"..\outside\secret.",
    r"..\outside\secret ",
    r"..\outside\secret::$DATA",
    r"link\secret",
    "link/secret",
    r"LINK\SECRET",
    r"Link.\secret",
    r"link \secret",
    r"link\secret ",
    r"link\secret.",
    r"link\.\secret",
    r".\link\secret",
    r"link\\secret",
    r"link\..\outside\secret",
    r"link\..\..\outside\secret",
    r"link\folder\..\secret",
    r"link\folder\inner",
    r"LINK~1\secret",
    r"link::$INDEX_ALLOCATION\secret",
    r"link\secret::$DATA",
    r"link\secret:stream",
    r"C:\link\secret",
    r"C:\windows\..\link\secret",
    r"C:\windows\system32\link\secret",
    r"\link\secret",
    r"\\?\C:\link\secret",
    r"\\?\C:\windows\system32\link\secret",
    r"\\?\C:\windows\system32\..\..\..\outside\secret",
    r"\\?\c:/link/secret",
    r"\\.\C:\link\secret",
    r"\??\C:\link\secret",
    r"\\?\\C:\link\secret",
    r"\\?\\?\C:\link\secret",
    r"\\?\GLOBALROOT\Device\HarddiskVolume1\secret",
    r"\\?\UNC\localhost\C$\secret",
    r"\\?\unc\localhost{place}\outside\secret",
    r"\\localhost\C$\link\secret",
    r"\\localhost{place}\outside\secret",
    r"\\127.0.0.1\c$\secret",
    "//localhost{unix}/outside/secret",
    "file",
    "straight",
    r"C:\file",
    r"C:\straight",
    r"C:\windows\system32\file",
    r"straight:x",
    r"straight.",
    "library.dll",
    r"C:\windows\system32\library.dll",
    r"root{place}\outside\secret",
    r"C:\root{place}\outside\secret",
    r"root\etc\passwd",
    r"root\proc\self\mem",
    "pipe",
    r"C:\pipe",
    "socket",
    r"C:\socket",
    "device",
    r"C:\device",
    r"{place}\outside\secret",
    "{unix}/outside/secret",
    "//{unix}/outside/secret",
    "file://{unix}/outside/secret",
    "~/secret",
    "$HOME/secret",
    r"%USERPROFILE%\secret",
    r"Z:{place}\outside\secret",
    "z:{unix}/outside/secret",
    "Z:/{unix}/outside/secret",
    r"\\?\Z:{place}\outside\secret",
    r"\\.\Z:{place}\outside\secret",
    r"Z:{place}\own\..\outside\secret",
    r"Z:{place}\granted\..\outside\secret",
    r"Z:{place}\granted\..\..\..\..\..\..{place}\outside\secret",
    r"Z:{place}\granted\.. \outside\secret",
    r"Z:{place}\granted\link\secret",
    r"Z:{place}\granted\LINK\secret",
    r"Z:{place}\granted\link\..\outside\secret",
    r"Z:{place}\granted\file",
    r"Z:{place}\granted\straight",
    r"Z:{place}\granted\root{place}\outside\secret",
    r"Z:{place}\grantedbeside\secret",
    r"Z:{place}\GRANTEDBESIDE\secret",
    r"Z:{place}\granted.beside\secret",
    r"Z:{place}\granted\pipe",
    r"Z:{place}\granted\device",
    r"Z:{place}\granted\socket",
    r"Z:{place}\written\..\outside\secret",
    r"Z:{place}\written\link\secret",
    r"Z:{place}\written\file",
    r"Z:{place}\written\straight",
    r"Z:{place}\written\root{place}\outside\secret",
    r"Z:{place}\written\pipe",
    r"Z:{place}\written\device",
    r"Z:{place}\written",
    r"Z:\proc\self\mem",
    r"Z:\proc\self\root{place}\outside\secret",
    r"Z:\proc\self\cwd\secret",
    r"Z:\proc\{pid}\root{place}\outside\secret",
    r"Z:\proc\{pid}\environ",
    r"Z:\dev\fd\0",
    r"Z:\dev\stdin",
    r"Z:\dev\null",
    r"Z:\etc\passwd",
    r"D:\secret",
    r"@:\secret",
    r"CC:\secret",
    r"%2e%2e\outside\secret",
    r"%2e%2e%5coutside%5csecret",
    r"..%00\outside\secret",
    "C:\\link\\secret\0.txt",
    "C:\\here\0\\..\\link\\secret",
    "\u{ff0e}\u{ff0e}\\outside\\secret",
    "..\u{ff3c}outside\u{ff3c}secret",
    "..\u{ff0f}outside\u{ff0f}secret",
    "..\u{2215}outside\u{2215}secret",
    "..\u{2044}outside\u{2044}secret",
    "..\u{2216}outside\u{2216}secret",
    "..\u{a5}outside\u{a5}secret",
    "..\u{20a9}outside\u{20a9}secret",
    "\u{2024}\u{2024}\\outside\\secret",
    "\u{2025}\\outside\\secret",
    "l\u{131}nk\\secret",
    "lin\u{212a}\\secret",
    "link\u{200b}\\secret",
    "\u{202e}knil\\secret",
    "link\n\\secret",
    "link\t\\secret",
    r"lin?\secret",
    r"lin*\secret",
    r"l<nk\secret",
    "\"link\\secret\"",
    "link|secret",
];
