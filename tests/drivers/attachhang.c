/* DllMain never returns. */
static __attribute__((noreturn)) int hang(void)
{
    for (;;)
        ;
}
#define ATTACH hang()
#include "spy.c"
