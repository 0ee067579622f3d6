#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Lists come and go: one digest in several lists, removal under running programs, revocation at
# once, and several algorithms. See test_many_lists.sh for many of them.

. "$(dirname "$0")/lib.sh"

plan 49

cd "$WORK" || bail "no work directory"

# list LIST KIND FILE...: a list of the files, hashed with $ALGO, and its metadata.
list() {
	local entries
	entries=$(printf ",$2:@%s" "${@:3}")
	"$SELFTESTS/digestlists.py" make --algo "${ALGO:-sha256}" "$1.meta" "$1=${entries#,}"
}
# removals: the texts of the records of removals, in order.
removals() { awk '$5 == "digest_lists_remove" { print $6 }' $SECFS/ascii_runtime_measurements | unhex; }
load_records() { awk '$5 == "digest_lists_metadata"' $SECFS/ascii_runtime_measurements | wc -l; }
remove() { echo "sha256:$(digest_of "$1")" >"$SECFS/digest_lists_remove"; }
ask() { # ask DIGEST: the answer of digest_query
	exec 3<>$SECFS/digest_query
	echo "$1" >&3
	cat <&3
	exec 3<&-
}

# Copies of a static-like program with a byte appended each: distinct content.
for name in a b c d e f g; do
	cp /usr/bin/true "prog-$name"
	printf '%s' "$name" >>"prog-$name"
done
cp /usr/bin/sleep prog-sleep && echo x >>prog-sleep

load_module || bail "the module does not load"
echo 'measure func=BPRM_CHECK digest_list' >$SECFS/policy || bail "no policy"

section "a digest in two lists"
list one immutable prog-a prog-b
list two immutable prog-b prog-c
list mutable mutable prog-a
check "the first list loads" load_metadata one.meta
check "the second list loads" load_metadata two.meta
check_eq "the digest counts once" 3 "$(cat $SECFS/digests_count)"
check_eq "digest_query names both lists" 2 "$(ask "sha256:$(digest_of prog-b)" | wc -l)"
check_eq "digest_query prints what both lists say" "kind=immutable kind=immutable" "$(ask "sha256:$(digest_of prog-b)" | grep -o 'kind=.*' | paste -sd' ')"
check_eq "digest_query prints no line for an unknown digest" "" "$(ask "sha256:$(printf x | sha256sum | cut -d' ' -f1)")"
exec 4<>$SECFS/digest_query 5<>$SECFS/digest_query
echo "sha256:$(digest_of prog-a)" >&4
echo "sha256:$(digest_of prog-c)" >&5
check_eq "the answer of digest_query belongs to the open file that asked" "ref_id=one ref_id=two" "$({ cat <&4; cat <&5; } | grep -o 'ref_id=[a-z]*' | paste -sd' ')"
exec 4<&- 5<&-
check "a program of both lists leaves no record" runs_known ./prog-b
before=$(records)
check "one of the lists is removed" remove one
check_eq "the removal leaves a record of the list" "1 sha256:$(digest_of one)" "$(($(records) - before)) $(removals)"
check "a program of both lists is known after one removal" runs_known ./prog-b
check "a program of the removed list only is unknown" runs_unknown ./prog-a
check "the other list is removed" remove two
check "a program of both lists is unknown after both removals" runs_unknown ./prog-b
check_eq "no list and no digest is left" "0 0" "$(status lists) $(status digests)"
before=$(load_records)
load_metadata two.meta && remove two && load_metadata two.meta && remove two
check_eq "loads and removals of the same list are recorded each time" "2 3" "$(($(load_records) - before)) $(removals | grep -c "$(digest_of two)")"
before=$(removals | wc -l)
check "a list that is not loaded cannot be removed" bash -c "! echo sha256:$(digest_of one) 2>/dev/null >$SECFS/digest_lists_remove"

check_eq "a refused removal leaves no record" "$before" "$(removals | wc -l)"

