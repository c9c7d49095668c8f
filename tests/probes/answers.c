// What a tracer answers in the kernel's place, asked for in ways in which a program asks seldom: its own small buffers, memory
// that it cannot write, a stack that has not grown yet. Prints the same lines wherever the kernel, or who stands in for it, answers.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define NAMES 20

struct entry { unsigned long long inode; long long offset; unsigned short length; unsigned char kind; char name[]; };

static long list(int folder, void *buffer, unsigned size) { return syscall(SYS_getdents64, folder, buffer, size); }

static int count(char *buffer, long bytes) {
    int found = 0;
    for (long at = 0; at < bytes; at += ((struct entry *)(buffer + at))->length) found++;
    return found;
}

// Lists a folder with a buffer of one size until nothing or an error comes, then with a large one.
static void folder(const char *path, unsigned size) {
    static char buffer[1 << 16];
    int at = open(path, O_RDONLY | O_DIRECTORY), small = 0, large = 0;
    long got;
    while ((got = list(at, buffer, size)) > 0) small += count(buffer, got);
    int error = got < 0 ? errno : 0;
    long then;
    while ((then = list(at, buffer, sizeof buffer)) > 0) large += count(buffer, then);
    // How many fit before the first that does not depends on their order; that all come does not.
    printf("%s %u: %d in all, error %s, then %ld\n", path, size, small + large, error == EINVAL ? "EINVAL" : error ? "other" : "none", then);
    close(at);
}

static void *pages(int number, int protection) {
    char *place = mmap(0, number * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(place, 7, number * 4096);
    mprotect(place, number * 4096, protection);
    return place;
}

static void say(const char *name, long result, unsigned char *place) {
    printf("%s: %s, %s\n", name, result >= 0 ? "done" : errno == EFAULT ? "EFAULT" : "other",
           place == 0 || *place == 7 ? "unchanged" : "changed");
}

// Deep enough that nothing of it was ever touched; its pages come with the answer.
static long __attribute__((noinline)) from_new_stack(void) {
    char deep[1 << 20];
    long got = syscall(SYS_getrandom, deep, 64, 0);
    __asm__ volatile("" : : "r"(deep) : "memory");
    return got;
}

int main(int count_of_arguments, char **arguments) {
    const char *here_below = count_of_arguments > 1 ? arguments[1] : getenv("HOME");
    if (!here_below || chdir(here_below)) return 2;
    mkdir("long", 0755), mkdir("mixed", 0755);
    for (int name = 0; name < NAMES; name++) {
        char path[300] = "long/";
        memset(path + 5, 'a' + name, 200);
        close(open(path, O_CREAT | O_WRONLY, 0644));
        snprintf(path, sizeof path, "mixed/%0*d", name % 2 ? 4 : 180, name);
        close(open(path, O_CREAT | O_WRONLY, 0644));
    }
    unsigned sizes[] = {0, 1, 23, 24, 100, 199, 223, 224, 225, 300, 1000, 65536};
    for (unsigned at = 0; at < sizeof sizes / sizeof *sizes; at++) folder("long", sizes[at]), folder("mixed", sizes[at]);

    unsigned char *fixed = pages(1, PROT_READ), *guarded = pages(3, PROT_READ | PROT_WRITE);
    say("randomness into what is read-only", syscall(SYS_getrandom, fixed, 16, 0), fixed);
    say("clock into what is read-only", syscall(SYS_clock_gettime, CLOCK_REALTIME, fixed), fixed);
    say("names into what is read-only", syscall(SYS_uname, fixed), fixed);
    say("counts into what is read-only", syscall(SYS_sysinfo, fixed), fixed);
    say("processors into what is read-only", syscall(SYS_sched_getaffinity, 0, 1024, fixed), fixed);
    int here = open("long", O_RDONLY | O_DIRECTORY);
    say("entries into what is read-only", list(here, fixed, 4096), fixed);
    mprotect(guarded + 4096, 4096, PROT_NONE);
    long got = syscall(SYS_getrandom, guarded, 3 * 4096, 0);
    mprotect(guarded + 4096, 4096, PROT_READ);
    printf("randomness up to a guard: %ld\n", got);
    say("the guard", got, guarded + 4096), say("behind it", got, guarded + 8192);
    say("randomness to nowhere", syscall(SYS_getrandom, 8, 16, 0), 0);
    printf("randomness on a new stack: %ld\n", from_new_stack());
    return 0;
}
