// Acts of single calls: any call with any operands, filters of its own, calls that are refused.

static void act_call(void) {
    u64 number = next_byte() | (u64)next_byte() << 8, a[6];
    // The last are numbers that no call has, or that mean another kind of call.
    if ((number & 0xff00) == 0xff00) number = (number & 1) ? 0x40000000ul + (number & 0xff) * 2 : 0xffffff00 + (number & 0xff);
    else number %= 480;
    for (int i = 0; i < 6; i++) a[i] = value_of(next_byte());
    if (number == __NR_rt_sigreturn || number == __NR_exit || number == __NR_exit_group) return;
    // The log, and the timer that wakes a call that waits.
    if (number == __NR_setitimer || number == ONLY_X86(37)) return;
    // Where the handlers of signals run: what they know must not lie where it is looked for.
    if (number == __NR_sigaltstack || number == __NR_rt_sigaction) return;
    if (number == __NR_getrandom) birth |= 1;
    int forks = number == __NR_clone || number == ONLY_X86(57) || number == ONLY_X86(58);
    if (forks && (depth >= DEEPEST || child_count > 12)) return;
    if (number == __NR_clone) {
        // A child takes its stack itself; one that never returns, or is not heard of, is none of ours.
        a[1] = 0, a[0] &= ~0x00080000ul;
        if (!(a[0] & 0x10000)) a[0] = (a[0] & ~0xfful) | 17;
    }
    // At `traced` the processes of the machine can be named; only our own are.
    int names_process = number == __NR_kill || number == __NR_tkill || number == __NR_tgkill || number == __NR_rt_sigqueueinfo ||
                        number == __NR_rt_tgsigqueueinfo || number == __NR_setpriority || number == __NR_sched_setscheduler ||
                        number == __NR_sched_setparam || number == __NR_sched_setattr || number == __NR_prlimit64 ||
                        number == __NR_process_vm_writev || number == __NR_ioprio_set || number == __NR_migrate_pages ||
                        number == __NR_move_pages || number == 434 || number == __NR_setpgid || number == __NR_sched_setaffinity ||
                        number == __NR_fcntl || number == __NR_ioctl;
    if (names_process) {
        u64 own = own_pid();
        int second = number == __NR_setpriority || number == __NR_ioprio_set;
        if (number == __NR_fcntl || number == __NR_ioctl) {
            if (a[1] == 8 || a[1] == 15 || a[1] == 0x8901 || a[1] == 0x8902) a[2] = own;
        } else if (a[second] != last_child && a[second] != own) {
            a[second] = own;
        }
        if (number == __NR_tgkill || number == __NR_rt_tgsigqueueinfo) a[1] = own;
    }
    remember((i64)number, C(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static void act_filter(u8 action, u8 data, u8 scope, u8 which, u8 how) {
    static const u32 actions[] = {SECCOMP_RET_TRACE | 77, SECCOMP_RET_TRACE, SECCOMP_RET_TRACE | 0xffff, SECCOMP_RET_TRACE | 1, SECCOMP_RET_TRAP,
                                  SECCOMP_RET_ERRNO, SECCOMP_RET_ERRNO | 77, SECCOMP_RET_ERRNO | 95, SECCOMP_RET_ALLOW, SECCOMP_RET_LOG,
                                  SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE | 1, SECCOMP_RET_TRACE | 1, SECCOMP_RET_TRACE | 77, SECCOMP_RET_TRACE | 77,
                                  SECCOMP_RET_KILL_THREAD};
    u32 answer = actions[action % 16];
    if ((answer & 0xffff) == 1) answer = SECCOMP_RET_TRACE | data;
    u32 number = which | (u32)(data & 1) << 8;
    struct sock_filter *at = (void *)arena.structures[19], *first = at;
    *at++ = (struct sock_filter){0x20, 0, 0, 0};
    // Nothing that ends a life, or brings one back from a signal.
    *at++ = (struct sock_filter){0x15, 0, 1, __NR_exit_group}, *at++ = (struct sock_filter){6, 0, 0, SECCOMP_RET_ALLOW};
    *at++ = (struct sock_filter){0x15, 0, 1, __NR_rt_sigreturn}, *at++ = (struct sock_filter){6, 0, 0, SECCOMP_RET_ALLOW};
    switch (scope % 5) {
    case 1: *at++ = (struct sock_filter){0x15, 1, 0, number}; break;
    case 2: *at++ = (struct sock_filter){0x15, 0, 1, number}; break;
    case 3: *at++ = (struct sock_filter){0x35, 1, 0, number}; break;
    case 4: *at++ = (struct sock_filter){0x45, 1, 0, which & 7}; break;
    }
    if (scope % 5) *at++ = (struct sock_filter){6, 0, 0, SECCOMP_RET_ALLOW};
    *at++ = (struct sock_filter){6, 0, 0, answer};
    u8 *to = arena.structures[18];
    *(u16 *)to = (u16)(at - first), *(u64 *)(to + 8) = (u64)first;
    C(__NR_prctl, 38, 1);
    static const u8 ways[] = {0, 1, 2, 4, 8, 17, 32, 255};
    u8 way = ways[how % 8];
    i64 result = way == 255 ? C(__NR_prctl, 22, 2, to) : C(__NR_seccomp, 1, way, to);
    remember(__NR_seccomp, result);
    if (result != 0) return;
    switch (answer & 0xffff0000) {
    case SECCOMP_RET_ERRNO: own_answers[(answer & 0xffff) == 0 ? OWN_ZERO : (answer & 0xffff) == 77 ? OWN_77 : OWN_95] = 1; break;
    case SECCOMP_RET_TRAP: own_answers[OWN_TRAP] = 1; break;
    // Whom it would ask is not there.
    case SECCOMP_RET_USER_NOTIF: own_answers[OWN_NOBODY] = 1; break;
    }
    if (answer == SECCOMP_RET_KILL_THREAD) own_answers[OWN_ANY] = 1;
}

static void forbidden_call(const struct forbidden *one, u8 a, u8 b, u8 c) {
    if (one->number == NOT_HERE) return;
    u64 arguments[6] = {value_of(a), value_of(b), value_of(c), 0, 0, 0};
    if (one->number == __NR_clone) {
        static const u64 flags[] = {0x10000000, 0x20000000, 0x40000000, 0x02000000, 0x04000000, 0x08000000, 0x00020000, 0x00800000};
        if (depth >= DEEPEST) return;
        i64 result = clone_of(flags[a % 8] | 17, stack_for(0));
        remember(__NR_clone, result);
        return;
    }
    if (one->number == __NR_unshare) {
        static const u64 flags[] = {0x10000000, 0x20000000, 0x40000000, 0x02000000, 0x04000000, 0x08000000, 0x00020000, 0x80};
        arguments[0] = flags[a % 8];
    }
    if (one->number == __NR_seccomp) arguments[0] = 1, arguments[1] = 8, arguments[2] = (u64)arena.structures[18];
    if (one->number == __NR_bpf && a & 1) arguments[1] = (u64)&arena, arguments[2] = 8192;
    if (one->number == __NR_setsockopt || one->number == __NR_getsockopt) {
        static u32 size;
        size = 8;
        arguments[0] = fds[a & 1 ? 0 : 1], arguments[1] = level_of(one), arguments[3] = (u64)arena.structures[8];
        arguments[4] = one->number == __NR_setsockopt ? 8 : (u64)&size;
    }
    if (one->test == IS) arguments[one->argument] = one->value;
    if (one->test == BITS && one->argument > 2) arguments[one->argument] |= one->value;
    remember(one->number, C(one->number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]));
}

// Some of them, from one on: a call takes much less time than a life.
static void act_forbidden(u8 row, u8 a, u8 b, u8 c) {
    for (int turn = 0; turn < 12; turn++) forbidden_call(&forbidden[(row + 11 * turn) % FORBIDDEN], a, b, c);
}
