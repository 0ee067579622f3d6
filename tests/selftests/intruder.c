// SPDX-License-Identifier: GPL-2.0
/*
 * intruder COMMAND ARGUMENT...: ways to bring other content into a file than somebody looked at,
 * with the rights that a user has on files of their own. Prints each step that the test waits for.
 * Fails with the errno of the call that failed as its exit status.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"

#define PAGE 4096
/* A huge page, and a large folio of tmpfs. */
#define LARGE (2UL << 20)

static const unsigned char code[] = RETURN_42;

static void say(const char *step)
{
	puts(step);
	fflush(stdout);
}

/* Waits for a line of input, or its end. */
static void wait_for_line(void)
{
	char line[16];

	if (!fgets(line, sizeof(line), stdin))
		clearerr(stdin);
}

static int call(void *start)
{
	int (*function)(void);

	__builtin___clear_cache(start, (char *)start + 8);
	memcpy(&function, &start, sizeof(function));
	return function();
}

static void *map_shared(int fd)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

/*
 * A direct read from SOURCE into a page of another file: from the moment it is sent until it is
 * answered the page is pinned.
 */
struct transfer {
	const char *asked; /* exists when the server of SOURCE has got the read */
	void *page;
	int source;
	ssize_t got;
	pthread_t thread;
};

static void *receive(void *arg)
{
	struct transfer *t = arg;

	t->got = read(t->source, t->page, PAGE);
	return NULL;
}

