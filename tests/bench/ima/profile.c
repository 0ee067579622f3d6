// SPDX-License-Identifier: GPL-2.0
/*
 * profile COMMAND...: runs it, and tells where the processor was meanwhile, in the kernel and
 * outside: a sample every 20 microseconds of its clock, by function, in lines
 *
 *   profile MODULE FUNCTION SAMPLES
 *
 * where MODULE is 'kernel', the name of a module, or 'user'. Where interrupts are off, samples
 * count for what switches them on.
 */
#define _GNU_SOURCE
#include <linux/perf_event.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES 8192

struct symbol {
	uint64_t start;
	unsigned long samples;
	char name[160], module[40];
};

static struct symbol *symbols;
static size_t count;
static unsigned long user, lost;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static int by_samples(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->samples > y->samples ? -1 : x->samples < y->samples;
}

static void read_symbols(void)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[1024], type;
	size_t room = 0;

	if (!file)
		die("/proc/kallsyms");
	while (fgets(line, sizeof(line), file)) {
		struct symbol *one;
		unsigned long long start;

		if (count == room) {
			room = room ? room * 2 : 65536;
			symbols = realloc(symbols, room * sizeof(*symbols));
			if (!symbols)
				die("realloc");
		}
		one = &symbols[count];
		memset(one, 0, sizeof(*one));
		strcpy(one->module, "kernel");
		if (sscanf(line, "%llx %c %159s [%39[^]]", &start, &type, one->name, one->module) < 3)
			continue;
		if (type != 't' && type != 'T' && type != 'w' && type != 'W')
			continue;
		one->start = start;
		count++;
	}
	fclose(file);
	qsort(symbols, count, sizeof(*symbols), by_address);
}

static void sample(uint64_t address)
{
	size_t low = 0, high = count;

	if (!(address >> 63)) {
		user++;
		return;
	}
	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (symbols[middle].start <= address)
			low = middle;
		else
			high = middle;
	}
	symbols[low].samples++;
}

static void drain(struct perf_event_mmap_page *page)
{
	char *data = (char *)page + page->data_offset;
	uint64_t head = atomic_load_explicit((_Atomic uint64_t *)&page->data_head, memory_order_acquire);
	uint64_t tail = page->data_tail;

	while (tail < head) {
		struct perf_event_header *header = (void *)(data + tail % page->data_size);

		/* All records are of multiples of 8 bytes, so that none of their fields wraps. */
		if (header->type == PERF_RECORD_SAMPLE)
			sample(*(uint64_t *)(data + (tail + sizeof(*header)) % page->data_size));
		else if (header->type == PERF_RECORD_LOST)
			lost += *(uint64_t *)(data + (tail + sizeof(*header) + 8) % page->data_size);
		tail += header->size;
	}
	atomic_store_explicit((_Atomic uint64_t *)&page->data_tail, tail, memory_order_release);
}

int main(int argc, char **argv)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = 20000,
		.sample_type = PERF_SAMPLE_IP,
		.disabled = 1,
		.exclude_idle = 1,
	};
	struct perf_event_mmap_page *page;
	int fd, status;
	pid_t child;

	if (argc < 2) {
		fprintf(stderr, "usage: profile COMMAND...\n");
		return 2;
	}
	/* Of the one processor. */
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0);
	if (fd < 0)
		die("perf_event_open");
	page = mmap(NULL, (PAGES + 1) * 4096L, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		die("mmap");
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	child = fork();
	if (!child) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (waitpid(child, &status, 0) != child)
		die("wait");
	ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	if (status) {
		fprintf(stderr, "the command failed\n");
		return 1;
	}
	read_symbols();
	drain(page);
	qsort(symbols, count, sizeof(*symbols), by_samples);
	printf("profile user - %lu\nprofile lost - %lu\n", user, lost);
	for (size_t i = 0; i < count && symbols[i].samples; i++)
		printf("profile %s %s %lu\n", symbols[i].module, symbols[i].name, symbols[i].samples);
	return 0;
}
