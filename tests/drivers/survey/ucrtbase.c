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

/* Ends */

GOOD(ucrtbase, _assert, that_fails)
{
    ((void(__cdecl *)(const char *, const char *, unsigned))(void *)ucrtbase__assert)("1 == 2", "survey.c", 12);
}

WRONG(ucrtbase, _assert, that_says_nothing)
{
    ((void(__cdecl *)(const char *, const char *, unsigned))(void *)ucrtbase__assert)(nothing, nothing, 0);
}
