#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who may change the extended attributes in evm_xattrs=, and that a change of one has the file
# judged again. Attributes whose name begins with user. are protected by nobody else.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

plan 24
begin_appraisal
# The owner of a directory to which root is no other than the owner.
mkdir "$disk/his" && cp /usr/bin/true "$disk/his/file" && chown -R 1000 "$disk/his"
load_module evm_xattrs=security.ima,user.protected || bail "the module does not load"
# is_protected XATTR NAME COMMAND...: succeeds if the command fails, and the audit log says that
# XATTR of the file NAME is why.
is_protected() {
	local xattr=$1 name=$2 rc=0
	shift 2
	mark
	"$@" >"$WORK/refused" 2>&1 || rc=$?
	[ "$rc" -ne 0 ] && kernel_log | grep 'audit: type=1801 ' | grep -F "op=appraise_metadata cause=protected-xattr " |
		grep -F "name=\"$name\"" | grep -q "res=0 errno=-1 xattr=\"$xattr\"\$" ||
		{ echo "exit status $rc: $(cat "$WORK/refused"); $(kernel_log | grep 'audit: type=180')" && false; }
}
section "an attribute of evm_xattrs="
file=$disk/his/file
check "is not set by the owner of the file" \
	is_protected user.protected /his/file as 1000 setfattr -n user.protected -v 1 "$file"
check "can have an unprotected one beside it, which the owner sets" as 1000 setfattr -n user.other -v 1 "$file"
check "is set by root" setfattr -n user.protected -v 1 "$file"
check "is not removed by the owner of the file" is_protected user.protected /his/file as 1000 setfattr -x user.protected "$file"
check_eq "is there after the refused removal" 1 "$(getfattr --absolute-names --only-values -n user.protected "$file" 2>/dev/null)"
check "can have an unprotected one beside it, which the owner removes" as 1000 setfattr -x user.other "$file"
check "is not set by root of another user namespace on a file of its own" eval '
	fresh "$disk" mine && is_protected user.protected /mine unshare -Ur setfattr -n user.protected -v 1 "$disk/mine"'
check "is not set by root without CAP_SYS_ADMIN" \
	is_protected user.protected /mine setpriv --bounding-set -sys_admin --inh-caps -sys_admin setfattr -n user.protected -v 1 "$disk/mine"
section "root of a user namespace on its own file system"
# On a file system of its own, root of a user namespace has the capability that the kernel asks for.
userns() { unshare -Urm bash -c 'mount -t tmpfs none /mnt && : >/mnt/file && "$@"' bash "$@"; }
check "sets a label" userns setfattr -n security.other -v 1 /mnt/file
check "does not set a signature in security.ima" is_protected security.ima /file userns setfattr -n security.ima -v "0x030204$ZERO" /mnt/file
check "does not set a digest in security.ima" is_protected security.ima /file userns setfattr -n security.ima -v "0x0404$ZERO" /mnt/file
check "does not remove security.ima" is_protected security.ima /file userns setfattr -x security.ima /mnt/file

section "a program under an appraise rule"
set_policy "appraise func=BPRM_CHECK fsuuid=$uuid digest_list" || bail "the policy is refused"
fresh "$disk" && evmctl ima_hash -a sha256 "$file" >/dev/null 2>&1
# judged COMMAND...: how many files are looked at while the command runs, and then the program.
judged() {
	local before
	before=$(status files_appraised)
	"$@" && "$file" || return
	echo $(($(status files_appraised) - before))
}
check_eq "is appraised at its first start" 1 "$(judged true)"
check_eq "is not appraised again if nothing changed" 0 "$(judged true)"
check_eq "is appraised again after a protected attribute was set" 1 "$(judged setfattr -n user.protected -v 1 "$file")"
check_eq "is appraised once after a protected attribute was set" 0 "$(judged true)"
check_eq "is appraised again after a protected attribute was removed" 1 "$(judged setfattr -x user.protected "$file")"
check_eq "is appraised once after a protected attribute was removed" 0 "$(judged true)"
check_eq "is appraised again after security.ima got another value" 1 "$(judged evmctl ima_hash -a sha512 "$file" 2>/dev/null | tail -n 1)"
check_eq "is appraised once after security.ima got another value" 0 "$(judged true)"
setfattr -x security.ima "$file"
check "is refused at once when security.ima was removed" is_refused missing-hash "$file" "$file"

section "parameters while the module is loaded"
check "what appraise rules do cannot be changed" eval '! echo off 2>/dev/null >/sys/module/digest_lists/parameters/ima_appraise'
check "the protected attributes cannot be changed" eval '! echo user.none 2>/dev/null >/sys/module/digest_lists/parameters/evm_xattrs'
check_eq "the module goes on enforcing" enforce "$(status ima_appraise)"
finish
