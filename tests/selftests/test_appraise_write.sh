#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Appraisal of files that are written: security.ima follows whoever may write a file, and blesses
# nothing that failed. And what the kernel loads, who may set security.ima, the ways not to enforce,
# and policies that would lock out.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

plan 76
begin_appraisal
enforce="appraise fsuuid=$uuid digest_list"
# restart PARAMETER...: with the policy that appraises every access to the file system.
restart() {
	! module_loaded || unload_module || return
	load_module require_signature=0 "$@" && set_policy "$enforce"
}

reads() { cat "$1" >"$WORK/out" 2>&1; }
# refused_to_read FILE [CAUSE]
refused_to_read() { is_refused "${2:-missing-hash}" "$1" cat "$1"; }

fresh "$disk" && before=$file
restart || bail "the module does not load"

section "files that are written"
check "an unknown file cannot be opened for reading" refused_to_read "$before"
check "an unknown file cannot be opened for writing" is_refused missing-hash "$before" appends "$before"
check "a new file can be created" eval 'echo one >"$disk/new"'
check "a new file has its digest" has_digest "$disk/new"
check "a new file can be read" reads "$disk/new"
check "a new file can be appended to" eval 'echo two >>"$disk/new"'
check "a new file has its new digest when it was appended to" has_digest "$disk/new"
check "a new file can be overwritten" eval 'echo three >"$disk/new"'
check "a new file has its new digest when it was overwritten" has_digest "$disk/new"
check "an empty file can be created" eval ': >"$disk/empty"'
check "an empty file can be read" reads "$disk/empty"
check "a file of mknod() can be written" eval '"$SYSCALLS" mknod "$disk/node" && echo text >>"$disk/node"'
check "a file of mknod() can be read" reads "$disk/node"
check "a file of O_TMPFILE can be written and given a name" "$SYSCALLS" tmpfile "$disk" text "$disk/tmpfile"
check "a file of O_TMPFILE can be read" reads "$disk/tmpfile"
check "a store through a mapping is followed" eval '"$SYSCALLS" store "$disk/new" STORED && reads "$disk/new"'
check "a new file that was renamed over another can be read" eval 'mv "$disk/new" "$disk/node" && reads "$disk/node"'
check "a new file can be read by another name" eval 'ln "$disk/node" "$disk/link" && reads "$disk/link"'
section "two writers"
# Two writers, and a reader between.
exec {one}>"$disk/two" {two}>>"$disk/two"
echo first >&"$one"
check "a new file can be read while both write it" reads "$disk/two"
exec {one}>&-
echo second >&"$two"
check "a new file can be read while one of them is left" reads "$disk/two"
exec {two}>&-
check "a new file can be read when both are done" reads "$disk/two"
check "a new file has its digest when both are done" has_digest "$disk/two"
exec {one}>>"$disk/two"
echo third >&"$one"
check "a good file that is appended to can be opened again" eval 'echo fourth >>"$disk/two"'
exec {one}>&-
check "a good file has its digest when both are done" has_digest "$disk/two"
section "files that are written"
check "a process that is killed while it writes leaves a good file" eval '
	bash -c "exec 5>>\"$disk/two\"; echo killed >&5; kill -9 \$\$" 2>/dev/null; reads "$disk/two"'
check "a file that was truncated by its path is refused" eval '"$SYSCALLS" truncate "$disk/tmpfile" 2 && refused_to_read "$disk/tmpfile" invalid-hash'

section "direct I/O"
check "is refused" \
	is_refused direct-io "$disk/two" dd if="$disk/two" of=/dev/null bs=4096 iflag=direct status=none
check "is allowed by permit_directio" eval '
	set_policy "$enforce permit_directio" && dd if="$disk/two" of=/dev/null bs=4096 iflag=direct status=none && set_policy "$enforce"'

section "a file that is copied with its signature"
fresh "$WORK" && sign_file "$file" linked; signed=$file
check "can be created" cp --preserve=xattr "$signed" "$disk/signed"
check_eq "keeps the signature" "$(ima_of "$signed")" "$(ima_of "$disk/signed")"
check "can be read" reads "$disk/signed"
check "cannot be written" is_refused immutable "$disk/signed" appends "$disk/signed"

