// SPDX-License-Identifier: GPL-2.0

#include <linux/cred.h>

const struct cred *diglist_cred_override(const struct cred *cred)
{
	return override_creds(cred);
}

void diglist_cred_revert(const struct cred *cred)
{
	revert_creds(cred);
}
