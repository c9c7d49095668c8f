// What must never be seen, and which calls must never be let through.

// The file times of files that a program makes are the machine's unless they are clamped, which a run says under `lost`.
static int tells_file_times(u64 number) {
    return number == ONLY_X86(4) || number == ONLY_X86(5) || number == ONLY_X86(6) || number == __NR_fstat ||
           number == __NR_newfstatat || number == __NR_statx;
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

// A call that is refused whatever its arguments are, or when the argument has one of the bits, or is none of the values.
static const struct forbidden {
    u32 number;
    u8 argument;
    u64 bits;
    const char *name;
    // The kernel answers by itself, and nobody is told.
    u8 silent;
} forbidden[] = {
    {__NR_add_key, 9, 0, "add_key"},
    {__NR_request_key, 9, 0, "request_key"},
    {__NR_keyctl, 9, 0, "keyctl"},
    {__NR_bpf, 9, 0, "bpf"},
    {__NR_perf_event_open, 9, 0, "perf_event_open"},
    {__NR_userfaultfd, 9, 0, "userfaultfd"},
    {__NR_io_uring_setup, 9, 0, "io_uring_setup"},
    {__NR_io_uring_enter, 9, 0, "io_uring_enter"},
    {__NR_io_uring_register, 9, 0, "io_uring_register"},
    {__NR_mount, 9, 0, "mount"},
    {__NR_umount2, 9, 0, "umount2"},
    {__NR_pivot_root, 9, 0, "pivot_root"},
    {__NR_chroot, 9, 0, "chroot"},
    {__NR_fsopen, 9, 0, "fsopen"},
    {__NR_fsmount, 9, 0, "fsmount"},
    {__NR_fsconfig, 9, 0, "fsconfig"},
    {__NR_fspick, 9, 0, "fspick"},
    {__NR_open_tree, 9, 0, "open_tree"},
    {__NR_move_mount, 9, 0, "move_mount"},
    {__NR_mount_setattr, 9, 0, "mount_setattr"},
    {__NR_open_by_handle_at, 9, 0, "open_by_handle_at"},
    {__NR_ptrace, 9, 0, "ptrace"},
    {__NR_setns, 9, 0, "setns"},
    {__NR_clone3, 9, 0, "clone3", 1},
    {__NR_clock_settime, 9, 0, "clock_settime", 1},
    {__NR_settimeofday, 9, 0, "settimeofday", 1},
    {__NR_clock_adjtime, 9, 0, "clock_adjtime", 1},
    {__NR_adjtimex, 9, 0, "adjtimex", 1},
    {__NR_clone, 0, 0x7e820000, "clone"},
    {__NR_unshare, 0, 0x7e020080, "unshare"},
    {__NR_seccomp, 1, 8, "seccomp", 1},
};
enum { FORBIDDEN = sizeof forbidden / sizeof *forbidden };

static int is_forbidden(const struct forbidden *row, const u64 *arguments) {
    return row->argument > 5 || (arguments[row->argument] & 0xffffffff & row->bits);
}

// Whether an answer may be that of a filter of the program's own.
static int may_be_own(i64 result) {
    return (result == 0 && own_answers[OWN_ZERO]) || (result == -77 && own_answers[OWN_77]) ||
           (result == -95 && own_answers[OWN_95]) || (result == -4000 && own_answers[OWN_TRAP]) || own_answers[OWN_ANY];
}

// Whether a call was answered by the sandbox and did not reach the kernel's own code.
static int was_refused(i64 result) { return result == -1 || result == -38 || may_be_own(result); }

static void check_forbidden(const struct call *call) {
    i64 result = call->result;
    if (call->number >= 463 && result != -38 && !may_be_own(result))
        record(FINDING, (i64)call->number, result, "unknown-call-ran", "");
    if (call->number == __NR_socket) {
        u32 family = (u32)call->arguments[0];
        int known = family == 1 || family == 2 || family == 10 || family == 16;
        if (!known && result != -97 && !may_be_own(result)) record(FINDING, (i64)call->number, result, "family-ran", "");
    }
    for (int row = 0; row < FORBIDDEN; row++) {
        if (forbidden[row].number != call->number || !is_forbidden(&forbidden[row], call->arguments)) continue;
        int busy = call->number == __NR_seccomp && result == -16;
        if (!busy && !was_refused(result)) record(FINDING, (i64)call->number, result, "forbidden-call-ran ", forbidden[row].name);
        else if (!forbidden[row].silent && result == -1 && !may_be_own(result)) record(NOTE, (i64)call->number, result, "refused ", forbidden[row].name);
    }
}

// What a new open file is: of a kind that must not be had?
static void check_descriptor(i64 number, i64 result);

static void check(struct call *call) {
    memcpy(arena.registers, call->after, sizeof arena.registers);
    int what = TIMES | SECRETS | RELEASES;
    if (tells_file_times(call->number) && !is_clamped) what |= SILENT_TIMES;
    if (overlooked) what |= SILENT_TIMES | SILENT_RELEASES;
    look_through((u8 *)&arena, sizeof arena, what, (i64)call->number, call->result, "in-memory");
    if (call->result > 0 && is_time((u64)call->result)) record(FINDING, (i64)call->number, 0, "time ", "as-result");
    check_forbidden(call);
    if (call->result > 2 && call->result < 1024) check_descriptor((i64)call->number, call->result);
}
