// What calls are given: open files, structures that are filled in, names, and numbers that mean something to some call.
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/un.h>
#include <linux/netlink.h>
#include <linux/socket.h>

enum { O_RDONLY_ = 0, O_WRONLY_ = 1, O_RDWR_ = 2, O_CREAT_ = 0100, O_TRUNC_ = 01000, O_NONBLOCK_ = 04000, O_CLOEXEC_ = 02000000 };
enum { STREAM = 1, DATAGRAM = 2, NONBLOCK = 04000 };
enum { AT_CWD = -100 };

static u64 top(u8 *stack, size_t size) { return ((u64)stack + size - 64) & ~15ul; }

// A stack for a child that is to do `acts`.
static u64 stack_for(u32 acts) {
    u32 number = (u32)(child_count++ % 16);
    child_acts[number] = acts;
    // Who is in the same process draws from the same randomness.
    if (acts & BESIDE) birth |= 1;
    return top(child_stacks[number], sizeof child_stacks[0]);
}

static u32 own_acts(void) {
    u64 at = (u64)__builtin_frame_address(0) - (u64)child_stacks;
    return at < sizeof child_stacks ? child_acts[at / sizeof child_stacks[0]] : 0;
}

static i64 call6(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
    struct call call = {.number = number, .arguments = {a, b, c, d, e, f}};
    if (number == NOT_HERE) return -38;
    call.stack = top(arena.stack, sizeof arena.stack);
    // Who runs beside the others in the same memory has a stack of its own, and looks at nothing of theirs.
    u64 here = (u64)&call;
    int beside = here - (u64)racer_stacks < sizeof racer_stacks || own_acts() & BESIDE;
    if (beside) call.stack = (here - 2048) & ~15ul;
    if (number == __NR_clone || number == ONLY_X86(57) || number == ONLY_X86(58) || number == __NR_clone3) {
        call.forks = 1;
        int beside_this = number == __NR_clone && a & 0x100 && !(a & 0x4000);
        call.child_stack = stack_for(beside_this ? BESIDE : 1);
        // Who runs beside this one is never on its stack, not even before its first instruction.
        if (beside_this) call.arguments[1] = call.child_stack;
    }
    make(&call);
    if (!beside) check(&call);
    return call.result;
}
#define C(number, ...) C_(number, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define C_(number, a, b, c, d, e, f, ...) call6(number, (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(e), (u64)(f))

static u64 own_pid(void) { return (u64)C(__NR_getpid); }

static i64 remember(i64 number, i64 result) {
    record(COVER, number, result, "", "");
    results[results_at++ % RESULTS] = (u64)result;
    return result;
}

static i64 open_at(const char *path, u64 flags) { return C(__NR_openat, AT_CWD, path, flags, 0600); }

