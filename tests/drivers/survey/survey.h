/*
 * What the cases of the survey are written with. A case calls one function of survey/functions.txt and writes down what comes of it; the
 * same driver does so on drvhost and under Wine, and the answers are compared.
 *
 *     GOOD(msvcrt, strlen, of_a_text) { number(msvcrt(strlen)("abc")); }
 *     WRONG(msvcrt, strlen, of_null) { number(msvcrt(strlen)(NULL)); }
 *     WRONG(kernel32, CloseHandle, of_no_handle) { yes(kernel32(CloseHandle)(NULL)); last_error(); }
 *     NO_WRONG(msvcrt, rand, "it takes no arguments")
 *
 * `library(function)` is the function as imported from that library, with the type that headers declare it with; where they do not, the
 * file of the cases does. What differs from one run to the next (addresses, handles, times) is not written down as it is, but what is always
 * true of it. A fault or an end of the process ends the case and is written down by whoever runs it, so a case need not guard itself.
 * Before each case the last error is UNSET, and both C libraries' errno is 0.
 */
#ifndef SURVEY_H
#define SURVEY_H

#include <windows.h>
#include <mmsystem.h>

#include "imports.h"

struct survey_case {
    const char *library, *function, *kind, *name;
    void (*run)(void); /* NULL where there is none, and the name is the reason. */
};

/* The linker puts what is in sections of one name in order of what follows the dollar sign. */
#define SURVEY_ENTRY(place, id) __attribute__((section(".survey$" place), used)) static const struct survey_case *const id

#define SURVEY_CASE(library, function, kind, name, id)                                                             \
    static void id(void);                                                                                          \
    static const struct survey_case case_##id = {library, function, kind, name, id};                               \
    SURVEY_ENTRY("m", entry_##id) = &case_##id;                                                                    \
    static void id(void)

/*
 * A case with arguments as drivers give them, and one with something wrong about them. The names are used here and not handed on, because some
 * functions are macros, too.
 */
#define GOOD(library, function, name) SURVEY_CASE(#library, #function, "good", #name, library##_##function##_##name)
#define WRONG(library, function, name) SURVEY_CASE(#library, #function, "wrong", #name, library##_##function##_##name)
/* There is nothing wrong to be given, for this reason. */
#define NO_WRONG(library, function, why)                                                                           \
    static const struct survey_case none_##library##_##function = {#library, #function, "none", why, NULL};        \
    SURVEY_ENTRY("m", entry_##library##_##function##_none) = &none_##library##_##function;

#define SURVEY_IMPORT(type, import) ((__typeof__(type) *)(void *)(import))
#define msvcrt(function) SURVEY_IMPORT(function, msvcrt_##function)
#define ucrtbase(function) SURVEY_IMPORT(function, ucrtbase_##function)
#define kernel32(function) SURVEY_IMPORT(function, kernel32_##function)
#define kernelbase(function) SURVEY_IMPORT(function, kernelbase_##function)
#define ntdll(function) SURVEY_IMPORT(function, ntdll_##function)
#define user32(function) SURVEY_IMPORT(function, user32_##function)
#define gdi32(function) SURVEY_IMPORT(function, gdi32_##function)
#define winmm(function) SURVEY_IMPORT(function, winmm_##function)
#define advapi32(function) SURVEY_IMPORT(function, advapi32_##function)
#define comdlg32(function) SURVEY_IMPORT(function, comdlg32_##function)
#define comctl32(function) SURVEY_IMPORT(function, comctl32_##function)
#define shell32(function) SURVEY_IMPORT(function, shell32_##function)
#define url(function) SURVEY_IMPORT(function, url_##function)

/* The last error at the beginning of a case. */
#define UNSET 0xAAAA

/* NULL, which the compiler does not know to be it. */
extern void *volatile nothing;
/* More bytes than there are, which the compiler does not know to be so many. */
extern volatile size_t enormous;
/* A file of this name where temporary files are, in one of several buffers by turns. */
const char *temporary(const char *name);
const WCHAR *temporary_wide(const WCHAR *name);

/* What cases write down. None of these calls a function of Windows, so the last error and errno stay as they are. */
void number(LONGLONG value);
void hex(ULONGLONG value);
/* A BOOL, and other answers of which only this much is said. */
void yes(LONGLONG value);
/* Negative, zero or positive, of which more is not said. */
void sign(LONGLONG value);
/* Whether it is NULL. */
void pointer(const void *value);
/* Whether it is NULL, INVALID_HANDLE_VALUE or another one. */
void handle(const void *value);
void text(const char *value);
void wide(const WCHAR *value);
void bytes(const void *at, int count);
/* To 12 significant digits. */
void real(double value);
/* A word of the case's own: letters, digits and hyphens. */
void word(const char *value);
void last_error(void);
void c_error(int value);

/* An array whose bytes are all the same at first, so that it can be seen which of them a function writes. */
#define FILLED(name, size, byte)                                                                                   \
    char name[size];                                                                                               \
    for (int filled_##name = 0; filled_##name < (int)(size); filled_##name++)                                      \
    name[filled_##name] = (byte)

#endif
