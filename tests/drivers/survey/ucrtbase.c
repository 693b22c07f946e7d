/* Cases of ucrtbase.dll. */
#include <fcntl.h>
#include <io.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <wchar.h>

#include "survey.h"

#define C_ERROR c_error(*ucrtbase(_errno)())

/* Memory and text: the same as msvcrt's, which is tried further there. */

GOOD(ucrtbase, _errno, of_this_thread)
{
    *ucrtbase(_errno)() = 5;
    number(*ucrtbase(_errno)());
}

NO_WRONG(ucrtbase, _errno, "it takes no arguments")

GOOD(ucrtbase, malloc, some_bytes)
{
    void *block = ucrtbase(malloc)(10);
    pointer(block);
    ucrtbase(free)(block);
}

WRONG(ucrtbase, malloc, more_than_there_is)
{
    pointer(ucrtbase(malloc)(enormous));
    C_ERROR;
}

GOOD(ucrtbase, calloc, some_numbers)
{
    char *block = ucrtbase(calloc)(3, 4);
    bytes(block, 12);
    ucrtbase(free)(block);
}

WRONG(ucrtbase, calloc, more_than_can_be_multiplied)
{
    pointer(ucrtbase(calloc)(enormous / 2, 4));
    C_ERROR;
}

GOOD(ucrtbase, realloc, a_block_that_grows)
{
    char *block = ucrtbase(malloc)(4);
    ucrtbase(memcpy)(block, "abc", 4);
    block = ucrtbase(realloc)(block, 1000);
    text(block);
    ucrtbase(free)(block);
}

WRONG(ucrtbase, realloc, more_than_there_is)
{
    char *block = ucrtbase(malloc)(4);
    pointer(ucrtbase(realloc)(block, enormous));
    C_ERROR;
    ucrtbase(free)(block);
}

GOOD(ucrtbase, free, a_block)
{
    ucrtbase(free)(ucrtbase(malloc)(1));
    C_ERROR;
}

WRONG(ucrtbase, free, null)
{
    ucrtbase(free)(nothing);
    C_ERROR;
}

GOOD(ucrtbase, memcpy, five_bytes)
{
    FILLED(to, 8, 'x');
    ucrtbase(memcpy)(to, "abcde", 5);
    bytes(to, 8);
}

WRONG(ucrtbase, memcpy, to_null)
{
    ucrtbase(memcpy)(nothing, "abc", 3);
}

GOOD(ucrtbase, memmove, to_where_it_overlaps)
{
    char block[] = "abcdef";
    ucrtbase(memmove)(block + 1, block, 5);
    text(block);
}

WRONG(ucrtbase, memmove, from_null)
{
    char block[4] = "";
    ucrtbase(memmove)(block, nothing, 3);
}

GOOD(ucrtbase, memset, three_bytes)
{
    FILLED(to, 5, 'x');
    ucrtbase(memset)(to, 0, 3);
    bytes(to, 5);
}

WRONG(ucrtbase, memset, of_null)
{
    ucrtbase(memset)(nothing, 0, 1);
}

GOOD(ucrtbase, memcmp, three_bytes)
{
    sign(ucrtbase(memcmp)("abc", "abd", 3));
    sign(ucrtbase(memcmp)("abc", "abd", 2));
}

WRONG(ucrtbase, memcmp, with_null)
{
    sign(ucrtbase(memcmp)("abc", nothing, 3));
}

GOOD(ucrtbase, strlen, of_a_text)
{
    number(ucrtbase(strlen)("some text"));
}

WRONG(ucrtbase, strlen, of_null)
{
    number(ucrtbase(strlen)(nothing));
}

GOOD(ucrtbase, strcmp, texts)
{
    sign(ucrtbase(strcmp)("abc", "abd"));
    sign(ucrtbase(strcmp)("b", "a"));
}

WRONG(ucrtbase, strcmp, with_null)
{
    sign(ucrtbase(strcmp)("a", nothing));
}

GOOD(ucrtbase, strncmp, starts)
{
    sign(ucrtbase(strncmp)("abc", "abd", 2));
    sign(ucrtbase(strncmp)("abc", "abd", 3));
}

WRONG(ucrtbase, strncmp, with_null)
{
    sign(ucrtbase(strncmp)(nothing, "a", 1));
}

GOOD(ucrtbase, _stricmp, texts)
{
    sign(ucrtbase(_stricmp)("ABC", "abc"));
    sign(ucrtbase(_stricmp)("ABC", "abd"));
}

WRONG(ucrtbase, _stricmp, with_null)
{
    sign(ucrtbase(_stricmp)("a", nothing));
    C_ERROR;
}

GOOD(ucrtbase, _strnicmp, starts)
{
    sign(ucrtbase(_strnicmp)("ABC", "abd", 2));
}

