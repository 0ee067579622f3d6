/* SPDX-License-Identifier: GPL-2.0 */
/* What a file's content lies on. Facts only; src/logic/storage.rs says what follows from them. */
#ifndef DIGEST_LISTS_STORAGE_H
#define DIGEST_LISTS_STORAGE_H

#include <linux/types.h>

struct device;
struct inode;

/* Of a file system, and of one inode in it. */
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

/* Block devices, each with a reference. FOUND may exceed their room; what exceeds it is left out. */
struct diglist_block_devices {
	struct device *devices[32];
	__u32 found;
};

int diglist_storage_init(void);
void diglist_storage_facts(struct inode *inode, struct diglist_storage_facts *facts);

void diglist_block_devices_of(const struct inode *inode, struct diglist_block_devices *out);
void diglist_block_devices_below(struct device *holder, struct diglist_block_devices *out);
void diglist_block_device_put(struct device *dev);

bool diglist_disk_lock(struct device *dev);
void diglist_disk_unlock(struct device *dev);
bool diglist_disk_is_hidden(struct device *dev);
bool diglist_disk_is_removable(struct device *dev);
const char *diglist_disk_name(struct device *dev);
const char *diglist_disk_path(struct device *dev);
int diglist_path_path(struct device *holder, struct device *dev, char *buf, size_t size);
void diglist_free_path(const char *path);

const char *diglist_param_own_storage(void);

#endif
