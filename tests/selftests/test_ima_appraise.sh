#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's own IMA and the module, enforcing the same rules without digest_list on the same
# workload, allow and deny the same accesses and leave the same reference values.
#
# Each rule stands twice: for IMA with the group 7000+N, for the module with 8000+N, to which the
# files of two equal directories belong. IMA takes one policy in each boot, so this needs a boot of
# its own, of which the command line says that IMA enforces:
#
#   scripts/vm --append ima_appraise=enforce -- /opt/selftests/run test_ima_appraise
#
# The key by which files are signed is in both keyrings: IMA's is a keyring _ima of the session, in
# this kernel. Left out, because documented as different: references of SHA-1, which the module
# refuses; what stands in $differs.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

booted_with ima_appraise=enforce
ima_is_free

# '@' stands for fgroup= of the policy.
policies=(
	"appraise func=BPRM_CHECK @"
	"appraise func=MMAP_CHECK @"
	"appraise func=FILE_CHECK @"
	"appraise @"
	"appraise func=BPRM_CHECK appraise_type=imasig @"
	"appraise func=FILE_CHECK mask=MAY_READ @"
	"dont_appraise uid=1000 @${NL}appraise @"
	"appraise func=BPRM_CHECK appraise_algos=sha512 @"
	"appraise fowner=1000 @"
	"appraise func=CREDS_CHECK euid=1000 @"
	"dont_appraise func=FILE_CHECK @${NL}appraise @"
	"appraise func=FILE_CHECK mask=^MAY_WRITE @${NL}appraise func=BPRM_CHECK @"
)
# By policy. IMA looks at appraise_algos= when it appraises, and lets the second access pass with
# the first one's result. To IMA a node of mknod() and a file of O_TMPFILE are new only where a rule
# matches MAY_ACCESS, to the module under every policy that appraises. IMA lets no mapping become
# executable whose file it appraises, the module those of files that were found good.
declare -A differs=([1]='mapping becomes executable:' [3]='mapping becomes executable:'
	[6]='mapping becomes executable:' [7]='^(hash|signed) runs again' [8]='mapping becomes executable:'
	[10]='mapping becomes executable:' [11]='^((the )?node (is written|has|runs)|unnamed (has|runs))')
