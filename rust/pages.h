/* SPDX-License-Identifier: GPL-2.0 */
/* Pages and their mappings. */
#ifndef DIGEST_LISTS_PAGES_H
#define DIGEST_LISTS_PAGES_H

#include <linux/types.h>

struct page;

struct page *diglist_page_alloc(void);
void diglist_page_write(struct page *page, size_t offset, const __u8 *from, size_t len);
void *diglist_pages_map_readonly(struct page **pages, unsigned int count);
void diglist_pages_unmap(const void *addr);

#endif
