// Programs that want to keep what the kernel lends them to read its clock from, and to know its randomness.
//
//     lent filter CALL...   a filter of its own answers these calls with success, and the next program is started: look
//     lent race             another process writes over the new program's auxiliary vector while it starts: look
//     lent look             what there is: PAGES of the clock, the SECONDS in them, and what the clock says
#define _GNU_SOURCE
#include <elf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void lie(unsigned call) {
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, steps};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) _exit(3);
}

static int look(void) {
    char line[512];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        if (!strstr(line, "[vvar") || sscanf(line, "%lx-%lx", &start, &end) != 2) continue;
        found = 1;
        printf("PAGES %s", line);
        if (strstr(line, "vclock")) continue;
        for (uint64_t *word = (void *)start; (unsigned long)word < start + 4096; word++)
            if (*word > 1700000000 && *word < 2100000000) printf("SECONDS %lu\n", *word);
    }
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    printf("looked %ld\n", (long)now.tv_sec);
    return found ? 42 : 0;
}

static uint64_t *vector(void) {
    char **at = environ;
    while (*at) at++;
    return (uint64_t *)(at + 1);
}

// Without random addresses the new program's vector lies where this one's does, if both are given as much.
static int race(const char *self) {
    char *arguments[] = {(char *)self, "look", 0}, *variables[] = {"A=1", 0};
    uint64_t *entry = vector();
    while (*entry != AT_IGNORE && *entry != AT_SYSINFO_EHDR)
        if (!*entry || !*(entry += 2)) return 5;
    uint64_t ignored[2] = {AT_IGNORE, 0}, seen[2];
    struct iovec from = {ignored, 16}, there = {entry, 16}, to = {seen, 16};
    for (int tried = 0; tried < 150; tried++) {
        int status, child = fork();
        if (child == 0) {
            freopen("/dev/null", "w", stdout);
            execve(self, arguments, variables);
            _exit(8);
        }
        while (waitpid(child, &status, WNOHANG) == 0)
            if (syscall(SYS_process_vm_readv, child, &to, 1, &there, 1, 0) == 16 && seen[0] == AT_SYSINFO_EHDR)
                syscall(SYS_process_vm_writev, child, &from, 1, &there, 1, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 42) return puts("PAGES after a race"), 0;
    }
    return puts("raced"), 0;
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    if (!strcmp(arguments[1], "look")) return look();
    char self[512] = {0};
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) return 4;
    if (!strcmp(arguments[1], "race")) {
        // As much as the child will have.
        execve(self, (char *[]){self, "rac2", 0}, (char *[]){"A=1", 0});
        return 9;
    }
    if (!strcmp(arguments[1], "rac2")) return race(self);
    for (int i = 2; i < count; i++) lie(!strcmp(arguments[i], "munmap") ? SYS_munmap : SYS_clock_gettime);
    execve(self, (char *[]){self, "look", 0}, environ);
    return 6;
}
