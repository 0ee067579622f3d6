// SPDX-License-Identifier: GPL-2.0
/*
 * What Rust cannot reach directly; see helpers.h.
 */
#include <linux/binfmts.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/evm.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/ftrace.h>
#include <linux/hugetlb.h>
#include <linux/iversion.h>
#include <linux/key.h>
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/shmem_fs.h>
#include <linux/stat.h>
#include <linux/tpm.h>
#include <linux/utsname.h>
#include <linux/xattr.h>
#include <keys/asymmetric-type.h>
#include <crypto/sha1.h>
#include <crypto/sha2.h>
#include <uapi/linux/magic.h>
#include <uapi/linux/stat.h>

#include "helpers.h"

/* The Rust module macro has no string parameters. */
static char *ima_policy = "";
module_param(ima_policy, charp, 0444);
MODULE_PARM_DESC(ima_policy, "Built-in policies joined by '|': tcb, exec_tcb (default: none)");

static char *ima_appraise = "enforce";
module_param(ima_appraise, charp, 0444);
MODULE_PARM_DESC(ima_appraise, "What 'appraise' rules do: enforce (default), log, fix or off");

static char *evm_xattrs = "security.ima";
module_param(evm_xattrs, charp, 0444);
MODULE_PARM_DESC(evm_xattrs, "Extended attributes that only CAP_SYS_ADMIN may change, joined by ',' (default: security.ima)");

static bool force;
module_param(force, bool, 0600);
MODULE_PARM_DESC(force, "Whether a policy is taken that would deny what is running (default no)");

const char *diglist_param_ima_policy(void)
{
	return ima_policy ?: "";
}

const char *diglist_param_ima_appraise(void)
{
	return ima_appraise ?: "";
}

const char *diglist_param_evm_xattrs(void)
{
	return evm_xattrs ?: "";
}

bool diglist_param_force(void)
{
	return READ_ONCE(force);
}

/* A kprobe that is never armed: registering it resolves the name. Returns 0 if there is no such function. */
unsigned long diglist_function_address(const char *name)
{
	struct kprobe probe = { .symbol_name = name, .flags = KPROBE_FLAG_DISABLED };
	unsigned long address;

	if (register_kprobe(&probe))
		return 0;
	address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return address;
}

unsigned long diglist_ftrace_direct_addr(unsigned long addr)
{
	return ftrace_jmp_set(addr);
}

static void notrace diglist_redirect(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				struct ftrace_regs *fregs)
{
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)ops->private);
}

void diglist_ftrace_set_redirect(struct ftrace_ops *ops, unsigned long addr)
{
	ops->func = diglist_redirect;
	ops->private = (void *)addr;
}

struct file *diglist_bprm_file(const struct linux_binprm *bprm)
{
	return bprm->file;
}

bool diglist_bprm_is_check(const struct linux_binprm *bprm)
{
	return bprm->is_check;
}

const struct cred *diglist_bprm_cred(const struct linux_binprm *bprm)
{
	return bprm->cred;
}

/* The file of a mapping that is not executable yet, or NULL. */
struct file *diglist_vma_new_exec_file(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_EXEC ? NULL : vma->vm_file;
}

void diglist_file_get(struct file *file)
{
	get_file(file);
}

struct inode *diglist_file_inode(const struct file *file)
{
	return file_inode(file);
}

ssize_t diglist_file_xattr(struct file *file, const char *name, void *value, size_t size)
{
	return vfs_getxattr(&nop_mnt_idmap, file_dentry(file), name, value, size);
}

/* Takes the inode's lock, and waits while the file system is frozen. */
int diglist_file_set_xattr(struct file *file, const char *name, const void *value, size_t size)
{
	int ret = mnt_want_write_file(file);

	if (ret)
		return ret;
	ret = vfs_setxattr(file_mnt_idmap(file), file_dentry(file), name, value, size, 0);
	mnt_drop_write_file(file);
	return ret;
}

