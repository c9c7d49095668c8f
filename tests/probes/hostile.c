// A hostile program. Each argument `p=HEX` is a life: acts that are chosen and steered by its bytes, whatever they are. A life
// is a process of its own; after each call all memory that any call was pointed at is searched for what must not be seen.
// The first process plays none: it ends what hangs and prints what was found, one a line:
//
//   cover LIFE PLACE CALL RESULT    a call and its result
//   finding LIFE PLACE CALL RESULT WHAT
//   note LIFE PLACE CALL RESULT WHAT    what the ledger must hold
//   drawn LIFE VALUE    the first random number of a life
//   end LIFE STATUS
//
// Outside, `plant` puts a secret into the caller's keyrings, `unplant` takes it away, `listen` prints what it hears.
#include "hostile/machine.h"
#include "hostile/state.h"
#include "hostile/oracle.h"
#include "hostile/values.h"
#include "hostile/processes.h"
#include "hostile/calls.h"
#include "hostile/network.h"
#include "hostile/clocks.h"
#include "hostile/files.h"
#include "hostile/secrets.h"

enum { ACTS = 19 };

static void act(u8 code) {
    u8 a, b, c, d;
    // Operands are read in their order.
#define A a = next_byte()
#define B b = next_byte()
#define D c = next_byte()
#define E d = next_byte()
    switch (code % ACTS) {
    case 0: act_call(); break;
    case 1: A, B, D, E, act_filter(a, b, c, d, next_byte()); break;
    case 2: A, B; start_racer(1 + a % 4, 0, 0, 0); break;
    case 3: A, B; act_fork(a, b); break;
    case 4: A; act_exec(a); break;
    case 5: A, B, D, E; act_net(a, b, c, d); break;
    case 6: A, B; act_key(a, b); break;
    case 7: A, B; act_clock(a, b); break;
    case 8: A; act_deadline(a); break;
    case 9: A; act_touch(a); break;
    case 10: A, B; act_files(a, b), lend_all(); break;
    case 11: A, B, D, E; act_forbidden(a, b, c, d); break;
    case 12: A; act_read(a); break;
    case 13: A, B; act_look(a, b); break;
    case 14: A; act_signal(a); break;
    case 15: A; act_random(a); break;
    case 16: act_list(); break;
    case 17: A, B; act_family(a, b); break;
    case 18: A; act_machine(a), hide(); break;
    }
}

static void run_program(u32 acts) {
    while (acts-- && program_at < program_length) {
        place_in_program++;
        act(next_byte());
    }
}

struct handler {
    void (*call)(int, void *, void *);
    u64 flags;
    void (*restorer)(void);
    u64 mask;
};

static void on_signal(int number, void *info, void *context) {
    // What the kernel shows of a call that was interrupted; while memory is looked through, what is looked for is there.
    u64 place = *(u64 *)((u8 *)context + FRAME_PLACE) - (u64)at_call;
    if (place == 0 || place == CALL_LENGTH) look_through(context, 512, TIMES | SECRETS, 0, number, "in-a-signal-frame");
    // Of a filter, and not of a process that sends it.
    if (number == 31 && ((int *)info)[2] == 1) *(i64 *)((u8 *)context + FRAME_RESULT) = -4000;
    if (number == 11 || number == 7 || number == 4 || number == 8) leave(100 + number);
}

static void set_up(void) {
    struct handler handler = {on_signal, 0x0c000004 | 0x40000000, restore, 0};
    u64 alternative[3] = {(u64)signal_stack, 0, sizeof signal_stack};
    C(__NR_sigaltstack, alternative, 0);
    for (u64 number = 1; number < 32; number++)
        if (number != 9 && number != 19 && number != 17) C(__NR_rt_sigaction, number, &handler, 0, 8);
    u64 wake[4] = {0, 2000, 0, 2000};
    C(__NR_setitimer, 0, wake, 0);
    open_descriptors();
    fill_structures();
}

static u8 decoded[4096];

static u32 decode(const char *hex) {
    u32 length = 0;
    for (; hex[0] && hex[1] && length < sizeof decoded; hex += 2, length++) {
        char two[3] = {hex[0], hex[1], 0};
        decoded[length] = (u8)number_in(two, 16);
    }
    return length;
}

static void say(const char *text) { C(__NR_write, 1, text, length_of(text)); }

