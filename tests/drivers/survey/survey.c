/*
 * A driver that imports every function that real drivers import, and calls each: the cases in the files beside this one. What they write down
 * goes into a buffer of the caller's as it is written, so that it is there when the case does not come back.
 *
 * The numbers of its messages (SURVEY_...) come from src/acts.rs.
 */
#include <errno.h>
#include <stdio.h>

#include "survey.h"

SURVEY_ENTRY("a", before_the_first) = NULL;
SURVEY_ENTRY("z", after_the_last) = NULL;

void *volatile nothing;
volatile size_t enormous = (size_t)-32;

static char *next, *end;

/* Every function is imported, also one without a case. */
const void *survey_imports(int index);

static void put(char letter)
{
    if (next < end) {
        *next++ = letter;
        *next = 0;
    }
}

static void put_text(const char *letters)
{
    while (*letters)
        put(*letters++);
}

static void begin(void)
{
    put(' ');
}

static void put_number(ULONGLONG value, unsigned base)
{
    char digits[24];
    int count = 0;
    do
        digits[count++] = "0123456789abcdef"[value % base];
    while ((value /= base) != 0);
    while (count > 0)
        put(digits[--count]);
}

void number(LONGLONG value)
{
    begin();
    if (value < 0)
        put('-');
    put_number(value < 0 ? -(ULONGLONG)value : (ULONGLONG)value, 10);
}

void hex(ULONGLONG value)
{
    begin();
    put_text("0x");
    put_number(value, 16);
}

void word(const char *value)
{
    begin();
    put_text(value);
}

void yes(LONGLONG value)
{
    word(value ? "true" : "false");
}

void sign(LONGLONG value)
{
    word(value < 0 ? "negative" : value > 0 ? "positive" : "zero");
}

void pointer(const void *value)
{
    word(value ? "nonnull" : "null");
}

void handle(const void *value)
{
    word(value == NULL ? "null" : value == INVALID_HANDLE_VALUE ? "invalid" : "handle");
}

/* A unit of a text: what could be mistaken for something else is written as its number. */
static void put_unit(unsigned unit)
{
    if (unit >= ' ' && unit <= '~' && unit != '"' && unit != '\\') {
        put((char)unit);
    } else {
        put('\\');
        put_number(unit, 16);
        put('.');
    }
}

void text(const char *value)
{
    if (!value) {
        pointer(value);
        return;
    }
    begin();
    put('"');
    for (; *value; value++)
        put_unit((unsigned char)*value);
    put('"');
}

void wide(const WCHAR *value)
{
    if (!value) {
        pointer(value);
        return;
    }
    begin();
    put_text("L\"");
    for (; *value; value++)
        put_unit(*value);
    put('"');
}

void bytes(const void *at, int count)
{
    const unsigned char *byte = at;
    begin();
    for (; count > 0; count--, byte++) {
        put("0123456789abcdef"[*byte >> 4]);
        put("0123456789abcdef"[*byte & 15]);
    }
}

void real(double value)
{
    char digits[40];
    DWORD error = GetLastError();
    int number = errno;
    _snprintf(digits, sizeof digits, "%.12g", value);
    errno = number;
    SetLastError(error);
    word(digits);
}

void last_error(void)
{
    DWORD error = GetLastError();
    begin();
    put_text("error=");
    if (error == UNSET)
        put_text("unset");
    else
        put_number(error, 10);
}

void c_error(int value)
{
    begin();
    put_text("errno=");
    put_number((unsigned)value, 10);
}

const char *temporary(const char *name)
{
    static char paths[4][MAX_PATH];
    static int turn;
    char *path = paths[turn++ % 4];
    DWORD length = GetTempPathA(MAX_PATH - 40, path);
    lstrcpynA(path + length, name, 40);
    SetLastError(UNSET);
    return path;
}

const WCHAR *temporary_wide(const WCHAR *name)
{
    static WCHAR paths[4][MAX_PATH];
    static int turn;
    WCHAR *path = paths[turn++ % 4];
    DWORD length = GetTempPathW(MAX_PATH - 40, path);
    lstrcpynW(path + length, name, 40);
    SetLastError(UNSET);
    return path;
}

/* The case with this number; NULL when there are fewer. The linker may leave room between those of different files. */
static const struct survey_case *find(LPARAM index)
{
    /* To the compiler, what is between these two does not follow from either. */
    const struct survey_case *const *volatile first = &before_the_first, *const *volatile last = &after_the_last;
    const struct survey_case *const *entry;
    const struct survey_case *const *const after = last;
    for (entry = first; entry != after; entry++)
        if (*entry && index-- == 0)
            return *entry;
    return NULL;
}

static void name(const struct survey_case *entry)
{
    put_text(entry->library);
    word(entry->function);
    word(entry->kind);
    word(entry->name);
}

static void run(const struct survey_case *entry)
{
    *msvcrt(_errno)() = 0;
    *SURVEY_IMPORT(_errno, ucrtbase__errno)() = 0;
    SetLastError(UNSET);
    if (entry->run)
        entry->run();
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    const struct survey_case *entry;
    switch (message) {
    case SURVEY_NAME:
    case SURVEY_RUN:
        entry = find(l1);
        if (!entry)
            return 0;
        next = (char *)l2;
        end = next + SURVEY_ROOM - 1;
        *next = 0;
        if (message == SURVEY_NAME)
            name(entry);
        else
            run(entry);
        return 1;
    case SURVEY_IMPORTS:
        return survey_imports((int)l1) != NULL;
    case DRV_LOAD:
    case DRV_OPEN:
    case DRV_CLOSE:
    case DRV_FREE:
        return 1;
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
