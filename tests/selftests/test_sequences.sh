#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An ordinary user makes random calls of those that reach the hooks, in several tasks at a time: no
# unknown content ever runs, or is mapped for execution. What the calls are is in sequences/.
#
#   scripts/vm --timeout 7200 -- env CALLS=1000000 SEEDS='1 2 3' /opt/selftests/run sequences
#
# shellcheck disable=SC2015 # 'A && B || C' where C must run if either fails

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/stale.sh"

SEQUENCES=/opt/guest/sequences
# For each task, file system and seed.
CALLS=${CALLS:-1000}
TASKS=${TASKS:-3}
random_seeds 1
read -ra seeds <<<"$SEEDS"
read -ra types <<<"${FILESYSTEMS:-ext4 xfs btrfs tmpfs overlay}"
plan $((3 * ${#types[@]} + 3))
note "SEEDS='${seeds[*]}'"

begin_appraisal
mkdir "$WORK/known" && "$SEQUENCES" known "$WORK/known" || bail "no contents"
entries=''
for file in "$WORK"/known/*; do entries+=",immutable:@$file"; done
load_module || bail "the module does not load"
for list in "$WORK/other" "$WORK/contents"; do
	content=${entries#,}
	[ "$list" = "$WORK/contents" ] || content='immutable:#500.x'
	"$SELFTESTS/digestlists.py" make "$WORK/unsigned" "$list=$content" && load_signed && cp "$WORK/meta" "$list.meta" ||
		bail "a list is refused"
done

section "without a policy"
# So that the rest shows something.
mount_tmp tmpfs mode=755 "$WORK/free" && chown 4242:4242 "$WORK/free" || bail "no tmpfs"
rc=0
"$SEQUENCES" run "$WORK/free" 4 "${seeds[0]}" 1000 1 >"$WORK/counts" 2>"$WORK/errors" || rc=$?
check_eq "unknown content runs, or is mapped for execution, and that is seen" 77 "$rc"
note "$(cat "$WORK/errors")"

set_policy "appraise func=BPRM_CHECK uid=4242 digest_list${NL}appraise func=MMAP_CHECK uid=4242 digest_list" ||
	bail "the policy is refused"
# Whoever opens a file with a lease of somebody else waits no longer.
echo 1 >/proc/sys/fs/lease-break-time

# Until the test says stop: the lists go, the one that knows the contents too, and come again.
lists_come_and_go() {
	while [ ! -e "$WORK/stop" ]; do
		for list in "$WORK/other" "$WORK/contents"; do
			remove_list && cat "$list.meta" >"$SECFS/digest_lists" || : >"$WORK/failed"
			read -r -t 0.5 _ <>"$WORK/nap"
		done
	done
}
mkfifo "$WORK/nap"
lists_come_and_go &
lists=$!

# succeeded CALL...: whether each of these did, at least once.
succeeded() {
	local call none=''
	for call in "$@"; do
		awk -v call="$call" '$1 == call { n += $2 } END { exit !n }' "$WORK/counts" || none+=" $call"
	done
	[ -z "$none" ] || { echo "never:$none" && false; }
}
for fs in "${types[@]}"; do
	section "$fs"
	stale_file_system "$fs"
	rc=0
	: >"$WORK/counts"
	for seed in "${seeds[@]}"; do
		dir=$WORK/$fs/$seed
		mkdir "$dir"
		if [ "$fs" = overlay ]; then
			mkdir "$dir"/{lower,upper,work}
			mount_tmp overlay "lowerdir=$dir/lower,upperdir=$dir/upper,workdir=$dir/work" "$WORK/merged-$seed" && dir=$WORK/merged-$seed
		fi
		chown 4242:4242 "$dir"
		"$SEQUENCES" run "$dir" 4 "$seed" "$CALLS" "$TASKS" >>"$WORK/counts" 2>"$WORK/errors" || {
			rc=$?
			note "seed $seed, exit status $rc: $(cat "$WORK/errors")"
		}
	done
	check_eq "no unknown content runs, or is mapped for execution" 0 "$rc"
	note "$fs: $(awk '{ done[$1] += $2; tried[$1] += $3 } END { for (c in done) printf "%s %d/%d ", c, done[c], tried[c] }' "$WORK/counts")"
	check "the user executes and maps what is known, and changes files" succeeded open write mmap mprotect store exec replace
	check "it does so in namespaces of its own, and with io_uring" succeeded namespaces uring_open uring_write
done
: >"$WORK/stop"
wait $lists
section "all file systems"
check "lists come and go all the time" [ ! -e "$WORK/failed" ]
check "the module refuses many accesses" [ "$(status files_denied)" -gt $((${#types[@]} * ${#seeds[@]} * CALLS / 50)) ]
finish
