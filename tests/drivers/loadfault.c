/* DRV_LOAD writes to NULL. */
#define LOAD (*(volatile LRESULT *)0 = 1)
#include "spy.c"
