// SPDX-License-Identifier: GPL-2.0
/*
 * The module, and the parameters that are strings or may be written while it runs; the others are
 * in parameters.c.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/utsname.h>
#include <linux/workqueue.h>

/* What modinfo(8) and /sys/module/digest_lists/version show. Kbuild reads it from Cargo.toml. */
MODULE_VERSION(DIGEST_LISTS_VERSION);

/* The parameters that are strings, by their places in the table. */
enum diglist_text {
	DIGLIST_IMA_POLICY,
	DIGLIST_IMA_APPRAISE,
	DIGLIST_EVM_XATTRS,
	DIGLIST_ATTACH,
	DIGLIST_VALIDITY,
	DIGLIST_OWN_STORAGE,
	DIGLIST_TEXTS,
};

static char *texts[DIGLIST_TEXTS] = {
	[DIGLIST_IMA_POLICY] = "",
	[DIGLIST_IMA_APPRAISE] = "enforce",
	[DIGLIST_EVM_XATTRS] = "security.ima",
	[DIGLIST_ATTACH] = "auto",
	[DIGLIST_VALIDITY] = "signing",
	[DIGLIST_OWN_STORAGE] = "",
};

#define TEXT(name, place, description) \
	module_param_named(name, texts[place], charp, 0444); \
	MODULE_PARM_DESC(name, description)

TEXT(ima_policy, DIGLIST_IMA_POLICY,
     "Built-in policies joined by '|': tcb, exec_tcb, secure_boot, appraise_tcb, appraise_exec_tcb, critical_data (default: none)");
TEXT(ima_appraise, DIGLIST_IMA_APPRAISE, "What 'appraise' rules do: enforce (default), log, fix or off");
TEXT(evm_xattrs, DIGLIST_EVM_XATTRS,
     "Extended attributes that only CAP_SYS_ADMIN may change, joined by ',' (default: security.ima)");
TEXT(attach, DIGLIST_ATTACH, "How hooks are attached: auto (default), redirect (beside BPF programs) or jump");
TEXT(validity, DIGLIST_VALIDITY,
     "When signers' certificates must be valid: signing (default), or also now, by the system's clock");
TEXT(own_storage, DIGLIST_OWN_STORAGE,
     "Storage that is the machine's own all the same, joined by ',': loop, network, removable, user, unknown (default: none)");

/* Never NULL. Written while the module is being loaded, and freed after its exit function. */
const char *diglist_param_text(enum diglist_text which)
{
	return texts[which];
}

static bool force;
module_param(force, bool, 0600);
MODULE_PARM_DESC(force, "Whether a policy is taken that would deny what is running (default no)");

bool diglist_param_force(void)
{
	return READ_ONCE(force);
}

const char *diglist_kernel_release(void)
{
	return init_utsname()->release;
}

void diglist_init_delayed_work(struct delayed_work *work, work_func_t func)
{
	INIT_DELAYED_WORK(work, func);
}
