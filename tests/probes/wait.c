// Waits for instants of the wall clock, a tenth of a second away each, one a line: how many milliseconds it took.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static double begun;

static double monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static struct timespec soon(void) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_nsec += 100000000;
    if (at.tv_nsec >= 1000000000) { at.tv_sec++; at.tv_nsec -= 1000000000; }
    begun = monotonic();
    return at;
}

static void waited(const char *name) {
    printf("%s %.0f\n", name, (monotonic() - begun) * 1e3);
    fflush(stdout);
}

int main(void) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    struct timespec at = soon();
    pthread_mutex_lock(&mutex);
    pthread_cond_timedwait(&condition, &mutex, &at);
    waited("condition");
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    at = soon();
    sem_timedwait(&semaphore, &at);
    waited("semaphore");
    at = soon();
    pthread_mutex_timedlock(&mutex, &at);
    waited("mutex");
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    at = soon();
    clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL);
    waited("nanosleep");
    int timer = timerfd_create(CLOCK_REALTIME, 0);
    struct itimerspec setting = {{0, 0}, soon()};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &setting, NULL);
    unsigned long expired;
    if (read(timer, &expired, sizeof expired) < 0) perror("read");
    waited("timerfd");
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    timer_t posix;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    timer_create(CLOCK_REALTIME, &event, &posix);
    setting.it_value = soon();
    timer_settime(posix, TIMER_ABSTIME, &setting, NULL);
    sigwaitinfo(&set, NULL);
    waited("timer");
    // A deadline of the running clock stays as it is.
    int running = timerfd_create(CLOCK_MONOTONIC, 0);
    begun = monotonic();
    clock_gettime(CLOCK_MONOTONIC, &setting.it_value);
    setting.it_value.tv_nsec += 100000000;
    if (setting.it_value.tv_nsec >= 1000000000) { setting.it_value.tv_sec++; setting.it_value.tv_nsec -= 1000000000; }
    timerfd_settime(running, TFD_TIMER_ABSTIME, &setting, NULL);
    if (read(running, &expired, sizeof expired) < 0) perror("read");
    waited("monotonic-timerfd");
    // An empty queue and a full one; then one whose message is there before its deadline.
    struct mq_attr attributes_of_queue = {.mq_maxmsg = 1, .mq_msgsize = 8};
    char name[64], message[8] = "message";
    snprintf(name, sizeof name, "/stella-wait-%d", getpid());
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes_of_queue);
    // Where files of /proc are kept shut by Landlock, queues are too.
    if (queue < 0 && errno == EACCES) return 0;
    if (queue < 0) perror("mq_open");
    mq_unlink(name);
    at = soon();
    if (mq_timedreceive(queue, message, sizeof message, NULL, &at) >= 0 || errno != ETIMEDOUT) perror("mq_timedreceive");
    waited("queue-empty");
    if (mq_send(queue, message, sizeof message, 0) < 0) perror("mq_send");
    at = soon();
    if (mq_timedsend(queue, message, sizeof message, 0, &at) >= 0 || errno != ETIMEDOUT) perror("mq_timedsend");
    waited("queue-full");
    at = soon();
    if (mq_timedreceive(queue, message, sizeof message, NULL, &at) != sizeof message) perror("mq_timedreceive");
    return 0;
}