static i64 monotonic_ms(void) {
    struct __kernel_timespec now = {0, 0};
    struct call call = {.number = __NR_clock_gettime, .arguments = {1, (u64)&now}};
    call.stack = (u64)&now - 4096;
    make(&call);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// The standing clock, as the program is told it.
static const i64 FROZEN = 981173106;

// Addresses that somebody outside listens to, and one that nobody may reach.
enum target { TCP, UDP, TCP6, UDP6, PATH_STREAM, PATH_DATAGRAM, ABSTRACT, SHOWN_STREAM, SHOWN_DATAGRAM, NETLINK, NOBODY, TARGETS };

static u16 port_bytes(u64 port) { return (u16)(port >> 8 | port << 8); }

// How a path leads to a socket.
static void path_to(char *to, const char *base, const char *name, u8 trick) {
    char *at = to;
    switch (trick % 6) {
    case 1:
        at = append(append(at, paths[0]), "/..");
        for (const char *c = paths[0]; *c; c++)
            if (*c == '/') at = append(at, "/..");
        break;
    case 2: at = append(at, "/proc/self/root"); break;
    case 3:
        // A link in the program's own folder; short, for a path of a socket has 108 bytes.
        append(append(at, paths[0]), "/l");
        C(__NR_unlinkat, AT_CWD, at, 0);
        C(__NR_symlinkat, base, AT_CWD, at);
        append(append(append(append(at, paths[0]), "/l"), "/"), name);
        return;
    case 4:
        if (C(__NR_chdir, base) == 0) { append(at, name); return; }
        break;
    case 5: at = append(at, "/"); break;
    }
    append(append(append(at, base), "/"), name);
}

// Fills in the address of a target; its length, and which kind of socket goes there.
static u32 address_of(u8 *to, u32 target, u8 trick, u16 *family, u16 *type) {
    memset(to, 0, 128);
    *type = STREAM;
    u32 length;
    if (target == TCP || target == UDP || target == NOBODY) {
        struct sockaddr_in *in = (void *)to;
        in->sin_family = *family = 2;
        in->sin_port = port_bytes(target == TCP ? tcp_port : target == UDP ? udp_port : 443);
        in->sin_addr.s_addr = target == NOBODY ? 0x010200c0 : 0x0100007f;
        if (target != TCP) *type = DATAGRAM;
        length = sizeof *in;
    } else if (target == TCP6 || target == UDP6) {
        struct sockaddr_in6 *in6 = (void *)to;
        in6->sin6_family = *family = 10;
        in6->sin6_port = port_bytes(target == TCP6 ? tcp_port : udp_port);
        u8 *address = (u8 *)&in6->sin6_addr;
        if (trick & 64) memcpy(address + 10, "\xff\xff\x7f\0\0\1", 6);
        else address[15] = 1;
        if (target == UDP6) *type = DATAGRAM;
        length = sizeof *in6;
    } else if (target == NETLINK) {
        struct sockaddr_nl *netlink = (void *)to;
        netlink->nl_family = *family = 16;
        netlink->nl_pid = (u32)netlink_port;
        *type = 3;
        length = sizeof *netlink;
    } else {
        struct sockaddr_un *unix_address = (void *)to;
        unix_address->sun_family = *family = 1;
        static char path[1024];
        if (target == ABSTRACT) {
            length = 2 + 1 + (u32)length_of(private_name);
            append(unix_address->sun_path + 1, private_name);
            return length;
        }
        int stream = target == PATH_STREAM || target == SHOWN_STREAM;
        if (!stream) *type = DATAGRAM;
        path_to(path, target < SHOWN_STREAM ? outside : shown, stream ? "s" : "d", trick);
        for (length = 0; length < 107 && path[length]; length++) unix_address->sun_path[length] = path[length];
        length = trick & 64 ? 2 + length : 3 + length;
    }
    if (trick & 32 && (*family == 2 || *family == 10)) memset(to, 0, 2);
    return length;
}

static void fill_structures(void) {
    u8(*s)[256] = arena.structures;
    memset(s, 0, sizeof arena.structures);
    u16 family, type;
    for (u32 target = 0; target < 8; target++) address_of(s[target], target, 0, &family, &type);
    struct __kernel_timespec *time = (void *)s[8];
    time[0] = (struct __kernel_timespec){FROZEN, 40000000};
    time = (void *)s[9], time[0] = (struct __kernel_timespec){0, 1000000}, time[1] = (struct __kernel_timespec){0, 1000000};
    time = (void *)s[10], time[1] = (struct __kernel_timespec){FROZEN, 40000000};
    time = (void *)s[11], time[0].tv_nsec = time[1].tv_nsec = 0x3fffffff;
    *(u32 *)(s[12] + 8) = 0;                       // io_uring_params
    ((u32 *)s[13])[0] = 1, ((u32 *)s[13])[1] = 112; // perf_event_attr: a clock
    ((u32 *)s[14])[0] = 1, ((u32 *)s[14])[1] = 4, ((u32 *)s[14])[2] = 8, ((u32 *)s[14])[3] = 1; // bpf: a map
    ((u64 *)s[15])[0] = 0x10000000, ((u64 *)s[15])[4] = 17; // clone_args: a user namespace
    ((u64 *)s[16])[0] = (u64)arena.buffers[0], ((u64 *)s[16])[1] = 64; // iovec
    ((u64 *)s[16])[2] = (u64)arena.buffers[1], ((u64 *)s[16])[3] = 64;
    u64 *message = (void *)s[17]; // msghdr
    message[0] = (u64)s[0], message[1] = 16, message[2] = (u64)s[16], message[3] = 1, message[4] = (u64)arena.buffers[2], message[5] = 256;
    for (int i = 0; i < 80; i++) memcpy(arena.messages[i].header, message, 56);
    ((u32 *)s[18])[0] = 1, ((u64 *)s[18])[1] = (u64)s[19]; // sock_fprog
    ((struct sock_filter *)s[19])[0] = (struct sock_filter){6, 0, 0, SECCOMP_RET_ALLOW};
    ((u64 *)s[20])[0] = 0x241;                     // open_how
    ((u32 *)s[21])[0] = 8, ((u32 *)s[21])[1] = 1;  // file_handle
    ((u32 *)s[22])[2] = 2;                         // sigevent: none
    ((u32 *)s[23])[0] = 1;                         // epoll_event
    ((u64 *)s[24])[0] = 1 << 9;                    // sigset
    ((u64 *)s[25])[0] = 8, ((u64 *)s[25])[1] = 256; // mq_attr
    ((u64 *)s[26])[0] = (u64)paths[1], ((u64 *)s[26])[1] = 0; // argv
    ((u64 *)s[27])[0] = ~0ul;                      // cpu_set
    ((u64 *)s[28])[0] = (u64)&arena, ((u64 *)s[28])[1] = 4096; // iovec of everything
    ((u32 *)s[29])[0] = 1;                         // timex
}

static void open_descriptors(void) {
    int pair[2] = {-1, -1};
    fds[0] = (u64)C(__NR_socket, 2, STREAM | NONBLOCK, 0);
    fds[1] = (u64)C(__NR_socket, 2, DATAGRAM | NONBLOCK, 0);
    fds[2] = (u64)C(__NR_socket, 1, STREAM | NONBLOCK, 0);
    fds[3] = (u64)C(__NR_socket, 10, DATAGRAM | NONBLOCK, 0);
    if (C(__NR_socketpair, 1, DATAGRAM | NONBLOCK, 0, pair) == 0) fds[4] = (u64)pair[0], fds[5] = (u64)pair[1];
    if (C(__NR_pipe2, pair, NONBLOCK) == 0) fds[6] = (u64)pair[0], fds[7] = (u64)pair[1];
    fds[8] = (u64)open_at(paths[1], O_RDWR_ | O_CREAT_);
    fds[9] = (u64)open_at(paths[0], O_RDONLY_);
    fds[10] = (u64)open_at("/", O_RDONLY_);
    fds[11] = (u64)C(__NR_epoll_create1, 0);
    fds[12] = (u64)C(__NR_timerfd_create, 0, NONBLOCK);
    fds[13] = (u64)C(__NR_socket, 16, 3 | NONBLOCK, 0);
    fds[14] = (u64)open_at(paths[2], O_RDONLY_ | O_NONBLOCK_);
    fds[15] = (u64)C(434 /* pidfd_open */, own_pid(), 0);
}

// What an operand stands for, among everything that some call may mean something by.
static u64 value_of(u8 selector) {
    static const u64 special[16] = {(u64)-1, (u64)-2, (u64)-3, (u64)-4, (u64)-5, (u64)AT_CWD, 4096, 65536, 1ul << 31, 1ul << 32,
                                    1ul << 63, 0x7fffffff, 0xffffffff, 0x2003, 0x5401, 0x8906};
    static const u64 sizes[16] = {0, 1, 8, 16, 24, 28, 64, 65, 110, 112, 128, 256, 512, 1024, 4096, 0x7ffffff0};
    u8 low = selector & 15;
    switch (selector >> 4) {
    case 0: case 1: return selector;
    case 2: return special[low];
    case 3: return 1ul << (32 + low);
    case 4: case 5: return 1ul << (selector - 0x40);
    case 6: return fds[low];
    case 7: return (u64)arena.buffers[low];
    case 8: case 9: return (u64)arena.structures[selector - 0x80];
    case 10: case 11: return (u64)paths[selector - 0xa0];
    case 12: {
        const u64 addresses[16] = {1, (u64)-4096, (u64)arena.stack, (u64)&arena + sizeof arena - 4, (u64)begin, image_of_clock,
                                   image_of_clock - 4096, top(arena.stack, sizeof arena.stack) - 512, (u64)arena.messages,
                                   (u64)arena.buffers[16], (u64)arena.buffers[17], (u64)LOG_AT + sizeof(struct log), (u64)child_stacks,
                                   0x7fff00000000, 0x200000000000, (u64)key_name};
        return addresses[low];
    }
    case 13: return results[low];
    case 14: {
        const u64 ids[8] = {0, (u64)C(__NR_getpid), (u64)C(__NR_getppid), last_child, 1, (u64)-1, (u64)C(__NR_gettid), 2};
        return ids[low & 7];
    }
    default: return sizes[low];
    }
}

static void check_descriptor(i64 number, i64 result) {
    static const char *const kinds[] = {"anon_inode:[io_uring]", "anon_inode:[userfaultfd]", "anon_inode:[perf_event]", "anon_inode:bpf",
                                        "anon_inode:[fscontext]", "anon_inode:seccomp notify", "anon_inode:[fs"};
    char name[40], text[64] = {0};
    append_number(append(name, "/proc/self/fd/"), result);
    struct call call = {.number = __NR_readlinkat, .arguments = {(u64)AT_CWD, (u64)name, (u64)text, sizeof text - 1}};
    call.stack = (u64)&call - 4096;
    make(&call);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (call.result > 0 && same(text, kinds[i], length_of(kinds[i]))) record(FINDING, number, result, "descriptor ", kinds[i]);
}
