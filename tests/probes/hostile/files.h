// Acts on files: of the caller, of the machine, and such as are not there.

static void act_files(u8 variant, u8 where) {
    char path[256], other[256];
    const char *base = where & 1 && !is_full ? outside : shown;
    append(append(path, base), "/canary");
    append(append(other, base), "/new");
    i64 result = -1;
    u64 number = __NR_openat;
    switch (variant % 16) {
    case 0: result = open_at(path, O_WRONLY_); break;
    case 1: result = open_at(path, O_RDWR_ | O_TRUNC_); break;
    case 2: result = C(number = __NR_truncate, path, 0); break;
    case 3: result = C(number = __NR_unlinkat, AT_CWD, path, 0); break;
    case 4: result = C(number = __NR_renameat2, AT_CWD, path, AT_CWD, other, 0); break;
    case 5: result = C(number = __NR_linkat, AT_CWD, path, AT_CWD, other, 0); break;
    case 6: result = C(number = __NR_symlinkat, path, AT_CWD, other); break;
    case 7: result = C(number = __NR_mkdirat, AT_CWD, other, 0755); break;
    case 8: result = C(number = __NR_mknodat, AT_CWD, other, 010644, 0); break;
    case 9: case 10: {
        append(append(path, base), "/fifo");
        result = open_at(path, (variant % 16 == 9 ? O_WRONLY_ : O_RDWR_) | O_NONBLOCK_);
        if (result >= 0 && !may_be_own(result)) C(__NR_write, result, mark, length_of(mark));
        break;
    }
    case 11: {
        i64 file = open_at(path, O_RDONLY_);
        append_number(append(other, "/proc/self/fd/"), file);
        result = open_at(other, O_WRONLY_);
        break;
    }
    case 12: result = C(number = __NR_linkat, AT_CWD, paths[1], AT_CWD, other, 0); break;
    case 13: result = C(number = __NR_renameat2, AT_CWD, paths[1], AT_CWD, other, 0); break;
    case 14: result = open_at(other, O_WRONLY_ | O_CREAT_); break;
    case 15: {
        u64 how[3] = {O_WRONLY_, 0, 0};
        result = C(number = __NR_openat2, AT_CWD, path, how, 24);
        break;
    }
    }
    if (result >= 0 && !may_be_own(result)) record(FINDING, (i64)number, result, "changed ", variant % 16 == 9 || variant % 16 == 10 ? "a-fifo" : "a-file");
    remember((i64)number, result);
}

// Files that tell of the machine. Those of the second half are the machine's at `traced`, which `lost` says.
static const char *const files[] = {
    "/proc/self/stat", "/proc/self/status", "/proc/self/auxv", "/proc/self/environ", "/proc/self/mountinfo", "/proc/self/maps", "/proc/self/timers",
    "/proc/self/sched", "/proc/self/keyring", "/proc/1/environ", "/proc/1/cmdline", "/proc/self/limits", "/dev/rtc0", "/dev/ptp0", "/dev/pps0",
    "/proc/keys", "/proc/key-users", "/proc/stat", "/proc/uptime", "/proc/version", "/proc/driver/rtc", "/proc/timer_list", "/proc/sched_debug",
    "/proc/cmdline", "/proc/cpuinfo", "/proc/meminfo", "/proc/vmstat", "/proc/slabinfo", "/proc/config.gz", "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/version", "/proc/sys/kernel/random/uuid", "/proc/sys/kernel/random/boot_id", "/proc/net/tcp", "/proc/net/unix",
    "/proc/interrupts", "/proc/locks", "/proc/sysvipc/shm", "/proc/sysvipc/msg", "/proc/sysvipc/sem", "/sys/class/rtc/rtc0/since_epoch",
    "/sys/class/rtc/rtc0/time", "/sys/class/rtc/rtc0/date", "/proc/kmsg", "/dev/kmsg", "/proc/sys/fs/mqueue/msg_max"};
enum { FILES = sizeof files / sizeof *files, OF_THE_RUN = 15 };

