#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every option of a rule: one access that it matches, and one that it does not. What is refused, and
# that the former policy stays in force then.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 160

# The files: a program on ext4, with ids of its own, that root and others open.
disk=$WORK/disk uuid=6f8d2c1e-0b3a-4c5d-9e7f-112233445566
chmod 755 "$WORK"
mkfs_loop ext4 64M "$disk" || bail "no file system"
umount "$disk" && unset 'mounts[-1]'
image=/mnt/run/options.img
truncate -s 64M $image && mkfs.ext4 -q -F -O verity -b 4096 -U $uuid $image && mount -o loop $image "$disk" &&
	mounts+=("$disk")
rm $image
chmod 777 "$disk"
mount_tmp ramfs mode=777 "$WORK/ramfs" || bail "no ramfs"
mkdir "$WORK/fuse"
[ ! -e /dev/tpm0 ] || tpm2_pcrreset 23
load_module || bail "the module does not load"
owner=4242 group=4343

# access NAME FILE
access() {
	case $1 in
	read) : <"$2" ;;
	read-write) : <>"$2" ;;
	append) : >>"$2" ;;
	exec) "$2" ;;
	map) "$SYSCALLS" map "$2" ;;
	map-implied) "$SYSCALLS" map-implied "$2" ;;
	check) "$SYSCALLS" check "$2" ;;
	direct) dd if="$2" iflag=direct bs=4096 count=1 of=/dev/null status=none ;;
	# Who reads: real, effective and saved ids.
	user-read) as 1000 bash -c ": <$2" ;;
	euid-read) setpriv --euid=1000 bash -p -c ": <$2" ;;
	gid-read) setpriv --rgid=1000 --clear-groups bash -p -c ": <$2" ;;
	egid-read) setpriv --egid=1000 --clear-groups bash -p -c ": <$2" ;;
	ruid-read) setpriv --ruid=1000 bash -p -c ": <$2" ;;
	ramfs-read) cp "$2" "$WORK/ramfs/" && file=$WORK/ramfs/${2##*/} && chown $owner:$group "$file" && : <"$file" ;;
	esac
}

# decides YES|NO ACCESS RULES: whether a new file is measured. Rules hold '@', which keeps them to
# these files.
decides() {
	local name=${3//$NL/; }
	name=${name//@/…}
	set_policy '' && fresh "$disk" && chown $owner:$group "$file" && chmod 755 "$file"
	set_policy "${3//@/fowner=$owner}" || { not_ok "$name: $2: accepted" && return; }
	access "$2" "$file"
	case $1 in
	yes) check "'$name' measures $2" once "$file" ;;
	no) check "'$name' does not measure $2" unmeasured "$file" ;;
	esac
}
section "rules"
while read -r want access rules; do
	[ -z "$want" ] || decides "$want" "$access" "$rules"
done <<TABLE
yes read measure @
yes exec measure func=BPRM_CHECK @
no read measure func=BPRM_CHECK @
yes read measure func=FILE_CHECK @
no map measure func=BPRM_CHECK @
yes read measure func=PATH_CHECK @
yes map measure func=FILE_MMAP @
yes map measure func=MMAP_CHECK_REQPROT @
no map-implied measure func=MMAP_CHECK_REQPROT @
yes check measure func=BPRM_CHECK mask=MAY_EXEC @
no check measure func=CREDS_CHECK @

yes read measure mask=MAY_READ @
no read measure mask=MAY_WRITE @
no read measure mask=MAY_EXEC @
no read measure mask=MAY_APPEND @
no read-write measure mask=MAY_READ @
no read-write measure mask=MAY_WRITE @
yes read-write measure mask=^MAY_READ @
yes read-write measure mask=^MAY_WRITE @
no read-write measure mask=^MAY_APPEND @
no append measure mask=MAY_APPEND @
yes append measure mask=^MAY_APPEND @
yes append measure mask=^MAY_WRITE @
no append measure mask=^MAY_READ @
yes exec measure mask=MAY_EXEC @
yes exec measure mask=^MAY_EXEC @

yes read measure fsmagic=0xef53 @
no read measure fsmagic=0x858458f6 @
yes ramfs-read measure fsmagic=0x858458f6 @
no ramfs-read measure fsmagic=0xef53 mask=MAY_READ @
yes read measure fsuuid=$uuid @
yes read measure fsuuid=${uuid^^} @
no read measure fsuuid=00000000-0b3a-4c5d-9e7f-112233445566 @
yes read measure fsname=ext4 @
no read measure fsname=ext @
no read measure fsname=ramfs @
yes ramfs-read measure fsname=ramfs @
no read measure fs_subtype=ext4 @

