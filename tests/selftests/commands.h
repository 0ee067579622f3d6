/* SPDX-License-Identifier: GPL-2.0 */
/* What programs share of which the first argument names a command: its table, and how it fails. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The machine code of a function that returns 42. */
#if defined(__x86_64__)
/* mov $42, %eax; ret */
#define RETURN_42 { 0xb8, 42, 0, 0, 0, 0xc3 }
#elif defined(__aarch64__)
/* mov w0, #42; ret */
#define RETURN_42 { 0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6 }
#endif

struct command {
	const char *name;
	int (*run)(char **arg);
	int args;
};

/* Says what failed, and returns the errno for the exit status. */
static inline int fail(const char *what)
{
	int error = errno;

	perror(what);
	return error ? error : 1;
}

static inline int run_command(const struct command *commands, size_t count, int argc, char **argv)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (argc == commands[i].args + 2 && !strcmp(argv[1], commands[i].name))
			return commands[i].run(argv + 2);
	fprintf(stderr, "%s: no such command\n", argv[0]);
	return 2;
}

#endif
