// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a file in memory; see page_cache.h.
 */
#include <linux/fs.h>
#include <linux/pagemap.h>

#include "page_cache.h"

/* Whether a page could not be written, at any time since the inode came into memory. */
bool diglist_inode_failed_to_write(const struct inode *inode)
{
	return filemap_check_wb_err(inode->i_mapping, 0);
}

int diglist_inode_write_back(struct inode *inode)
{
	return filemap_write_and_wait(inode->i_mapping);
}

int diglist_inode_drop_pages(struct inode *inode)
{
	return invalidate_inode_pages2(inode->i_mapping);
}
