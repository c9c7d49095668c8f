// Every way in which a C program can ask for the time of day, one a line.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *threaded(void *expected) {
    for (int i = 0; i < 100; i++) {
        if (time(NULL) != *(time_t *)expected) puts("thread LEAK");
    }
    return NULL;
}

// Calls the clock of the mapping that /proc/self/maps names, without asking the C library where it is.
static void hostile(void) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned char *image = NULL;
    while (maps && fgets(line, sizeof line, maps)) {
        if (strstr(line, "[vdso]")) image = (unsigned char *)strtoul(line, NULL, 16);
    }
    if (!image) { puts("hostile no-image"); return; }
    unsigned long headers = *(unsigned long *)(image + 32), dynamic = 0, linked = 0;
    unsigned short count = *(unsigned short *)(image + 56);
    for (unsigned short i = 0; i < count; i++) {
        unsigned char *header = image + headers + 56 * i;
        if (*(unsigned *)header == 2) dynamic = *(unsigned long *)(header + 16);
        if (*(unsigned *)header == 1) linked = *(unsigned long *)(header + 16);
    }
    char *strings = NULL;
    unsigned char *symbols = NULL;
    for (unsigned long *at = (unsigned long *)(image + dynamic - linked); *at; at += 2) {
        if (at[0] == 5) strings = (char *)image + at[1] - linked;
        if (at[0] == 6) symbols = image + at[1] - linked;
    }
    for (int i = 1; symbols && strings && i < 64; i++) {
        unsigned char *symbol = symbols + 24 * i;
        if ((char *)symbol >= strings) break;
        const char *name = strings + *(unsigned *)symbol;
        if (strcmp(name, "__vdso_clock_gettime") == 0 || strcmp(name, "__kernel_clock_gettime") == 0) {
            int (*ask)(int, struct timespec *) = (void *)(image + *(unsigned long *)(symbol + 8) - linked);
            struct timespec now;
            ask(CLOCK_REALTIME, &now);
            printf("hostile %ld\n", (long)now.tv_sec);
        }
    }
}

int main(void) {
    struct timespec now, begin, end;
    struct timeval old;
    int clocks[] = {CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_TAI, CLOCK_REALTIME_ALARM};
    for (int i = 0; i < 4; i++) {
        clock_gettime(clocks[i], &now);
        printf("clock-%d %ld.%09ld\n", clocks[i], (long)now.tv_sec, now.tv_nsec);
        syscall(SYS_clock_gettime, clocks[i], &now);
        printf("raw-clock-%d %ld\n", clocks[i], (long)now.tv_sec);
    }
    gettimeofday(&old, NULL);
    printf("gettimeofday %ld.%06ld\n", (long)old.tv_sec, (long)old.tv_usec);
    time_t seconds = time(NULL);
    printf("time %ld\n", (long)seconds);
#ifdef SYS_time
    printf("raw-time %ld\n", syscall(SYS_time, NULL));
#endif
    timespec_get(&now, TIME_UTC);
    printf("timespec_get %ld\n", (long)now.tv_sec);
    struct timex adjust;
    memset(&adjust, 0, sizeof adjust);
    printf("adjtimex %s\n", adjtimex(&adjust) < 0 ? "refused" : "LEAK");
    printf("vdso %lx\n", getauxval(AT_SYSINFO_EHDR));
    hostile();
    clock_gettime(CLOCK_MONOTONIC, &begin);
    usleep(20000);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double moved = (end.tv_sec - begin.tv_sec) + (end.tv_nsec - begin.tv_nsec) / 1e9;
    printf("monotonic %s\n", moved >= 0.02 ? "runs" : "STANDS");
    pthread_t threads[8];
    for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, threaded, &seconds);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    puts("threads done");
    char name[] = "/tmp/touched-XXXXXX";
    int file = mkstemp(name);
    futimens(file, NULL);
    struct stat status;
    fstat(file, &status);
    printf("touched %ld\n", (long)status.st_mtime);
    fflush(stdout);
    if (vfork() == 0) {
        execl("/bin/sh", "sh", "-c", "echo child $(date +%s)", (char *)NULL);
        _exit(1);
    }
    wait(NULL);
    return 0;
}
