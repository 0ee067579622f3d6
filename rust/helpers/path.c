// SPDX-License-Identifier: GPL-2.0

#include <linux/dcache.h>

/*
 * The inode that a change through DENTRY alters, of all those below it, or NULL. Of a file on
 * overlayfs whose content is still in another layer than its metadata it is that of the metadata:
 * the content there stays as it is, and d_real_inode(), for files that nobody has opened, may have
 * to search for it, and warn if it is not there. Does not sleep.
 */
struct inode *diglist_dentry_upmost_inode(struct dentry *dentry)
{
	return d_inode(d_real(dentry, D_REAL_METADATA));
}
