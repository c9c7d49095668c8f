// Acts that ask for the time, or wait for it.

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

// Asks each machine on the way of a packet, which is this one, to write the time of day into it.
static i64 stamped_packet(u8 how) {
    u32 one = 1, length = 16, size = 40;
    u8 address[16], options[40] = {0x44, 12, 5, 0};
    u8 *buffer = arena.buffers[21];
    if (!is_full) return -1;
    memset(address, 0, 16), address[0] = 2, address[4] = 127, address[7] = 1;
    i64 to = C(__NR_socket, 2, DATAGRAM | NONBLOCK, 0), from = C(__NR_socket, 2, DATAGRAM | NONBLOCK, 0);
    C(__NR_bind, to, address, 16);
    C(__NR_getsockname, to, address, &length);
    C(__NR_setsockopt, to, 0, how & 1 ? 7 : 6, &one, 4);
    u64 part[2] = {(u64)"x", 1}, control[4] = {16 + 12, 7ul << 32, 0, 0};
    memcpy(control + 2, options, 12);
    u64 message[7] = {(u64)address, 16, (u64)part, 1, how & 2 ? (u64)control : 0, how & 2 ? 32 : 0, 0};
    if (!(how & 2)) C(__NR_setsockopt, from, 0, 4, options, 12);
    i64 sent = C(__NR_sendmsg, from, message, 0);
    memset(buffer, 0, 256);
    u64 got[2] = {(u64)arena.buffers[22], 64};
    u64 heard[7] = {0, 0, (u64)got, 1, (u64)buffer, 128, 0};
    C(__NR_recvmsg, to, heard, 0);
    C(__NR_getsockopt, to, 0, 9, buffer + 128, &size);
    u32 since_midnight = (u32)((hidden_now ^ mask) % 86400);
    for (u8 *at = buffer; at < buffer + 200 && sent == 1; at++) {
        u32 stamp = (u32)at[4] << 24 | (u32)at[5] << 16 | (u32)at[6] << 8 | at[7];
        if (at[0] != options[0] || at[1] != options[1] || stamp == 0 || stamp >= 86400000) continue;
        if ((stamp / 1000 + 86400 + 300 - since_midnight) % 86400 < 1500) record(FINDING, __NR_recvmsg, sent, "time ", "in-a-header");
    }
    C(__NR_close, to), C(__NR_close, from);
    return sent;
}

// A timer of a clock that stands has to be one of a clock that runs: the kernel tells which it is.
static i64 make_timer(u8 how) {
    static const u8 clocks[] = {0, 8, 11};
    u64 clock = clocks[how % 3];
    char path[64], text[256];
    i64 file = -1, timer = -1, shown;
    if (how & 4) {
        timer = file = C(__NR_timerfd_create, clock, NONBLOCK);
        if (file < 0 || may_be_own(file)) return file;
        append_number(append(path, "/proc/self/fdinfo/"), file);
    } else {
        u32 *event = (u32 *)arena.structures[22], id = 0;
        memset(event, 0, 64), event[3] = 1;
        timer = C(__NR_timer_create, clock, event, &id);
        if (timer < 0 || may_be_own(timer)) return timer;
        append(path, "/proc/self/timers");
    }
    shown = open_at(path, O_RDONLY_);
    i64 length = shown < 0 ? -1 : C(__NR_read, shown, text, sizeof text - 1);
    if (shown >= 0) C(__NR_close, shown);
    if (file >= 0) C(__NR_close, file);
    for (i64 at = 0; at + 10 < length; at++) {
        int after = same(text + at, "ClockID: ", 9) ? 9 : same(text + at, "clockid: ", 9) ? 9 : 0;
        if (after && number_in(text + at + after, 10) == clock) record(FINDING, __NR_timer_create, timer, "timer-of-the-machine's-clock", "");
    }
    return timer;
}

