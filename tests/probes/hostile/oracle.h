// What must never be seen, and which calls must never be let through.

// What may be seen, and where that is said: in `lost`, or in docs/sandbox.md.
static const struct exception {
    u32 number;
    const char *said;
} exceptions[] = {
#define FILE_TIMES "file times: what the program creates or changes has the machine's time (unless they are clamped)"
    {ONLY_X86(4), FILE_TIMES}, {ONLY_X86(5), FILE_TIMES},      {ONLY_X86(6), FILE_TIMES},
    {__NR_fstat, FILE_TIMES},  {__NR_newfstatat, FILE_TIMES}, {__NR_statx, FILE_TIMES},
};

static int tells_file_times(u64 number) {
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (exceptions[i].number == number) return 1;
    return 0;
}

static int is_time(u64 value) {
    u64 now = hidden_now ^ mask;
    if (value - (now - 300) < 1500) return 1;
    for (u64 unit = 1000; unit <= 1000000000; unit *= 1000)
        if (value / unit - (now - 300) < 1500) return 1;
    return 0;
}

static int is_hidden(const u8 *at, const char *hidden, size_t length) {
    if (length < 8) return 0;
    for (size_t i = 0; i < length; i++)
        if (at[i] != (u8)((u8)hidden[i] ^ (u8)mask)) return 0;
    return 1;
}

static size_t secret_length, release_length;
// While a file is read that is the machine's at this level.
static int overlooked;

enum { TIMES = 1, SECRETS = 2, RELEASES = 4, SILENT_TIMES = 8, SILENT_RELEASES = 16 };

// Looks through memory for the machine's time, the planted secret and the name of the kernel; what is found is reported and
// wiped, so that it is not found again where a later call has nothing to do with it.
typedef u64 __attribute__((may_alias, aligned(1))) any_u64;
typedef u32 __attribute__((may_alias, aligned(1))) any_u32;

static int starts_time_text(const u8 *at, const u8 *from, const u8 *end) {
    if (*at < '1' || *at > '9' || at + 10 > end || (at > from && at[-1] >= '0' && at[-1] <= '9')) return 0;
    u64 value = 0;
    for (int digit = 0; digit < 10; digit++) {
        if (at[digit] < '0' || at[digit] > '9') return 0;
        value = value * 10 + at[digit] - '0';
    }
    return value - ((hidden_now ^ mask) - 300) < 1500;
}

static void look_through(u8 *from, size_t length, int what, i64 number, i64 result, const char *where) {
    const u8 *end = from + length;
    u32 earliest = (u32)(hidden_now ^ mask) - 300;
    for (size_t block = 0; block + 8 <= length; block += 8) {
        if (*(any_u64 *)(from + block) == 0) continue;
        for (size_t at = block; (what & TIMES) && at < block + 8 && at + 8 <= length; at += 4) {
            int small = *(any_u32 *)(from + at) - earliest < 1500;
            if (!small && !is_time(*(any_u64 *)(from + at))) continue;
            if (!(what & SILENT_TIMES)) record(FINDING, number, result, "time ", where);
            memset(from + at, 0, small ? 4 : 8);
        }
        for (u8 *at = from + block; at < from + block + 8; at++) {
            if ((what & TIMES) && starts_time_text(at, from, end)) {
                if (!(what & SILENT_TIMES)) record(FINDING, number, result, "time-in-text ", where);
                memset(at, 0, 10);
            }
            if ((what & SECRETS) && at + secret_length <= end && is_hidden(at, hidden_secret, secret_length)) {
                record(FINDING, number, result, "secret ", where);
                memset(at, 0, secret_length);
            }
            if ((what & RELEASES) && at + release_length <= end && is_hidden(at, hidden_release, release_length)) {
                if (!(what & SILENT_RELEASES)) record(FINDING, number, result, "kernel-release ", where);
                memset(at, 0, release_length);
            }
        }
    }
}

