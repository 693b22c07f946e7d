/* DRV_LOAD answers 0. */
#define LOAD 0
#include "spy.c"
