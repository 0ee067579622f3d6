// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on mappings.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sequences.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static const int prots[] = {
	PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC,
	PROT_NONE, PROT_EXEC,
};

static int any_prot(struct task *t)
{
	return prots[any(t, sizeof(prots) / sizeof(*prots))];
}

static int unmap(struct task *t)
{
	struct map *map = any_map(t);

	if (!map->at)
		return -1;
	munmap(map->at, map->size);
	map->at = NULL;
	return 0;
}

static int map_file(struct task *t)
{
	struct map *map = &t->maps[any(t, MAPS)];
	const int fd = *any_fd(t), prot = any_prot(t), shared = any(t, 2);
	void *at = mmap(NULL, PAGE, prot, shared ? MAP_SHARED : MAP_PRIVATE, fd, 0);

	if (at == MAP_FAILED)
		return -1;
	if (map->at)
		munmap(map->at, map->size);
	*map = (struct map){ .at = at, .size = PAGE, .prot = prot, .shared = shared, .mapped = t->calls };
	return 0;
}

static int protect_by(struct task *t, int (*call)(void *at, size_t size, int prot))
{
	struct map *map = any_map(t);
	const int prot = any_prot(t);

	if (!map->at || call(map->at, map->size, prot))
		return -1;
	map->prot = prot;
	map->protected = t->calls;
	return 0;
}

static int protect(struct task *t)
{
	return protect_by(t, mprotect);
}

static int without_key(void *at, size_t size, int prot)
{
	return pkey_mprotect(at, size, prot, -1);
}

static int protect_with_key(struct task *t)
{
	return protect_by(t, without_key);
}

static int store(struct task *t)
{
	struct map *map = any_map(t);

	if (!map->at || !(map->prot & PROT_WRITE))
		return -1;
	map->own |= !map->shared;
	return poke(map->at + VERDICT, any(t, 3) ? EVIL : GOOD);
}

/* Through the memory of the process, which needs no mapping for writing if that is private. */
static int store_by_file(struct task *t)
{
	struct map *map = any_map(t);
	const unsigned char evil = EVIL;
	int fd, failed;

	if (!map->at)
		return -1;
	map->own |= !map->shared;
	fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	failed = pwrite(fd, &evil, 1, (off_t)(uintptr_t)map->at + VERDICT) != 1;
	close(fd);
	return failed ? -1 : 0;
}

static int move(struct task *t)
{
	struct map *map = any_map(t);
	void *at;

	if (!map->at)
		return -1;
	at = mremap(map->at, map->size, PAGE * (1 + any(t, 2)), MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		return -1;
	map->size = PAGE;
	map->at = at;
	return 0;
}

static int advise(struct task *t)
{
	static const int advice[] = { MADV_DONTNEED, MADV_PAGEOUT, MADV_COLD, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
				      MADV_REMOVE, MADV_WILLNEED };
	const int what = advice[any(t, sizeof(advice) / sizeof(*advice))];
	struct map *map = any_map(t);

	if (!map->at)
		return -1;
	/* That makes the copies that a store would make, of what is there. */
	map->own |= !map->shared && what == MADV_POPULATE_WRITE;
	return madvise(map->at, map->size, what);
}

static int flush(struct task *t)
{
	struct map *map = any_map(t);

	return map->at ? msync(map->at, map->size, any(t, 2) ? MS_SYNC : MS_INVALIDATE) : -1;
}

static int lock(struct task *t)
{
	struct map *map = any_map(t);

	if (!map->at)
		return -1;
	return any(t, 2) ? mlock(map->at, map->size) : munlock(map->at, map->size);
}

const struct call map_calls[] = {
	{ "mmap", map_file, 12 },	  { "munmap", unmap, 4 },
	{ "mprotect", protect, 8 },	  { "pkey_mprotect", protect_with_key, 1 },
	{ "store", store, 8 },		  { "store_by_mem", store_by_file, 2 },
	{ "mremap", move, 2 },		  { "madvise", advise, 2 },
	{ "msync", flush, 1 },		  { "mlock", lock, 1 },
	{ 0 },
};
