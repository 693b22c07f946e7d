/*
 * A driver that wants to get at what is not its own, and as much as there is of what is. The numbers of its messages (ESCAPES_...) come from src/acts.rs.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <mmsystem.h>

/* What it does with a path, in the order of src/escape.rs. */
enum {
    ESCAPE_READ,
    ESCAPE_WRITE,
    ESCAPE_APPEND,
    ESCAPE_DELETE,
    ESCAPE_LIST,
    ESCAPE_LOOK,
    ESCAPE_FOLDER,
    ESCAPE_UNFOLDER,
    ESCAPE_MOVE_TO,
    ESCAPE_MOVE_FROM,
    ESCAPE_COPY_TO,
    ESCAPE_COPY_FROM,
    ESCAPE_TEMPORARY,
    ESCAPE_PROFILE,
    ESCAPE_PROFILE_WRITE,
    ESCAPE_LIBRARY,
    ESCAPE_DRIVER,
    ESCAPE_SOUND,
    ESCAPE_STREAM,
    ESCAPE_STREAM_WRITE,
    ESCAPE_CURRENT,
    ESCAPE_FULL,
    ESCAPES
};

static LRESULT failed(void)
{
    return -(LRESULT)GetLastError() - 1;
}

/* OpenDriverA, which no header and no import library has. */
static HDRVR open_driver_a(const char *name, const char *section, LPARAM l2)
{
    typedef HDRVR(WINAPI * OpenDriverA)(const char *, const char *, LPARAM);
    OpenDriverA function = (OpenDriverA)(void *)GetProcAddress(GetModuleHandleA("winmm.dll"), "OpenDriverA");
    return function ? function(name, section, l2) : NULL;
}

#define CHARACTER char
#define T(name) name##_a
#define W(name) name##A
#define F(name) name
#define WIN32_FIND_DATA_T WIN32_FIND_DATAA
#define OPEN_DRIVER open_driver_a
#include "escape.h"
#undef CHARACTER
#undef T
#undef W
#undef F
#undef WIN32_FIND_DATA_T
#undef OPEN_DRIVER

#define CHARACTER WCHAR
#define T(name) name##_w
#define W(name) name##W
#define F(name) _w##name
#define WIN32_FIND_DATA_T WIN32_FIND_DATAW
#define OPEN_DRIVER OpenDriver
#include "escape.h"

/* What a test hands over: where a path lies, in either form, and room for what is read. */
struct attempt {
    const void *path;
    LPARAM wide;
    char *buffer;
    LPARAM size;
};

static LRESULT attempt(LPARAM what, const struct attempt *with)
{
    if (with->wide)
        return escape_w(what, with->path, with->buffer, (DWORD)with->size);
    return escape_a(what, with->path, with->buffer, (DWORD)with->size);
}

/* Does all that there is, in turns, for so many milliseconds; answers how many rounds, or minus what it was that brought the canary to light, less 1. */
static LRESULT attempts(DWORD milliseconds, const struct attempt *with)
{
    DWORD begun = GetTickCount();
    LRESULT rounds, what;
    for (rounds = 0; GetTickCount() - begun < milliseconds; rounds++)
        for (what = 0; what < ESCAPES; what++) {
            if (what >= ESCAPE_LIBRARY && what <= ESCAPE_SOUND)
                continue;
            attempt(what, with);
            if (strstr(with->buffer, "CANARY"))
                return -what - 1;
        }
    return rounds;
}

#define CHECK(what)                                                                                                                  \
    do {                                                                                                                             \
        if (!(what))                                                                                                                 \
            return __LINE__;                                                                                                         \
    } while (0)

