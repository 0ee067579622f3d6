// SPDX-License-Identifier: GPL-2.0
/*
 * The parameters that are numbers or switches. Rust's module macro takes each parameter once: one
 * that stands in a file of modprobe and on the kernel's command line would keep the module from
 * loading, where the last one has to count.
 */
#include <linux/moduleparam.h>

/* By their places in the table. */
enum diglist_number {
	DIGLIST_PCR,
	DIGLIST_MAX_LIST_SIZE,
	DIGLIST_CHECKPOINT_INTERVAL,
	DIGLIST_NUMBERS,
};

static unsigned int numbers[DIGLIST_NUMBERS] = {
	[DIGLIST_PCR] = 12,
	[DIGLIST_MAX_LIST_SIZE] = 64 << 20,
};

enum diglist_switch {
	DIGLIST_TPM_REQUIRED,
	DIGLIST_BATCH,
	DIGLIST_POLICY_LOCK,
	DIGLIST_REQUIRE_SIGNATURE,
	DIGLIST_TRUST_MACHINE_KEYRING,
	DIGLIST_DEDICATED_KEYS,
	DIGLIST_ALLOW_UNLOAD,
	DIGLIST_SWITCHES,
};

static bool switches[DIGLIST_SWITCHES] = {
	[DIGLIST_REQUIRE_SIGNATURE] = true,
};

#define NUMBER(name, place, description) \
	module_param_named(name, numbers[place], uint, 0444); \
	MODULE_PARM_DESC(name, description)
#define SWITCH(name, place, description) \
	module_param_named(name, switches[place], bool, 0444); \
	MODULE_PARM_DESC(name, description)

NUMBER(pcr, DIGLIST_PCR, "The PCR that records of unknown files extend (default 12)");
SWITCH(tpm_required, DIGLIST_TPM_REQUIRED,
       "Whether what is to be measured is refused while the TPM does not take its record (default no)");
SWITCH(batch, DIGLIST_BATCH,
       "Whether files that are measured at the same time share an extend of the PCR (default no)");
SWITCH(policy_lock, DIGLIST_POLICY_LOCK,
       "Whether the policy of load time cannot be replaced (default no)");
SWITCH(require_signature, DIGLIST_REQUIRE_SIGNATURE,
       "Whether digest lists must be signed by a trusted key (default yes)");
NUMBER(max_list_size, DIGLIST_MAX_LIST_SIZE, "The largest digest list in bytes (default 64 MiB)");
static unsigned long long max_digest_memory = 1ULL << 30;
module_param(max_digest_memory, ullong, 0444);
MODULE_PARM_DESC(max_digest_memory, "The most memory that digests may take, in bytes (default 1 GiB)");
SWITCH(trust_machine_keyring, DIGLIST_TRUST_MACHINE_KEYRING,
       "Whether keys of the kernel's secondary and machine keyrings may sign digest lists and certificates (default no)");
SWITCH(dedicated_keys, DIGLIST_DEDICATED_KEYS,
       "Whether digest lists and key files count only by keys that are dedicated to lists (default no)");
NUMBER(checkpoint_interval, DIGLIST_CHECKPOINT_INTERVAL,
       "Every how many seconds the use of lists is recorded; 0 for never (default 0)");
SWITCH(allow_unload, DIGLIST_ALLOW_UNLOAD, "Whether the module may be unloaded (default no)");

/* Written while the module is being loaded. */
unsigned int diglist_param_number(enum diglist_number which)
{
	return numbers[which];
}

bool diglist_param_switch(enum diglist_switch which)
{
	return switches[which];
}

unsigned long long diglist_param_max_digest_memory(void)
{
	return max_digest_memory;
}
