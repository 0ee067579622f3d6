// SPDX-License-Identifier: GPL-2.0
/*
 * stale known DIRECTORY: writes the contents that the digest list is to know.
 * stale files DIRECTORY FILES SEED: makes the files that are to be changed.
 *
 * stale turns|races DIRECTORY FILES SEED CHANGES JOURNAL COUNT [enforcing]: several processes
 * change the files in DIRECTORY at random and access them, and write down what they saw: each to
 * JOURNAL-N, a line per change and per access,
 *
 *   change FILE WAY
 *   access FILE KIND RECORDS DIGEST	RECORDS is what COUNT, a file of the module, said after the access, DIGEST is
 *					that of the content which the access got
 *   overlapped FILE KIND		the file changed meanwhile: nobody knows which content the access got
 *   refused FILE KIND			the access failed, as it may while others have the file open for writing
 *   mapped FILE DIGEST DIGEST		where the module enforces: what a mapping that was made shows, while it lasts, if
 *					the file has the size of before and of after it was made; '-' where the mapping
 *					ends before that
 *   denied FILE KIND RECORDS DIGEST	where the module enforces: it was denied for want of permission
 *
 * In turns, a file is locked for a change or for an access, so that every access is a sure one; but
 * writers keep files open and mapped over many turns, except where the module enforces: that denies
 * them for it. In races nothing is locked, and an access is sure if no change of the file began or
 * ended while it lasted.
 *
 * A process that dies is named, with its signal, and the others go on: the locks are robust. The
 * exit status is 1 then.
 *
 * Accesses are made with the real user id MEASURED, all else as root: what is read to know the
 * content must not be what gets it measured.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stale.h"

#define MEASURED 4242
#define WORKERS 4
/* More than any content takes. */
#define CONTENT_ROOM ((size_t)2 * CONTENT_MAX)

/* What the processes know of a file. */
struct slot {
	pthread_mutex_t turn;
	atomic_uint begun, ended; /* changes */
};

static struct slot *slots;
static unsigned int files;
static int races, enforcing;
static FILE *journal;
static const char *count_path;
static struct worker me;

/*
 * A file that is kept open for writing, or a mapping of it, and one that is kept open for reading.
 */
static struct {
	unsigned int file;
	int fd;
	unsigned char *map;
} writer = { .fd = -1 };
static struct {
	unsigned int file;
	int fd;
} reader = { .fd = -1 };

static const char *path_of(unsigned int file)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/f%u", me.dir, file);
	return path;
}

static void become(uid_t uid)
{
	if (setresuid(uid, 0, 0))
		die("setresuid");
}

static void digest_of(int fd, char hex[65])
{
	static unsigned char content[CONTENT_ROOM];
	ssize_t size = pread(fd, content, sizeof(content), 0);

	if (size < 0)
		die("pread");
	sha256_hex(content, size, hex);
}

static size_t size_now(int fd)
{
	struct stat st;

	if (fstat(fd, &st) || (size_t)st.st_size > CONTENT_ROOM)
		die("fstat");
	return st.st_size;
}

/*
 * Whoever changes the file, a mapping that was allowed shows what was allowed: twice, with some
 * time in between. Of the two sizes one is that of what is mapped: on overlayfs a copy-up, after
 * which the mapping still shows the lower file, may come afterwards, and elsewhere the file cannot
 * change from then on.
 */
static void judge_mapping(unsigned int file, const unsigned char *map, size_t before, size_t after)
{
	char hex[65], other[65];
	int i;

	for (i = 0; i < 2; i++) {
		mapped_hex(map, before, hex);
		mapped_hex(map, after, other);
		fprintf(journal, "mapped %u %s %s\n", file, hex, other);
		usleep(any(&me, 2000));
	}
}

/*
 * A process that died with the lock may have been changing the file: its change then never ends,
 * and no access is sure.
 */
static void take_turn(unsigned int file)
{
	int error = pthread_mutex_lock(&slots[file].turn);

	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(&slots[file].turn);
	if (error) {
		errno = error;
		die("pthread_mutex_lock");
	}
}

