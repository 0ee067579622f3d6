// SPDX-License-Identifier: GPL-2.0
/*
 * Contents: a program that exits with 0, then bytes that say whose content it is, then random ones.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stale.h"

void die(const char *what)
{
	fprintf(stderr, "stale: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A number below N. */
unsigned int any(struct worker *w, unsigned int n)
{
	/* xorshift64* */
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return (w->random * 0x2545f4914f6cdd1dull >> 33) % n;
}

#if defined(__x86_64__)
#define MACHINE EM_X86_64
/* xor %edi, %edi; mov $60, %eax; syscall */
static const unsigned char code[] = { 0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05 };
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
/* mov x0, #0; mov x8, #93; svc #0 */
static const unsigned char code[] = { 0, 0, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0, 0, 0xd4 };
#endif

static void put_program(unsigned char *page)
{
	const Elf64_Ehdr head = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = MACHINE,
		.e_version = EV_CURRENT,
		.e_entry = 0x400000 + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	const Elf64_Phdr segment = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_vaddr = 0x400000,
		.p_filesz = PROGRAM_SIZE,
		.p_memsz = PROGRAM_SIZE,
		.p_align = 4096,
	};

	memset(page, 0, PROGRAM_SIZE);
	memcpy(page, &head, sizeof(head));
	memcpy(page + sizeof(head), &segment, sizeof(segment));
	memcpy(page + sizeof(head) + sizeof(segment), code, sizeof(code));
}

static void fill(struct worker *w, const char *title)
{
	size_t i;

	w->size = CONTENT_MIN + any(w, CONTENT_MAX - CONTENT_MIN);
	put_program(w->content);
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
