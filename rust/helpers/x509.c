// SPDX-License-Identifier: GPL-2.0

#include <linux/slab.h>
#include "x509_layout.h"

/*
 * What a certificate says of its key. Pointers live as long as the certificate or key that they
 * come from.
 */
struct diglist_pubkey {
	const char *algo;	/* "rsa", "ecdsa-nist-p256" and so on */
	const __u8 *key;	/* DER of RSAPublicKey, or the point */
	size_t key_len;
	__u8 ca;
	__u8 digital_signature;
	__u8 cert_sign;
};

struct diglist_bytes {
	const __u8 *start;	/* may be NULL */
	size_t len;
};

/* A certificate beyond its key. */
struct diglist_cert {
	struct diglist_bytes id;	/* serial number and name of the issuer */
	struct diglist_bytes subject;
	struct diglist_bytes issuer[3];	/* the issuer's id, subject key identifier and subject */
	struct diglist_bytes key_id;	/* subject key identifier */
	const __u8 *tbs_digest;	/* SHA-256 of what is signed */
	__s64 valid_from;
	__s64 valid_to;
	__u8 blacklisted;
	__u8 unsupported;	/* its signature uses an algorithm that the kernel does not have */
};

/* The certificates that were linked into the module. */
extern const __u8 diglist_trusted_certs_start[], diglist_trusted_certs_end[];

const __u8 *diglist_trusted_certs(size_t *len)
{
	*len = diglist_trusted_certs_end - diglist_trusted_certs_start;
	return diglist_trusted_certs_start;
}

struct x509_certificate *diglist_x509_parse(const __u8 *der, size_t len)
{
	return x509_cert_parse(der, len);
}

int diglist_key_verify_cert(const struct key *key, const struct x509_certificate *cert)
{
	return cert->unsupported_sig || !cert->sig ? -ENOPKG : verify_signature(key, cert->sig);
}

/* A name that no other certificate has, to be freed; NULL if there is no memory. */
char *diglist_x509_name(const struct x509_certificate *cert)
{
	return kasprintf(GFP_KERNEL, "%s: %*phN", cert->subject, (int)sizeof(cert->sha256), cert->sha256);
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
	out->key_id = (struct diglist_bytes){ cert->raw_skid, cert->raw_skid_size };
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
	out->ca = test_bit(KEY_EFLAG_CA, &pub->key_eflags);
	out->digital_signature = test_bit(KEY_EFLAG_DIGITALSIG, &pub->key_eflags);
	out->cert_sign = test_bit(KEY_EFLAG_KEYCERTSIGN, &pub->key_eflags);
}
