/* DRV_LOAD answers 2. */
#define LOAD 2
#include "spy.c"
