// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of io_uring: opens, writes, and buffers that stay pinned when their mapping has gone.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sequences.h"

static struct io_uring_params params;
static unsigned char *rings;
static struct io_uring_sqe *entries;

static void *map_ring(struct task *t, size_t size, off_t part)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, t->ring, part);
}

/* One ring for each process, which its children do not use. */
static int begin(struct task *t)
{
	if (t->ring >= 0)
		return 0;
	memset(&params, 0, sizeof(params));
	t->ring = syscall(__NR_io_uring_setup, 4, &params);
	if (t->ring < 0)
		return -1;
	rings = map_ring(t, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe) + PAGE, IORING_OFF_SQ_RING);
	entries = map_ring(t, params.sq_entries * sizeof(*entries), IORING_OFF_SQES);
	if (rings == MAP_FAILED || (void *)entries == MAP_FAILED)
		die("mmap of a ring");
	return 0;
}

/* Submits an entry and waits for it. Returns its result. */
static int submit(struct task *t, const struct io_uring_sqe *entry)
{
	_Atomic unsigned int *tail, *head;
	unsigned int mask, at;
	int result;

	if (begin(t))
		return -1;
	tail = (void *)(rings + params.sq_off.tail);
	mask = *(unsigned int *)(rings + params.sq_off.ring_mask);
	at = atomic_load(tail);
	entries[at & mask] = *entry;
	((unsigned int *)(rings + params.sq_off.array))[at & mask] = at & mask;
	atomic_store(tail, at + 1);
	if (syscall(__NR_io_uring_enter, t->ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		die("io_uring_enter");
	head = (void *)(rings + params.cq_off.head);
	mask = *(unsigned int *)(rings + params.cq_off.ring_mask);
	at = atomic_load(head);
	result = ((struct io_uring_cqe *)(rings + params.cq_off.cqes))[at & mask].res;
	atomic_store(head, at + 1);
	return result;
}

static int ring_open(struct task *t)
{
	static const int flags[] = { O_RDONLY, O_RDWR, O_WRONLY | O_TRUNC };
	const struct io_uring_sqe entry = {
		.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)any_path(t),
		.open_flags = flags[any(t, 3)] | O_CLOEXEC | O_NOFOLLOW,
	};

	return hold(t, submit(t, &entry));
}

static int ring_write(struct task *t)
{
	static unsigned char content[CONTENT_MAX];
	const size_t size = make_content(t, content, any(t, 2));
	const struct io_uring_sqe entry = {
		.opcode = IORING_OP_WRITE,
		.fd = *any_fd(t),
		.addr = (uintptr_t)content,
		.len = size,
	};

	return submit(t, &entry) == (int)size ? 0 : -1;
}

static int ring_cut(struct task *t)
{
	const struct io_uring_sqe entry = {
		.opcode = IORING_OP_FTRUNCATE,
		.fd = *any_fd(t),
		.off = any(t, 2) ? 0 : any(t, CONTENT_MAX),
	};

	return submit(t, &entry);
}

/* The pages of a mapping become a buffer, which outlives the mapping and every open file. */
static struct iovec buffer;

static int pin(struct task *t)
{
	struct map *map = any_map(t);

	if (!map->at || begin(t))
		return -1;
	syscall(__NR_io_uring_register, t->ring, IORING_UNREGISTER_BUFFERS, NULL, 0);
	map->own |= !map->shared;
	buffer = (struct iovec){ map->at, PAGE };
	return syscall(__NR_io_uring_register, t->ring, IORING_REGISTER_BUFFERS, &buffer, 1) ? -1 : 0;
}

/* Reads from a file of this process into the buffer. */
static int store_into_pinned(struct task *t)
{
	struct io_uring_sqe entry = {
		.opcode = IORING_OP_READ_FIXED,
		.addr = (uintptr_t)buffer.iov_base + VERDICT,
		.len = 1,
	};
	const unsigned char evil = EVIL;
	int result;

	if (t->ring < 0 || !buffer.iov_base)
		return -1;
	entry.fd = memfd_create("source", MFD_CLOEXEC);
	if (entry.fd < 0 || write(entry.fd, &evil, 1) != 1)
		die("memfd_create");
	result = submit(t, &entry);
	close(entry.fd);
	return result == 1 ? 0 : -1;
}

static int unpin(struct task *t)
{
	if (t->ring < 0)
		return -1;
	buffer = (struct iovec){ 0 };
	return syscall(__NR_io_uring_register, t->ring, IORING_UNREGISTER_BUFFERS, NULL, 0) ? -1 : 0;
}

const struct call ring_calls[] = {
	{ "uring_open", ring_open, 2 },
	{ "uring_write", ring_write, 2 },
	{ "uring_ftruncate", ring_cut, 1 },
	{ "uring_pin", pin, 3 },
	{ "uring_read_fixed", store_into_pinned, 6 },
	{ "uring_unpin", unpin, 1 },
	{ 0 },
};
