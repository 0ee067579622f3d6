// SPDX-License-Identifier: GPL-2.0

#include <linux/dcache.h>

/*
 * The inode below DENTRY that a change through it alters, or NULL. For a file on overlayfs with
 * metadata and content in different layers, it is that of the metadata: the content stays as it is,
 * and d_real_inode() of an unopened file may search for it, and warn if it is missing. Does not
 * sleep.
 */
struct inode *diglist_dentry_upmost_inode(struct dentry *dentry)
{
	return d_inode(d_real(dentry, D_REAL_METADATA));
}
