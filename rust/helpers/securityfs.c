// SPDX-License-Identifier: GPL-2.0
/*
 * Opening and closing files of securityfs for good; see securityfs.rs.
 */
#include <linux/dcache.h>
#include <linux/fs.h>

/*
 * Operations of the kernel's own, by which nothing can be opened (ENXIO): every inode starts out
 * with them. NULL without memory. May sleep.
 */
const struct file_operations *diglist_closed_fops(const struct dentry *dentry)
{
	struct inode *inode = new_inode(dentry->d_sb);
	const struct file_operations *fops;

	if (!inode)
		return NULL;
	fops = inode->i_fop;
	iput(inode);
	return fops;
}

/* What opens of the file find from here on. */
void diglist_set_fops(const struct dentry *dentry, const struct file_operations *fops)
{
	smp_store_release(&d_inode(dentry)->i_fop, fops);
}
