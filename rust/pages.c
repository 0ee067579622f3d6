// SPDX-License-Identifier: GPL-2.0
/*
 * Pages and their mappings; see pages.h.
 */
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/vmalloc.h>

#include "pages.h"

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
