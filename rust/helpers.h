/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What Rust cannot reach directly: inline functions, macros and fields of structures that are too large or too
 * volatile to bind. One line of C each; no logic.
 */
#ifndef DIGEST_LISTS_HELPERS_H
#define DIGEST_LISTS_HELPERS_H

#include <linux/types.h>
#include <linux/workqueue.h>

struct cred;
struct dentry;
struct file;
struct file_operations;
struct ftrace_ops;
struct inode;
struct key;
struct linux_binprm;
struct module;
struct path;
struct sha256_ctx;
struct tpm_chip;
struct vm_area_struct;

/* What changes when the content of an inode changes. */
struct diglist_signs {
	__u64 version;		/* the change counter without its flag bit, 0 where the file system has none */
	__s64 ctime_sec;
	__u32 ctime_nsec;
	__u32 generation;
	__s64 size;
};

/* An inode as it is. */
struct diglist_inode_state {
	struct diglist_signs signs;
	__s32 writers;		/* i_writecount */
	__s32 readers;		/* i_readcount; 1 where the kernel does not count them */
	__u8 cached;		/* whether it has pages */
};

/* What an access depends on; see rust/witness.rs. */
struct diglist_witness {
	const struct inode *inode;
	struct diglist_signs signs;
	__u32 uid;
	__u32 gid;
};

/* Attributes of an inode that policy rules match on, ids in the initial user namespace. */
struct diglist_inode_attrs {
	__u64 fsmagic;
	__u8 fsuuid[16];
	const char *fsname;
	const char *fssubtype;	/* may be NULL */
	__u32 fowner;
	__u32 fgroup;
};

/* Ids of a task's credentials in the initial user namespace. */
struct diglist_cred_ids {
	__u32 uid;
	__u32 euid;
	__u32 suid;
	__u32 gid;
	__u32 egid;
	__u32 sgid;
	__u8 cap_setuid;
	__u8 cap_setgid;
};

/* A program or library, and by whom it is used how. */
struct diglist_exec_use {
	struct file *file;	/* with a reference */
	struct diglist_cred_ids ids;
	__u8 executed;
	__u8 mapped;
	__u8 shared;
};

/* A record of the integrity subsystem. What may be NULL or 0 is then left out. */
struct diglist_audit_record {
	int type;
	int result;			/* 0 or a negative errno */
	int rule;			/* its place in the policy from 1, or 0 */
	const struct inode *inode;	/* may be NULL */
	const char *name;
	const char *op;
	const char *cause;
	const char *digest;		/* ALGORITHM:HEX; may be NULL */
	const char *xattr;		/* may be NULL */
};

/* ftrace */
unsigned long diglist_function_address(const char *name);
unsigned long diglist_ftrace_direct_addr(unsigned long addr);
void diglist_ftrace_set_redirect(struct ftrace_ops *ops, unsigned long addr);

/* files and inodes */
struct file *diglist_bprm_file(const struct linux_binprm *bprm);
bool diglist_bprm_is_check(const struct linux_binprm *bprm);
const struct cred *diglist_bprm_cred(const struct linux_binprm *bprm);
struct file *diglist_vma_new_exec_file(const struct vm_area_struct *vma);
bool diglist_vma_is_shared(const struct vm_area_struct *vma);
bool diglist_task_returns_to_user(void);
bool diglist_vma_is_exec(const struct vm_area_struct *vma);
bool diglist_maps_another_content(const struct file *backing, const struct file *user);
void diglist_file_get(struct file *file);
struct inode *diglist_file_inode(const struct file *file);
ssize_t diglist_file_xattr(struct file *file, const char *name, void *value, size_t size);
int diglist_file_set_xattr(struct file *file, const char *name, const void *value, size_t size, bool wait);
ssize_t diglist_file_xattr_under_evm(struct file *file, const char *name, void *value, size_t size, int *status);
int diglist_file_verity_digest(const struct file *file, __u8 *digest, __u8 *halg);
bool diglist_file_has_readers(const struct file *file);
const char *diglist_asymmetric_key_ring(const struct key *keyring, const struct key *key);
bool diglist_file_is_regular(const struct file *file);
__u32 diglist_file_flags(const struct file *file);
const struct path *diglist_file_user_path(const struct file *file);
bool diglist_file_is_stacked(const struct file *file);
struct inode *diglist_file_real_inode(const struct file *file);
struct file *diglist_file_reopen(struct file *file);
struct inode *diglist_dentry_new_file(struct dentry *dentry);
struct inode *diglist_own_tmpfile(struct inode *inode);
bool diglist_keyring_is_blacklist(const struct key *keyring);
struct inode *diglist_path_upmost_inode(const struct path *path);
struct file *diglist_path_open(const struct path *path);
ssize_t diglist_exec_uses(struct diglist_exec_use *uses, size_t room, unsigned int *unseen);
bool diglist_file_written_elsewhere(const struct file *file);
int diglist_file_arm_change_tracking(struct file *file);
void diglist_inode_state(const struct inode *inode, struct diglist_inode_state *state);
void diglist_file_attrs(const struct file *file, struct diglist_inode_attrs *attrs);
__s64 diglist_file_size(const struct file *file);

bool diglist_witness(const struct file *file, const struct cred *cred, struct diglist_witness *witness);
void *diglist_alloc_nofail(size_t size);

/* securityfs */
const struct file_operations *diglist_closed_fops(const struct dentry *dentry);
void diglist_set_fops(const struct dentry *dentry, const struct file_operations *fops);

/* credentials */
const struct cred *diglist_kernel_cred(void);
void diglist_cred_put(const struct cred *cred);
const struct cred *diglist_cred_override(const struct cred *cred);
void diglist_cred_revert(const struct cred *cred);
void diglist_cred_ids(const struct cred *cred, struct diglist_cred_ids *ids);
void diglist_current_ids(struct diglist_cred_ids *ids);
const struct cred *diglist_task_cred(void);
bool diglist_may_configure(void);

/* digests */
void diglist_sha256_update(struct sha256_ctx *ctx, const __u8 *data, size_t len);
void diglist_sha1(const __u8 *data, size_t len, __u8 *out);
void diglist_sha256(const __u8 *data, size_t len, __u8 *out);
void diglist_sha384(const __u8 *data, size_t len, __u8 *out);
void diglist_sha512(const __u8 *data, size_t len, __u8 *out);

/* TPM */
__u32 diglist_tpm_bank_count(const struct tpm_chip *chip);
__u16 diglist_tpm_bank_algo(const struct tpm_chip *chip, __u32 index);
__u16 diglist_tpm_bank_size(const struct tpm_chip *chip, __u32 index);
const char *diglist_tpm_name(const struct tpm_chip *chip);
void diglist_tpm_put(struct tpm_chip *chip);

/* audit */
void diglist_audit_rule(const char *path, const char *digest);
void diglist_audit_integrity(const struct diglist_audit_record *record);

/* module and kernel */
void diglist_module_pin(struct module *module);
const char *diglist_param_ima_policy(void);
const char *diglist_param_ima_appraise(void);
const char *diglist_param_evm_xattrs(void);
const char *diglist_param_attach(void);
const char *diglist_param_validity(void);
bool diglist_param_force(void);
const char *diglist_kernel_release(void);
bool diglist_fatal_signal_pending(void);
void diglist_cond_resched(void);
bool diglist_has_root(void);
__u64 diglist_now_ns(void);
__u64 diglist_seconds_since_boot(void);

/* work */
void diglist_init_delayed_work(struct delayed_work *work, work_func_t func);

#endif