static unsigned long records(void)
{
	char text[32] = "";
	int fd = open(count_path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die(count_path);
	close(fd);
	return strtoul(text, NULL, 10);
}

/*
 * Whether the file was executed, -1 if that was denied; where it was not, only because it is open
 * for writing or just not there.
 */
static int execute(const char *path)
{
	volatile int error = 0;
	int status;
	pid_t child = vfork();

	if (!child) {
		execl(path, path, NULL);
		error = errno;
		_exit(99);
	}
	if (waitpid(child, &status, 0) != child)
		die("waitpid");
	if (!status)
		return 1;
	if (enforcing && error == EACCES)
		return -1;
	if (error == ETXTBSY || (races && (error == ENOENT || error == ENOEXEC || error == EIO || !error)))
		return 0;
	fprintf(stderr, "stale: %s: status %#x, errno %d\n", path, status, error);
	exit(1);
}

static void access_file(unsigned int file)
{
	static const char *const kinds[] = { "open", "exec", "map" };
	unsigned int kind = any(&me, 3), begun, ended, sure;
	const char *path = path_of(file);
	int done = 0, fd = -1;
	unsigned long seen;
	size_t before;
	void *map;
	char hex[65];

	if (kind == 2 && reader.fd < 0)
		kind = 0;
	if (kind == 2)
		file = reader.file;
	if (!races)
		take_turn(file);
	ended = atomic_load(&slots[file].ended);
	begun = atomic_load(&slots[file].begun);
	become(MEASURED);
	switch (kind) {
	case 0:
		fd = open(path, O_RDONLY | O_CLOEXEC);
		done = fd >= 0;
		break;
	case 1:
		done = execute(path);
		break;
	case 2:
		before = size_now(reader.fd);
		map = mmap(NULL, CONTENT_ROOM, PROT_READ | PROT_EXEC, MAP_PRIVATE, reader.fd, 0);
		done = map != MAP_FAILED ? 1 : enforcing && errno == EACCES ? -1 : 0;
		if (done > 0) {
			if (enforcing)
				judge_mapping(file, map, before, size_now(reader.fd));
			munmap(map, CONTENT_ROOM);
		}
		fd = reader.fd;
	}
	become(0);
	seen = records();
	if (kind == 1)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!races && (fd < 0 || (kind != 1 && !done)))
		die(path);
	if (fd >= 0)
		digest_of(fd, hex);
	sure = begun == ended && fd >= 0 && atomic_load(&slots[file].begun) == begun;
	if (!done)
		fprintf(journal, "refused %u %s\n", file, kinds[kind]);
	else if (!sure)
		fprintf(journal, "overlapped %u %s\n", file, kinds[kind]);
	else
		fprintf(journal, "%s %u %s %lu %s\n", done > 0 ? "access" : "denied", file, kinds[kind], seen, hex);

	if (kind == 2) {
		if (!any(&me, 3)) {
			close(reader.fd);
			reader.fd = -1;
		}
	} else if (fd >= 0 && kind == 0 && reader.fd < 0 && !any(&me, 4)) {
		reader.file = file;
		reader.fd = fd;
	} else if (fd >= 0) {
		close(fd);
	}
	if (!races)
		pthread_mutex_unlock(&slots[file].turn);
}

/*
 * Keeps a file open or mapped, changes it through that, or lets go of it. Returns the way if it was
 * a change.
 */
static const char *keep_writing(void)
{
	const char *way = NULL;
	unsigned char byte;

	if (writer.fd < 0 && !writer.map) {
		writer.fd = open(path_of(writer.file), O_RDWR | O_CLOEXEC);
		if (writer.fd < 0 || any(&me, 2))
			return NULL;
		writer.map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, writer.fd, 0);
		if (writer.map == MAP_FAILED)
			die("mmap");
		close(writer.fd);
		writer.fd = -1;
		return NULL;
	}
	/* Every content has these bytes. */
	if (writer.map) {
		if (!poke(&me, writer.map + CONTENT_MIN - 1 - any(&me, 64)))
			way = "kept_store";
	} else {
		byte = any(&me, 256);
		if (pwrite(writer.fd, &byte, 1, CONTENT_MIN - 1 - any(&me, 64)) == 1)
			way = "kept_write";
	}
	if (!any(&me, 3)) {
		if (writer.map)
			munmap(writer.map, 4096);
		else
			close(writer.fd);
		writer.map = NULL;
		writer.fd = -1;
	}
	return way;
}