static void act_read(u8 which) {
    which %= FILES;
    overlooked = !is_full && which >= OF_THE_RUN;
    i64 file = open_at(files[which], O_RDONLY_ | O_NONBLOCK_), result = file;
    for (int part = 0; file >= 0 && part < 8; part++) {
        result = C(__NR_read, file, arena.buffers[12], 4 * BUFFER);
        if (result <= 0 || may_be_own(result)) break;
    }
    if (file >= 0) C(__NR_close, file);
    overlooked = 0;
    remember(__NR_read, result);
}

enum { WAYS = 17, RARE = 5 };

// Looks at what is not there: the ledger is to tell of it, of most ways only where every look-up is asked for.
static void look(u8 variant, u8 number) {
    static const char *const attempts[] = {"enter ", "create ", "create ", "execute ", "execute ", "open ", "open ", "open ", "look-up "};
    if (variant >= RARE && !sees_paths) return;
    // A name for each way, so that none is seen for another.
    char path[40];
    u8 *buffer = arena.buffers[15];
    u64 how[3] = {0, 0, 0}, call = 0;
    i64 result = -1;
    append_number(append(append_number(append(path, "/missing-"), variant), "-"), number);
    if (variant == 1 || variant == 2) append(path + length_of(path), "/x");
    switch (variant) {
    case 0: result = C(call = __NR_chdir, path); break;
    case 1: result = C(call = __NR_openat, AT_CWD, path, O_WRONLY_ | O_CREAT_, 0600); break;
    case 2: result = C(call = ONLY_X86(2), path, O_WRONLY_ | O_CREAT_, 0600); break;
    case 3: result = C(call = __NR_execve, path, arena.structures[26], arena.structures[26] + 8); break;
    case 4: result = C(call = __NR_execveat, AT_CWD, path, arena.structures[26], arena.structures[26] + 8, 0); break;
    case 5: result = C(call = ONLY_X86(2), path, O_RDONLY_); break;
    case 6: result = C(call = __NR_openat, AT_CWD, path, O_RDONLY_); break;
    case 7: result = C(call = __NR_openat2, AT_CWD, path, how, sizeof how); break;
    case 8: result = C(call = ONLY_X86(21), path, 0); break;
    case 9: result = C(call = __NR_faccessat, AT_CWD, path, 0); break;
    case 10: result = C(call = 439, AT_CWD, path, 0, 0); break;
    case 11: result = C(call = ONLY_X86(6), path, buffer); break;
    case 12: result = C(call = __NR_newfstatat, AT_CWD, path, buffer, 0); break;
    case 13: result = C(call = ONLY_X86(89), path, buffer, 64); break;
    case 14: result = C(call = __NR_readlinkat, AT_CWD, path, buffer, 64); break;
    case 15: result = C(call = ONLY_X86(4), path, buffer); break;
    case 16: result = C(call = __NR_statx, AT_CWD, path, 0, 0x7ff, buffer); break;
    }
    char note[40];
    append(append(note, "path "), attempts[variant < 8 ? variant : 8]);
    if (result == -2 && !may_be_own(result)) record(NOTE, (i64)call, result, note, path);
    remember((i64)call, result);
}

static void act_look(u8 variant, u8 number) {
    for (u8 turn = 0; turn < WAYS; turn++) look((variant + turn) % WAYS, number);
}

static void act_list(void) {
    static const char *const names[] = {"/m", "/c", "/z", "/a", "/q", "/b", "/y", "/d"};
    char folder[200], path[256];
    append_number(append(append(folder, paths[0]), "/list"), C(__NR_getpid));
    if (C(__NR_mkdirat, AT_CWD, folder, 0700) != 0) return;
    for (int i = 0; i < 8; i++) {
        append(append(path, folder), names[i]);
        C(__NR_mkdirat, AT_CWD, path, 0700);
    }
    i64 file = open_at(folder, O_RDONLY_);
    u8 *entries = arena.buffers[16];
    i64 length = C(__NR_getdents64, file, entries, 2 * BUFFER);
    C(__NR_close, file);
    char before = 0;
    if (!may_be_own(length) && !may_be_own(0))
        for (i64 at = 0; at < length; at += *(u16 *)(entries + at + 16)) {
            char name = (char)entries[at + 19];
            if (name != '.' && name < before) {
                record(FINDING, __NR_getdents64, length, "order-of-the-machine", "");
                break;
            }
            if (name != '.') before = name;
        }
    remember(__NR_getdents64, length);
}

