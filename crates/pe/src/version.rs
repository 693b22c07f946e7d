//! The version resource ("VS_VERSIONINFO structure", MS Learn, and the structures it contains).

use std::collections::BTreeMap;

use crate::error::{PeError, Place};
use crate::image::Image;
use crate::resources::{RT_VERSION, utf16};

/// The identifier of the one version resource of an image.
const VS_VERSION_INFO: u16 = 1;

/// What a VS_FIXEDFILEINFO starts with.
const FIXED_SIGNATURE: u32 = 0xFEEF_04BD;

/// The most texts a version resource may hold.
const MAX_STRINGS: u64 = 256;

/// What an image says about its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionInfo {
    /// The file's version: four numbers, such as `8.0.0.0`.
    pub file_version: String,
    /// The version of the product it belongs to, in the same form.
    pub product_version: String,
    /// The texts of the first language: `FileDescription`, `CompanyName` and so on.
    pub strings: BTreeMap<String, String>,
}

impl Image<'_> {
    /// The image's version resource; `None` if it has none.
    ///
    /// # Errors
    /// Those of [`Image::resource`], or if the resource's blocks do not fit in one another.
    pub fn version(&self) -> Result<Option<VersionInfo>, PeError> {
        self.resource(RT_VERSION, VS_VERSION_INFO)?.map(VersionInfo::parse).transpose()
    }
}

impl VersionInfo {
    /// Error places are offsets into the resource, as its blocks have no address of their own.
    fn parse(resource: &[u8]) -> Result<Self, PeError> {
        let root = Block::read(resource, 0)?;
        if root.key != "VS_VERSION_INFO" {
            return Err(malformed(0, "it does not start with VS_VERSION_INFO"));
        }
        let field = |index: usize| {
            let bytes = root.value.get(index * 4..).and_then(<[u8]>::first_chunk::<4>);
            bytes.map(|bytes| u32::from_le_bytes(*bytes))
        };
        // dwSignature, dwStrucVersion, then each version as its most and its least significant half.
        let (Some(FIXED_SIGNATURE), Some(file_ms), Some(file_ls), Some(product_ms), Some(product_ls)) =
            (field(0), field(2), field(3), field(4), field(5))
        else {
            return Err(malformed(root.value_offset, "it has no fixed file information"));
        };
        let mut strings = BTreeMap::new();
        for info in root.children() {
            let info = info?;
            if info.key != "StringFileInfo" {
                continue;
            }
            let Some(table) = info.children().next() else { break };
            for (count, text) in (1..).zip(table?.children()) {
                PeError::limit("the number of texts in the version resource", count, MAX_STRINGS)?;
                let text = text?;
                let value = text.text();
                strings.insert(text.key, value);
            }
            break;
        }
        Ok(Self {
            file_version: dotted(file_ms, file_ls),
            product_version: dotted(product_ms, product_ls),
            strings,
        })
    }
}

fn dotted(ms: u32, ls: u32) -> String {
    format!("{}.{}.{}.{}", ms >> 16, ms & 0xFFFF, ls >> 16, ls & 0xFFFF)
}

fn malformed(offset: usize, why: &'static str) -> PeError {
    PeError::malformed("the version resource", Place::Resource(offset as u64), why)
}

/// A block of the resource: wLength, wValueLength, wType, szKey, padding, value, padding, children.
struct Block<'a> {
    key: String,
    /// The value, as long as wValueLength says.
    value: &'a [u8],
    /// Everything from the value to the block's end.
    body: &'a [u8],
    /// Where the value starts in the resource.
    value_offset: usize,
    /// The length of the whole block in bytes.
    len: usize,
}

