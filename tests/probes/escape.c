// Ways out of a sandbox, one a line: NAME and the error, or OUT.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
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

int main(void) {
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
