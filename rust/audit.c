// SPDX-License-Identifier: GPL-2.0
/*
 * Audit records in IMA's formats; see security/integrity/integrity_audit.c and ima_audit_measurement(). The functions
 * that write them there are not exported.
 */
#include <linux/audit.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/sched.h>

#include "helpers.h"

/* A string as auditd expects it: quoted, or in hexadecimal if it has a quote, a space or anything not printable. */
static void log_string(struct audit_buffer *ab, const char *s)
{
	const unsigned char *c;

	for (c = s; *c; c++) {
		if (*c == '"' || *c < 0x21 || *c > 0x7e) {
			for (c = s; *c; c++)
				audit_log_format(ab, "%02X", *c);
			return;
		}
	}
	audit_log_format(ab, "\"%s\"", s);
}

/* A file that an 'audit' rule matches. DIGEST has the form ALGORITHM:HEX. */
void diglist_audit_rule(const char *path, const char *digest)
{
	struct audit_buffer *ab = audit_log_start(audit_context(), GFP_KERNEL, AUDIT_INTEGRITY_RULE);

	if (!ab)
		return;
	audit_log_format(ab, "file=");
	log_string(ab, path);
	audit_log_format(ab, " hash=\"%s\"", digest);
	audit_log_task_info(ab);
	audit_log_end(ab);
}

/* Something that went wrong with a file, or with the PCR on its account. IMA's records have no digest, rule or xattr. */
void diglist_audit_integrity(const struct diglist_audit_record *record)
{
	struct audit_buffer *ab = audit_log_start(audit_context(), GFP_KERNEL, record->type);
	char comm[TASK_COMM_LEN];

	if (!ab)
		return;
	audit_log_format(ab, "pid=%d uid=%u auid=%u ses=%u", task_pid_nr(current),
			 from_kuid(&init_user_ns, current_uid()),
			 from_kuid(&init_user_ns, audit_get_loginuid(current)), audit_get_sessionid(current));
	audit_log_task_context(ab);
	audit_log_format(ab, " op=%s cause=%s comm=", record->op, record->cause);
	log_string(ab, get_task_comm(comm, current));
	audit_log_format(ab, " name=");
	log_string(ab, record->name);
	if (record->inode) {
		audit_log_format(ab, " dev=");
		log_string(ab, record->inode->i_sb->s_id);
		audit_log_format(ab, " ino=%llu", (unsigned long long)record->inode->i_ino);
	}
	audit_log_format(ab, " res=%d errno=%d", !record->result, record->result);
	if (record->xattr) {
		audit_log_format(ab, " xattr=");
		log_string(ab, record->xattr);
	}
	if (record->digest)
		audit_log_format(ab, " hash=\"%s\"", record->digest);
	if (record->rule)
		audit_log_format(ab, " rule=%d", record->rule);
	audit_log_end(ab);
}