// Files that would lend the rights of their owner to whoever executes them.
static void lend(u8 variant) {
    char path[256];
    append(append(path, paths[0]), "/lends");
    C(__NR_unlinkat, AT_CWD, path, 0);
    const u64 mode = 06755;
    u64 number = __NR_openat;
    i64 file = variant < 4 ? open_at(path, O_RDWR_ | O_CREAT_) : -1, result = -1;
    switch (variant) {
    case 0: result = C(number = __NR_fchmod, file, mode); break;
    case 1: result = C(number = __NR_fchmodat, AT_CWD, path, mode); break;
    case 2: result = C(number = 452 /* fchmodat2 */, AT_CWD, path, mode, 0); break;
    case 3: result = C(number = ONLY_X86(90), path, mode); break;
    case 4: file = result = C(number = ONLY_X86(85), path, mode); break;
    case 5: file = result = C(number = ONLY_X86(2), path, O_RDWR_ | O_CREAT_, mode); break;
    case 6: file = result = C(number, AT_CWD, path, O_RDWR_ | O_CREAT_, mode); break;
    case 7: result = C(number = ONLY_X86(133), path, 0100000 | mode, 0); break;
    case 8: result = C(number = __NR_mknodat, AT_CWD, path, 0100000 | mode, 0); break;
    }
    // `struct statx`: the mode is sixteen bits, 28 bytes from its beginning.
    u8 found[256] = {0};
    struct call look = {.number = __NR_statx, .arguments = {(u64)AT_CWD, (u64)path, 0, 2, (u64)found}};
    look.stack = (u64)&look - 4096;
    make(&look);
    if (look.result == 0 && *(u16 *)(found + 28) & 06000) record(FINDING, (i64)number, result, "file-lends-its-owner", "");
    if (file > 2 && !may_be_own(file)) C(__NR_close, file);
    C(__NR_unlinkat, AT_CWD, path, 0);
    remember((i64)number, result);
}

// What would take a program out of the sight of who counts it, and what lies in the machine's memory.
static void hide(void) {
    i64 result = C(__NR_prctl, 4, 0);
    struct call look = {.number = __NR_prctl, .arguments = {3}};
    look.stack = (u64)&look - 4096;
    make(&look);
    if (result == 0 && look.result == 0 && !may_be_own(0)) record(FINDING, __NR_prctl, result, "hides-from-its-tracer", "");
    u32 on = 1;
    static const u8 levels[] = {0, 6, 17, 41};
    for (int level = 0; level < 4 && !is_full; level++) C(__NR_setsockopt, fds[0], levels[level], 1, &on, 4);
    // Of every process of the user.
    if (!is_full) C(__NR_setpriority, 2, 0, 19);
    C(__NR_personality, 0);
    look = (struct call){.number = __NR_personality, .arguments = {0xffffffff}, .stack = (u64)&look - 4096};
    make(&look);
    if (look.result >= 0 && !(look.result & 0x40000) && !may_be_own(0) && !may_be_own(look.result))
        record(FINDING, __NR_personality, look.result, "addresses-are-drawn", "");
    u8 *resident = arena.buffers[20];
    i64 page = C(__NR_mmap, 0, 4096, 3, 0x22, -1, 0);
    if (page < 4096 || may_be_own(page)) return;
    resident[0] = 0;
    result = C(__NR_mincore, page, 4096, resident);
    if (result == 0 && !(resident[0] & 1) && !may_be_own(0)) record(FINDING, __NR_mincore, result, "tells-what-is-in-memory", "");
    C(__NR_munmap, page, 4096);
}

static void lend_all(void) {
    for (u8 variant = 0; variant < 9; variant++) lend(variant);
}