static void print_records(u32 from) {
    static const char *const words[] = {"cover", "finding", "note", "drawn"};
    static char line[65536];
    char *at = line;
    u32 to = LOG_AT->count < MOST_RECORDS ? LOG_AT->count : MOST_RECORDS;
    for (u32 i = from; i < to; i++) {
        struct record *entry = &LOG_AT->records[i];
        if (entry->kind < 1 || entry->kind > 4) continue;
        at = append(append(at, words[entry->kind - 1]), " ");
        i64 numbers[] = {entry->life, entry->place, entry->number, entry->result};
        for (int n = 0; n < 4; n++) at = append(append_number(at, numbers[n]), " ");
        entry->text[sizeof entry->text - 1] = 0;
        at = append(append(at, entry->text), "\n");
        entry->kind = 0;
        if (at > line + sizeof line - 1024) {
            say(line);
            at = line;
        }
    }
    *at = 0;
    say(line);
}

static void play(const char *hex) {
    LOG_AT->count = 0;
    struct call fork = {.number = __NR_clone, .arguments = {17}, .stack = top(arena.stack, sizeof arena.stack)};
    // Nothing that a life does may reach this process by chance.
    make(&fork);
    if (fork.result == 0) {
        C(__NR_setpgid, 0, 0);
        program = decoded, program_length = decode(hex);
        set_up();
        run_program(~0u);
        leave(0);
    }
    u32 status = 0;
    struct __kernel_timespec moment = {0, 500000};
    i64 ended = 0, began = monotonic_ms();
    while (monotonic_ms() - began < 400 && (ended = C(__NR_wait4, fork.result, &status, 1, 0)) != fork.result) C(__NR_nanosleep, &moment, 0);
    if (ended != fork.result) {
        C(__NR_kill, -fork.result, 9);
        C(__NR_kill, fork.result, 9);
        C(__NR_wait4, fork.result, &status, 0, 0);
    }
    // Children that were left behind go on.
    print_records(0);
    char line[64];
    append(append_number(append(append_number(append(line, "end "), life), " "), status), "\n");
    say(line);
}

static void plant(int stays) {
    char secret[64] = {0};
    for (size_t i = 0; i < secret_length; i++) secret[i] = (char)(hidden_secret[i] ^ (char)mask);
    for (i64 ring = -3; ring >= -4; ring--) {
        i64 key = stays ? C(__NR_add_key, "user", key_name, secret, secret_length, ring) : C(__NR_keyctl, 10, ring, "user", key_name, 0);
        if (key < 0) leave(3);
        // Whoever forgets to take it away leaves nothing for long.
        if (stays) C(__NR_keyctl, 15, key, 3600);
        else C(__NR_keyctl, 9, key, ring);
    }
    leave(0);
}

// Hears what reaches it over netlink, which some families let any program send.
static void listen(void) {
    u32 address[3] = {16, 0, 0}, length = 12;
    i64 s = C(__NR_socket, 16, 3, 2);
    C(__NR_bind, s, address, 12);
    C(__NR_getsockname, s, address, &length);
    char line[300];
    append(append_number(line, address[1]), "\n");
    say(line);
    for (i64 got; (got = C(__NR_recvfrom, s, line, sizeof line - 2, 0, 0, 0)) >= 0;) {
        line[got] = '\n', line[got + 1] = 0;
        say(line);
    }
    leave(0);
}

static size_t hidden(char *to, const char *hex) {
    size_t length = 0;
    for (; hex[0] && hex[1] && length < 63; hex += 2, length++) {
        char two[3] = {hex[0], hex[1], 0};
        to[length] = (char)number_in(two, 16);
    }
    return length;
}

static void name_places(const char *home) {
    static const char *const fixed[PATHS] = {[8] = "/", "/proc/self/exe", "/proc/self/mem", "/proc/self/ns/net", "/dev/null", "/dev/urandom", "tmpfs",
                                             "user", [17] = "/tmp", "keyring", "/proc/self/maps", "/missing", "/proc/1/mem", "/proc/1/environ",
                                             "/proc/self/fd/10", "/dev/kvm", "/dev/mem", "/dev/vsock", "/dev/rtc", "/dev/ptp0", ".", "", "proc"};
    for (int i = 0; i < PATHS; i++)
        if (fixed[i]) append(paths[i], fixed[i]);
    append(paths[0], home);
    append(append(paths[1], home), "/file");
    append(append(paths[2], shown), "/canary");
    append(append(paths[3], home), "/touched");
    append(append(paths[4], shown), "/s");
    append(append(paths[5], shown), "/fifo");
    append(append(paths[6], outside), "/s");
    append(append(paths[7], outside), "/canary");
    append(paths[16], key_name);
}

