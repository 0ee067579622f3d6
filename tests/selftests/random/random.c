// SPDX-License-Identifier: GPL-2.0
#include "random.h"

/* A number below N. The state is not 0. */
unsigned int random_below(uint64_t *state, unsigned int n)
{
	/* xorshift64* */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * 0x2545f4914f6cdd1dull >> 33) % n;
}