# Those of which the workload runs on btrfs, or on overlayfs, as well.
on_btrfs=' 3 4 '
on_overlay=' 0 3 '
plan $((${#policies[@]} + 8))

chmod 755 "$WORK"
mkfs_loop ext4 400M "$WORK/ext4" && mkfs_loop btrfs 400M "$WORK/btrfs" || bail "no file systems"
mkdir "$WORK/ext4/lower" "$WORK/ext4/upper" "$WORK/ext4/work"
# types N: the file systems for that policy.
types() {
	echo ext4
	[[ $on_btrfs != *" $1 "* ]] || echo btrfs
	[[ $on_overlay != *" $1 "* ]] || echo overlay
}

# Files by what their reference value is; one of each for what happens to it.
kinds=(none hash hash512 signed bad foreign garbage)
uses=(run user read map append truncate replace remove)

# make_files: all of them, once, in $made.
made=$WORK/ext4/made
make_files() {
	local kind use file
	mkdir "$made" && chmod 2777 "$made"
	for kind in "${kinds[@]}"; do
		for use in "${uses[@]}"; do
			file=$made/$kind-$use
			cp /usr/bin/true "$file" && echo "$kind $use" >>"$file"
		done
	done
	printf '#!/bin/sh\n' >"$made/script"
	: >"$made/empty"
	cp /usr/bin/true "$made/suid"
	chmod 755 "$made"/* && chown 1000 "$made"/*-user "$made/suid"
	for use in "${uses[@]}"; do
		evmctl ima_hash -a sha256 "$made/hash-$use" && evmctl ima_hash -a sha512 "$made/hash512-$use" &&
			sign_file "$made/signed-$use" linked && sign_file "$made/foreign-$use" foreign || return
	done >/dev/null 2>&1
	setfattr -n security.ima -v "0x0404$ZERO" "$made"/bad-*
	# IMA allows no value of an unknown form to be set; this one is too short.
	setfattr -n security.ima -v 0x0404ff "$made"/garbage-*
}

# files DIRECTORY GROUP: a copy of them, made before there are policies.
files() {
	cp -dR --preserve=mode,ownership,xattr "$made" "$1" && chgrp -R "$2" "$1" && chmod 4755 "$1/suid"
}

# step NAME COMMAND...: a line with what became of it. Whoever is killed is not announced, for the
# shell has no standard error.
step() {
	local rc=0
	"${@:2}" >/dev/null 2>&1 || rc=$?
	echo "$1: $rc"
}
value() { get_ima "$1" && echo "$1 has $ima_value"; }
# reads FILE: without another program.
reads() { read -r -n 1 _ <"$1"; }

# workload DIRECTORY: prints what was allowed, and the reference values.
workload() {
	local kind
	cd "$1" || return
	for kind in "${kinds[@]}"; do
		step "$kind runs" "./$kind-run"
		step "$kind runs again" "./$kind-run"
		step "$kind runs for a user" as 1000 "./$kind-user"
		step "$kind is read" reads "$kind-read"
		step "$kind is read by a user" as 1000 cat "$kind-read"
		step "$kind is mapped" "$SYSCALLS" map "$kind-map"
		step "$kind: its mapping becomes executable" "$SYSCALLS" mprotect "$kind-map"
		step "$kind is written" eval "echo more >>$kind-append"
		value "$kind-append"
		step "$kind, written, runs" "./$kind-append"
		step "$kind, written, is read" reads "$kind-append"
		step "$kind is cut" "$SYSCALLS" truncate "$kind-truncate" 20000
		step "$kind, cut, runs" "./$kind-truncate"
		step "$kind, cut, is read" reads "$kind-truncate"
		step "$kind is replaced" eval "cp -p --preserve=ownership $kind-run new && mv new $kind-replace"
		value "$kind-replace"
		step "$kind, replaced, runs" "./$kind-replace"
		step "$kind loses its value" setfattr -x security.ima "$kind-remove"
		step "$kind, without its value, runs" "./$kind-remove"
		value "$kind-run"
		value "$kind-user"
	done
	step "the script runs" ./script
	step "the setuid program runs" ./suid
	step "and for a user" as 2000 ./suid
	step "an empty file is read" cat empty
	step "a new file is written" cp /usr/bin/true made
	value made
	step "and runs" ./made
	step "and is mapped" "$SYSCALLS" map made
	step "and is written again" eval 'echo more >>made'
	value made
	step "and runs again" ./made
	step "and is linked" ln made other
	step "and runs by that name" ./other
	step "a new file of no content" touch void
	value void
	step "is written" eval 'echo content >void'
	value void
	step "is read" cat void
	step "a file without a name is written and named" "$SYSCALLS" tmpfile . text unnamed
	value unnamed
	step "unnamed is read" cat unnamed
	step "unnamed runs" ./unnamed
	step "a memfd runs" setpriv --regid="$(stat -c %g .)" --clear-groups "$SYSCALLS" memfd-exec /usr/bin/true
	step "a node is made" "$SYSCALLS" mknod node
	step "the node is written" eval 'cat /usr/bin/true >node'
	value node
	step "the node becomes a program" chmod 755 node
	step "the node runs" ./node
	step "a user sets a value" as 1000 setfattr -n security.ima -v "0x0404$ZERO" hash-user
	step "the administrator sets a bad one" setfattr -n security.ima -v "0x0404$ZERO" hash-run
	step "with which it runs" ./hash-run
	step "sets the good one again" setfattr -n security.ima -v "0x0404$(digest_of /usr/bin/true)" made
	step "with which it runs" ./made
	cd /
}

# policy BASE: every policy, with the groups from BASE on.
policy() {
	local i
	for i in "${!policies[@]}"; do printf '%s\n' "${policies[i]//@/fgroup=$(($1 + i))}"; done
}

make_files || bail "no files"
for i in "${!policies[@]}"; do
	for fs in $(types "$i"); do
		[ "$fs" != overlay ] || fs=ext4/lower
		files "$WORK/$fs/ima-$i" $((7000 + i)) && files "$WORK/$fs/module-$i" $((8000 + i)) || bail "no files"
	done
done
mount_tmp overlay "lowerdir=$WORK/ext4/lower,upperdir=$WORK/ext4/upper,workdir=$WORK/ext4/work" "$WORK/overlay" ||
	bail "no overlayfs"
section "IMA and the module"
check "IMA gets the key" eval 'keyctl new_session >/dev/null; ring=$(keyctl newring _ima @s) &&
	openssl x509 -in "$keys/linked.pem" -outform DER | keyctl padd asymmetric "" "$ring" && keyctl link "$ring" @u'
echo 0 >/proc/sys/kernel/printk_ratelimit
load_module || bail "the module does not load"
check "the module takes the policies" set_policy "$(policy 8000)" || bail "the module refuses the policies"
policy 7000 >"$WORK/policy"
check "IMA takes the policies" eval 'echo "$WORK/policy" >/sys/kernel/security/ima/policy' || bail "IMA refuses the policies"
denials=0 steps=0
# same N: whether both lists of steps are the same, but for what differs.
same() {
	local what
	for what in ima module; do grep -Ev "${differs[$1]:-^$}" "$WORK/$what" >"$WORK/$what.same"; done
	diff -u --label IMA --label "the module" "$WORK/ima.same" "$WORK/module.same"
}
for i in "${!policies[@]}"; do
	name=${policies[i]//@/…}
	name=${name//$NL/; }
	for fs in $(types "$i"); do
		workload "$WORK/$fs/ima-$i" >"$WORK/ima" 2>/dev/null
		workload "$WORK/$fs/module-$i" >"$WORK/module" 2>/dev/null
		denials=$((denials + $(grep -Ec ': [1-9]' "$WORK/module")))
		steps=$((steps + $(grep -c ': ' "$WORK/module")))
		section "policy '$name'"
		check "both allow and deny the same on $fs" same "$i"
	done
done
note "$denials of $steps steps were denied"
section "IMA and the module"
check "some steps are denied" [ "$denials" -gt 100 ]
finish
