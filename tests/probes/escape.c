// Ways out of a sandbox, one a line: NAME and the error, or OUT. With an argument, behind a filter of the program's own
// that asks a tracer about every call: what comes out must be the same.
//
//     escape [MARK seccomp|prctl|tsync|child|twice]
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void tried(const char *name, long result) {
    printf("%s %s\n", name, result < 0 ? strerrorname_np(errno) : "OUT");
    fflush(stdout);
}

#if !defined(__GLIBC__)
#error "strerrorname_np is glibc's"
#endif

static void *idle(void *unused) {
    (void)unused;
    for (;;) pause();
    return 0;
}

// A filter that asks a tracer about every call, with a mark that stella's tracer has never given.
static void own_filter(unsigned mark, const char *how) {
    struct sock_filter ask[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | (mark & SECCOMP_RET_DATA))};
    struct sock_fprog program = {1, ask};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (strcmp(how, "child") == 0) {
        pid_t child = fork();
        if (child != 0) {
            int status = 1;
            while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
            exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
        }
    }
    if (strcmp(how, "tsync") == 0) {
        pthread_t thread;
        pthread_create(&thread, 0, idle, 0);
    }
    long done = strcmp(how, "prctl") == 0 ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
                                          : syscall(SYS_seccomp, 1, strcmp(how, "tsync") ? 0 : 1, &program);
    if (strcmp(how, "twice") == 0) done |= syscall(SYS_seccomp, 1, 0, &program);
    if (done != 0) {
        perror("own filter");
        exit(1);
    }
}

int main(int count, char **arguments_given) {
    if (count > 2) own_filter((unsigned)atoi(arguments_given[1]), arguments_given[2]);
    tried("clone-untraced", syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0));
    tried("clone-user-namespace", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
    unsigned long arguments[11];
    memset(arguments, 0, sizeof arguments);
    tried("clone3", syscall(435, arguments, sizeof arguments));
    tried("unshare-user", unshare(CLONE_NEWUSER));
    tried("unshare-net", unshare(CLONE_NEWNET));
    int own = open("/proc/self/ns/net", O_RDONLY);
    tried("setns", setns(own, 0));
    struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {1, allow};
    tried("seccomp-listener", syscall(SYS_seccomp, 1, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
    tried("io_uring", syscall(425, 8, arguments));
    tried("ptrace-me", ptrace(PTRACE_TRACEME, 0, 0, 0));
    tried("ptrace-init", ptrace(PTRACE_ATTACH, 1, 0, 0));
    tried("mount", mount("x", "/tmp", "tmpfs", 0, ""));
    tried("remount", mount("", "/", "", MS_REMOUNT | MS_BIND, ""));
    tried("umount", umount2("/tmp", MNT_DETACH));
    tried("pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
    tried("chroot", chroot("/tmp"));
    tried("open_by_handle_at", syscall(SYS_open_by_handle_at, AT_FDCWD, arguments, O_RDONLY));
    tried("bpf", syscall(SYS_bpf, 0, arguments, sizeof arguments));
    tried("userfaultfd", syscall(SYS_userfaultfd, 0));
    tried("perf_event_open", syscall(SYS_perf_event_open, arguments, 0, -1, -1, 0));
    tried("keyctl", syscall(SYS_keyctl, 0, -3, 1));
    tried("add_key", syscall(SYS_add_key, "user", "name", "value", 5, -3));
    tried("request_key", syscall(SYS_request_key, "user", "name", 0, -3));
    tried("kcmp", syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0));
    tried("pidfd_getfd", syscall(438, syscall(434, getpid(), 0), 0, 0));
    tried("kernel-log", syscall(SYS_syslog, 10, 0, 0));
    tried("adjtimex", adjtimex(&(struct timex){0}));
    tried("socketpair-tipc", socketpair(30, SOCK_STREAM, 0, (int[2]){0}));
    tried("open_tree", syscall(428, AT_FDCWD, "/", 1));
    tried("fsopen", syscall(430, "tmpfs", 0));
    tried("vsock", socket(40, SOCK_STREAM, 0));
    tried("packet", socket(AF_PACKET, SOCK_RAW, 0));
    tried("write-init-memory", open("/proc/1/mem", O_RDWR));
    tried("read-init-environment", open("/proc/1/environ", O_RDONLY));
    tried("core-pattern", open("/proc/sys/kernel/core_pattern", O_WRONLY));
    tried("sysrq", open("/proc/sysrq-trigger", O_WRONLY));
    tried("cover-proc-file", open("/proc/uptime", O_WRONLY));
    tried("make-device", mknod("/tmp/device", S_IFBLK | 0600, 0x800));
    tried("set-clock", clock_settime(CLOCK_REALTIME, &(struct timespec){0, 0}));
    tried("setuid-root", setuid(0));
    tried("more-privileges", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    tried("raise-limit", syscall(SYS_setpriority, 0, 0, -20));
    char seen[8] = {0};
    syscall(SYS_getrandom, seen, sizeof seen, 0);
    struct timespec now = {0};
    syscall(SYS_clock_gettime, 0, &now);
    printf("sees %ld %02x%02x%02x%02x\n", (long)now.tv_sec, seen[0] & 255, seen[1] & 255, seen[2] & 255, seen[3] & 255);
#ifdef __x86_64__
    long result;
    // Number 13 is `time` for 32-bit programs.
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(13), "b"(0) : "memory");
    errno = (int)-result;
    tried("int80-time", result < 0 ? -1 : 0);
    tried("x32-time", syscall(0x40000000 + 201, 0));
#endif
    // No effect on the first process: it is there for the rest.
    kill(1, SIGKILL);
    kill(-1, 0);
    puts("first-process alive");
    prctl(PR_SET_DUMPABLE, 0);
    printf("undumpable %ld\n", (long)time(NULL));
    return 0;
}
