/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the program 'stale' share. */
#ifndef STALE_H
#define STALE_H

#include <stddef.h>
#include <stdint.h>

/* The program at the start of every content, which no change touches. */
#define PROGRAM_SIZE 256
#define CONTENT_MIN 512
#define CONTENT_MAX 12000
/* How many contents the digest list knows. */
#define KNOWN 16

/* One process of the test. */
struct worker {
	unsigned int id;
	uint64_t random;
	unsigned long made; /* contents */
	const char *dir;
	unsigned char content[CONTENT_MAX];
	size_t size;
};

/* sha256.c */
void sha256_hex(const void *data, size_t len, char hex[65]);

/* content.c */
void die(const char *what);
unsigned int any(struct worker *w, unsigned int n);
void known_content(struct worker *w, unsigned int number);
void make_content(struct worker *w);
int put_content(struct worker *w, int fd);
void put_file(struct worker *w, const char *path);

/* change.c */
const char *change(struct worker *w, const char *path);

/* mapping.c */
void mapped_hex(const unsigned char *map, size_t size, char hex[65]);
int poke(struct worker *w, volatile unsigned char *byte);

#endif
