// SPDX-License-Identifier: GPL-2.0
/* Flags of the kernel whose definitions bindgen cannot evaluate. */

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/personality.h>

enum diglist_flags {
	DIGLIST_FMODE_READ = (__force unsigned int)FMODE_READ,
	DIGLIST_FMODE_WRITE = (__force unsigned int)FMODE_WRITE,
	DIGLIST_FMODE_EXEC = (__force unsigned int)__FMODE_EXEC,
	DIGLIST_FMODE_OPENED = (__force unsigned int)FMODE_OPENED,
	DIGLIST_FMODE_CREATED = (__force unsigned int)FMODE_CREATED,
	DIGLIST_PROT_EXEC = PROT_EXEC,
	DIGLIST_PROT_READ = PROT_READ,
	DIGLIST_READ_IMPLIES_EXEC = READ_IMPLIES_EXEC,
	DIGLIST_MAP_SHARED = MAP_SHARED,
	DIGLIST_SB_I_VERSION = SB_I_VERSION,
	DIGLIST_F_SETFL = F_SETFL,
	DIGLIST_O_DIRECT = O_DIRECT,
	DIGLIST_O_UNASKED = O_UNASKED,
};
