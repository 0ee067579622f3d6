// SPDX-License-Identifier: GPL-2.0

#include <linux/kprobes.h>
#include <linux/slab.h>

/*
 * Finds N traced functions by NAMES; an address is 0 if there is no such function. A kprobe that is
 * never armed does: registering it resolves the name. They are unregistered together, which waits
 * for one grace period of RCU; one at a time would wait for N.
 */
int diglist_function_addresses(const char *const *names, unsigned long *addresses, size_t n)
{
	struct kprobe *probes = kcalloc(n, sizeof(*probes), GFP_KERNEL);
	struct kprobe **registered = kcalloc(n, sizeof(*registered), GFP_KERNEL);
	int rc = -ENOMEM, count = 0;
	size_t i;

	if (!probes || !registered)
		goto out;
	for (i = 0; i < n; i++) {
		probes[i].symbol_name = names[i];
		probes[i].flags = KPROBE_FLAG_DISABLED;
		addresses[i] = 0;
		if (register_kprobe(&probes[i]))
			continue;
		addresses[i] = (unsigned long)probes[i].addr;
		registered[count++] = &probes[i];
	}
	unregister_kprobes(registered, count);
	rc = 0;
out:
	kfree(registered);
	kfree(probes);
	return rc;
}
