/*
 * A video codec that compresses to a format of its own, `codr`. A frame is the first byte of the picture, the first byte of the picture before as the
 * host showed it (or 0xEE), whether a key frame was asked for, the frame's number, and filling. It decompresses to pictures of the first byte alone.
 *
 * The code that it is opened with says how it behaves:
 *
 *   plan   every frame a key frame, from 24 bits a pixel
 *   la0N   it keeps N pictures back before the first frame
 *   none   it never gives a frame
 *   prev   it needs to be shown the picture before, and has no other memory
 *   fast   it has a memory of its own
 *   drop   every third frame has no bytes: the picture before stays
 *   crun   it fits frames to the size that it is told
 *   qual   a frame is as long as its quality, 0 to 10000, in tens
 *   yuy2, uyvy, bg32, b555, pal8   it takes pictures of this kind alone
 *   huge   it says that a frame is longer than there is room
 *   kept   it keeps its settings in the registry
 *
 * A picture that begins with the byte 0xFF is refused, one that begins with 0xFE makes it fault.
 */
#include "codec.h"
#include <vfw.h>

#define OWN mmioFOURCC('c', 'o', 'd', 'r')
#define KEY "Software\\Coder Test"
#define STATE 8

static DWORD code;
static BYTE state[STATE] = "usually";
static BYTE held[10];
static int count;

static int is(const char *name)
{
    return code == mmioFOURCC(name[0], name[1], name[2], name[3]);
}

static int ahead(void)
{
    return (code & 0xFFFFFF) == mmioFOURCC('l', 'a', '0', 0) ? (int)(code >> 24) - '0' : 0;
}

static void remember(void)
{
    HKEY key;
    if (RegCreateKeyExA(HKEY_CURRENT_USER, KEY, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL))
        return;
    RegSetValueExA(key, "state", 0, REG_BINARY, state, STATE);
    RegCloseKey(key);
}

static void recall(void)
{
    HKEY key;
    DWORD size = STATE;
    if (RegOpenKeyExA(HKEY_CURRENT_USER, KEY, 0, KEY_READ, &key))
        return;
    RegQueryValueExA(key, "state", NULL, NULL, state, &size);
    RegCloseKey(key);
}

static LRESULT open_codec(DWORD_PTR id, HDRVR hdrvr, LPARAM l1, const ICOPEN *open)
{
    see(DRV_OPEN, l1, (LPARAM)open);
    if (open) {
        code = open->fccHandler;
        count = 0;
        if (is("kept"))
            recall();
    }
    return spy(id, hdrvr, DRV_OPEN, l1, (LPARAM)open);
}

static LRESULT get_info(ICINFO *info, LPARAM size)
{
    if (size < (LPARAM)sizeof(*info))
        return 0;
    info->fccType = ICTYPE_VIDEO;
    info->fccHandler = mmioFOURCC('p', 'l', 'a', 'n');
    info->dwFlags = 0;
    if (is("prev"))
        info->dwFlags = VIDCF_TEMPORAL | VIDCF_QUALITY;
    else if (is("fast") || is("drop") || ahead())
        info->dwFlags = VIDCF_TEMPORAL | VIDCF_FASTTEMPORALC;
    else if (is("crun"))
        info->dwFlags = VIDCF_CRUNCH;
    else if (is("qual"))
        info->dwFlags = VIDCF_QUALITY;
    return sizeof(*info);
}

static int takes(const BITMAPINFOHEADER *in)
{
    if (is("yuy2"))
        return in->biCompression == mmioFOURCC('Y', 'U', 'Y', '2');
    if (is("uyvy"))
        return in->biCompression == mmioFOURCC('U', 'Y', 'V', 'Y');
    if (in->biCompression != BI_RGB)
        return 0;
    return in->biBitCount == (is("bg32") ? 32 : is("b555") ? 16 : is("pal8") ? 8 : 24);
}

static DWORD stride(const BITMAPINFOHEADER *format)
{
    return (format->biWidth * 3 + 3) / 4 * 4;
}

/* Eight bytes of its own stand behind the header, as codecs have them. */
#define FORMAT_SIZE (sizeof(BITMAPINFOHEADER) + 8)

