// Ways to a network or to another process of the machine, one a line: NAME and the error, or OUT. What really arrives is
// counted by whoever listens.
//
//     network PORT SOCKET DATAGRAM ABSTRACT
//
// PORT is one of 127.0.0.1, SOCKET and DATAGRAM are paths of sockets outside, ABSTRACT is a name without its zero byte.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int port;
static const char *outside, *datagram, *abstract_name, *home;

static void tried(const char *name, long result) {
    printf("%s %s\n", name, result < 0 ? strerrorname_np(errno) : "OUT");
    fflush(stdout);
}

static struct sockaddr_in internet(int family) {
    struct sockaddr_in address = {.sin_family = family, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static struct sockaddr_in6 internet_6(int mapped) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
    if (mapped) inet_pton(AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr);
    return address;
}

static struct sockaddr_un path(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, name, sizeof address.sun_path - 1);
    return address;
}

static void stream(const char *name, const char *to) {
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = path(to);
    tried(name, connect(s, (void *)&address, sizeof address));
    close(s);
}

static void over_tcp(const char *name, int family, void *address, int length, int fast) {
    int s = socket(family, SOCK_STREAM, 0), one = 1;
    if (s < 0) {
        tried(name, s);
        return;
    }
    if (fast == 1) {
        tried(name, sendto(s, "x", 1, MSG_FASTOPEN, address, length));
    } else {
        if (fast == 2) setsockopt(s, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof one);
        long done = connect(s, address, length);
        if (done == 0 && fast == 2) done = write(s, "x", 1);
        tried(name, done);
    }
    close(s);
}

static void over_udp(const char *name, int family, void *address, int length) {
    int s = socket(family, SOCK_DGRAM, 0);
    tried(name, s < 0 ? s : sendto(s, name, strlen(name), 0, address, length));
    close(s);
}

static void many(void) {
    struct sockaddr_in to = internet(AF_INET), discard = internet(AF_UNSPEC);
    discard.sin_port = htons(9);
    struct mmsghdr messages[70];
    struct iovec part = {"many", 4};
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < 70; i++) {
        messages[i].msg_hdr.msg_iov = &part;
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_name = i < 64 ? &discard : &to;
        messages[i].msg_hdr.msg_namelen = sizeof to;
    }
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    tried("udp-sendmmsg-65th", sendmmsg(s, messages, 70, 0) > 64 ? 0 : (errno = errno ? errno : ENETUNREACH, -1));
    close(s);
}

static volatile int racing = 1;
static struct sockaddr_storage shared;
static struct sockaddr_un inner, outer;

static void *flip(void *unused) {
    (void)unused;
    while (racing) {
        memcpy(&shared, &inner, sizeof inner);
        memcpy(&shared, &outer, sizeof outer);
    }
    return 0;
}

// An address that another thread changes all the while, between one of the program's own and one outside.
static void race_paths(int kind, const char *name, int datagrams) {
    char own[200];
    snprintf(own, sizeof own, "%s/own-%s", home, name);
    int server = socket(AF_UNIX, kind, 0);
    inner = path(own), outer = path(datagrams ? datagram : outside);
    bind(server, (void *)&inner, sizeof inner);
    listen(server, 4096);
    fcntl(server, F_SETFL, O_NONBLOCK);
    racing = 1;
    pthread_t thread;
    pthread_create(&thread, 0, flip, 0);
    for (int i = 0; i < 400; i++) {
        int s = socket(AF_UNIX, kind, 0);
        if (datagrams) sendto(s, "race", 4, MSG_DONTWAIT, (void *)&shared, sizeof inner);
        else connect(s, (void *)&shared, sizeof inner);
        close(s);
        int client = accept4(server, 0, 0, SOCK_NONBLOCK);
        if (client >= 0) close(client);
    }
    racing = 0;
    pthread_join(thread, 0);
    close(server);
    printf("%s raced\n", name);
}

static int slot, unix_socket, internet_socket;

static void *swap(void *unused) {
    (void)unused;
    while (racing) {
        dup2(unix_socket, slot);
        dup2(internet_socket, slot);
    }
    return 0;
}

// A descriptor that another thread turns all the while from one kind of socket into the other.
static void race_descriptors(void) {
    unix_socket = socket(AF_UNIX, SOCK_STREAM, 0), internet_socket = socket(AF_INET, SOCK_DGRAM, 0);
    slot = dup(unix_socket);
    struct sockaddr_in to = internet(AF_INET), unspecified = internet(AF_UNSPEC);
    racing = 1;
    pthread_t thread;
    pthread_create(&thread, 0, swap, 0);
    for (int i = 0; i < 200; i++) {
        sendto(slot, "swap", 4, MSG_DONTWAIT, (void *)&unspecified, sizeof unspecified);
        if (connect(slot, (void *)&to, sizeof to) == 0) send(slot, "swap", 4, 0);
    }
    racing = 0;
    pthread_join(thread, 0);
    puts("descriptors raced");
}

static void *accept_later(void *server) {
    usleep(300000);
    for (int i = 0; i < 3; i++) accept(*(int *)server, 0, 0);
    return 0;
}

