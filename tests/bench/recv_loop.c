/* The least that reading a table of listeners can cost: sends the requests that backlint sends and
 * receives the answers, without looking at a single row.
 *
 * recv_loop N: dumps AF_INET and AF_INET6 N times and prints how many nanoseconds each time took,
 * and how many bytes came. */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[64 * 1024];

/* Whether a message with this header ends the dump. */
static int is_end(const char *at)
{
	struct nlmsghdr header;

	memcpy(&header, at, sizeof(header));
	return header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR;
}

/* Reads one dump; returns its bytes, or -1. */
static long dump(int fd, unsigned char family)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 body;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = 1,
		},
		.body = {
			.sdiag_family = family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1) | 1 << (INET_DIAG_INFO - 1),
			.idiag_states = 1 << TCP_LISTEN,
			.id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
		},
	};
	const long done = NLMSG_SPACE(sizeof(int));
	long bytes = 0;

	if (send(fd, &request, sizeof(request), 0) < 0)
		return -1;
	for (;;) {
		long length = recv(fd, buffer, sizeof(buffer), MSG_TRUNC);

		if (length < (long)sizeof(struct nlmsghdr) || length > (long)sizeof(buffer))
			return -1;
		bytes += length;
		/* The end is a message by itself, or it follows the rows of the last piece. */
		if (is_end(buffer) || (length > done && is_end(buffer + length - done)))
			return bytes;
	}
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? strtol(argv[1], NULL, 10) : 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	struct timespec start, end;

	for (long n = 0; n < count; n++) {
		long four, six;

		clock_gettime(CLOCK_MONOTONIC, &start);
		four = dump(fd, AF_INET);
		six = dump(fd, AF_INET6);
		clock_gettime(CLOCK_MONOTONIC, &end);
		if (four < 0 || six < 0) {
			fprintf(stderr, "recv_loop: %s\n", strerror(errno));
			return 1;
		}
		printf("%lld %ld\n",
		       (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec,
		       four + six);
	}
	close(fd);
	return 0;
}
