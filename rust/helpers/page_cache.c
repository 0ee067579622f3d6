// SPDX-License-Identifier: GPL-2.0

#include <linux/folio_batch.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/string.h>

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

/* Whether FOLIO has only zeros FROM one of its bytes TO another. */
static bool folio_has_zeros(struct folio *folio, size_t from, size_t to)
{
	return folio_test_uptodate(folio) && !folio_contain_hwpoisoned_page(folio) &&
	       !memchr_inv(folio_address(folio) + from, 0, to - from);
}

/*
 * The same as below, on hugetlbfs. A page that is in memory is mapped wherever the file ends, so
 * none may lie behind the end as a whole.
 */
static bool huge_pages_end_in_zeros(struct address_space *mapping, loff_t size)
{
	pgoff_t index = size >> PAGE_SHIFT;
	struct folio_batch batch;
	bool ret = true;
	unsigned int i;

	folio_batch_init(&batch);
	filemap_get_folios(mapping, &index, -1, &batch);
	for (i = 0; i < folio_batch_count(&batch); i++) {
		struct folio *folio = batch.folios[i];

		ret = ret && folio_pos(folio) < size &&
		      folio_has_zeros(folio, size - folio_pos(folio), folio_size(folio));
		folio_put(folio);
	}
	return ret;
}

/*
 * Whether there are only zeros behind the end of the file, as far as mappings show it: in its last
 * page, on tmpfs in all of its last folio, on hugetlbfs in all pages. False if that cannot be read.
 * FILE, by which a page is read that is not in memory, may be NULL; with CACHED no page is read.
 */
bool diglist_inode_ends_in_zeros(struct inode *inode, struct file *file, bool cached)
{
	struct address_space *mapping = inode->i_mapping;
	const bool in_memory = shmem_mapping(mapping);
	const loff_t size = i_size_read(inode);
	const pgoff_t index = (size - 1) >> PAGE_SHIFT;
	struct folio *folio;
	size_t from, to;
	bool ret;

	if (inode->i_fop->fop_flags & FOP_HUGE_PAGES)
		return huge_pages_end_in_zeros(mapping, size);
	/* A folio of tmpfs goes on where the file ends with a page. */
	if (!size || !(in_memory || (offset_in_page(size) && mapping->a_ops->read_folio)))
		return true;
	folio = in_memory ? shmem_read_folio(mapping, index) :
		cached	  ? filemap_get_folio(mapping, index) :
			    read_mapping_folio(mapping, index, file);
	if (IS_ERR(folio))
		return false;
	from = offset_in_folio(folio, size - 1) + 1;
	to = in_memory ? folio_size(folio) : round_up(from, PAGE_SIZE);
	ret = folio_has_zeros(folio, from, to);
	folio_put(folio);
	return ret;
}
