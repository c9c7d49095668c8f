// What a hostile program does: one function for each act, steered by a few bytes.

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

static void start_racer(u32 kind, volatile u64 *place, u64 one, u64 other) {
    if (racer_count >= RACERS || depth > 0) return;
    u32 number = (u32)racer_count++;
    races[number].kind = kind, races[number].place = place, races[number].one = one, races[number].other = other;
    remember(__NR_clone, clone_of(0x50f00, top(racer_stacks[number], sizeof racer_stacks[0])));
}

static volatile u32 acts_of_child;

void born(struct call *call) {
    (void)call;
    u64 here = (u64)__builtin_frame_address(0);
    for (u32 i = 0; i < RACERS; i++)
        if (here - (u64)racer_stacks[i] < sizeof racer_stacks[i]) race(i);
    depth++;
    shares_memory = (acts_of_child & 0x400) != 0;
    if (acts_of_child & 0x100) {
        // It wants to outlive everybody.
        C(__NR_setsid);
        if (depth < DEEPEST) clone_of(17, top(child_stacks[15], sizeof child_stacks[0]));
        if (depth < DEEPEST) leave(0);
        struct __kernel_timespec hour = {3600, 0};
        for (;;) C(__NR_nanosleep, &hour, 0);
    }
    if (acts_of_child & 0x200) C(__NR_kill, own_pid(), 19);
    if (acts_of_child & 0x400) {
        // Shares the memory of its parent, which runs on: no more than what needs no place of its own.
        struct __kernel_timespec now;
        u64 buffer[2] = {0, 0};
        i64 result = C(__NR_clock_gettime, 0, &now);
        if (result == 0 && is_time((u64)now.tv_sec)) record(FINDING, __NR_clock_gettime, result, "time ", "in-a-thread");
        C(__NR_keyctl, 11, (u64)-3, buffer, 16);
        C(__NR_getrandom, buffer, 8, 0);
        for (;;) C(__NR_exit, 0);
    }
    run_program(acts_of_child & 7);
    for (;;) leave(0);
}

static void act_fork(u8 kind, u8 acts) {
    static const u64 flags[] = {17, 0x4111, 0x4100, 0x111, 0x8011, 0x50f00, 17, 17, 0x3d0f00, 0x2011, 0x800011, 0x10000011, 0x1200011, 0x711};
    if (depth >= DEEPEST || child_count > 12) return;
    u64 stack = top(child_stacks[child_count++ % 15], sizeof child_stacks[0]);
    kind %= 16;
    acts_of_child = acts & 7;
    if (kind == 6) acts_of_child |= 0x100;
    if (kind == 7) acts_of_child |= 0x200;
    if (kind == 5 || kind == 3 || kind == 8 || kind == 13) acts_of_child |= 0x400;
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
    remember(__NR_clone, result);
    if (result > 0) last_child = (u64)result;
    if (acts & 8) C(__NR_wait4, -1, arena.buffers[3], 1, arena.buffers[4]);
    if (acts & 16 && result > 0) C(__NR_kill, result, 9);
}

