/* An audio codec with natural alignment that follows whatever it reads as a pointer. */
#define NATURAL
#define TRUSTING
#include "acm.c"