static void act_clock(u8 variant, u8 argument) {
    u8 *buffer = arena.buffers[5];
    i64 result = 0, id;
    static const u8 stamps[] = {29, 35, 37, 63, 64, 65};
    // Some have further forms.
    variant %= 24;
    switch (variant < 20 ? variant % 16 : variant) {
    case 0: case 1: {
        static const u8 standing[] = {0, 5, 8, 11};
        result = C(__NR_clock_gettime, argument & 64 ? standing[argument & 3] : argument % 24, buffer);
        break;
    }
    case 2: result = C(__NR_gettimeofday, buffer, argument & 1 ? buffer + 64 : 0); break;
    case 3: result = C(ONLY_X86(201), argument & 1 ? buffer : 0); break;
    case 4: result = C(__NR_adjtimex, buffer); break;
    case 5: result = C(__NR_clock_adjtime, argument % 12, buffer); break;
    case 6:
        id = C(__NR_shmget, 0, 4096, 01600);
        result = C(__NR_shmctl, id, argument & 2 ? 0x102 : 2, buffer);
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
    case 4 + 16: case 5 + 16: result = stamped_packet(argument); break;
    case 6 + 16: case 7 + 16:
        for (u8 how = 0; how < 8; how++) result = make_timer(how);
        break;
    case 14: result = C(0x40000000ul | (ONLY_X86(201) % NOT_HERE), buffer); break;
    case 15: result = C(__NR_getrusage, 0, buffer); break;
    }
    remember(__NR_clock_gettime, result);
}

// A wait until a time shortly after the one that stands: for the machine's clock it is long over.
static void deadline(u8 variant) {
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
    // The owner of one that is private has to be a thread of this process, and another one.
    case 4: *word = (u32)start_racer(4, 0, 0, 0), result = C(number = __NR_futex, word, 6 | 128, 0, &until, 0, 0); break;
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
    // A wait for a word may end without a time, too.
    int is_end = result == -110 || (result == 0 && number != __NR_futex);
    if (is_end && took < 30 && began > 0 && !may_be_own(0)) record(FINDING, number, result, "deadline-of-the-machine", "");
    if (number) remember(number, result);
    C(__NR_setitimer, 0, wake, 0);
}

static void act_deadline(u8 variant) {
    for (u8 turn = 0; turn < 12; turn += 4) deadline((variant + turn) % 12);
}

static void act_touch(u8 variant) {
    // Children have theirs.
    char path[300];
    append_number(append(path, paths[3]), (i64)own_pid());
    u64 *now = (u64 *)arena.structures[11], status[32];
    if (is_clamped) {
        // Of what it has just made.
        u8 *seen = arena.buffers[23];
        C(__NR_unlinkat, AT_CWD, path, 0);
        i64 made = open_at(path, O_RDWR_ | O_CREAT_), looked = -1;
        switch (variant % 5) {
        case 0: looked = C(__NR_fstat, made, seen); break;
        case 1: looked = C(__NR_newfstatat, AT_CWD, path, seen, 0); break;
        case 2: looked = C(ONLY_X86(4), path, seen); break;
        case 3: looked = C(ONLY_X86(6), path, seen); break;
        case 4: looked = C(__NR_statx, AT_CWD, path, 0, 0x7ff, seen); break;
        }
        C(__NR_close, made);
        remember(__NR_fstat, looked);
        return;
    }
    now[1] = now[3] = 0x3fffffff;
    C(__NR_unlinkat, AT_CWD, path, 0);
    i64 file = open_at(path, O_RDWR_ | O_CREAT_), result = -1, number = 0;
    C(__NR_close, file);
    switch (variant % 5) {
    case 0: result = C(number = __NR_utimensat, AT_CWD, path, 0, 0); break;
    case 1: result = C(number = __NR_utimensat, AT_CWD, path, now, 0); break;
    case 2: result = C(number = ONLY_X86(235), path, 0); break;
    case 3: result = C(number = ONLY_X86(132), path, 0); break;
    case 4: result = C(number = ONLY_X86(261), AT_CWD, path, 0); break;
    }
    memset(status, 0, sizeof status);
    struct call look = {.number = __NR_statx, .arguments = {(u64)AT_CWD, (u64)path, 0, 0x7ff, (u64)status}};
    look.stack = (u64)&look - 8192;
    make(&look);
    if (result == 0 && look.result == 0 && !may_be_own(0) && (is_time(status[8]) || is_time(status[14])))
        record(FINDING, number, result, "touched-with-the-machine's-time", "");
    remember(number, result);
}