static LRESULT get_coded(const BITMAPINFOHEADER *in, BITMAPINFOHEADER *out)
{
    int n;
    if (!out)
        return FORMAT_SIZE;
    *out = *in;
    out->biSize = sizeof(*out);
    out->biBitCount = 24;
    out->biCompression = OWN;
    out->biClrUsed = 0;
    for (n = 0; n < 8; n++)
        ((BYTE *)(out + 1))[n] = "its own"[n];
    return ICERR_OK;
}

static LRESULT compress(const ICCOMPRESS *frame)
{
    BYTE value = *(const BYTE *)frame->lpInput, *out = frame->lpOutput;
    int key = (frame->dwFlags & ICCOMPRESS_KEYFRAME) != 0, size = 16, number = count++;
    if (value == 0xFF)
        return ICERR_ERROR;
    if (value == 0xFE)
        *(volatile int *)4 = 0;
    if (is("crun"))
        size = frame->dwFrameSize ? (int)frame->dwFrameSize : 1000;
    if (is("qual") || is("prev"))
        size = 16 + (int)(frame->dwQuality <= 10000 ? frame->dwQuality : 5000) / 10;
    if (is("none") || (is("drop") && number % 3 == 2)) {
        frame->lpbiOutput->biSizeImage = 0;
        *frame->lpdwFlags = 0;
        return ICERR_OK;
    }
    if (ahead()) {
        BYTE last = held[number % ahead()];
        held[number % ahead()] = value;
        frame->lpbiOutput->biSizeImage = 0;
        *frame->lpdwFlags = 0;
        if (number < ahead())
            return ICERR_OK;
        value = last;
        key = number == ahead();
    }
    memset(out, 0, size);
    out[0] = value;
    out[1] = frame->lpPrev ? *(const BYTE *)frame->lpPrev : 0xEE;
    out[2] = key;
    out[3] = frame->lFrameNum;
    memcpy(out + 4, state, STATE);
    frame->lpbiOutput->biSizeImage = is("huge") ? 0x10000000 : size;
    *frame->lpdwFlags = key ? AVIIF_KEYFRAME : 0;
    return ICERR_OK;
}

static LRESULT get_plain(const BITMAPINFOHEADER *in, BITMAPINFOHEADER *out)
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

static LRESULT decompress(const ICDECOMPRESS *frame)
{
    memset(frame->lpOutput, *(const BYTE *)frame->lpInput, stride(frame->lpbiOutput) * frame->lpbiOutput->biHeight);
    return ICERR_OK;
}

static LRESULT set_state(const BYTE *given, LPARAM size)
{
    if (!given) {
        memcpy(state, "usually", STATE);
        return 0;
    }
    if (size != STATE)
        return 0;
    memcpy(state, given, STATE);
    if (is("kept"))
        remember();
    return STATE;
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
    switch (message) {
    case ICM_GETINFO:
        return get_info((ICINFO *)l1, l2);
    case ICM_GETSTATE:
        if (!l1)
            return STATE;
        memcpy((BYTE *)l1, state, STATE);
        return ICERR_OK;
    case ICM_SETSTATE:
        return set_state((const BYTE *)l1, l2);
    case ICM_GETDEFAULTQUALITY:
        *(DWORD *)l1 = 7500;
        return ICERR_OK;
    case ICM_COMPRESS_QUERY:
        return takes((const BITMAPINFOHEADER *)l1) ? ICERR_OK : ICERR_BADFORMAT;
    case ICM_COMPRESS_GET_FORMAT:
        return get_coded((const BITMAPINFOHEADER *)l1, (BITMAPINFOHEADER *)l2);
    case ICM_COMPRESS_GET_SIZE:
        return 2000;
    case ICM_COMPRESS:
        return compress((const ICCOMPRESS *)l1);
    case ICM_DECOMPRESS_GET_FORMAT:
        return get_plain((const BITMAPINFOHEADER *)l1, (BITMAPINFOHEADER *)l2);
    case ICM_DECOMPRESS:
        return decompress((const ICDECOMPRESS *)l1);
    case ICM_COMPRESS_FRAMES_INFO:
    case ICM_COMPRESS_BEGIN:
    case ICM_COMPRESS_END:
    case ICM_DECOMPRESS_QUERY:
    case ICM_DECOMPRESS_BEGIN:
    case ICM_DECOMPRESS_END:
        return ICERR_OK;
    default:
        return ICERR_UNSUPPORTED;
    }
}
