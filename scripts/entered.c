/* Which functions of drvhost's programs run: entered FOLDER PROGRAM [ARGUMENT...] runs a program, and adds each function that it or one that it starts enters to the file in FOLDER
 * that is called as its program is, in the order in which they begin. Each function starts with a breakpoint until it is entered. For scripts/order. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* int3 */
#define BREAKPOINT 0xcc

struct function {
    uint64_t address;
    const char *name;
    unsigned char byte;
    int entered;
};

struct program {
    struct function *functions;
    size_t count;
    FILE *list;
};

/* By thread; no number is larger on Linux. */
static struct program *programs[1 << 22];
/* Those that were there before it was said whose they are. */
static char early[1 << 22];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int by_address(const void *a, const void *b)
{
    uint64_t one = ((const struct function *)a)->address, other = ((const struct function *)b)->address;
    return (one > other) - (one < other);
}

static FILE *open_of(pid_t thread, const char *what)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", thread, what);
    FILE *file = fopen(path, strcmp(what, "mem") == 0 ? "r+" : "r");
    if (!file) fail(path);
    return file;
}

/* Where the program lies in the memory of a process that has just begun. */
static uint64_t base(pid_t process, const char *path)
{
    FILE *maps = open_of(process, "maps");
    char line[PATH_MAX + 100];
    uint64_t base = 0;
    while (!base && fgets(line, sizeof line, maps))
        if (strstr(line, path)) base = strtoull(line, NULL, 16);
    fclose(maps);
    return base;
}

/* The functions of a program that has not run yet, each with a breakpoint. */
static struct program *begin(pid_t process, const char *folder)
{
    char link[64], path[PATH_MAX] = "", name[PATH_MAX + 300];
    snprintf(link, sizeof link, "/proc/%d/exe", process);
    if (readlink(link, path, sizeof path - 1) < 0) fail(link);
    int file = open(path, O_RDONLY);
    struct stat stat;
    if (file < 0 || fstat(file, &stat) < 0) fail(path);
    const char *elf = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (elf == MAP_FAILED) fail(path);
    close(file);

    struct program *program = calloc(1, sizeof *program);
    const Elf64_Ehdr *header = (const void *)elf;
    const Elf64_Shdr *sections = (const void *)(elf + header->e_shoff);
    uint64_t start = base(process, path);
    for (int section = 0; section < header->e_shnum; section++) {
        if (sections[section].sh_type != SHT_SYMTAB) continue;
        const Elf64_Sym *symbols = (const void *)(elf + sections[section].sh_offset);
        const char *names = elf + sections[sections[section].sh_link].sh_offset;
        size_t count = sections[section].sh_size / sizeof *symbols;
        program->functions = calloc(count, sizeof *program->functions);
        for (size_t at = 0; at < count; at++) {
            unsigned place = symbols[at].st_shndx;
            if (ELF64_ST_TYPE(symbols[at].st_info) != STT_FUNC || symbols[at].st_size == 0) continue;
            if (place == 0 || place >= header->e_shnum || !(sections[place].sh_flags & SHF_EXECINSTR)) continue;
            const char *symbol = names + symbols[at].st_name;
            program->functions[program->count++] = (struct function){start + symbols[at].st_value, symbol, 0, 0};
        }
    }
    if (program->count == 0) return program;
    qsort(program->functions, program->count, sizeof *program->functions, by_address);

    int memory = fileno(open_of(process, "mem"));
    uint64_t first = program->functions[0].address;
    size_t size = program->functions[program->count - 1].address - first + 1;
    unsigned char *code = malloc(size);
    if (pread(memory, code, size, (off_t)first) != (ssize_t)size) fail("memory");
    for (size_t at = 0; at < program->count; at++) {
        struct function *function = &program->functions[at];
        /* Two functions that are one have one breakpoint. */
        int same = at > 0 && function[-1].address == function->address;
        function->byte = same ? function[-1].byte : code[function->address - first];
        code[function->address - first] = BREAKPOINT;
    }
    if (pwrite(memory, code, size, (off_t)first) != (ssize_t)size) fail("memory");
    free(code);

    snprintf(name, sizeof name, "%s/%s", folder, strrchr(path, '/') + 1);
    program->list = fopen(name, "a");
    if (!program->list) fail(name);
    return program;
}

/* Takes the breakpoint away that a thread has come to, and has it go on there. Whether there was one. */
static int enter(pid_t thread)
{
    struct user_regs_struct registers;
    struct program *program = programs[thread];
    if (!program || ptrace(PTRACE_GETREGS, thread, 0, &registers) < 0) return 0;
    struct function key = {.address = registers.rip - 1};
    struct function *function = bsearch(&key, program->functions, program->count, sizeof key, by_address);
    if (!function) return 0;
    /* Another thread, or a process that shares no memory any more, may have been here before. */
    if (!function->entered++) fprintf(program->list, "%s\n", function->name);
    FILE *memory = open_of(thread, "mem");
    if (pwrite(fileno(memory), &function->byte, 1, (off_t)function->address) != 1) fail("memory");
    fclose(memory);
    registers.rip--;
    ptrace(PTRACE_SETREGS, thread, 0, &registers);
    return 1;
}

int main(int count, char **arguments)
{
    if (count < 3) return 2;
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(arguments[2], arguments + 2);
        _exit(127);
    }
    int status, result = 1;
    waitpid(child, &status, 0);
    long further = PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
    ptrace(PTRACE_SETOPTIONS, child, 0, further | PTRACE_O_EXITKILL);
    ptrace(PTRACE_CONT, child, 0, 0);
    for (pid_t thread; (thread = waitpid(-1, &status, __WALL)) > 0;) {
        if (!WIFSTOPPED(status)) {
            if (thread == child && WIFEXITED(status)) result = WEXITSTATUS(status);
            continue;
        }
        int event = status >> 16, signal = WSTOPSIG(status);
        if (event == PTRACE_EVENT_EXEC) {
            programs[thread] = begin(thread, arguments[1]);
        } else if (event != 0) {
            unsigned long created;
            if (ptrace(PTRACE_GETEVENTMSG, thread, 0, &created) == 0) {
                programs[created] = programs[thread];
                if (early[created]) ptrace(PTRACE_CONT, created, 0, 0);
            }
        } else if (signal == SIGSTOP && !programs[thread]) {
            early[thread] = 1;
            continue;
        } else if (signal != SIGSTOP && !(signal == SIGTRAP && enter(thread))) {
            ptrace(PTRACE_CONT, thread, 0, signal);
            continue;
        }
        ptrace(PTRACE_CONT, thread, 0, 0);
    }
    return result;
}
