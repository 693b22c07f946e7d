//! Structures of audio codecs (spec section 4.2).

use crate::kind::{Dword, Kind, Pointer, Word};
use crate::layout::{EncodeError, Layout, Member, Packing, Structure, Width};

structures! {
    /// lParam2 of DRV_OPEN to an audio codec ("ACMDRVOPENDESC", NT DDK).
    either struct ACMDRVOPENDESCW {
        /// The structure's size in bytes.
        cbStruct: Dword,
        /// The kind of codec, `audc`.
        fccType: Dword,
        /// Always 0.
        fccComp: Dword,
        /// The version of the caller.
        dwVersion: Dword,
        /// Flags of the caller.
        dwFlags: Dword,
        /// Why the driver refuses; set by the driver.
        dwError: Dword,
        /// The registry key or section it was found in: wide text, or null.
        pszSectionName: Pointer,
        /// The value it was found under: wide text, or null.
        pszAliasName: Pointer,
        /// The device node of a Plug-and-Play device.
        dnDevNode: Dword,
    }

    /// A conversion stream, lParam1 of all ACMDM_STREAM messages ("ACMDRVSTREAMINSTANCE", NT DDK).
    either struct ACMDRVSTREAMINSTANCE {
        /// The structure's size in bytes.
        cbStruct: Dword,
        /// The source format.
        pwfxSrc: Pointer,
        /// The destination format.
        pwfxDst: Pointer,
        /// The filter, or null.
        pwfltr: Pointer,
        /// The client's callback of an asynchronous stream.
        dwCallback: Pointer,
        /// The client's value for it.
        dwInstance: Pointer,
        /// `ACM_STREAMOPENF_` flags.
        fdwOpen: Dword,
        /// The driver's own flags.
        fdwDriver: Dword,
        /// The driver's own value.
        dwDriver: Pointer,
        /// The client's handle of the stream, null while it only asks.
        has: Pointer,
    }

    /// A buffer to convert, lParam2 of ACMDM_STREAM_CONVERT and its relatives ("ACMDRVSTREAMHEADER", NT DDK).
    /// Byte-packed in every header.
    packed struct ACMDRVSTREAMHEADER {
        /// The structure's size in bytes.
        cbStruct: Dword,
        /// `ACMSTREAMHEADER_STATUSF_` flags.
        fdwStatus: Dword,
        /// The client's own value.
        dwUser: Pointer,
        /// The source buffer.
        pbSrc: Pointer,
        /// Its length in bytes.
        cbSrcLength: Dword,
        /// How much of it was converted; set by the driver.
        cbSrcLengthUsed: Dword,
        /// The client's own value for the source.
        dwSrcUser: Pointer,
        /// The destination buffer.
        pbDst: Pointer,
        /// Its length in bytes.
        cbDstLength: Dword,
        /// How much of it was filled; set by the driver.
        cbDstLengthUsed: Dword,
        /// The client's own value for the destination.
        dwDstUser: Pointer,
        /// `ACM_STREAMCONVERTF_` flags.
        fdwConvert: Dword,
        /// The next header in a driver's queue.
        padshNext: Pointer,
        /// The driver's own flags.
        fdwDriver: Dword,
        /// The driver's own value.
        dwDriver: Pointer,
        /// Flags of preparation.
        fdwPrepared: Dword,
        /// The stream the header was prepared for.
        dwPrepared: Pointer,
        /// The source buffer as prepared.
        pbPreparedSrc: Pointer,
        /// Its length as prepared.
        cbPreparedSrcLength: Dword,
        /// The destination buffer as prepared.
        pbPreparedDst: Pointer,
        /// Its length as prepared.
        cbPreparedDstLength: Dword,
    }

    /// lParam2 of ACMDM_STREAM_SIZE ("ACMDRVSTREAMSIZE", NT DDK).
    flat struct ACMDRVSTREAMSIZE {
        /// The structure's size in bytes.
        cbStruct: Dword,
        /// An `ACM_STREAMSIZEF_` value: which length is given; the driver sets the other.
        fdwSize: Dword,
        /// The length of the source in bytes.
        cbSrcLength: Dword,
        /// The length of the destination in bytes.
        cbDstLength: Dword,
    }

    /// lParam1 of ACMDM_FORMAT_SUGGEST ("ACMDRVFORMATSUGGEST", NT DDK).
    either struct ACMDRVFORMATSUGGEST {
        /// The structure's size in bytes.
        cbStruct: Dword,
        /// `ACM_FORMATSUGGESTF_` flags: which fields of the destination are given.
        fdwSuggest: Dword,
        /// The source format.
        pwfxSrc: Pointer,
        /// The size of its buffer in bytes.
        cbwfxSrc: Dword,
        /// The destination format, set by the driver.
        pwfxDst: Pointer,
        /// The size of its buffer in bytes.
        cbwfxDst: Dword,
    }

    /// Filled by ACMDM_DRIVER_DETAILS: what the codec is ("ACMDRIVERDETAILS", MS Learn).
    packed struct ACMDRIVERDETAILSW {
        /// How many bytes there are to fill, and how many the driver filled.
        cbStruct: Dword,
        /// The kind of driver, `audc`.
        fccType: Dword,
        /// Its sub-kind, 0.
        fccComp: Dword,
        /// The manufacturer's number.
        wMid: Word,
        /// The product's number.
        wPid: Word,
        /// The version of the ACM it was made for.
        vdwACM: Dword,
        /// The version of the driver.
        vdwDriver: Dword,
        /// `ACMDRIVERDETAILS_SUPPORTF_` flags.
        fdwSupport: Dword,
        /// How many format tags it has.
        cFormatTags: Dword,
        /// How many filter tags it has.
        cFilterTags: Dword,
        /// An icon, or null.
        hicon: Pointer,
        /// A short name, UTF-16 up to a NUL.
        szShortName: [Word; 32],
        /// A long name, UTF-16 up to a NUL.
        szLongName: [Word; 128],
        /// The copyright notice, UTF-16 up to a NUL.
        szCopyright: [Word; 80],
        /// The licence, UTF-16 up to a NUL.
        szLicensing: [Word; 128],
        /// Features, UTF-16 up to a NUL.
        szFeatures: [Word; 512],
    }

    /// lParam1 of ACMDM_FORMATTAG_DETAILS ("ACMFORMATTAGDETAILS", MS Learn).
    flat struct ACMFORMATTAGDETAILSW {
        /// The structure's size in bytes.
        cbStruct: Dword,
        /// The index of the tag in the driver.
        dwFormatTagIndex: Dword,
        /// The tag.
        dwFormatTag: Dword,
        /// The size of its largest format in bytes.
        cbFormatSize: Dword,
        /// `ACMDRIVERDETAILS_SUPPORTF_` flags.
        fdwSupport: Dword,
        /// How many standard formats it has.
        cStandardFormats: Dword,
        /// Its name, UTF-16 up to a NUL.
        szFormatTag: [Word; 48],
    }

    /// lParam1 of ACMDM_FORMAT_DETAILS ("ACMFORMATDETAILS", MS Learn).
    packed struct ACMFORMATDETAILSW {
        /// The structure's size in bytes.
        cbStruct: Dword,
        /// The index of the format in its tag.
        dwFormatIndex: Dword,
        /// The tag.
        dwFormatTag: Dword,
        /// `ACMDRIVERDETAILS_SUPPORTF_` flags.
        fdwSupport: Dword,
        /// The buffer for the format.
        pwfx: Pointer,
        /// Its size in bytes.
        cbwfx: Dword,
        /// The format's name, UTF-16 up to a NUL.
        szFormat: [Word; 128],
    }

    /// The head of a wave format ("WAVEFORMATEX", MS Learn). cbSize bytes of the codec's own follow it.
    flat struct WAVEFORMATEX {
        /// A `WAVE_FORMAT_` tag.
        wFormatTag: Word,
        /// How many channels.
        nChannels: Word,
        /// Samples a second and channel.
        nSamplesPerSec: Dword,
        /// Bytes a second on average.
        nAvgBytesPerSec: Dword,
        /// Bytes a block: data is cut only between blocks.
        nBlockAlign: Word,
        /// Bits a sample; may be 0 for compressed data.
        wBitsPerSample: Word,
        /// How many bytes follow the structure.
        cbSize: Word,
    }
}
