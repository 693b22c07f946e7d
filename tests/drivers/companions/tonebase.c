/*
 * A library that a library imports from.
 */
#include <windows.h>

static int told;

__declspec(dllexport) int next_place(void)
{
    return ++told;
}

__declspec(dllexport) int twice(int number)
{
    return 2 * number;
}
