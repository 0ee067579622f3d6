#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The measurement list: what stands at its start, in which formats, and that the TPM vouches for it.

. "$(dirname "$0")/lib.sh"

[ -e /dev/tpm0 ] || skip_all "no TPM"
plan 86

ascii=$SECFS/ascii_runtime_measurements binary=$SECFS/binary_runtime_measurements
chmod 755 "$WORK"
# nth N: the Nth record; its fields are PCR, template digest, template, digest and name.
nth() { sed -n "$1p" "$ascii"; }
record_digest() { cut -d' ' -f4 | sed 's/sha256://'; }
sum() { sha256sum | cut -c1-64; }
fails() { ! "$@" 2>/dev/null; }
writes() { echo x >"$1"; }

# The start.
section "the start of a list"
load_module || bail "the module does not load"
check_eq "it has two records" 2 "$(records)"
check_eq "the first record is boot_aggregate" boot_aggregate "$(nth 1 | cut -d' ' -f5)"
check_eq "the digest of boot_aggregate is that of PCRs 0 to 9" "$(boot_aggregate)" "$(nth 1 | cut -d' ' -f4)"
check_eq "the second record is digest_lists_start" digest_lists_start "$(nth 2 | cut -d' ' -f5)"
check_eq "the digest of digest_lists_start is that of its text" "$(text_of digest_lists_start | sum)" "$(nth 2 | record_digest)"
check_eq "the text of digest_lists_start has the digest of the policy, which is empty" "sha256:$(sum <"$SECFS/policy")" "$(started policy)"
echo text >"$WORK/file"
digestctl generate "$WORK/file" -o "$WORK/list" && digestctl metadata "$WORK/list" -o "$WORK/metadata"
check "lists are loaded by the path of their metadata" digestctl load "$WORK/metadata"
check_eq "the third record has the path of the metadata" "digest_lists_metadata:$WORK/metadata" "$(nth 3 | cut -d' ' -f5)"
check_eq "the third record has the digest of the metadata" "$(sum <"$WORK/metadata")" "$(nth 3 | record_digest)"
echo "measure func=FILE_CHECK fowner=4242" >"$SECFS/policy"
check_eq "another policy leaves a record" digest_lists_policy "$(nth 4 | cut -d' ' -f5)"
check_eq "the record of a policy has its digest" "$(sum <"$SECFS/policy")" "$(nth 4 | record_digest)"

section "the records of five files"
for i in 1 2 3 4 5; do echo "$i" >"$WORK/$i" && chown 4242 "$WORK/$i" && : <"$WORK/$i"; done
check_eq "there are five" 9 "$(records)"
check_eq "they are in the order in which the files were opened" "12345" "$(tail -n 5 "$ascii" | sed 's/.*\///' | tr -d '\n')"
check_eq "they name the PCR" "$PCR" "$(cut -d' ' -f1 "$ascii" | sort -u)"
check_eq "they name the template" ima-ng "$(tail -n 5 "$ascii" | cut -d' ' -f3 | sort -u)"
section "the number of records"
check_eq "runtime_measurements_count is the number of lines" "$(wc -l <"$ascii")" "$(cat "$SECFS/runtime_measurements_count")"
check_eq "records in status is the number of lines" "$(wc -l <"$ascii")" "$(status records)"
section "the binary list"
cat "$binary" >"$WORK/binary"
check "it has the same records as the ascii list" is_ascii_list "$WORK/binary"
dd if="$binary" of="$WORK/bytewise" bs=1 status=none
check "it is the same when read byte by byte" cmp "$WORK/binary" "$WORK/bytewise"
section "the ascii list"
dd if="$ascii" of="$WORK/bytewise" bs=1 status=none
check "it is the same when read byte by byte" cmp "$WORK/bytewise" "$ascii"
section "the list"
check "the PCR of every bank replays with the files, as evmctl and replay.py say" replay_ok
check_eq "each record was one extend" "$(records)" "$(status pcr_extends)"
check_eq "no violation is counted" 0 "$(cat "$SECFS/violations")"
check "another user may not read it" fails setpriv --reuid=65534 --regid=65534 --clear-groups cat "$ascii"
check "root may not write to it" fails writes "$ascii"

