// SPDX-License-Identifier: GPL-2.0
/*
 * What a file's content lies on; see storage.h.
 */
#include <linux/backing-dev.h>
#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/iversion.h>
#include <linux/kernfs.h>
#include <linux/moduleparam.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <uapi/linux/magic.h>

#include "storage.h"

static char *own_storage = "";
module_param(own_storage, charp, 0444);
MODULE_PARM_DESC(own_storage, "Storage that is the machine's own all the same, joined by ',': loop, network, removable, user, unknown (default: none)");

const char *diglist_param_own_storage(void)
{
	return own_storage ?: "";
}

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

static void add(struct diglist_block_devices *out, struct device *dev)
{
	if (out->found < ARRAY_SIZE(out->devices))
		out->devices[out->found] = get_device(dev);
	out->found++;
}

struct search {
	struct diglist_block_devices *out;
	const struct super_block *sb;
	struct gendisk *holder;
	struct kernfs_node *paths;
};

/* A file system claims its devices by its super block, or by its type (erofs). */
static int add_if_of_sb(struct device *dev, void *data)
{
	struct search *search = data;
	const struct block_device *bdev = dev_to_bdev(dev);
	const void *claimed_by = READ_ONCE(bdev->bd_holder);

	if (bdev == search->sb->s_bdev || claimed_by == search->sb || claimed_by == search->sb->s_type)
		add(search->out, dev);
	return 0;
}

/* The class of block devices. It is not exported, but each of its devices names it. Set once, at load. */
static const struct class *block_devices;

/* Learns the class from a disk that is never added. Returns 0 or -ENOMEM. May sleep. */
int diglist_storage_init(void)
{
	struct gendisk *disk = blk_alloc_disk(NULL, NUMA_NO_NODE);

	if (IS_ERR(disk))
		return PTR_ERR(disk);
	block_devices = disk_to_dev(disk)->class;
	put_disk(disk);
	return 0;
}

/* The block devices that the file system uses, if it has any. May sleep. */
void diglist_block_devices_of(const struct inode *inode, struct diglist_block_devices *out)
{
	struct search search = { .out = out, .sb = inode->i_sb };

	out->found = 0;
	class_for_each_device(block_devices, NULL, &search, add_if_of_sb);
}

static bool has_entry(struct kernfs_node *dir, const char *name)
{
	struct kernfs_node *entry = dir ? kernfs_find_and_get(dir, name) : NULL;

	kernfs_put(entry);
	return entry;
}

static int add_if_below(struct device *dev, void *data)
{
	struct search *search = data;

	if (has_entry(search->holder->slave_dir ? search->holder->slave_dir->sd : NULL, dev_name(dev)) ||
	    has_entry(search->paths, dev_name(dev)))
		add(search->out, dev);
	return 0;
}

/* Where the disk of NVMe with several paths lists them. */
static struct kernfs_node *paths_of(struct gendisk *disk)
{
	struct kernfs_node *dir = disk_to_dev(disk)->kobj.sd;

	return dir ? kernfs_find_and_get(dir, "multipath") : NULL;
}

/* The block devices of which HOLDER's disk, which is locked, is made (device-mapper, md, bcache, NVMe). May sleep. */
void diglist_block_devices_below(struct device *holder, struct diglist_block_devices *out)
{
	struct gendisk *disk = dev_to_disk(holder);
	struct search search = { .out = out, .holder = disk, .paths = paths_of(disk) };

	out->found = 0;
	class_for_each_device(holder->class, NULL, &search, add_if_below);
	kernfs_put(search.paths);
}

void diglist_block_device_put(struct device *dev)
{
	put_device(dev);
}

/*
 * Keeps the disk where it is: del_gendisk() takes this lock, and takes the disk from its parents later. Returns false if
 * the disk is gone already, or the task is being killed.
 */
bool diglist_disk_lock(struct device *dev)
{
	struct gendisk *disk = dev_to_disk(dev);

	if (mutex_lock_killable(&disk->open_mutex))
		return false;
	if (disk_live(disk))
		return true;
	mutex_unlock(&disk->open_mutex);
	return false;
}

void diglist_disk_unlock(struct device *dev)
{
	mutex_unlock(&dev_to_disk(dev)->open_mutex);
}

/* Whether this is one path to a disk, and no disk of its own. */
bool diglist_disk_is_hidden(struct device *dev)
{
	return dev_to_disk(dev)->flags & GENHD_FL_HIDDEN;
}

/* Whether the medium can be taken out, or a device on the way to the disk, which is locked, be plugged out. */
bool diglist_disk_is_removable(struct device *dev)
{
	struct gendisk *disk = dev_to_disk(dev);
	const struct device *ancestor = disk_to_dev(disk);
	bool removable = disk->flags & GENHD_FL_REMOVABLE;

	for (; ancestor && !removable; ancestor = ancestor->parent)
		removable = dev_is_removable((struct device *)ancestor);
	return removable;
}

const char *diglist_disk_name(struct device *dev)
{
	return dev_name(disk_to_dev(dev_to_disk(dev)));
}

/* The place of the disk, which is locked, in sysfs. To be freed; NULL if there is no memory. May sleep. */
const char *diglist_disk_path(struct device *dev)
{
	return kobject_get_path(&disk_to_dev(dev_to_disk(dev))->kobj, GFP_KERNEL);
}

/*
 * Writes the place in sysfs of the path DEV of the disk HOLDER, which is locked, to BUF. The path may vanish meanwhile, but
 * the link in sysfs, of which we hold a reference, keeps the names. Returns a negative errno if there is no such path, or
 * the place does not fit.
 */
int diglist_path_path(struct device *holder, struct device *dev, char *buf, size_t size)
{
	struct kernfs_node *paths = paths_of(dev_to_disk(holder));
	struct kernfs_node *link = paths ? kernfs_find_and_get(paths, dev_name(dev)) : NULL;
	int ret = -ENOENT;

	if (link && kernfs_type(link) == KERNFS_LINK)
		ret = kernfs_path(link->symlink.target_kn, buf, size);
	kernfs_put(link);
	kernfs_put(paths);
	return ret;
}

void diglist_free_path(const char *path)
{
	kfree(path);
}
