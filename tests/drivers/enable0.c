/* DRV_ENABLE answers 0. */
#define ENABLE 0
#include "spy.c"
