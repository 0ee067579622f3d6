#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Files change at random while others execute and map them and the module enforces: no content that
# is unknown ever ran or was mapped, and no content that is known was denied. Signed lists come and
# go meanwhile. What the accesses got is written down by the program 'stale' and judged by
# stale_check.py.
#
#   scripts/vm --timeout 7200 -- env CHANGES=100000 SEEDS='1 2 3 4 5 6 7 8' /opt/selftests/run test_stress_appraise
#
# shellcheck disable=SC2015 # 'A && B || C' where C must run if either fails

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/stale.sh"

CHANGES=${CHANGES:-1600}
random_seeds 2
read -ra seeds <<<"$SEEDS"
read -ra types <<<"${FILESYSTEMS:-ext4 xfs btrfs tmpfs overlay}"
runs=$((2 * ${#seeds[@]}))
each=$((CHANGES / (runs * ${#types[@]})))
plan $((3 * ${#types[@]} + 5))
note "SEEDS='${seeds[*]}'"

begin_appraisal
stale_contents
load_module || bail "the module does not load"
list=$WORK/contents
"$SELFTESTS/digestlists.py" make "$WORK/unsigned" "$list=$entries" && load_signed || bail "the list is refused"
for ((n = 0; n < 4; n++)); do
	list=$WORK/other-$n
	"$SELFTESTS/digestlists.py" make "$WORK/unsigned" "$list=immutable:#500.$n" && load_signed && cp "$WORK/meta" "$list.meta" &&
		remove_list || bail "a list is refused"
done
# Only what has this real user id is appraised: nothing that judges, and nothing that prepares.
set_policy "appraise func=BPRM_CHECK uid=4242 digest_list${NL}appraise func=MMAP_CHECK uid=4242 digest_list" ||
	bail "the policy is refused"

# Until the test says stop.
lists_come_and_go() {
	local n=0
	while [ ! -e "$WORK/stop" ]; do
		list=$WORK/other-$((n++ % 4))
		cat "$list.meta" >"$SECFS/digest_lists" && remove_list || : >"$WORK/failed"
	done
	echo $n >"$WORK/loaded"
}
lists_come_and_go &
lists=$!

# What is denied though it is known: on tmpfs what was mapped shared and could be written, since
# references to its pages may be left; on overlayfs a mapping by a descriptor from before the
# copy-up, which shows another layer than is read.
declare -A needless=([tmpfs]=":exec,map" [overlay]=":map")
judge() { "$SELFTESTS/stale_check.py" "enforcing${needless[$fs]:-}" "$WORK/digests" "$@" >"$WORK/figures"; }
total=0 all_denied=0
for fs in "${types[@]}"; do
	section "$fs"
	stale_file_system "$fs"
	failed=''
	for mode in turns races; do
		for seed in "${seeds[@]}"; do
			files=$(stale_files "$fs" "$mode")
			new_dir "$fs" "$mode" "$seed" "$files" &&
				"$STALE" $mode "$dir" "$files" "$seed" "$each" "$WORK/$fs.$mode.$seed" \
					"$SECFS/runtime_measurements_count" enforcing || failed+=" $mode,$seed"
		done
	done
	check_eq "the changes and accesses succeed" "" "$failed"
	for mode in turns races; do
		check "no unknown content ran in $mode, and no known one was denied${needless[$fs]:+ without need}" judge "$WORK/$fs.$mode".*
		note "$fs $mode: $(cat "$WORK/figures")"
		read -r changes _ denied _ <"$WORK/figures"
		total=$((total + ${changes#change=})) all_denied=$((all_denied + ${denied#denied=}))
	done
done
: >"$WORK/stop"
wait $lists
section "all file systems"
check "lists come and go all the time" [ ! -e "$WORK/failed" ]
note "$total changes with the seeds ${seeds[*]}, $all_denied accesses denied, $(cat "$WORK/loaded") lists loaded and removed"
check "there are as many changes as there should be" [ "$total" -ge $((each / 4 * 4 * runs * ${#types[@]})) ]
check "many accesses are denied" [ "$all_denied" -gt $((total / 20)) ]
check "the module counts at least as many denied accesses" [ "$(status files_denied)" -ge "$all_denied" ]
check_eq "the lists are those of before" 1 "$(status lists)"
finish
