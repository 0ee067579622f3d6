#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's own IMA and the module, with the same policy on the same workload, measure the same
# files with the same digests.
#
# IMA takes one policy in each boot. So all the policies compared here stand in one of IMA's: every
# rule of policy N has fgroup=(7000+N), and the files of its workload belong to that group, so that
# no other policy has a say in it. The module gets the same policies one after the other, each just
# before its workload. Then the pairs of path and digest that both lists have below the workload's
# directory are compared, as sets; a violation is a pair with a digest of zeros. IMA extends PCR 10,
# the module another.
#
# Left out, because documented as different: mprotect (IMA only appraises there, the module
# measures), paths in a changed root, names with control characters, a second name of a file that
# was measured (where the module reads again, because the inode changed or the file system does not
# tell, it records the new name), and XFS (where IMA of this kernel misses what is appended).
#
# shellcheck disable=SC2015,SC2016,SC2094 # 'eval' in a check, 'A && B || bail', and files that are read and written on purpose

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

ima=/sys/kernel/security/ima
[ -e $ima/ascii_runtime_measurements ] || skip_all "no IMA in this kernel"
ima_is_free

# '@' stands for fgroup= of the policy.
policies=(
	"measure @"
	"measure func=BPRM_CHECK mask=MAY_EXEC @"
	"measure func=FILE_CHECK mask=MAY_READ uid=0 @"
	"measure func=FILE_CHECK mask=^MAY_READ euid=0 @${NL}measure func=MMAP_CHECK mask=MAY_EXEC @"
	"dont_measure func=FILE_CHECK fsmagic=0x1021994 @${NL}measure func=FILE_CHECK @"
	"measure func=FILE_CHECK fowner=1000 @${NL}dont_measure fowner=1000 @${NL}measure func=BPRM_CHECK @"
	"dont_measure uid=1000 @${NL}measure func=CREDS_CHECK @${NL}measure func=MMAP_CHECK_REQPROT @"
	"measure func=CREDS_CHECK euid=1000 @"
	"measure fsname=btrfs @${NL}dont_measure mask=MAY_EXEC @${NL}measure func=MMAP_CHECK fowner>999 @"
	"measure func=FILE_CHECK mask=^MAY_WRITE @${NL}measure func=FILE_CHECK mask=MAY_APPEND @"
	"dont_measure func=BPRM_CHECK uid>999 @${NL}dont_measure func=FILE_CHECK gid>999 @${NL}measure uid<2000 @"
	"audit func=BPRM_CHECK @${NL}measure func=FILE_CHECK fowner<1000 @${NL}dont_measure func=MMAP_CHECK @"
	"measure func=MMAP_CHECK @${NL}measure func=MMAP_CHECK_REQPROT uid=1000 @"
)
plan $((${#policies[@]} * 2 + 3))

chmod 755 "$WORK"
work=$WORK/w
mkdir "$work"
mkfs_loop ext4 64M "$work/ext4" && mkfs_loop btrfs 128M "$work/btrfs" && mount_tmp tmpfs mode=755 "$work/tmpfs" ||
	bail "no file systems"

# policy N: the text of policy N.
policy() { printf '%s\n' "${policies[$1]//@/fgroup=$((7000 + $1))}"; }

# The workload's files, made once, in $made.
made=$WORK/made
names=(run user suid lib implied both append changed renamed link theirs tomtou writers sizes truncated check)
make_files() {
	local name
	mkdir "$made" && chmod 777 "$made"
	for name in "${names[@]}"; do cp /usr/bin/true "$made/$name"; done
	: >"$made/script" && : >"$made/empty"
	chown 1000 "$made"/{suid,theirs,lib,implied} && chmod 755 "$made"/*
}

# files DIRECTORY GROUP: a copy of them, each with content of its own; the group comes last, so that
# making them is not measured.
files() {
	local name
	cp -R --preserve=mode,ownership "$made" "$1"
	for name in "${names[@]}"; do echo "$1/$name" >>"$1/$name"; done
	printf '#!%s\n' "$1/run" >"$1/script"
	chgrp "$2" "$1"/* && chmod 4755 "$1/suid"
}

# workload DIRECTORY: accesses by several users and of every kind.
workload() {
	cd "$1" || return
	"./run" && "./run" && "./script"
	as 1000 ./user
	as 2000 ./suid
	"$SYSCALLS" map lib && as 1000 "$SYSCALLS" map "$1/lib"
	"$SYSCALLS" map-implied implied
	"$SYSCALLS" map-read both
	"$SYSCALLS" check check
	: <>both
	: >>append && : <append
	: <empty
	: <changed && echo more >>changed && : <changed && as 1000 cat changed
	: <renamed && cp changed new && chgrp --reference=changed new && mv new renamed && : <renamed
	ln link other && : <other
	as 1000 cat theirs && : <theirs
	setpriv --euid=1000 bash -p -c ': <sizes'
	head -c 3000 sizes >part && cat part >sizes && : <sizes
	"$SYSCALLS" truncate truncated 50 && : <truncated
	exec {one}<tomtou {two}>>tomtou
	exec {one}<&- {two}>&-
	exec {one}>>writers {two}<writers
	exec {one}>&- {two}<&-
	: <writers
	cd /
}

# pairs LIST DIRECTORY: path and digest of the records below the directory, sorted.
pairs() { awk -v dir="$2/" 'index($5, dir) == 1 { sub(/.*:/, "", $4); print substr($5, length(dir) + 1), $4 }' "$1" | sort -u; }
# compare N: the pairs of both lists, differences in the form of diff.
compare() {
	local fs rc=0
	for fs in ext4 btrfs tmpfs; do
		pairs "$ima/ascii_runtime_measurements" "$work/$fs/$1" >"$WORK/ima"
		pairs "$ASCII" "$work/$fs/$1" >"$WORK/module"
		diff -u --label "$fs: IMA" --label "$fs: the module" "$WORK/ima" "$WORK/module" || rc=1
	done
	return "$rc"
}
# counts N: how many pairs IMA has, as a check that the comparison is not of nothing.
pair_count() { local fs; for fs in ext4 btrfs tmpfs; do pairs $ima/ascii_runtime_measurements "$work/$fs/$1"; done | wc -l; }

for i in "${!policies[@]}"; do policy "$i"; done >"$WORK/policy"
load_module || bail "the module does not load"
make_files || bail "no files"
for i in "${!policies[@]}"; do
	for fs in ext4 btrfs tmpfs; do files "$work/$fs/$i" $((7000 + i)); done
done
before=$(cat $ima/violations)
section "IMA and the module"
check "IMA takes all policies as one" eval 'echo "$WORK/policy" >$ima/policy' || bail "IMA refuses the policies"
for i in "${!policies[@]}"; do
	name=${policies[i]//@/…}
	name=${name//$NL/; }
	section "policy '$name'"
	set_policy "$(policy "$i")" || { not_ok "both measure the same" && not_ok "IMA measures files" && continue; }
	for fs in ext4 btrfs tmpfs; do workload "$work/$fs/$i" >/dev/null 2>&1; done
	check "both measure the same" compare "$i"
	check "IMA measures files" test "$(pair_count "$i")" -gt 0
done
section "IMA and the module"
check_eq "both count as many violations" $(($(cat $ima/violations) - before)) "$(cat "$SECFS/violations")"
if [ -e /dev/tpm0 ]; then check "the module's PCR of every bank replays" replay_pcr "$PCR"; else skip "the module's PCR of every bank replays" "no TPM"; fi
finish