static void act_call(void) {
    u64 number = next_byte() | (u64)next_byte() << 8, a[6];
    // The last are numbers that no call has, or that mean another kind of call.
    if ((number & 0xff00) == 0xff00) number = (number & 1) ? 0x40000000ul + (number & 0xff) * 2 : 0xffffff00 + (number & 0xff);
    else number %= 480;
    for (int i = 0; i < 6; i++) a[i] = value_of(next_byte());
    if (number == __NR_rt_sigreturn || number == __NR_exit || number == __NR_exit_group) return;
    // The log, and the timer that wakes a call that waits.
    if (number == __NR_setitimer || number == ONLY_X86(37)) return;
    if (number == __NR_getrandom) birth |= 1;
    int forks = number == __NR_clone || number == ONLY_X86(57) || number == ONLY_X86(58);
    if (forks && (depth >= DEEPEST || child_count > 12)) return;
    if (forks) {
        acts_of_child = 1;
        if (number == __NR_clone) {
            // A child with this memory needs a stack of its own, which it takes itself; one that never returns is none of ours.
            if (a[0] & 0x100 && !(a[0] & 0x4000)) acts_of_child |= 0x400;
            a[1] = 0, a[0] &= ~0x00080000ul;
            if (!(a[0] & 0x10000)) a[0] = (a[0] & ~0xfful) | 17;
        }
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
    }
    if (answer == SECCOMP_RET_KILL_THREAD) own_answers[OWN_ANY] = 1;
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
    for (int i = 0; i < 5; i++) own = own << 1 | own_answers[i];
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

static const char *const target_names[TARGETS] = {"tcp", "udp", "tcp6", "udp6", "unix-stream", "unix-datagram", "abstract", "shown-unix-stream",
                                                  "shown-unix-datagram", "netlink", "nobody"};

static i64 reach(i64 s, u8 how, u8 *address, u32 length, const char *text, u32 size) {
    u64 part[2] = {(u64)text, size};
    u64 *message = (void *)arena.messages;
    switch (how % 6) {
    case 0: return C(__NR_connect, s, address, length);
    case 1: return C(__NR_sendto, s, text, size, 0x4000, address, length);
    case 2:
    case 3:
        memset(message, 0, 64 * 80);
        for (int i = 0; i < 80; i++, message += 8) message[0] = (u64)address, message[1] = length, message[2] = (u64)part, message[3] = 1;
        message = (void *)arena.messages;
        if (how % 6 == 2) return C(__NR_sendmsg, s, message, 0x4000);
        // What comes before goes nowhere that anybody listens.
        memcpy(arena.structures[30], "\0\0\0\x09\x7f\0\0\1\0\0\0\0\0\0\0\0", 16);
        for (int i = 0; i < 64; i++) message[8 * i] = (u64)arena.structures[30], message[8 * i + 1] = 16;
        return C(__NR_sendmmsg, s, message, 70, 0x4000) > 64 ? 0 : -101;
    case 4: return C(__NR_sendto, s, text, size, 0x20004000, address, length); // TCP's fast way
    default:
        // The kernel takes no more messages than this, and a longer list all the same.
        memset(message, 0, 64 * 80);
        message[0] = (u64)address, message[1] = length, message[2] = (u64)part, message[3] = 1;
        return C(__NR_sendmmsg, s, message, 1, 0x4000);
    }
}

static void act_net(u8 target, u8 how, u8 trick, u8 extra) {
    u16 family, type;
    target %= TARGETS;
    if (target == NOBODY && !is_full) return;
    u8 *address = arena.structures[31];
    u32 length = address_of(address, target, trick, &family, &type);
    u64 wanted = extra & 1 && type != 3 ? (u64)(STREAM + DATAGRAM - type) : type;
    u64 protocol = type == 3 ? 2 : extra & 2 && wanted == STREAM && family != 1 ? 262 : 0;
    i64 s = C(__NR_socket, family, wanted | NONBLOCK, protocol);
    if (s < 0) return;
    if (extra & 4) length = 128 + (extra >> 3);
    // Reads as the loopback at times, as something harmless at others.
    int racing = (trick & 16) != 0 && depth == 0 && racer_count < RACERS;
    u64 real = *(u64 *)address;
    if (racing) {
        stop_racing = 0;
        if (how % 6 == 2 || how % 6 == 5) {
            memset(arena.structures[30], 0, 128);
            start_racer(0, (volatile u64 *)arena.messages, (u64)address, extra & 8 ? 0 : (u64)arena.structures[30]);
        } else {
            start_racer(0, (volatile u64 *)address, real, extra & 8 ? 0 : real & ~0xfffful);
        }
    }
    i64 result = 0;
    int reached = 0;
    // Whoever is heard outside can be found by what it says.
    char text[64];
    append_number(append(append_number(append(append(text, mark), " "), life), " "), place_in_program);
    for (int turn = 0; turn < (racing ? 40 : 1) && !reached; turn++) {
        result = reach(s, how, address, length, text, (u32)length_of(text));
        // With a network of its own it may talk to itself, and a datagram without a family only ends what was.
        reached = (result >= 0 || result == -115) && !may_be_own(result);
        if (racing || (how % 6 == 0 && (trick & 32 || target == NETLINK))) reached = 0;
    }
    stop_racing = racing ? 1 : stop_racing;
    if (racing && racer_count) racer_count--;
    remember(how % 6 == 0 ? __NR_connect : __NR_sendto, result);
    int own = is_full && (target == UDP || target == UDP6 || target == NETLINK || target == TCP || target == TCP6);
    if (reached && !own) record(FINDING, how % 6 == 0 ? __NR_connect : __NR_sendto, result, "reached ", target_names[target]);
    // What was refused is to be seen.
    static const char *const notes[] = {"network connect ", "network sendto ", "network sendmsg ", 0, 0, "network sendmmsg "};
    int plain = !racing && !(trick & 32) && !(extra & 7) && notes[how % 6];
    if (plain && result == -101 && !may_be_own(result) && (target == NOBODY || (!is_full && (target == TCP || target == UDP))))
        record(NOTE, __NR_connect, result, notes[how % 6], target == NOBODY ? "192.0.2.1" : "127.0.0.1");
    C(__NR_close, s);
}

static void act_key(u8 variant, u8 which) {
    static const i64 rings[] = {-3, -4, -5, -1, -2, 0};
    i64 ring = rings[which % 6], key = 0, result = 0;
    u8 *buffer = arena.buffers[8];
    switch (variant % 8) {
    case 0: key = C(__NR_keyctl, 10, ring, "user", key_name, 0); break;
    case 1: key = C(__NR_request_key, "user", key_name, 0, 0); break;
    case 2: result = C(__NR_keyctl, 0, ring, which & 1); break;
    case 3: result = C(__NR_add_key, "user", "hostile-own", "x", 1, ring); break;
    case 4: result = C(__NR_keyctl, 11, ring, buffer, 256); break;
    case 5: result = C(__NR_keyctl, 6, ring, buffer, 256); break;
    case 6: result = C(__NR_keyctl, 1, 0); break;
    case 7: result = C(__NR_keyctl, which, ring, buffer, 64); break;
    }
    if (variant % 8 == 4 && result > 0 && !may_be_own(result))
        for (int i = 0; i < 16 && i < result / 4; i++) C(__NR_keyctl, 11, ((u32 *)buffer)[i], arena.buffers[9], 256);
    if (key > 0) C(__NR_keyctl, 11, key, buffer, 256);
    remember(__NR_keyctl, key ? key : result);
}

typedef int (*clock_function)(u64, struct __kernel_timespec *);

// The clock that is in the image which the kernel lends every program.
static void call_image(u64 image) {
    if (image < 4096) return;
    u64 headers = *(u64 *)(image + 32), dynamic = 0, linked = 0, strings = 0, symbols = 0;
    for (u16 i = 0; i < *(u16 *)(image + 56); i++) {
        u64 header = image + headers + 56 * i;
        if (*(u32 *)header == 2) dynamic = *(u64 *)(header + 16);
        if (*(u32 *)header == 1) linked = *(u64 *)(header + 16);
    }
    for (u64 *at = (u64 *)(image + dynamic - linked); *at; at += 2) {
        if (at[0] == 5) strings = image + at[1] - linked;
        if (at[0] == 6) symbols = image + at[1] - linked;
    }
    for (u64 symbol = symbols + 24; symbols && symbol < strings && symbol < symbols + 24 * 64; symbol += 24) {
        const char *name = (const char *)strings + *(u32 *)symbol;
        size_t length = length_of(name);
        if (length < 20 || !same(name + length - 13, "clock_gettime", 13)) continue;
        struct __kernel_timespec now = {0, 0};
        ((clock_function)(image + *(u64 *)(symbol + 8) - linked))(0, &now);
        if (is_time((u64)now.tv_sec)) record(FINDING, __NR_clock_gettime, 0, "time ", "by-the-image");
    }
}

static u64 mapped(const char *name, u64 *end) {
    static char text[16384];
    i64 file = open_at("/proc/self/maps", O_RDONLY_), length = 0, more;
    while (length < (i64)sizeof text - 1 && (more = C(__NR_read, file, text + length, sizeof text - 1 - (size_t)length)) > 0) length += more;
    C(__NR_close, file);
    text[length > 0 ? length : 0] = 0;
    u64 found = 0;
    for (char *line = text; *line;) {
        char *stop = line;
        while (*stop && *stop != '\n') stop++;
        size_t size = length_of(name);
        if ((size_t)(stop - line) > size && same(stop - size, name, size)) {
            found = number_in(line, 16);
            while (*line != '-') line++;
            *end = number_in(line + 1, 16);
        }
        line = *stop ? stop + 1 : stop;
    }
    return found;
}

static void act_clock(u8 variant, u8 argument) {
    u8 *buffer = arena.buffers[5];
    i64 result = 0, id;
    static const u8 stamps[] = {29, 35, 37, 63, 64, 65};
    switch (variant % 16) {
    case 0: case 1: result = C(__NR_clock_gettime, argument % 24, buffer); break;
    case 2: result = C(__NR_gettimeofday, buffer, argument & 1 ? buffer + 64 : 0); break;
    case 3: result = C(ONLY_X86(201), argument & 1 ? buffer : 0); break;
    case 4: result = C(__NR_adjtimex, buffer); break;
    case 5: result = C(__NR_clock_adjtime, argument % 12, buffer); break;
    case 6:
        id = C(__NR_shmget, 0, 4096, 01600);
        result = C(__NR_shmctl, id, 2, buffer);
        if (id >= 0) C(__NR_shmctl, id, 0, 0);
        break;
    case 7:
        id = C(__NR_msgget, 0, 01600);
        result = C(__NR_msgctl, id, 2, buffer);
        if (id >= 0) C(__NR_msgctl, id, 0, 0);
        break;
    case 8:
        id = C(__NR_semget, 0, 1, 01600);
        result = C(__NR_semctl, id, 0, 2, buffer);
        if (id >= 0) C(__NR_semctl, id, 0, 0);
        break;
    case 9: {
        u32 on = argument & 64 ? 0x1ff : 1;
        u64 part[2] = {(u64)arena.buffers[6], 8};
        u64 message[7] = {0, 0, (u64)part, 1, (u64)buffer, 256, 0};
        C(__NR_setsockopt, fds[4], 1, stamps[argument % 6], &on, 4);
        C(__NR_sendto, fds[5], arena.buffers[7], 8, 0, 0, 0);
        result = C(__NR_recvmsg, fds[4], message, 0x40);
        C(__NR_ioctl, fds[4], argument & 128 ? 0x8906 : 0x8907, buffer);
        break;
    }
    case 10: {
        u64 end = 0, at = 0x300000000 + (argument & 15ul) * 0x100000;
        result = C(ONLY_X86(158), 0x2003, at);
        if (result > 0 && !may_be_own(result)) call_image(mapped("[vdso]", &end));
        break;
    }
    case 11: call_image(image_of_clock); break;
    case 12: {
        // The page from which that clock reads.
        u64 end = 0, from = mapped(argument & 1 ? "[vvar_vclock]" : "[vvar]", &end);
        u64 page = from + 4096 * (argument >> 1 & 3);
        if (!from || page >= end) break;
        // Read by the kernel: what is not there is an error and not the end.
        u64 there[2] = {page, 512}, here[2] = {(u64)buffer, 512};
        result = C(__NR_process_vm_readv, own_pid(), here, 1, there, 1, 0);
        if (argument & 64) look_through((u8 *)page, 512, TIMES, 0, 0, "in-the-page-of-the-clock");
        break;
    }
    case 13: {
        static const u16 numbers[] = {13, 78, 265, 403};
        result = as_32_bits(numbers[argument % 4], argument % 4 == 0 ? 0 : (u64)buffer);
        if (result != -38 && !may_be_own(result)) record(FINDING, numbers[argument % 4], result, "call-of-32-bits-ran", "");
        break;
    }
    case 14: result = C(0x40000000ul | (ONLY_X86(201) % NOT_HERE), buffer); break;
    case 15: result = C(__NR_getrusage, 0, buffer); break;
    }
    remember(__NR_clock_gettime, result);
}

// A wait until a time shortly after the one that stands: for the machine's clock it is long over.
static void act_deadline(u8 variant) {
    u64 still[4] = {0, 0, 0, 0}, wake[4] = {0, 2000, 0, 2000};
    struct __kernel_timespec until = {FROZEN, 47000000};
    struct __kernel_timespec timer[2] = {{0, 0}, {FROZEN, 47000000}};
    u32 *word = (u32 *)arena.buffers[10];
    i64 result = -1, number = 0;
    int is_over = 0;
    *word = 7;
    C(__NR_setitimer, 0, still, 0);
    i64 began = monotonic_ms();
    variant %= 12;
    switch (variant) {
    case 0: case 1: result = C(number = __NR_clock_nanosleep, variant ? 11 : 0, 1, &until, 0); break;
    case 2: result = C(number = __NR_futex, word, 9 | 256, 7, &until, 0, 0xffffffff); break;
    case 3: *word = (u32)C(__NR_getppid), result = C(number = __NR_futex, word, 6, 0, &until, 0, 0); break;
    case 4: *word = (u32)C(__NR_getppid), result = C(number = __NR_futex, word, 6 | 128, 0, &until, 0, 0); break;
    case 5: *word = (u32)C(__NR_getppid), result = C(number = __NR_futex, word, 13 | 256, 0, &until, 0, 0); break;
    case 6: {
        i64 file = C(__NR_timerfd_create, 0, NONBLOCK);
        result = C(number = __NR_timerfd_settime, file, 1, timer, 0);
        // Read, as a filter may be told of `poll`.
        is_over = result == 0 && C(__NR_read, file, arena.buffers[11], 8) == 8;
        result = is_over ? 0 : -1;
        C(__NR_close, file);
        break;
    }
    case 7: {
        u32 *event = (u32 *)arena.structures[22], id = 0;
        memset(event, 0, 64), event[3] = 1;
        if (C(__NR_timer_create, 0, event, &id) != 0) break;
        result = C(number = __NR_timer_settime, id, 1, timer, 0);
        u64 *left = (u64 *)arena.buffers[11];
        memset(left, 0, 32);
        is_over = result == 0 && C(__NR_timer_gettime, id, left) == 0 && left[2] == 0 && left[3] == 0;
        // It may be over by itself, if this program had to wait.
        result = is_over ? 0 : -1;
        C(__NR_timer_delete, id);
        break;
    }
    case 8: case 9: {
        char name[64];
        u64 limits[8] = {0, 1, 8};
        append_number(append(append(append(name, mark), "-"), variant == 8 ? "in" : "out"), C(__NR_getpid));
        C(__NR_mq_unlink, name);
        i64 queue = C(__NR_mq_open, name, O_RDWR_ | O_CREAT_, 0600, limits);
        C(__NR_mq_unlink, name);
        if (queue < 0) break;
        if (variant == 8) result = C(number = __NR_mq_timedreceive, queue, arena.buffers[11], 8, 0, &until);
        else {
            C(__NR_mq_timedsend, queue, arena.buffers[11], 8, 0, 0);
            result = C(number = __NR_mq_timedsend, queue, arena.buffers[11], 8, 0, &until);
        }
        C(__NR_close, queue);
        break;
    }
    case 10: result = C(number = 455, word, 7, 0xffffffff, 2, &until, 0); break;
    case 11: {
        u64 wait[3] = {7, (u64)word, 2};
        result = C(number = 449, wait, 1, 0, &until, 0);
        break;
    }
    }
    i64 took = monotonic_ms() - began;
    if ((result == 0 || result == -110) && took < 30 && began > 0 && !may_be_own(0)) record(FINDING, number, result, "deadline-of-the-machine", "");
    if (number) remember(number, result);
    C(__NR_setitimer, 0, wake, 0);
}

static void act_touch(u8 variant) {
    u64 *now = (u64 *)arena.structures[11], status[32];
    now[1] = now[3] = 0x3fffffff;
    C(__NR_unlinkat, AT_CWD, paths[3], 0);
    i64 file = open_at(paths[3], O_RDWR_ | O_CREAT_), result = -1, number = 0;
    C(__NR_close, file);
    switch (variant % 5) {
    case 0: result = C(number = __NR_utimensat, AT_CWD, paths[3], 0, 0); break;
    case 1: result = C(number = __NR_utimensat, AT_CWD, paths[3], now, 0); break;
    case 2: result = C(number = ONLY_X86(235), paths[3], 0); break;
    case 3: result = C(number = ONLY_X86(132), paths[3], 0); break;
    case 4: result = C(number = ONLY_X86(261), AT_CWD, paths[3], 0); break;
    }
    memset(status, 0, sizeof status);
    struct call look = {.number = __NR_statx, .arguments = {(u64)AT_CWD, (u64)paths[3], 0, 0x7ff, (u64)status}};
    look.stack = (u64)&look - 8192;
    make(&look);
    if (result == 0 && look.result == 0 && !may_be_own(0) && (is_time(status[8]) || is_time(status[14])))
        record(FINDING, number, result, "touched-with-the-machine's-time", "");
    remember(number, result);
}

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

static void act_forbidden(u8 row, u8 a, u8 b, u8 c) {
    const struct forbidden *one = &forbidden[row % FORBIDDEN];
    u64 arguments[6] = {value_of(a), value_of(b), value_of(c), 0, 0, 0};
    if (one->number == __NR_clone) {
        static const u64 flags[] = {0x10000000, 0x20000000, 0x40000000, 0x02000000, 0x04000000, 0x08000000, 0x00020000, 0x00800000};
        if (depth >= DEEPEST) return;
        acts_of_child = 0;
        i64 result = clone_of(flags[a % 8] | 17, top(child_stacks[14], sizeof child_stacks[0]));
        remember(__NR_clone, result);
        return;
    }
    if (one->number == __NR_unshare) {
        static const u64 flags[] = {0x10000000, 0x20000000, 0x40000000, 0x02000000, 0x04000000, 0x08000000, 0x00020000, 0x80};
        arguments[0] = flags[a % 8];
    }
    if (one->number == __NR_seccomp) arguments[0] = 1, arguments[1] = 8, arguments[2] = (u64)arena.structures[18];
    if (one->number == __NR_bpf && a & 1) arguments[1] = (u64)&arena, arguments[2] = 8192;
    remember(one->number, C(one->number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]));
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

// Looks at what is not there: the ledger is to tell of it, of most ways only where every look-up is asked for.
static void act_look(u8 variant, u8 number) {
    static const char *const attempts[] = {"enter ", "create ", "create ", "execute ", "execute ", "open ", "open ", "open ", "look-up "};
    enum { WAYS = 17, RARE = 5 };
    variant %= WAYS;
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
    // The first process of the run, or with a process namespace everybody.
    default: result = is_full ? C(__NR_kill, 1, number) : C(__NR_kill, target, number); break;
    }
    remember(__NR_kill, result);
}