static unsigned int change_file(unsigned int file)
{
	const int kept = !enforcing && !any(&me, 6);
	const char *way;

	if (kept && (writer.fd >= 0 || writer.map))
		file = writer.file;
	if (kept)
		writer.file = file;
	if (!races)
		take_turn(file);
	atomic_fetch_add(&slots[file].begun, 1);
	way = kept ? keep_writing() : change(&me, path_of(file));
	atomic_fetch_add(&slots[file].ended, 1);
	if (way)
		fprintf(journal, "change %u %s\n", file, way);
	if (!races)
		pthread_mutex_unlock(&slots[file].turn);
	return way != NULL;
}

/* Frees inodes and pages, so that what is known of them goes and their memory is used again. */
static void press_memory(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, any(&me, 2) ? "2" : "3", 1) != 1)
		die("drop_caches");
	close(fd);
}

static int work(unsigned int changes)
{
	unsigned int made = 0, file, i;

	while (made < changes) {
		file = any(&me, files);
		if (any(&me, 5) < 2) {
			made += change_file(file);
			continue;
		}
		for (i = 0; i < 1 + any(&me, 3); i++)
			access_file(file);
		if (!any(&me, 300))
			press_memory();
		if (!any(&me, 300)) {
			i = open(me.dir, O_RDONLY | O_CLOEXEC);
			syncfs(i);
			close(i);
		}
	}
	if (writer.map)
		munmap(writer.map, 4096);
	return fclose(journal);
}

static void write_files(const char *name, unsigned int count, void (*make)(struct worker *w, unsigned int number))
{
	char path[4096];
	unsigned int i;

	for (i = 0; i < count; i++) {
		make(&me, i);
		snprintf(path, sizeof(path), "%s/%s%u", me.dir, name, i);
		put_file(&me, path);
	}
}

static void make_any(struct worker *w, unsigned int number)
{
	(void)number;
	make_content(w);
}

/* Waits for all processes. Returns how many did not end well. */
static unsigned int wait_for_all(const pid_t workers[WORKERS], const char *seed)
{
	unsigned int failed = 0, i;
	int status;

	for (i = 0; i < WORKERS; i++) {
		if (waitpid(workers[i], &status, 0) != workers[i])
			die("waitpid");
		if (WIFSIGNALED(status))
			fprintf(stderr, "stale: seed %s: process %u was killed by signal %d (%s)\n", seed, i, WTERMSIG(status),
				strsignal(WTERMSIG(status)));
		failed += status != 0;
	}
	return failed;
}

static uint64_t seed(const char *text, unsigned int id)
{
	return (atoi(text) * 16ull + id + 1) * 0x9e3779b97f4a7c15ull;
}

int main(int argc, char **argv)
{
	pthread_mutexattr_t shared;
	pid_t workers[WORKERS];
	char name[4096];
	unsigned int i;

	me.random = argc > 4 ? seed(argv[4], WORKERS) : 1;
	me.id = WORKERS;
	me.dir = argv[argc > 2 ? 2 : 0];
	if (argc == 3 && !strcmp(argv[1], "known")) {
		write_files("known", KNOWN, known_content);
		return 0;
	}
	if (argc == 5 && !strcmp(argv[1], "files")) {
		write_files("f", atoi(argv[3]), make_any);
		return 0;
	}
	enforcing = argc == 9 && !strcmp(argv[8], "enforcing");
	if (argc != 8 && !enforcing) {
		fprintf(stderr, "stale: wrong arguments\n");
		return 2;
	}
	races = !strcmp(argv[1], "races");
	files = atoi(argv[3]);
	count_path = argv[7];
	slots = mmap(NULL, files * sizeof(*slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (slots == MAP_FAILED)
		die("mmap");
	pthread_mutexattr_init(&shared);
	pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&shared, PTHREAD_MUTEX_ROBUST);
	for (i = 0; i < files; i++)
		pthread_mutex_init(&slots[i].turn, &shared);
	for (i = 0; i < WORKERS; i++) {
		workers[i] = fork();
		if (workers[i] < 0)
			die("fork");
		if (workers[i])
			continue;
		me.id = i;
		me.random = seed(argv[4], i);
		snprintf(name, sizeof(name), "%s-%u", argv[6], i);
		journal = fopen(name, "we");
		if (!journal)
			die(name);
		return work(atoi(argv[5]) / WORKERS) ? 1 : 0;
	}
	return wait_for_all(workers, argv[4]) ? 1 : 0;
}
