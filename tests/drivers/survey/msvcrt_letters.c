/* Cases of msvcrt.dll: letters, text of wide ones, locales and times. */
#include <ctype.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timeb.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#include "survey.h"

#define C_ERROR c_error(*msvcrt(_errno)())

/* How a function sorts some letters, and what is no letter. */
static void sorts(int(__cdecl *function)(int))
{
    const char letters[] = "aZ5 \t.f";
    char sorted[sizeof letters] = "";
    for (int i = 0; letters[i]; i++)
        sorted[i] = function((unsigned char)letters[i]) ? '1' : '0';
    text(sorted);
}

#define SORTS(function)                                                                                            \
    GOOD(msvcrt, function, letters)                                                                                \
    {                                                                                                              \
        sorts(msvcrt(function));                                                                                   \
    }                                                                                                              \
    WRONG(msvcrt, function, the_end_of_a_file)                                                                     \
    {                                                                                                              \
        yes(msvcrt(function)(EOF));                                                                                \
    }

SORTS(isalnum)
SORTS(isalpha)
SORTS(islower)
SORTS(isspace)
SORTS(isupper)
SORTS(isxdigit)

GOOD(msvcrt, tolower, letters)
{
    number(msvcrt(tolower)('A'));
    number(msvcrt(tolower)('a'));
    number(msvcrt(tolower)('5'));
}

WRONG(msvcrt, tolower, the_end_of_a_file)
{
    number(msvcrt(tolower)(EOF));
}

GOOD(msvcrt, toupper, letters)
{
    number(msvcrt(toupper)('a'));
    number(msvcrt(toupper)('A'));
    number(msvcrt(toupper)('5'));
}

WRONG(msvcrt, toupper, the_end_of_a_file)
{
    number(msvcrt(toupper)(EOF));
}

GOOD(msvcrt, iswctype, letters)
{
    yes(msvcrt(iswctype)(L'a', _ALPHA));
    yes(msvcrt(iswctype)(L'5', _DIGIT));
    yes(msvcrt(iswctype)(L'5', _ALPHA));
    yes(msvcrt(iswctype)(L' ', _SPACE));
}

WRONG(msvcrt, iswctype, of_the_end_of_a_file)
{
    yes(msvcrt(iswctype)(WEOF, _ALPHA));
}

GOOD(msvcrt, towlower, letters)
{
    number(msvcrt(towlower)(L'A'));
    number(msvcrt(towlower)(L'5'));
}

WRONG(msvcrt, towlower, the_end_of_a_file)
{
    number(msvcrt(towlower)(WEOF));
}

GOOD(msvcrt, towupper, letters)
{
    number(msvcrt(towupper)(L'a'));
    number(msvcrt(towupper)(L'5'));
}

WRONG(msvcrt, towupper, the_end_of_a_file)
{
    number(msvcrt(towupper)(WEOF));
}

/* Wide text */

GOOD(msvcrt, wcslen, of_a_text)
{
    number(msvcrt(wcslen)(L"some text"));
}

WRONG(msvcrt, wcslen, of_null)
{
    number(msvcrt(wcslen)(nothing));
}

GOOD(msvcrt, wcscpy, a_text)
{
    WCHAR to[8];
    wide(msvcrt(wcscpy)(to, L"abc"));
}

WRONG(msvcrt, wcscpy, to_null)
{
    msvcrt(wcscpy)(nothing, L"a");
}

GOOD(msvcrt, wcsncpy, shorter_and_longer)
{
    FILLED(to, 16, 'x');
    msvcrt(wcsncpy)((WCHAR *)to, L"abc", 5);
    bytes(to, 16);
    msvcrt(wcsncpy)((WCHAR *)to, L"defgh", 2);
    bytes(to, 16);
}

WRONG(msvcrt, wcsncpy, from_null)
{
    WCHAR to[4];
    msvcrt(wcsncpy)(to, nothing, 3);
}

GOOD(msvcrt, wcscat, a_text)
{
    WCHAR to[8] = L"ab";
    wide(msvcrt(wcscat)(to, L"cd"));
}

WRONG(msvcrt, wcscat, null)
{
    WCHAR to[8] = L"ab";
    msvcrt(wcscat)(to, nothing);
}

GOOD(msvcrt, wcscmp, texts)
{
    sign(msvcrt(wcscmp)(L"abc", L"abd"));
    sign(msvcrt(wcscmp)(L"\xffff", L"z"));
    sign(msvcrt(wcscmp)(L"", L""));
}

WRONG(msvcrt, wcscmp, with_null)
{
    sign(msvcrt(wcscmp)(L"a", nothing));
}

GOOD(msvcrt, _wcsicmp, texts)
{
    sign(msvcrt(_wcsicmp)(L"ABC", L"abc"));
    sign(msvcrt(_wcsicmp)(L"ABC", L"abd"));
}

WRONG(msvcrt, _wcsicmp, with_null)
{
    sign(msvcrt(_wcsicmp)(L"a", nothing));
    C_ERROR;
}

GOOD(msvcrt, wcscoll, texts)
{
    sign(msvcrt(wcscoll)(L"abc", L"abd"));
    sign(msvcrt(wcscoll)(L"Z", L"a"));
}