WRONG(ucrtbase, _strnicmp, with_null)
{
    sign(ucrtbase(_strnicmp)(nothing, "a", 1));
    C_ERROR;
}

GOOD(ucrtbase, strcpy, a_text)
{
    FILLED(to, 8, 'x');
    ucrtbase(strcpy)(to, "abc");
    bytes(to, 8);
}

WRONG(ucrtbase, strcpy, to_null)
{
    ucrtbase(strcpy)(nothing, "a");
}

GOOD(ucrtbase, strncpy, shorter_than_there_is_room)
{
    FILLED(to, 8, 'x');
    ucrtbase(strncpy)(to, "abc", 6);
    bytes(to, 8);
}

WRONG(ucrtbase, strncpy, from_null)
{
    char to[4];
    ucrtbase(strncpy)(to, nothing, 3);
}

GOOD(ucrtbase, strchr, a_letter)
{
    text(ucrtbase(strchr)("hello", 'l'));
    text(ucrtbase(strchr)("hello", 'z'));
}

WRONG(ucrtbase, strchr, in_null)
{
    text(ucrtbase(strchr)(nothing, 'l'));
}

GOOD(ucrtbase, strcspn, up_to_a_digit)
{
    number(ucrtbase(strcspn)("abc123", "0123456789"));
}

WRONG(ucrtbase, strcspn, null)
{
    number(ucrtbase(strcspn)("a", nothing));
}

GOOD(ucrtbase, _strdup, a_text)
{
    char *copy = ucrtbase(_strdup)("abc");
    text(copy);
    ucrtbase(free)(copy);
}

WRONG(ucrtbase, _strdup, null)
{
    pointer(ucrtbase(_strdup)(nothing));
}

GOOD(ucrtbase, strerror, of_numbers)
{
    text(ucrtbase(strerror)(2));
    text(ucrtbase(strerror)(22));
}

WRONG(ucrtbase, strerror, of_no_error)
{
    text(ucrtbase(strerror)(-1));
}

GOOD(ucrtbase, wcslen, of_a_text)
{
    number(ucrtbase(wcslen)(L"some text"));
}

WRONG(ucrtbase, wcslen, of_null)
{
    number(ucrtbase(wcslen)(nothing));
}

GOOD(ucrtbase, wcsncmp, starts)
{
    sign(ucrtbase(wcsncmp)(L"abc", L"abd", 2));
    sign(ucrtbase(wcsncmp)(L"abc", L"abd", 3));
}

WRONG(ucrtbase, wcsncmp, with_null)
{
    sign(ucrtbase(wcsncmp)(L"a", nothing, 1));
}

GOOD(ucrtbase, atof, numbers)
{
    real(ucrtbase(atof)(" 1.5e3x"));
    real(ucrtbase(atof)("0x10"));
}

WRONG(ucrtbase, atof, of_null)
{
    real(ucrtbase(atof)(nothing));
}

GOOD(ucrtbase, log, of_numbers)
{
    real(ucrtbase(log)(2));
    real(ucrtbase(log)(1));
}

WRONG(ucrtbase, log, of_zero)
{
    yes(ucrtbase(log)(0) == -INFINITY);
    C_ERROR;
}

GOOD(ucrtbase, pow, of_numbers)
{
    real(ucrtbase(pow)(2, 10));
    real(ucrtbase(pow)(2, -0.5));
}

WRONG(ucrtbase, pow, that_is_no_number)
{
    double result = ucrtbase(pow)(-2, 0.5);
    yes(result != result);
    C_ERROR;
}

/* The environment */

GOOD(ucrtbase, getenv, what_there_is)
{
    pointer(ucrtbase(getenv)("PATH"));
}

WRONG(ucrtbase, getenv, what_there_is_not)
{
    pointer(ucrtbase(getenv)("SURVEY_ABSENT"));
    C_ERROR;
}

GOOD(ucrtbase, _wgetenv, what_there_is)
{
    pointer(ucrtbase(_wgetenv)(L"PATH"));
}

WRONG(ucrtbase, _wgetenv, what_there_is_not)
{
    pointer(ucrtbase(_wgetenv)(L"SURVEY_ABSENT"));
    C_ERROR;
}

/* Formatted text */

typedef int(__cdecl *Print)(unsigned long long, char *, size_t, const char *, void *, va_list);
typedef int(__cdecl *PrintToFile)(unsigned long long, void *, const char *, void *, va_list);
typedef int(__cdecl *Scan)(unsigned long long, const char *, size_t, const char *, void *, va_list);

/* As the headers of the universal C library have sprintf, snprintf and _snprintf do it. */
#define LEGACY_TERMINATION 1
#define STANDARD_SNPRINTF 2

