/* A program that calls listen(2) in the ways that a tracer could miss. Built static, so that nothing is
 * between it and the kernel. Each mode is a word; the numbers behind it are backlogs or counts. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/io_uring.h>

static int bound(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0) {
        perror("bind");
        exit(1);
    }
    return fd;
}

static int listens(int backlog) {
    int fd = bound();
    if (listen(fd, backlog) != 0) {
        perror("listen");
        exit(1);
    }
    return fd;
}

static void *in_thread(void *backlog) {
    listens((int)(intptr_t)backlog);
    pause();
    return NULL;
}

/* Says how listen(2) ends now, for each SIGUSR1. */
static void again(int signal) {
    (void)signal;
    int fd = bound();
    const char *said = listen(fd, 33) == 0 ? "listened\n" : "refused\n";
    if (write(1, said, strlen(said)) < 0)
        _exit(1);
}

#ifdef __x86_64__
/* A call as a 32-bit program makes it. */
static long compat(long number, long first, long second) {
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(first), "c"(second)
                     : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}

static int as_32_bit(int backlog) {
    uint32_t *arguments = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    int fd = bound();
    if (compat(363, fd, backlog) != 0)
        return 2;
    arguments[0] = bound();
    arguments[1] = backlog + 1;
    return compat(102, 4, (long)arguments) == 0 ? 0 : 3;
}
#endif

#ifndef IORING_OP_LISTEN
#define IORING_OP_LISTEN 57
#endif

static int by_uring(int backlog) {
    struct io_uring_params parameters = {0};
    int ring = syscall(SYS_io_uring_setup, 1, &parameters);
    if (ring < 0)
        return 2;
    char *queue = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
    struct io_uring_sqe *entry = mmap(NULL, sizeof *entry, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
    if (queue == MAP_FAILED || entry == MAP_FAILED)
        return 3;
    memset(entry, 0, sizeof *entry);
    entry->opcode = IORING_OP_LISTEN;
    entry->fd = bound();
    entry->len = backlog;
    ((uint32_t *)(queue + parameters.sq_off.array))[0] = 0;
    __atomic_store_n((uint32_t *)(queue + parameters.sq_off.tail), 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
        return 4;
    int on = 0;
    socklen_t length = sizeof on;
    getsockopt(entry->fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &length);
    return on ? 0 : 5;
}

int main(int count, char **words) {
    const char *mode = count > 1 ? words[1] : "";
    int number = count > 2 ? atoi(words[2]) : 5;
    if (!strcmp(mode, "once")) {
        listens(number);
        return 0;
    } else if (!strcmp(mode, "stay")) {
        listens(number);
    } else if (!strcmp(mode, "many")) {
        for (int n = 1; n <= number; n++)
            close(listens(n));
        return 0;
    } else if (!strcmp(mode, "threads")) {
        for (intptr_t n = 1; n <= number; n++) {
            pthread_t thread;
            pthread_create(&thread, NULL, in_thread, (void *)(100 + n));
        }
    } else if (!strcmp(mode, "daemon")) {
        if (fork())
            return 0;
        setsid();
        if (fork())
            return 0;
        usleep(100000);
        listens(number);
    } else if (!strcmp(mode, "prefork")) {
        listens(number);
        for (int n = 0; n < 3; n++)
            if (fork() == 0)
                break;
    } else if (!strcmp(mode, "twice")) {
        int fd = listens(5);
        listen(fd, number);
    } else if (!strcmp(mode, "fails")) {
        int udp = socket(AF_INET, SOCK_DGRAM, 0);
        int file = open("/dev/null", O_RDONLY);
        return listen(udp, number) == 0 || listen(file, number) == 0 || listen(999, number) == 0;
    } else if (!strcmp(mode, "asked")) {
        signal(SIGUSR1, again);
        listens(number);
        for (;;)
            pause();
#ifdef __x86_64__
    } else if (!strcmp(mode, "compat")) {
        int ended = as_32_bit(number);
        if (ended)
            return ended;
#endif
    } else if (!strcmp(mode, "uring")) {
        int ended = by_uring(number);
        if (ended)
            return ended;
    } else if (!strcmp(mode, "forks")) {
        for (int n = 0; n < number; n++) {
            pid_t child = fork();
            if (child == 0)
                _exit(0);
            waitpid(child, NULL, 0);
        }
        return 0;
    } else {
        return 9;
    }
    pause();
    return 0;
}
