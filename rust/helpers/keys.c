// SPDX-License-Identifier: GPL-2.0

#include <linux/key.h>
#include <linux/verification.h>
#include <crypto/public_key.h>
#include <keys/asymmetric-subtype.h>
#include <keys/asymmetric-type.h>
#include <keys/system_keyring.h>

bool diglist_key_is_asymmetric(const struct key *key)
{
	return key->type == &key_type_asymmetric;
}

/* May be NULL. */
const char *diglist_key_description(const struct key *key)
{
	return key->description;
}

int diglist_key_verify(const struct key *key, const char *encoding, const char *hash, const __u8 *digest,
		       size_t digest_len, const __u8 *sig, size_t sig_len)
{
	/* The verifier only reads what these point to. */
	const struct public_key_signature pks = {
		.s = (u8 *)sig,
		.s_size = sig_len,
		.m = (u8 *)digest,
		.m_size = digest_len,
		.hash_algo = hash,
		.encoding = encoding,
	};

	return verify_signature(key, &pks);
}

/*
 * RING is NULL for the kernel's builtin keyring; SECONDARY asks the secondary one, with the machine
 * keyring, instead.
 */
int diglist_pkcs7_verify(const __u8 *data, size_t len, const __u8 *sig, size_t sig_len, struct key *ring, bool secondary)
{
	return verify_pkcs7_signature(data, len, sig, sig_len, secondary ? VERIFY_USE_SECONDARY_KEYRING : ring,
				      VERIFYING_UNSPECIFIED_SIGNATURE, NULL, NULL);
}

bool diglist_cert_is_blacklisted(const __u8 *digest, size_t len)
{
	return is_hash_blacklisted(digest, len, BLACKLIST_HASH_X509_TBS) != 0;
}

bool diglist_data_is_blacklisted(const __u8 *digest, size_t len)
{
	return is_binary_blacklisted(digest, len) != 0;
}

