#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A TPM that goes and comes back, that comes late, or whose commands fail: the records wait, and are
# extended in order as soon as it works, without another record. And what tpm_required=1 refuses
# meanwhile.
#
# The TPM is QEMU's. Its driver is unbound and bound, which that of arm64, in the guest, does not
# have; for commands that fail, tpm_relay.py stands in front of it. IMA does not look for a TPM
# again, so that a boot of its own is needed:
#
#   scripts/vm --append selftest.tpm -- /opt/selftests/run tpm
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/tpm.sh"

booted_with selftest.tpm
[ -e /dev/tpm0 ] || skip_all "no TPM"
[ -e /sys/class/tpm/tpm0/device/driver ] || skip_all "the TPM has no driver that could be unbound"
plan 109

tpm_of_driver
# Seconds after which what waits will not be extended any more.
patience=${PATIENCE:-60}
# use: opens a new file that is to be measured, $file.
tasks=()
uses=0
use() {
	uses=$((uses + 1))
	file=$WORK/file-$uses
	echo "$uses $RANDOM$RANDOM" >"$file" && chown 4242 "$file" && again
}
again() { { : <"$file"; } 2>"$WORK/error"; }
is_denied() { ! "$@" && grep -q 'Permission denied' "$WORK/error"; }
waits() { [ "$(status records_waiting)" = "$1" ]; }
# replays NAME: one result, ok if the PCR of every bank is the replay of the list. On a machine that
# is so busy that the kernel's driver stops waiting for QEMU's TPM, it may take the answer of one
# command for that of another, and say that a record was extended that was not: then this cannot be
# told.
replays() {
	if replay_ok "$PCR" >"$WORK/replay" 2>&1; then
		ok "$1"
	elif dmesg | grep -q 'tpm tpm[0-9]*: Operation Timed out' && [ -z "$relay" ]; then
		skip "$1" "the driver of the TPM stopped waiting for it: the machine is too busy"
	else
		sed 's/^/# /' "$WORK/replay"
		not_ok "$1"
	fi
}
# recovers NAME: three results: what waits is extended though nothing happens, no record comes from
# that, and the PCR replays.
recovers() {
	local before
	before=$(records)
	section "$1"
	check "what waits is extended without another record" wait_for "$patience" waits 0
	check_eq "no record is added by what waits" "$before" "$(records)"
	replays "the PCR of every bank is the replay of the list"
}
policy="measure func=FILE_CHECK mask=MAY_READ uid=0 fowner=4242"
chmod 755 "$WORK"
echo 0 >/proc/sys/kernel/printk_ratelimit
tools

# The driver is unbound and bound.
load_module || bail "the module does not load"
set_policy "$policy"
use
section "a TPM that works"
check_eq "no record waits" "0 none 0" \
	"$(status records_waiting) $(status records_waiting_since) $(status records_waiting_errno)"
unbind
before=$(uptime)
for i in 1 2 3; do use && [ "$(records_for "$file")" = 1 ] || note "file $i cannot be used"; done
section "a driver that is unbound"
check_eq "files are used and their records wait" 3 "$(status records_waiting)"
check_eq "the status file shows no TPM" none "$(status tpm)"
check "the status file shows since when records wait, in seconds since the start of the system" \
	eval '[ "$(status records_waiting_since)" -ge "$before" ] && [ "$(status records_waiting_since)" -le "$(uptime)" ]'
check_eq "the status file shows that there is no TPM as the errno" -19 "$(status records_waiting_errno)"
check_eq "one extend fails, and is counted" 1 "$(cat "$SECFS/violations")"
bind
recovers "a driver that is bound again"
check_eq "the status file shows the TPM" "tpm$(number)" "$(status tpm)"
check_eq "the status file shows that nothing waits" "none 0" \
	"$(status records_waiting_since) $(status records_waiting_errno)"
unbind
bind
use
section "a driver that is unbound and bound while nothing waits"
check_eq "the next record does not wait" 0 "$(status records_waiting)"
replays "the PCR of every bank is the replay of the list"
for i in 1 2 3; do
	unbind
	for ((j = 0; j < 5 * i; j++)); do use; done
	bind
	use