/* EVM's verdict (enum integrity_status) on the file's metadata, given the value of one attribute, NULL if it has none. */
int diglist_file_evm_status(struct file *file, const char *name, void *value, size_t size)
{
	return evm_verifyxattr(file_dentry(file), name, value, size);
}

int diglist_file_verity_digest(const struct file *file, __u8 *digest, __u8 *halg)
{
	enum hash_algo algo;
	int size = fsverity_get_digest(file_inode(file), digest, NULL, &algo);

	*halg = algo;
	return size;
}

bool diglist_file_has_readers(const struct file *file)
{
#ifdef CONFIG_IMA
	return atomic_read(&file_inode(file)->i_readcount) > 0;
#else
	/* Nobody counts readers. Whoever was measured may have one. */
	return true;
#endif
}

bool diglist_file_has_one_writer(const struct file *file)
{
	return atomic_read(&file_inode(file)->i_writecount) == 1;
}

/* The description of KEYRING if KEY is an asymmetric key, else NULL. */
const char *diglist_asymmetric_key_ring(const struct key *keyring, const struct key *key)
{
	return key->type == &key_type_asymmetric ? keyring->description : NULL;
}

bool diglist_file_is_regular(const struct file *file)
{
	return S_ISREG(file_inode(file)->i_mode);
}

__u32 diglist_file_flags(const struct file *file)
{
	return file->f_flags;
}

struct inode *diglist_file_real_inode(const struct file *file)
{
	return d_real_inode(file_dentry(file));
}

/* Opens the file behind FILE once more, for reading through the page cache, with the opener's credentials. */
struct file *diglist_file_reopen(struct file *file)
{
	unsigned int flags = file->f_flags;

	flags &= ~(O_ACCMODE | O_APPEND | O_TRUNC | O_CREAT | O_NOCTTY | O_EXCL | O_DIRECT);
	return dentry_open(&file->f_path, flags | O_RDONLY, file->f_cred);
}

/* The inode of a file that was just made, if it is a regular one and there. */
struct inode *diglist_dentry_new_file(struct dentry *dentry)
{
	struct inode *inode = d_real_inode(dentry);

	return inode && S_ISREG(inode->i_mode) ? inode : NULL;
}

/* User space can give no keyring a name with a dot in front. */
bool diglist_keyring_is_blacklist(const struct key *keyring)
{
	return !strcmp(keyring->description ?: "", ".blacklist");
}

struct file *diglist_path_open(const struct path *path)
{
	return dentry_open(path, O_RDONLY | O_LARGEFILE, current_cred());
}

/* Whether anybody, FILE itself included, has the content open for writing. */
bool diglist_file_written_elsewhere(const struct file *file)
{
	return inode_is_open_for_write(file_inode(file)) ||
	       inode_is_open_for_write(d_real_inode(file_dentry(file)));
}

/* Whether a page of the file's may be written to by a device, unseen by the file system. */
static bool has_pinned_pages(struct inode *inode)
{
	XA_STATE(xas, &inode->i_mapping->i_pages, 0);
	struct folio *folio;
	bool pinned = false;

	rcu_read_lock();
	xas_for_each(&xas, folio, ULONG_MAX) {
		if (xas_retry(&xas, folio) || xa_is_value(folio))
			continue;
		pinned = folio_maybe_dma_pinned(folio);
		if (pinned)
			break;
		if (need_resched()) {
			xas_pause(&xas);
			rcu_read_unlock();
			cond_resched();
			rcu_read_lock();
		}
	}
	rcu_read_unlock();
	return pinned;
}

/*
 * Whether what was read is what the next reader reads, as long as nobody opens the file for writing. Not so where a
 * server decides what each read returns; where writers are not counted, that is on the kernel's own mount of tmpfs
 * (memfd, shared memory) unless the file is sealed; and while pages are pinned for I/O. May sleep.
 */
