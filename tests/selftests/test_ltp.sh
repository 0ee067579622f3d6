#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The cases of the Linux Test Project's tests of IMA. Each step is taken once, and both look on: the
# kernel's own IMA, and the module with the same rules. Documentation/testing-others.md says what
# differs, and why.
#
# IMA measures by its built-in policy tcb from the start, as those tests want it, and gets one
# policy more, which it keeps. So this needs a boot of its own:
#
#   scripts/vm --append ima_policy=tcb -- /opt/selftests/run test_ltp
#
# shellcheck disable=SC2015,SC2016,SC2094 # 'eval' in a check, 'A && B || bail', and files that are read and written on purpose

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/others.sh"
. "$(dirname "$0")/kernel_reads.sh"

booted_with ima_policy=tcb
ima_is_free
plan 66

chmod 755 "$WORK"
disk=$WORK/disk
mkfs_loop ext4 64M "$disk" || bail "no file system"
echo 0 >/proc/sys/kernel/printk_ratelimit
load_module ima_policy=tcb || bail "the module does not load"
file=$disk/test.txt

section "ima_measurements 1"
echo "$(cat /proc/uptime) this is a test" >"$file" && : <"$file"
both_record "a new file that root reads" "$file"

section "ima_measurements 2"
echo "$(cat /proc/uptime) changed" >"$file" && : <"$file"
both_record "the new content of a changed file" "$file"

section "ima_measurements 3"
mkdir -m 700 "$disk/user" && chown 4001 "$disk/user"
as 4001 bash -c "echo text >$disk/user/theirs; : <$disk/user/theirs"
check_eq "IMA does not record what another user reads" 0 "$(count_in "$ima_list" "$disk/user/theirs")"
check_eq "the module does not record what another user reads" 0 "$(count_in "$ASCII" "$disk/user/theirs")"

# begin CASE: a new file in $file, and the numbers of violations so far.
begin() {
	section "ima_violations $1"
	file=$disk/violations-$1
	echo text >"$file"
	read -r ima_before <$ima/violations
	read -r before <"$SECFS/violations"
	mark
}
# seen CAUSE NUMBER: three results: so many violations were added to each list meanwhile, and both
# have left audit records.
seen() {
	local n=$2 ima_after after
	read -r ima_after <$ima/violations
	read -r after <"$SECFS/violations"
	check_eq "IMA counts the violations" "$n" $((ima_after - ima_before))
	check_eq "the module counts the violations" "$n" $((after - before))
	check_eq "both leave an audit record of each violation" $((2 * n)) \
		"$(kernel_log | grep -c "op=invalid_pcr cause=$1 .*name=\"$file\"")"
}

begin 1
exec {writer}>"$file" && echo text >&"$writer" && : <"$file"
exec {writer}>&-
seen open_writers 1

begin 2
exec {reader}<"$file" {writer}>"$file" && echo text >&"$writer"
exec {writer}>&- {reader}<&-
seen ToMToU 1

begin 3
mkfifo "$WORK/go"
/opt/guest/mapstore "$file" <"$WORK/go" >"$WORK/said" &
holder=$!
exec {go}>"$WORK/go"
wait_for 20 grep -q ready "$WORK/said" || note "the file is not mapped"
: <"$file"
exec {go}>&-
wait "$holder"
seen open_writers 1

begin 4
exec {writer}>"$file" && echo text >&"$writer" && : <"$file" && : <"$file"
exec {writer}>&-
seen open_writers 1

begin 5
exec {writer}>"$file" && echo text >&"$writer" && : <"$file"
exec {second}>"$file" && echo more >&"$second" && : <"$file"
exec {second}>&-
: <"$file"
exec {writer}>&-
seen open_writers 1

begin 6
exec {writer}>"$file" && echo text >&"$writer" && : <"$file" && : <"$file"
exec {writer}>&-
exec {writer}>"$file" && echo text >&"$writer" && : <"$file"
exec {writer}>&-
seen open_writers 2

begin 7
exec {reader}<"$file" {writer}>"$file" && echo text >&"$writer"
exec {writer}>&-
exec {writer}>"$file" && echo text >&"$writer"
exec {writer}>&- {reader}<&-
seen ToMToU 1

begin 8
for i in 1 2; do
	exec {reader}<"$file" {writer}>"$file" && echo "text $i" >&"$writer"
	exec {writer}>&- {reader}<&-
done
seen ToMToU 2

# first LIST: the digest of the list's first record.
first() { awk 'NR == 1 && $5 == "boot_aggregate" { print $4 }' "$1"; }
section "ima_tpm 1"
aggregate=$(boot_aggregate)
check_eq "IMA's first record is the digest of the TPM's PCRs" "$aggregate" "$(first $ima_list)"
check_eq "the module's first record is the digest of the TPM's PCRs" "$aggregate" "$(first "$ASCII")"

section "ima_tpm 2"
check "IMA's list replays to its PCR" replay_ok 10 $ima/binary_runtime_measurements
check "the module's list replays to its PCR" replay_ok

