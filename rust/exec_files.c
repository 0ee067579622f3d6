// SPDX-License-Identifier: GPL-2.0
/*
 * Files that are programs: those that running processes were made of, and how such a file is told from others.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "helpers.h"

/* Adds the executable mappings of one address space that FILES does not have yet; each with a reference. */
static size_t add_files(struct mm_struct *mm, struct file **files, size_t count, size_t room)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;
	size_t i;

	mmap_read_lock(mm);
	for_each_vma(vmi, vma) {
		if (!vma->vm_file || !(vma->vm_flags & VM_EXEC) || count == room)
			continue;
		for (i = 0; i < count && file_inode(files[i]) != file_inode(vma->vm_file); i++)
			;
		if (i == count)
			files[count++] = get_file(vma->vm_file);
	}
	mmap_read_unlock(mm);
	return count;
}

/* Fills FILES with distinct files, at most ROOM, and returns how many. The caller drops them. May sleep. */
ssize_t diglist_exec_files(struct file **files, size_t room)
{
	struct task_struct *task, **tasks;
	size_t count = 0, filled = 0, limit = 0, i;
	struct mm_struct *mm;

	rcu_read_lock();
	for_each_process(task)
		limit++;
	rcu_read_unlock();
	/* Who comes from now on was forked, or executes what is checked. */
	limit += 64;
	tasks = kvcalloc(limit, sizeof(*tasks), GFP_KERNEL);
	if (!tasks)
		return -ENOMEM;
	rcu_read_lock();
	for_each_process(task) {
		if (filled < limit)
			tasks[filled++] = get_task_struct(task);
	}
	rcu_read_unlock();
	for (i = 0; i < filled; i++) {
		mm = get_task_mm(tasks[i]);
		if (mm) {
			count = add_files(mm, files, count, room);
			mmput(mm);
		}
		put_task_struct(tasks[i]);
	}
	kvfree(tasks);
	return count;
}

/*
 * Whether FILE has content of its own, to read which does nothing: not so where a server or a driver answers, as on FUSE,
 * procfs and sysfs.
 */
bool diglist_file_is_inert(const struct file *file)
{
	struct inode *inode = d_real_inode(file_dentry(file));
	const struct address_space *mapping = inode->i_mapping;

	return !(inode->i_sb->s_iflags & SB_I_IMA_UNVERIFIABLE_SIGNATURE) &&
	       (mapping->a_ops->read_folio || shmem_mapping((struct address_space *)mapping));
}

/* Whether anybody may execute it. */
bool diglist_file_is_executable(const struct file *file)
{
	return file_inode(file)->i_mode & 0111;
}
