/*
 * An audio codec for a format of its own: each byte is the upper half of a 16-bit sample.
 *
 * Of others it takes the tag that `tag=` says, `busy=` a thousand rounds longer for each piece, and adds to each sample how many pieces it has
 * converted if `counts=` is not 0. With `opens=` it opens spy.dll with each instance, and keeps that. It leaves the second half of the pieces that begin with the byte which `halves=` says, and faults in those
 * that begin with the byte which `faults=` says.
 *
 * Words in the text of the last DRV_OPEN say what it answers: `suggest=` to ACMDM_FORMAT_SUGGEST, `query=` and `stream=` to
 * ACMDM_STREAM_OPEN with the query flag and without, `size=` as the size of the destination, `prepare=` to ACMDM_STREAM_PREPARE, of which
 * `headers=` are answered so at most.
 *
 * It reads structures that are packed to bytes. Other drivers include this file with NATURAL, for natural alignment, and TRUSTING, for
 * leaving `cbStruct` unread.
 */
#include "codec.h"
#include <mmreg.h>
#include <msacm.h>

#define TAG 0x7AC0

#define ACMDM_DRIVER_DETAILS 0x600A
#define ACMDM_FORMATTAG_DETAILS 0x6019
#define ACMDM_FORMAT_SUGGEST 0x601B
#define ACMDM_STREAM_OPEN 0x604C
#define ACMDM_STREAM_CLOSE 0x604D
#define ACMDM_STREAM_SIZE 0x604E
#define ACMDM_STREAM_CONVERT 0x604F
#define ACMDM_STREAM_PREPARE 0x6051
#define ACMDM_STREAM_UNPREPARE 0x6052

struct open_desc {
    DWORD cbStruct, fccType, fccComp, dwVersion, dwFlags, dwError;
    const WCHAR *pszSectionName, *pszAliasName;
    DWORD dnDevNode;
};

#ifndef NATURAL
#pragma pack(push, 1)
#endif
struct format_suggest {
    DWORD cbStruct, fdwSuggest;
    WAVEFORMATEX *pwfxSrc;
    DWORD cbwfxSrc;
    WAVEFORMATEX *pwfxDst;
    DWORD cbwfxDst;
};
struct stream_instance {
    DWORD cbStruct;
    WAVEFORMATEX *pwfxSrc, *pwfxDst;
    void *pwfltr;
    DWORD_PTR dwCallback, dwInstance;
    DWORD fdwOpen, fdwDriver;
    DWORD_PTR dwDriver;
    void *has;
};
#ifndef NATURAL
#pragma pack(pop)
#endif

/* Packed in every header. */
#pragma pack(push, 1)
struct stream_header {
    DWORD cbStruct, fdwStatus;
    DWORD_PTR dwUser;
    BYTE *pbSrc;
    DWORD cbSrcLength, cbSrcLengthUsed;
    DWORD_PTR dwSrcUser;
    BYTE *pbDst;
    DWORD cbDstLength, cbDstLengthUsed;
    DWORD_PTR dwDstUser;
    DWORD fdwConvert;
    void *padshNext;
    DWORD fdwDriver;
    DWORD_PTR dwDriver;
};
#pragma pack(pop)

struct stream_size {
    DWORD cbStruct, fdwSize, cbSrcLength, cbDstLength;
};

#ifdef TRUSTING
#define UNDERSTOOD(structure) 1
#else
#define UNDERSTOOD(structure) ((structure)->cbStruct == sizeof(*(structure)))
#endif

/* What it keeps in dwDriver of its streams. */
#define OWN_VALUE ((DWORD_PTR)0x1234567890ABCDEF)

static const WCHAR *text; /* Of the last DRV_OPEN. */
static WCHAR text_copy[MAX_TEXT + 1];
static LRESULT prepared; /* How often since then. */
static LRESULT pieces; /* How many were converted since then. */

static LRESULT answer(const char *name, LRESULT otherwise)
{
    return behaviour(text, name, otherwise).answer;
}

static void copy_text(WCHAR *to, const WCHAR *from, int room)
{
    int n;
    for (n = 0; from && from[n] && n < room - 1; n++)
        to[n] = from[n];
    to[n] = 0;
}

static LRESULT open_codec(DWORD_PTR id, HDRVR hdrvr, LPARAM l1, const struct open_desc *desc)
{
    struct seen *seen = see(DRV_OPEN, 0, (LPARAM)desc);
    if (desc && seen) {
        /* The texts are gone when somebody asks. */
        copy_text((WCHAR *)seen->first, desc->pszSectionName, SEEN_BYTES / 4);
        copy_text((WCHAR *)(seen->first + SEEN_BYTES / 2), desc->pszAliasName, SEEN_BYTES / 4);
    }
    copy_text(text_copy, (const WCHAR *)l1, MAX_TEXT + 1);
    text = text_copy;
    prepared = pieces = 0;
    if (answer("opens=", 0))
        OpenDriver(L"spy.dll", NULL, 0);
    if (desc && desc->fccType != mmioFOURCC('a', 'u', 'd', 'c')) {
        note(id, hdrvr, DRV_OPEN, l1, (LPARAM)desc);
        return 0;
    }
    return spy(id, hdrvr, DRV_OPEN, l1, (LPARAM)desc);
}