bool diglist_file_content_is_stable(const struct file *file)
{
	struct inode *inode = file_inode(file), *real = d_real_inode(file_dentry(file));

	if ((inode->i_sb->s_iflags | real->i_sb->s_iflags) & SB_I_IMA_UNVERIFIABLE_SIGNATURE)
		return false;
	if (real->i_sb->s_flags & SB_KERNMOUNT && shmem_mapping(real->i_mapping) &&
	    !(SHMEM_I(real)->seals & F_SEAL_WRITE))
		return false;
	if (real->i_sb->s_flags & SB_KERNMOUNT && is_file_hugepages(file) && !(HUGETLBFS_I(real)->seals & F_SEAL_WRITE))
		return false;
	return !has_pinned_pages(real);
}

/*
 * A local file system that counts changes or stamps them finely enough to tell any two apart. FUSE and network file
 * systems set neither flag: their server may change content unseen. tmpfs sets both, but stores through a mapping, or
 * through pages pinned by io_uring, leave no sign there.
 */
bool diglist_inode_tracks_changes(const struct inode *inode)
{
	return IS_I_VERSION(inode) && is_mgtime(inode) && inode->i_sb->s_magic != TMPFS_MAGIC;
}

/* Marks the counter and the time stamp as seen, so that the next change must alter both. May sleep. */
int diglist_file_arm_change_tracking(struct file *file)
{
	struct inode *inode = d_real_inode(file_dentry(file));
	struct kstat stat;
	int ret;

	ret = vfs_getattr_nosec(&file->f_path, &stat, STATX_BASIC_STATS | STATX_CHANGE_COOKIE,
				AT_STATX_SYNC_AS_STAT);
	if (!ret && IS_I_VERSION(inode))
		inode_query_iversion(inode);
	return ret;
}

void diglist_inode_state(const struct inode *inode, struct diglist_inode_state *state)
{
	state->version = IS_I_VERSION(inode) ? inode_peek_iversion(inode) : 0;
	state->ctime_sec = inode_get_ctime_sec(inode);
	state->ctime_nsec = inode_get_ctime_nsec(inode);
	state->generation = inode->i_generation;
	state->size = i_size_read(inode);
}

/* See rust/witness.rs. In one function, because every access to a file comes through here. */
bool diglist_witness(const struct file *file, const struct cred *cred, __u64 *words)
{
	struct inode *inode = file_inode(file);

	if (!cred)
		cred = current_cred();
	if (!S_ISREG(inode->i_mode) || file->f_mode & FMODE_WRITE || file->f_flags & O_DIRECT || inode_is_open_for_write(inode) ||
	    inode != d_real_inode(file_dentry(file)) || file_mnt_idmap((struct file *)file) != &nop_mnt_idmap ||
	    !diglist_inode_tracks_changes(inode) ||
	    !uid_eq(cred->uid, cred->euid) || !uid_eq(cred->uid, cred->suid) ||
	    !gid_eq(cred->gid, cred->egid) || !gid_eq(cred->gid, cred->sgid))
		return false;
	words[0] = (unsigned long)inode;
	words[1] = IS_I_VERSION(inode) ? inode_peek_iversion(inode) : 0;
	words[2] = (__u64)inode_get_ctime_sec(inode) << 30 | inode_get_ctime_nsec(inode);
	words[3] = i_size_read(inode) ^ (__u64)inode->i_generation << 32;
	/* In the kernel's own numbers, which are those of the initial user namespace. */
	words[4] = (__u64)__kgid_val(cred->gid) << 32 | __kuid_val(cred->uid);
	return true;
}

