/* Cases of msvcrt.dll: numbers in text, and mathematics. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "survey.h"

#define C_ERROR c_error(*msvcrt(_errno)())

/* Numbers in text */

GOOD(msvcrt, atoi, numbers)
{
    number(msvcrt(atoi)(" -12x"));
    number(msvcrt(atoi)("+7"));
    number(msvcrt(atoi)("x"));
}

WRONG(msvcrt, atoi, of_null)
{
    number(msvcrt(atoi)(nothing));
}

GOOD(msvcrt, _wtoi, numbers)
{
    number(msvcrt(_wtoi)(L" -12x"));
    number(msvcrt(_wtoi)(L"x"));
}

WRONG(msvcrt, _wtoi, of_null)
{
    number(msvcrt(_wtoi)(nothing));
}

GOOD(msvcrt, atof, numbers)
{
    real(msvcrt(atof)(" 1.5e3x"));
    real(msvcrt(atof)("-.25"));
    real(msvcrt(atof)("x"));
}

WRONG(msvcrt, atof, of_null)
{
    real(msvcrt(atof)(nothing));
}

GOOD(msvcrt, strtol, numbers)
{
    char *end;
    number(msvcrt(strtol)("0x1fz", &end, 0));
    text(end);
    number(msvcrt(strtol)("-077", &end, 0));
    number(msvcrt(strtol)("zz", NULL, 36));
    number(msvcrt(strtol)("99999999999", NULL, 10));
    C_ERROR;
}

WRONG(msvcrt, strtol, to_a_base_that_is_none)
{
    char *end = NULL;
    number(msvcrt(strtol)("10", &end, 1));
    C_ERROR;
}

GOOD(msvcrt, strtoul, numbers)
{
    char *end;
    number(msvcrt(strtoul)("4294967295 ", &end, 10));
    text(end);
    number(msvcrt(strtoul)("-1", NULL, 10));
    number(msvcrt(strtoul)("4294967296", NULL, 10));
    C_ERROR;
}

WRONG(msvcrt, strtoul, to_a_base_that_is_none)
{
    number(msvcrt(strtoul)("10", NULL, 37));
    C_ERROR;
}

GOOD(msvcrt, wcstoul, numbers)
{
    WCHAR *end;
    number(msvcrt(wcstoul)(L"0x1fz", &end, 16));
    wide(end);
    number(msvcrt(wcstoul)(L"4294967296", NULL, 10));
    C_ERROR;
}

WRONG(msvcrt, wcstoul, to_a_base_that_is_none)
{
    number(msvcrt(wcstoul)(L"10", NULL, 1));
    C_ERROR;
}

/* Mathematics */

GOOD(msvcrt, log10, of_numbers)
{
    real(msvcrt(log10)(1000));
    real(msvcrt(log10)(0.5));
}

WRONG(msvcrt, log10, of_a_negative_number)
{
    double result = msvcrt(log10)(-1);
    yes(result != result);
    C_ERROR;
}

GOOD(msvcrt, atan, of_numbers)
{
    real(msvcrt(atan)(1));
    real(msvcrt(atan)(-1e300));
}

WRONG(msvcrt, atan, of_no_number)
{
    double result = msvcrt(atan)(NAN);
    yes(result != result);
    C_ERROR;
}

GOOD(msvcrt, tan, of_numbers)
{
    real(msvcrt(tan)(1));
    real(msvcrt(tan)(-0.25));
}

WRONG(msvcrt, tan, of_infinity)
{
    double result = msvcrt(tan)(INFINITY);
    yes(result != result);
    C_ERROR;
}

GOOD(msvcrt, div, numbers)
{
    div_t result = msvcrt(div)(-7, 2);
    number(result.quot);
    number(result.rem);
}

WRONG(msvcrt, div, by_zero)
{
    volatile int zero = 0;
    number(msvcrt(div)(7, zero).quot);
}

GOOD(msvcrt, rand, after_a_seed)
{
    msvcrt(srand)(1);
    number(msvcrt(rand)());
    number(msvcrt(rand)());
}

NO_WRONG(msvcrt, rand, "it takes no arguments")

GOOD(msvcrt, srand, twice_the_same)
{
    int first;
    msvcrt(srand)(12345);
    first = msvcrt(rand)();
    msvcrt(srand)(12345);
    yes(first == msvcrt(rand)());
}

NO_WRONG(msvcrt, srand, "any number is a seed")

static int __cdecl by_number(const void *one, const void *other)
{
    return *(const int *)one - *(const int *)other;
}

GOOD(msvcrt, qsort, numbers)
{
    int numbers[] = {5, -3, 8, 2, 2};
    msvcrt(qsort)(numbers, 5, sizeof *numbers, by_number);
    for (int i = 0; i < 5; i++)
        number(numbers[i]);
}

WRONG(msvcrt, qsort, with_nothing_to_compare_by)
{
    int numbers[] = {5, -3};
    msvcrt(qsort)(numbers, 2, sizeof *numbers, (int(__cdecl *)(const void *, const void *))nothing);
}
