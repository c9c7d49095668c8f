// Secrets in the kernel's keyrings.
//
//     keys plant SECRET PROGRAM...   puts the secret into a session keyring and into the user's, and executes the program
//     keys steal                     prints FOUND and how, for each way to a secret of either
#define _GNU_SOURCE
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME "stella-test-secret"

static long keyctl(long command, long a, long b, long c, long d) {
    return syscall(SYS_keyctl, command, a, b, c, d);
}

static void read_key(const char *how, long key) {
    char secret[256] = {0};
    if (key > 0 && keyctl(KEYCTL_READ, key, (long)secret, sizeof secret - 1, 0) > 0) printf("FOUND %s %s\n", how, secret);
}

int main(int count, char **arguments) {
    if (count > 3 && !strcmp(arguments[1], "plant")) {
        const char *secret = arguments[2];
        keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0);
        long places[] = {KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING};
        for (int i = 0; i < 2; i++) {
            long key = syscall(SYS_add_key, "user", NAME, secret, strlen(secret), places[i]);
            if (key < 0) {
                perror("add_key");
                return 3;
            }
            // Everybody who can see it may read it, and it goes by itself.
            keyctl(KEYCTL_SETPERM, key, 0x3f3f3f3f, 0, 0);
            keyctl(KEYCTL_SET_TIMEOUT, key, 120, 0, 0);
        }
        execv(arguments[3], arguments + 3);
        perror("execv");
        return 4;
    }
    long rings[] = {KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_SESSION_KEYRING,
                    KEY_SPEC_USER_KEYRING,   KEY_SPEC_USER_SESSION_KEYRING};
    const char *names[] = {"thread", "process", "session", "user", "user-session"};
    for (int i = 0; i < 5; i++) read_key(names[i], keyctl(KEYCTL_SEARCH, rings[i], (long)"user", (long)NAME, 0));
    read_key("request", syscall(SYS_request_key, "user", NAME, 0, 0));
    // By number, as `/proc/keys` lists them.
    FILE *list = fopen("/proc/keys", "r");
    char line[512];
    while (list && fgets(line, sizeof line, list)) {
        if (strstr(line, NAME)) read_key("listed", (int)strtoul(line, 0, 16));
    }
    puts("end");
    return 0;
}
