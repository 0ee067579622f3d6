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

plan 75
begin_appraisal
enforce="appraise fsuuid=$uuid digest_list"
# restart PARAMETER...: with the policy that appraises every access to the file system.
restart() {
	! module_loaded || unload_module || return
	load_module require_signature=0 "$@" && set_policy "$enforce"
}
has_digest() {
	local want got
	got=$(ima_of "$1")
	want=0404$(digest_of "$1")
	[ "$got" = "$want" ] || { echo "security.ima of $1 is '$got', its content has '$want'" && false; }
}

reads() { cat "$1" >"$WORK/out" 2>&1; }
# refused_to_read FILE [CAUSE]
refused_to_read() { is_refused "${2:-missing-hash}" "$1" cat "$1"; }

fresh "$disk" && before=$file
restart || bail "the module does not load"

# New files.
check "an unknown file cannot be opened" refused_to_read "$before"
check "nor for writing" is_refused missing-hash "$before" appends "$before"
check "a file can be created" eval 'echo one >"$disk/new"'
check "it has its digest" has_digest "$disk/new"
check "and can be read" reads "$disk/new"
check "it can be appended to" eval 'echo two >>"$disk/new"'
check "and has its new digest" has_digest "$disk/new"
check "it can be overwritten" eval 'echo three >"$disk/new"'
check "and has its new digest again" has_digest "$disk/new"
check "an empty file is created" eval ': >"$disk/empty"'
check "and can be read" reads "$disk/empty"
check "a file of mknod() can be written" eval '"$SYSCALLS" mknod "$disk/node" && echo text >>"$disk/node"'
check "and read" reads "$disk/node"
check "a file of O_TMPFILE can be written and given a name" "$SYSCALLS" tmpfile "$disk" text "$disk/tmpfile"
check "and read" reads "$disk/tmpfile"
check "a store through a mapping is followed" eval '"$SYSCALLS" store "$disk/new" STORED && reads "$disk/new"'
check "renamed over another, it can be read" eval 'mv "$disk/new" "$disk/node" && reads "$disk/node"'
check "by another name, too" eval 'ln "$disk/node" "$disk/link" && reads "$disk/link"'
# Two writers, and a reader between.
exec {one}>"$disk/two" {two}>>"$disk/two"
echo first >&"$one"
check "while a new file is written it can be read" reads "$disk/two"
exec {one}>&-
echo second >&"$two"
check "while one of two writers is left as well" reads "$disk/two"
exec {two}>&-
check "and afterwards" reads "$disk/two"
check "it has its digest" has_digest "$disk/two"
exec {one}>>"$disk/two"
echo third >&"$one"
check "while a file that was good is appended to, it can be opened again" eval 'echo fourth >>"$disk/two"'
exec {one}>&-
check "and has its digest when both are done" has_digest "$disk/two"
check "a process that is killed while it writes leaves a good file" eval '
	bash -c "exec 5>>\"$disk/two\"; echo killed >&5; kill -9 \$\$" 2>/dev/null; reads "$disk/two"'
check "truncate(2) is a change that nobody vouches for" eval '"$SYSCALLS" truncate "$disk/tmpfile" 2 && refused_to_read "$disk/tmpfile" invalid-hash'

check "past the page cache it is refused" \
	is_refused direct-io "$disk/two" dd if="$disk/two" of=/dev/null bs=4096 iflag=direct status=none
check "unless the rule permits that" eval '
	set_policy "$enforce permit_directio" && dd if="$disk/two" of=/dev/null bs=4096 iflag=direct status=none && set_policy "$enforce"'

# A signature that comes with a file stays.
fresh "$WORK" && sign_file "$file" linked; signed=$file
check "a file is copied with its signature" cp --preserve=xattr "$signed" "$disk/signed"
check_eq "which stays" "$(ima_of "$signed")" "$(ima_of "$disk/signed")"
check "and is good" reads "$disk/signed"
check "so that it cannot be written" is_refused immutable "$disk/signed" appends "$disk/signed"

# What was changed behind the module's back.
cp "$signed" "$disk/changed" && cp "$signed" "$disk/lost"
unload_module
echo changed >>"$disk/changed"
setfattr -x security.ima "$disk/lost"
restart
check "a file that was changed meanwhile is refused" refused_to_read "$disk/changed" invalid-hash
old=$(ima_of "$disk/changed")
check "also for writing" is_refused invalid-hash "$disk/changed" appends "$disk/changed"
check_eq "and not blessed" "$old" "$(ima_of "$disk/changed")"
check "one whose reference value is gone is refused" refused_to_read "$disk/lost"
list_of immutable "$signed" && load_signed
check "until a list knows it" reads "$disk/lost"
check_eq "which stores nothing" "" "$(ima_of "$disk/lost")"
check "then it cannot be opened for writing" is_refused immutable "$disk/lost" appends "$disk/lost"

# A mutable file of a list.
unload_module
echo configuration >"$disk/config" && cp "$disk/config" "$WORK/config"
restart && list_of mutable "$WORK/config" && load_signed
check "a file that a list calls mutable can be written" eval 'echo changed >>"$disk/config"'
check "and then has its digest" has_digest "$disk/config"
check "and can be read" reads "$disk/config"
unload_module
cp --preserve=xattr "$disk/config" "$disk/rolled" && cat "$WORK/config" >"$disk/rolled"
restart && load_signed
check "the content of the list does not come back in its place" refused_to_read "$disk/rolled" invalid-hash

