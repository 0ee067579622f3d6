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
#include "storage.h"

/* Of enum evm_ima_xattr_type, in a header that is not below include/. */
#define EVM_IMA_XATTR_DIGSIG 3

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

static char *attach = "auto";
module_param(attach, charp, 0444);
MODULE_PARM_DESC(attach, "How hooks are attached: auto (default), redirect (beside BPF programs) or jump");

static char *validity = "signing";
module_param(validity, charp, 0444);
MODULE_PARM_DESC(validity, "When signers' certificates must be valid: signing (default), or also now, by the system's clock");

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

const char *diglist_param_attach(void)
{
	return attach ?: "";
}

const char *diglist_param_validity(void)
{
	return validity ?: "";
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

bool diglist_vma_is_shared(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_SHARED;
}

/* Whether the task runs what it has put off (task_work_add()) before it returns to user space. */
bool diglist_task_returns_to_user(void)
{
	return !in_interrupt() && !(current->flags & (PF_KTHREAD | PF_USER_WORKER));
}

bool diglist_vma_is_exec(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_EXEC;
}

/*
 * Whether BACKING, of which a stacked file system maps the pages, has another content than a read of USER: overlayfs
 * reads the upper file once there is one, and maps the lower one if it was open before. File systems that share pages
 * between equal files (erofs) map other inodes as well, but have one content. BACKING may be of a stacked file system itself.
 */
bool diglist_maps_another_content(const struct file *backing, const struct file *user)
{
	struct inode *real = d_real_inode(file_dentry(user));

	return real != d_inode(file_dentry(user)) && real != d_real_inode(file_dentry(backing));
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

/*
 * Takes the inode's lock. While the file system is frozen or about to be, it waits if WAIT, and gives up with -EAGAIN
 * otherwise: who opens a file to truncate it holds off the freezer already, and would wait for it while it waits for him.
 */
int diglist_file_set_xattr(struct file *file, const char *name, const void *value, size_t size, bool wait)
{
	struct super_block *sb = file_inode(file)->i_sb;
	int ret;

	if (wait)
		sb_start_write(sb);
	else if (!sb_start_write_trylock(sb))
		return -EAGAIN;
	ret = mnt_get_write_access(file->f_path.mnt);
	if (!ret) {
		ret = vfs_setxattr(file_mnt_idmap(file), file_dentry(file), name, value, size, 0);
		mnt_put_write_access(file->f_path.mnt);
	}
	sb_end_write(sb);
	return ret;
}

/* Whether EVM, asked for its verdict, may put an HMAC in the place of a signature, or this cannot be told. */
static bool evm_may_store(struct dentry *dentry)
{
	const size_t room = SZ_4K;
	__u8 *value = kmalloc(room, GFP_KERNEL);
	ssize_t len = value ? vfs_getxattr(&nop_mnt_idmap, dentry, XATTR_NAME_EVM, value, room) : -ENOMEM;
	bool ret = len > 0 ? value[0] == EVM_IMA_XATTR_DIGSIG : len != 0 && len != -ENODATA && len != -EOPNOTSUPP;

	kfree(value);
	return ret;
}

/*
 * Reads the attribute NAME and puts EVM's verdict (enum integrity_status) on the metadata that it is part of in STATUS.
 * Returns the length, 0 if there is none. Takes the inode's lock, as EVM wants it, but does not wait for a frozen file
 * system, for the reason above: -EAGAIN where EVM would have to write to it.
 */
ssize_t diglist_file_xattr_under_evm(struct file *file, const char *name, void *value, size_t size, int *status)
{
	struct dentry *dentry = file_dentry(file);
	struct super_block *sb = file_inode(file)->i_sb;
	bool may_write = sb_start_write_trylock(sb);
	ssize_t len;

	inode_lock(d_inode(dentry));
	len = vfs_getxattr(&nop_mnt_idmap, dentry, name, value, size);
	if (len == -ENODATA || len == -EOPNOTSUPP)
		len = 0;
	if (len >= 0 && !may_write && evm_may_store(dentry))
		len = -EAGAIN;
	if (len >= 0)
		*status = evm_verifyxattr(dentry, name, len ? value : NULL, len);
	inode_unlock(d_inode(dentry));
	if (may_write)
		sb_end_write(sb);
	return len;
}

int diglist_file_verity_digest(const struct file *file, __u8 *digest, __u8 *halg)
{
	enum hash_algo algo = HASH_ALGO__LAST;
	int size = fsverity_get_digest(file_inode(file), digest, NULL, &algo);

	*halg = algo;
	return size;
}

static int readers_of(const struct inode *inode)
{
#ifdef CONFIG_IMA
	return atomic_read(&inode->i_readcount);
#else
	/* Nothing counts readers. */
	return 1;
#endif
}

/*
 * Whether anything has the file open for reading only, through this inode or the one that holds the content: of a file
 * on overlayfs, tasks hold the one, and mappings the other.
 */
bool diglist_file_has_readers(const struct file *file)
{
	return readers_of(file_inode(file)) > 0 || readers_of(d_real_inode(file_dentry(file))) > 0;
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
	return READ_ONCE(file->f_flags);
}

/* Where the user sees FILE: of a file below a stacked file system not its place in the layer. */
const struct path *diglist_file_user_path(const struct file *file)
{
	return file_user_path(file);
}

/* Whether FILE is of a file system that keeps the content in files of another one, which are opened beside it. */
bool diglist_file_is_stacked(const struct file *file)
{
	return file_dentry(file)->d_flags & DCACHE_OP_REAL;
}

struct inode *diglist_file_real_inode(const struct file *file)
{
	return d_real_inode(file_dentry(file));
}

/* Opens the file behind FILE once more, for reading through the page cache, with the opener's credentials. */
struct file *diglist_file_reopen(struct file *file)
{
	unsigned int flags = READ_ONCE(file->f_flags);

	flags &= ~(O_ACCMODE | O_APPEND | O_TRUNC | O_CREAT | O_NOCTTY | O_EXCL | O_DIRECT);
	return dentry_open(&file->f_path, flags | O_RDONLY, file->f_cred);
}

/*
 * The inode that a change through DENTRY alters, of all those below it. Of a file on overlayfs whose content is still in
 * another layer than its metadata it is that of the metadata: the content there stays as it is, and d_real_inode(), for
 * files that nobody has opened, may have to search for it, and warn if it is not there. Does not sleep.
 */
static struct inode *upmost_inode(struct dentry *dentry)
{
	return d_inode(d_real(dentry, D_REAL_METADATA));
}

/* The inode of a file that was just made, if it is a regular one and there. */
struct inode *diglist_dentry_new_file(struct dentry *dentry)
{
	struct inode *inode = upmost_inode(dentry);

	return inode && S_ISREG(inode->i_mode) ? inode : NULL;
}

/*
 * The inode that holds the content of a file without a name that was just made, if the task made it by its own
 * credentials: overlayfs makes such files for a copy-up, which brings the content of another file, with those of the
 * mount.
 */
struct inode *diglist_own_tmpfile(struct inode *inode)
{
	struct dentry *dentry;

	if (current_cred() != current_real_cred())
		return NULL;
	dentry = d_find_any_alias(inode);
	if (dentry) {
		inode = upmost_inode(dentry);
		dput(dentry);
	}
	return inode;
}

/* User space can give no keyring a name with a dot in front. */
bool diglist_keyring_is_blacklist(const struct key *keyring)
{
	return !strcmp(keyring->description ?: "", ".blacklist");
}

struct inode *diglist_path_upmost_inode(const struct path *path)
{
	return upmost_inode(path->dentry);
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

static __always_inline void inode_signs(const struct inode *inode, struct diglist_signs *signs)
{
	signs->version = IS_I_VERSION(inode) ? inode_peek_iversion(inode) : 0;
	signs->ctime_sec = inode_get_ctime_sec(inode);
	signs->ctime_nsec = inode_get_ctime_nsec(inode);
	signs->generation = inode->i_generation;
	signs->size = i_size_read(inode);
}

void diglist_inode_state(const struct inode *inode, struct diglist_inode_state *state)
{
	inode_signs(inode, &state->signs);
	state->writers = atomic_read(&inode->i_writecount);
	state->readers = readers_of(inode);
	state->cached = READ_ONCE(inode->i_mapping->nrpages) != 0;
}

/* As shows_changes() of src/logic/storage.rs, for what every access comes through. */
static bool shows_changes(const struct inode *inode)
{
	return IS_I_VERSION(inode) && is_mgtime(inode) && inode->i_sb->s_magic != TMPFS_MAGIC;
}

/*
 * See rust/witness.rs. In one function, because every access to a file comes through here. Does not sleep: of stacked file
 * systems, where finding the content's inode may, there are no witnesses.
 */
bool diglist_witness(const struct file *file, const struct cred *cred, struct diglist_witness *witness)
{
	struct inode *inode = file_inode(file);

	if (!cred)
		cred = current_cred();
	if (!S_ISREG(inode->i_mode) || READ_ONCE(file->f_mode) & FMODE_WRITE || READ_ONCE(file->f_flags) & O_DIRECT || inode_is_open_for_write(inode) ||
	    file_dentry(file)->d_flags & DCACHE_OP_REAL || file_mnt_idmap((struct file *)file) != &nop_mnt_idmap ||
	    !shows_changes(inode) ||
	    !uid_eq(cred->uid, cred->euid) || !uid_eq(cred->uid, cred->suid) ||
	    !gid_eq(cred->gid, cred->egid) || !gid_eq(cred->gid, cred->sgid))
		return false;
	witness->inode = inode;
	inode_signs(inode, &witness->signs);
	/* In the kernel's own numbers, which are those of the initial user namespace. */
	witness->uid = __kuid_val(cred->uid);
	witness->gid = __kgid_val(cred->gid);
	return true;
}

/* Memory of a few bytes for what must not get lost. */
void *diglist_alloc_nofail(size_t size)
{
	return kmalloc(size, GFP_KERNEL | __GFP_NOFAIL);
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

/* The credentials of the task itself, whatever it has taken over for the moment. */
const struct cred *diglist_task_cred(void)
{
	return current_real_cred();
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

/* rust/tpm.rs passes that many digests to tpm_pcr_extend(), which takes one per bank. */
static_assert(ARRAY_SIZE(((struct tpm_chip *)NULL)->allocated_banks) == TPM2_MAX_PCR_BANKS);

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

void diglist_cond_resched(void)
{
	cond_resched();
}

/* Whether paths can be told: they begin at the task's root, which a task that exits gives up before its other work. */
bool diglist_has_root(void)
{
	return current->fs;
}

__u64 diglist_now_ns(void)
{
	return ktime_get_ns();
}

__u64 diglist_seconds_since_boot(void)
{
	return ktime_get_boottime_seconds();
}

void diglist_init_delayed_work(struct delayed_work *work, work_func_t func)
{
	INIT_DELAYED_WORK(work, func);
}
