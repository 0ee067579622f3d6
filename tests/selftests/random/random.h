/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs 'stale' and 'sequences' share, which use files at random. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* The byte of a program in which its exit status stands. */
extern const size_t PROGRAM_STATUS;

unsigned int random_below(uint64_t *state, unsigned int n);
void put_program(unsigned char *content, size_t size, unsigned char status);

#endif
