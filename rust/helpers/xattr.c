// SPDX-License-Identifier: GPL-2.0

#include <linux/evm.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/xattr.h>

/* Of enum evm_ima_xattr_type, in a header that is not below include/. */
#define EVM_IMA_XATTR_DIGSIG 3

ssize_t diglist_file_xattr(struct file *file, const char *name, void *value, size_t size)
{
	return vfs_getxattr(&nop_mnt_idmap, file_dentry(file), name, value, size);
}

/*
 * Takes the inode's lock. If the file system is frozen or about to be, it waits if WAIT, and fails
 * with -EAGAIN otherwise: a task that opens a file to truncate it already keeps the freezer out, so
 * the two would wait for each other.
 */
int diglist_file_set_xattr(struct file *file, const char *name, const void *value, size_t size, bool wait)
{
	struct super_block *sb = file_inode(file)->i_sb;
	int ret;

	if (wait)
		sb_start_write(sb);
	else if (!sb_start_write_trylock(sb))
		return -EAGAIN;
	ret = mnt_get_write_access(file->f_path.mnt);
	if (!ret) {
		ret = vfs_setxattr(file_mnt_idmap(file), file_dentry(file), name, value, size, 0);
		mnt_put_write_access(file->f_path.mnt);
	}
	sb_end_write(sb);
	return ret;
}

/*
 * Whether EVM may replace a signature by an HMAC when it is asked for its verdict, or this is not
 * known.
 */
static bool evm_may_store(struct dentry *dentry)
{
	const size_t room = SZ_4K;
	__u8 *value = kmalloc(room, GFP_KERNEL);
	ssize_t len = value ? vfs_getxattr(&nop_mnt_idmap, dentry, XATTR_NAME_EVM, value, room) : -ENOMEM;
	bool ret = len > 0 ? value[0] == EVM_IMA_XATTR_DIGSIG : len != 0 && len != -ENODATA && len != -EOPNOTSUPP;

	kfree(value);
	return ret;
}

/*
 * Reads the attribute NAME, and writes EVM's verdict on the metadata (enum integrity_status) to
 * STATUS. Returns the length, 0 if there is none. Takes the inode's lock, as EVM requires. Does not
 * wait for a frozen file system, as above: -EAGAIN if EVM would have to write to it.
 */
ssize_t diglist_file_xattr_under_evm(struct file *file, const char *name, void *value, size_t size,
				     enum integrity_status *status)
{
	struct dentry *dentry = file_dentry(file);
	struct super_block *sb = file_inode(file)->i_sb;
	bool may_write = sb_start_write_trylock(sb);
	ssize_t len;

	inode_lock(d_inode(dentry));
	len = vfs_getxattr(&nop_mnt_idmap, dentry, name, value, size);
	if (len == -ENODATA || len == -EOPNOTSUPP)
		len = 0;
	if (len >= 0 && !may_write && evm_may_store(dentry))
		len = -EAGAIN;
	if (len >= 0)
		*status = evm_verifyxattr(dentry, name, len ? value : NULL, len);
	inode_unlock(d_inode(dentry));
	if (may_write)
		sb_end_write(sb);
	return len;
}
