#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Digests in memory are read-only, and a change by way of the direct map is found. What a list
# revoked does not become known by that.

. "$(dirname "$0")/lib.sh"

poke=/opt/guest/modules/digest_lists_poke.ko
[ -e "$poke" ] || skip_all "the module digest_lists_poke was not built"

plan 31
cd "$WORK" || bail "no work directory"

# The mappings of the module's digests: only root sees addresses, and only with kptr_restrict=1.
echo 1 >/proc/sys/kernel/kptr_restrict
arenas() { awk '/\[digest_lists\]/ && / vmap/ { sub(/-.*/, "", $1); print $1 }' /proc/vmallocinfo; }

"$SELFTESTS/digestlists.py" series "$WORK/l" 3 50
section "digests in memory"
load_module || bail "the module does not load"
for i in 0 1 2; do cat l/meta-$i >$SECFS/digest_lists; done
check_eq "three lists have a mapping each" 3 "$(arenas | wc -l)" || grep digest_lists /proc/vmallocinfo | sed 's/^/# /'
address=$(arenas | head -n 1)
note "the first is at $address"

# missing: the number of the list that is not loaded.
missing() { for i in 0 1 2; do grep -q "$(sha256sum <l/list-$i | cut -c1-64)" $SECFS/digest_lists || echo $i; done; }
store() { insmod "$poke" "address=$address" "alias=$1" && rmmod digest_lists_poke; }
check "a store through the mapping faults" bash -c "! insmod $poke address=$address alias=0 2>$WORK/fault"
check "a store through the mapping has the error EFAULT" grep -q "Bad address" "$WORK/fault"
check "a scrub of unchanged digests succeeds" bash -c "echo 1 >$SECFS/scrub"
check_eq "a scrub of unchanged digests removes nothing" "3 0" "$(status lists) $(status lists_corrupted)"
before=$(cat $SECFS/runtime_measurements_count)
check "a store through the direct map does not fault" store 1
check "a scrub of a changed digest succeeds" bash -c "echo 1 >$SECFS/scrub"
check_eq "a scrub of a changed digest removes its list" "2 1 100" "$(status lists) $(status lists_corrupted) $(status digests)"
check "a removed list is recorded" [ "$(cat $SECFS/runtime_measurements_count)" -eq $((before + 1)) ]
check_eq "the record of a removed list has its name and digest" "sha256:$(sha256sum <l/list-"$(missing)" | cut -c1-64) removed" "$(text_of digest_lists_corrupted)"
check "a removed list is in the kernel log" bash -c "dmesg | grep -q 'were changed; the list is taken out (removed)'"

section "a list with revocations whose known digest changes in memory"
# Lists that revoke. Programs of their own content, which the guest's own lists do not know.
for name in a b c d e f; do
	cp /usr/bin/true "prog-$name"
	printf '%s' "$name" >>"prog-$name"
done
echo 'measure func=BPRM_CHECK digest_list' >$SECFS/policy
# load_at LIST=ENTRIES: loads a list and remembers where its digests are, in $address.
load_at() {
	arenas >before
	"$SELFTESTS/digestlists.py" make meta "$1" && cat meta >$SECFS/digest_lists
	address=$(arenas | comm -13 before - | head -n 1)
}
load_at "programs=immutable:@prog-a,immutable:@prog-b,immutable:@prog-c,immutable:@prog-d,immutable:@prog-e,immutable:@prog-f" || bail "no list"
check "a program is known before the list is loaded" runs_known ./prog-a
load_at "mixed=immutable:more,revoked:@prog-a,revoked:@prog-b" || bail "no list"
check "a revoked program is unknown" runs_unknown ./prog-a
check "the digest is changed" store 1
check "a scrub succeeds" bash -c "echo 1 >$SECFS/scrub"
check_eq "what the list revokes stays" "immutable=0 mutable=0 revoked=2" \
	"$(grep ref_id=mixed $SECFS/digest_lists | grep -o 'immutable=.*revoked=[0-9]*')"
check "a revoked program stays unknown" runs_unknown ./prog-b
check "other programs stay known" runs_known ./prog-c
check_eq "the record says that the revocations are kept" "sha256:$(sha256sum <mixed | cut -c1-64) revocations-kept" "$(text_of digest_lists_corrupted)"
check_eq "no revocation is lost" 0 "$(status revocations_lost)"
section "a list with revocations whose revoked digest changes in memory"
load_at "revoking=revoked:@prog-c,revoked:@prog-f" || bail "no list"
check "a revoked program is unknown" runs_unknown ./prog-c
check "the digest is changed" store 1
check "a scrub succeeds" bash -c "echo 1 >$SECFS/scrub"
check_eq "the list is removed" 0 "$(grep -c ref_id=revoking $SECFS/digest_lists)"
check_eq "the status file says that revocations are lost" 1 "$(status revocations_lost)"
check "nothing is known when revocations are lost" runs_unknown ./prog-d
check "the record says that the revocations are lost" eval 'text_of digest_lists_corrupted | grep -q " revocations-lost"'
"$SELFTESTS/digestlists.py" make meta revoking
check "the list is loaded again" bash -c "cat meta >$SECFS/digest_lists"
check "what is known and what is revoked is as before when the list is loaded again" eval 'runs_known ./prog-e && runs_unknown ./prog-f'
section "the whole test"
if [ -e /dev/tpm0 ]; then
	check "the PCR of every bank replays" replay_ok
else
	skip "the PCR of every bank replays" "no TPM"
fi
unload_all
check_eq "the tables end empty" "0 0" "$(status lists) $(status digests)"
unload_module
finish