static DWORD tag(void)
{
    return (DWORD)answer("tag=", TAG);
}

static LRESULT driver_details(ACMDRIVERDETAILSW *details)
{
    details->fccType = ACMDRIVERDETAILS_FCCTYPE_AUDIOCODEC;
    details->fdwSupport = ACMDRIVERDETAILS_SUPPORTF_CODEC;
    details->cFormatTags = 1;
    return MMSYSERR_NOERROR;
}

static LRESULT format_tag_details(ACMFORMATTAGDETAILSW *details, LPARAM query)
{
    if (query == ACM_FORMATTAGDETAILSF_FORMATTAG && details->dwFormatTag != tag())
        return ACMERR_NOTPOSSIBLE;
    details->dwFormatTag = tag();
    details->cbFormatSize = sizeof(WAVEFORMATEX);
    return MMSYSERR_NOERROR;
}

static LRESULT format_suggest(const struct format_suggest *suggest)
{
    WAVEFORMATEX *to;
    if (!UNDERSTOOD(suggest) || answer("suggest=", MMSYSERR_NOERROR))
        return answer("suggest=", ACMERR_NOTPOSSIBLE);
    to = suggest->pwfxDst;
    to->nChannels = suggest->pwfxSrc->nChannels;
    to->nSamplesPerSec = suggest->pwfxSrc->nSamplesPerSec;
    to->wBitsPerSample = 16;
    return MMSYSERR_NOERROR;
}

static LRESULT stream_open(struct stream_instance *stream)
{
    if (!UNDERSTOOD(stream) || stream->pwfxSrc->wFormatTag != tag() || stream->pwfxDst->wBitsPerSample != 16)
        return ACMERR_NOTPOSSIBLE;
    if (stream->fdwOpen & ACM_STREAMOPENF_QUERY)
        return answer("query=", MMSYSERR_NOERROR);
    stream->dwDriver = OWN_VALUE;
    return answer("stream=", MMSYSERR_NOERROR);
}

static LRESULT stream_size(struct stream_size *size)
{
    if (size->fdwSize == ACM_STREAMSIZEF_SOURCE)
        size->cbDstLength = answer("size=", 2 * size->cbSrcLength);
    else
        size->cbSrcLength = size->cbDstLength / 2;
    return MMSYSERR_NOERROR;
}

static LRESULT stream_convert(struct stream_header *header)
{
    DWORD n, length = header->cbSrcLength;
    BYTE low = answer("counts=", 0) ? (BYTE)pieces++ : 0;
    LRESULT first = length ? header->pbSrc[0] : -2;
    volatile LRESULT rounds;
    for (rounds = 1000 * answer("busy=", 0); rounds > 0; rounds--)
        ;
    if (first == answer("faults=", -1))
        *(volatile int *)0 = 1;
    if (first == answer("halves=", -1) && length > 1)
        length /= 2;
    for (n = 0; n < length && 2 * n + 1 < header->cbDstLength; n++) {
        header->pbDst[2 * n] = low;
        header->pbDst[2 * n + 1] = header->pbSrc[n];
    }
    header->cbSrcLengthUsed = n;
    header->cbDstLengthUsed = 2 * n;
    return MMSYSERR_NOERROR;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    if (message == DRV_OPEN)
        return open_codec(id, hdrvr, l1, (const struct open_desc *)l2);
    if (message == CODEC_SEEN)
        return tell((struct seen *)l1);
    if (message < 0x6000 || message > 0x6FFF)
        return spy(id, hdrvr, message, l1, l2);
    see(message, l1, l2);
    note(id, hdrvr, message, l1, l2);
    switch (message) {
    case ACMDM_DRIVER_DETAILS:
        return driver_details((ACMDRIVERDETAILSW *)l1);
    case ACMDM_FORMATTAG_DETAILS:
        return format_tag_details((ACMFORMATTAGDETAILSW *)l1, l2);
    case ACMDM_FORMAT_SUGGEST:
        return format_suggest((const struct format_suggest *)l1);
    case ACMDM_STREAM_OPEN:
        return stream_open((struct stream_instance *)l1);
    case ACMDM_STREAM_SIZE:
        return stream_size((struct stream_size *)l2);
    case ACMDM_STREAM_PREPARE:
        return prepared++ < answer("headers=", 1000) ? answer("prepare=", MMSYSERR_NOERROR) : MMSYSERR_NOMEM;
    case ACMDM_STREAM_CONVERT:
        return stream_convert((struct stream_header *)l2);
    case ACMDM_STREAM_UNPREPARE:
    case ACMDM_STREAM_CLOSE:
        return MMSYSERR_NOERROR;
    default:
        return MMSYSERR_NOTSUPPORTED;
    }
}
