// SPDX-License-Identifier: GPL-2.0

#include <linux/backing-dev.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/iversion.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>

/* What changes when the content of an inode changes. */
struct diglist_signs {
	__u64 version;		/* the change counter without its flag bit, 0 where the file system has none */
	__s64 ctime_sec;
	__u32 ctime_nsec;
	__u32 generation;
	__s64 size;
};

static __always_inline void inode_signs(const struct inode *inode, struct diglist_signs *signs)
{
	signs->version = IS_I_VERSION(inode) ? inode_peek_iversion(inode) : 0;
	signs->ctime_sec = inode_get_ctime_sec(inode);
	signs->ctime_nsec = inode_get_ctime_nsec(inode);
	signs->generation = inode->i_generation;
	signs->size = i_size_read(inode);
}

void diglist_inode_signs(const struct inode *inode, struct diglist_signs *signs)
{
	inode_signs(inode, signs);
}

/*
 * Keeps INODE from being opened for writing, as while it is executed. False if it is open for
 * writing.
 */
bool diglist_inode_deny_writers(struct inode *inode)
{
	return atomic_dec_unless_positive(&inode->i_writecount);
}

/* Ends that. */
void diglist_inode_allow_writers(struct inode *inode)
{
	atomic_inc(&inode->i_writecount);
}

/* The size of the content of INODE. */
__s64 diglist_inode_size(const struct inode *inode)
{
	return i_size_read(inode);
}

/*
 * The signs of an inode that is accessed, and the credentials of the current task: all that a
 * witness has and Rust does not read by itself. In one function, because every access to a file
 * comes through here. Does not sleep.
 */
const struct cred *diglist_access(const struct inode *inode, struct diglist_signs *signs)
{
	inode_signs(inode, signs);
	return current_cred();
}

/* Of a file system, and of one inode in it; see src/logic/storage.rs. */
struct diglist_storage_facts {
	__u64 magic;
	__u32 seals;
	bool unverifiable;
	bool kernel_mount;
	bool needs_device;
	bool names_disk;
	bool has_flash;
	bool counts_changes;
	bool fine_times;
	bool has_writeback;
	bool is_dax;
};

static unsigned int seals(struct inode *inode)
{
	if (inode->i_fop->fop_flags & FOP_HUGE_PAGES)
		return HUGETLBFS_I(inode)->seals;
	return shmem_mapping(inode->i_mapping) ? SHMEM_I(inode)->seals : 0;
}

/* Does not sleep. */
void diglist_storage_facts(struct inode *inode, struct diglist_storage_facts *facts)
{
	const struct super_block *sb = inode->i_sb;

	facts->magic = sb->s_magic;
	facts->seals = seals(inode);
	facts->unverifiable = sb->s_iflags & SB_I_IMA_UNVERIFIABLE_SIGNATURE;
	facts->kernel_mount = sb->s_flags & SB_KERNMOUNT;
	facts->needs_device = sb->s_type->fs_flags & FS_REQUIRES_DEV;
	facts->names_disk = sb->s_bdev;
	facts->has_flash = sb->s_mtd;
	facts->counts_changes = IS_I_VERSION(inode);
	facts->fine_times = is_mgtime(inode);
	facts->has_writeback = mapping_can_writeback(inode->i_mapping);
	facts->is_dax = IS_DAX(inode);
}
