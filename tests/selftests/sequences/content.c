// SPDX-License-Identifier: GPL-2.0
/*
 * Contents: a program that exits with a number that stands in it, and bytes behind it.
 */
#include <string.h>

#include "sequences.h"

/* The content that the digest list knows by this number. Returns its size. */
size_t known_content(unsigned int number, unsigned char content[CONTENT_MAX])
{
	const size_t size = PAGE + number * 1021 % (CONTENT_MAX - PAGE);

	memset(content, 0, size);
	put_program(content, PAGE, GOOD);
	content[size - 1] = 1 + number;
	return size;
}

/* One of those, or the same as an unknown one. Returns its size. */
size_t make_content(struct task *t, unsigned char content[CONTENT_MAX], int evil)
{
	const size_t size = known_content(any(t, KNOWN), content);

	if (evil)
		content[VERDICT] = EVIL;
	return size;
}