yes read measure uid=0 @
no user-read measure uid=0 @
yes user-read measure uid=1000 @
no read measure uid=1000 @
yes read measure uid<1 @
no user-read measure uid<1000 @
yes user-read measure uid<1001 @
yes user-read measure uid>999 @
no user-read measure uid>1000 @
no read measure uid>0 @
yes euid-read measure uid=0 @
yes euid-read measure euid=1000 @
no euid-read measure uid=1000 @
yes user-read measure euid=1000 @
no user-read measure euid=0 @
yes user-read measure euid>999 @
no user-read measure euid>1000 @
yes user-read measure euid<1001 @
no user-read measure euid<1000 @
yes ruid-read measure uid=1000 @
yes ruid-read measure euid=0 @
yes ruid-read measure euid=1000 @
no ruid-read measure euid=2000 @
yes gid-read measure gid=1000 @
no gid-read measure gid=0 @
yes read measure gid<1 @
no read measure gid>0 @
yes user-read measure gid>999 @
no user-read measure gid<1000 @
yes egid-read measure egid=1000 @
no egid-read measure gid=1000 @
yes user-read measure egid=1000 @
no user-read measure egid=0 @
yes user-read measure egid>999 @
no user-read measure egid<1000 @

yes read measure fowner=$owner
no read measure fowner=0 mask=MAY_READ fsuuid=$uuid
yes read measure fowner>4241 fsuuid=$uuid
no read measure fowner>$owner fsuuid=$uuid
yes read measure fowner<4243 fsuuid=$uuid
no read measure fowner<$owner fsuuid=$uuid
yes read measure fgroup=$group
no read measure fgroup=$owner
yes read measure fgroup>4342
no read measure fgroup>$group
yes read measure fgroup<4344 fsuuid=$uuid
no read measure fgroup<$group fsuuid=$uuid
yes read measure uid=0 gid=0 fgroup=$group fsmagic=0xef53 fsname=ext4 fsuuid=$uuid mask=MAY_READ func=FILE_CHECK @
no user-read measure uid=0 gid=0 fgroup=$group fsmagic=0xef53 fsname=ext4 fsuuid=$uuid mask=MAY_READ func=FILE_CHECK @

yes direct measure permit_directio @
yes direct measure @
TABLE
decides no read "dont_measure uid=0 @${NL}measure @"
decides yes user-read "dont_measure uid=0 @${NL}measure @"
decides yes read "measure @${NL}dont_measure uid=0 @"
decides no read "dont_measure func=FILE_CHECK @${NL}measure @"
decides yes map "dont_measure func=FILE_CHECK @${NL}measure @"
decides yes read "dont_audit @${NL}measure @"

section "a record"
# Where a record goes, and how it looks. goes NAME WANT RULE: one result, ok if the record that the
# rule leaves of a new file has this PCR and template.
goes() {
	set_policy '' && fresh "$disk" && chown $owner "$file" && set_policy "$3" && : <"$file"
	check_eq "$1" "$2" "$(awk -v path="$file" '$5 == path { print $1, $3 }' "$ASCII")"
}
goes "is as the module was told without pcr= and template=" "16 ima-ng" "measure fowner=$owner"
goes "has the PCR of pcr=23" "23 ima-ng" "measure fowner=$owner pcr=23"
for template in ima-ng ima-ngv2 ima-sig ima-sigv2; do
	goes "has the template of template=$template" "16 $template" "measure fowner=$owner template=$template"
done
goes "has PCR and template of the first rule that matches" "23 ima-sig" \
	"measure fowner=$owner uid=1${NL}measure fowner=$owner pcr=23 template=ima-sig${NL}measure fowner=$owner"