// What a program does with sockets of its own must work.
static void own(void) {
    char name[200];
    snprintf(name, sizeof name, "%s/own", home);
    struct sockaddr_un address = path(name);
    int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    char got[4] = {0};
    if (bind(server, (void *)&address, sizeof address) || listen(server, 1)) perror("listen");
    if (connect(client, (void *)&address, sizeof address)) perror("connect");
    int served = accept(server, 0, 0);
    write(client, "abc", 3);
    read(served, got, 3);
    printf("own-stream %s\n", got);
    // A full queue: the last ones wait for a listener that comes late.
    pthread_t thread;
    pthread_create(&thread, 0, accept_later, &server);
    int well = 0;
    for (int i = 0; i < 3; i++) well += connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, sizeof address) == 0;
    printf("own-waiting %d\n", well);
    pthread_join(thread, 0);
    // By a relative path, and through a link.
    if (chdir(home) == 0) {
        struct sockaddr_un relative = path("own");
        printf("own-relative %d\n", connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&relative, sizeof relative));
    }
    struct sockaddr_un missing = path("/no/such/socket");
    errno = 0;
    connect(client, (void *)&missing, sizeof missing);
    printf("missing %s\n", strerrorname_np(errno));
    int pair[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    write(pair[0], "ab", 2), write(pair[0], "c", 1);
    long length = read(pair[1], got, 3);
    printf("own-pair %ld\n", length);
}

int main(int count, char **arguments) {
    if (count != 5) return 2;
    port = atoi(arguments[1]), outside = arguments[2], datagram = arguments[3], abstract_name = arguments[4];
    home = getenv("HOME");
    struct sockaddr_in v4 = internet(AF_INET), unspecified = internet(AF_UNSPEC);
    struct sockaddr_in6 v6 = internet_6(0), mapped = internet_6(1);
    over_tcp("tcp", AF_INET, &v4, sizeof v4, 0);
    over_tcp("tcp-6", AF_INET6, &v6, sizeof v6, 0);
    over_tcp("tcp-mapped", AF_INET6, &mapped, sizeof mapped, 0);
    over_tcp("tcp-fastopen", AF_INET, &v4, sizeof v4, 1);
    over_tcp("tcp-fastopen-connect", AF_INET, &v4, sizeof v4, 2);
    over_udp("udp", AF_INET, &v4, sizeof v4);
    over_udp("udp-unspecified", AF_INET, &unspecified, sizeof unspecified);
    over_udp("udp-6", AF_INET6, &v6, sizeof v6);
    over_udp("udp-mapped", AF_INET6, &mapped, sizeof mapped);
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct iovec part = {"message", 7};
    struct msghdr message = {.msg_name = &v4, .msg_namelen = sizeof v4, .msg_iov = &part, .msg_iovlen = 1};
    tried("udp-sendmsg", sendmsg(s, &message, 0));
    long connected = connect(s, (void *)&v4, sizeof v4);
    tried("udp-connected", connected < 0 ? connected : write(s, "connected", 9));
    errno = 0;
    many();
    struct sockaddr_in any = {.sin_family = AF_INET};
    s = socket(AF_INET, SOCK_STREAM, 0);
    tried("listen", bind(s, (void *)&any, sizeof any) ? -1 : listen(s, 1));
    tried("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    tried("packet", socket(AF_PACKET, SOCK_RAW, 0));
    tried("vsock", socket(40, SOCK_STREAM, 0));
    tried("alg", socket(38, SOCK_SEQPACKET, 0));

    char name[4200];
    stream("unix-direct", outside);
    snprintf(name, sizeof name, "%s/../../../../../../../..%s", home, outside);
    stream("unix-dots", name);
    snprintf(name, sizeof name, "%s/link", home);
    symlink(outside, name);
    stream("unix-link", name);
    snprintf(name, sizeof name, "%s/hard", home);
    if (link(outside, name) == 0) stream("unix-hard-link", name);
    snprintf(name, sizeof name, "/proc/self/root%s", outside);
    stream("unix-proc-root", name);
    if (chdir("/") == 0) stream("unix-relative", outside + 1);
    struct sockaddr_un to = path(datagram);
    s = socket(AF_UNIX, SOCK_DGRAM, 0);
    tried("unix-datagram", sendto(s, "datagram", 8, 0, (void *)&to, sizeof to));
    long linked = connect(s, (void *)&to, sizeof to);
    tried("unix-datagram-connected", linked < 0 ? linked : write(s, "datagram", 8));
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0) {
        long sent = sendto(pair[0], "pair", 4, MSG_DONTWAIT, (void *)&to, sizeof to);
        tried("unix-datagram-pair", sent);
    }
    struct sockaddr_un hidden = {.sun_family = AF_UNIX};
    memcpy(hidden.sun_path + 1, abstract_name, strlen(abstract_name));
    s = socket(AF_UNIX, SOCK_STREAM, 0);
    tried("unix-abstract", connect(s, (void *)&hidden, 3 + strlen(abstract_name)));

    race_paths(SOCK_STREAM, "stream", 0);
    race_paths(SOCK_DGRAM, "datagram", 1);
    race_descriptors();
    own();
    return 0;
}
