//! Image files: what the host reads of them before anything is believed or run.

use object::pe::IMAGE_DIRECTORY_ENTRY_RESOURCE;
use pe::builder::Builder;
use pe::{ExportTarget, Image, Machine, RT_STRING, RT_VERSION, identify, wine_mark};

use crate::tree::resource_directory;

/// Larger images are not laid out: that takes as long as it takes to clear so much memory.
const LAID_OUT: u32 = 1 << 20;

/// A file that may be an image.
///
/// # Panics
/// When something is read that lies outside of the file or the image.
pub fn pe(bytes: &[u8]) {
    let identified = identify(bytes).ok();
    let _ = wine_mark(bytes);
    let Ok(image) = Image::parse(bytes) else { return };
    assert_eq!(Some(image.machine()), identified);
    let size = image.size_of_image();
    assert!(size <= pe::MAX_IMAGE_SIZE && image.entry_rva() <= size);
    assert_eq!(image.headers().len(), image.size_of_headers() as usize);
    let mut end = 0;
    for section in image.sections() {
        assert!(section.rva >= end && section.virtual_size <= size - section.rva);
        // The contents may fill the last page.
        let page = image.section_alignment().min(4096);
        assert!(section.data.len() <= section.virtual_size.next_multiple_of(page) as usize);
        assert!(section.data.len() <= (size - section.rva) as usize);
        end = section.rva + section.virtual_size.max(section.data.len() as u32);
    }
    for import in image.imports().unwrap_or_default() {
        assert!(import.thunk_rva < size);
    }
    for export in image.exports().unwrap_or_default() {
        if let ExportTarget::Rva(rva) = export.target {
            assert!(rva < size);
        }
        if let Some(name) = &export.name {
            let _ = image.export(name);
        }
    }
    for relocation in image.relocations().unwrap_or_default() {
        assert!(relocation.kind.size() <= size - relocation.rva);
    }
    if let Ok(Some(tls)) = image.tls() {
        assert!(tls.start_rva <= tls.end_rva && tls.end_rva <= size && tls.index_rva < size);
        assert!(tls.callbacks.iter().all(|&callback| callback < size));
    }
    for id in image.resource_ids(RT_STRING).unwrap_or_default() {
        let _ = image.resource(RT_STRING, id);
        let _ = image.string(id.wrapping_sub(1).wrapping_mul(16));
    }
    let _ = image.version();
    let _ = image.function_table();
    if size <= LAID_OUT
        && let Ok(whole) = image.laid_out(0x1000_0000)
    {
        assert_eq!(whole.len(), size as usize);
    }
}

/// A version resource.
///
/// # Panics
/// When more texts come out of it than there are bytes for.
pub fn version(bytes: &[u8]) {
    let resource = bytes.to_vec();
    let directory = move |rva| resource_directory(rva, &[(RT_VERSION, 1, &resource)]);
    let file = Builder::new(Machine::I386).directory(IMAGE_DIRECTORY_ENTRY_RESOURCE, directory).build();
    let Ok(Some(version)) = Image::parse(&file).and_then(|image| image.version()) else { return };
    for told in [&version.file_version, &version.product_version] {
        assert!(told.split('.').filter(|part| part.parse::<u16>().is_ok()).count() == 4);
    }
    // What cannot be decoded becomes a character of three bytes for two.
    let texts: usize = version.strings.iter().map(|(key, value)| key.len() + value.len()).sum();
    assert!(texts <= 2 * bytes.len());
}
