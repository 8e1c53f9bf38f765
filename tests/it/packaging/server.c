/* A server for images from scratch: it asks for a long queue, and ends with 7 when it is asked to. */
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void stopped(int signal) {
    (void)signal;
    static const char words[] = "the server was asked to stop\n";
    if (write(1, words, sizeof words - 1) < 0)
        _exit(1);
    _exit(7);
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8080)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    signal(SIGTERM, stopped);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 70000))
        return 1;
    for (;;)
        pause();
}