section "a list that is being read"
# A reader does not keep records from being added, and sees those it has begun to read.
exec {reader}<"$ascii"
read -r first <&"$reader"
echo later >"$WORK/later" && chown 4242 "$WORK/later" && : <"$WORK/later"
check_eq "a record is added to it" 1 "$(records_for "$WORK/later")"
check_eq "the reader goes on after where it was" "$(records)" "$({ echo "$first" && cat <&"$reader"; } | sort -u | wc -l)"
exec {reader}<&-

# One list begins, another ends.
section "ima_policy=tcb"
unload_module
load_module ima_policy=tcb || bail "the module does not load again"
check_eq "the list starts with boot_aggregate" boot_aggregate "$(nth 1 | cut -d' ' -f5)"
check_eq "the start record has the digest of the policy" "sha256:$(sum <"$SECFS/policy")" "$(started policy)"
check "the PCR of every bank replays" replay_ok
check "the module can be unloaded" unload_module

# refuses_load NAME ERROR LINE PARAMETER [UNLOAD]: three results, ok if the module does not load
# with the parameter, and says why.
refuses_load() {
	local rc=0
	echo "selftest: $4" >/dev/kmsg
	modprobe digest_lists "allow_unload=${5:-1}" "$4" >"$WORK/message" 2>&1 || rc=$?
	section "$1"
	check "is refused" test "$rc" = 1 -a ! -d /sys/module/digest_lists
	dmesg | sed -n "/selftest: $4/,\$p" >"$WORK/dmesg"
	check "has an error of its own" grep "$2" "$WORK/message"
	check "has a reason in the kernel log" grep "$3" "$WORK/dmesg"
	! module_loaded || unload_module
}
refuses_load "the PCR of IMA" 'Device or resource busy' 'digest_lists: pcr=10: IMA extends this PCR' pcr=10
refuses_load "a PCR that no TPM has" 'Invalid argument' 'digest_lists: pcr=24: a TPM has the PCRs 0 to 23' pcr=24
refuses_load "a PCR that nobody can extend" 'Cannot assign requested address' 'digest_lists: pcr=17: a running system cannot extend' pcr=17
refuses_load "a PCR that root can reset" 'Cannot assign requested address' 'digest_lists: pcr=16: root can reset this PCR' pcr=16 0
section "pcr= of a module that can be unloaded"
for pcr in 0 1 2 3 4 5 6 7 9 10 17 18 19 20 21 22; do
	check "pcr=$pcr is refused" eval "! modprobe digest_lists allow_unload=1 pcr=$pcr 2>/dev/null"
done
section "pcr= of a module that stays"
check "pcr=23 is refused" eval "! modprobe digest_lists pcr=23 2>/dev/null"
refuses_load "a policy that does not exist" 'Invalid argument' "digest_lists: ima_policy=nonsense: there is no .*'nonsense'" \
	ima_policy=nonsense
refuses_load "a number that is none" 'Invalid argument' 'digest_lists.*nonsense\|nonsense.*pcr' pcr=nonsense

section "pcr=13"
check "it is taken" load_module pcr=13 ima_policy=exec_tcb
check_eq "the status file shows it" 13 "$(status pcr)"
check_eq "every record names it" 13 "$(cut -d' ' -f1 "$ascii" | sort -u)"
check "PCR 13 replays, from where the list says" replay_ok
section "pcr= in a rule"
for pcr in 8 11 12 13 14 15 16 23; do
	check "pcr=$pcr is taken" eval "echo 'measure fowner=4242 pcr=$pcr' >'$SECFS/policy'"
done
for pcr in 0 7 9 10 17 22; do
	check "pcr=$pcr is refused" eval "! echo 'measure fowner=4242 pcr=$pcr' 2>/dev/null >'$SECFS/policy'"
done
section "parameters"
unload_module
check "two policies can be joined" load_module 'ima_policy=tcb|exec_tcb'
unload_module
modprobe digest_lists allow_unload=1
check_eq "the PCR is 12 where none names one" 12 "$(status pcr)"
finish
