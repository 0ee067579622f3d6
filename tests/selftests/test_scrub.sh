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

# missing: the number of the list that is not loaded.
missing() { for i in 0 1 2; do grep -q "$(sha256sum <l/list-$i | cut -c1-64)" $SECFS/digest_lists || echo $i; done; }
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
check_eq "by its name, with the list's digest" "sha256:$(sha256sum <l/list-"$(missing)" | cut -c1-64) removed" "$(text_of digest_lists_corrupted)"
check "and in the kernel log" bash -c "dmesg | grep -q 'were changed; the list is taken out (removed)'"

# Lists that revoke. Programs of their own content, which the guest's own lists do not know.
for name in a b c d e f; do
	cp /usr/bin/true "prog-$name"
	printf '%s' "$name" >>"prog-$name"
done
echo 'measure func=BPRM_CHECK digest_list' >$SECFS/policy
unknown() {
	local before after
	read -r before <"$SECFS/runtime_measurements_count"
	"$@"
	read -r after <"$SECFS/runtime_measurements_count"
	[ "$after" -gt "$before" ]
}
known() { ! unknown "$@"; }
# load LIST=ENTRIES: loads a list and remembers where its digests are, in $address.
load() {
	arenas >before
	"$SELFTESTS/make_lists.py" meta "$1" && cat meta >$SECFS/digest_lists
	address=$(arenas | comm -13 before - | head -n 1)
}
load "programs=immutable:@prog-a,immutable:@prog-b,immutable:@prog-c,immutable:@prog-d,immutable:@prog-e,immutable:@prog-f" || bail "no list"
check "(a program is known)" known ./prog-a
load "mixed=immutable:more,revoked:@prog-a,revoked:@prog-b" || bail "no list"
check "a revoked program is not" unknown ./prog-a
check "one digest that the list makes known changes in memory" store 1
check "the scrub runs" bash -c "echo 1 >$SECFS/scrub"
check_eq "what the list revokes stays" "immutable=0 mutable=0 revoked=2" \
	"$(grep ref_id=mixed $SECFS/digest_lists | grep -o 'immutable=.*revoked=[0-9]*')"
check "the program is still not known" unknown ./prog-b
check "others are" known ./prog-c
check_eq "the record says what became of the list" "sha256:$(sha256sum <mixed | cut -c1-64) revocations-kept" "$(text_of digest_lists_corrupted)"
check_eq "no revocation is lost" 0 "$(status revocations_lost)"
load "revoking=revoked:@prog-c,revoked:@prog-f" || bail "no list"
check "another is revoked" unknown ./prog-c
check "one digest that its list revokes changes in memory" store 1
check "the scrub runs" bash -c "echo 1 >$SECFS/scrub"
check_eq "the list is out" 0 "$(grep -c ref_id=revoking $SECFS/digest_lists)"
check_eq "status says that its revocations are lost" 1 "$(status revocations_lost)"
check "nothing is known any more" unknown ./prog-d
check "the record says why" eval 'text_of digest_lists_corrupted | grep -q " revocations-lost"'
"$SELFTESTS/make_lists.py" meta revoking
check "the list is loaded again" bash -c "cat meta >$SECFS/digest_lists"
check "then what is known is known again, and what is revoked is not" eval 'known ./prog-e && unknown ./prog-f'
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
