// SPDX-License-Identifier: GPL-2.0

#include <linux/cred.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/iversion.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <linux/uio.h>

/* Attributes of an inode that policy rules match on, ids in the initial user namespace. */
struct diglist_inode_attrs {
	__u64 fsmagic;
	__u8 fsuuid[16];
	const char *fsname;
	const char *fssubtype;	/* may be NULL */
	__u32 fowner;
	__u32 fgroup;
};

void diglist_file_attrs(const struct file *file, struct diglist_inode_attrs *attrs)
{
	struct inode *inode = file_inode(file);
	struct mnt_idmap *idmap = file_mnt_idmap((struct file *)file);

	attrs->fsmagic = inode->i_sb->s_magic;
	/*
	 * A user who mounts an overlayfs in a user namespace chooses its UUID, by an extended
	 * attribute (user.overlay.uuid).
	 */
	if (inode->i_sb->s_user_ns == &init_user_ns)
		memcpy(attrs->fsuuid, inode->i_sb->s_uuid.b, sizeof(attrs->fsuuid));
	else
		memset(attrs->fsuuid, 0, sizeof(attrs->fsuuid));
	attrs->fsname = inode->i_sb->s_type->name;
	attrs->fssubtype = inode->i_sb->s_subtype;
	attrs->fowner = from_kuid(&init_user_ns, vfsuid_into_kuid(i_uid_into_vfsuid(idmap, inode)));
	attrs->fgroup = from_kgid(&init_user_ns, vfsgid_into_kgid(i_gid_into_vfsgid(idmap, inode)));
}

/* The path that the user sees. For a file below a stacked file system, not that in the layer. */
const struct path *diglist_file_user_path(const struct file *file)
{
	return file_user_path(file);
}

/*
 * Whether DENTRY is of a file system that keeps the content in files of another one, which are
 * opened beside it.
 */
bool diglist_dentry_is_stacked(const struct dentry *dentry)
{
	return READ_ONCE(dentry->d_flags) & DCACHE_OP_REAL;
}

bool diglist_file_is_stacked(const struct file *file)
{
	return diglist_dentry_is_stacked(file_dentry(file));
}

/* The inode that holds the content. May sleep on a stacked file system. */
struct inode *diglist_file_real_inode(const struct file *file)
{
	return d_real_inode(file_dentry(file));
}

/* Opens the same file once more, with the credentials of its opener. */
struct file *diglist_file_reopen(const struct file *file, int flags)
{
	return dentry_open(&file->f_path, flags, file->f_cred);
}

/* The module's own flag of an open: see rust/file/open.rs. */
#define O_UNASKED (1 << 28)

#ifndef __O_REGULAR
#define __O_REGULAR 0
#endif
static_assert(!(O_UNASKED & (VALID_OPEN_FLAGS | __O_REGULAR | (__force int)__FMODE_EXEC)));

/* Keeps from fanotify a file that is being opened with O_UNASKED. */
void diglist_file_hide(struct file *file)
{
	file->f_flags &= ~O_UNASKED;
	file_set_fsnotify_mode(file, FMODE_NONOTIFY);
}

/* __kernel_read(), which is not exported: kernel_read() without LSMs and fanotify. */
ssize_t diglist_file_read_unasked(struct file *file, void *buf, size_t len, loff_t pos)
{
	struct kvec vec = { .iov_base = buf, .iov_len = min_t(size_t, len, MAX_RW_COUNT) };
	struct iov_iter iter;
	struct kiocb kiocb;

	if (!(file->f_mode & FMODE_READ) || !file->f_op->read_iter || file->f_op->read)
		return -EINVAL;
	init_sync_kiocb(&kiocb, file);
	kiocb.ki_pos = pos;
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
	return file->f_op->read_iter(&kiocb, &iter);
}

int diglist_file_verity_digest(const struct file *file, __u8 *digest, __u8 *halg)
{
	enum hash_algo algo = HASH_ALGO__LAST;
	int size = fsverity_get_digest(file_inode(file), digest, NULL, &algo);

	*halg = algo;
	return size;
}

/*
 * Marks the counter and the time stamp as seen, so that the next change must alter both. May sleep.
 */
int diglist_file_arm_change_tracking(struct file *file)
{
	struct inode *inode = d_real_inode(file_dentry(file));
	struct kstat stat;
	int ret;

	ret = vfs_getattr_nosec(&file->f_path, &stat, STATX_BASIC_STATS | STATX_CHANGE_COOKIE,
				AT_STATX_SYNC_AS_STAT);
	if (!ret && IS_I_VERSION(inode))
		inode_query_iversion(inode);
	return ret;
}
