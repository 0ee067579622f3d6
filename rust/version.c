// SPDX-License-Identifier: GPL-2.0
/*
 * The version that modinfo(8) and /sys/module/digest_lists/version show. Kbuild reads it from Cargo.toml.
 */

#include <linux/module.h>

MODULE_VERSION(DIGEST_LISTS_VERSION);
