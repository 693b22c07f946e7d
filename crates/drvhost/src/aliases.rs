//! The names of drivers that are known without configuration.

/// An alias that is known without configuration.
#[derive(Debug, Clone, Copy)]
pub struct DefaultAlias {
    /// The value's name in Drivers32.
    pub alias: &'static str,
    /// The driver's file name.
    pub file: &'static str,
    /// The compressions that it stands for, as in a BITMAPINFOHEADER: fourccs, or BI_ numbers.
    pub compressions: &'static [u32],
    /// The wave format tags that it stands for.
    pub format_tags: &'static [u16],
}

const fn fourcc(code: &[u8; 4]) -> u32 {
    u32::from_le_bytes(*code)
}

/// The drivers that Windows brings along, as Wine names their files.
pub const DEFAULT_ALIASES: &[DefaultAlias] = &[
    DefaultAlias {
        alias: "vidc.cvid",
        file: "iccvid.dll",
        compressions: &[fourcc(b"cvid")],
        format_tags: &[],
    },
    DefaultAlias {
        alias: "vidc.msvc",
        file: "msvidc32.dll",
        compressions: &[fourcc(b"MSVC")],
        format_tags: &[],
    },
    DefaultAlias {
        alias: "vidc.cram",
        file: "msvidc32.dll",
        compressions: &[fourcc(b"CRAM")],
        format_tags: &[],
    },
    DefaultAlias {
        alias: "vidc.mrle",
        file: "msrle32.dll",
        compressions: &[fourcc(b"mrle"), mmsystem::BI_RLE8, mmsystem::BI_RLE4],
        format_tags: &[],
    },
    DefaultAlias {
        alias: "msacm.msadpcm",
        file: "msadp32.acm",
        compressions: &[],
        format_tags: &[mmsystem::WAVE_FORMAT_ADPCM],
    },
    DefaultAlias {
        alias: "msacm.imaadpcm",
        file: "imaadp32.acm",
        compressions: &[],
        format_tags: &[mmsystem::WAVE_FORMAT_DVI_ADPCM],
    },
    DefaultAlias {
        alias: "msacm.msg711",
        file: "msg711.acm",
        compressions: &[],
        format_tags: &[mmsystem::WAVE_FORMAT_ALAW, mmsystem::WAVE_FORMAT_MULAW],
    },
    DefaultAlias {
        alias: "msacm.msgsm610",
        file: "msgsm32.acm",
        compressions: &[],
        format_tags: &[mmsystem::WAVE_FORMAT_GSM610],
    },
    DefaultAlias {
        alias: "msacm.l3acm",
        file: "l3codeca.acm",
        compressions: &[],
        format_tags: &[mmsystem::WAVE_FORMAT_MPEGLAYER3],
    },
];
