// SPDX-License-Identifier: GPL-2.0

#include <linux/ftrace.h>
#include <linux/stringify.h>

#ifdef CONFIG_ARM64
/*
 * ftrace has no jump here: it calls, with the address to which the traced function would return in
 * x9. Each of these places makes a jump of that: the function of its number finds in x30 what it
 * would find if it were called in place of the traced one.
 */
#define DIGLIST_JUMPS 32
extern char diglist_jumps[DIGLIST_JUMPS][32];
unsigned long diglist_jump_targets[DIGLIST_JUMPS];

asm("	.pushsection .text, \"ax\", @progbits\n"
    "	.balign	32\n"
    "	.type	diglist_jumps, @function\n"
    "diglist_jumps:\n"
    "	.set	place, 0\n"
    "	.rept	" __stringify(DIGLIST_JUMPS) "\n"
    "	hint	34\n" /* bti c */
    "	mov	x30, x9\n"
    "	adrp	x16, diglist_jump_targets + place\n"
    "	ldr	x16, [x16, #:lo12:diglist_jump_targets + place]\n"
    "	br	x16\n"
    "	.balign	32\n"
    "	.set	place, place + 8\n"
    "	.endr\n"
    "	.size	diglist_jumps, . - diglist_jumps\n"
    "	.popsection\n");

/*
 * What ftrace is given to make a traced function jump to ADDR: the place that does, the same each
 * time. Returns 0 if there are too few. Takes no lock, so not for several tasks at a time.
 */
unsigned long diglist_ftrace_direct_addr(unsigned long addr)
{
	int i;

	for (i = 0; i < DIGLIST_JUMPS; i++) {
		if (!diglist_jump_targets[i])
			diglist_jump_targets[i] = addr;
		if (diglist_jump_targets[i] == addr)
			return (unsigned long)diglist_jumps[i];
	}
	return 0;
}
#else
/*
 * The same by the jump of ftrace. Returns 0 where ftrace only calls: ADDR would return into the
 * traced function.
 */
unsigned long diglist_ftrace_direct_addr(unsigned long addr)
{
	return IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_JMP) ? ftrace_jmp_set(addr) : 0;
}
#endif

/* Lets the traced function go on at the address in the private field of OPS. */
void notrace diglist_ftrace_redirect(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				     struct ftrace_regs *fregs)
{
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)ops->private);
}

/* One of several functions with the same ftrace_ops, and what is called in its place. */
struct diglist_redirection {
	unsigned long from; /* 0 after the last */
	unsigned long to;
};

/*
 * The same where the private field of OPS has one for each of its functions. IP lies some
 * instructions into the function: it is in the last one that begins before.
 */
void notrace diglist_ftrace_redirect_each(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
					  struct ftrace_regs *fregs)
{
	const struct diglist_redirection *each;
	unsigned long from = 0, to = 0;

	for (each = ops->private; each->from; each++) {
		if (each->from <= ip && each->from > from) {
			from = each->from;
			to = each->to;
		}
	}
	ftrace_regs_set_instruction_pointer(fregs, to);
}
