/* reach FIRST SECOND MESSAGE WHERE FILE: opens two drivers, has the first do an act, and says what came of it, line by line as `hostile/host.rs` does. WHERE is what
 * address the act is given: `given`, `host` or `other`. */
#include "peer.h"

/* As in `tests/src/reach/perform.rs`. */
#define KEPT 1234

static volatile LONGLONG word = KEPT;

static unsigned char block[4096];

static size_t read_block(const wchar_t *name)
{
    FILE *file = _wfopen(name, L"rb");
    need(file != NULL, "opening the block");
    size_t size = fread(block, 1, sizeof block, file);
    fclose(file);
    return size;
}

static void write_block(const wchar_t *name, size_t size)
{
    FILE *file = _wfopen(name, L"wb");
    need(file != NULL && fwrite(block, 1, size, file) == size, "writing the block");
    fclose(file);
}

/* Each line must be out before the next step, which may be the last. */
static void say(const char *what, LONGLONG value)
{
    printf("%s %lld\n", what, value);
    fflush(stdout);
}

int wmain(int count, wchar_t **arguments)
{
    need(count == 6, "reach FIRST SECOND MESSAGE WHERE FILE");
    HDRVR first = open_driver(arguments[1], 0), second = open_driver(arguments[2], 0);
    UINT message = (UINT)wcstoul(arguments[3], NULL, 0);
    size_t size = read_block(arguments[5]);
    ULONGLONG *address = (ULONGLONG *)(block + 8);
    SendDriverMessage(first, REACH_KEEP, KEPT, 0);
    SendDriverMessage(second, REACH_KEEP, KEPT, 0);
    if (arguments[4][0] == 'h') *address = (ULONG_PTR)&word;
    if (arguments[4][0] == 'o') *address = (ULONG_PTR)SendDriverMessage(second, REACH_PLACE, 0, 0);
    say("ready", 0);
    say("answered", SendDriverMessage(first, message, (LPARAM)block, 0));
    write_block(arguments[5], size);
    say("word", word);
    say("other", SendDriverMessage(second, REACH_KEPT, 0, 0));
    say("again", SendDriverMessage(first, REACH_KEPT, 0, 0));
    /* Not by closing drivers and exit, where threads of theirs could be waited for. */
    TerminateProcess(GetCurrentProcess(), 0);
    return 0;
}
