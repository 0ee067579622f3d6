// SPDX-License-Identifier: GPL-2.0

#include <linux/fs.h>
#include <linux/pagemap.h>

/* Whether a page could not be written, at any time since the inode came into memory. */
bool diglist_inode_failed_to_write(const struct inode *inode)
{
	return filemap_check_wb_err(inode->i_mapping, 0);
}

/* Whether INODE is mapped by any task. May sleep. */
bool diglist_inode_is_mapped(const struct inode *inode)
{
	struct address_space *mapping = inode->i_mapping;
	bool ret;

	/* A mapping that is being split or moved is not in the tree for a moment. */
	i_mmap_lock_read(mapping);
	ret = mapping_mapped(mapping);
	i_mmap_unlock_read(mapping);
	return ret;
}

/*
 * Writes dirty pages and waits. Errors belong to the task that calls fsync(), so the mapping's
 * flags are kept, and failures show here in the count of errors.
 */
int diglist_inode_write_back(struct inode *inode)
{
	struct address_space *mapping = inode->i_mapping;
	errseq_t before = READ_ONCE(mapping->wb_err);
	int ret = filemap_fdatawrite(mapping);

	filemap_fdatawait_keep_errors(mapping);
	return ret ?: filemap_check_wb_err(mapping, before);
}

int diglist_inode_drop_pages(struct inode *inode)
{
	return invalidate_inode_pages2(inode->i_mapping);
}