static int into(unsigned long long options, char *to, size_t size, const char *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = ((Print)(void *)ucrtbase___stdio_common_vsprintf)(options, to, size, format, NULL, arguments);
    va_end(arguments);
    return result;
}

GOOD(ucrtbase, __stdio_common_vsprintf, of_each_kind)
{
    char to[80];
    number(into(STANDARD_SNPRINTF, to, sizeof to, "%d %-6s|%6.2f %#x %c %lld %e %%", -42, "text", 3.14159, 255, 'c',
                5000000000LL, 12345.678));
    text(to);
    number(into(STANDARD_SNPRINTF, to, 4, "%d", 1234567));
    text(to);
}

WRONG(ucrtbase, __stdio_common_vsprintf, where_there_is_no_room)
{
    FILLED(to, 8, 'x');
    number(into(0, to, 4, "%d", 1234567));
    bytes(to, 8);
    number(into(LEGACY_TERMINATION, to, 4, "%d", 7654321));
    bytes(to, 8);
}

static int from(const char *input, const char *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = ((Scan)(void *)ucrtbase___stdio_common_vsscanf)(0, input, (size_t)-1, format, NULL, arguments);
    va_end(arguments);
    return result;
}

GOOD(ucrtbase, __stdio_common_vsscanf, of_each_kind)
{
    int whole = 0;
    double broken = 0;
    char name[8] = "";
    number(from("42 3.5 word rest", "%d %lf %7s", &whole, &broken, name));
    number(whole);
    real(broken);
    text(name);
}

WRONG(ucrtbase, __stdio_common_vsscanf, what_does_not_fit)
{
    int whole = 7;
    number(from("word", "%d", &whole));
    number(from("", "%d", &whole));
    number(whole);
}

/* Files */

#define NAME "survey-u.txt"
#define WIDE_NAME L"survey-u.txt"

static FILE *stream;

static int opened(const char *mode)
{
    stream = ucrtbase(fopen)(temporary(NAME), "wb");
    ucrtbase(fwrite)("abcdefghij", 1, 10, stream);
    ucrtbase(fclose)(stream);
    stream = ucrtbase(fopen)(temporary(NAME), mode);
    return stream != NULL;
}

static void done(void)
{
    char block[40] = "";
    int file = ucrtbase(_open)(temporary(NAME), _O_RDONLY | _O_BINARY);
    ucrtbase(_read)(file, block, sizeof block - 1);
    ucrtbase(_close)(file);
    text(block);
    yes(DeleteFileA(temporary(NAME)));
}

GOOD(ucrtbase, fopen, what_was_written)
{
    yes(opened("rb"));
    ucrtbase(fclose)(stream);
    done();
}

WRONG(ucrtbase, fopen, what_there_is_not)
{
    pointer(ucrtbase(fopen)(temporary("survey-absent.txt"), "r"));
    C_ERROR;
}

GOOD(ucrtbase, _wfopen, to_append)
{
    opened("rb");
    ucrtbase(fclose)(stream);
    stream = ucrtbase(_wfopen)(temporary_wide(WIDE_NAME), L"ab");
    number(ucrtbase(fwrite)("kl", 1, 2, stream));
    ucrtbase(fclose)(stream);
    done();
}

WRONG(ucrtbase, _wfopen, what_there_is_not)
{
    pointer(ucrtbase(_wfopen)(temporary_wide(L"survey-absent.txt"), L"r"));
    C_ERROR;
}

GOOD(ucrtbase, fclose, a_file)
{
    opened("rb");
    number(ucrtbase(fclose)(stream));
    done();
}

WRONG(ucrtbase, fclose, null)
{
    number(ucrtbase(fclose)(nothing));
    C_ERROR;
}

GOOD(ucrtbase, fwrite, letters)
{
    opened("r+b");
    number(ucrtbase(fwrite)("XYZ", 1, 3, stream));
    ucrtbase(fclose)(stream);
    done();
}

WRONG(ucrtbase, fwrite, to_a_file_that_is_read)
{
    opened("rb");
    number(ucrtbase(fwrite)("XYZ", 1, 3, stream));
    C_ERROR;
    ucrtbase(fclose)(stream);
    done();
}

static int printed(const char *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = ((PrintToFile)(void *)ucrtbase___stdio_common_vfprintf)(0, stream, format, NULL, arguments);
    va_end(arguments);
    return result;
}

GOOD(ucrtbase, __stdio_common_vfprintf, to_a_file)
{
    opened("wb");
    number(printed("%d %s %.3f", 42, "text", 0.5));
    ucrtbase(fclose)(stream);
    done();
}

WRONG(ucrtbase, __stdio_common_vfprintf, to_a_file_that_is_read)
{
    opened("rb");
    number(printed("%d", 42));
    ucrtbase(fclose)(stream);
    done();
}

