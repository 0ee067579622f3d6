// SPDX-License-Identifier: GPL-2.0

#include <linux/audit.h>
#include <linux/cred.h>
#include <linux/sched.h>

/* A record about the current task, or NULL if there is to be none. */
struct audit_buffer *diglist_audit_start(int type)
{
	return audit_log_start(audit_context(), GFP_KERNEL, type);
}

void diglist_audit_text(struct audit_buffer *ab, const __u8 *text, size_t len)
{
	audit_log_format(ab, "%.*s", (int)len, text);
}

/* The subject, as in records of security/integrity/integrity_audit.c, which exports no function. */
void diglist_audit_subject(struct audit_buffer *ab)
{
	audit_log_format(ab, "pid=%d uid=%u auid=%u ses=%u", task_pid_nr(current),
			 from_kuid(&init_user_ns, current_uid()),
			 from_kuid(&init_user_ns, audit_get_loginuid(current)), audit_get_sessionid(current));
	audit_log_task_context(ab);
}

void diglist_audit_task_info(struct audit_buffer *ab)
{
	audit_log_task_info(ab);
}

void diglist_audit_end(struct audit_buffer *ab)
{
	audit_log_end(ab);
}

/* Fills NAME, of TASK_COMM_LEN bytes, with the name of the current task and a NUL. */
void diglist_task_comm(char *name)
{
	strscpy(name, current->comm, TASK_COMM_LEN);
}