section "files that were changed while the module was not loaded"
cp "$signed" "$disk/changed" && cp "$signed" "$disk/lost"
unload_module
echo changed >>"$disk/changed"
setfattr -x security.ima "$disk/lost"
restart
check "a changed file is refused" refused_to_read "$disk/changed" invalid-hash
old=$(ima_of "$disk/changed")
check "a changed file is refused for writing" is_refused invalid-hash "$disk/changed" appends "$disk/changed"
check_eq "a changed file does not get its new digest" "$old" "$(ima_of "$disk/changed")"
check "a file without reference value is refused" refused_to_read "$disk/lost"
list_of immutable "$signed" && load_signed
check "a file without reference value is read when a list knows it" reads "$disk/lost"
check_eq "a file without reference value gets none from a list" "" "$(ima_of "$disk/lost")"
check "a file without reference value that a list knows cannot be opened for writing" is_refused immutable "$disk/lost" appends "$disk/lost"

section "a file that a list calls mutable"
unload_module
echo configuration >"$disk/config" && cp "$disk/config" "$WORK/config"
restart && list_of mutable "$WORK/config" && load_signed
check "can be written" eval 'echo changed >>"$disk/config"'
check "has its digest when it was written" has_digest "$disk/config"
check "can be read when it was written" reads "$disk/config"
unload_module
cp --preserve=xattr "$disk/config" "$disk/rolled" && cat "$WORK/config" >"$disk/rolled"
restart && load_signed
check "is refused with the content of the list in the place of its newer one" refused_to_read "$disk/rolled" invalid-hash

section "a read-only file system"
unload_module
echo plain >"$disk/plain" && cp "$disk/plain" "$WORK/plain"
mount -o remount,ro "$disk"
restart && list_of mutable "$WORK/plain" && load_signed
check "a file that a list knows can be read" reads "$disk/plain"
check "an unknown file is refused" refused_to_read "$before"
unload_module && mount -o remount,rw "$disk"
section "overlayfs"
mkdir "$WORK/upper" "$WORK/lower"
mkdir -p "$disk/o/upper" "$disk/o/work" "$disk/o/lower"
cp "$WORK/plain" "$disk/o/lower/known" && cp "$before" "$disk/o/lower/unknown"
mount_tmp overlay "lowerdir=$disk/o/lower,upperdir=$disk/o/upper,workdir=$disk/o/work" "$WORK/merged"
load_module require_signature=0 && set_policy "appraise func=FILE_CHECK fsname=overlay digest_list" && load_signed
check "a known file of the lower layer can be read" reads "$WORK/merged/known"
check "an unknown file of the lower layer is refused" refused_to_read "$WORK/merged/unknown"
check "a new file is good when it was written" eval 'echo >"$WORK/merged/new" && reads "$WORK/merged/new"'
check "a known file can be changed, which copies it up" eval 'echo >>"$WORK/merged/known" && reads "$WORK/merged/known"'

section "ima_appraise=log"
restart ima_appraise=log
mark
check "an unknown file can be read" reads "$before"
check_eq "an unknown file is in the audit log" 1 "$(refusals "$before" missing-hash | grep -c 'res=1 errno=0')"
check "an unknown file can be written" eval 'echo >>"$before"'
check_eq "an unknown file that was written gets no digest" "" "$(ima_of "$before")"
check_eq "the status file says log" log "$(status ima_appraise)"
section "ima_appraise=fix"
restart ima_appraise=fix
check "an unknown file can be read" reads "$before"
check "an unknown file that was read has its digest" has_digest "$before"
restart
check "the file that was fixed is read when rules enforce again" reads "$before"
unload_module && setfattr -x security.ima "$before"
section "ima_appraise=off"
restart ima_appraise=off
check "appraise rules do nothing" eval 'reads "$before" && [ -z "$(ima_of "$before")" ]'
section "ima_appraise"
check "a value that is no mode is refused" eval '! unload_module || ! load_module ima_appraise=perhaps 2>/dev/null >/dev/null'
section "a hash rule"
load_module require_signature=0 || bail "the module does not load"
check "stores the digest without asking for it" eval 'set_policy "hash func=FILE_CHECK fsuuid=$uuid" && reads "$before" && has_digest "$before"'

