// SPDX-License-Identifier: GPL-2.0
/*
 * The ways to change the content of a file. Each returns 0, or -1 where the file system does not
 * offer it or, while others change the file as well, something came in between.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stale.h"

static int finish(int fd, int failed)
{
	return close(fd) || failed ? -1 : 0;
}

static off_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : st.st_size;
}

/* Where to change an open file: behind the program, before the end. */
static off_t place(struct worker *w, int fd)
{
	off_t size = size_of(fd);

	return size <= PROGRAM_SIZE + 64 ? -1 : PROGRAM_SIZE + 64 + (off_t)any(w, size - PROGRAM_SIZE - 64);
}

static int rewrite(struct worker *w, const char *path)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	make_content(w);
	return fd < 0 ? -1 : finish(fd, put_content(w, fd));
}

static int overwrite(struct worker *w, const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	make_content(w);
	return fd < 0 ? -1 : finish(fd, put_content(w, fd) || ftruncate(fd, w->size));
}

static int put_byte(struct worker *w, int fd, off_t at)
{
	unsigned char byte;

	if (at < 0 || pread(fd, &byte, 1, at) != 1)
		return -1;
	byte += 1 + any(w, 255);
	return pwrite(fd, &byte, 1, at) == 1 ? 0 : -1;
}

static int one_byte(struct worker *w, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -1 : finish(fd, put_byte(w, fd, place(w, fd)));
}

/* The time of modification is put back. */
static int one_byte_same_time(struct worker *w, const char *path)
{
	int failed, fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	failed = fstat(fd, &st) || put_byte(w, fd, place(w, fd));
	return finish(fd, failed || futimens(fd, (struct timespec[]){ st.st_atim, st.st_mtim }));
}

static int append(struct worker *w, const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	make_content(w);
	w->size = 1 + any(w, 64);
	return fd < 0 ? -1 : finish(fd, size_of(fd) > CONTENT_MAX - 64 || put_content(w, fd));
}

static int direct(struct worker *w, const char *path)
{
	static unsigned char page[4096] __attribute__((aligned(4096)));
	int failed, fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);

	if (fd < 0)
		return -1;
	failed = size_of(fd) < 8192 || pread(fd, page, 4096, 4096) != 4096;
	page[any(w, 4096)] += 1 + any(w, 255);
	return finish(fd, failed || pwrite(fd, page, 4096, 4096) != 4096);
}

/* Into the file, through a mapping that outlives the file descriptor. */
static int store(struct worker *w, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int failed;
	off_t at, size;
	unsigned char *map;

	if (fd < 0)
		return -1;
	at = place(w, fd);
	size = size_of(fd);
	map = at < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -1;
	failed = poke(w, map + at);
	if (!any(w, 4))
		msync(map, size, MS_SYNC);
	if (!any(w, 2))
		failed |= poke(w, map + at);
	return munmap(map, size) || failed ? -1 : 0;
}

static int cut(struct worker *w, const char *path)
{
	struct stat st;

	if (stat(path, &st) || st.st_size <= CONTENT_MIN)
		return -1;
	return truncate(path, CONTENT_MIN + any(w, st.st_size - CONTENT_MIN));
}

static int resize(struct worker *w, const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -1 : finish(fd, ftruncate(fd, CONTENT_MIN + any(w, CONTENT_MAX - CONTENT_MIN)));
}

/* A name that only this process uses. */
static const char *own_name(struct worker *w, const char *what)
{
	static char name[4096];

	snprintf(name, sizeof(name), "%s/%s-%u", w->dir, what, w->id);
	return name;
}

static int create(struct worker *w, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	make_content(w);
	return fd < 0 ? -1 : finish(fd, put_content(w, fd));
}

static int rename_over(struct worker *w, const char *path)
{
	const char *name = own_name(w, "new");

	unlink(name);
	return create(w, name) || rename(name, path) ? -1 : 0;
}

static int recreate(struct worker *w, const char *path)
{
	return unlink(path) || create(w, path) ? -1 : 0;
}

static int other_link(struct worker *w, const char *path)
{
	const char *name = own_name(w, "link");
	int failed;

	unlink(name);
	failed = link(path, name) || one_byte(w, name);
	return unlink(name) || failed ? -1 : 0;
}

static int make_room(struct worker *w, const char *path, int mode)
{
	int failed, fd = open(path, O_RDWR | O_CLOEXEC);
	off_t at;

	if (fd < 0)
		return -1;
	at = place(w, fd);
	failed = at < 0 || fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, at, 1 + any(w, size_of(fd) - at));
	return finish(fd, failed);
}

static int punch(struct worker *w, const char *path)
{
	return make_room(w, path, FALLOC_FL_PUNCH_HOLE);
}

static int zero(struct worker *w, const char *path)
{
	return make_room(w, path, FALLOC_FL_ZERO_RANGE);
}

static int collapse(struct worker *w, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	(void)w;
	return fd < 0 ? -1 : finish(fd, size_of(fd) <= 8192 || fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 4096, 4096));
}

static int from_other(struct worker *w, const char *path, int (*put)(int from, int to, struct worker *w))
{
	const char *name = own_name(w, "source");
	int from = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	int to = open(path, O_WRONLY | O_CLOEXEC);
	int failed;

	make_content(w);
	failed = from < 0 || to < 0 || put_content(w, from) || put(from, to, w);
	close(from);
	return finish(to, failed);
}

static int put_reflink(int from, int to, struct worker *w)
{
	return ioctl(to, FICLONE, from) || ftruncate(to, w->size);
}

static int put_copy(int from, int to, struct worker *w)
{
	loff_t at = 0;

	return copy_file_range(from, &at, to, NULL, w->size, 0) != (ssize_t)w->size || ftruncate(to, w->size);
}

static int reflink(struct worker *w, const char *path)
{
	return from_other(w, path, put_reflink);
}

static int copy_range(struct worker *w, const char *path)
{
	return from_other(w, path, put_copy);
}

static const struct {
	const char *name;
	int (*run)(struct worker *w, const char *path);
} ways[] = {
	{ "rewrite", rewrite },		{ "overwrite", overwrite },
	{ "one_byte", one_byte },	{ "one_byte_same_time", one_byte_same_time },
	{ "append", append },		{ "direct", direct },
	{ "store", store },		{ "cut", cut },
	{ "resize", resize },		{ "rename_over", rename_over },
	{ "recreate", recreate },	{ "other_link", other_link },
	{ "punch", punch },		{ "zero", zero },
	{ "collapse", collapse },	{ "reflink", reflink },
	{ "copy_range", copy_range },
};

const char *change(struct worker *w, const char *path)
{
	unsigned int i, try;

	for (try = 0; try < 10; try++) {
		i = any(w, sizeof(ways) / sizeof(*ways));
		if (!ways[i].run(w, path))
			return ways[i].name;
	}
	return NULL;
}
