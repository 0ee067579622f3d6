// SPDX-License-Identifier: GPL-2.0
/*
 * sequences known DIRECTORY: writes the contents that the digest list is to know.
 *
 * sequences run DIRECTORY FILES SEED CALLS TASKS: so many tasks of an ordinary user make CALLS
 * random calls each, of those that reach the hooks of the module, on the files in the directory,
 * while root drops caches and listens with fanotify. The module allows that user to execute and to
 * map for execution what the list knows. Every unknown content differs in one byte, which says so
 * when it is executed and when it is mapped. Whoever sees that says what, with the calls that came
 * before, and the exit status is 77. At last a line for each call: how often it succeeded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sequences.h"

#define USER 4242
#define KINDS 64

static const struct call *const tables[] = { file_calls, map_calls, ring_calls, space_calls };
static const struct call *calls[KINDS];
static unsigned int kinds, weights;
/* What all tasks count, for each call: tries, and successes. */
static struct {
	atomic_ulong tried, done;
} *counts;

void die(const char *what)
{
	fprintf(stderr, "sequences: %s: %s\n", what, strerror(errno));
	_exit(1);
}

/* A number below N. */
unsigned int any(struct task *t, unsigned int n)
{
	return random_below(&t->random, n);
}

/* One of the descriptors, seldom none; and one of the places for mappings, mostly one in use. */
int *any_fd(struct task *t)
{
	unsigned int i, tries = 6;

	do
		i = any(t, FDS);
	while (t->fds[i] < 0 && --tries);
	return &t->fds[i];
}

struct map *any_map(struct task *t)
{
	unsigned int i, tries = 4;

	do
		i = any(t, MAPS);
	while (!t->maps[i].at && --tries);
	return &t->maps[i];
}

const char *any_path(struct task *t)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/f%u", t->dir, any(t, t->files));
	return path;
}

int open_path(const char *path, int flags)
{
	return open(path, flags | O_NOFOLLOW | O_CLOEXEC);
}

/* Keeps a descriptor in the place of another one. Returns -1 if it is none. */
int hold(struct task *t, int fd)
{
	int *place = &t->fds[any(t, FDS)];

	if (fd < 0)
		return -1;
	if (*place >= 0)
		close(*place);
	*place = fd;
	return 0;
}

/* The file that is mapped at an address, as the kernel shows it. */
static void print_mapped(const void *at)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[4096], start[32];
	int n = snprintf(start, sizeof(start), "%lx-", (unsigned long)at);

	while (maps && fgets(line, sizeof(line), maps))
		if (!strncmp(line, start, n))
			fprintf(stderr, "  %s", line);
	if (maps)
		fclose(maps);
}

/*
 * Says what was seen, by which mapping if one is given, and which calls came before, and ends the
 * process.
 */
void saw_evil(struct task *t, const char *what, const struct map *map)
{
	struct stat st;
	unsigned long i;

	fprintf(stderr, "UNKNOWN: %s (task %u%s).\n", what, t->id, t->depth ? ", in namespaces of its own" : "");
	if (map) {
		fprintf(stderr, "  mapped by call %lu, its protection changed by call %lu\n", map->mapped, map->protected);
		print_mapped(map->at);
	}
	for (i = 0; i < FDS; i++)
		if (t->fds[i] >= 0 && !fstat(t->fds[i], &st))
			fprintf(stderr, "  a descriptor: inode %lu, flags %#x\n", (unsigned long)st.st_ino,
				fcntl(t->fds[i], F_GETFL));
	fprintf(stderr, "  the calls before:");
	for (i = t->calls > TRAIL ? t->calls - TRAIL : 0; i < t->calls; i++)
		fprintf(stderr, " %lu:%s", i + 1, calls[t->trail[i % TRAIL]]->name);
	fputc('\n', stderr);
	_exit(EVIL);
}

void run_calls(struct task *t, unsigned long number)
{
	unsigned int kind, left;

	while (number--) {
		left = any(t, weights);
		for (kind = 0; left >= calls[kind]->weight; kind++)
			left -= calls[kind]->weight;
		t->trail[t->calls++ % TRAIL] = kind;
		atomic_fetch_add(&counts[kind].tried, 1);
		if (!calls[kind]->run(t))
			atomic_fetch_add(&counts[kind].done, 1);
		look(t);
	}
}

/* Closes and unmaps everything. */
void let_go(struct task *t)
{
	int i;

	for (i = 0; i < MAPS; i++)
		if (t->maps[i].at)
			munmap(t->maps[i].at, t->maps[i].size);
	for (i = 0; i < FDS; i++)
		if (t->fds[i] >= 0)
			close(t->fds[i]);
}