static int begin_transfer(struct transfer *t, const char *source, const char *asked)
{
	t->asked = asked;
	t->source = open(source, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (t->source < 0 || pthread_create(&t->thread, NULL, receive, t))
		return -1;
	while (access(asked, F_OK))
		usleep(1000);
	return 0;
}

static int end_transfer(struct transfer *t)
{
	pthread_join(t->thread, NULL);
	printf("transferred %zd\n", t->got);
	return 0;
}

/*
 * Maps a file shared, and has other descriptors of it, by OTHER, opened for writing and closed
 * TIMES times.
 */
static int map_and_let_others_close(char **arg, int *fd, void **page)
{
	int times = atoi(arg[1]);

	*fd = open(arg[0], O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		return -1;
	*page = map_shared(*fd);
	if (*page == MAP_FAILED)
		return -1;
	while (times--) {
		int other = open(arg[2], O_WRONLY | O_CLOEXEC);

		if (other < 0 || close(other))
			return -1;
	}
	return 0;
}

/*
 * pin FILE TIMES OTHER SOURCE ASKED: maps FILE shared while OTHER, a name of the same content, is
 * opened for writing and closed TIMES times; lets a read of SOURCE into the mapping begin; unmaps
 * and closes FILE.
 */
static int do_pin(char **arg)
{
	struct transfer t = { 0 };
	int fd;

	if (map_and_let_others_close(arg, &fd, &t.page) || begin_transfer(&t, arg[3], arg[4]))
		return fail("pin");
	if (munmap(t.page, PAGE) || close(fd))
		return fail("unmap");
	say("gone");
	return end_transfer(&t);
}

/*
 * pin-closed FILE TIMES OTHER SOURCE ASKED: the same, with the descriptor of FILE closed before the
 * read begins.
 */
static int do_pin_closed(char **arg)
{
	struct transfer t = { 0 };
	int fd;

	if (map_and_let_others_close(arg, &fd, &t.page) || close(fd) || begin_transfer(&t, arg[3], arg[4]))
		return fail("pin");
	if (munmap(t.page, PAGE))
		return fail("unmap");
	say("gone");
	return end_transfer(&t);
}

/*
 * pin-waiting FILE SOURCE ASKED: maps FILE shared and closes its descriptor, waits for a line of
 * input, lets a read of SOURCE into the mapping begin, and unmaps.
 */
static int do_pin_waiting(char **arg)
{
	struct transfer t = { 0 };
	int fd = open(arg[0], O_RDWR | O_CLOEXEC);

	t.page = fd < 0 ? MAP_FAILED : map_shared(fd);
	if (t.page == MAP_FAILED || close(fd))
		return fail("mmap");
	say("mapped");
	wait_for_line();
	if (begin_transfer(&t, arg[1], arg[2]) || munmap(t.page, PAGE))
		return fail("pin");
	say("gone");
	return end_transfer(&t);
}

struct direct_write {
	struct iovec parts[2];
	pthread_t thread;
	ssize_t written;
	int fd, error;
};

static void *write_directly(void *arg)
{
	struct direct_write *w = arg;

	w->written = pwritev(w->fd, w->parts, 2, 0);
	w->error = errno;
	return NULL;
}

/*
 * direct FILE WAY SOURCE ASKED: lets a direct write to FILE begin, of a page that SOURCE brings
 * late and one that is not there; reads the first page of FILE meanwhile, closes everything when
 * the write has failed. The first page is on the disk then, and the kernel has the former one
 * cached. WAY is how the descriptor comes to direct I/O: by 'open', or later by 'fcntl'.
 */
static int do_direct(char **arg)
{
	int later = !strcmp(arg[1], "fcntl"), source = open(arg[2], O_RDONLY | O_CLOEXEC);
	struct direct_write w = { 0 };
	char page[PAGE];
	int fd;

	w.fd = open(arg[0], O_WRONLY | O_CLOEXEC | (later ? 0 : O_DIRECT));
	if (source < 0 || w.fd < 0 || (later && fcntl(w.fd, F_SETFL, O_DIRECT)))
		return fail("open");
	w.parts[0].iov_base = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, source, 0);
	w.parts[1].iov_base = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	w.parts[0].iov_len = w.parts[1].iov_len = PAGE;
	if (w.parts[0].iov_base == MAP_FAILED || w.parts[1].iov_base == MAP_FAILED)
		return fail("mmap");
	if (pthread_create(&w.thread, NULL, write_directly, &w))
		return fail("pthread_create");
	while (access(arg[3], F_OK))
		usleep(1000);
	fd = open(arg[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, page, PAGE, 0) != PAGE || close(fd))
		return fail("read");
	say("read");
	pthread_join(w.thread, NULL);
	if (w.written >= 0) {
		fprintf(stderr, "the write did not fail\n");
		return 1;
	}
	printf("failed with %d\n", w.error);
	return close(w.fd) ? fail("close") : 0;
}

/* The place of the last page of a file, and how much of it is the file's. */
static off_t last_page(int fd, size_t *used)
{
	struct stat stat;

	if (fd < 0 || fstat(fd, &stat))
		return -1;
	*used = stat.st_size % PAGE;
	return stat.st_size - *used;
}

/*
 * behind FILE: has code on the disk behind the end of FILE, in its last page, by a direct write
 * that fails before the kernel moves the end.
 */
static int do_behind(char **arg)
{
	int fd = open(arg[0], O_RDWR | O_CLOEXEC), direct = open(arg[0], O_WRONLY | O_DIRECT | O_CLOEXEC);
	struct iovec parts[2];
	size_t used;
	off_t place = last_page(fd, &used);
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	if (direct < 0 || place < 0 || page == MAP_FAILED || pread(fd, page, used, place) != (ssize_t)used ||
	    mprotect(page + PAGE, PAGE, PROT_NONE))
		return fail("open");
	memcpy(page + used, code, sizeof(code));
	for (i = 0; i < 2; i++)
		parts[i] = (struct iovec){ page + i * PAGE, PAGE };
	if (pwritev(direct, parts, 2, place) >= 0) {
		fprintf(stderr, "the write did not fail\n");
		return 1;
	}
	return 0;
}

/* Maps the last page executable, and calls what stands behind the end. */
static int run_behind(int fd)
{
	size_t used;
	off_t place = last_page(fd, &used);
	char *start = place < 0 ? MAP_FAILED : mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, place);

	if (start == MAP_FAILED)
		return fail("mmap");
	printf("returned %d\n", call(start + used));
	return 0;
}

/* run-behind FILE: does so. */
static int do_run_behind(char **arg)
{
	return run_behind(open(arg[0], O_RDONLY | O_CLOEXEC));
}