static void act_random(u8 length) {
    u64 drawn[32] = {0};
    int first = birth == 0 && depth == 0 && racer_count == 0;
    birth |= 1;
    i64 result = C(__NR_getrandom, drawn, 8 + length % 200, length & 3);
    if (first && result >= 8 && !may_be_own(result)) {
        char text[32];
        append_number(text, (i64)drawn[0]);
        record(DRAWN, __NR_getrandom, life, text, "");
    }
    remember(__NR_getrandom, result);
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

static void act_family(u8 family, u8 type) {
    static const u8 types[] = {1, 2, 3, 5, 10, 4};
    int pair[2] = {-1, -1};
    i64 result = type & 8 ? C(__NR_socketpair, family % 48, types[type % 6], 0, pair) : C(__NR_socket, family % 48, types[type % 6], type >> 4);
    if (type & 8 && result == 0) C(__NR_close, pair[0]), C(__NR_close, pair[1]);
    else if (result >= 0 && !may_be_own(result)) C(__NR_close, result);
    remember(__NR_socket, result);
}

static void act_machine(u8 variant) {
    u8 *buffer = arena.buffers[20];
    i64 result = 0;
    memset(buffer, 0, BUFFER);
    switch (variant % 5) {
    case 0: result = C(__NR_uname, buffer); break;
    case 1:
        result = C(__NR_sysinfo, buffer);
        if (result == 0 && !may_be_own(0) && ((u64 *)buffer)[4] * *(u32 *)(buffer + 104) != memory_bytes)
            record(FINDING, __NR_sysinfo, result, "memory-of-the-machine", "");
        break;
    case 2:
        result = C(__NR_sched_getaffinity, 0, 128, buffer);
        if (result > 0 && cpus && !may_be_own(result) && *(u64 *)buffer != (1ul << cpus) - 1)
            record(FINDING, __NR_sched_getaffinity, result, "processors-of-the-machine", "");
        break;
    case 3:
        // A processor that no machine has.
        buffer[100] = 1;
        result = C(__NR_sched_setaffinity, 0, 128, buffer);
        if (cpus && result != 0 && !may_be_own(result)) record(FINDING, __NR_sched_setaffinity, result, "processors-of-the-machine", "");
        break;
    default: {
        // The run's own loopback.
        if (!is_full) break;
        u8 address[16];
        memcpy(address, "\2\0\0\0\x7f\0\0\1\0\0\0\0\0\0\0\0", 16);
        i64 s = C(__NR_socket, variant & 64 ? 10 : 2, DATAGRAM | NONBLOCK, 0);
        if (s < 0 || may_be_own(s)) break;
        result = C(__NR_bind, s, address, 16);
        i64 t = C(__NR_socket, 2, DATAGRAM | NONBLOCK, 0);
        memcpy(address, "\2\0\0\x09\x7f\0\0\1\0\0\0\0\0\0\0\0", 16);
        result = C(__NR_sendto, t, "x", 1, 0x4000, address, 16);
        if (result == -101 && !may_be_own(result)) record(FINDING, __NR_socket, result, "no-loopback", "");
        C(__NR_close, s), C(__NR_close, t);
    }
    }
    remember(__NR_uname, result);
}