done
section "a driver that is unbound and bound three times, with a record at once"
check "no record waits" wait_for "$patience" waits 0
replays "the PCR of every bank is the replay of the list"
# More records than the work takes at a time.
unbind
for ((i = 0; i < 150; i++)); do use; done
section "150 records"
check_eq "all wait" 150 "$(status records_waiting)"
bind
recovers "150 records whose driver is bound again"
unbind
use
section "a record that waits"
check "the module is unloaded with it" unload_module
bind

# The driver comes late.
tpm2_pcrreset 16
unbind
modprobe digest_lists allow_unload=1 require_signature=0 pcr=16 || bail "the module does not load without a TPM"
PCR=16
section "a driver that comes late"
check_eq "the start record says nothing of the PCR's value" "" "$(text_of digest_lists_start | grep initial)"
set_policy "$policy"
use
use
check_eq "all records wait before it" "$(records)" "$(status records_waiting)"
bind
check "what waits is extended without another record" wait_for "$patience" waits 0
replays "the PCR of every bank is the replay of the list"
check_eq "boot_aggregate_late has the digest of PCRs 0 to 9" "$(boot_aggregate)" \
	"$(awk '$NF == "boot_aggregate_late" { print $4 }' "$ASCII")"
check_eq "digest_lists_tpm says what the PCR was, in every bank" \
	"pcr=16 $(for bank in $(tpm_banks); do echo "pcr_initial_$bank=$(bank_pcrs "$bank" | sed -n 's/PCR-09: //p' | sed 's/./0/g')"; done | sort | tr '\n' ' ')" \
	"$(text_of digest_lists_tpm | tr '\n' ' ')"
unload_module
# The same where the PCR is not zero.
tpm2_pcrreset 16
bank=$(best_bank)
size=$(bank_pcrs "$bank" | sed -n 's/PCR-09: //p' | tr -d '\n' | wc -c)
tpm2_pcrextend "16:$bank=$(printf "%0${size}d" 7)" >/dev/null
initial=$(bank_pcrs "$bank" | sed -n 's/PCR-16: //p' | tr A-F a-f)
unbind
modprobe digest_lists allow_unload=1 require_signature=0 pcr=16 || bail "the module does not load without a TPM"
bind
section "a driver that comes late to a PCR that is not zero"
check "what waits is extended" wait_for "$patience" waits 0
check_eq "digest_lists_tpm has the value of the PCR" "$initial" \
	"$(text_of digest_lists_tpm | sed -n "s/pcr_initial_$bank=//p")"
replays "the PCR of every bank is the replay of the list from that value"
check_eq "the status file has the value of the PCR" "$bank:$initial" "$(status pcr_initial)"
unload_module

# What the start record says, where the PCR is not zero at load.
tpm2_pcrreset 16
# One stays at zeros, where there are several.
for bank in $(tpm_banks); do
	size=$(bank_pcrs "$bank" | sed -n 's/PCR-09: //p' | tr -d '\n' | wc -c)
	[ "$bank" = sha1 ] || tpm2_pcrextend "16:$bank=$(printf "%0${size}d" 9)" >/dev/null
done
for bank in $(tpm_banks); do bank_pcrs "$bank" | sed -n "s/PCR-16: /pcr_initial_$bank=/p" | tr A-F a-f; done | sort >"$WORK/initial"
modprobe digest_lists allow_unload=1 require_signature=0 pcr=16 ima_policy=exec_tcb || bail "the module does not load"
text_of digest_lists_start >"$WORK/start"
section "the start record where the PCR is not zero"
check_eq "it has the PCR's value in every bank" "$(cat "$WORK/initial")" "$(grep initial "$WORK/start")"
check_eq "it has a value of zeros where a bank has it" "$(grep -c '=0*$' "$WORK/initial")" "$(grep -c 'pcr_initial_[a-z0-9]*=0*$' "$WORK/start")"
check_eq "its lines are sorted by key" "$(cut -d= -f1 "$WORK/start" | LC_ALL=C sort -u)" "$(cut -d= -f1 "$WORK/start")"
check_eq "it has what the module is" "enforce $(uname -r) 16 sha256:$(sha256sum <"$SECFS/policy" | cut -c1-64) 0 $(status version)" \
	"$(for key in ima_appraise kernel pcr policy require_signature version; do started $key; done | tr '\n' ' ' | sed 's/ $//')"
replays "the PCR of every bank is the replay of the list from what it says"
/usr/bin/true
replays "the PCR of every bank is the replay of the list with more records"
unload_module

