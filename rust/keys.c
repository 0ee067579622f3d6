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

/*
 * User space may look at it and search it, and nothing else. Whoever may search a key may invalidate it, which is why the
 * keyring, and with it every key in it, has the flag that forbids this even to root. It does not bind the kernel.
 */
struct key *diglist_keyring_new(const char *name)
{
	return keyring_alloc(name, GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, current_cred(),
			     (KEY_POS_ALL & ~(KEY_POS_SETATTR | KEY_POS_LINK)) |
			     KEY_USR_VIEW | KEY_USR_READ | KEY_USR_SEARCH,
			     KEY_ALLOC_NOT_IN_QUOTA | KEY_ALLOC_SET_KEEP, NULL, NULL);
}

int diglist_keyring_restrict(struct key *ring, const char *type, const char *restriction)
{
	return keyring_restrict(make_key_ref(ring, true), type, restriction);
}

static struct key *add(struct key *ring, const char *description, const __u8 *der, size_t len, unsigned long flags)
{
	key_ref_t ref;

	ref = key_create_or_update(make_key_ref(ring, true), "asymmetric", description, der, len,
				   (KEY_POS_ALL & ~(KEY_POS_SETATTR | KEY_POS_WRITE)) | KEY_USR_VIEW | KEY_USR_READ,
				   KEY_ALLOC_NOT_IN_QUOTA | flags);
	return IS_ERR(ref) ? ERR_CAST(ref) : key_ref_to_ptr(ref);
}

/* With a name of its own for each certificate: one that has the name of another would take its place. */
struct key *diglist_keyring_add(struct key *ring, const struct x509_certificate *cert, const __u8 *der, size_t len)
{
	char *description;
	struct key *key;

	description = kasprintf(GFP_KERNEL, "%s: %*phN", cert->subject, (int)sizeof(cert->sha256), cert->sha256);
	if (!description)
		return ERR_PTR(-ENOMEM);
	key = add(ring, description, der, len, KEY_ALLOC_BYPASS_RESTRICTION);
	kfree(description);
	return key;
}

/* As the restriction of the keyring allows. */
struct key *diglist_keyring_submit(struct key *ring, const __u8 *der, size_t len)
{
	return add(ring, NULL, der, len, 0);
}

int diglist_keyring_link(struct key *ring, struct key *key)
{
	return key_link(ring, key);
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

/* RING is NULL for the kernel's own keyrings: the builtin one, or also the secondary one with the machine keyring. */
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

struct x509_certificate *diglist_x509_parse(const __u8 *der, size_t len)
{
	return x509_cert_parse(der, len);
}

void diglist_x509_free(struct x509_certificate *cert)
{
	x509_free_certificate(cert);
}

static struct diglist_bytes bytes_of(const struct asymmetric_key_id *id)
{
	return id ? (struct diglist_bytes){ id->data, id->len } : (struct diglist_bytes){};
}

void diglist_x509_cert(const struct x509_certificate *cert, struct diglist_cert *out)
{
	out->id = bytes_of(cert->id);
	out->subject = (struct diglist_bytes){ cert->raw_subject, cert->raw_subject_size };
	for (int i = 0; i < ARRAY_SIZE(out->issuer); i++)
		out->issuer[i] = bytes_of(cert->sig ? cert->sig->auth_ids[i] : NULL);
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
