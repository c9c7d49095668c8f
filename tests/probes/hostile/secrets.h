// Acts that look for what the machine keeps: keys, randomness, its name, its memory, its processors.

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