GOOD(ucrtbase, __acrt_iob_func, the_standard_streams)
{
    void *(__cdecl *const streams)(unsigned) = (void *(__cdecl *)(unsigned))(void *)ucrtbase___acrt_iob_func;
    pointer(streams(0));
    yes(streams(1) != streams(2));
}

NO_WRONG(ucrtbase, __acrt_iob_func, "numbers that no stream has are not to be given")

GOOD(ucrtbase, _open, to_write)
{
    int file = ucrtbase(_open)(temporary(NAME), _O_CREAT | _O_TRUNC | _O_RDWR | _O_BINARY, _S_IREAD | _S_IWRITE);
    yes(file > 2);
    number(ucrtbase(_write)(file, "letters", 7));
    number(ucrtbase(_close)(file));
    done();
}

WRONG(ucrtbase, _open, what_there_is_not)
{
    number(ucrtbase(_open)(temporary("survey-absent.txt"), _O_RDONLY));
    C_ERROR;
}

/* A descriptor of a file with seven letters. */
static int descriptor(void)
{
    int file = ucrtbase(_open)(temporary(NAME), _O_CREAT | _O_TRUNC | _O_RDWR | _O_BINARY, _S_IREAD | _S_IWRITE);
    ucrtbase(_write)(file, "letters", 7);
    return file;
}

GOOD(ucrtbase, _wopen, to_read)
{
    char to[8] = "";
    int file;
    ucrtbase(_close)(descriptor());
    file = ucrtbase(_wopen)(temporary_wide(WIDE_NAME), _O_RDONLY | _O_BINARY);
    number(ucrtbase(_read)(file, to, 7));
    text(to);
    ucrtbase(_close)(file);
    done();
}

WRONG(ucrtbase, _wopen, what_there_is_not)
{
    number(ucrtbase(_wopen)(temporary_wide(L"survey-absent.txt"), _O_RDONLY));
    C_ERROR;
}

GOOD(ucrtbase, _read, letters)
{
    FILLED(to, 10, 'x');
    int file = descriptor();
    ucrtbase(_lseek)(file, 2, SEEK_SET);
    number(ucrtbase(_read)(file, to, 10));
    bytes(to, 10);
    ucrtbase(_close)(file);
    done();
}

WRONG(ucrtbase, _read, from_no_descriptor)
{
    char to[4];
    number(ucrtbase(_read)(-1, to, 4));
    C_ERROR;
}

GOOD(ucrtbase, _write, letters)
{
    int file = descriptor();
    number(ucrtbase(_write)(file, "XYZ", 3));
    ucrtbase(_close)(file);
    done();
}

WRONG(ucrtbase, _write, to_no_descriptor)
{
    number(ucrtbase(_write)(-1, "XYZ", 3));
    C_ERROR;
}

GOOD(ucrtbase, _lseek, to_places)
{
    int file = descriptor();
    number(ucrtbase(_lseek)(file, 3, SEEK_SET));
    number(ucrtbase(_lseek)(file, -1, SEEK_END));
    ucrtbase(_close)(file);
    done();
}

WRONG(ucrtbase, _lseek, of_no_descriptor)
{
    number(ucrtbase(_lseek)(-1, 0, SEEK_SET));
    C_ERROR;
}

GOOD(ucrtbase, _close, a_file)
{
    number(ucrtbase(_close)(descriptor()));
    done();
}

WRONG(ucrtbase, _close, no_descriptor)
{
    number(ucrtbase(_close)(-1));
    C_ERROR;
}

GOOD(ucrtbase, _setmode, to_text_and_back)
{
    int file = descriptor();
    yes(ucrtbase(_setmode)(file, _O_TEXT) == _O_BINARY);
    yes(ucrtbase(_setmode)(file, _O_BINARY) == _O_TEXT);
    ucrtbase(_close)(file);
    done();
}

WRONG(ucrtbase, _setmode, of_no_descriptor)
{
    number(ucrtbase(_setmode)(-1, _O_BINARY));
    C_ERROR;
}

GOOD(ucrtbase, _fdopen, of_a_file)
{
    FILE *file = ucrtbase(_fdopen)(descriptor(), "r+b");
    pointer(file);
    number(ucrtbase(fclose)(file));
    done();
}

WRONG(ucrtbase, _fdopen, of_no_descriptor)
{
    pointer(ucrtbase(_fdopen)(-1, "rb"));
    C_ERROR;
}

/* Ends */

GOOD(ucrtbase, _assert, that_fails)
{
    ((void(__cdecl *)(const char *, const char *, unsigned))(void *)ucrtbase__assert)("1 == 2", "survey.c", 12);
}

WRONG(ucrtbase, _assert, that_says_nothing)
{
    ((void(__cdecl *)(const char *, const char *, unsigned))(void *)ucrtbase__assert)(nothing, nothing, 0);
}