// A call that is refused whatever its arguments are, or where one of them has one of these bits, or is this number.
static const struct forbidden {
    u32 number;
    const char *name;
    // Noted where there is a tracer; answered as by an older kernel, and not noted; refused where the machine's processes and
    // objects are in reach; refused where they are not.
    enum { SEEN, UNSEEN, TRACED, FULL } how;
    enum { ANY, BITS, IS } test;
    u8 argument;
    u64 value;
    int error;
} forbidden[] = {
#define ALWAYS(name) {__NR_##name, #name, SEEN, ANY, 0, 0, 1}
#define NUMBERED(number, name) {number, #name, SEEN, ANY, 0, 0, 1}
#define OTHERS(name) {__NR_##name, #name, TRACED, ANY, 0, 0, 38}
#define WHERE(name, how, argument, value, error) {__NR_##name, #name, how, IS, argument, value, error}
    ALWAYS(add_key), ALWAYS(request_key), ALWAYS(keyctl), ALWAYS(bpf), ALWAYS(perf_event_open), ALWAYS(userfaultfd),
    ALWAYS(io_uring_setup), ALWAYS(io_uring_enter), ALWAYS(io_uring_register), ALWAYS(mount), ALWAYS(umount2), ALWAYS(pivot_root),
    ALWAYS(chroot), ALWAYS(fsopen), ALWAYS(fsmount), ALWAYS(fsconfig), ALWAYS(fspick), ALWAYS(open_tree), ALWAYS(move_mount),
    ALWAYS(mount_setattr), ALWAYS(open_by_handle_at), ALWAYS(ptrace), ALWAYS(setns), ALWAYS(clock_settime), ALWAYS(settimeofday),
    ALWAYS(clock_adjtime), ALWAYS(adjtimex), ALWAYS(acct), ALWAYS(delete_module), ALWAYS(fanotify_init), ALWAYS(finit_module),
    ALWAYS(init_module), ALWAYS(kcmp), ALWAYS(kexec_load), ALWAYS(kexec_file_load), ALWAYS(lookup_dcookie), ALWAYS(quotactl),
    ALWAYS(reboot), ALWAYS(setdomainname), ALWAYS(sethostname), ALWAYS(swapon), ALWAYS(swapoff), ALWAYS(syslog), ALWAYS(vhangup),
    NUMBERED(438, pidfd_getfd), NUMBERED(443, quotactl_fd), NUMBERED(440, process_madvise),
    NUMBERED(ONLY_X86(173), ioperm), NUMBERED(ONLY_X86(172), iopl),
    {448, "process_mrelease", TRACED, ANY, 0, 0, 1},
    {__NR_process_vm_readv, "process_vm_readv", TRACED, ANY, 0, 0, 1},
    {__NR_process_vm_writev, "process_vm_writev", TRACED, ANY, 0, 0, 1},
    OTHERS(mq_open), OTHERS(mq_unlink), OTHERS(msgctl), OTHERS(msgget), OTHERS(msgrcv), OTHERS(msgsnd), OTHERS(semctl), OTHERS(semget),
    OTHERS(semop), OTHERS(semtimedop), OTHERS(shmat), OTHERS(shmctl), OTHERS(shmget), OTHERS(shmdt),
    WHERE(setpriority, TRACED, 0, 2, 1), WHERE(ioprio_set, TRACED, 0, 3, 1),
    WHERE(shmctl, FULL, 1, 2, 13), WHERE(shmctl, FULL, 1, 13, 13), WHERE(shmctl, FULL, 1, 15, 13),
    WHERE(semctl, FULL, 2, 2, 13), WHERE(semctl, FULL, 2, 18, 13), WHERE(semctl, FULL, 2, 20, 13),
    WHERE(msgctl, FULL, 1, 2, 13), WHERE(msgctl, FULL, 1, 11, 13), WHERE(msgctl, FULL, 1, 13, 13),
    WHERE(ioctl, SEEN, 1, 0x8906, 25), WHERE(ioctl, SEEN, 1, 0x8907, 25), WHERE(ioctl, SEEN, 1, 0x80108906, 25), WHERE(ioctl, SEEN, 1, 0x80108907, 25),
    WHERE(setsockopt, SEEN, 2, 29, 92), WHERE(setsockopt, SEEN, 2, 35, 92), WHERE(setsockopt, SEEN, 2, 37, 92), WHERE(setsockopt, SEEN, 2, 63, 92),
    WHERE(setsockopt, SEEN, 2, 64, 92), WHERE(setsockopt, SEEN, 2, 65, 92), WHERE(setsockopt, SEEN, 2, 26, 92), WHERE(setsockopt, SEEN, 2, 50, 92),
    WHERE(setsockopt, SEEN, 2, 51, 92), WHERE(setsockopt, SEEN, 2, 52, 92),
    WHERE(setsockopt, FULL, 2, 4, 92), WHERE(setsockopt, FULL, 2, 6, 92), WHERE(setsockopt, FULL, 2, 7, 92), WHERE(setsockopt, FULL, 2, 27, 92),
    WHERE(getsockopt, SEEN, 2, 4, 92), WHERE(getsockopt, SEEN, 2, 9, 92),
#ifdef __x86_64__
    WHERE(arch_prctl, SEEN, 0, 0x2001, 22), WHERE(arch_prctl, SEEN, 0, 0x2002, 22), WHERE(arch_prctl, SEEN, 0, 0x2003, 22),
#endif
    {__NR_clone3, "clone3", UNSEEN, ANY, 0, 0, 38},
    {__NR_clone, "clone", SEEN, BITS, 0, 0x7e820000, 1},
    {__NR_unshare, "unshare", SEEN, BITS, 0, 0x7e020080, 1},
    {__NR_seccomp, "seccomp", SEEN, BITS, 1, 8, 16},
    {451, "cachestat", UNSEEN, ANY, 0, 0, 38}, {__NR_openat2, "openat2", UNSEEN, ANY, 0, 0, 38},
    // Space that is set aside and not written is counted by nobody.
    {__NR_fallocate, "fallocate", UNSEEN, IS, 1, 0, 95},
    // Memory that nobody counts.
    {447, "memfd_secret", UNSEEN, ANY, 0, 0, 38},
    {__NR_mmap, "mmap", UNSEEN, BITS, 3, 0x40000, 12}, {__NR_memfd_create, "memfd_create", UNSEEN, BITS, 1, 4, 12},
    // What of the machine's files lies in memory.
    {__NR_preadv2, "preadv2", UNSEEN, BITS, 5, 8, 95}, {__NR_io_setup, "io_setup", UNSEEN, ANY, 0, 0, 38},
    {ONLY_X86(78), "getdents", UNSEEN, ANY, 0, 0, 38},
    WHERE(fcntl, SEEN, 1, 1024, 22), WHERE(fcntl, SEEN, 1, 1040, 22),
    WHERE(setsockopt, TRACED, 2, 16, 92), WHERE(setsockopt, TRACED, 2, 76, 92),
};
enum { FORBIDDEN = sizeof forbidden / sizeof *forbidden };