# Where nothing can be stored.
unload_module
echo plain >"$disk/plain" && cp "$disk/plain" "$WORK/plain"
mount -o remount,ro "$disk"
restart && list_of mutable "$WORK/plain" && load_signed
check "on a read-only file system a list is enough" reads "$disk/plain"
check "and an unknown file is refused" refused_to_read "$before"
unload_module && mount -o remount,rw "$disk"
mkdir "$WORK/upper" "$WORK/lower"
mkdir -p "$disk/o/upper" "$disk/o/work" "$disk/o/lower"
cp "$WORK/plain" "$disk/o/lower/known" && cp "$before" "$disk/o/lower/unknown"
mount_tmp overlay "lowerdir=$disk/o/lower,upperdir=$disk/o/upper,workdir=$disk/o/work" "$WORK/merged"
load_module require_signature=0 && set_policy "appraise func=FILE_CHECK fsname=overlay digest_list" && load_signed
check "overlayfs: a known file of the lower layer can be read" reads "$WORK/merged/known"
check "an unknown one is refused" refused_to_read "$WORK/merged/unknown"
check "a new one is good when it was written" eval 'echo >"$WORK/merged/new" && reads "$WORK/merged/new"'
check "the known one can be changed, which copies it up" eval 'echo >>"$WORK/merged/known" && reads "$WORK/merged/known"'

# Not enforcing.
restart ima_appraise=log
mark
check "log: an unknown file can be read" reads "$before"
check_eq "and is in the audit log" 1 "$(refusals "$before" missing-hash | grep -c 'res=1 errno=0')"
check "it can be written" eval 'echo >>"$before"'
check_eq "which does not bless it" "" "$(ima_of "$before")"
check_eq "status says so" log "$(status ima_appraise)"
restart ima_appraise=fix
check "fix: an unknown file can be read" reads "$before"
check "and is good from then on" has_digest "$before"
restart
check "also when its digest is enforced" reads "$before"
unload_module && setfattr -x security.ima "$before"
restart ima_appraise=off
check "off: appraise rules do nothing" eval 'reads "$before" && [ -z "$(ima_of "$before")" ]'
check "another word is refused" eval '! unload_module || ! load_module ima_appraise=perhaps 2>/dev/null >/dev/null'
load_module require_signature=0 || bail "the module does not load"
check "hash: stores the digest without asking for it" eval 'set_policy "hash func=FILE_CHECK fsuuid=$uuid" && reads "$before" && has_digest "$before"'

# What the kernel loads. A text after the module makes it another file, and one without a signature
# of its own, which the kernel accepts.
cp "$(modinfo -n dummy)" "$disk/module.ko" && printf appraised >>"$disk/module.ko" || not_ok "there is no module to load"
loads() { insmod "$1" 2>"$WORK/out" && rmmod dummy; }
set_policy "appraise func=MODULE_CHECK appraise_type=imasig|modsig digest_list"
check "an unknown kernel module is refused" is_refused invalid-hash "$disk/module.ko" insmod "$disk/module.ko"
check "from memory as well" is_refused no-file MODULE_CHECK "$SYSCALLS" init-module "$disk/module.ko"
sign_module "$disk/module.ko" linked "$disk/appended.ko"
check "one with a signature by a trusted key at its end is loaded" loads "$disk/appended.ko"
printf X | dd of="$disk/appended.ko" bs=1 seek=200 conv=notrunc status=none
check "unless it was changed" is_refused invalid-signature "$disk/appended.ko" insmod "$disk/appended.ko"
sign_module "$disk/module.ko" foreign "$disk/foreign.ko"
check "or the key is another" is_refused invalid-signature "$disk/foreign.ko" insmod "$disk/foreign.ko"
list_of immutable "$disk/module.ko" && load_signed
check "one that a list knows is loaded" loads "$disk/module.ko"

# Policies.
set_policy "appraise func=POLICY_CHECK appraise_type=imasig digest_list"
check "where policies are appraised, none is taken as bytes" is_refused no-file POLICY_CHECK set_policy "measure func=BPRM_CHECK fowner=4242"
echo "measure func=BPRM_CHECK fowner=4242" >"$WORK/next"
check "nor as a file that nobody signed" is_refused IMA-signature-required "$WORK/next" eval 'echo "$WORK/next" >"$SECFS/policy"'
cp "$WORK/next" "$disk/next" && sign_file "$disk/next" linked
check "but as a signed one" eval 'echo "$disk/next" >"$SECFS/policy" && grep -q 4242 "$SECFS/policy"'
cp /usr/bin/sleep "$disk/sleep"
"$disk/sleep" 1000 &
sleeper=$!
mark
check "a policy that would deny a running program is refused" eval '! set_policy "appraise func=BPRM_CHECK fsuuid=$uuid digest_list" 2>/dev/null'
check_eq "and the program is named" 1 "$(kernel_log | grep -c "policy: would deny $disk/sleep (missing-hash)")"
check "the former policy stays" grep -q 4242 "$SECFS/policy"
list_of immutable "$disk/sleep" && load_signed
check "with a list that knows the program it is taken" set_policy "appraise func=BPRM_CHECK fsuuid=$uuid digest_list"
remove_list && set_policy ""
check "with force=1 it is taken in any case" eval 'echo 1 >/sys/module/digest_lists/parameters/force && set_policy "appraise func=BPRM_CHECK fsuuid=$uuid"'
check "at load as well: a built-in policy that would deny what is running is refused" eval '
	unload_module && ! load_module ima_policy=appraise_exec_tcb >/dev/null 2>&1 && dmesg | grep -q "files in use would be denied"'
kill "$sleeper"
wait "$sleeper" 2>/dev/null
finish
