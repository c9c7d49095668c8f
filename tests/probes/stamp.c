// Asks the kernel for the time of day where it writes it down beside something else. Prints `NAME = value` for what it was
// told and `NAME refused` for what it was not.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

static void say(const char *name, int done, long long value) {
    if (done < 0) printf("%s refused %d\n", name, errno);
    else printf("%s = %lld\n", name, value);
}

static void message(const char *name, int option) {
    int pair[2], one = 1;
    char byte = 'x', control[256];
    struct iovec part = {&byte, 1};
    struct msghdr head = {0};
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair)) return;
    int set = setsockopt(pair[0], SOL_SOCKET, option, &one, sizeof one);
    if (set < 0) { say(name, set, 0); close(pair[0]); close(pair[1]); return; }
    write(pair[1], "x", 1);
    head.msg_iov = &part, head.msg_iovlen = 1, head.msg_control = control, head.msg_controllen = sizeof control;
    recvmsg(pair[0], &head, 0);
    long long seconds = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&head); c; c = CMSG_NXTHDR(&head, c)) memcpy(&seconds, CMSG_DATA(c), 8);
    say(name, 0, seconds);
    close(pair[0]), close(pair[1]);
}

// A message that brings the options of its header with it, and asks for its own times: the kernel hands the header that was
// sent, with the time of day in it, back through the queue of errors.
static void sent_header(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof to;
    int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
    bind(receiver, (struct sockaddr *)&to, sizeof to);
    getsockname(receiver, (struct sockaddr *)&to, &length);
    union { char bytes[CMSG_SPACE(12) + CMSG_SPACE(4)]; struct cmsghdr align; } control = {0};
    struct iovec part = {"x", 1};
    struct msghdr head = {&to, sizeof to, &part, 1, control.bytes, sizeof control.bytes, 0};
    struct cmsghdr *c = CMSG_FIRSTHDR(&head);
    c->cmsg_level = IPPROTO_IP, c->cmsg_type = 7, c->cmsg_len = CMSG_LEN(12);
    memcpy(CMSG_DATA(c), "\x44\x0c\x05\x00\0\0\0\0\0\0\0\0", 12);
    c = CMSG_NXTHDR(&head, c);
    unsigned when_sent = 2;
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = 37, c->cmsg_len = CMSG_LEN(4);
    memcpy(CMSG_DATA(c), &when_sent, 4);
    sendmsg(sender, &head, 0);
    usleep(100000);
    unsigned char header[512] = {0};
    struct iovec got = {header, sizeof header};
    struct msghdr back = {.msg_iov = &got, .msg_iovlen = 1};
    long read = recvmsg(sender, &back, MSG_ERRQUEUE), stamp = 0;
    for (long at = 0; at + 8 < read; at++)
        if (header[at] == 0x44 && header[at + 1] == 12)
            stamp = header[at + 4] << 24 | header[at + 5] << 16 | header[at + 6] << 8 | header[at + 7];
    say("sent-header", read, stamp);
    struct mmsghdr several = {.msg_hdr = back};
    say("sent-headers", recvmmsg(sender, &several, 1, MSG_ERRQUEUE | MSG_DONTWAIT, 0), 0);
    say("sent-bytes", recv(sender, header, sizeof header, MSG_ERRQUEUE | MSG_PEEK), 0);
    // What was sent has come, and is read as ever.
    say("received", recv(receiver, header, sizeof header, MSG_DONTWAIT), 1);
    close(sender), close(receiver);
}

int main(void) {
    sent_header();
    message("timestamp", 29), message("timestampns", 35), message("timestamping", 37);
    message("timestamp-new", 63), message("timestampns-new", 64), message("timestamping-new", 65);

    int udp[2];
    struct timeval stamp = {0};
    socketpair(AF_UNIX, SOCK_DGRAM, 0, udp);
    say("ioctl-stamp", ioctl(udp[0], 0x8906, &stamp), stamp.tv_sec);
    say("ioctl-stampns", ioctl(udp[0], 0x8907, &stamp), stamp.tv_sec);

    // The header of a packet can ask for the time of day, on the run's own loopback too.
    unsigned char stamps[12] = {0x44, 12, 5, 0};
    int packets = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
    socklen_t length = sizeof stamps;
    say("header-options", setsockopt(packets, 0, 4, stamps, sizeof stamps), 0);
    say("received-options", setsockopt(packets, 0, 6, &on, sizeof on), 0);
    say("returned-options", setsockopt(packets, 0, 7, &on, sizeof on), 0);
    say("read-options", getsockopt(packets, 0, 4, stamps, &length), 0);
    say("read-packet-options", getsockopt(packets, 0, 9, stamps, &length), 0);
    say("first-packet", setsockopt(socket(AF_INET, SOCK_STREAM, 0), 6, 27, &on, sizeof on), 0);
    struct { unsigned short length; void *code; } nothing = {0, 0};
    say("socket-filter", setsockopt(packets, SOL_SOCKET, 26, &nothing, sizeof nothing), 0);
    // Others of the same numbers are as ever.
    say("error", getsockopt(packets, SOL_SOCKET, 4, &on, &length), 0);
    say("broadcast", setsockopt(packets, SOL_SOCKET, 6, &on, sizeof on), 0);

    struct shmid_ds shm = {0};
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    void *at = id < 0 ? (void *)-1 : shmat(id, 0, 0);
    say("shm", shmctl(id, IPC_STAT, &shm), (long long)shm.shm_ctime);
    say("shm-any", shmctl(0, 15, &shm), (long long)shm.shm_ctime);
    if (at != (void *)-1) shmdt(at);
    shmctl(id, IPC_RMID, 0);

    struct semid_ds sem = {0};
    id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    say("sem", semctl(id, 0, IPC_STAT, &sem), (long long)sem.sem_ctime);
    say("sem-any", semctl(0, 0, 20, &sem), (long long)sem.sem_ctime);
    semctl(id, 0, IPC_RMID);

    struct msqid_ds queue = {0};
    id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    say("msg", msgctl(id, IPC_STAT, &queue), (long long)queue.msg_ctime);
    say("msg-any", msgctl(0, 13, &queue), (long long)queue.msg_ctime);
    msgctl(id, IPC_RMID, 0);

#ifdef SYS_arch_prctl
    say("map-vdso-64", syscall(SYS_arch_prctl, 0x2003, 0x10000000L), 0);
    say("map-vdso-32", syscall(SYS_arch_prctl, 0x2002, 0x20000000L), 0);
    say("map-vdso-x32", syscall(SYS_arch_prctl, 0x2001, 0x30000000L), 0);
#endif

    // Whoever finds the pages can read them: words of them that are seconds of the day.
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        if (!strstr(line, "[vvar") || sscanf(line, "%lx-%lx", &start, &end) != 2) continue;
        printf("pages mapped: %s", line);
        for (unsigned long *word = (unsigned long *)start; word < (unsigned long *)start + 64; word++)
            if (*word > 1500000000UL && *word < 4000000000UL) printf("word %lu\n", *word);
    }
    puts("done");
    return 0;
}