impl<'a> Block<'a> {
    /// The block at the start of `bytes`, which is at `offset` in the resource. Padding counts from the resource.
    fn read(bytes: &'a [u8], offset: usize) -> Result<Self, PeError> {
        let word = |at: usize| {
            let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk::<2>);
            bytes.map(|bytes| usize::from(u16::from_le_bytes(*bytes)))
        };
        let (Some(len), Some(value_len), Some(kind)) = (word(0), word(2), word(4)) else {
            return Err(malformed(offset, "a block's header is cut"));
        };
        let block =
            bytes.get(..len).ok_or_else(|| malformed(offset, "a block is longer than what holds it"))?;
        let rest = block.get(6..).ok_or_else(|| malformed(offset, "a block is shorter than its header"))?;
        let key_len = rest.as_chunks::<2>().0.iter().position(|unit| *unit == [0, 0]);
        let key_len = key_len.ok_or_else(|| malformed(offset, "a block's key has no end"))? * 2;
        let key = utf16(rest.get(..key_len).unwrap_or_default());
        let start = (offset + 6 + key_len + 2).next_multiple_of(4) - offset;
        let body = block.get(start..).unwrap_or_default();
        // Texts are counted in 16-bit units, bytes in bytes.
        let value_len = if kind == 1 { value_len * 2 } else { value_len };
        let value = body.get(..value_len).unwrap_or(body);
        Ok(Self { key, value, body, value_offset: offset + start, len })
    }

    /// The blocks in this one, after its value. After an error there are no more.
    fn children(&self) -> impl Iterator<Item = Result<Block<'a>, PeError>> + use<'a> {
        let (body, value_offset) = (self.body, self.value_offset);
        let mut at = self.value.len();
        std::iter::from_fn(move || {
            at = (value_offset + at).next_multiple_of(4) - value_offset;
            let bytes = body.get(at..).filter(|bytes| !bytes.is_empty())?;
            let child = Block::read(bytes, value_offset + at);
            // A block is at least as long as its header, so this ends.
            at = child.as_ref().map_or(body.len(), |child| at + child.len);
            Some(child)
        })
    }

    /// The value as text, up to its NUL. Takes the block's whole body: some resource compilers count a text's
    /// length in bytes, some in units, and the NUL or the block's end tells it either way.
    fn text(&self) -> String {
        let mut text = utf16(self.body);
        text.truncate(text.find('\0').unwrap_or(text.len()));
        text
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::resources::tests::with_resource;

    /// A block; `units` says that the value's length is told in 16-bit units.
    fn block(key: &str, value: &[u8], text: bool, children: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0; 6];
        bytes.extend(key.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(value);
        for child in children {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes.extend(child);
        }
        let len = bytes.len() as u16;
        let value_len = value.len() as u16 / if text { 2 } else { 1 };
        bytes[..2].copy_from_slice(&len.to_le_bytes());
        bytes[2..4].copy_from_slice(&value_len.to_le_bytes());
        bytes[4] = u8::from(text);
        bytes
    }

    fn text(key: &str, value: &str) -> Vec<u8> {
        let value: Vec<u8> = value.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        block(key, &value, true, &[])
    }

    /// A whole version resource.
    pub(crate) fn resource() -> Vec<u8> {
        let mut fixed = vec![0; 52];
        for (index, field) in
            [FIXED_SIGNATURE, 0x1_0000, 0x8_0000, 0x2A, 0x1_0002, 0x3_0004].iter().enumerate()
        {
            fixed[index * 4..index * 4 + 4].copy_from_slice(&field.to_le_bytes());
        }
        let table = block(
            "040904b0",
            &[],
            true,
            &[
                text("CompanyName", "The Wine Project"),
                text("FileDescription", "Cinepak"),
                text("Comments", ""),
            ],
        );
        let strings = block("StringFileInfo", &[], true, &[table]);
        let vars = block("VarFileInfo", &[], true, &[block("Translation", &[9, 4, 0xB0, 4], false, &[])]);
        block("VS_VERSION_INFO", &fixed, false, &[vars, strings])
    }

    fn version(resource: &[u8]) -> Result<VersionInfo, PeError> {
        let file = with_resource(RT_VERSION, VS_VERSION_INFO, resource);
        Image::parse(&file).unwrap().version().map(Option::unwrap)
    }

    #[test]
    fn numbers_and_texts_are_read() {
        let version = version(&resource()).unwrap();
        assert_eq!(version.file_version, "8.0.0.42");
        assert_eq!(version.product_version, "1.2.3.4");
        let strings: Vec<_> = version.strings.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            strings,
            [("Comments", ""), ("CompanyName", "The Wine Project"), ("FileDescription", "Cinepak")]
        );
    }

    #[test]
    fn damage_is_an_error() {
        let whole = resource();
        assert!(version(&whole[..whole.len() - 1]).unwrap_err().to_string().ends_with("what holds it"));
        let error = version(&block("VS_VERSION_INFO", &[], false, &[])).unwrap_err().to_string();
        assert!(error.ends_with("it has no fixed file information"), "{error}");
        let error = version(&text("Else", "")).unwrap_err().to_string();
        assert!(error.ends_with("it does not start with VS_VERSION_INFO"), "{error}");
    }
}
