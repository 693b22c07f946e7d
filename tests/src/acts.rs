//! What tests ask the test drivers to do: messages of their own. `build.rs` hands the same table to the C compiler.

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        $($(#[$doc])* #[allow(dead_code, reason = "build.rs uses the table only")] pub const $name: u32 = $number;)*

        /// Every act's name and number.
        pub const ACTS: &[(&str, u32)] = &[$((stringify!($name), $number)),*];
    };
}

acts! {
    /// Both drivers: answers lParam1 ^ lParam2.
    XOR = 0x7000;

    /// `spy`: keeps its log at lParam1 from now on.
    SPY_WATCH = 0x7001;
    /// `spy`: SendDriverMessage with the four values at lParam1.
    SPY_SEND = 0x7002;
    /// `spy`: CloseDriver with the first, third and fourth of the values at lParam1.
    SPY_CLOSE = 0x7003;
    /// `spy`: GetDriverModuleHandle of lParam1.
    SPY_MODULE = 0x7004;
    /// `spy`: DrvGetModuleHandle of lParam1.
    SPY_MODULE_BY_OLD_NAME = 0x7005;
    /// `spy`: the module handle that DllMain was given.
    SPY_OWN_MODULE = 0x7006;
    /// `spy`: GetDriverFlags of lParam1.
    SPY_FLAGS = 0x7007;
    /// `spy`: DefDriverProc for the message lParam1.
    SPY_DEFAULT = 0x7008;
    /// `spy`: lets DRV_EXITSESSION to this instance do the act lParam1 with lParam2 as its lParam1.
    SPY_AT_EXIT = 0x700A;
    /// `spy`: Sleep for lParam1 milliseconds, then as XOR with 0.
    SPY_SLEEP = 0x700B;
    /// `spy`: never answers.
    SPY_HANG = 0x700C;

    /// `hostile`: writes to NULL.
    HOSTILE_NULL = 0x7100;
    /// `hostile`: calls lParam1.
    HOSTILE_JUMP = 0x7101;
    /// `hostile`: recurses without end.
    HOSTILE_RECURSE = 0x7102;
    /// `hostile`: loops without end.
    HOSTILE_LOOP = 0x7103;
    /// `hostile`: loops without end, calling GetTickCount.
    HOSTILE_LOOP_TICKS = 0x7104;
    /// `hostile`: ExitProcess(lParam1).
    HOSTILE_EXIT_PROCESS = 0x7105;
    /// `hostile`: exit(lParam1).
    HOSTILE_EXIT = 0x7106;
    /// `hostile`: abort().
    HOSTILE_ABORT = 0x7107;
    /// `hostile`: the system call whose number and five arguments lie at lParam1; answers rax.
    HOSTILE_SYSCALL = 0x7108;
    /// `hostile`: a system call by the 32-bit gate.
    HOSTILE_INT80 = 0x7109;
    /// `hostile`: an instruction that does not exist.
    HOSTILE_UD2 = 0x710A;
    /// `hostile`: a breakpoint.
    HOSTILE_INT3 = 0x710B;
    /// `hostile`: divides lParam1 by lParam2.
    HOSTILE_DIVIDE = 0x710C;
    /// `hostile`: calls a function of user32 that is not supplied.
    HOSTILE_UNSUPPLIED = 0x710D;
    /// `hostile`: overwrites what lies around its blocks of the heap, then uses the heap.
    HOSTILE_HEAP = 0x710E;
    /// `hostile`: overwrites its stack in steps of lParam1 bytes.
    HOSTILE_STACK = 0x710F;
    /// `hostile`: overwrites its thread block.
    HOSTILE_TEB = 0x7110;
    /// `hostile`: overwrites what the thread block's private pointer points to.
    HOSTILE_CONTEXT = 0x7111;
    /// `hostile`: CreateFileA of /etc/passwd; answers the handle.
    HOSTILE_CREATE_FILE = 0x7112;
    /// `hostile`: VirtualAlloc of memory that is executable and writable; answers the address.
    HOSTILE_ALLOC_CODE = 0x7113;
    /// `hostile`: VirtualProtect of its own data to executable and writable; answers whether.
    HOSTILE_PROTECT_CODE = 0x7114;
    /// `hostile`: an address in its own writable memory.
    HOSTILE_OWN_DATA = 0x7115;
    /// `hostile`: writes to its own code.
    HOSTILE_OWN_CODE = 0x7116;
    /// `hostile`: runs its own data.
    HOSTILE_RUN_DATA = 0x7117;
    /// `hostile`: sets the flags for single steps, backward strings and alignment checks, then answers 1.
    HOSTILE_FLAGS = 0x7118;
    /// `hostile`: as HOSTILE_CONTEXT but with zeros, then loops without end.
    HOSTILE_DEAF = 0x7119;
    /// `hostile`: OutputDebugString without end.
    HOSTILE_TALK = 0x711A;
    /// `hostile`: lParam1 times OutputDebugString, then answers 77.
    HOSTILE_TALK_AND_ANSWER = 0x711B;
    /// `hostile`: FS to 0, then an illegal instruction.
    HOSTILE_FS = 0x711C;
    /// `hostile`: answers 1 with the alignment check on.
    HOSTILE_ANSWER_WITH_AC = 0x711D;
    /// `hostile`: an unmasked x87 division by zero, left pending for whoever comes next.
    HOSTILE_X87 = 0x711E;
    /// `hostile`: `int 0x29`.
    HOSTILE_FAST_FAIL = 0x711F;
    /// `hostile`: unmasks SSE exceptions, calls lstrlenA, GetTickCount and pow(2, lParam1), and answers the power.
    HOSTILE_UNMASKED = 0x7120;

    /// `hostile`: writes the byte lParam2 at lParam1; answers what is there then.
    HOSTILE_POKE = 0x7121;
    /// `hostile`: VirtualProtect of a page that it has allocated to lParam1; answers the page, or 0.
    HOSTILE_PROTECT = 0x7122;
    /// `hostile`: has GetSystemTime write to lParam1.
    HOSTILE_SHIM_WRITES = 0x7123;
    /// `hostile`: writes addresses to lParam1, eight quadwords: of its image, its stack, a block of the heap, its thread block, a function of the
    /// system, memcpy of msvcrt, and the stack of a thread that it starts; then what its thread block holds for the host's side.
    HOSTILE_ADDRESSES = 0x7124;
    /// `hostile`: a 32-bit one loads 0 and then its thread block's segment into GS, calls GetTickCount after each, and answers 1; others answer 1.
    HOSTILE_RELOAD_GS = 0x7125;
    /// Drivers of the catalogue: the harm whose name is at lParam1, with the numbers of 64 bits at lParam2.
    HARM_DO = 0x7140;

    /// `nest`: the handle of what it opened in DRV_LOAD; 0 for none.
    NEST_CHILD = 0x7200;
    /// `nest`: OpenDriver with the three values at lParam1.
    NEST_OPEN = 0x7201;
    /// `nest`: OpenDriverA with them.
    NEST_OPEN_ANSI = 0x7202;
    /// `nest`: CloseDriver of lParam1.
    NEST_CLOSE = 0x7203;
    /// `nest`: SendDriverMessage with the four values at lParam1.
    NEST_SEND = 0x7204;
    /// `nest`: adds up lParam2 ints at lParam1.
    NEST_SUM = 0x7205;
    /// `nest`: has lParam1 add up 1, 20 and 300, which lie on its own stack.
    NEST_LET_SUM = 0x7206;
    /// `nest`: sends this to lParam1, lParam2 times in turns (for ever if negative), and answers how many times.
    NEST_TURNS = 0x7207;
    /// `nest`: lets DRV_EXITSESSION ask lParam1 for 5 ^ 3 and answer that.
    NEST_AT_EXIT = 0x7208;
    /// `nest`: how many instances its module has opened since it was loaded.
    NEST_OPENS = 0x7209;
    /// `nest`: writes to NULL.
    NEST_FAULT = 0x720A;
    /// `nest`: lets DRV_EXITSESSION take turns with lParam1 for ever.
    NEST_TURNS_AT_EXIT = 0x720B;
    /// `nest`: lets every turn take lParam1 milliseconds.
    NEST_BE_SLOW = 0x720C;
    /// `nest`: OpenDriver with the first two values at lParam1, as often as the third says; answers how often it could.
    NEST_OPEN_MANY = 0x720D;
    /// `nest`: lets DRV_EXITSESSION and DRV_CLOSE take lParam1 milliseconds.
    NEST_END_SLOWLY = 0x720E;

    /// `acm`, `vfw`: fills in the `struct seen` at lParam1, which names a message and which of them; answers 0 when there was none.
    CODEC_SEEN = 0x7300;

    /// `throws`: throws through three frames, lParam1 as its own type, 0 as std::runtime_error, a negative one as int; answers what it noted.
    THROWS_BY_TYPE = 0x7400;
    /// `throws`: the same with its own type, which a frame between catches and throws again.
    THROWS_AGAIN = 0x7401;
    /// `throws`: throws lParam1, and lParam1 + 1 while that is handled.
    THROWS_NESTED = 0x7402;
    /// `throws`: throws and catches 1 to lParam1; answers their sum.
    THROWS_MANY = 0x7403;
    /// `throws`: throws lParam1, which nobody catches.
    THROWS_OUT = 0x7404;

    /// `seh`: writes to NULL, with a handler that has it write elsewhere; answers what it wrote. On x86-64, these down to `SEH_CHAIN` answer 0.
    SEH_CONTINUE = 0x7500;
    /// `seh`: RaiseException with lParam1 as its code and two arguments; answers what the handler was given.
    SEH_RAISE = 0x7501;
    /// `seh`: a fault that goes past an inner handler to an outer one, which unwinds; answers what they noted.
    SEH_UNWIND = 0x7502;
    /// `seh`: divides by zero; the handler unwinds.
    SEH_DIVIDE = 0x7503;
    /// `seh`: a fault in a function that qsort calls, handled there; answers ten times the least of five numbers and the greatest.
    SEH_CALLBACK = 0x7504;
    /// `seh`: a fault whose only handler does not want it.
    SEH_SEARCH = 0x7505;
    /// `seh`: the first record that FS leads to.
    SEH_CHAIN = 0x7506;
    /// `seh`: faults in the handler of a fault, without end.
    SEH_DEEP = 0x7507;
    /// `seh`: how many handlers have been called for that.
    SEH_DEPTH = 0x7508;

    /// `kinds`: calls a function of the kind lParam1; answers 1, or minus the number of the first check that fails.
    KINDS_CHECK = 0x7600;
    /// `kinds`: how many kinds there are.
    KINDS_COUNT = 0x7601;

    /// `threads`: starts lParam2 threads that work against one another for lParam1 milliseconds; answers how many rounds all have done, or
    /// minus the number of the first check that failed.
    THREADS_WORK = 0x7900;
    /// `threads`: starts a thread that ends with ExitThread(lParam1); answers its exit code.
    THREADS_EXIT = 0x7901;
    /// `threads`: how often the entry point was told of threads that begin, and 1000 times how often of threads that end.
    THREADS_TOLD = 0x7902;
    /// `threads`: starts a thread that faults, and waits for it; answers 1 when it has ended.
    THREADS_FAULT = 0x7903;
    /// `threads`: starts threads until there are no more; answers how many, and ends them.
    THREADS_MOST = 0x7904;
    /// `threads`: starts a thread that never ends. After that, lParam1 not 0 has this one loop for ever, too.
    THREADS_FOREVER = 0x7905;
    /// `threads`: starts a suspended thread; answers 1 if it has done nothing before ResumeThread and its work after that.
    THREADS_SUSPENDED = 0x7906;
    /// `threads`: 1 if the thread that the entry point started when the driver was loaded began after the entry point had returned.
    THREADS_EARLY = 0x7907;
    /// `threads`: CreateThread with an address that no thread's id can be written to.
    THREADS_BAD_ID = 0x790A;
    /// `threads`: starts a thread that stays in one call of memchr for very long, and calls GetTickCount for ever.
    THREADS_BUSY = 0x7909;
    /// `threads`: adds 1 to a number lParam1 times in each of two threads, of which one calls InterlockedIncrement where there is such a
    /// function and the other has an instruction for it; answers the sum.
    THREADS_COUNT = 0x7908;

    /// `locks`: goes through all that threads do with each other; answers 0, or the line of the first check that fails.
    LOCKS_ALL = 0x7910;
    /// `locks`: starts sixteen threads that wait, each in another way.
    LOCKS_IDLE = 0x7911;
    /// `locks`: has them end, and waits for that.
    LOCKS_END_IDLE = 0x7912;

    /// `jumps`: setjmp and longjmp; answers 0, or the line of the first check that fails.
    JUMPS_JUMPS = 0x7920;
    /// `jumps`: `_beginthread` and its kin, in the same manner.
    JUMPS_THREADS = 0x7921;
    /// `jumps`: blocks of `__try` in 32-bit code, in the same manner.
    JUMPS_BLOCKS = 0x7922;

    /// `startup`: what start-up code of a C library calls; answers 0, or the line of the first check that fails, or 10000 and the number of a name that is missing.
    STARTUP_BEGIN = 0x7930;
    /// `startup`: vectored handlers of exceptions, in the same manner.
    STARTUP_VECTORED = 0x7931;
    /// `startup`: its resources, in the same manner.
    STARTUP_RESOURCES = 0x7932;
    /// `startup`: its version, in the same manner.
    STARTUP_VERSION = 0x7933;

    /// `image`: checks that it was put together as it should be; answers 1, or minus the number of the first check that fails.
    IMAGE_CHECK = 0x7700;
    /// `image`: where it lies.
    IMAGE_BASE = 0x7701;
    /// `tls`: the order in which its callback and its DllMain were told of its beginning, 12 being the callback first.
    TLS_ORDER = 0x7710;
    /// `tls`: adds lParam1 to the thread's own number, which is 1000 at first; answers the sum.
    TLS_ADD = 0x7711;
    /// `tls`: the same of a number that is 0 at first.
    TLS_ADD_TO_ZERO = 0x7712;
    /// `delay`: GetDriverFlags of its own handle, by a slot that is filled at the first call.
    DELAY_FLAGS = 0x7720;
    /// `delay`: whether that slot has been filled.
    DELAY_FILLED = 0x7721;
    /// `delay`: where its table of delayed libraries lies, from its base on.
    DELAY_TABLE = 0x7722;
    /// `delay`: a function that is not there, by such a slot.
    DELAY_ABSENT = 0x7723;
    /// `ordinal`: calls winmm.dll's function number 5.
    ORDINAL_CALL = 0x7730;

    /// `synth`: plays lParam1 samples of its tone on a thread, which lParam2 says how the device wakes: 0 an event, 1 a function, 2 the thread's
    /// messages, 3 a window's, 4 not at all; answers 1, or minus the number of what went wrong.
    SYNTH_PLAY = 0x7B00;
    /// `synth`: plays lParam1 samples, at most 1024, and does not close the device; answers 1.
    SYNTH_LEAVE = 0x7B01;
    /// `synth`: has its process killed.
    SYNTH_DIE = 0x7B02;
    /// `midisynth`: a client of its own of the kind lParam1, a `DCB_` value: a window, a thread's identifier, a function or an event.
    MIDISYNTH_CLIENT = 0x7F00;
    /// `midisynth`: writes at lParam2 what the client of the kind lParam1 was told: how often MOM_OPEN, MOM_CLOSE and MOM_DONE, by which device, with which value of its
    /// own, and the flags of the last buffer.
    MIDISYNTH_TOLD = 0x7F01;
    /// `midisynth`: answers how many bytes of long messages have come since it was asked last, and writes a sum of them at lParam1.
    MIDISYNTH_SYSEX = 0x7F02;
    /// `midisynth`: how many notes sound.
    MIDISYNTH_SOUNDING = 0x7F03;
    /// `midisynth`: while lParam1 is not 0, short messages wait.
    MIDISYNTH_HOLD = 0x7F04;
    /// `midiclient`: does the check with the number lParam1; answers 1, or minus the line of what was otherwise.
    MIDICLIENT_CHECK = 0x7F10;
    /// `sound`: does the check with the number lParam1; answers 1, or minus the line of what was otherwise.
    SOUND_CHECK = 0x7B10;
    /// `mmsystem`: likewise.
    MMSYSTEM_CHECK = 0x7B20;
    /// `registry`: does the check with the number lParam1; answers 1, or minus the line of what was otherwise.
    REGISTRY_CHECK = 0x7D00;
    /// `registry`: sets the value with the name lParam1 to lParam2; answers an error's number.
    REGISTRY_SET = 0x7D01;
    /// `registry`: the value with the name lParam1, or minus an error's number.
    REGISTRY_GET = 0x7D02;
    /// `registry`: how many values there are.
    REGISTRY_COUNT = 0x7D03;
    /// `registry`: waits for a change; answers 1.
    REGISTRY_WAIT = 0x7D04;

    /// `mixed`: the checksum of lParam1 rounds that begin with lParam2.
    MIXED_SUM = 0x7800;

    /// `files`: kernel32's functions on its own files; answers 0, or the line of the first check that fails.
    FILES_KERNEL32 = 0x7A00;
    /// `files`: the C library's; as above.
    FILES_STREAMS = 0x7A01;
    /// `files`: the C library's, in five threads; as above.
    FILES_THREADS = 0x7A02;
    /// `files`: how often it was asked this, which it keeps in a file beside itself; negative: `errno`.
    FILES_COUNT = 0x7A03;
    /// `files`: an initialization file; as FILES_KERNEL32.
    FILES_PROFILE = 0x7A04;
    /// `files`: what it may not have; as above.
    FILES_REFUSED = 0x7A05;
    /// `files`: copies the file whose path lParam1 points to to that of lParam2; answers how many bytes, negative: `errno`.
    FILES_COPY = 0x7A06;

    /// `escapes`: does the `Escape` lParam1 with what the four values at lParam2 say: where a path lies, whether in UTF-16, and where and how large the room is for what is
    /// read; answers what it got, or minus the last error less 1.
    ESCAPES_TRY = 0x7F20;
    /// `escapes`: does all of them in turns for lParam1 milliseconds; answers how many rounds, or minus which one has read a canary, less 1.
    ESCAPES_KEEP_TRYING = 0x7F21;
    /// `escapes`: asks for more files, bytes of them and folders than there may be; answers 0, or the line of the first check that fails.
    ESCAPES_MOST_FILES = 0x7F22;
    /// `escapes`: the same of the registry.
    ESCAPES_MOST_KEYS = 0x7F23;
    /// `escapes`: lParam2 requests of the kind lParam1: 0 files that are not granted, 1 keys that are not there, 2 texts; answers how many.
    ESCAPES_FLOOD = 0x7F24;

    /// `companions`: what a library answers for lParam1 that it imports from, which imports from another one.
    COMPANIONS_CALL = 0x7B00;
    /// `companions`: loads and frees a library while it runs; answers 0, or the line of the first check that fails.
    COMPANIONS_LOAD = 0x7B01;
    /// `companions`: the order in which it and the library were told of their beginnings: 12 when the library was first.
    COMPANIONS_ORDER = 0x7B02;
    /// `companions`: a library that refuses to be loaded; as COMPANIONS_LOAD.
    COMPANIONS_REFUSED = 0x7B03;
    /// `companions`: a library that goes while timers, sound and windows would call it; as COMPANIONS_LOAD.
    COMPANIONS_LEFT = 0x7B04;
    /// `companions`: how often a library is counted; as COMPANIONS_LOAD.
    COMPANIONS_USERS = 0x7B05;
    /// `windows`: a modal dialog that shows settings and takes them back, in form lParam1 (0: A, 1: W, 2: from memory); answers 1, or minus the
    /// number of the first check that fails. So do the next ones.
    WINDOWS_MODAL = 0x7D00;
    /// `windows`: modal dialogs that do not take OK, that take nothing, and that end while they begin.
    WINDOWS_STUBBORN = 0x7D01;
    /// `windows`: a hidden dialog that stays open: 0 opens it, 1 shows the progress lParam2, 2 closes it.
    WINDOWS_STATUS = 0x7D02;
    /// `windows`: MessageBoxA, or if lParam2 MessageBoxW, of the type lParam1; answers its answer.
    WINDOWS_BOX = 0x7D03;
    /// `windows`: timers and posted messages in a loop of its own.
    WINDOWS_LOOP = 0x7D04;
    /// `windows`: what windows of its own are told when they begin and end, in bytes (lParam1 0) or UTF-16 (1).
    WINDOWS_LIVES = 0x7D05;
    /// `windows`: an edit control with a procedure of the driver's own.
    WINDOWS_SUBCLASS = 0x7D06;
    /// `windows`: messages between two threads that have windows.
    WINDOWS_THREADS = 0x7D07;
    /// `windows`: a property sheet of two pages.
    WINDOWS_SHEET = 0x7D08;
    /// `windows`: posts a message to a window of its own, and has a timer; answers how many messages and timers have come since the driver was loaded.
    WINDOWS_LEAVE = 0x7D09;
    /// `windows`: icons and bitmaps of its resources.
    WINDOWS_PICTURES = 0x7D0A;
    /// `windows`: a dialog whose procedure faults; what is left of it can be counted by lParam1 1.
    WINDOWS_FAULT = 0x7D0B;
    /// `windows`: waits for a message that never comes.
    WINDOWS_WAIT = 0x7D0C;

    /// `lacking`: calls the import number lParam1 of those that nobody supplies.
    LACKING_CALL = 0x7E00;

    /// `waits`: what is handed over to threads that wait; answers 0, or the line of the first check that fails.
    WAITS_ALL = 0x7E10;
    /// `waits`: threads that wait for timers and never get all that they want; likewise.
    WAITS_IDLE = 0x7E11;
    /// `waits`: ends those threads; likewise.
    WAITS_END_IDLE = 0x7E12;
    /// `waits`: makes and ends lParam1 of everything that can be made; likewise.
    WAITS_MANY = 0x7E13;

    /// `clock`: does the check with the number lParam1; answers 1, or minus the line of what was otherwise.
    CLOCK_CHECK = 0x7E20;
    /// `clock`: begins to play, in the way lParam1: woken by events (0), by functions (1), sleeping (2), looking at the clock (3), with gaps (4), woken by
    /// messages (5).
    CLOCK_PLAY = 0x7E21;
    /// `clock`: has lParam1 be the value of the right channel in what is played later; answers what time it is.
    CLOCK_NOTE = 0x7E22;
    /// `clock`: ends playing.
    CLOCK_STOP = 0x7E23;
    /// `clock`: starts a thread that never waits, and calls functions if lParam1 is not 0.
    CLOCK_SPIN = 0x7E24;

    /// `reach`: no act of harm: answers 1 and keeps lParam1 as its own number.
    REACH_KEEP = 0x7F20;
    /// `reach`: that number.
    REACH_KEPT = 0x7F21;
    /// `reach`: where that number lies.
    REACH_PLACE = 0x7F22;
    /// `reach`: this and all that follow take the `struct reach` at lParam1, and answer what the driver thinks of it: 1 or an amount if it could, else 0. This one reads the file by
    /// CreateFileA.
    REACH_READ = 0x7F23;
    /// `reach`: reads it by system calls of its own.
    REACH_READ_RAW = 0x7F24;
    /// `reach`: lists the folder by FindFirstFileA.
    REACH_LIST = 0x7F25;
    /// `reach`: lists it by system calls of its own.
    REACH_LIST_RAW = 0x7F26;
    /// `reach`: writes the text to the file by CreateFileA.
    REACH_WRITE = 0x7F27;
    /// `reach`: writes it by system calls of its own.
    REACH_WRITE_RAW = 0x7F28;
    /// `reach`: deletes the file by DeleteFileA.
    REACH_DELETE = 0x7F29;
    /// `reach`: deletes it by a system call of its own.
    REACH_DELETE_RAW = 0x7F2A;
    /// `reach`: sends the text to a port of this computer by ws2_32.dll.
    REACH_CONNECT = 0x7F2B;
    /// `reach`: sends it by system calls of its own.
    REACH_CONNECT_RAW = 0x7F2C;
    /// `reach`: starts a program that makes the file, by CreateProcessA.
    REACH_START = 0x7F2D;
    /// `reach`: starts it by system calls of its own.
    REACH_START_RAW = 0x7F2E;
    /// `reach`: starts a program that stays, by system calls of its own; it has the text as an argument.
    REACH_STAY_RAW = 0x7F2F;
    /// `reach`: kills the process by a system call of its own.
    REACH_KILL_RAW = 0x7F30;
    /// `reach`: writes the value to the address in the process, by a system call of its own.
    REACH_WRITE_PROCESS_RAW = 0x7F31;
    /// `reach`: writes the value to the address, as if it were its own.
    REACH_STORE = 0x7F32;
    /// `reach`: loops without end.
    REACH_LOOP = 0x7F33;
    /// `reach`: writes to NULL.
    REACH_FAULT = 0x7F34;
    /// `reach`: ExitProcess.
    REACH_EXIT = 0x7F35;
    /// `reach`: TerminateProcess of its own process.
    REACH_TERMINATE = 0x7F36;
    /// `reach`: ends its process by a system call of its own.
    REACH_EXIT_RAW = 0x7F37;
    /// `reach`: takes so many MiB and writes to each page; answers how many it got.
    REACH_MEMORY = 0x7F38;
    /// `reach`: starts so many threads, which sleep; answers how many it got.
    REACH_THREADS = 0x7F39;
    /// `reach`: makes code in memory of VirtualAlloc's and runs it, with the value as its answer, which it puts where the value was found.
    REACH_CODE = 0x7F3A;
    /// `reach`: asks the kernel what time it is, by a system call of its own, and puts the answer where the value is found.
    REACH_CLOCK_RAW = 0x7F3B;

    /// `survey`: writes the name of its case number lParam1 at lParam2; answers 0 if there is none.
    SURVEY_NAME = 0x7C00;
    /// `survey`: runs that case, which writes what comes of it at lParam2; answers 0 if there is none.
    SURVEY_RUN = 0x7C01;
    /// `survey`: whether its import number lParam1 has an address.
    SURVEY_IMPORTS = 0x7C02;
    /// No message: the bytes of room that there must be at lParam2 for those.
    SURVEY_ROOM = 0x400;
}
