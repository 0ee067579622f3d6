#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every hook: which functions of the policy language an access arrives at, in one policy in which
# each function has a PCR and template of its own, so that a record tells by which rule it came
# about.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/kernel_reads.sh"

plan 40

disk=$WORK/disk
chmod 755 "$WORK"
mkfs_loop ext4 64M "$disk" || bail "no file system"
[ ! -e /dev/tpm0 ] || tpm2_pcrreset 23
load_module || bail "the module does not load"

# Only files of this owner are measured, and a file gets its owner last: making it leaves no record.
owner=4242
own() { chown "$owner" "$@"; }
policy='' marks=''
# by FUNC MARK: the records of this function have this PCR and template.
by() {
	policy+="measure func=$1 fowner=$owner pcr=${2%:*} template=${2#*:}$NL"
	marks+="$2 $1$NL"
}
by BPRM_CHECK 11:ima-ng
by CREDS_CHECK 14:ima-ng
by MMAP_CHECK 15:ima-ng
by MMAP_CHECK_REQPROT 16:ima-ng
by FILE_CHECK 23:ima-ng
by MODULE_CHECK 11:ima-ngv2
by FIRMWARE_CHECK 14:ima-ngv2
by KEXEC_KERNEL_CHECK 15:ima-ngv2
by KEXEC_INITRAMFS_CHECK 16:ima-ngv2
by POLICY_CHECK 23:ima-ngv2

# arrives NAME WANT COMMAND...: one result, ok if the command on the new file $file arrives at just
# these functions. A record with another digest than that of the file counts as wrong; the file
# loses its owner before it is read for that.
arrives() {
	local name=$1 want=$2 lines digest mark recorded got=
	shift 2
	"$@" >"$WORK/out" 2>&1 || sed 's/^/# /' "$WORK/out"
	lines=$(awk -v path="$file" '$5 == path { print $1 ":" $3 " " $4 }' "$ASCII")
	chown 0 "$file"
	digest=$(digest_of "$file")
	while read -r mark recorded; do
		[ -n "$mark" ] || continue
		got+=$(sed -n "s/^$mark //p" <<<"$marks")
		[ "${recorded##*:}" = "$digest" ] || got+="(wrong)"
		got+=$NL
	done <<<"$lines"
	check_eq "$name" "$want" "$(printf %s "$got" | sort | tr '\n' ' ' | sed 's/ $//')"
}
new() { fresh "$disk" && own "$file"; }
writes() { : >>"$1"; }

set_policy "$policy" || bail "the policy is refused"

section "accesses"
new && arrives "a file that is opened arrives at file_post_open" "FILE_CHECK" opens "$file"
new && arrives "a file that is opened for writing arrives at file_post_open" "FILE_CHECK" writes "$file"
new && arrives "a program that is executed arrives at bprm_check_security, bprm_creds_from_file, and at the hooks of what it maps" \
	"BPRM_CHECK CREDS_CHECK FILE_CHECK MMAP_CHECK MMAP_CHECK_REQPROT" "$file"
new && arrives "a file that is mapped executable arrives at mmap_file" "FILE_CHECK MMAP_CHECK MMAP_CHECK_REQPROT" "$SYSCALLS" map "$file"
new && arrives "a file that is mapped to be read arrives at file_post_open only" "FILE_CHECK" "$SYSCALLS" map-read "$file"
new && arrives "a mapping that only the personality makes executable does not arrive at MMAP_CHECK_REQPROT" "FILE_CHECK MMAP_CHECK" \
	"$SYSCALLS" map-implied "$file"
new && arrives "a mapping that is made executable arrives at file_mprotect" "FILE_CHECK MMAP_CHECK MMAP_CHECK_REQPROT" \
	"$SYSCALLS" mprotect "$file"

section "a script"
# A script that would leave a trace.
fresh "$disk" script && printf '#!/bin/sh\n: >%s\n' "$disk/ran" >"$file" && own "$file"
arrives "about which an interpreter asks arrives at bprm_creds_for_exec" "BPRM_CHECK FILE_CHECK" \
	"$SYSCALLS" check "$file"
