// SPDX-License-Identifier: GPL-2.0
/*
 * The programs of running processes, what they have mapped executable, and what they can write by a shared mapping.
 */
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "helpers.h"

/* How often, over all processes, a lock is tried that somebody holds, every 10 ms: 3 s. */
#define PATIENCE 300

/* Uses being collected: an array, and a table of places in it, from 1, by the hash of inode and ids. */
struct collected {
	struct diglist_exec_use *uses;
	size_t count;
	size_t room;
	u32 *places;
	unsigned int bits;
	struct diglist_exec_use beyond;
};

static struct inode *inode_of(const struct diglist_exec_use *use)
{
	return file_inode(use->file);
}

/* The use of FILE with IDS, added if it is not there; one that does not count if there is no room. Takes a reference. */
static struct diglist_exec_use *add_use(struct collected *c, struct file *file, const struct diglist_cred_ids *ids)
{
	unsigned long key = (unsigned long)file_inode(file) + ids->uid + 31UL * ids->euid + 127UL * ids->gid;
	u32 slot = hash_long(key, c->bits), mask = (1U << c->bits) - 1;
	struct diglist_exec_use *use;

	for (; c->places[slot]; slot = (slot + 1) & mask) {
		use = &c->uses[c->places[slot] - 1];
		if (inode_of(use) == file_inode(file) && !memcmp(&use->ids, ids, sizeof(*ids)))
			return use;
	}
	if (c->count == c->room)
		return &c->beyond;
	use = &c->uses[c->count++];
	use->file = get_file(file);
	use->ids = *ids;
	c->places[slot] = c->count;
	return use;
}

/* Whoever shares the address space, or has it handle a fault, can hold its lock for as long as he likes. */
static bool lock_address_space(struct mm_struct *mm, unsigned int *patience)
{
	while (!mmap_read_trylock(mm)) {
		if (!*patience || fatal_signal_pending(current))
			return false;
		--*patience;
		msleep(10);
	}
	return true;
}

/* The program of one process, and those of its mappings that count. Returns false if those could not be looked at. */
static bool add_process(struct collected *c, struct mm_struct *mm, const struct diglist_cred_ids *ids,
			unsigned int *patience)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;
	struct file *program;

	rcu_read_lock();
	program = get_file_rcu(&mm->exe_file);
	rcu_read_unlock();
	if (program) {
		add_use(c, program, ids)->executed = 1;
		fput(program);
	}
	if (!lock_address_space(mm, patience))
		return false;
	for_each_vma(vmi, vma) {
		if (!vma->vm_file)
			continue;
		if (vma->vm_flags & VM_EXEC)
			add_use(c, vma->vm_file, ids)->mapped = 1;
		if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE))
			add_use(c, vma->vm_file, ids)->shared = 1;
	}
	mmap_read_unlock(mm);
	return true;
}

/* The address space of a process, also where its first thread has exited and others have not. */
static struct mm_struct *process_mm(struct task_struct *leader)
{
	struct mm_struct *mm = NULL;
	struct task_struct *task;

	rcu_read_lock();
	for_each_thread(leader, task) {
		mm = get_task_mm(task);
		if (mm)
			break;
	}
	rcu_read_unlock();
	return mm;
}

static int by_inode(const void *one, const void *other)
{
	const struct inode *a = inode_of(one), *b = inode_of(other);

	return a < b ? -1 : a > b;
}

/* References to all processes, in an array that the caller frees; NULL if there is no memory. */
static struct task_struct **all_processes(size_t *count)
{
	struct task_struct *task, **tasks;
	size_t limit = 0;

	rcu_read_lock();
	for_each_process(task)
		limit++;
	rcu_read_unlock();
	/* Who comes from now on was forked, or executes what is checked. */
	limit += 64;
	*count = 0;
	tasks = kvcalloc(limit, sizeof(*tasks), GFP_KERNEL);
	if (!tasks)
		return NULL;
	rcu_read_lock();
	for_each_process(task) {
		if (*count < limit)
			tasks[(*count)++] = get_task_struct(task);
	}
	rcu_read_unlock();
	return tasks;
}

/*
 * Fills USES, which must be zero, with distinct uses, at most ROOM, those of one inode together, and returns how many. The
 * caller drops the files. UNSEEN becomes the number of processes whose mappings could not be looked at. May sleep.
 */
ssize_t diglist_exec_uses(struct diglist_exec_use *uses, size_t room, unsigned int *unseen)
{
	struct collected c = { .uses = uses, .room = room, .bits = ilog2(room) + 1 };
	unsigned int patience = PATIENCE;
	struct diglist_cred_ids ids;
	struct task_struct **tasks;
	struct mm_struct *mm;
	size_t count, i;

	*unseen = 0;
	c.places = kvcalloc(1UL << c.bits, sizeof(*c.places), GFP_KERNEL);
	tasks = c.places ? all_processes(&count) : NULL;
	if (!tasks) {
		kvfree(c.places);
		return -ENOMEM;
	}
	for (i = 0; i < count; i++) {
		mm = process_mm(tasks[i]);
		if (mm) {
			memset(&ids, 0, sizeof(ids));
			rcu_read_lock();
			diglist_cred_ids(__task_cred(tasks[i]), &ids);
			rcu_read_unlock();
			if (!add_process(&c, mm, &ids, &patience))
				++*unseen;
			mmput(mm);
		}
		put_task_struct(tasks[i]);
	}
	kvfree(tasks);
	kvfree(c.places);
	sort(uses, c.count, sizeof(*uses), by_inode, NULL);
	return c.count;
}
