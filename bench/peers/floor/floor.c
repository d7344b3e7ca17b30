// Floor answers every read with the same bytes: what the kernel alone costs a server, and so the floor under any
// transport. An epoll loop a processor, each with a listening socket of its own (SO_REUSEPORT). Unix sockets have no
// such thing: the first loop accepts for all, and the loops get the connections in turn. A load of small requests, one
// in flight on a connection, arrives whole, so a read is a request.
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
#include <sys/un.h>
#include <unistd.h>

#define MAX_LOOPS 1024

static struct sockaddr_in address = {.sin_family = AF_INET};
static struct sockaddr_un path = {.sun_family = AF_UNIX}; // empty for TCP
static int epolls[MAX_LOOPS];
static long loops;
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

static int listen_tcp(void) {
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0) die("listen");
	return fd;
}

static int listen_unix(void) {
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(fd, (struct sockaddr *)&path, sizeof path) < 0 || listen(fd, 4096) < 0) die("listen");
	return fd;
}

// loop runs the loop with a number.
static void *loop(void *number) {
	long own = (long)number, next = 0;
	int one = 1, epoll = epolls[own], local = path.sun_path[0] != 0, listener = -1;
	struct epoll_event events[256];
	char request[1 << 14];
	if (!local || own == 0) watch(epoll, listener = local ? listen_unix() : listen_tcp());
	for (;;) {
		for (int i = 0, n = epoll_wait(epoll, events, 256, -1); i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == listener) {
				if ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) < 0) continue; // it was gone before it was taken
				if (!local) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
				watch(local ? epolls[next++ % loops] : epoll, fd);
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
	if (colon && strcmp(argv[1], "unix") == 0 && strlen(colon + 1) < sizeof path.sun_path) {
		strcpy(path.sun_path, colon + 1);
		port = 1, argv[1] = "0.0.0.0";
	}
	if (port < 1 || port > 65535 || size < 0 || size > 60000 || inet_pton(AF_INET, argv[1], &address.sin_addr) != 1)
		return fprintf(stderr, "usage: floor ADDR:PORT|unix:PATH BYTES\n"), 1;
	address.sin_port = htons(port);
	length = sprintf(answer, "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n"
		"Content-Length: %d\r\nCache-Control: private, max-age=21600\r\n\r\n", size);
	memset(answer + length, 'x', size);
	length += size;
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files); // as Go and Node do
	pthread_t thread;
	loops = sysconf(_SC_NPROCESSORS_ONLN);
	if (loops > MAX_LOOPS) loops = MAX_LOOPS;
	for (long i = 0; i < loops; i++) epolls[i] = epoll_create1(0);
	for (long i = 1; i < loops; i++)
		if (pthread_create(&thread, NULL, loop, (void *)i) != 0) die("pthread_create");
	loop(NULL);
}