check "about which an interpreter asks does not run" test ! -e "$disk/ran"
own "$file"
check "runs when it is executed" "$file"
check_eq "has the credentials of its interpreter, so that CREDS_CHECK is not asked of it" "" \
	"$(awk -v path="$file" '$5 == path && $1 == 14 && $3 == "ima-ng"' "$ASCII")"

section "content that the kernel reads"
fresh "$disk" && cp "$(modinfo -n dummy)" "$file" && own "$file"
arrives "a kernel module arrives at kernel_post_read_file" "FILE_CHECK MODULE_CHECK" insmod "$file"
rmmod dummy

# Firmware, whole and in part.
if modprobe test_firmware 2>/dev/null; then
	former=$(cat "$firmware_path")
	printf %s "$disk" >"$firmware_path"
	new && arrives "firmware arrives at kernel_post_read_file" "FILE_CHECK FIRMWARE_CHECK" request "$file"
	new && arrives "firmware in part arrives at kernel_read_file" "FILE_CHECK FIRMWARE_CHECK" request_part "$file"
	printf '%s\n' "$former" >"$firmware_path"
	set_firmware reset 1
	rmmod test_firmware
else
	skip "firmware arrives at kernel_post_read_file" "no module test_firmware"
	skip "firmware in part arrives at kernel_read_file" "no module test_firmware"
fi

kernel=$disk/kernel
kernel_header "$kernel"
kexec_kernel() { "$SYSCALLS" kexec "$file" /dev/null || true; }
kexec_initramfs() { "$SYSCALLS" kexec "$kernel" "$file" || true; }
"$SYSCALLS" kexec "$kernel" "$kernel" 2>/dev/null
case $? in
1 | 38) # EPERM, ENOSYS
	skip "a kernel for kexec arrives at kernel_post_read_file" "this kernel has no kexec_file_load, or is locked down"
	skip "an initramfs for kexec arrives at kernel_post_read_file" "this kernel has no kexec_file_load, or is locked down"
	;;
*)
	new && arrives "a kernel for kexec arrives at kernel_post_read_file" "FILE_CHECK KEXEC_KERNEL_CHECK" kexec_kernel
	new && arrives "an initramfs for kexec arrives at kernel_post_read_file" "FILE_CHECK KEXEC_INITRAMFS_CHECK" \
		kexec_initramfs
	;;
esac

load_policy() { echo "$file" >"$SECFS/policy"; }
fresh "$disk" && printf '%s# %s\n' "$policy" "$RANDOM" >"$file" && own "$file"
arrives "a policy of the module that is loaded by its path arrives at POLICY_CHECK" "POLICY_CHECK" load_policy
# A policy of IMA's that is not accepted: IMA takes only one in each boot.
if [ -e /sys/kernel/security/ima/policy ]; then
	load_ima_policy() { ! echo "$file" 2>/dev/null >/sys/kernel/security/ima/policy; }
	fresh "$disk" && echo nonsense >"$file" && own "$file"
	arrives "a policy of IMA's that is loaded by its path arrives at kernel_post_read_file" "FILE_CHECK POLICY_CHECK" load_ima_policy
else
	skip "a policy of IMA's that is loaded by its path arrives at kernel_post_read_file" "IMA has its policy already"
fi

section "credentials"
# Who executes: CREDS_CHECK sees the credentials that the program will have.
chmod 711 "$disk"
suid=4243
# suid_program: a new program that is set-uid to 4243.
suid_program() { fresh "$disk" && chown $suid "$file" && chmod 4755 "$file"; }
suid_program && set_policy "measure func=CREDS_CHECK fowner=$suid euid=$suid" && as 1000 "$file"
check "CREDS_CHECK euid= matches a set-uid program" once "$file"
suid_program && set_policy "measure func=BPRM_CHECK fowner=$suid euid=$suid" && as 1000 "$file"
check "BPRM_CHECK euid= does not match a set-uid program: it has the credentials of the task that executes" unmeasured "$file"
suid_program && set_policy "measure func=CREDS_CHECK fowner=$suid uid=$suid" && as 1000 "$file"
check "CREDS_CHECK uid= does not match the owner of a set-uid program: the real user stays" unmeasured "$file"
suid_program && set_policy "measure func=CREDS_CHECK fowner=$suid uid=1000" && as 1000 "$file"
check "CREDS_CHECK uid= matches the real user" once "$file"
suid_program && chmod 755 "$file" && set_policy "measure func=CREDS_CHECK fowner=$suid euid=$suid" && as 1000 "$file"
check "CREDS_CHECK euid= does not match a program without the set-uid bit" unmeasured "$file"
set_policy "measure func=CREDS_CHECK fowner=$suid egid=$suid"
fresh "$disk" && chown $suid:$suid "$file" && chmod 2755 "$file" && as 1000 "$file"
check "CREDS_CHECK egid= matches a set-gid program" once "$file"

