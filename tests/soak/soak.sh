#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# soak.sh MINUTES [ROUND]: everything at once, in the guest, in rounds of ROUND minutes (5). An
# ordinary user makes random calls on five file systems (sequences) under a policy that enforces and
# measures, while lists come and go, memory gets scarce, file systems are frozen, the TPM fails,
# checkpoints are made, and the measurement list is trimmed. After each round everything stops, and
# a line says what there is:
#
#   round N: calls=… records=… deleted=… lists=… faults=… slabs=… areas=… count=… kmalloc=… available=…
#
#   slabs, areas   bytes that the kernel cannot give back, and those of vmalloc; count is how many areas
#   kmalloc        bytes in use in kmalloc's caches
#   available      KiB of memory that a program could have
#
# It fails if unknown content was used, if a record is missing in the PCR, if the kernel complained,
# or if the last round left more memory than the second: the first fills caches.
#
# shellcheck disable=SC1091,SC2015,SC2016,SC2034,SC2154 # what is sourced; 'A && B || bail'; 'eval' in a check

. /opt/selftests/lib.sh
. "$SELFTESTS/access.sh"
. "$SELFTESTS/appraise.sh"
. "$SELFTESTS/stale.sh"
. "$SELFTESTS/tpm.sh"

minutes=${1:?how many minutes?} length=${2:-5}
types=(ext4 xfs btrfs tmpfs overlay)
binary=$SECFS/binary_runtime_measurements
staged=$SECFS/ascii_runtime_measurements_staged
rounds=$(((minutes + length - 1) / length))
[ "$rounds" -ge 3 ] || rounds=3
plan 9