static void make_files(struct task *t)
{
	static unsigned char content[CONTENT_MAX];
	char path[4096];
	unsigned int i;
	size_t size;
	int fd;

	for (i = 0; i < t->files; i++) {
		snprintf(path, sizeof(path), "%s/f%u", t->dir, i);
		size = make_content(t, content, 0);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
		if (fd < 0 || write(fd, content, size) != (ssize_t)size || fchown(fd, USER, USER) || close(fd))
			die(path);
	}
}

static int write_known(const char *dir)
{
	static unsigned char content[CONTENT_MAX];
	char path[4096];
	unsigned int i;
	FILE *file;

	for (i = 0; i < KNOWN; i++) {
		snprintf(path, sizeof(path), "%s/known%u", dir, i);
		file = fopen(path, "we");
		if (!file || fwrite(content, known_content(i, content), 1, file) != 1 || fclose(file))
			die(path);
	}
	return 0;
}

/*
 * Root: allows whatever fanotify asks for, having read it, and drops caches. Until the parent ends.
 */
static void assist(const char *dir)
{
	const int group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC);
	struct pollfd ready = { .fd = group, .events = POLLIN };
	struct fanotify_event_metadata event;
	struct fanotify_response response = { .response = FAN_ALLOW };
	unsigned int rounds = 0;
	char byte;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (group < 0 ||
	    fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM, AT_FDCWD, dir))
		die("fanotify");
	for (;;) {
		if (poll(&ready, 1, 50) > 0 && read(group, &event, sizeof(event)) == sizeof(event)) {
			/*
			 * Every other of them is looked at through the descriptor that comes with
			 * it.
			 */
			if (++rounds % 2 && pread(event.fd, &byte, 1, 0) < 0)
				rounds++;
			response.fd = event.fd;
			if (write(group, &response, sizeof(response)) != sizeof(response) && errno != ENOENT)
				die("the answer to fanotify");
			close(event.fd);
		}
		if (rounds++ % 2000)
			continue;
		fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "3", 1) != 1)
			die("drop_caches");
		close(fd);
	}
}

static void begin_task(struct task *t, unsigned int id, uint64_t seed)
{
	const struct rlimit most = { FILE_MAX, FILE_MAX };
	int i;

	t->id = id;
	t->ring = -1;
	t->random = (seed * 64 + id + 1) * 0x9e3779b97f4a7c15ull;
	for (i = 0; i < FDS; i++)
		t->fds[i] = -1;
	if (id && (setgroups(0, NULL) || setresgid(USER, USER, USER) || setresuid(USER, USER, USER)))
		die("setresuid");
	/* Its own files in /proc are its own again. */
	prctl(PR_SET_DUMPABLE, 1);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &most);
}

int main(int argc, char **argv)
{
	struct task task = { 0 };
	unsigned int i, tasks, table, worst = 0;
	const struct call *call;
	pid_t assistant, child;
	int status;

	if (argc == 3 && !strcmp(argv[1], "known"))
		return write_known(argv[2]);
	if (argc != 7 || strcmp(argv[1], "run")) {
		fprintf(stderr, "sequences: wrong arguments\n");
		return 2;
	}
	for (table = 0; table < sizeof(tables) / sizeof(*tables); table++)
		for (call = tables[table]; call->name; call++) {
			calls[kinds++] = call;
			weights += call->weight;
		}
	counts = mmap(NULL, kinds * sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		die("mmap");
	task.dir = argv[2];
	task.files = atoi(argv[3]);
	tasks = atoi(argv[6]);
	task.random = atoll(argv[4]) + 1;
	make_files(&task);
	assistant = fork();
	if (!assistant)
		assist(task.dir);
	for (i = 1; i <= tasks; i++) {
		if (fork())
			continue;
		begin_task(&task, i, atoll(argv[4]));
		run_calls(&task, strtoul(argv[5], NULL, 10));
		let_go(&task);
		_exit(0);
	}
	for (i = 0; i < tasks; i++) {
		child = wait(&status);
		if (child == assistant || child < 0) {
			fprintf(stderr, "sequences: root's part ended with status %#x\n", status);
			return 1;
		}
		if (!WIFEXITED(status)) {
			fprintf(stderr, "sequences: a task was killed by signal %d\n", WTERMSIG(status));
			worst = worst ? worst : 1;
		} else if (WEXITSTATUS(status) > worst) {
			worst = WEXITSTATUS(status);
		}
	}
	kill(assistant, SIGKILL);
	for (i = 0; i < kinds; i++)
		printf("%s %lu %lu\n", calls[i]->name, atomic_load(&counts[i].done), atomic_load(&counts[i].tried));
	return worst;
}
