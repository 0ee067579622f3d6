#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Files change at random while others open, execute and map them: no access ever goes through with
# the result of an earlier content. What the accesses got is written down by the program 'stale' and
# judged by stale_check.py.
#
# CHANGES is how many changes there are in all, SEEDS the seeds among which they are divided,
# FILESYSTEMS where:
#
#   scripts/vm --timeout 7200 -- env CHANGES=100000 SEEDS='1 2 3 4 5 6 7 8' /opt/selftests/run test_stale

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stale.sh"

CHANGES=${CHANGES:-3200}
random_seeds 3
read -ra seeds <<<"$SEEDS"
read -ra types <<<"${FILESYSTEMS:-ext4 xfs btrfs tmpfs overlay}"
# Runs per file system: each seed, in turns and in races.
runs=$((2 * ${#seeds[@]}))
each=$((CHANGES / (runs * ${#types[@]})))

plan $((4 * ${#types[@]} + 1))
note "SEEDS='${seeds[*]}'"

stale_contents
"$SELFTESTS/digestlists.py" make "$WORK/meta" "$WORK/list=$entries" || bail "no list"
load_module || bail "the module does not load"
cat "$WORK/meta" >"$SECFS/digest_lists" || bail "the list is refused"
# Only what has this real user id is measured: nothing that judges, and nothing that prepares.
cat <<END >"$SECFS/policy" || bail "the policy is refused"
measure func=BPRM_CHECK uid=4242 digest_list
measure func=FILE_CHECK mask=^MAY_READ uid=4242 digest_list
measure func=MMAP_CHECK uid=4242 digest_list
END

# judge JOURNAL...: the figures are in $WORK/figures.
judge() { "$SELFTESTS/stale_check.py" "$WORK/records" "$WORK/digests" "$@" >"$WORK/figures"; }

total=0
for fs in "${types[@]}"; do
	section "$fs"
	stale_file_system "$fs"
	began=$SECONDS checked=$(status files_checked) hits=$(status cache_hits) failed=''
	journals=()
	for mode in turns races; do
		for seed in "${seeds[@]}"; do
			files=$(stale_files "$fs" "$mode")
			journals+=("$WORK/$fs.$mode.$seed")
			new_dir "$fs" "$mode" "$seed" "$files" &&
				"$STALE" $mode "$dir" "$files" "$seed" "$each" "${journals[-1]}" "$SECFS/runtime_measurements_count" ||
				failed+=" $mode,$seed"
		done
	done
	check_eq "the changes and accesses succeed" "" "$failed"
	cat "$SECFS/ascii_runtime_measurements" >"$WORK/records"
	for mode in turns races; do
		check "no access in $mode has a stale result" judge "$WORK/$fs.$mode".*
		note "$fs $mode: $(cat "$WORK/figures")"
		read -r changes _ <"$WORK/figures"
		total=$((total + ${changes#change=}))
	done
	checked=$(($(status files_checked) - checked)) hits=$(($(status cache_hits) - hits))
	note "$fs: $((SECONDS - began)) s; the module checked $checked accesses, answered $hits from its cache"
	# Stores through a mapping leave no sign on tmpfs, so nothing may be kept there.
	if [ "$fs" = tmpfs ]; then
		check_eq "no access is answered from the cache" 0 "$hits"
	else
		check "accesses are answered from the cache" [ "$hits" -gt $((checked / 20)) ]
	fi
done
note "$total changes with the seeds ${seeds[*]}; $(records) records, $(cat "$SECFS/violations") violations"
section "all file systems"
check "there are as many changes as there should be" [ "$total" -ge $((each / 4 * 4 * runs * ${#types[@]})) ]
finish