section "kernel modules"
# What the kernel loads. A text after the module makes it another file, and one without a signature
# of its own, which the kernel accepts.
cp "$(modinfo -n dummy)" "$disk/module.ko" && printf appraised >>"$disk/module.ko" || not_ok "there is no module to load"
loads() { insmod "$1" 2>"$WORK/out" && rmmod dummy; }
set_policy "appraise func=MODULE_CHECK appraise_type=imasig|modsig digest_list"
check "an unknown one is refused" is_refused invalid-hash "$disk/module.ko" insmod "$disk/module.ko"
check "an unknown one from memory is refused" is_refused no-file MODULE_CHECK "$SYSCALLS" init-module "$disk/module.ko"
sign_module "$disk/module.ko" linked "$disk/appended.ko"
check "one with a signature by a trusted key at its end is loaded" loads "$disk/appended.ko"
cp "$disk/appended.ko" "$disk/labelled.ko" && setfattr -n security.ima -v "0x0404$ZERO" "$disk/labelled.ko"
check "one with such a signature is refused where security.ima has another digest" is_refused invalid-hash "$disk/labelled.ko" insmod "$disk/labelled.ko"
printf X | dd of="$disk/appended.ko" bs=1 seek=200 conv=notrunc status=none
check "one with such a signature that was changed is refused" is_refused invalid-signature "$disk/appended.ko" insmod "$disk/appended.ko"
sign_module "$disk/module.ko" foreign "$disk/foreign.ko"
check "one with a signature by another key at its end is refused" is_refused invalid-signature "$disk/foreign.ko" insmod "$disk/foreign.ko"
list_of immutable "$disk/module.ko" && load_signed
check "one that a list knows is loaded" loads "$disk/module.ko"

section "policies under an appraise rule for policies"
set_policy "appraise func=POLICY_CHECK appraise_type=imasig digest_list"
check "bytes are refused" is_refused no-file POLICY_CHECK set_policy "measure func=BPRM_CHECK fowner=4242"
echo "measure func=BPRM_CHECK fowner=4242" >"$WORK/next"
check "an unsigned file is refused" is_refused IMA-signature-required "$WORK/next" eval 'echo "$WORK/next" >"$SECFS/policy"'
cp "$WORK/next" "$disk/next" && sign_file "$disk/next" linked
check "a signed file is taken" eval 'echo "$disk/next" >"$SECFS/policy" && grep -q 4242 "$SECFS/policy"'
section "a policy that would deny a running program"
cp /usr/bin/sleep "$disk/sleep"
"$disk/sleep" 1000 &
sleeper=$!
executes $sleeper "$disk/sleep"
mark
check "is refused" eval '! set_policy "appraise func=BPRM_CHECK fsuuid=$uuid digest_list" 2>/dev/null'
check_eq "names the program in the kernel log" 1 "$(kernel_log | grep -c "policy: would deny $disk/sleep (missing-hash)")"
check "leaves the former policy in force" grep -q 4242 "$SECFS/policy"
list_of immutable "$disk/sleep" && load_signed
check "is taken with a list that knows the program" set_policy "appraise func=BPRM_CHECK fsuuid=$uuid digest_list"
remove_list && set_policy ""
check "is taken with force=1" eval 'echo 1 >/sys/module/digest_lists/parameters/force && set_policy "appraise func=BPRM_CHECK fsuuid=$uuid"'
check "is refused where it is built in and asked for at load" eval '
	unload_module && ! load_module ima_policy=appraise_exec_tcb >/dev/null 2>&1 && dmesg | grep -q "files in use would be denied"'
kill "$sleeper"
wait "$sleeper" 2>/dev/null
finish
