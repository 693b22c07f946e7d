/*
 * A video codec for a format of its own: every pixel of a frame has the value of the frame's first byte. The compression is not looked at.
 * A frame that begins with R is refused, one that begins with F makes it fault. Opened for the handler `spye`, it knows ICM_DECOMPRESSEX and its
 * relatives only.
 */
#include "codec.h"
#include <vfw.h>

static int extended_only;

static LRESULT open_codec(DWORD_PTR id, HDRVR hdrvr, LPARAM l1, const ICOPEN *open)
{
    see(DRV_OPEN, l1, (LPARAM)open);
    extended_only = open && open->fccHandler == mmioFOURCC('s', 'p', 'y', 'e');
    if (open && open->fccType != ICTYPE_VIDEO) {
        note(id, hdrvr, DRV_OPEN, l1, (LPARAM)open);
        return 0;
    }
    return spy(id, hdrvr, DRV_OPEN, l1, (LPARAM)open);
}

static LRESULT get_info(ICINFO *info, LPARAM size)
{
    int n;
    if (size < (LPARAM)sizeof(*info))
        return 0;
    info->fccType = ICTYPE_VIDEO;
    for (n = 0; n < 128; n++)
        info->szDriver[n] = 'x';
    return sizeof(*info);
}

static DWORD stride(const BITMAPINFOHEADER *format)
{
    return (format->biWidth * 3 + 3) / 4 * 4;
}

static LRESULT get_format(const BITMAPINFOHEADER *in, BITMAPINFOHEADER *out)
{
    if (!out)
        return sizeof(*out);
    *out = *in;
    out->biSize = sizeof(*out);
    out->biBitCount = 24;
    out->biCompression = BI_RGB;
    out->biSizeImage = stride(in) * in->biHeight;
    return ICERR_OK;
}

static LRESULT decompress(BYTE value, void *picture, const BITMAPINFOHEADER *format)
{
    if (value == 'R')
        return ICERR_ERROR;
    if (value == 'F')
        *(volatile int *)4 = 0;
    memset(picture, value, stride(format) * format->biHeight);
    return ICERR_OK;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    if (message == DRV_OPEN)
        return open_codec(id, hdrvr, l1, (const ICOPEN *)l2);
    if (message == CODEC_SEEN)
        return tell((struct seen *)l1);
    if (message < ICM_USER || message > 0x6000)
        return spy(id, hdrvr, message, l1, l2);
    see(message, l1, l2);
    note(id, hdrvr, message, l1, l2);
    if (extended_only) {
        const ICDECOMPRESSEX *frame = (const ICDECOMPRESSEX *)l1;
        switch (message) {
        case ICM_DECOMPRESSEX:
            return decompress(*(const BYTE *)frame->lpSrc, frame->lpDst, frame->lpbiDst);
        case ICM_DECOMPRESSEX_QUERY:
        case ICM_DECOMPRESSEX_BEGIN:
        case ICM_DECOMPRESSEX_END:
            return ICERR_OK;
        case ICM_DECOMPRESS_QUERY:
        case ICM_DECOMPRESS_BEGIN:
        case ICM_DECOMPRESS:
            return ICERR_UNSUPPORTED;
        }
    }
    switch (message) {
    case ICM_GETINFO:
        return get_info((ICINFO *)l1, l2);
    case ICM_DECOMPRESS_GET_FORMAT:
        return get_format((const BITMAPINFOHEADER *)l1, (BITMAPINFOHEADER *)l2);
    case ICM_DECOMPRESS:
        return decompress(*(const BYTE *)((const ICDECOMPRESS *)l1)->lpInput, ((const ICDECOMPRESS *)l1)->lpOutput,
                          ((const ICDECOMPRESS *)l1)->lpbiOutput);
    case ICM_DECOMPRESS_QUERY:
    case ICM_DECOMPRESS_BEGIN:
    case ICM_DECOMPRESS_END:
        return ICERR_OK;
    default:
        return ICERR_UNSUPPORTED;
    }
}
