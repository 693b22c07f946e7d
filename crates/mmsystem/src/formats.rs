//! Tags of wave formats and kinds of bitmap compression ("WAVEFORMATEX", "BITMAPINFOHEADER", MS Learn).

named_constants! {
    /// The wave format tags that are known by name here.
    pub WAVE_FORMATS: u16;

    /// Linear samples.
    WAVE_FORMAT_PCM = 0x0001;
    /// Microsoft's ADPCM.
    WAVE_FORMAT_ADPCM = 0x0002;
    /// G.711 A-law.
    WAVE_FORMAT_ALAW = 0x0006;
    /// G.711 µ-law.
    WAVE_FORMAT_MULAW = 0x0007;
    /// Intel's DVI ADPCM, the same as IMA ADPCM.
    WAVE_FORMAT_DVI_ADPCM = 0x0011;
    /// GSM 06.10.
    WAVE_FORMAT_GSM610 = 0x0031;
    /// MPEG-1 layer 3.
    WAVE_FORMAT_MPEGLAYER3 = 0x0055;
}

/// IMA ADPCM, the other name of [`WAVE_FORMAT_DVI_ADPCM`].
pub const WAVE_FORMAT_IMA_ADPCM: u16 = WAVE_FORMAT_DVI_ADPCM;

named_constants! {
    /// The kinds of bitmap compression that are numbers; the others are four-character codes.
    pub BITMAP_COMPRESSIONS: u32;

    /// Uncompressed.
    BI_RGB = 0;
    /// Run lengths, 8 bits a pixel.
    BI_RLE8 = 1;
    /// Run lengths, 4 bits a pixel.
    BI_RLE4 = 2;
    /// Uncompressed, with a mask for each colour.
    BI_BITFIELDS = 3;
}