/* run-sealed FILE: the same with a memfd that has the content of FILE, and is sealed. */
static int do_run_sealed(char **arg)
{
	static char content[16 * PAGE];
	int from = open(arg[0], O_RDONLY | O_CLOEXEC), fd = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	ssize_t size = read(from, content, sizeof(content));
	size_t used = 0;
	off_t place;
	char *start;

	if (fd < 0 || write(fd, content, size) != size)
		return fail("memfd");
	place = last_page(fd, &used);
	start = place < 0 ? MAP_FAILED : mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, place);
	if (start == MAP_FAILED)
		return fail("mmap");
	memcpy(start + used, code, sizeof(code));
	if (munmap(start, PAGE) || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW))
		return fail("seal");
	return run_behind(fd);
}

/*
 * run-sealed-large FILE KIND: the same with code in the last bytes of a large page that begins with
 * the content of FILE: one of hugetlbfs (KIND is "hugetlb"), or a folio of tmpfs ("shmem").
 */
static int do_run_sealed_large(char **arg)
{
	static char content[16 * PAGE];
	int is_hugetlb = !strcmp(arg[1], "hugetlb");
	int from = open(arg[0], O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC | (is_hugetlb ? MFD_HUGETLB : 0));
	ssize_t size = read(from, content, sizeof(content));
	char *room = mmap(NULL, 2 * LARGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *start = room + (LARGE - (uintptr_t)room % LARGE);

	if (fd < 0 || size < 0 || room == MAP_FAILED || (is_hugetlb ? fallocate(fd, 0, 0, size) : ftruncate(fd, size)))
		return fail("memfd");
	/* A writable mapping would move the end of the file on hugetlbfs. */
	if (mmap(start, LARGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    (!is_hugetlb && madvise(start, LARGE, MADV_HUGEPAGE)) || mprotect(start, LARGE, PROT_READ | PROT_WRITE))
		return fail("mmap to write");
	memcpy(start, content, size);
	memcpy(start + LARGE - PAGE, code, sizeof(code));
	if (munmap(start, LARGE) || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW))
		return fail("seal");
	if (mmap(start, LARGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
		return fail("mmap");
	/* A fault in the file maps all of a folio of tmpfs, one behind its end nothing. */
	(void)*(volatile char *)start;
	printf("returned %d\n", call(start + LARGE - PAGE));
	return 0;
}

/* The ioctl of a 32-bit program, where the processor has one. */
static int ioctl_of_32_bits(int fd, unsigned int cmd, void *arg)
{
#ifdef __x86_64__
	int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(54), "b"(fd), "c"(cmd), "d"(arg) : "memory");
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
#else
	return ioctl(fd, cmd, arg);
#endif
}

/* Zeros at an address of 32 bits. */
static void *low_page(void)
{
#ifdef __x86_64__
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	return page == MAP_FAILED ? NULL : page;
#else
	return calloc(1, PAGE);
#endif
}

/*
 * dedupe FROM TO BITS: has the first page of TO, which is opened for reading only, share the
 * storage of that of FROM. BITS is 32 or 64: of the program that asks for it.
 */
static int do_dedupe(char **arg)
{
	int from = open(arg[0], O_RDONLY | O_CLOEXEC), to = open(arg[1], O_RDONLY | O_CLOEXEC);
	struct file_dedupe_range *range = low_page();

	if (from < 0 || to < 0 || !range)
		return fail("open");
	range->src_length = PAGE;
	range->dest_count = 1;
	range->info[0].dest_fd = to;
	if (!strcmp(arg[2], "32") ? ioctl_of_32_bits(from, FIDEDUPERANGE, range) : ioctl(from, FIDEDUPERANGE, range))
		return fail("FIDEDUPERANGE");
	errno = -range->info[0].status;
	if (range->info[0].status < 0)
		return fail("dedupe");
	return range->info[0].status == FILE_DEDUPE_RANGE_SAME ? 0 : 1;
}

/*
 * move FILE DONOR: has the second page of both exchange storage. The content of FILE stays, and
 * DONOR gets zeros, which its cached pages do not have.
 */
static int do_move(char **arg)
{
	struct {
		unsigned int reserved, donor;
		unsigned long long start, donor_start, len, moved;
	} range = { 0 };
	int fd = open(arg[0], O_RDWR | O_CLOEXEC), donor = open(arg[1], O_RDWR | O_CLOEXEC);
	static char content[16 * PAGE];
	struct stat stat;

	if (fd < 0 || donor < 0 || fstat(fd, &stat) || read(donor, content, sizeof(content)) < 0)
		return fail("open");
	range.donor = donor;
	range.start = range.donor_start = range.len = PAGE / stat.st_blksize;
	if (ioctl(fd, _IOWR('f', 15, range), &range))
		return fail("EXT4_IOC_MOVE_EXT");
	return range.moved == range.len ? 0 : 1;
}

static atomic_int closing, closed;

static void *close_slowly(void *fd)
{
	atomic_store(&closing, 1);
	close(*(int *)fd);
	atomic_store(&closed, 1);
	return NULL;
}

/* Lets some time pass, on each machine its own. */
static void pause_processor(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#else
	__asm__ volatile("yield");
#endif
}

/*
 * Opens and maps FILE while another thread closes its last descriptor; whether both were done
 * before the close was.
 */
static int map_meanwhile(const char *path, long delay, int *fd, void **page)
{
	int last = open(path, O_RDWR | O_CLOEXEC);
	void *start = last < 0 ? MAP_FAILED : map_shared(last);
	pthread_t thread;
	int in_time;
	long i;

	if (start == MAP_FAILED || munmap(start, PAGE))
		return -1;
	atomic_store(&closing, 0);
	atomic_store(&closed, 0);
	if (pthread_create(&thread, NULL, close_slowly, &last))
		return -1;
	while (!atomic_load(&closing))
		;
	for (i = 0; i < delay; i++)
		pause_processor();
	*fd = open(path, O_RDWR | O_CLOEXEC);
	*page = *fd < 0 ? MAP_FAILED : map_shared(*fd);
	in_time = !atomic_load(&closed);
	pthread_join(thread, NULL);
	return *page == MAP_FAILED ? -1 : in_time;
}

/*
 * pin-race FILE TRIES SOURCE ASKED: opens FILE and maps it shared while its last writer is just
 * closing it, which takes as long as it has pages; then as pin does. Fails if no try of so many
 * came in between.
 */
static int do_pin_race(char **arg)
{
	struct transfer t = { 0 };
	int fd, try, in_time = 0;

	for (try = 0; !in_time && try < atoi(arg[1]); try++) {
		in_time = map_meanwhile(arg[0], 200 * (try % 40), &fd, &t.page);
		if (in_time < 0)
			return fail("open");
		if (!in_time && (munmap(t.page, PAGE) || close(fd)))
			return fail("unmap");
	}
	printf("%d tries\n", try);
	if (!in_time)
		return 1;
	if (begin_transfer(&t, arg[2], arg[3]) || munmap(t.page, PAGE) || close(fd))
		return fail("pin");
	say("gone");
	return end_transfer(&t);
}

/* Writes code by the descriptor through which it is mapped, and calls it. */
static int write_and_call(int fd, void *start)
{
	if (pwrite(fd, code, sizeof(code), 0) != sizeof(code))
		return fail("pwrite");
	printf("returned %d\n", call(start));
	return 0;
}

/*
 * run-writable FILE: maps FILE executable by a descriptor that is open for writing, writes code by
 * that, and calls it.
 */
static int do_run_writable(char **arg)
{
	int fd = open(arg[0], O_RDWR | O_CLOEXEC);
	void *start = fd < 0 ? MAP_FAILED : mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);

	return start == MAP_FAILED ? fail("mmap") : write_and_call(fd, start);
}

/* run-writable-late FILE: the same by mprotect(). */
static int do_run_writable_late(char **arg)
{
	int fd = open(arg[0], O_RDWR | O_CLOEXEC);
	void *start = fd < 0 ? MAP_FAILED : mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	if (start == MAP_FAILED || mprotect(start, PAGE, PROT_READ | PROT_EXEC))
		return fail("mmap");
	return write_and_call(fd, start);
}

/*
 * run-mapped FILE: maps FILE executable as a loader does, which closes the descriptor then, and
 * calls it; after a line of input calls it once more.
 */
static int do_run_mapped(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC);
	void *start = fd < 0 ? MAP_FAILED : mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	if (start == MAP_FAILED || close(fd))
		return fail("mmap");
	printf("returned %d\n", call(start));
	say("mapped");
	wait_for_line();
	printf("returned %d\n", call(start));
	return 0;
}