// At which level of a socket an option is refused: its numbers begin anew at each.
static u32 level_of(const struct forbidden *row) {
    if (row->number == __NR_getsockopt) return 0;
    return row->value == 27 ? 6 : row->value < 9 ? 0 : 1;
}

static int is_forbidden(const struct forbidden *row, const u64 *arguments) {
    if ((row->how == TRACED && is_full) || (row->how == FULL && !is_full)) return 0;
    if ((row->number == __NR_setsockopt || row->number == __NR_getsockopt) && (u32)arguments[1] != level_of(row)) return 0;
    u32 value = (u32)arguments[row->argument];
    return row->test == ANY || (row->test == BITS ? (value & row->value) != 0 : value == (u32)row->value);
}

// Whether an answer may be that of a filter of the program's own.
static int may_be_own(i64 result) {
    return (result == 0 && own_answers[OWN_ZERO]) || (result == -77 && own_answers[OWN_77]) ||
           (result == -95 && own_answers[OWN_95]) || (result == -4000 && own_answers[OWN_TRAP]) || (result == -38 && own_answers[OWN_NOBODY]) || own_answers[OWN_ANY];
}

// Whether a call was answered by the sandbox and did not reach the kernel's own code.
static int was_refused(i64 result) { return result == -1 || result == -38 || may_be_own(result); }

static void check_forbidden(const struct call *call) {
    i64 result = call->result;
    if (call->number >= 463 && result != -38 && !may_be_own(result))
        record(FINDING, (i64)call->number, result, "unknown-call-ran", "");
    if (call->number == __NR_socket || call->number == __NR_socketpair) {
        u32 family = (u32)call->arguments[0];
        int known = family == 1 || (call->number == __NR_socket && (family == 2 || family == 10 || family == 16));
        if (!known && result != -97 && !may_be_own(result)) record(FINDING, (i64)call->number, result, "family-ran", "");
    }
    // Clocks that no rule knows, and those of hardware.
    u32 clock = (u32)call->arguments[0];
    if (call->number == __NR_clock_gettime && clock > 11 && ((clock & 0x80000003) == 0x80000003 || clock < 0x80000000) && result != -22 && !may_be_own(result))
        record(FINDING, (i64)call->number, result, "unknown-clock-ran", "");
    // Those that stand are answered, whatever the machine has.
    if (call->number == __NR_clock_gettime && (clock == 0 || clock == 5 || clock == 8 || clock == 11) && result != 0 && result != -14 && !may_be_own(result))
        record(FINDING, (i64)call->number, result, "clock-that-stands-is-refused", "");
    // Without a network these are taken and do nothing.
    u32 level = (u32)call->arguments[1];
    if (call->number == __NR_setsockopt && !is_full && (level == 0 || level == 6 || level == 17 || level == 41) && result != 0 && !may_be_own(result))
        record(FINDING, (i64)call->number, result, "option-ran", "");
    for (int row = 0; row < FORBIDDEN; row++) {
        if (forbidden[row].number != call->number || !is_forbidden(&forbidden[row], call->arguments)) continue;
        if (result != -forbidden[row].error && !was_refused(result)) record(FINDING, (i64)call->number, result, "forbidden-call-ran ", forbidden[row].name);
        else if (forbidden[row].how != UNSEEN && !may_be_own(result)) record(NOTE, (i64)call->number, result, "refused ", forbidden[row].name);
    }
}

// What a new open file is: of a kind that must not be had?
static void check_descriptor(i64 number, i64 result);

static void check(struct call *call) {
    memcpy(arena.registers, call->after, sizeof arena.registers);
    int what = TIMES | SECRETS | RELEASES;
    if (tells_file_times(call->number) && !is_clamped) what |= SILENT_TIMES;
    if (overlooked) what |= SILENT_TIMES | SILENT_RELEASES;
#define LOOK(part, where) look_through((u8 *)arena.part, sizeof arena.part, what, (i64)call->number, call->result, where)
    LOOK(stack, "on-the-stack");
    LOOK(buffers, "in-a-buffer");
    LOOK(structures, "in-a-structure");
    LOOK(messages, "in-a-message");
    LOOK(registers, "in-a-register");
    if (call->result > 0 && is_time((u64)call->result)) record(FINDING, (i64)call->number, 0, "time ", "as-result");
    check_forbidden(call);
    if (call->result > 2 && call->result < 1024) check_descriptor((i64)call->number, call->result);
}
