// SPDX-License-Identifier: GPL-2.0

#include <linux/ftrace.h>
#include <linux/kprobes.h>

/*
 * A kprobe that is never armed: registering it resolves the name. Returns 0 if there is no such
 * function.
 */
unsigned long diglist_function_address(const char *name)
{
	struct kprobe probe = { .symbol_name = name, .flags = KPROBE_FLAG_DISABLED };
	unsigned long address;

	if (register_kprobe(&probe))
		return 0;
	address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return address;
}

unsigned long diglist_ftrace_direct_addr(unsigned long addr)
{
	return ftrace_jmp_set(addr);
}

/* Lets the traced function go on at the address in the private field of OPS. */
void notrace diglist_ftrace_redirect(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				     struct ftrace_regs *fregs)
{
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)ops->private);
}