section "root of a user namespace that user 1000 made"
# User namespaces: ids are those of the initial one.
in_userns() { as 1000 unshare --user --map-root-user "$@"; }
if in_userns true 2>/dev/null; then
	for case in "uid=1000 once" "uid=0 unmeasured" "euid=0 unmeasured"; do
		set_policy "measure func=BPRM_CHECK fowner=$owner ${case% *}" && new && in_userns "$file"
		check "a program is ${case#* } under a rule with ${case% *}" "${case#* }" "$file"
	done
else
	for case in "uid=1000 once" "uid=0 unmeasured" "euid=0 unmeasured"; do
		skip "a program is ${case#* } under a rule with ${case% *}" "users may make no user namespace"
	done
fi
section "a changed root"
set_policy "measure func=BPRM_CHECK fowner=$owner" && new && chroot "$disk" /"${file##*/}" 2>/dev/null
check_eq "a program that cannot run in it is measured all the same" 1 "$(grep -c "${file##*/}\$" "$ASCII")"

section "mmap and mprotect"
# mmap and mprotect, more closely.
set_policy "measure func=MMAP_CHECK fowner=$owner"
new && "$SYSCALLS" mprotect "$file" && "$SYSCALLS" mprotect "$file"
check "a mapping that is made executable is measured once, with its digest" once "$file"
new && for i in 1 2 3; do "$SYSCALLS" map "$file"; done
check "a file that is mapped executable three times is measured once" once "$file"
set_policy "measure func=MMAP_CHECK fowner=$owner uid=1000"
new && "$SYSCALLS" mprotect "$file"
check "a mapping that is made executable does not match a rule for another user" unmeasured "$file"
as 1000 "$SYSCALLS" mprotect "$file"
check "a mapping that is made executable matches a rule for its user" once "$file"

section "a task that shares its memory and is killed while the file is read that it made executable"
# A task that shares its memory is killed while the file is read: the memory, and what became
# executable in it, stay.
set_policy "measure func=MMAP_CHECK fowner=$owner"
new && truncate -s 40M "$file"
check "leaves its memory to others" "$SYSCALLS" mprotect-killed "$file" 100
check "leaves a violation: it is not known what is executed" [ "$(violations_for "$file")" = 1 ]

section "what cannot be executed or opened"
# Exec of what cannot be executed, and open of what is no regular file.
set_policy "measure fowner=$owner"
mkfifo "$disk/fifo" && mkdir "$disk/dir" && own "$disk/fifo" "$disk/dir"
: <>"$disk/fifo"
ls "$disk/dir"
check "fifos are not measured" unmeasured "$disk/fifo"
check "directories are not measured" unmeasured "$disk/dir"
new && chmod 644 "$file" && ! "$file" 2>/dev/null
check "a file that may not be executed is not measured" unmeasured "$file"
set_policy "measure func=FILE_CHECK fowner=$owner"
new && chmod 600 "$file" && ! as 1000 cat "$file" 2>/dev/null
check "a file that may not be opened is not measured" unmeasured "$file"

section "the whole test"
check "the module was attached to every hook" test "$(grep -c '^hook_.*: \(jump\|redirect\)$' "$SECFS/status")" -ge 11
if [ -e /dev/tpm0 ]; then check "PCR 23 of every bank replays" replay_pcr 23; else skip "PCR 23 of every bank replays" "no TPM"; fi
finish
