// SPDX-License-Identifier: GPL-2.0
/*
 * races closers FILE PROGRAM ROUNDS: makes FILE of PROGRAM and a number, through two descriptors
 * that two threads close at the same moment, and executes it. races rewrite FILE CONTENT ROUNDS:
 * maps a copy of CONTENT executable while another thread opens it, changes its first page and
 * closes it, and looks at what the mapping shows.
 *
 * Both print what the accesses came to: "allowed=N denied=N changed=N", where "changed" are those
 * mappings that were allowed and show other content.
 *
 * races pin FILE COMMAND...: runs the command while io_uring has the first page of FILE pinned for
 * writing, through a mapping that is gone. races often FILE TIMES COMMAND...: runs the command
 * while the first page of FILE is mapped as many times.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned int allowed, denied, changed;

static void *content;
static size_t size;

/*
 * What is created can be executed if the test executes it: programs that a list has cannot be
 * opened for writing.
 */
static mode_t mode = 0644;

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, mode);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void read_content(const char *path)
{
	int fd = open_or_die(path, O_RDONLY);
	struct stat st;

	if (fstat(fd, &st))
		err(1, "%s", path);
	size = st.st_size;
	content = malloc(size);
	if (!content || read(fd, content, size) != (ssize_t)size)
		err(1, "%s", path);
	close(fd);
}

static int make(const char *path)
{
	int fd;

	unlink(path);
	fd = open_or_die(path, O_CREAT | O_EXCL | O_RDWR);
	if (write(fd, content, size) != (ssize_t)size)
		err(1, "%s", path);
	return fd;
}

/* Runs a command and returns its exit status, 126 if it may not be executed. */
static int run(char **argv)
{
	int status;
	pid_t child = fork();

	if (!child) {
		execv(argv[0], argv);
		_exit(errno == EACCES ? 126 : 127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		err(1, "fork");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static pthread_barrier_t together;

static void *close_it(void *fd)
{
	pthread_barrier_wait(&together);
	close(*(int *)fd);
	return NULL;
}

static void closers(const char *path, unsigned int rounds)
{
	char *argv[] = { (char *)path, NULL };
	unsigned int round;

	pthread_barrier_init(&together, NULL, 2);
	for (round = 0; round < rounds; round++) {
		int fd = make(path), other = open_or_die(path, O_WRONLY | O_APPEND);
		pthread_t thread;

		if (dprintf(other, "%d %u\n", getpid(), round) < 0)
			err(1, "%s", path);
		pthread_create(&thread, NULL, close_it, &other);
		close_it(&fd);
		pthread_join(thread, NULL);
		if (run(argv) == 126)
			denied++;
		else
			allowed++;
	}
}

static long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct rewrite {
	const char *path;
	long delay;
};

static void *rewrite_it(void *arg)
{
	static const char other[4096] = "other content";
	struct rewrite *r = arg;
	int fd;

	pthread_barrier_wait(&together);
	usleep(r->delay);
	fd = open(r->path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (pwrite(fd, other, sizeof(other), 0) != sizeof(other))
			err(1, "%s", r->path);
		close(fd);
	}
	return NULL;
}

/* How long it takes to map the file where nobody writes it. */
static long map_once(const char *path)
{
	long start = now_us();
	int fd;

	close(make(path));
	fd = open_or_die(path, O_RDONLY);
	if (mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		err(1, "%s", path);
	close(fd);
	return now_us() - start;
}

static void rewrite(const char *path, unsigned int rounds)
{
	struct rewrite r = { path, 0 };
	long whole = map_once(path);
	unsigned int round;

	pthread_barrier_init(&together, NULL, 2);
	for (round = 0; round < rounds; round++) {
		pthread_t thread;
		void *map;
		int fd;

		close(make(path));
		fd = open_or_die(path, O_RDONLY);
		r.delay = whole * round / rounds;
		pthread_create(&thread, NULL, rewrite_it, &r);
		pthread_barrier_wait(&together);
		map = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
		pthread_join(thread, NULL);
		if (map == MAP_FAILED) {
			denied++;
		} else {
			allowed++;
			changed += memcmp(map, content, size) != 0;
			munmap(map, size);
		}
		close(fd);
	}
}

static int pin(const char *path, char **command)
{
	struct io_uring_params params = { 0 };
	int fd = open_or_die(path, O_RDWR), ring = syscall(SYS_io_uring_setup, 4, &params);
	struct iovec page = { mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), 4096 };

	if (ring < 0 || page.iov_base == MAP_FAILED)
		err(1, "io_uring");
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &page, 1))
		err(1, "IORING_REGISTER_BUFFERS");
	munmap(page.iov_base, 4096);
	close(fd);
	return run(command);
}

static int often(const char *path, unsigned int times, char **command)
{
	int fd = open_or_die(path, O_RDONLY);

	while (times--) {
		volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);

		if (page == MAP_FAILED)
			err(1, "mmap");
		(void)*page;
	}
	return run(command);
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "closers")) {
		mode = 0755;
		read_content(argv[3]);
		closers(argv[2], atoi(argv[4]));
	} else if (argc == 5 && !strcmp(argv[1], "rewrite")) {
		read_content(argv[3]);
		rewrite(argv[2], atoi(argv[4]));
	} else if (argc >= 4 && !strcmp(argv[1], "pin")) {
		return pin(argv[2], argv + 3);
	} else if (argc >= 5 && !strcmp(argv[1], "often")) {
		return often(argv[2], atoi(argv[3]), argv + 4);
	} else {
		errx(2, "wrong arguments");
	}
	printf("allowed=%u denied=%u changed=%u\n", allowed, denied, changed);
	return 0;
}
