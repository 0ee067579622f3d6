// SPDX-License-Identifier: GPL-2.0
/* What the kernel crate has by itself from Linux 7.3 on; see rust/kernel_crate.rs. */

#include <linux/srcu.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
int diglist_srcu_init(struct srcu_struct *srcu)
{
	return init_srcu_struct(srcu);
}

int diglist_srcu_read_lock(struct srcu_struct *srcu)
{
	return srcu_read_lock(srcu);
}

void diglist_srcu_read_unlock(struct srcu_struct *srcu, int index)
{
	srcu_read_unlock(srcu, index);
}
#endif