struct late {
	void *start;
	const char *good;
	long delay; /* in microseconds */
	int writer;
	int returned;
	int in_time;
	atomic_int go, done;
};

/* Calls what became executable, puts the content of GOOD in its place, and closes the file. */
static void *call_and_replace(void *arg)
{
	static char content[16 * PAGE];
	struct late *l = arg;
	int good = open(l->good, O_RDONLY | O_CLOEXEC);
	ssize_t size = read(good, content, sizeof(content));

	while (!atomic_load(&l->go))
		usleep(1000);
	usleep(l->delay);
	l->returned = call(l->start);
	if (pwrite(l->writer, content, size, 0) != size)
		perror("pwrite");
	close(l->writer);
	l->in_time = !atomic_load(&l->done);
	close(good);
	return NULL;
}

/* This thread runs only while no other wants to. */
static int be_last(void)
{
	const struct sched_param none = { 0 };

	return sched_setscheduler(0, SCHED_IDLE, &none);
}

static int use_one_processor(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

/*
 * run-late FILE GOOD MICROSECONDS: makes a mapping of FILE executable by an mprotect() that goes on
 * over many other mappings; calls it so many microseconds after that began, then puts the content
 * of GOOD there. Fails if mprotect() was done before.
 */
static int do_run_late(char **arg)
{
	enum { MAPPINGS = 20000 };
	struct late l = { .good = arg[1], .delay = atol(arg[2]), .writer = open(arg[0], O_RDWR | O_CLOEXEC) };
	int i, fd = open(arg[0], O_RDONLY | O_CLOEXEC);
	pthread_t thread;
	char *start;

	start = mmap(NULL, (MAPPINGS + 1) * (size_t)PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (fd < 0 || l.writer < 0 || start == MAP_FAILED || use_one_processor())
		return fail("open");
	l.start = mmap(start, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, fd, 0);
	if (l.start == MAP_FAILED)
		return fail("mmap");
	for (i = 1; i < MAPPINGS; i += 2)
		if (mprotect(start + i * (size_t)PAGE, PAGE, PROT_READ))
			return fail("mprotect");
	if (pthread_create(&thread, NULL, call_and_replace, &l) || be_last())
		return fail("thread");
	atomic_store(&l.go, 1);
	if (mprotect(start, MAPPINGS * (size_t)PAGE, PROT_READ | PROT_EXEC))
		return fail("mprotect");
	atomic_store(&l.done, 1);
	pthread_join(thread, NULL);
	printf("returned %d\n", l.returned);
	return l.in_time ? 0 : 1;
}

static const char *made_path;
static struct timespec made_at;
static atomic_int made;

static void add_microseconds(struct timespec *time, long more)
{
	time->tv_nsec += more * 1000;
	time->tv_sec += time->tv_nsec / 1000000000;
	time->tv_nsec %= 1000000000;
}

static void *make_file(void *unused)
{
	(void)unused;
	if (use_one_processor() || be_last())
		perror("sched");
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &made_at, NULL);
	if (mknod(made_path, S_IFREG | 0755, 0))
		perror("mknod");
	atomic_store(&made, 1);
	return NULL;
}

/* Keeps the maker from going on, from some microseconds after it began to. */
static void *hold_maker(void *delay)
{
	struct timespec until = made_at, now;

	if (use_one_processor() || prctl(PR_SET_TIMERSLACK, 1))
		perror("sched");
	add_microseconds(&until, *(long *)delay);
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	add_microseconds(&until, 100000);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (now.tv_sec < until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec < until.tv_nsec));
	return NULL;
}

