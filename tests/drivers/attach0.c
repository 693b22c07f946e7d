/* DllMain answers FALSE. */
#define ATTACH FALSE
#include "spy.c"