# Ready.
tpm_of_driver
begin_appraisal
mkdir "$WORK/known" && /opt/guest/sequences known "$WORK/known" || bail "no contents"
entries=''
for file in "$WORK"/known/*; do entries+=",immutable:@$file"; done
modprobe -q tpm_vtpm_proxy && front || bail "no TPM can be put in front of another: $(cat "$WORK/relay-errors")"
load_module || bail "the module does not load"
for n in contents 0 1 2 3; do
	list=$WORK/list-$n content="immutable:#20000.$n"
	[ "$n" != contents ] || content=${entries#,}
	"$SELFTESTS/digestlists.py" make "$WORK/unsigned" "$list=$content" && load_signed && cp "$WORK/meta" "$list.meta" ||
		bail "a list is refused"
done
policy="appraise func=BPRM_CHECK uid=4242 digest_list${NL}appraise func=MMAP_CHECK uid=4242 digest_list"
policy+="${NL}measure func=FILE_CHECK mask=MAY_READ uid=4242 digest_list"
set_policy "$policy" || bail "the policy is refused"
echo 1 >/proc/sys/fs/lease-break-time
mkfifo "$WORK/nap"
: >"$WORK/archive"

# What goes on until the round ends. Each leaves a line in $WORK/failed if it goes wrong.
nap() { read -r -t "$1" _ <>"$WORK/nap" || :; }
until_stop() { while [ ! -e "$WORK/stop" ]; do "$@" || echo "$*" >>"$WORK/failed"; done; }
list_comes_and_goes() {
	list=$WORK/list-$1
	# The TPM may be failing: the removal is recorded first.
	remove_list
	cat "$list.meta" >"$SECFS/digest_lists" && echo "$1" >>"$WORK/loaded"
	nap 0.3
}
lists_come_and_go() { for n in contents 0 1 2 3; do list_comes_and_goes $n; done; }
memory_gets_scarce() {
	nap 5
	python3 -c 'import mmap
with open("/proc/meminfo") as file:
    available = next(int(line.split()[1]) for line in file if line.startswith("MemAvailable"))
memory = mmap.mmap(-1, available * 1024 * 7 // 10)
for page in range(0, len(memory), 4096):
    memory[page] = 1'
}
is_frozen() {
	nap 4
	fsfreeze -f "$WORK/$1" 2>/dev/null || return 0
	nap 0.3
	fsfreeze -u "$WORK/$1"
}
tpm_fails() {
	nap 2
	local kinds=(refuse lose)
	faults $((1 + RANDOM % 3)) "${kinds[RANDOM % 2]}" && echo fault >>"$WORK/faulty"
}
# The text of each is another, since lists and files come.
checkpoint_is_made() { nap 10 && echo 1 >"$SECFS/checkpoint"; }
# trim: stages the list, or goes on with what is staged: that cannot be deleted while the TPM lacks
# one of its records.
trim() {
	{ echo A >"$staged"; } 2>/dev/null || :
	{ cat "${binary}_staged" >"$WORK/staged" && echo D >"$staged"; } 2>/dev/null && cat "$WORK/staged" >>"$WORK/archive"
}
list_is_trimmed() { nap 7 && { trim || :; }; }
# The measurement list cannot be opened while it is staged.
files_are_read() {
	cat "$SECFS"/{status,digest_lists,policy,known_files_seen} >"$WORK/read" && nap 1
	cat "$binary" >"$WORK/read" 2>/dev/null || :
}

# make_calls TYPE: on new files each time, which are gone afterwards.
make_calls() {
	local base=$WORK/$1 dir seed rc=0
	if [ "$1" = overlay ]; then
		mkdir "$base"/{lower,upper,work} && base=$WORK/merged && mkdir -p "$base" || return
		mount -t overlay -o "lowerdir=$WORK/$1/lower,upperdir=$WORK/$1/upper,workdir=$WORK/$1/work" none "$base" || return
	fi
	while [ ! -e "$WORK/stop" ] && [ "$rc" -eq 0 ]; do
		seed=$((RANDOM * 32768 + RANDOM))
		dir=$base/$seed
		mkdir "$dir" && chown 4242:4242 "$dir"
		/opt/guest/sequences run "$dir" 4 "$seed" 300 3 >>"$WORK/counts" 2>"$WORK/errors-$1" || rc=$?
		rm -rf "$dir"
	done
	[ "$rc" -eq 0 ] || echo "calls on $1 with the seed $seed, exit status $rc: $(cat "$WORK/errors-$1")" >>"$WORK/failed"
	[ "$rc" -ne 77 ] || echo "$1" >>"$WORK/unknown"
	[ "$1" != overlay ] || umount "$base"
}

# memory: what is left of it, as the figures of a line.
memory() {
	local cache
	sync && echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/kmalloc-*; do echo 1 >"$cache/shrink"; done
	awk '/^SUnreclaim:/ { printf "slabs=%d ", $2 * 1024 }' /proc/meminfo
	awk '!/unpurged/ { sum += $2; n++ } END { printf "areas=%d count=%d ", sum, n }' /proc/vmallocinfo
	awk '/^kmalloc-/ { bytes += $2 * $4 } END { printf "kmalloc=%d ", bytes }' /proc/slabinfo
	awk '/^MemAvailable:/ { print "available=" $2 }' /proc/meminfo
}
figure() { printf '%s\n' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"; }

end=$((SECONDS + 60 * minutes)) first='' last='' round=0
while [ "$round" -lt "$rounds" ] || [ "$SECONDS" -lt "$end" ]; do
	round=$((round + 1))
	rm -f "$WORK/stop"
	for fs in "${types[@]}"; do stale_file_system "$fs"; done
	activities=()
	for fs in "${types[@]}"; do make_calls "$fs" & activities+=($!); done
	for what in lists_come_and_go memory_gets_scarce tpm_fails checkpoint_is_made list_is_trimmed files_are_read; do
		until_stop "$what" & activities+=($!)
	done
	until_stop is_frozen ext4 & activities+=($!)
	until_stop is_frozen xfs & activities+=($!)
	nap $((60 * length))
	: >"$WORK/stop"
	wait "${activities[@]}"
	faults 0 none
	for fs in "${types[@]}"; do umount "$WORK/$fs" || umount -l "$WORK/$fs"; done
	mounts=("$disk")
	wait_for 120 eval '[ "$(status records_waiting)" = 0 ]' || echo "records wait" >>"$WORK/failed"
	for n in contents 0 1 2 3; do
		grep -q "^sha256:$(digest_of "$WORK/list-$n") " "$SECFS/digest_lists" || load_metadata "$WORK/list-$n.meta"
	done
	# An empty list cannot be staged.
	[ "$(status records) $(status records_staged)" = "0 0" ] || wait_for 60 trim ||
		echo "the list cannot be trimmed" >>"$WORK/failed"
	last=$(memory)
	[ "$round" -ne 2 ] || first=$last
	printf 'round %d: calls=%d records=%d deleted=%d lists=%d faults=%d %s\n' "$round" \
		"$(awk '{ n += $3 } END { print n + 0 }' "$WORK/counts")" "$(status records)" "$(status records_deleted)" \
		"$(wc -l <"$WORK/loaded")" "$(wc -l <"$WORK/faulty")" "$last" | sed 's/^/# /'
done

# How much more than at the end of the second round.
more() { echo $(($(figure "$1" "$last") - $(figure "$1" "$first"))); }
grew_less() { note "$1: $(more "$1") more" && [ "$(more "$1")" -lt "$2" ]; }
section "after $minutes minutes"
check "no unknown content was used" [ ! -e "$WORK/unknown" ]
check "nothing failed" eval '! cat "$WORK/failed" 2>/dev/null'
check "the archive and the list replay to the PCR" replay_after "$WORK/archive"
check "slabs did not grow" grew_less slabs 4194304
check "areas of vmalloc did not grow" grew_less areas 2097152
check "there are not more areas of vmalloc" grew_less count 40
check "kmalloc's caches did not grow" grew_less kmalloc 1048576
check "memory did not get less" [ "$(more available)" -gt -16384 ]
unload_module
dmesg | grep -E 'WARNING:|BUG|Oops|Call Trace|general protection|blocked for more than|KASAN|unreferenced' >"$WORK/complaints"
check_eq "the kernel did not complain, also at unloading" "" "$(head -n 20 "$WORK/complaints")"
kill "$relay"
finish
