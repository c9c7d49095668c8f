// Acts on processes: threads that race, children of every kind, programs that are executed, signals.

static void run_program(u32 acts);
static __attribute__((noreturn)) void leave(int code) {
    for (;;) C(__NR_exit_group, code);
}

static u8 next_byte(void) { return program_at < program_length ? program[program_at++] : 0; }

// A racer changes eight bytes at a place to and fro, or looks for what is only there for a moment.
static struct {
    volatile u64 *place;
    u64 one, other;
    u32 kind;
    volatile u32 is_over;
} races[RACERS];

static void race(u32 number) {
    u8 drawn[8];
    for (u32 turn = 0; !stop_racing && turn < 4000000; turn++) {
        switch (races[number].kind) {
        case 0:
            *races[number].place = races[number].one;
            for (volatile u32 pause = 0; pause < turn % 64; pause++) {}
            *races[number].place = races[number].other;
            for (volatile u32 pause = 0; pause < turn % 48; pause++) {}
            break;
        case 1: look_through((u8 *)top(arena.stack, sizeof arena.stack) - 1024, 1024, TIMES | SECRETS, 0, 0, "seen-by-a-thread"); break;
        case 2: C(__NR_getrandom, drawn, 8, 0); break;
        case 3: C(__NR_mprotect, arena.buffers[16], 4096, turn % 2 ? 3 : 1); break;
        default: C(__NR_getppid); break;
        }
    }
    races[number].is_over = 1;
    for (;;) C(__NR_exit, 0);
}

static i64 clone_of(u64 flags, u64 child_stack) {
    // Who runs beside this one is never on its stack, not even before its first instruction.
    u64 own_stack = flags & 0x100 && !(flags & 0x4000) ? child_stack : 0;
    struct call call = {.number = __NR_clone, .arguments = {flags, own_stack}, .forks = 1, .child_stack = child_stack};
    call.stack = top(arena.stack, sizeof arena.stack);
    make(&call);
    check_forbidden(&call);
    return call.result;
}

// Its number, or nothing where there are enough of them.
static i64 start_racer(u32 kind, volatile u64 *place, u64 one, u64 other) {
    if (racer_count >= RACERS || depth > 0) return 0;
    u32 number = (u32)racer_count++;
    races[number].is_over = 0, races[number].kind = kind, races[number].place = place, races[number].one = one, races[number].other = other;
    i64 racer = clone_of(0x50f00, top(racer_stacks[number], sizeof racer_stacks[0]));
    remember(__NR_clone, racer);
    return racer;
}

void born(struct call *call) {
    (void)call;
    u64 here = (u64)__builtin_frame_address(0);
    for (u32 i = 0; i < RACERS; i++)
        if (here - (u64)racer_stacks[i] < sizeof racer_stacks[i]) race(i);
    u32 acts = own_acts();
    if (!(acts & BESIDE)) depth++;
    if (acts & IS_DAEMON) {
        // It wants to outlive everybody.
        C(__NR_setsid);
        if (depth < DEEPEST) clone_of(17, stack_for(IS_DAEMON));
        if (depth < DEEPEST) leave(0);
        struct __kernel_timespec hour = {3600, 0};
        for (;;) C(__NR_nanosleep, &hour, 0);
    }
    if (acts & STOPS) C(__NR_kill, own_pid(), 19);
    if (acts & BESIDE) {
        // Shares the memory of its parent, which runs on: no more than what needs no place of its own.
        struct __kernel_timespec now;
        u64 buffer[2] = {0, 0};
        i64 result = C(__NR_clock_gettime, 0, &now);
        if (result == 0 && is_time((u64)now.tv_sec)) record(FINDING, __NR_clock_gettime, result, "time ", "in-a-thread");
        C(__NR_keyctl, 11, (u64)-3, buffer, 16);
        C(__NR_getrandom, buffer, 8, 0);
        for (;;) C(__NR_exit, 0);
    }
    run_program(acts & 7);
    for (;;) leave(0);
}

static void act_fork(u8 kind, u8 acts) {
    static const u64 flags[] = {17, 0x4111, 0x4100, 0x111, 0x8011, 0x50f00, 17, 17, 0x3d0f00, 0x2011, 0x800011, 0x10000011, 0x1200011, 0x711};
    if (depth >= DEEPEST || child_count > 12) return;
    kind %= 16;
    u32 todo = acts & 7;
    if (kind == 6) todo |= IS_DAEMON;
    if (kind == 7) todo |= STOPS;
    if (kind == 5 || kind == 3 || kind == 8 || kind == 13) todo |= BESIDE;
    u64 stack = stack_for(todo);
    u32 before = depth;
    i64 result;
    if (kind >= 14) {
        struct call call = {.number = kind == 14 ? ONLY_X86(58) : ONLY_X86(57), .forks = 1, .child_stack = stack};
        call.stack = top(arena.stack, sizeof arena.stack);
        if (call.number == NOT_HERE) return;
        make(&call);
        result = call.result;
    } else {
        result = clone_of(flags[kind], stack);
    }
    // A child that had this memory for a while has counted itself.
    depth = before;
    remember(__NR_clone, result);
    if (result > 0) last_child = (u64)result;
    if (acts & 8) C(__NR_wait4, -1, arena.buffers[3], 1, arena.buffers[4]);
    if (acts & 16 && result > 0) C(__NR_kill, result, 9);
}