/* Writes content to the file as soon as it is there, and maps it executable. */
static void *fill_and_map(const char *path, const char *content, size_t size)
{
	void *start;
	int fd, over;

	do {
		over = atomic_load(&made);
		fd = open(path, O_WRONLY | O_CLOEXEC);
	} while (fd < 0 && !over);
	if (fd < 0 || write(fd, content, size) != (ssize_t)size || close(fd))
		return MAP_FAILED;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	start = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	return start;
}

/*
 * make-race FILE GOOD TRIES: has a file made by mknod(2), whose maker is kept from going on at some
 * moment; puts the content of GOOD there meanwhile, maps it executable, and opens it for writing
 * when the maker is done. Where that succeeds, it writes code, calls it, and ends. Fails if the
 * file was never mapped before its maker was done.
 */
static int do_make_race(char **arg)
{
	static char content[16 * PAGE];
	int good = open(arg[1], O_RDONLY | O_CLOEXEC), try, in_time = 0;
	ssize_t size = read(good, content, sizeof(content));

	made_path = arg[0];
	for (try = 0; try < atoi(arg[2]); try++) {
		long delay = 20 * (try % 50);
		pthread_t maker, holder;
		void *start;
		int fd;

		atomic_store(&made, 0);
		clock_gettime(CLOCK_MONOTONIC, &made_at);
		add_microseconds(&made_at, 20000);
		if (pthread_create(&maker, NULL, make_file, NULL) || pthread_create(&holder, NULL, hold_maker, &delay))
			return fail("pthread_create");
		start = fill_and_map(made_path, content, size);
		if (start == MAP_FAILED)
			return fail("map");
		in_time += !atomic_load(&made);
		pthread_join(maker, NULL);
		pthread_join(holder, NULL);
		fd = open(made_path, O_RDWR | O_CLOEXEC);
		if (fd >= 0) {
			printf("try %d: ", try);
			return write_and_call(fd, start);
		}
		if (errno != EACCES || munmap(start, PAGE) || unlink(made_path))
			return fail("open");
	}
	fprintf(stderr, "%d of %d in time\n", in_time, try);
	return !in_time;
}

