/* SPDX-License-Identifier: GPL-2.0 */
/* Input of bindgen: what the kernel crate does not bind. The allowlist is in bindgen_parameters. */
#include <linux/bpf_lsm.h>
#include <linux/file.h>
#include <linux/reboot.h>
#include <linux/tpm.h>
#include <crypto/sha1.h>
#include "helpers/helpers.c"
