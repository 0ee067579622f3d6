// SPDX-License-Identifier: GPL-2.0
/*
 * Makes one allocation fail, as the kernel's own fault injection does by fail-nth, which no
 * distribution's kernel has. For tests only.
 *
 * nth written: of the writing task, the allocation with this number fails, counted from 1 and from
 * now on; 0: none does.
 *	read: how many are still to come until one fails; 0 if it has failed
 *
 * Only allocations count that may fail and that have a frame of digest_lists in their stack. A
 * probe stands at the entry of the kernel's allocators; where an allocator calls another, each of
 * them counts.
 */
#include <linux/gfp.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#define DEPTH 64

static struct task_struct *task; /* only compared */
static unsigned int left;
static struct module *(*module_of)(unsigned long address);

/* What an allocator returns instead of memory. */
static noinline notrace void *nothing(void)
{
	return NULL;
}

static bool ours(void)
{
	unsigned long entries[DEPTH];
	unsigned int i, count = stack_trace_save(entries, DEPTH, 0);

	for (i = 0; i < count; i++) {
		struct module *module = module_of(entries[i]);

		if (module && !strcmp(module->name, "digest_lists"))
			return true;
	}
	return false;
}

/* Probes are called with preemption off, which keeps the modules of the stack. */
static int fail(struct pt_regs *regs, gfp_t gfp)
{
	if (current != READ_ONCE(task) || !left || in_hardirq() || in_serving_softirq())
		return 0;
	if ((gfp & __GFP_NOFAIL) || !ours() || --left)
		return 0;
	instruction_pointer_set(regs, (unsigned long)nothing);
	return 1;
}

#define ALLOCATOR(gfp) \
static int fail_##gfp(struct kprobe *probe, struct pt_regs *regs) \
{ \
	return fail(regs, regs_get_kernel_argument(regs, gfp)); \
}
ALLOCATOR(0)
ALLOCATOR(1)
ALLOCATOR(2)
ALLOCATOR(3)

/* The second argument is the size; none is how memory is freed. */
static int fail_resize(struct kprobe *probe, struct pt_regs *regs)
{
	return regs_get_kernel_argument(regs, 1) ? fail(regs, regs_get_kernel_argument(regs, 3)) : 0;
}

#ifdef CONFIG_SLAB_BUCKETS
#define fail_bucket fail_2
#define fail_bucket_align fail_3
#else
#define fail_bucket fail_1
#define fail_bucket_align fail_2
#endif

static struct kprobe probes[] = {
	{ .symbol_name = "__kmalloc_noprof", .pre_handler = fail_1 },
	{ .symbol_name = "__kmalloc_large_noprof", .pre_handler = fail_1 },
	{ .symbol_name = "__kmalloc_cache_noprof", .pre_handler = fail_1 },
	{ .symbol_name = "__kmalloc_cache_node_noprof", .pre_handler = fail_1 },
	{ .symbol_name = "__kmalloc_node_noprof", .pre_handler = fail_bucket },
	{ .symbol_name = "__kmalloc_node_track_caller_noprof", .pre_handler = fail_bucket },
	{ .symbol_name = "__kvmalloc_node_noprof", .pre_handler = fail_bucket_align },
	{ .symbol_name = "kmem_cache_alloc_noprof", .pre_handler = fail_1 },
	{ .symbol_name = "kmem_cache_alloc_node_noprof", .pre_handler = fail_1 },
	{ .symbol_name = "kmem_cache_alloc_lru_noprof", .pre_handler = fail_2 },
	{ .symbol_name = "krealloc_node_align_noprof", .pre_handler = fail_resize },
	{ .symbol_name = "kvrealloc_node_align_noprof", .pre_handler = fail_resize },
	{ .symbol_name = "vrealloc_node_align_noprof", .pre_handler = fail_resize },
	{ .symbol_name = "__alloc_frozen_pages_noprof", .pre_handler = fail_0 },
	{ .symbol_name = "alloc_pages_bulk_noprof", .pre_handler = fail_0 },
};

static int nth_set(const char *text, const struct kernel_param *param)
{
	unsigned int value;
	int ret = kstrtouint(text, 0, &value);

	if (ret)
		return ret;
	WRITE_ONCE(task, current);
	left = value;
	return 0;
}

static int nth_get(char *text, const struct kernel_param *param)
{
	return sprintf(text, "%u\n", left);
}

static const struct kernel_param_ops nth_ops = {
	.set = nth_set,
	.get = nth_get,
};
module_param_cb(nth, &nth_ops, NULL, 0600);
MODULE_PARM_DESC(nth, "Which allocation of the writing task fails");

static int __init fault_init(void)
{
	/* The address of a function that is not exported. The probe is never armed. */
	struct kprobe probe = {
		.symbol_name = "__module_address",
		.flags = KPROBE_FLAG_DISABLED,
	};
	unsigned int i;
	int ret = register_kprobe(&probe);

	if (ret)
		return ret;
	module_of = (void *)probe.addr;
	unregister_kprobe(&probe);

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		ret = register_kprobe(&probes[i]);
		if (!ret)
			continue;
		pr_err("digest_lists_fault: no probe at %s\n", probes[i].symbol_name);
		while (i--)
			unregister_kprobe(&probes[i]);
		return ret;
	}
	return 0;
}
module_init(fault_init);

static void __exit fault_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		unregister_kprobe(&probes[i]);
}
module_exit(fault_exit);

MODULE_AUTHOR("The digest_lists authors");
MODULE_DESCRIPTION("Makes allocations of digest_lists fail, for its selftests");
MODULE_LICENSE("GPL");
