// SPDX-License-Identifier: GPL-2.0

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

struct page *diglist_page_alloc(void)
{
	return alloc_page(GFP_KERNEL | __GFP_ZERO);
}

void diglist_page_write(struct page *page, size_t offset, const __u8 *from, size_t len)
{
	memcpy_to_page(page, offset, from, len);
}

void *diglist_pages_map_readonly(struct page **pages, unsigned int count)
{
	return vmap(pages, count, VM_MAP, PAGE_KERNEL_RO);
}

void diglist_pages_unmap(const void *addr)
{
	vunmap(addr);
}

/* What the kernel manages, in bytes. */
__u64 diglist_memory(void)
{
	return (__u64)totalram_pages() << PAGE_SHIFT;
}

/* Memory of a few bytes for what must not get lost. May sleep. */
void *diglist_alloc_nofail(size_t size)
{
	return kmalloc(size, GFP_KERNEL | __GFP_NOFAIL);
}
