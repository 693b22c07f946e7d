/* An audio codec with natural alignment, as some free ones are built. It refuses structures of another size. */
#define NATURAL
#include "acm.c"