/*
 * make-exec FILE TIMES: maps the first page of FILE TIMES times, with a gap after each, and makes
 * all of them executable.
 */
static int do_make_exec(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC), times = atoi(arg[1]), i;
	char *start = mmap(NULL, 2 * times * (size_t)PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (fd < 0 || start == MAP_FAILED)
		return fail("open");
	for (i = 0; i < times; i++)
		if (mmap(start + 2 * i * (size_t)PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
			return fail("mmap");
	say("begins");
	if (mprotect(start, 2 * times * (size_t)PAGE, PROT_READ | PROT_EXEC))
		return fail("mprotect");
	say("executable");
	return 0;
}

static const struct command commands[] = {
	{ "pin", do_pin, 5 },
	{ "pin-closed", do_pin_closed, 5 },
	{ "pin-waiting", do_pin_waiting, 3 },
	{ "pin-race", do_pin_race, 4 },
	{ "direct", do_direct, 4 },
	{ "behind", do_behind, 1 },
	{ "run-behind", do_run_behind, 1 },
	{ "run-sealed", do_run_sealed, 1 },
	{ "run-sealed-large", do_run_sealed_large, 2 },
	{ "dedupe", do_dedupe, 3 },
	{ "move", do_move, 2 },
	{ "run-writable", do_run_writable, 1 },
	{ "run-writable-late", do_run_writable_late, 1 },
	{ "run-mapped", do_run_mapped, 1 },
	{ "run-late", do_run_late, 3 },
	{ "make-race", do_make_race, 3 },
	{ "make-exec", do_make_exec, 2 },
};

int main(int argc, char **argv)
{
	return run_command(commands, sizeof(commands) / sizeof(*commands), argc, argv);
}