# As theirs: good rules, or the same where one begins with no action.
good="# a comment
dont_measure fsmagic=0x9fa0
dont_measure fsmagic=0x62656572
dont_measure fsmagic=0x1021994 func=FILE_CHECK
dont_measure fsmagic=0x73636673
measure func=FILE_MMAP mask=MAY_EXEC
measure func=BPRM_CHECK mask=MAY_EXEC
measure func=FILE_CHECK mask=MAY_READ uid=0"
bad=${good/dont_measure fsmagic=0x73/dnt_measure fsmagic=0x73}
echo "$good" >"$WORK/good" && echo "$bad" >"$WORK/bad"
section "ima_policy 1"
policy=$(cat "$SECFS/policy")
check "IMA refuses a policy in which one rule is bad" eval '! ima_takes "$WORK/bad"'
check "the module refuses a policy in which one rule is bad" eval '! set_policy "$bad" 2>/dev/null'
check_eq "the module keeps the policy that it had" "$policy" "$(cat "$SECFS/policy")"
file=$disk/after-bad
echo text >"$file" && : <"$file"
both_record "files as before" "$file"

section "ima_policy 2"
check "IMA can parse the policy" ima_takes "$WORK/good"
exec {one}>$ima/policy
check "IMA's policy cannot be opened a second time" eval '! (: >$ima/policy) 2>/dev/null'
exec {one}>&-
check "the module takes the policy" set_policy "$good"
check "the module takes the policy a second time" set_policy "$good"
exec {one}>"$SECFS/policy" {two}>"$SECFS/policy"
echo "measure func=BPRM_CHECK" >&"$one"
echo "measure func=MMAP_CHECK" >&"$two"
exec {one}>&- {two}>&-
check_eq "the module takes one of two policies that are written at once" "measure func=MMAP_CHECK" "$(cat "$SECFS/policy")"

rules="measure uid=4001
measure fowner=4002
measure gid=4003
measure fgroup=4004
measure func=KEY_CHECK keyrings=.ima|.evm|.builtin_trusted_keys|.blacklist|key_import_test template=ima-buf"
section "the rules of the other cases"
check "IMA takes them" ima_policy "$rules${NL}measure func=KEXEC_CMDLINE" || bail "IMA refuses the rules"
check "the module takes them but for KEXEC_CMDLINE" set_policy "$rules" || bail "the module refuses the rules"
check "IMA takes no other policy in this kernel" [ ! -e $ima/policy ]

# conditional OPTION COMMAND: the command reads a new file, $file.
conditional() {
	section "ima_conditionals -r $1"
	file=$disk/$1.txt
	echo "$(cat /proc/uptime) $1" >"$file" && chmod 644 "$file" && eval "$2" >/dev/null
	both_record "a file to which the condition applies" "$file"
}
conditional uid 'as 4001 cat "$file"'
conditional fowner 'chown 4002 "$file" && cat "$file"'
conditional gid 'setpriv --reuid=4005 --regid=4003 --clear-groups cat "$file"'
conditional fgroup 'chgrp 4004 "$file" && cat "$file"'

section "ima_keys 2"
cd "$WORK" || bail "no directory"
openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 30 -subj "/CN=selftest" -keyout key.pem -outform DER -out cert 2>/dev/null
keyctl new_session >/dev/null
ring=$(keyctl newring key_import_test @s)
check "a certificate is imported into a keyring" evmctl import "$WORK/cert" "$ring"
want="ima-buf sha256:$(digest_of cert) $(od -An -v -tx1 cert | tr -d ' \n')"
check_eq "IMA records the certificate" "$want" "$(awk '$5 == "key_import_test" { print $3, $4, $6 }' $ima_list)"
check_eq "the module records the certificate, and that the name is of a keyring" "$want" \
	"$(awk '$5 == "keyring:key_import_test" { print $3, $4, $6 }' "$ASCII")"

section "ima_keys 1"
# right LIST: succeeds if there are records of keys, each with the digest of the key that it has.
right() {
	local digest data n=0
	while read -r digest data; do
		[ "$digest" = "sha256:$(unhex <<<"$data" | digest_of /dev/stdin)" ] || return
		n=$((n + 1))
	done < <(awk '$3 == "ima-buf" && $5 ~ /key_import_test$/ { print $4, $6 }' "$1")
	[ "$n" -gt 0 ]
}
check "IMA's records have the digests of the keys" right $ima_list
check "the module's records have the digests of the keys" right "$ASCII"

section "ima_kexec"
mark
check "the module refuses a rule for command lines, by its name" eval '! set_policy "measure func=KEXEC_CMDLINE" 2>/dev/null &&
	kernel_log | grep -q "digest_lists: policy: line 1, .*func=KEXEC_CMDLINE"'
kernel_header "$WORK/kernel"
n=0
for cmdline in "$(cat /proc/cmdline)" foo bar; do
	n=$((n + 1))
	section "ima_kexec $n"
	"$SYSCALLS" kexec-cmdline "$WORK/kernel" "$cmdline" 2>/dev/null
	if [ "$(uname -m)" != x86_64 ]; then
		skip "IMA records the command line" "no image that this kernel would load"
		continue
	fi
	check_eq "IMA records the command line" "sha256:$(printf %s "$cmdline" | digest_of /dev/stdin)" "$(last_in $ima_list kexec-cmdline)"
done
section "the whole test"
check "IMA's list replays to its PCR" replay_ok 10 $ima/binary_runtime_measurements
check "the module's list replays to its PCR" replay_ok
finish
