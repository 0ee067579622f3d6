/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tells one TPM from another.
 */
#ifndef DIGEST_LISTS_TPM_H
#define DIGEST_LISTS_TPM_H

struct device;
struct tpm_chip;

struct device *diglist_tpm_device(struct tpm_chip *chip);

#endif