section "a running program"
# A program that counts, one line a tenth of a second, and whose own file is what the list knows.
cp "$BASH" prog-count && echo x >>prog-count
list running immutable prog-count
load_metadata running.meta
mkfifo pipe
./prog-count -c 'exec 3<>pipe; while :; do echo; read -rt 0.1 <&3; done' >counted &
counter=$!
check "it runs where a list knows it" wait_for 20 [ -s counted ]
check_eq "it has no record where a list knows it" 0 "$(awk -v path="$WORK/prog-count" '$5 == path' $SECFS/ascii_runtime_measurements | wc -l)"
check "its list can be removed" remove running
lines=$(wc -l <counted)
goes_on() { [ "$(wc -l <counted)" -gt $((lines + 3)) ]; }
check "it goes on when its list was removed" wait_for 20 goes_on
check "it is unknown when it is executed anew" runs_unknown ./prog-count -c true
check_eq "it has a record when it is executed anew" 1 "$(awk -v path="$WORK/prog-count" '$5 == path' $SECFS/ascii_runtime_measurements | wc -l)"
kill $counter
wait $counter 2>/dev/null

section "a program on ext4"
# On ext4, where results are cached.
mkfs_loop ext4 16M "$WORK/disk" || bail "no file system"
cp prog-d disk/prog-d
list good immutable prog-d
list bad revoked prog-d
load_metadata good.meta
check "it is known" runs_known disk/prog-d
hits=$(status cache_hits)
bytes=$(status hashed_bytes)
check "it stays known" runs_known disk/prog-d
check "it stays known by its cached result" [ "$(status cache_hits)" -gt "$hits" ]
note "bytes hashed meanwhile: $(($(status hashed_bytes) - bytes))"
check "its digest is revoked" load_metadata bad.meta
check "its revocation wins at once over list and cache" runs_unknown disk/prog-d
check_eq "digest_query says that its digest is revoked" "kind=immutable kind=revoked" "$(ask "sha256:$(digest_of prog-d)" | grep -o 'kind=.*' | sort | paste -sd' ')"

section "several algorithms"
ALGO=sha384 list list384 immutable prog-e
ALGO=sha512 list list512 immutable prog-f
check "a list of SHA-384 loads" load_metadata list384.meta
check "a list of SHA-512 loads" load_metadata list512.meta
check "a program that only SHA-384 knows is known" runs_known ./prog-e
check "a program that only SHA-512 knows is known" runs_known ./prog-f
check "a program that no list knows is unknown" runs_unknown ./prog-g
check_eq "digest_lists shows the algorithms" "algo=sha256 algo=sha384 algo=sha512" "$(grep -o 'algo=[^ ]*' $SECFS/digest_lists | sort -u | paste -sd' ')"
ALGO=sha512 list bad512 revoked prog-e
load_metadata bad512.meta
check "a SHA-512 revocation beats a SHA-384 list" runs_unknown ./prog-e
section "a list under a rule of DIGEST_LIST_CHECK"
sed 's/ .*//' $SECFS/digest_lists >all
echo 'measure func=DIGEST_LIST_CHECK' >$SECFS/policy
list measured immutable prog-a
before=$(records)
check "loads" load_metadata measured.meta
check_eq "is recorded beside its metadata" 2 $(($(records) - before))
check "is recorded by its path" grep -q " sha256:$(digest_of measured) $WORK/measured\$" $SECFS/ascii_runtime_measurements
section "removals while files are appraised"
# While files are appraised, nothing that is revoked can be made known by removing a list.
force=/sys/module/digest_lists/parameters/force
echo 1 >$force
{ echo 'measure func=BPRM_CHECK digest_list'; echo 'appraise func=BPRM_CHECK fowner=4242 digest_list'; } >rules
cat rules >$SECFS/policy
refuses_removal() {
	dmesg -C
	! remove "$1" 2>refusal && grep -q busy refusal && dmesg | grep -q 'digest_lists: digest_lists_remove: revokes what no other list'
}
before=$(removals | wc -l)
check "a list that revokes cannot be removed" refuses_removal bad
check_eq "a refused removal leaves no record" "$before" "$(removals | wc -l)"
check "what a list revokes stays unknown" runs_unknown ./prog-d
list bad2 revoked prog-d prog-g
load_metadata bad2.meta
check "a list can be removed once another list revokes the same" remove bad
check "the last list that revokes cannot be removed" refuses_removal bad2
check "a list that revokes nothing can be removed" remove measured
section "removals while nothing is appraised"
echo 'measure func=BPRM_CHECK digest_list' >$SECFS/policy
check "the last list that revokes can be removed" remove bad2
check_eq "the removal of a list that revokes is recorded" "sha256:$(digest_of bad2)" "$(removals | tail -n 1)"
echo 0 >$force
sed 's/ .*//' $SECFS/digest_lists >all
check "all lists are removed by one write" bash -c "cat all >$SECFS/digest_lists_remove"
unload_module || bail "the module does not unload"
finish