# tpm_required=1.
load_module tpm_required=1 || bail "the module does not load"
section "tpm_required=1"
check_eq "the status file shows it" yes "$(status tpm_required)"
echo known >"$WORK/known" && chown 4242 "$WORK/known"
echo later >"$WORK/later" && chown 4242 "$WORK/later"
"$SELFTESTS/digestlists.py" make "$WORK/meta" "$WORK/list=immutable:@$WORK/known"
"$SELFTESTS/digestlists.py" make "$WORK/meta2" "$WORK/list2=immutable:@$WORK/later"
cat "$WORK/meta" >"$SECFS/digest_lists" || note "the list is refused"
set_policy "$policy digest_list" || note "the policy is refused"
check "an unknown file is used with a TPM" use
old=$file
unbind
mark
check "an unknown file is refused without a TPM" is_denied use
file_refused=$file
check "a refusal has an audit record of its own, with the path" \
	eval 'kernel_log | grep -q "type=1804 .*op=add_template_measure cause=tpm-required .*name=\"$file\" .*res=0 errno=-13"'
check_eq "the record of a refused file waits" "1 1" "$(records_for "$file") $(status records_waiting)"
check "an unknown file is refused the second time" is_denied again
check_eq "an unknown file has no other record the second time" 1 "$(records_for "$file")"
file=$WORK/known
check "a known file is used without a TPM" again
file=$old
check "a file whose record the TPM has is used without a TPM" again
mark
check "a list is refused, since its record would wait" eval '! cat "$WORK/meta2" >"$SECFS/digest_lists" 2>/dev/null'
check "the kernel log says that a list is refused" eval 'kernel_log | grep "digest_lists_metadata: refused, since the TPM has not taken its record"'
before=$(cat "$SECFS/policy")
sum=$(sha256sum "$WORK/list" | cut -d' ' -f1)
check "the removal of a list is refused" eval '! echo "sha256:$sum" >"$SECFS/digest_lists_remove" 2>/dev/null'
check_eq "the record of a refused removal is taken back" "$(echo "sha256:$sum" | sha256sum | cut -d' ' -f1)" "$(recorded digest_lists_refused | tail -n 1)"
check "another policy is refused" eval '! set_policy "" 2>/dev/null'
check_eq "the policy in force stays when another is refused" "$before" "$(cat "$SECFS/policy")"
exec {reader}<"$old"
check "opening a measured file for writing while it is read is refused, as the violation would wait" \
	eval '! { : >>"$old"; } 2>/dev/null'
check "opening a measured file for writing while it is read is refused the second time" eval '! { : >>"$old"; } 2>/dev/null'
exec {reader}<&-
bind
recovers "tpm_required=1, with a TPM again"
file=$file_refused
check "a file that was refused is used" again
check "a list that was refused is loaded" eval 'cat "$WORK/meta2" >"$SECFS/digest_lists"'
unload_module
unbind
section "tpm_required=1 at load"
check "the module loads without a TPM" modprobe digest_lists allow_unload=1 require_signature=0 pcr=16 tpm_required=1
check "another policy is refused without a TPM" eval '! set_policy "$policy" 2>/dev/null'
bind
check "another policy is taken with a TPM" wait_for 60 eval 'set_policy "$policy" 2>/dev/null'
unload_module

# Commands that fail.
section "commands that fail"
extends() { tpm2_pcrread "sha256:$PCR" | sed -n 's/.*0x//p'; }
if ! modprobe -q tpm_vtpm_proxy || ! front; then
	note "$(cat "$WORK/relay" "$WORK/relay-errors" 2>&1)"
	while [ "$ktap_count" -lt "$ktap_planned" ]; do skip "result $((ktap_count + 1))" "no TPM can be put in front of another"; done
