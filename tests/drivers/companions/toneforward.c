/*
 * A library of which a function and a variable are another one's, which nobody imports from.
 */
#include <windows.h>

__asm__(".section .drectve\n"
        "\t.ascii \" -export:forwarded=tonextra.is_attached -export:where=tonextra.told,data\"\n"
        "\t.text");

__declspec(dllexport) int own(void)
{
    return 3;
}
