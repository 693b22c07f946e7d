/*
 * What an ACM driver is sent, for building LAME's: mingw-w64 has no such header, and LAME's own knows 32 bits only. Names and fields are those
 * of Microsoft's header; PACKING is how closely fields lie, which builds for 64 bits do not agree about: 1 or 8.
 */
#ifndef MSACMDRV_H
#define MSACMDRV_H

#include <mmreg.h>
#include <msacm.h>

#define ACMDM_DRIVER_NOTIFY 0x6001
#define ACMDM_DRIVER_DETAILS 0x600A
#define ACMDM_DRIVER_ABOUT 0x600B
#define ACMDM_FORMATTAG_DETAILS 0x6019
#define ACMDM_FORMAT_DETAILS 0x601A
#define ACMDM_FORMAT_SUGGEST 0x601B
#define ACMDM_STREAM_OPEN 0x604C
#define ACMDM_STREAM_CLOSE 0x604D
#define ACMDM_STREAM_SIZE 0x604E
#define ACMDM_STREAM_CONVERT 0x604F
#define ACMDM_STREAM_RESET 0x6050
#define ACMDM_STREAM_PREPARE 0x6051
#define ACMDM_STREAM_UNPREPARE 0x6052

/* Major, minor and build: 0xAABBCCCC. */
#define MAKE_ACM_VERSION(major, minor, build) (((DWORD)(major) << 24) | ((DWORD)(minor) << 16) | (DWORD)(build))

/* Strings are wide in what drivers are sent, whatever the program's are. */
#undef ACMDRIVERDETAILS
#undef LPACMDRIVERDETAILS
#undef ACMFORMATTAGDETAILS
#undef LPACMFORMATTAGDETAILS
#undef ACMFORMATDETAILS
#undef LPACMFORMATDETAILS
#define ACMDRIVERDETAILS ACMDRIVERDETAILSW
#define LPACMDRIVERDETAILS LPACMDRIVERDETAILSW
#define ACMFORMATTAGDETAILS ACMFORMATTAGDETAILSW
#define LPACMFORMATTAGDETAILS LPACMFORMATTAGDETAILSW
#define ACMFORMATDETAILS ACMFORMATDETAILSW
#define LPACMFORMATDETAILS LPACMFORMATDETAILSW

/* The compiler takes a macro in the pragma for a name to push under. */
#if PACKING == 1
#pragma pack(push, 1)
#else
#pragma pack(push, 8)
#endif

typedef struct {
    DWORD cbStruct;
    FOURCC fccType;
    FOURCC fccComp;
    DWORD dwVersion;
    DWORD dwFlags;
    DWORD dwError;
    LPCWSTR pszSectionName;
    LPCWSTR pszAliasName;
    DWORD dnDevNode;
} ACMDRVOPENDESC, *PACMDRVOPENDESC, *LPACMDRVOPENDESC;

typedef struct {
    DWORD cbStruct;
    LPWAVEFORMATEX pwfxSrc;
    LPWAVEFORMATEX pwfxDst;
    LPWAVEFILTER pwfltr;
    DWORD_PTR dwCallback;
    DWORD_PTR dwInstance;
    DWORD fdwOpen;
    DWORD fdwDriver;
    DWORD_PTR dwDriver;
    HACMSTREAM has;
} ACMDRVSTREAMINSTANCE, *PACMDRVSTREAMINSTANCE, *LPACMDRVSTREAMINSTANCE;

typedef struct {
    DWORD cbStruct;
    DWORD fdwSuggest;
    LPWAVEFORMATEX pwfxSrc;
    DWORD cbwfxSrc;
    LPWAVEFORMATEX pwfxDst;
    DWORD cbwfxDst;
} ACMDRVFORMATSUGGEST, *PACMDRVFORMATSUGGEST, *LPACMDRVFORMATSUGGEST;

typedef struct {
    DWORD cbStruct;
    DWORD fdwSize;
    DWORD cbSrcLength;
    DWORD cbDstLength;
} ACMDRVSTREAMSIZE, *PACMDRVSTREAMSIZE, *LPACMDRVSTREAMSIZE;

#pragma pack(pop)

/* The same memory as ACMSTREAMHEADER, and packed in every header. */
#pragma pack(push, 1)

typedef struct ACMDRVSTREAMHEADER {
    DWORD cbStruct;
    DWORD fdwStatus;
    DWORD_PTR dwUser;
    LPBYTE pbSrc;
    DWORD cbSrcLength;
    DWORD cbSrcLengthUsed;
    DWORD_PTR dwSrcUser;
    LPBYTE pbDst;
    DWORD cbDstLength;
    DWORD cbDstLengthUsed;
    DWORD_PTR dwDstUser;
    DWORD fdwConvert;
    struct ACMDRVSTREAMHEADER *padshNext;
    DWORD fdwDriver;
    DWORD_PTR dwDriver;
    DWORD fdwPrepared;
    DWORD_PTR dwPrepared;
    LPBYTE pbPreparedSrc;
    DWORD cbPreparedSrcLength;
    LPBYTE pbPreparedDst;
    DWORD cbPreparedDstLength;
} ACMDRVSTREAMHEADER, *PACMDRVSTREAMHEADER, *LPACMDRVSTREAMHEADER;

#pragma pack(pop)

#endif