void begin(u64 *stack) {
    char **arguments = (char **)(stack + 1), **variables = arguments + *stack + 1;
    const char *home = "/tmp", *resume = 0;
    all_arguments = arguments;
    outside = shown = key_name = private_name = mark = "";
    int planting = 0;
    for (; *variables; variables++)
        if (same(*variables, "HOME=", 5)) home = *variables + 5;
    for (char **at = arguments; *at; at++) {
        char *value = *at;
        while (*value && *value != '=') value++;
        if (*value) value++;
        struct { const char *name; char **to; } texts[] = {{"outside=", &outside}, {"shown=", &shown}, {"key=", &key_name}, {"abstract=", &private_name}, {"mark=", &mark}};
        struct { const char *name; u64 *to; } numbers[] = {{"tcp=", &tcp_port}, {"udp=", &udp_port}, {"netlink=", &netlink_port}, {"victim=", &victim}, {"cpus=", &cpus}, {"memory=", &memory_bytes}, {"now=", &hidden_now}};
        for (int i = 0; i < 5; i++)
            if (same(*at, texts[i].name, length_of(texts[i].name))) *texts[i].to = value;
        for (int i = 0; i < 7; i++)
            if (same(*at, numbers[i].name, length_of(numbers[i].name))) *numbers[i].to = number_in(value, 10);
        if (same(*at, "home=", 5)) home = value;
        if (same(*at, "full", 5)) is_full = 1;
        if (same(*at, "clamped", 8)) is_clamped = 1;
        if (same(*at, "paths", 6)) sees_paths = 1;
        if (same(*at, "plant", 6)) planting = 1;
        if (same(*at, "unplant", 8)) planting = 2;
        if (same(*at, "listen", 7)) listen();
        if (same(*at, "secret=", 7)) secret_length = hidden(hidden_secret, value);
        if (same(*at, "release=", 8)) release_length = hidden(hidden_release, value);
        if (same(*at, "resume=", 7)) resume = value;
    }
    if (planting) plant(planting == 1);
    name_places(home);
    u64 end;
    if (resume) {
        u64 numbers[5];
        for (int i = 0; i < 5; i++) {
            numbers[i] = number_in(resume, 10);
            while (*resume && *resume++ != ':') {}
        }
        life = (u32)numbers[0], place_in_program = (u32)numbers[1], depth = (u32)numbers[2], birth = numbers[4];
        for (int i = 0; i < OWNS; i++) own_answers[i] = numbers[3] >> (OWNS - 1 - i) & 1;
        has_log = C(__NR_mmap, LOG_AT, sizeof(struct log), 3, 0x11, LOG_FD, 0) == (i64)LOG_AT;
        image_of_clock = mapped("[vdso]", &end);
        program = decoded, program_length = decode(resume);
        set_up();
        run_program(~0u);
        leave(0);
    }
    // Where no namespace keeps it from the machine's processes and files it must be nobody in particular.
    if (!is_full && C(__NR_geteuid) == 0) leave(99);
    image_of_clock = mapped("[vdso]", &end);
    // Should a fault let it go, it does not take the machine with it.
    u64 most[2] = {600, 600};
    C(__NR_prlimit64, 0, 6, most, 0);
    i64 file = C(__NR_memfd_create, "log", 0);
    C(__NR_ftruncate, file, sizeof(struct log));
    C(__NR_dup3, file, LOG_FD, 0);
    C(__NR_close, file);
    has_log = C(__NR_mmap, LOG_AT, sizeof(struct log), 3, 0x11, LOG_FD, 0) == (i64)LOG_AT;
    if (!has_log) {
        say("no log\n");
        leave(98);
    }
    char line[300];
    append(append(append(line, "home "), home), "\n");
    say(line);
    for (char **at = arguments; *at; at++)
        if (same(*at, "p=", 2)) {
            play(*at + 2);
            life++;
        }
    leave(0);
}
