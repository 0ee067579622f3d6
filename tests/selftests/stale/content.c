// SPDX-License-Identifier: GPL-2.0
/*
 * Contents: a program that exits with 0, then bytes that say whose content it is, then random ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../random/random.h"
#include "stale.h"

void die(const char *what)
{
	fprintf(stderr, "stale: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A number below N. */
unsigned int any(struct worker *w, unsigned int n)
{
	return random_below(&w->random, n);
}

static void fill(struct worker *w, const char *title)
{
	size_t i;

	w->size = CONTENT_MIN + any(w, CONTENT_MAX - CONTENT_MIN);
	put_program(w->content, PROGRAM_SIZE, 0);
	for (i = PROGRAM_SIZE; i < w->size; i++)
		w->content[i] = any(w, 256);
	memcpy(w->content + PROGRAM_SIZE, title, strlen(title) + 1);
}

/* The content that the digest list knows by this number. */
void known_content(struct worker *w, unsigned int number)
{
	uint64_t random = w->random;
	char title[32];

	w->random = 1000 + number;
	snprintf(title, sizeof(title), "known %u", number);
	fill(w, title);
	w->random = random;
}

/* One of those, or one that never was before. */
void make_content(struct worker *w)
{
	char title[64];

	if (!any(w, 3)) {
		known_content(w, any(w, KNOWN));
		return;
	}
	snprintf(title, sizeof(title), "%llx %u %lu", (unsigned long long)w->random, w->id, w->made++);
	fill(w, title);
}

int put_content(struct worker *w, int fd)
{
	return write(fd, w->content, w->size) == (ssize_t)w->size ? 0 : -1;
}

/* A new file. */
void put_file(struct worker *w, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	if (fd < 0 || put_content(w, fd) || close(fd))
		die(path);
}
