// SPDX-License-Identifier: GPL-2.0
/*
 * The block devices that a file system uses; see rust/storage.rs.
 */
#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/fs.h>

/*
 * Block devices, each with a reference. FOUND counts also those for which there was no room.
 */
struct diglist_block_devices {
	struct device *devices[32];
	__u32 found;
};

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

/*
 * The class of block devices. It is not exported, but each of its devices names it. Set once, at
 * load.
 */
static const struct class *block_devices;

/* Gets the class from a disk that is never added. Returns 0 or -ENOMEM. May sleep. */
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
