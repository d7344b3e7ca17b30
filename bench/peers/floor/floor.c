// Floor answers every read with the same bytes: what the kernel alone costs a server, and so the floor under any
// transport. An epoll loop a processor, each with a listening socket of its own (SO_REUSEPORT). A load of small
// requests, one in flight on a connection, arrives whole, so a read is a request.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in address = {.sin_family = AF_INET};
static char answer[1 << 16];
static int length;

static void die(const char *what) {
	perror(what);
	exit(1);
}

static void watch(int epoll, int fd) {
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

static void *loop(void *unused) {
	int one = 1, epoll = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct epoll_event events[256];
	char request[1 << 14];
	(void)unused;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0) die("listen");
	watch(epoll, listener);
	for (;;) {
		for (int i = 0, n = epoll_wait(epoll, events, 256, -1); i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == listener) {
				if ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) < 0) continue; // it was gone before it was taken
				setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
				watch(epoll, fd);
			} else if (read(fd, request, sizeof request) <= 0 || write(fd, answer, length) != length) {
				close(fd); // the end of it, an error, or a client that does not read
			}
		}
	}
	return NULL;
}

int main(int argc, char **argv) {
	struct rlimit files;
	char *colon = argc == 3 ? strchr(argv[1], ':') : NULL;
	int size = colon ? atoi(argv[2]) : -1, port = colon ? atoi(colon + 1) : 0;
	if (colon) *colon = 0;
	if (port < 1 || port > 65535 || size < 0 || size > 60000 || inet_pton(AF_INET, argv[1], &address.sin_addr) != 1)
		return fprintf(stderr, "usage: floor ADDR:PORT BYTES\n"), 1;
	address.sin_port = htons(port);
	length = sprintf(answer, "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n"
		"Content-Length: %d\r\nCache-Control: private, max-age=21600\r\n\r\n", size);
	memset(answer + length, 'x', size);
	length += size;
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files); // as Go and Node do
	pthread_t thread;
	for (long cpus = sysconf(_SC_NPROCESSORS_ONLN); cpus > 1; cpus--)
		if (pthread_create(&thread, NULL, loop, NULL) != 0) die("pthread_create");
	loop(NULL);
}
