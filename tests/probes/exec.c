// Processes whose thread executes a program while other threads of theirs are in the midst of something: each must end as
// the program does, and none be killed.
//
//     exec PROCESSES THREADS EXECUTING random|plain|clock|pause|fork|refused
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *mode;

static void *busy(void *unused) {
    (void)unused;
    for (;;) {
        char bytes[8];
        struct timespec now;
        if (!strcmp(mode, "random")) syscall(SYS_getrandom, bytes, sizeof bytes, 0);
        else if (!strcmp(mode, "plain")) syscall(SYS_getppid);
        else if (!strcmp(mode, "clock")) syscall(SYS_clock_gettime, 0, &now);
        else if (!strcmp(mode, "refused")) syscall(SYS_keyctl, 0, -3, 0);
        else if (!strcmp(mode, "fork")) {
            pid_t child = fork();
            if (child == 0) _exit(0);
            if (child > 0) waitpid(child, 0, 0);
        } else pause();
    }
}

static void *execute(void *program) {
    execl(program, program, (char *)0);
    return 0;
}

int main(int count, char **arguments) {
    if (count != 5) return 2;
    int processes = atoi(arguments[1]), threads = atoi(arguments[2]), executing = atoi(arguments[3]);
    mode = arguments[4];
    int well = 0, failed = 0, killed = 0, last = 0;
    for (int process = 0; process < processes; process++) {
        pid_t child = fork();
        if (child == 0) {
            pthread_t thread;
            for (int i = 0; i < threads; i++) pthread_create(&thread, 0, busy, 0);
            for (int i = 0; i < executing; i++) pthread_create(&thread, 0, execute, "/bin/true");
            for (;;) pause();
        }
        int status = 0;
        waitpid(child, &status, 0);
        if (WIFSIGNALED(status)) killed++, last = WTERMSIG(status);
        else if (WEXITSTATUS(status)) failed++, last = WEXITSTATUS(status);
        else well++;
    }
    printf("well %d failed %d killed %d last %d\n", well, failed, killed, last);
    return 0;
}
