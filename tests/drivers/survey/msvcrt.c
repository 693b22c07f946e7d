/* Cases of msvcrt.dll. */
#include <stdlib.h>
#include <string.h>

#include "survey.h"

GOOD(msvcrt, strlen, of_a_text)
{
    number(msvcrt(strlen)(""));
    number(msvcrt(strlen)("some text"));
}

WRONG(msvcrt, strlen, of_null)
{
    const char *volatile none = NULL;
    number(msvcrt(strlen)(none));
}

GOOD(msvcrt, abort, at_once)
{
    msvcrt(abort)();
}

NO_WRONG(msvcrt, abort, "it takes no arguments")
