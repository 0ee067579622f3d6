// SPDX-License-Identifier: GPL-2.0
/*
 * interpreter [FILE]: an interpreter that asks the kernel whether a script may be executed before
 * it believes a line of it (AT_EXECVE_CHECK), whoever calls it and however the script arrives: by
 * name, through "#!", or on standard input. Its language has one statement a line, 'print TEXT',
 * and comments. Exit status 126 where the script is refused, as a shell has it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AT_EXECVE_CHECK
#define AT_EXECVE_CHECK 0x10000
#endif

enum {
	FAILED = 1,
	SYNTAX = 2,
	REFUSED = 126,
};

/*
 * Of what is open, so that the name cannot lead elsewhere between the question and the first line.
 */
static int may_execute(int fd, const char *name)
{
	const char *argv[] = { name, NULL }, *envp[] = { NULL };

	return !syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH | AT_EXECVE_CHECK);
}

static int run_line(const char *line, const char *name, unsigned int number)
{
	static const char print[] = "print ";

	if (*line == '#' || *line == '\n')
		return 0;
	if (!strncmp(line, print, strlen(print))) {
		fputs(line + strlen(print), stdout);
		return 0;
	}
	fprintf(stderr, "interpreter: %s:%u: no such statement\n", name, number);
	return SYNTAX;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "standard input";
	int fd = argc > 1 ? open(name, O_RDONLY | O_CLOEXEC) : STDIN_FILENO, error = 0;
	unsigned int number = 0;
	char line[1024];
	FILE *script;

	if (fd < 0) {
		fprintf(stderr, "interpreter: %s: %s\n", name, strerror(errno));
		return FAILED;
	}
	if (!may_execute(fd, name)) {
		fprintf(stderr, "interpreter: %s: %s\n", name, strerror(errno));
		return REFUSED;
	}
	script = fdopen(fd, "r");
	if (!script) {
		fprintf(stderr, "interpreter: %s: %s\n", name, strerror(errno));
		return FAILED;
	}
	while (!error && fgets(line, sizeof(line), script))
		error = run_line(line, name, ++number);
	return error;
}
