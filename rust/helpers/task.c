// SPDX-License-Identifier: GPL-2.0

#include <linux/file.h>
#include <linux/preempt.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

bool diglist_in_interrupt(void)
{
	return in_interrupt();
}

bool diglist_fatal_signal_pending(void)
{
	return fatal_signal_pending(current);
}

void diglist_cond_resched(void)
{
	cond_resched();
}

/* Sleeps, as an idle task that may be frozen, until somebody wakes it. */
void diglist_sleep_idle(void)
{
	set_current_state(TASK_IDLE | TASK_FREEZABLE);
	schedule();
}

/*
 * The process after TASK, in a circle that begins and ends with init_task. To be called under RCU.
 */
struct task_struct *diglist_next_process(struct task_struct *task)
{
	return next_task(task);
}

/*
 * The address space of a process, also where its first thread has exited and others have not. Takes
 * a reference.
 */
struct mm_struct *diglist_process_mm(struct task_struct *leader)
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

/* The program that runs in MM, or NULL. Takes a reference. */
struct file *diglist_mm_program(struct mm_struct *mm)
{
	struct file *program;

	rcu_read_lock();
	program = get_file_rcu(&mm->exe_file);
	rcu_read_unlock();
	return program;
}
