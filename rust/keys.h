/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keyrings, X.509 certificates and signatures: the fields and flags of the kernel's structures that Rust cannot reach.
 */
#ifndef DIGEST_LISTS_KEYS_H
#define DIGEST_LISTS_KEYS_H

#include <linux/types.h>

struct key;
struct x509_certificate;

/* What a certificate says of its key. Pointers live as long as the certificate or key that they come from. */
struct diglist_pubkey {
	const char *algo;	/* "rsa", "ecdsa-nist-p256" and so on */
	const __u8 *key;	/* DER of RSAPublicKey, or the point */
	size_t key_len;
	const char *signed_by;	/* hash algorithm of the certificate's own signature, may be NULL */
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
	const __u8 *skid;	/* subject key identifier, may be NULL */
	size_t skid_len;
	const __u8 *tbs_digest;	/* SHA-256 of what is signed */
	__s64 valid_from;
	__s64 valid_to;
	__u8 blacklisted;
	__u8 unsupported;	/* its signature uses an algorithm that the kernel does not have */
};

/* keyrings */
struct key *diglist_keyring_new(const char *name);
int diglist_keyring_restrict(struct key *ring, const char *type, const char *restriction);
struct key *diglist_keyring_add(struct key *ring, const struct x509_certificate *cert, const __u8 *der, size_t len);
struct key *diglist_keyring_submit(struct key *ring, const __u8 *der, size_t len);
int diglist_keyring_link(struct key *ring, struct key *key);

/* signatures */
int diglist_key_verify(const struct key *key, const char *encoding, const char *hash, const __u8 *digest,
		       size_t digest_len, const __u8 *sig, size_t sig_len);
int diglist_key_verify_cert(const struct key *key, const struct x509_certificate *cert);
int diglist_pkcs7_verify(const __u8 *data, size_t len, const __u8 *sig, size_t sig_len, struct key *ring, bool secondary);
bool diglist_cert_is_blacklisted(const __u8 *digest, size_t len);
bool diglist_data_is_blacklisted(const __u8 *digest, size_t len);

/* certificates */
struct x509_certificate *diglist_x509_parse(const __u8 *der, size_t len);
void diglist_x509_free(struct x509_certificate *cert);
void diglist_x509_cert(const struct x509_certificate *cert, struct diglist_cert *out);
void diglist_x509_pubkey(const struct x509_certificate *cert, struct diglist_pubkey *out);

/* the certificates that were linked into the module */
const __u8 *diglist_trusted_certs(size_t *len);

#endif
