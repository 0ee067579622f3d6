// SPDX-License-Identifier: GPL-2.0
/*
 * Looks at mappings and changes them where the file may be cut meanwhile: then there is no page,
 * and the kernel sends SIGBUS.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "stale.h"

static sigjmp_buf no_page;

static void on_sigbus(int signal)
{
	siglongjmp(no_page, signal);
}

/* Changes a byte of a mapping. Returns -1 where there is no page. */
int poke(struct worker *w, volatile unsigned char *byte)
{
	signal(SIGBUS, on_sigbus);
	if (sigsetjmp(no_page, 1)) {
		signal(SIGBUS, SIG_DFL);
		return -1;
	}
	*byte += 1 + any(w, 254);
	signal(SIGBUS, SIG_DFL);
	return 0;
}

/* The digest of what a mapping shows, or '-' where the file ends before. */
void mapped_hex(const unsigned char *map, size_t size, char hex[65])
{
	signal(SIGBUS, on_sigbus);
	if (sigsetjmp(no_page, 1))
		strcpy(hex, "-");
	else
		sha256_hex(map, size, hex);
	signal(SIGBUS, SIG_DFL);
}
