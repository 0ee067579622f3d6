// SPDX-License-Identifier: GPL-2.0
/*
 * Puts something into the kernel's own keyrings, which user space cannot do without keys that
 * nobody has. For tests only.
 *
 * blacklist=	a digest in hexadecimal, for .blacklist
 * tbs=		1: it is that of the signed part of a certificate; 0: of data
 * trust=	a file with a certificate in DER, for .secondary_trusted_keys
 *
 * Nothing stays loaded but the module itself: the test unloads it. The keys stay until the kernel
 * ends.
 */
#include <linux/fs.h>
#include <linux/hex.h>
#include <linux/key.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <keys/system_keyring.h>

static char *blacklist;
module_param(blacklist, charp, 0);
MODULE_PARM_DESC(blacklist, "A digest for the blacklist keyring");

static bool tbs;
module_param(tbs, bool, 0);
MODULE_PARM_DESC(tbs, "Whether it is that of a certificate");

static char *trust;
module_param(trust, charp, 0);
MODULE_PARM_DESC(trust, "A file with a certificate for the secondary keyring");

/* The address of a function that is not exported. The probe is never armed. */
static void *function(const char *name)
{
	struct kprobe probe = {
		.symbol_name = name,
		.flags = KPROBE_FLAG_DISABLED,
	};
	void *address;

	if (register_kprobe(&probe))
		return NULL;
	address = probe.addr;
	unregister_kprobe(&probe);
	return address;
}

static int add_to_blacklist(void)
{
	int (*mark)(const u8 *, size_t, enum blacklist_hash_type) = function("mark_hash_blacklisted");
	size_t len = strlen(blacklist) / 2;
	u8 digest[64];

	if (!mark)
		return -ENOENT;
	if (!len || len > sizeof(digest) || hex2bin(digest, blacklist, len))
		return -EINVAL;
	return mark(digest, len, tbs ? BLACKLIST_HASH_X509_TBS : BLACKLIST_HASH_BINARY);
}

static int add_to_secondary(void)
{
	unsigned long (*lookup)(const char *) = function("kallsyms_lookup_name");
	static u8 der[4096];
	struct key **ring;
	struct file *file;
	loff_t pos = 0;
	ssize_t len;
	key_ref_t ref;

	ring = lookup ? (struct key **)lookup("secondary_trusted_keys") : NULL;
	if (!ring)
		return -ENOENT;
	file = filp_open(trust, O_RDONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	len = kernel_read(file, der, sizeof(der), &pos);
	filp_close(file, NULL);
	if (len <= 0)
		return -EIO;
	ref = key_create_or_update(make_key_ref(*ring, true), "asymmetric", NULL, der, len,
				   (KEY_POS_ALL & ~KEY_POS_SETATTR) | KEY_USR_VIEW | KEY_USR_READ,
				   KEY_ALLOC_NOT_IN_QUOTA | KEY_ALLOC_BYPASS_RESTRICTION);
	if (IS_ERR(ref))
		return PTR_ERR(ref);
	key_ref_put(ref);
	return 0;
}

static int __init keys_init(void)
{
	int ret = blacklist ? add_to_blacklist() : 0;

	return ret || !trust ? ret : add_to_secondary();
}
module_init(keys_init);

static void __exit keys_exit(void)
{
}
module_exit(keys_exit);

MODULE_AUTHOR("The digest_lists authors");
MODULE_DESCRIPTION("Puts keys into the kernel's keyrings, for the selftests of digest_lists");
MODULE_LICENSE("GPL");
