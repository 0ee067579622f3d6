#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Digests in memory are read-only, and a change by way of the direct map is found.

. "$(dirname "$0")/lib.sh"

poke=/opt/guest/modules/digest_lists_poke.ko
[ -e "$poke" ] || skip_all "the module digest_lists_poke was not built"

plan 12
cd "$WORK" || bail "no work directory"

status() { sed -n "s/^$1: //p" $SECFS/status; }
# The mappings of the module's digests: only root sees addresses, and only with kptr_restrict=1.
echo 1 >/proc/sys/kernel/kptr_restrict
arenas() { awk '/\[digest_lists\]/ && / vmap/ { sub(/-.*/, "", $1); print $1 }' /proc/vmallocinfo; }

"$SELFTESTS/lists.py" "$WORK/l" 3 50
load_module || bail "the module does not load"
for i in 0 1 2; do cat l/meta-$i >$SECFS/digest_lists; done
check_eq "three lists have a mapping each" 3 "$(arenas | wc -l)" || grep digest_lists /proc/vmallocinfo | sed 's/^/# /'
address=$(arenas | head -n 1)
note "the first is at $address"

store() { insmod "$poke" "address=$address" "alias=$1" && rmmod digest_lists_poke; }
check "a store through the mapping faults" bash -c "! insmod $poke address=$address alias=0 2>$WORK/fault"
check "with EFAULT" grep -q "Bad address" "$WORK/fault"
check "a scrub finds nothing" bash -c "echo 1 >$SECFS/scrub"
check_eq "nothing is removed" "3 0" "$(status lists) $(status lists_corrupted)"
before=$(cat $SECFS/runtime_measurements_count)
check "a store through the direct map does not fault" store 1
check "a scrub runs" bash -c "echo 1 >$SECFS/scrub"
check_eq "it finds and removes the one list" "2 1 100" "$(status lists) $(status lists_corrupted) $(status digests)"
check "it is recorded" [ "$(cat $SECFS/runtime_measurements_count)" -eq $((before + 1)) ]
check "and in the kernel log" bash -c "dmesg | grep -q 'were changed; the list is removed'"
if [ -e /dev/tpm0 ]; then
	check "the record replays" replay_ok
else
	skip "the record replays" "no TPM"
fi
sed 's/ .*//' $SECFS/digest_lists >all
cat all >$SECFS/digest_lists_remove
check_eq "the tables end empty" "0 0" "$(status lists) $(status digests)"
unload_module
finish