static void act_exec(u8 kind) {
    static char resume[4096];
    static const char digits[] = "0123456789abcdef";
    const char *next[64];
    u32 count = 0;
    for (char **argument = all_arguments; *argument && count < 60; argument++)
        if (!same(*argument, "p=", 2) && !same(*argument, "resume=", 7)) next[count++] = *argument;
    char *at = append(resume, "resume=");
    u64 own = 0;
    for (int i = 0; i < OWNS; i++) own = own << 1 | own_answers[i];
    u64 numbers[] = {life, place_in_program, depth, own, birth | 2};
    for (int i = 0; i < 5; i++) at = append(append_number(at, (i64)numbers[i]), ":");
    for (u32 i = program_at; i < program_length && at < resume + 4000; i++) *at++ = digits[program[i] >> 4], *at++ = digits[program[i] & 15];
    *at = 0;
    next[count++] = resume, next[count] = 0;
    const char *none[] = {0};
    u64 still[4] = {0, 0, 0, 0};
    C(__NR_setitimer, 0, still, 0);
    i64 result = 0;
    switch (kind % 6) {
    case 0: result = C(__NR_execve, "/proc/self/exe", next, none); break;
    case 1: result = C(__NR_execveat, AT_CWD, "/proc/self/exe", next, none, 0); break;
    case 2: result = C(__NR_execveat, open_at("/proc/self/exe", O_RDONLY_), "", next, none, 0x1000); break;
    case 3: result = C(__NR_execve, "/missing-program", next, none); break;
    case 4:
        start_racer(2, 0, 0, 0);
        result = C(__NR_execve, "/proc/self/exe", next, none);
        break;
    case 5: result = C(__NR_execve, "/bin/true", next, none); break;
    }
    if (kind % 6 == 3 && result == -2) record(NOTE, __NR_execve, result, "path execute ", "/missing-program");
    remember(__NR_execve, result);
}

// Does something harmless to a process of the same user that is none of this run.
static i64 reach_process(u8 how) {
    u64 none[2] = {0, 0}, harmless = 28, there[2] = {(u64)begin, 64}, here[2] = {(u64)arena.buffers[13], 64};
    u32 *info = (u32 *)arena.buffers[14];
    i64 result = -1, number = 0, file;
    if (victim == 0) return -1;
    memset(info, 0, 128), info[0] = (u32)harmless, info[2] = (u32)-1;
    const char *name = 0;
    switch (how) {
    case 0: name = "kill", result = C(number = __NR_kill, victim, harmless); break;
    case 1: name = "tkill", result = C(number = __NR_tkill, victim, 0); break;
    case 2: name = "rt_sigqueueinfo", result = C(number = __NR_rt_sigqueueinfo, victim, 28, info); break;
    case 3: result = C(number = __NR_tgkill, victim, victim, harmless); break;
    case 4: result = C(number = __NR_rt_tgsigqueueinfo, victim, victim, 28, info); break;
    case 5:
        file = C(434, victim, 0);
        if (file >= 0 && !may_be_own(file)) result = C(number = 424, file, harmless, 0, 0), C(__NR_close, file);
        break;
    case 6: name = "setpriority", result = C(number = __NR_setpriority, 0, victim, 19); break;
    case 7: name = "sched_setaffinity", result = C(number = __NR_sched_setaffinity, victim, 8, arena.structures[27]); break;
    case 8: name = "prlimit64", result = C(number = __NR_prlimit64, victim, 4, none, 0); break;
    case 9: name = "ioprio_set", result = C(number = __NR_ioprio_set, 1, victim, 0x4007); break;
    case 10: name = "sched_setscheduler", result = C(number = __NR_sched_setscheduler, victim, 3, none); break;
    case 11: name = "sched_setparam", result = C(number = __NR_sched_setparam, victim, none); break;
    case 12: {
        u32 attributes[14] = {56, 3};
        name = "sched_setattr", result = C(number = __NR_sched_setattr, victim, attributes, 0);
        break;
    }
    case 13: name = "migrate_pages", result = C(number = __NR_migrate_pages, victim, 64, none, none); break;
    case 14: name = "move_pages", result = C(number = __NR_move_pages, victim, 0, 0, 0, 0, 0); break;
    default: result = C(number = __NR_process_vm_readv, victim, here, 1, there, 1, 0); break;
    }
    if (name && result < 0 && !may_be_own(result)) record(NOTE, number, result, "refused ", name);
    if (number && result >= 0 && !may_be_own(result)) record(FINDING, number, result, "reached ", "a-process");
    return result;
}

static void act_signal(u8 variant) {
    u64 own = (u64)C(__NR_getpid), target = variant & 64 && last_child ? last_child : own;
    static const u8 numbers[] = {5, 10, 12, 17, 18, 19, 20, 23, 28, 31, 33, 64, 2, 15, 11, 21};
    u8 number = numbers[variant % 16];
    i64 result;
    switch (variant >> 4 & 3) {
    case 0: result = C(__NR_kill, target, number); break;
    case 1: result = C(__NR_tgkill, target, target, number); break;
    case 2: {
        u32 *info = (u32 *)arena.buffers[14];
        memset(info, 0, 128), info[0] = number, info[2] = (u32)-1;
        result = C(__NR_rt_sigqueueinfo, target, number, info);
        break;
    }
    // The first process of the run; without namespaces, one that is none of its own.
    default:
        result = is_full ? C(__NR_kill, 1, number) : 0;
        for (u8 way = 0; way < 16 && !is_full; way++) result = reach_process((variant + way) & 15);
        break;
    }
    remember(__NR_kill, result);
}
