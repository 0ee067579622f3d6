// SPDX-License-Identifier: GPL-2.0

#include <linux/binfmts.h>

struct file *diglist_bprm_file(const struct linux_binprm *bprm)
{
	return bprm->file;
}

bool diglist_bprm_is_check(const struct linux_binprm *bprm)
{
	return bprm->is_check;
}

const struct cred *diglist_bprm_cred(const struct linux_binprm *bprm)
{
	return bprm->cred;
}
