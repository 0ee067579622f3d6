// SPDX-License-Identifier: GPL-2.0
/*
 * Keyrings, certificates and signatures; see keys.h.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/key.h>
#include <linux/slab.h>
#include <linux/verification.h>
#include <crypto/public_key.h>
#include <keys/asymmetric-subtype.h>
#include <keys/asymmetric-type.h>
#include <keys/system_keyring.h>
/* Not below include/, though its functions are exported. */
#include "../crypto/asymmetric_keys/x509_parser.h"

#include "keys.h"

extern const __u8 diglist_trusted_certs_start[], diglist_trusted_certs_end[];

const __u8 *diglist_trusted_certs(size_t *len)
{
	*len = diglist_trusted_certs_end - diglist_trusted_certs_start;
	return diglist_trusted_certs_start;
}

/* User space may look at it and search it, and nothing else. */
struct key *diglist_keyring_new(const char *name)
{
	return keyring_alloc(name, GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, current_cred(),
			     (KEY_POS_ALL & ~(KEY_POS_SETATTR | KEY_POS_LINK)) |
			     KEY_USR_VIEW | KEY_USR_READ | KEY_USR_SEARCH,
			     KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
}

int diglist_keyring_restrict(struct key *ring, const char *type, const char *restriction)
{
	return keyring_restrict(make_key_ref(ring, true), type, restriction);
}

struct key *diglist_keyring_add(struct key *ring, const __u8 *der, size_t len, bool bypass)
{
	key_ref_t ref;

	ref = key_create_or_update(make_key_ref(ring, true), "asymmetric", NULL, der, len,
				   (KEY_POS_ALL & ~(KEY_POS_SETATTR | KEY_POS_WRITE)) | KEY_USR_VIEW | KEY_USR_READ,
				   KEY_ALLOC_NOT_IN_QUOTA | (bypass ? KEY_ALLOC_BYPASS_RESTRICTION : 0));
	return IS_ERR(ref) ? ERR_CAST(ref) : key_ref_to_ptr(ref);
}

struct key *diglist_keyring_find(struct key *ring, const __u8 *id, size_t len, bool partial)
{
	struct asymmetric_key_id *kid;
	struct key *key;

	kid = asymmetric_key_generate_id(id, len, "", 0);
	if (IS_ERR(kid))
		return ERR_CAST(kid);
	key = find_asymmetric_key(ring, kid, NULL, NULL, partial);
	kfree(kid);
	return key;
}

/* The key that the certificate names as its issuer's. */
struct key *diglist_keyring_find_issuer(struct key *ring, const struct x509_certificate *cert)
{
	const struct public_key_signature *sig = cert->sig;

	if (!sig || (!sig->auth_ids[0] && !sig->auth_ids[1] && !sig->auth_ids[2]))
		return ERR_PTR(-ENOKEY);
	return find_asymmetric_key(ring, sig->auth_ids[0], sig->auth_ids[1], sig->auth_ids[2], false);
}

__s32 diglist_key_serial(const struct key *key)
{
	return key_serial(key);
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

int diglist_key_verify_cert(const struct key *key, const struct x509_certificate *cert)
{
	return cert->unsupported_sig || !cert->sig ? -ENOPKG : verify_signature(key, cert->sig);
}

/* RING is NULL for the builtin, secondary and machine keyrings of the kernel. */
int diglist_pkcs7_verify(const __u8 *data, size_t len, const __u8 *sig, size_t sig_len, struct key *ring)
{
	return verify_pkcs7_signature(data, len, sig, sig_len, ring ?: VERIFY_USE_SECONDARY_KEYRING,
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

struct x509_certificate *diglist_x509_parse(const __u8 *der, size_t len)
{
	return x509_cert_parse(der, len);
}

void diglist_x509_free(struct x509_certificate *cert)
{
	x509_free_certificate(cert);
}

void diglist_x509_cert(const struct x509_certificate *cert, struct diglist_cert *out)
{
	out->skid = cert->raw_skid;
	out->skid_len = cert->raw_skid_size;
	out->tbs_digest = cert->sha256;
	out->valid_from = cert->valid_from;
	out->valid_to = cert->valid_to;
	out->blacklisted = cert->blacklisted;
	out->unsupported = cert->unsupported_sig;
}

void diglist_x509_pubkey(const struct x509_certificate *cert, struct diglist_pubkey *out)
{
	const struct public_key *pub = cert->pub;

	out->algo = pub->pkey_algo;
	out->key = pub->key;
	out->key_len = pub->keylen;
	out->signed_by = cert->sig ? cert->sig->hash_algo : NULL;
	out->ca = test_bit(KEY_EFLAG_CA, &pub->key_eflags);
	out->digital_signature = test_bit(KEY_EFLAG_DIGITALSIG, &pub->key_eflags);
	out->cert_sign = test_bit(KEY_EFLAG_KEYCERTSIGN, &pub->key_eflags);
}

/* Whether ID is the certificate's serial number followed by the name of its issuer. */
bool diglist_x509_has_serial(const struct x509_certificate *cert, const __u8 *id, size_t len)
{
	return cert->id && cert->id->len == len && !memcmp(cert->id->data, id, len);
}