WRONG(msvcrt, wcscoll, with_null)
{
    sign(msvcrt(wcscoll)(L"a", nothing));
}

GOOD(msvcrt, wcsxfrm, a_text)
{
    WCHAR to[8];
    number(msvcrt(wcsxfrm)(to, L"abc", 8));
    wide(to);
    number(msvcrt(wcsxfrm)(NULL, L"abcd", 0));
}

WRONG(msvcrt, wcsxfrm, null)
{
    WCHAR to[4];
    number(msvcrt(wcsxfrm)(to, nothing, 4));
    C_ERROR;
}

GOOD(msvcrt, mbstowcs, a_text)
{
    WCHAR to[8];
    number(msvcrt(mbstowcs)(to, "abc", 8));
    wide(to);
    number(msvcrt(mbstowcs)(NULL, "abcd", 0));
}

WRONG(msvcrt, mbstowcs, null)
{
    WCHAR to[4];
    number((LONG)msvcrt(mbstowcs)(to, nothing, 4));
    C_ERROR;
}

/* Locales */

#ifdef _WIN64
GOOD(msvcrt, ___lc_codepage_func, at_first)
{
    number(msvcrt(___lc_codepage_func)());
}

NO_WRONG(msvcrt, ___lc_codepage_func, "it takes no arguments")

GOOD(msvcrt, ___mb_cur_max_func, at_first)
{
    number(msvcrt(___mb_cur_max_func)());
}

NO_WRONG(msvcrt, ___mb_cur_max_func, "it takes no arguments")
#else
GOOD(msvcrt, __mb_cur_max, at_first)
{
    number(*(int *)(void *)msvcrt___mb_cur_max);
}

NO_WRONG(msvcrt, __mb_cur_max, "it is a variable")
#endif

GOOD(msvcrt, setlocale, to_c)
{
    text(msvcrt(setlocale)(LC_ALL, NULL));
    text(msvcrt(setlocale)(LC_ALL, "C"));
}

WRONG(msvcrt, setlocale, to_what_there_is_not)
{
    pointer(msvcrt(setlocale)(LC_ALL, "nowhere"));
    pointer(msvcrt(setlocale)(99, "C"));
}

GOOD(msvcrt, localeconv, of_c)
{
    const struct lconv *conventions = msvcrt(localeconv)();
    text(conventions->decimal_point);
    text(conventions->thousands_sep);
    number(conventions->frac_digits);
}

NO_WRONG(msvcrt, localeconv, "it takes no arguments")

/* Times */

static const struct tm moment = {.tm_sec = 5, .tm_min = 4, .tm_hour = 13, .tm_mday = 2, .tm_mon = 1, .tm_year = 99,
                                 .tm_wday = 2, .tm_yday = 32};

GOOD(msvcrt, strftime, a_date)
{
    char to[60];
    number(msvcrt(strftime)(to, sizeof to, "%Y-%m-%d %H:%M:%S %a %B %j %p %%", &moment));
    text(to);
}

WRONG(msvcrt, strftime, where_there_is_no_room)
{
    FILLED(to, 4, 'x');
    number(msvcrt(strftime)(to, sizeof to, "%Y-%m-%d", &moment));
    C_ERROR;
}

GOOD(msvcrt, wcsftime, a_date)
{
    WCHAR to[60];
    number(msvcrt(wcsftime)(to, 60, L"%Y-%m-%d %H:%M:%S %a %B %j %p", &moment));
    wide(to);
}

WRONG(msvcrt, wcsftime, where_there_is_no_room)
{
    WCHAR to[4];
    number(msvcrt(wcsftime)(to, 4, L"%Y-%m-%d", &moment));
    C_ERROR;
}

/* Some day after this was written. */
#define LATELY 1700000000

#ifdef _WIN64
GOOD(msvcrt, _time64, now)
{
    __time64_t kept = 0, now = msvcrt(_time64)(&kept);
    yes(now > LATELY);
    yes(now == kept);
}

WRONG(msvcrt, _time64, to_null)
{
    yes(msvcrt(_time64)(nothing) > LATELY);
}

GOOD(msvcrt, _ftime64, now)
{
    struct __timeb64 now = {0};
    msvcrt(_ftime64)(&now);
    yes(now.time > LATELY);
    yes(now.millitm < 1000);
    number(now.dstflag == 0 || now.dstflag == 1);
}

WRONG(msvcrt, _ftime64, to_null)
{
    msvcrt(_ftime64)(nothing);
    C_ERROR;
}
#else
GOOD(msvcrt, time, now)
{
    time_t kept = 0, now = ((time_t(__cdecl *)(time_t *))(void *)msvcrt_time)(&kept);
    yes(now > LATELY);
    yes(now == kept);
}

WRONG(msvcrt, time, to_null)
{
    yes(((time_t(__cdecl *)(time_t *))(void *)msvcrt_time)(nothing) > LATELY);
}

GOOD(msvcrt, _ftime, now)
{
    struct __timeb32 now = {0};
    ((void(__cdecl *)(void *))(void *)msvcrt__ftime)(&now);
    yes(now.time > LATELY);
    yes(now.millitm < 1000);
}

WRONG(msvcrt, _ftime, to_null)
{
    ((void(__cdecl *)(void *))(void *)msvcrt__ftime)(nothing);
    C_ERROR;
}
#endif
