// SPDX-License-Identifier: GPL-2.0
/*
 * Locking a disk, and finding what it is made of; see rust/storage.rs.
 */
#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/kernfs.h>

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

/* The directory in which an NVMe disk lists its paths. */
static struct kernfs_node *paths_of(struct gendisk *disk)
{
	struct kernfs_node *dir = disk_to_dev(disk)->kobj.sd;

	return dir ? kernfs_find_and_get(dir, "multipath") : NULL;
}

/*
 * The block devices below HOLDER's disk, which is locked (device-mapper, md, bcache, NVMe). May
 * sleep.
 */
void diglist_block_devices_below(struct device *holder, struct diglist_block_devices *out)
{
	struct gendisk *disk = dev_to_disk(holder);
	struct search search = { .out = out, .holder = disk, .paths = paths_of(disk) };

	out->found = 0;
	class_for_each_device(holder->class, NULL, &search, add_if_below);
	kernfs_put(search.paths);
}

/*
 * Locks the disk: del_gendisk() takes this lock before it removes the disk from its parents.
 * Returns false if the disk was removed or the task is killed.
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

struct gendisk *diglist_disk(struct device *dev)
{
	return dev_to_disk(dev);
}

struct device *diglist_disk_device(struct gendisk *disk)
{
	return disk_to_dev(disk);
}

/*
 * Writes to BUF the place in sysfs of DEV, a path of the disk HOLDER, which is locked. The path may
 * be removed meanwhile; a reference to the link in sysfs keeps the names. Returns a negative errno
 * if there is no such path, or the place does not fit.
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
