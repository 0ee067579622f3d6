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
file=$disk/his/file
check "the owner of a file may not set an attribute that is protected" \
	is_protected user.protected /his/file as 1000 setfattr -n user.protected -v 1 "$file"
check "another one he may" as 1000 setfattr -n user.other -v 1 "$file"
check "root may" setfattr -n user.protected -v 1 "$file"
check "the owner may not remove it" is_protected user.protected /his/file as 1000 setfattr -x user.protected "$file"
check_eq "and it is there" 1 "$(getfattr --absolute-names --only-values -n user.protected "$file" 2>/dev/null)"
check "the other one he may" as 1000 setfattr -x user.other "$file"
check "nor may root of another user namespace, whose file it is" eval '
	fresh "$disk" mine && is_protected user.protected /mine unshare -Ur setfattr -n user.protected -v 1 "$disk/mine"'
check "not even without CAP_SYS_ADMIN may root" \
	is_protected user.protected /mine setpriv --bounding-set -sys_admin --inh-caps -sys_admin setfattr -n user.protected -v 1 "$disk/mine"
# On a file system of its own, root of a user namespace has the capability that the kernel asks for.
userns() { unshare -Urm bash -c 'mount -t tmpfs none /mnt && : >/mnt/file && "$@"' bash "$@"; }
check "(root of another user namespace may set a label on its own file system)" userns setfattr -n security.other -v 1 /mnt/file
check "but no signature" is_protected security.ima /file userns setfattr -n security.ima -v "0x030204$ZERO" /mnt/file
check "nor digest" is_protected security.ima /file userns setfattr -n security.ima -v "0x0404$ZERO" /mnt/file
check "nor remove one" is_protected security.ima /file userns setfattr -x security.ima /mnt/file

# A change has the file judged again.
set_policy "appraise func=BPRM_CHECK fsuuid=$uuid digest_list" || bail "the policy is refused"
fresh "$disk" && evmctl ima_hash -a sha256 "$file" >/dev/null 2>&1
# judged COMMAND...: how many files are looked at while the command runs, and then the program.
judged() {
	local before
	before=$(status files_appraised)
	"$@" && "$file" || return
	echo $(($(status files_appraised) - before))
}
check_eq "a program is looked at" 1 "$(judged true)"
check_eq "and again only if something changed" 0 "$(judged true)"
check_eq "which setting a protected attribute is" 1 "$(judged setfattr -n user.protected -v 1 "$file")"
check_eq "(once)" 0 "$(judged true)"
check_eq "removing it" 1 "$(judged setfattr -x user.protected "$file")"
check_eq "(once)" 0 "$(judged true)"
check_eq "another value of security.ima" 1 "$(judged evmctl ima_hash -a sha512 "$file" 2>/dev/null | tail -n 1)"
check_eq "(once)" 0 "$(judged true)"
setfattr -x security.ima "$file"
check "and none, which counts at once" is_refused missing-hash "$file" "$file"

# The mode stays.
check "what appraise rules do cannot be changed while the module is loaded" eval '! echo off 2>/dev/null >/sys/module/digest_lists/parameters/ima_appraise'
check "nor which attributes are protected" eval '! echo user.none 2>/dev/null >/sys/module/digest_lists/parameters/evm_xattrs'
check_eq "it enforces" enforce "$(status ima_appraise)"
finish