else
	tpm2_pcrreset 16
	modprobe digest_lists allow_unload=1 require_signature=0 pcr=16 || bail "the module does not load with the relay"
	check_eq "the module uses the TPM that can fail" "tpm$(cat "$WORK/relay")" "$(status tpm)"
	set_policy "$policy"
	use
	for kind in refuse lose silence; do
		faults 1 $kind
		section "a TPM with the fault '$kind' once"
		check "the file is used" use
		check_eq "no record waits" 0 "$(status records_waiting)"
		replays "the PCR of every bank is the replay of the list"
		faults 2 $kind
		use
		recovers "a TPM with the fault '$kind' twice"
		faults -1 $kind
		for i in 1 2 3; do use; done
		# Reading the PCR tells that the extend happened.
		if [ $kind = lose ]; then want="0 0"; else want="3 -"; fi
		section "a TPM with the fault '$kind' always"
		check_eq "records wait if they are not in the PCR, and there is a reason" "$want" \
			"$(status records_waiting) $(status records_waiting_errno | sed 's/-.*/-/')"
		faults 0 none
		recovers "a TPM with the fault '$kind', repaired"
	done
	faults -1 refuse all
	for i in 1 2; do use; done
	section "a TPM that refuses every command"
	check_eq "the records wait, and the errno is EIO" "2 -5" \
		"$(status records_waiting) $(status records_waiting_errno)"
	faults 0 none
	recovers "a TPM that refused every command"
	# Commands fail at random while records come.
	seed=${SEED:-$RANDOM}
	note "SEED=$seed"
	RANDOM=$seed
	for ((i = 0; i < 60; i++)); do
		case $((RANDOM % 4)) in
		0) faults $((RANDOM % 4)) refuse ;;
		1) faults $((RANDOM % 4)) lose ;;
		esac
		use
	done
	faults 0 none
	recovers "a TPM that failed at random"
	# The TPM does not answer while the violation is recorded of one writer, and another comes.
	section "a TPM that does not answer yet"
	use
	exec {reader}<"$file"
	faults -1 stall all
	{ : >>"$file"; } &
	first=$!
	check "the violation of a writer is in the list" wait_for 60 eval '[ "$(violations_for "$file")" = 1 ]'
	{ : >>"$file" && : >"$WORK/second"; } &
	second=$!
	sleep 3
	check "a second writer waits until the TPM has the violation" [ ! -e "$WORK/second" ]
	faults 0 none
	wait $first $second
	exec {reader}<&-
	check_eq "both writers are one violation, and go on when the TPM has it" "1 yes" \
		"$(violations_for "$file") $([ -e "$WORK/second" ] && echo yes)"
	# Tasks that come while the TPM does not answer, with the same file.
	unload_module
	tpm2_pcrreset 16
	modprobe digest_lists allow_unload=1 require_signature=0 pcr=16 batch=1 || bail "the module does not load with the relay"
	set_policy "$policy"
	section "a TPM that does not answer yet, with batch=1"
	use
	faults -1 stall all
	for name in first same same same; do
		file=$WORK/$name
		[ -e "$file" ] || { echo "$name" >"$file" && chown 4242 "$file"; }
		{ : <"$file"; } &
		tasks+=($!)
		[ "$name" != first ] || wait_for 60 eval '[ "$(records_for "$file")" = 1 ]'
	done
	sleep 3
	faults 0 none
	wait "${tasks[@]}"
	"$SELFTESTS/batch.py" names "$SECFS/binary_runtime_measurements" | tr ' ' '\n' >"$WORK/names"
	check_eq "a file that three tasks open is in the list once" 1 "$(grep -cx "$WORK/same" "$WORK/names")"
	check "the PCR of every bank is the replay of the list" replay_pcr "$PCR"
	# A command fails while the module loads.
	unload_module
	tpm2_pcrreset 16
	faults 1 refuse read
	modprobe digest_lists allow_unload=1 require_signature=0 pcr=16 || bail "the module does not load with the relay"
	section "a TPM that refuses one command at load"
	check_eq "what the start record lacks comes behind it" "boot_aggregate digest_lists_start boot_aggregate_late digest_lists_tpm" \
		"$(head -n 4 "$ASCII" | cut -d' ' -f5 | paste -sd' ')"
	replays "the PCR of every bank is the replay of the list"
	set_policy "$policy"
	# The chip goes: what is left is another one, as far as anybody can tell.
	kill $relay
	wait $relay 2>/dev/null
	mark
	use
	section "a TPM that went while another is there"
	check_eq "the record waits" 1 "$(status records_waiting)"
	check_eq "the other TPM is not used" none "$(status tpm)"
	check "the kernel log says that the other TPM is not used" eval 'kernel_log | grep -q "tpm$(number) is not the TPM that has the records before"'
	unload_module
fi
[ -z "$relay" ] || kill $relay 2>/dev/null
finish
