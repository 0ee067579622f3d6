// SPDX-License-Identifier: GPL-2.0
/*
 * mapstore FILE: maps the file shared and writable, closes its descriptor and prints "ready". Then
 * stores the first byte of each line of standard input at the start of the file, without any
 * further system call on the file, and prints "stored" after each. At the end of the input it
 * unmaps and ends.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	volatile char *map;
	char line[16];
	int fd;

	if (argc != 2)
		errx(2, "usage: mapstore FILE");
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err(1, "%s", argv[1]);
	map = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap %s", argv[1]);
	close(fd);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		*map = line[0];
		puts("stored");
	}
	munmap((void *)map, 1);
	return 0;
}
