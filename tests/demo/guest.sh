#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The first act of 'make demo', in the guest: measurement. Shows the way of a file from known to
# unknown, and proves the record by a verifier that this project did not write. Fails where
# something is not as it says.

set -u
. "$(dirname "$0")/lib.sh"
pcr=12

# Counted by the shell alone: a program would be one more file to check.
records() {
	local -a lines
	mapfile -t lines <"$secfs/ascii_runtime_measurements"
	echo ${#lines[@]}
}
in_list() { grep -qF " $1" "$secfs/ascii_runtime_measurements"; }

step "The kernel is $(uname -r), untouched: taint flags $(cat /proc/sys/kernel/tainted), LSMs $(cat /sys/kernel/security/lsm)"

step "A list of every file of this system"
mkdir -p $dir
cp /usr/bin/cat $dir/hello
show digestctl generate -x / /mnt/share -o $dir/system.list || exit
show digestctl metadata $dir/system.list -o $dir/metadata || exit

step "The module, with IMA's policy: every program and library, and every file root reads"
command_line "modprobe digest_lists ima_policy=tcb require_signature=0"
modprobe digest_lists ima_policy=tcb require_signature=0 || { dmesg | tail -n 20 && exit 1; }
command_line "echo $dir/metadata >$secfs/digest_lists"
echo $dir/metadata >$secfs/digest_lists || { dmesg | tail -n 20 && exit 1; }
printf '%s digests are known; the measurement list has %s records\n' "$(<$secfs/digests_count)" "$(records)"

step "Known programs run: no record, no TPM command"
before=$(records)
extends=$(status pcr_extends) || exit
show ls -ld /usr/bin /usr/lib
show openssl version
show python3 -c 'import json, hashlib; print("python3 imported", json.__name__, "and", hashlib.__name__)'
show $dir/hello /etc/debian_version
after=$(records)
printf 'records before: %s, after: %s; PCR extends before: %s, after: %s\n' "$before" "$after" "$extends" "$(status pcr_extends)"
claim "known programs left no record" [ "$before" = "$after" ]
claim "and cost no PCR extend" [ "$extends" = "$(status pcr_extends)" ]

step "One byte of a known program changes"
size=$(stat -c %s $dir/hello)
printf 'byte %d of %s was 0x%s\n' "$size" $dir/hello "$(tail -c 1 $dir/hello | od -An -tx1 | tr -d ' ')"
printf '\377' | dd of=$dir/hello bs=1 seek=$((size - 1)) conv=notrunc status=none
before=$(records)
show $dir/hello /etc/debian_version
show $dir/hello /etc/debian_version
after=$(records)
grep -F " $dir/hello" $secfs/ascii_runtime_measurements
printf 'records before: %s, after: %s\n' "$before" "$after"
claim "it ran twice and has one record" [ $((after - before)) -eq 1 ]
claim "the record names it" in_list $dir/hello

step "The whole measurement list"
[ "$(records)" -le 20 ] || echo "(the last 20 of $(records) records)"
tail -n 20 $secfs/ascii_runtime_measurements

step "PCR $pcr of the TPM against the list, by evmctl and the TPM's own tools"
cat $secfs/binary_runtime_measurements >/tmp/list
options=()
for bank in sha1 sha256; do
	tpm2_pcrread $bank | awk '/0x/ { sub(/.*0x/, ""); printf "PCR-%02d: %s\n", n++, $0 }' >/tmp/pcrs-$bank
	options+=(--pcrs "$bank,/tmp/pcrs-$bank")
done
show tpm2_pcrread "sha1:$pcr+sha256:$pcr"
command_line "evmctl -v ima_measurement --pcrs sha1,… --pcrs sha256,… list"
evmctl -v ima_measurement "${options[@]}" /tmp/list >/tmp/evmctl 2>&1
verdict=$?
grep -E "PCR-?[A-Za-z]* *-?$pcr|^Matched|^Failed to match" /tmp/evmctl
# The reading of the PCRs and of the list must not have added a record in between, hence the check
# of both banks.
replayed() { [ "$verdict" -eq 0 ] && [ "$(grep -Ec "^sha(1|256) PCR-$pcr: succeed" /tmp/evmctl)" -eq 2 ]; }
claim "the PCR of both banks is what the list replays to" replayed

step "Summary"
printf '  %-42s %12s\n' "accesses checked" "$(status files_checked)"
printf '  %-42s %12s\n' "  answered from the cache" "$(status cache_hits)"
printf '  %-42s %12s\n' "  files hashed and known" "$(status files_known)"
printf '  %-42s %12s\n' "  files hashed and unknown" "$(status files_unknown)"
printf '  %-42s %12s\n' "digests known from lists" "$(status digests)"
printf '  %-42s %12s\n' "records of the measurement list" "$(records)"
printf '  %-42s %12s\n' "PCR extends" "$(status pcr_extends)"
printf '\n'
exit $failed
