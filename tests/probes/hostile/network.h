// Acts that reach for whoever listens outside.

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

static void net(u8 target, u8 how, u8 trick, u8 extra) {
    u16 family, type;
    target %= TARGETS;
    if (target == NOBODY && !is_full) return;
    u8 *address = arena.structures[31];
    u32 length = address_of(address, target, trick, &family, &type);
    u64 wanted = extra & 1 && type != 3 ? (u64)(STREAM + DATAGRAM - type) : type;
    u64 protocol = type == 3 ? 2 : extra & 2 && wanted == STREAM && family != 1 ? 262 : 0;
    i64 s = C(__NR_socket, family, wanted | NONBLOCK, protocol);
    if (s < 0) return;
    if (how % 8 == 7 && !is_full && (family == 2 || family == 10 || target == ABSTRACT)) {
        // No address of the machine is to be had, and no name that others see.
        i64 bound = C(__NR_bind, s, address, length);
        if (bound != -99 && bound != -22 && !(trick & 32) && !may_be_own(bound)) record(FINDING, __NR_bind, bound, "bind-ran", "");
        remember(__NR_bind, bound);
    }
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
    if (racing && racer_count) {
        stop_racing = 1;
        for (u32 turn = 0; turn < 100000000 && !races[racer_count - 1].is_over; turn++) {}
        // Whoever still races may change what is looked at later.
        if (races[racer_count - 1].is_over) racer_count--;
    }
    remember(how % 6 == 0 ? __NR_connect : __NR_sendto, result);
    int own = is_full && (target == UDP || target == UDP6 || target == NETLINK || target == TCP || target == TCP6);
    if (reached && !own && racer_count == 0) record(FINDING, how % 6 == 0 ? __NR_connect : __NR_sendto, result, "reached ", target_names[target]);
    // What was refused is to be seen.
    static const char *const notes[] = {"network connect ", "network sendto ", "network sendmsg ", 0, 0, "network sendmmsg "};
    int plain = !racing && !(trick & 32) && !(extra & 7) && notes[how % 6];
    if (plain && result == -101 && !may_be_own(result) && (target == NOBODY || (!is_full && (target == TCP || target == UDP))))
        record(NOTE, __NR_connect, result, notes[how % 6], target == NOBODY ? "192.0.2.1" : "127.0.0.1");
    C(__NR_close, s);
}

static void act_net(u8 target, u8 how, u8 trick, u8 extra) {
    net(target, how, trick, extra);
    // The other ways too, where it does not take long.
    for (u8 way = 1; way < 6 && !(trick & 16); way++) net(target, (u8)((how / 6 * 6 + (how + way) % 6) & 255), trick, extra);
    // Of each the ledger is to tell.
    for (u8 way = 0; way < 6; way++) net(NOBODY, way, 0, 0);
}

static void act_family(u8 family, u8 type) {
    static const u8 types[] = {1, 2, 3, 5, 10, 4};
    int pair[2] = {-1, -1};
    i64 result = type & 8 ? C(__NR_socketpair, family % 48, types[type % 6], 0, pair) : C(__NR_socket, family % 48, types[type % 6], type >> 4);
    if (type & 8 && result == 0) C(__NR_close, pair[0]), C(__NR_close, pair[1]);
    else if (result >= 0 && !may_be_own(result)) C(__NR_close, result);
    remember(__NR_socket, result);
}
