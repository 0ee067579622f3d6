// SPDX-License-Identifier: GPL-2.0
/*
 * Cuts a file to nothing as nfsd does for a client: it counts as a writer and sets the size,
 * without the hooks of truncate(2) and of open(2). For tests only.
 *
 * file=	the file
 *
 * Loading fails with the errno of what refused it, or succeeds. Nothing stays loaded: a module that
 * was loaded is to be unloaded by the test.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>

static char *file;
module_param(file, charp, 0);
MODULE_PARM_DESC(file, "The file to be cut");

static int set_size(struct path *path)
{
	struct iattr attr = { .ia_valid = ATTR_SIZE | ATTR_CTIME | ATTR_MTIME };
	struct inode *inode = d_inode(path->dentry);
	int ret = get_write_access(inode);

	if (ret)
		return ret;
	inode_lock(inode);
	ret = notify_change(mnt_idmap(path->mnt), path->dentry, &attr, NULL);
	inode_unlock(inode);
	put_write_access(inode);
	return ret;
}

static int __init cut_init(void)
{
	struct path path;
	int ret = file ? kern_path(file, LOOKUP_FOLLOW, &path) : -EINVAL;

	if (ret)
		return ret;
	ret = mnt_want_write(path.mnt);
	if (!ret) {
		ret = set_size(&path);
		mnt_drop_write(path.mnt);
	}
	path_put(&path);
	return ret;
}
module_init(cut_init);

static void __exit cut_exit(void)
{
}
module_exit(cut_exit);

MODULE_AUTHOR("The digest_lists authors");
MODULE_DESCRIPTION("Cuts a file as nfsd does, for the selftests of digest_lists");
MODULE_LICENSE("GPL");