void diglist_file_attrs(const struct file *file, struct diglist_inode_attrs *attrs)
{
	struct inode *inode = file_inode(file);
	struct mnt_idmap *idmap = file_mnt_idmap((struct file *)file);

	attrs->fsmagic = inode->i_sb->s_magic;
	memcpy(attrs->fsuuid, inode->i_sb->s_uuid.b, sizeof(attrs->fsuuid));
	attrs->fsname = inode->i_sb->s_type->name;
	attrs->fssubtype = inode->i_sb->s_subtype;
	attrs->fowner = from_kuid(&init_user_ns, vfsuid_into_kuid(i_uid_into_vfsuid(idmap, inode)));
	attrs->fgroup = from_kgid(&init_user_ns, vfsgid_into_kgid(i_gid_into_vfsgid(idmap, inode)));
}

/* The size of what a read sees: on overlayfs that of the layer, since the inode above may not have noticed a change. */
__s64 diglist_file_size(const struct file *file)
{
	return i_size_read(d_real_inode(file_dentry(file)));
}

void diglist_cred_ids(const struct cred *cred, struct diglist_cred_ids *ids)
{
	ids->uid = from_kuid(&init_user_ns, cred->uid);
	ids->euid = from_kuid(&init_user_ns, cred->euid);
	ids->suid = from_kuid(&init_user_ns, cred->suid);
	ids->gid = from_kgid(&init_user_ns, cred->gid);
	ids->egid = from_kgid(&init_user_ns, cred->egid);
	ids->sgid = from_kgid(&init_user_ns, cred->sgid);
	/* Without asking the LSMs, who would have to be told that nothing is being done with the capability. */
	ids->cap_setuid = cred->user_ns == &init_user_ns && cap_raised(cred->cap_effective, CAP_SETUID);
	ids->cap_setgid = cred->user_ns == &init_user_ns && cap_raised(cred->cap_effective, CAP_SETGID);
}

void diglist_current_ids(struct diglist_cred_ids *ids)
{
	diglist_cred_ids(current_cred(), ids);
}

const struct cred *diglist_kernel_cred(void)
{
	return prepare_kernel_cred(&init_task);
}

void diglist_cred_put(const struct cred *cred)
{
	put_cred(cred);
}

const struct cred *diglist_cred_override(const struct cred *cred)
{
	return override_creds(cred);
}

void diglist_cred_revert(const struct cred *cred)
{
	revert_creds(cred);
}

bool diglist_may_configure(void)
{
	return capable(CAP_SYS_ADMIN);
}

void diglist_sha256_update(struct sha256_ctx *ctx, const __u8 *data, size_t len)
{
	sha256_update(ctx, data, len);
}

void diglist_sha1(const __u8 *data, size_t len, __u8 *out)
{
	sha1(data, len, out);
}

void diglist_sha256(const __u8 *data, size_t len, __u8 *out)
{
	sha256(data, len, out);
}

void diglist_sha384(const __u8 *data, size_t len, __u8 *out)
{
	sha384(data, len, out);
}

void diglist_sha512(const __u8 *data, size_t len, __u8 *out)
{
	sha512(data, len, out);
}

__u32 diglist_tpm_bank_count(const struct tpm_chip *chip)
{
	return chip->nr_allocated_banks;
}

__u16 diglist_tpm_bank_algo(const struct tpm_chip *chip, __u32 index)
{
	return chip->allocated_banks[index].alg_id;
}

__u16 diglist_tpm_bank_size(const struct tpm_chip *chip, __u32 index)
{
	return chip->allocated_banks[index].digest_size;
}

const char *diglist_tpm_name(const struct tpm_chip *chip)
{
	return dev_name(&chip->dev);
}

void diglist_tpm_put(struct tpm_chip *chip)
{
	put_device(&chip->dev);
}

void diglist_module_pin(struct module *module)
{
	__module_get(module);
}

const char *diglist_kernel_release(void)
{
	return init_utsname()->release;
}

bool diglist_fatal_signal_pending(void)
{
	return fatal_signal_pending(current);
}

__u64 diglist_now_ns(void)
{
	return ktime_get_ns();
}