section "fs-verity"
# fs-verity: the digest of the tree, without reading the file.
set_policy '' && fresh "$disk" verity && head -c 300000 /dev/zero >>"$file"
if verity=$("$SYSCALLS" verity "$file" 2>/dev/null); then
	chown $owner "$file" && set_policy "measure fowner=$owner digest_type=verity template=ima-ngv2"
	before=$(status hashed_bytes) && : <"$file"
	check_eq "the record has the digest of fs-verity" "verity:sha256:$verity" \
		"$(awk -v path="$file" '$5 == path { print $4 }' "$ASCII")"
	check_eq "the file is not read" "$before" "$(status hashed_bytes)"
	set_policy "measure fowner=$owner template=ima-ngv2" && : <"$file"
	check_eq "the record has the digest of the content without digest_type=verity" "ima:sha256:$(chown 0 "$file" && digest_of "$file")" \
		"$(awk -v path="$file" '$5 == path { print $4 }' "$ASCII" | tail -n 1)"
	# A list that has the digest as that of content, and one that says whose it is.
	verity_list() { # verity_list NAME [OPTION]...
		digestctl generate --digest "sha256:$verity" -o "$WORK/$1" "${@:2}" >/dev/null &&
			digestctl metadata --unsigned "$WORK/$1" -o "$WORK/$1.meta" >/dev/null && cat "$WORK/$1.meta" >"$SECFS/digest_lists"
	}
	unlist() { printf 'sha256:%s\n' "$(sha256sum <"$WORK/$1" | cut -c1-64)" >"$SECFS/digest_lists_remove"; }
	set_policy '' && verity_list content && chown $owner "$file" && rules="measure fowner=$owner digest_type=verity digest_list"
	set_policy "$rules" && check "a digest of content does not make a file known" eval '[ "$(grows eval ": <\"$file\"")" = 1 ]'
	unlist content && verity_list verity --verity && set_policy '' && set_policy "$rules"
	check "a digest of fs-verity makes a file known" eval '[ "$(grows eval ": <\"$file\"")" = 0 ]'
	check "digestctl show names a digest of fs-verity" eval 'digestctl show --digests "$WORK/verity" | grep -q "immutable verity:sha256:$verity"'
	# asked DIGEST: how many lists digest_query names.
	asked() {
		local fd
		exec {fd}<>"$SECFS/digest_query" && printf '%s\n' "$1" >&"$fd" && wc -l <&"$fd" && exec {fd}<&-
	}
	check_eq "a query finds a digest of fs-verity only where it asks for one" "1 0" \
		"$(asked "verity:sha256:$verity") $(asked "sha256:$verity")"
	unlist verity
	decides no read "measure fowner=1 digest_type=verity"
	set_policy '' && fresh "$disk" && chown $owner "$file" && set_policy "measure fowner=$owner digest_type=verity"
	check "a file without fs-verity can be opened under digest_type=verity" eval ': <"$file"'
	check "a file without fs-verity has a record without digest under digest_type=verity" measured_as "$file" "$ZERO"
else
	for i in 1 2 3 4 5 6 7 8 9 10; do skip "result $i" "fs-verity cannot be enabled here"; done
fi

section "digest_list in one of two rules"
# digest_list, in the one rule that has it.
set_policy '' && fresh "$disk" known && chown $owner "$file" && cp -p "$file" "$disk/copy"
"$SELFTESTS/digestlists.py" make "$WORK/meta" "$WORK/list=immutable:@$file" && cat "$WORK/meta" >"$SECFS/digest_lists" ||
	bail "no list"
set_policy "measure fowner=$owner uid=0 digest_list${NL}measure fowner=$owner uid=1000"
: <"$file" && "$file"
check "a known file is not measured by the rule that has it" unmeasured "$file"
as 1000 cat "$file" >/dev/null
check "a known file is measured by the rule that does not have it" measured "$file"
fresh "$disk" && chown $owner "$file" && : <"$file"
check "an unknown file is measured by the rule that has it" measured "$file"

