// SPDX-License-Identifier: GPL-2.0

#include <linux/device.h>
#include <linux/tpm.h>

/* rust/tpm.rs passes that many digests to tpm_pcr_extend(), which takes one per bank. */
static_assert(ARRAY_SIZE(((struct tpm_chip *)NULL)->allocated_banks) == TPM2_MAX_PCR_BANKS);

__u32 diglist_tpm_bank_count(const struct tpm_chip *chip)
{
	return chip->nr_allocated_banks;
}

const struct tpm_bank_info *diglist_tpm_banks(const struct tpm_chip *chip)
{
	return chip->allocated_banks;
}

struct device *diglist_tpm_device(struct tpm_chip *chip)
{
	return &chip->dev;
}

/*
 * What the driver of CHIP is bound to, or the chip itself where nothing is (tpm_vtpm_proxy), with a
 * reference.
 */
struct device *diglist_tpm_owner(struct tpm_chip *chip)
{
	return get_device(chip->dev.parent ?: &chip->dev);
}