/* Asks for more than anybody gets of files. */
static LRESULT most_files(void)
{
    static HANDLE files[400];
    LARGE_INTEGER length;
    DWORD count;
    char name[32], full[32];
    int n, open;
    for (open = 0; open < 400; open++) {
        sprintf(name, "C:\\most%d", open);
        files[open] = CreateFileA(name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
        if (files[open] == INVALID_HANDLE_VALUE)
            break;
    }
    CHECK(open > 10 && open <= 256 && GetLastError() == ERROR_TOO_MANY_OPEN_FILES);
    length.QuadPart = (1 << 30) - 100;
    CHECK(SetFilePointerEx(files[0], length, NULL, FILE_BEGIN) && SetEndOfFile(files[0]));
    CHECK(SetFilePointerEx(files[1], length, NULL, FILE_BEGIN) && !SetEndOfFile(files[1]) && GetLastError() == ERROR_DISK_FULL);
    CHECK(WriteFile(files[2], name, 32, &count, NULL) && WriteFile(files[3], name, 32, &count, NULL));
    memset(full, 0, sizeof full);
    CHECK(WriteFile(files[4], full, 32, &count, NULL) && !WriteFile(files[5], full, 32, &count, NULL) && GetLastError() == ERROR_DISK_FULL);
    length.QuadPart = 0x7FFFFFFFFFFFFFF0;
    SetFilePointerEx(files[6], length, NULL, FILE_BEGIN);
    CHECK(!SetEndOfFile(files[6]) && !WriteFile(files[6], full, 32, &count, NULL));
    for (n = 0; n < open; n++) {
        sprintf(name, "C:\\most%d", n);
        CHECK(CloseHandle(files[n]) && DeleteFileA(name));
    }
    /* Most of those that there may be are there. */
    for (n = 0; n < 400; n++) {
        sprintf(name, "C:\\most%d", n);
        if (!CreateDirectoryA(name, NULL))
            break;
    }
    CHECK(n > 0 && n < 400 && GetLastError() == ERROR_DISK_FULL);
    return 0;
}

/* The same of the registry. */
static LRESULT most_keys(void)
{
    static char data[12 << 10];
    static char path[2000];
    HKEY key, below;
    int n;
    CHECK(RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\Most", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL) == 0);
    CHECK(RegSetValueExA(key, "long", 0, REG_BINARY, (BYTE *)data, sizeof data) == 0);
    CHECK(RegSetValueExA(key, "longer", 0, REG_BINARY, (BYTE *)data, sizeof data + 1) != 0);
    memset(path, 'k', sizeof path - 1);
    CHECK(RegCreateKeyExA(key, path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &below, NULL) != 0);
    for (n = 0; n < 1000; n++)
        memcpy(path + 2 * n, "k\\", 2);
    path[2 * 200] = 0;
    CHECK(RegCreateKeyExA(key, path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &below, NULL) != 0);
    CHECK(RegCloseKey(key) == 0 && RegDeleteKeyA(HKEY_CURRENT_USER, "Software\\Most") == 0);
    return 0;
}

/* So many requests of one kind; answers how many there were. */
static LRESULT flood(LPARAM kind, LPARAM count)
{
    LPARAM n;
    HKEY key;
    for (n = 0; n < count; n++)
        switch (kind) {
        case 0:
            CreateFileA("Z:\\etc\\passwd", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
            break;
        case 1:
            if (!RegOpenKeyExA(HKEY_CURRENT_USER, "Software\\Nothing", 0, KEY_READ, &key))
                RegCloseKey(key);
            break;
        default:
            OutputDebugStringA("and another thing");
        }
    return n;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
    case DRV_CLOSE:
        return 1;
    case XOR:
        return l1 ^ l2;
    case ESCAPES_TRY:
        return attempt(l1, (const struct attempt *)l2);
    case ESCAPES_KEEP_TRYING:
        return attempts((DWORD)l1, (const struct attempt *)l2);
    case ESCAPES_MOST_FILES:
        return most_files();
    case ESCAPES_MOST_KEYS:
        return most_keys();
    case ESCAPES_FLOOD:
        return flood(l1, l2);
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
