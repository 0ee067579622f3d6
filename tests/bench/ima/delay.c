// SPDX-License-Identifier: GPL-2.0
/*
 * A TPM that takes its time: preloaded into swtpm, waits TPM_EXTEND_MICROSECONDS in each
 * TPM2_PCR_Extend before the command is carried out. Emulated time passes meanwhile as it does for
 * a chip.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* TPM 2.0 Part 2, 6.5.2; the code stands behind tag and size, in the byte order of the network. */
static const unsigned char PCR_EXTEND[] = { 0x00, 0x00, 0x01, 0x82 };

uint32_t TPMLIB_Process(unsigned char **answer, uint32_t *size, uint32_t *room, unsigned char *command,
			uint32_t length)
{
	static uint32_t (*process)(unsigned char **, uint32_t *, uint32_t *, unsigned char *, uint32_t);
	static long microseconds = -1;

	if (!process)
		process = dlsym(RTLD_NEXT, "TPMLIB_Process");
	if (microseconds < 0) {
		const char *text = getenv("TPM_EXTEND_MICROSECONDS");

		microseconds = text ? atol(text) : 0;
	}
	if (microseconds && length >= 10 && !memcmp(command + 6, PCR_EXTEND, sizeof(PCR_EXTEND))) {
		struct timespec delay = {
			.tv_sec = microseconds / 1000000,
			.tv_nsec = microseconds % 1000000 * 1000,
		};

		while (nanosleep(&delay, &delay))
			;
	}
	return process(answer, size, room, command, length);
}