section "refused policies"
# What is refused. The policy in force is as it was.
good="measure func=FILE_CHECK fowner=$owner"
set_policy "$good"
# refuses_policy REASON POLICY: one result, ok if it is refused, the reason is in the kernel log and
# the policy is as before.
left_alone() { kernel_log | grep -q "digest_lists: $1" && [ "$(cat "$SECFS/policy")" = "$good" ]; }
refuses_policy() {
	mark
	if set_policy "$2" 2>/dev/null; then
		not_ok "'${2//$NL/; }' is refused"
		set_policy "$good"
		return
	fi
	check "'${2//$NL/; }' is refused: $1" left_alone "$1" || kernel_log | sed 's/^/# /'
}
while IFS='|' read -r reason rule; do refuses_policy "$reason" "$rule"; done <<'TABLE'
policy: line 1, .*signatures of fs-verity digests are not served|appraise digest_type=verity appraise_type=sigv3
policy: line 1, .*for appraise rules only|measure func=MODULE_CHECK appraise_type=imasig
policy: line 1, .*for measure and appraise rules only|dont_appraise fsmagic=0x9fa0 digest_list
policy: line 1, .*for measure rules only|hash fowner=0 pcr=12
policy: line 1, .*for appraise rules only|dont_hash fowner=0 appraise_algos=sha256
policy: line 1, .*func=KEXEC_CMDLINE.*cannot be served|measure func=KEXEC_CMDLINE
policy: line 1, .*func=SETXATTR_CHECK.*cannot be served|appraise func=SETXATTR_CHECK appraise_algos=sha256
policy: line 1, column |measured fowner=0
policy: line 1, column |measure func=NO_CHECK
policy: line 1, column |measure mask=MAY_SLEEP
policy: line 1, column |measure fowner=root
policy: line 1, column |measure fowner=4294967296
policy: line 1, column |measure fsmagic=0xfg
policy: line 1, column |measure fsuuid=1234
policy: line 1, column |measure pcr=24
pcr=10: IMA extends this PCR|measure pcr=10
policy: line 1, column |measure template=ima-none
policy: line 1, column |measure digest_type=none
policy: line 1, column |audit fowner=0 pcr=11
policy: line 1, column |audit fowner=0 digest_list
policy: line 1, column |measure keyrings=.ima
policy: line 1, column |measure label=digest_lists
policy: line 1, column |measure uid=0 uid=1
policy: line 1, column |measure func=KEY_CHECK fowner=0
TABLE
refuses_policy "policy: line 2, column 9" "measure fowner=1${NL}measure fowner=${NL}measure fowner=2"
refuses_policy "policy: line 3, column 14" "measure fowner=1${NL}# comment${NL}dont_measure nonsense"
fresh "$disk" && chown $owner "$file" && : <"$file"
check "the former policy is still in force" measured "$file"

section "a policy of 1,000 rules"
# A large policy.
many=$(for i in $(seq 999); do echo "measure func=FILE_CHECK fowner=$((100000 + i))"; done)
check "is taken" set_policy "$many${NL}measure func=FILE_CHECK fowner=$owner uid=0"
check_eq "is counted by the status file" 1000 "$(status policy_rules)"
check_eq "is read back" 1000 "$(wc -l <"$SECFS/policy")"
fresh "$disk" && chown $owner "$file" && : <"$file"
check "decides by its last rule" measured "$file"
fresh "$disk" && chown 100500 "$file" && : <"$file"
check "decides by a rule in the middle" measured "$file"
fresh "$disk" && chown 101000 "$file" && : <"$file"
check "measures nothing that no rule matches" unmeasured "$file"

section "the whole test"
if [ -e /dev/tpm0 ]; then check "the PCRs of every bank replay" eval "replay_ok && replay_ok 23"; else skip "the PCRs of every bank replay" "no TPM"; fi
unload_module || bail "the module does not unload"

section "policy_lock=1"
# policy_lock=1
load_module policy_lock=1 ima_policy=exec_tcb || bail "the module does not load with policy_lock=1"
before=$(cat "$SECFS/policy")
mark
check "another policy is refused" eval '! set_policy "$good" 2>"$WORK/error" && grep -qi "permission denied" "$WORK/error"'
check "the kernel log gives the reason" eval 'kernel_log | grep -q "digest_lists: policy: .*policy_lock=1"'
echo "$good" >"$WORK/policy"
check "another policy is refused by its path" eval '! set_policy "$WORK/policy" 2>/dev/null'
check_eq "the policy of load time is in force" "$before" "$(cat "$SECFS/policy")"
fresh "$disk" && "$file"
check "the policy of load time decides" once "$file"
section "policy_lock=0"
unload_module && load_module && set_policy "$good"
check "another policy is taken" test "$(cat "$SECFS/policy")" = "$good"
check "another user may write no policy" eval '! as 1000 bash -c "echo \"$good\" >$SECFS/policy" 2>/dev/null'
check "root of a user namespace may write no policy" eval '! as 1000 unshare -Ur bash -c "echo \"$good\" >$SECFS/policy" 2>/dev/null'
unload_module

section "parameters that are given twice"
# As in a file of modprobe and on the kernel's command line.
check "do not keep the module from loading" load_module batch=0 max_list_size=1000 max_digest_memory=1 ima_policy=tcb \
	policy_lock=1 batch=1 max_list_size=20000 max_digest_memory=3000000000 ima_policy= policy_lock
values() { (cd /sys/module/digest_lists/parameters && cat batch max_list_size max_digest_memory policy_lock | paste -sd' '); }
check_eq "have the last value" "Y 20000 3000000000 Y" "$(values)"
unload_module
check "a value out of range is refused" eval '! load_module max_list_size=4294967296 2>/dev/null'
finish
