/* DllMain writes to NULL. */
#define ATTACH (*(volatile BOOL *)0 = TRUE)
#include "spy.c"
