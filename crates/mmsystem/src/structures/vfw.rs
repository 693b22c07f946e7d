//! Structures of video codecs (spec section 4.1).

use crate::kind::{Dword, Kind, LResult, Long, Pointer, Word};
use crate::layout::{EncodeError, Layout, Member, Packing, Structure, Width};

structures! {
    /// lParam2 of DRV_OPEN to a video codec ("ICOPEN", MS Learn).
    natural struct ICOPEN {
        /// The structure's size in bytes.
        dwSize: Dword,
        /// The kind of codec, `vidc`.
        fccType: Dword,
        /// The codec asked for.
        fccHandler: Dword,
        /// The version of the caller.
        dwVersion: Dword,
        /// An `ICMODE_` value.
        dwFlags: Dword,
        /// Why the driver refuses; set by the driver.
        dwError: LResult,
        /// Reserved.
        pV1Reserved: Pointer,
        /// Reserved.
        pV2Reserved: Pointer,
        /// The device node of a Plug-and-Play device.
        dnDevNode: Dword,
    }

    /// Filled by ICM_GETINFO: what the codec is ("ICINFO", MS Learn).
    natural struct ICINFO {
        /// The structure's size in bytes.
        dwSize: Dword,
        /// The kind of codec, `vidc`.
        fccType: Dword,
        /// The codec's own code.
        fccHandler: Dword,
        /// `VIDCF_` flags.
        dwFlags: Dword,
        /// The version of the codec.
        dwVersion: Dword,
        /// The version of the interface it was made for.
        dwVersionICM: Dword,
        /// A short name, UTF-16 up to a NUL.
        szName: [Word; 16],
        /// A long name, UTF-16 up to a NUL.
        szDescription: [Word; 128],
        /// The file, UTF-16 up to a NUL; filled by the caller.
        szDriver: [Word; 128],
    }

    /// lParam1 of ICM_COMPRESS ("ICCOMPRESS", MS Learn).
    natural struct ICCOMPRESS {
        /// `ICCOMPRESS_` flags.
        dwFlags: Dword,
        /// The output format; the driver sets its biSizeImage to the frame's size.
        lpbiOutput: Pointer,
        /// The buffer for the frame.
        lpOutput: Pointer,
        /// The input format.
        lpbiInput: Pointer,
        /// The picture.
        lpInput: Pointer,
        /// Where the driver stores the chunk identifier, or null.
        lpckid: Pointer,
        /// Where the driver stores `AVIIF_` flags.
        lpdwFlags: Pointer,
        /// The number of the frame, from 0.
        lFrameNum: Long,
        /// The size wanted in bytes, 0 for no limit.
        dwFrameSize: Dword,
        /// The quality, 0 to 10000, or −1 for the usual one.
        dwQuality: Dword,
        /// The format of the previous picture, or null.
        lpbiPrev: Pointer,
        /// The previous picture, or null.
        lpPrev: Pointer,
    }

    /// lParam1 of ICM_COMPRESS_FRAMES_INFO ("ICCOMPRESSFRAMES", MS Learn): what will be compressed.
    natural struct ICCOMPRESSFRAMES {
        /// Flags of the application.
        dwFlags: Dword,
        /// The output format.
        lpbiOutput: Pointer,
        /// For the function that takes frames.
        lOutput: Pointer,
        /// The input format.
        lpbiInput: Pointer,
        /// For the function that gives pictures.
        lInput: Pointer,
        /// The first frame.
        lStartFrame: Long,
        /// How many frames there are.
        lFrameCount: Long,
        /// The quality, 0 to 10000, or −1 for the usual one.
        lQuality: Long,
        /// The most bytes a second, or 0.
        lDataRate: Long,
        /// The most frames from one key frame to the next, or 0.
        lKeyRate: Long,
        /// With dwScale: a frame lasts dwScale / dwRate seconds.
        dwRate: Dword,
        /// See dwRate.
        dwScale: Dword,
        /// Bytes that the file adds to each frame.
        dwOverheadPerFrame: Dword,
        /// 0.
        dwReserved2: Dword,
        /// The function that gives pictures, or null.
        GetData: Pointer,
        /// The function that takes frames, or null.
        PutData: Pointer,
    }

    /// lParam1 of ICM_DECOMPRESS ("ICDECOMPRESS", MS Learn).
    natural struct ICDECOMPRESS {
        /// `ICDECOMPRESS_` flags.
        dwFlags: Dword,
        /// The input format; its biSizeImage is the frame's size.
        lpbiInput: Pointer,
        /// The frame.
        lpInput: Pointer,
        /// The output format.
        lpbiOutput: Pointer,
        /// The buffer for the picture.
        lpOutput: Pointer,
        /// The chunk identifier, or 0.
        ckid: Dword,
    }

    /// lParam1 of ICM_DECOMPRESSEX and its relatives ("ICDECOMPRESSEX", MS Learn).
    natural struct ICDECOMPRESSEX {
        /// `ICDECOMPRESS_` flags.
        dwFlags: Dword,
        /// The input format; its biSizeImage is the frame's size.
        lpbiSrc: Pointer,
        /// The frame.
        lpSrc: Pointer,
        /// The output format.
        lpbiDst: Pointer,
        /// The buffer for the picture.
        lpDst: Pointer,
        /// Left edge of the rectangle drawn to, in pixels.
        xDst: Long,
        /// Its upper edge.
        yDst: Long,
        /// Its width.
        dxDst: Long,
        /// Its height.
        dyDst: Long,
        /// Left edge of the rectangle taken, in pixels.
        xSrc: Long,
        /// Its upper edge.
        ySrc: Long,
        /// Its width.
        dxSrc: Long,
        /// Its height.
        dySrc: Long,
    }

    /// The head of a video format ("BITMAPINFOHEADER", MS Learn). A codec's own data or a palette may follow it.
    flat struct BITMAPINFOHEADER {
        /// The structure's size in bytes, with the codec's own data.
        biSize: Dword,
        /// The width in pixels.
        biWidth: Long,
        /// The height in pixels; negative if the first row is the upper one.
        biHeight: Long,
        /// Always 1.
        biPlanes: Word,
        /// Bits a pixel.
        biBitCount: Word,
        /// A `BI_` value or a four-character code.
        biCompression: Dword,
        /// The size of the picture in bytes; may be 0 for BI_RGB.
        biSizeImage: Dword,
        /// Pixels a metre across.
        biXPelsPerMeter: Long,
        /// Pixels a metre down.
        biYPelsPerMeter: Long,
        /// How many palette entries follow; 0 for as many as the bits allow.
        biClrUsed: Dword,
        /// How many of them matter; 0 for all.
        biClrImportant: Dword,
    }
}
