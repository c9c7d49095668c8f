// A program with a filter of its own, as browsers and language runtimes have one: what it denies stays denied, what it
// traps comes to its own handler, and what the sandbox refuses is an error and never a signal.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int handled, code, number;

static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)context;
    handled++;
    code = info->si_code;
    number = info->si_syscall;
}

static void filter(unsigned call, unsigned action) {
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, steps};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, 1, 0, &program) != 0) {
        perror("seccomp");
        exit(1);
    }
}

static void *refused(void *unused) {
    (void)unused;
    errno = 0;
    long result = syscall(SYS_keyctl, 0, -3, 0);
    printf("thread keyctl %ld %s\n", result, strerrorname_np(errno));
    return 0;
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &action, 0);

    errno = 0;
    long result = syscall(SYS_keyctl, 0, -3, 0);
    printf("keyctl %ld %s handled %d\n", result, strerrorname_np(errno), handled);

    filter(SYS_getpgid, SECCOMP_RET_TRAP | 5);
    syscall(SYS_getpgid, 0);
    printf("trapped %d code %d %s\n", handled, code, number == SYS_getpgid ? "getpgid" : "?");

    filter(SYS_getsid, SECCOMP_RET_ERRNO | EXDEV);
    errno = 0;
    result = syscall(SYS_getsid, 0);
    printf("getsid %ld %s\n", result, strerrorname_np(errno));

    // The clock stands, and is denied all the same where the program denies it to itself.
    filter(SYS_clock_gettime, SECCOMP_RET_ERRNO | EXDEV);
    struct timespec now = {0};
    errno = 0;
    result = syscall(SYS_clock_gettime, 0, &now);
    printf("clock %ld %s %ld\n", result, strerrorname_np(errno), (long)now.tv_sec);

    // With every signal blocked, and in a thread.
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, 0);
    errno = 0;
    result = syscall(SYS_keyctl, 0, -3, 0);
    printf("blocked keyctl %ld %s\n", result, strerrorname_np(errno));
    pthread_t thread;
    pthread_create(&thread, 0, refused, 0);
    pthread_join(thread, 0);
    signal(SIGSYS, SIG_IGN);
    errno = 0;
    result = syscall(SYS_keyctl, 0, -3, 0);
    printf("ignored keyctl %ld %s\n", result, strerrorname_np(errno));

    // A signal that only looks as if a filter had sent it.
    signal(SIGSYS, SIG_DFL);
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, 0);
    siginfo_t forged = {.si_signo = SIGSYS, .si_code = 1, .si_errno = 0x57e1};
    forged.si_syscall = SYS_clock_gettime;
    pid_t child = fork();
    if (child == 0) {
        syscall(SYS_rt_sigqueueinfo, getpid(), SIGSYS, &forged);
        _exit(7);
    }
    puts("end");
    return 0;
}
