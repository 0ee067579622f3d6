/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the program 'sequences' share. */
#ifndef SEQUENCES_H
#define SEQUENCES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../random/random.h"

#define PAGE 4096
/* The most that a content takes; nothing grows beyond FILE_MAX. */
#define CONTENT_MAX (3 * PAGE)
#define FILE_MAX (8 * PAGE)
/* How many contents the digest list knows, and what they exit with when executed. */
#define KNOWN 8
#define GOOD 10
/* What every unknown content exits with. It stands in this byte of the content. */
#define EVIL 77
#define VERDICT PROGRAM_STATUS

#define FDS 8
#define MAPS 6
#define TRAIL 48

/* A mapping that the task has. */
struct map {
	unsigned char *at;
	size_t size;
	int prot;
	int shared;
	int own; /* the task may have written its private copy, which is no content of a file */
	unsigned long mapped, protected; /* by which of the task's calls */
};

/* One process of the test, and what it holds. */
struct task {
	unsigned int id;
	uint64_t random;
	const char *dir;
	unsigned int files;
	int fds[FDS];
	struct map maps[MAPS];
	int ring; /* of io_uring, or -1 */
	int depth; /* in how many namespaces of its own */
	unsigned int trail[TRAIL]; /* the last calls */
	unsigned long calls;
};

/* content.c */
size_t make_content(struct task *t, unsigned char content[CONTENT_MAX], int evil);
size_t known_content(unsigned int number, unsigned char content[CONTENT_MAX]);

/* main.c */
void die(const char *what);
unsigned int any(struct task *t, unsigned int n);
int *any_fd(struct task *t);
struct map *any_map(struct task *t);
const char *any_path(struct task *t);
int open_path(const char *path, int flags);
int hold(struct task *t, int fd);
void run_calls(struct task *t, unsigned long calls);
void let_go(struct task *t);

/* look.c */
void saw_evil(struct task *t, const char *what, const struct map *map);
void look(struct task *t);
int look_at(const struct map *map);
int poke(unsigned char *byte, unsigned char value);
int execute(struct task *t, int dir, const char *path, int flags);

/* A call succeeds with 0. Whether it does depends on what came before. */
struct call {
	const char *name;
	int (*run)(struct task *t);
	unsigned int weight;
};

/* files.c, maps.c, ring.c, spaces.c; each ends with an entry without a name. */
extern const struct call file_calls[], map_calls[], ring_calls[], space_calls[];

#endif
