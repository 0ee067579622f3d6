// SPDX-License-Identifier: GPL-2.0
/*
 * What tells one TPM from another; see tpm.h.
 */
#include <linux/device.h>
#include <linux/tpm.h>

#include "tpm.h"

/* What the driver of CHIP is bound to, or the chip itself where nothing is (tpm_vtpm_proxy), with a reference. */
struct device *diglist_tpm_device(struct tpm_chip *chip)
{
	return get_device(chip->dev.parent ?: &chip->dev);
}
