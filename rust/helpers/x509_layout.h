/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's parser of certificates is exported. What it fills in is declared outside include/,
 * in a file that the headers of distributions leave out. For them the declaration stands here;
 * where the kernel's own is there it counts, and a difference stops the build.
 */

#include <linux/stddef.h>
#include <linux/time64.h>
#include <crypto/public_key.h>
#include <crypto/sha2.h>
#include <keys/asymmetric-type.h>

struct x509_layout {
	void *chain[2];
	struct public_key *pub;
	struct public_key_signature *sig;
	u8 sha256[SHA256_DIGEST_SIZE];
	char *issuer;
	char *subject;
	struct asymmetric_key_id *id;
	struct asymmetric_key_id *skid;
	time64_t valid_from;
	time64_t valid_to;
	struct {
		const void *start;
		unsigned int sizes[2];
	} tbs;
	const void *raw_sig;
	struct {
		const void *start;
		unsigned int sizes[2];
	} serial;
	const void *raw_issuer;
	const void *raw_subject;
	unsigned int raw_subject_size;
	unsigned int raw_skid_size;
	const void *raw_skid;
	unsigned int index;
	bool states[3];
	bool unsupported_sig;
	bool blacklisted;
};

#if __has_include("../crypto/asymmetric_keys/x509_parser.h")
#include "../crypto/asymmetric_keys/x509_parser.h"

#define DIGLIST_SAME(field)                                                                       \
	static_assert(offsetof(struct x509_certificate, field) ==                                  \
			      offsetof(struct x509_layout, field) &&                       \
		      sizeof_field(struct x509_certificate, field) ==                              \
			      sizeof_field(struct x509_layout, field))
DIGLIST_SAME(pub);
DIGLIST_SAME(sig);
DIGLIST_SAME(sha256);
DIGLIST_SAME(subject);
DIGLIST_SAME(id);
DIGLIST_SAME(valid_from);
DIGLIST_SAME(valid_to);
DIGLIST_SAME(raw_subject);
DIGLIST_SAME(raw_subject_size);
DIGLIST_SAME(raw_skid);
DIGLIST_SAME(raw_skid_size);
DIGLIST_SAME(unsupported_sig);
DIGLIST_SAME(blacklisted);
#undef DIGLIST_SAME
#else
struct x509_certificate {
	struct x509_layout;
};

struct x509_certificate *x509_cert_parse(const void *data, size_t len);
void x509_free_certificate(struct x509_certificate *cert);
#endif
