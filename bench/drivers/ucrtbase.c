/* The part of ucrtbase.dll that Wine's Cinepak driver calls while it decodes, for the emulator, which has none of it. */
#include <stddef.h>

/* No variable is set: Wine's debug channels stay as they are. */
__declspec(dllexport) char *getenv(const char *name)
{
    (void)name;
    return NULL;
}

__declspec(dllexport) void *memcpy(void *to, const void *from, size_t size)
{
    void *result = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size)::"memory");
    return result;
}
