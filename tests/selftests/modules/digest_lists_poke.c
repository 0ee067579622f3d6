// SPDX-License-Identifier: GPL-2.0
/*
 * Writes one byte where digest_lists has its digests, as an attacker with a write primitive would.
 * For tests only.
 *
 * address=	where to write, in the mapping by which digests are read
 * alias=	0: through that mapping; 1: through the kernel's direct map of the same page
 *
 * Loading succeeds if the byte was changed, and fails with EFAULT if the store faulted. Nothing
 * stays loaded: a module that was loaded is to be unloaded by the test.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

static unsigned long address;
module_param(address, ulong, 0);
MODULE_PARM_DESC(address, "Where to write");

static bool alias;
module_param(alias, bool, 0);
MODULE_PARM_DESC(alias, "Whether to write through the direct map");

static int __init poke_init(void)
{
	struct page *page;
	u8 value;
	u8 *where = (u8 *)address;

	if (!is_vmalloc_addr(where))
		return -EINVAL;
	page = vmalloc_to_page(where);
	if (!page)
		return -ENOENT;
	if (alias)
		where = (u8 *)page_address(page) + offset_in_page(address);

	__get_kernel_nofault(&value, where, u8, fault);
	value ^= 1;
	__put_kernel_nofault(where, &value, u8, fault);
	return 0;
fault:
	return -EFAULT;
}
module_init(poke_init);

static void __exit poke_exit(void)
{
}
module_exit(poke_exit);

MODULE_AUTHOR("The digest_lists authors");
MODULE_DESCRIPTION("Writes one byte of kernel memory, for the selftests of digest_lists");
MODULE_LICENSE("GPL");
