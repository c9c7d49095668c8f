// What a life of the player has: its memory, its open files, what it was told, and the log that all of a run share.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/time_types.h>

enum { AS_SHOWN = 16, BUFFERS = 24, BUFFER = 512, FDS = 16, PATHS = 32, RESULTS = 16, DEEPEST = 2, RACERS = 6 };

// Everything that a call may be pointed at, in one piece, so that one look finds what any call has left anywhere.
static struct arena {
    u8 stack[16384];
    u8 buffers[BUFFERS][BUFFER];
    u8 structures[32][256];
    struct { u8 header[64]; } messages[80];
    u64 registers[16];
} arena __attribute__((aligned(4096)));

static char paths[PATHS][256];
static u8 child_stacks[16][16384] __attribute__((aligned(16)));
static u8 racer_stacks[RACERS][16384] __attribute__((aligned(16)));
static u8 signal_stack[65536] __attribute__((aligned(16)));

// Told by the command line.
static int is_full, is_clamped, sees_paths;
static u64 cpus, memory_bytes;
static u64 tcp_port, udp_port, netlink_port, victim;
static char *outside, *shown, *key_name, *private_name, *mark;
static char hidden_release[64], hidden_secret[64];
static u64 hidden_now;
// No value that is looked for stands anywhere in this program's memory as it is.
static volatile u64 mask = 0x5a5a5a5a5a5a5a5aul;

static char **all_arguments;
static u64 image_of_clock;

// Of this life.
static u32 life, place_in_program, depth;
static const u8 *program;
static u32 program_length, program_at;
static u64 fds[FDS], results[RESULTS];
static u32 results_at;
static u64 child_count, racer_count, last_child;
static volatile int stop_racing;
// What each child is to do; with this bit it runs beside its parent in the same memory.
static volatile u32 child_acts[16];
enum { IS_DAEMON = 0x100, STOPS = 0x200, BESIDE = 0x400 };
static u64 birth;
// What filters of its own may answer: a call that gets this answer was not let through.
static u8 own_answers[6];
enum { OWN_ZERO, OWN_77, OWN_95, OWN_TRAP, OWN_ANY, OWN_NOBODY, OWNS };

enum kind { COVER, FINDING, NOTE, DRAWN };
struct record {
    u32 kind, life, place;
    int number;
    i64 result;
    char text[232];
};
enum { MOST_RECORDS = 3000, LOG_FD = 500 };
struct log {
    volatile u32 count, lives_ended;
    struct record records[MOST_RECORDS];
};
#define LOG_AT ((struct log *)0x100000000000ul)
static int has_log;

static void record(enum kind kind, i64 number, i64 result, const char *text, const char *more) {
    if (!has_log) return;
    u32 at = __atomic_fetch_add(&LOG_AT->count, 1, __ATOMIC_SEQ_CST);
    if (at >= MOST_RECORDS) return;
    struct record *entry = &LOG_AT->records[at];
    entry->life = life, entry->place = place_in_program, entry->number = (int)number, entry->result = result;
    size_t length = 0;
    for (; *text && length < sizeof entry->text - 1; length++) entry->text[length] = *text++;
    for (; *more && length < sizeof entry->text - 1; length++) entry->text[length] = *more++;
    entry->text[length] = 0;
    entry->kind = kind + 1;
}
