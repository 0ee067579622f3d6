#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Limits of size and memory, a write that fails as a whole, and what a digest costs.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/signatures.sh"

plan 23
cd "$WORK" || bail "no work directory"

"$SELFTESTS/digestlists.py" series "$WORK/l" 3 1000
section "max_list_size"
size=$(stat -c %s l/list-0)
load_module max_list_size=$((size - 1)) || bail "the module does not load"
refused "a list above it is refused" EFBIG "list-0: larger than max_list_size" put digest_lists l/meta-0
check_eq "a list above it is not loaded" 0 "$(status lists)"
unload_module
load_module "max_list_size=$size" max_digest_memory=100000 || bail "the module does not load"
check_eq "a list of just that size is loaded" "" "$(put digest_lists l/meta-0)"
section "max_digest_memory"
cat l/meta-1 l/meta-2 >both
refused "lists above it are refused" EDQUOT "list-[12]: .*max_digest_memory" put digest_lists both
check_eq "what was loaded stays when it is reached" "1 1000" "$(status lists) $(status digests)"
check "digest_memory is within it" [ "$(status digest_memory)" -le 100000 ]
section "a write with one bad list"
# As long as before.
cp l/list-1 l/list-2
refused "names the bad list" ESTALE "list-2: the file is not the list" put digest_lists l/meta-2
cat l/meta-0 l/meta-2 >mixed
refused "names the bad list beside good ones" ESTALE "list-2" put digest_lists mixed
check_eq "loads none of the good lists" "1 1000" "$(status lists) $(status digests)"
unload_module

# Small lists, whose pages, references and descriptions are most of what they take: as many as fit.
section "lists with long references"
load_module max_digest_memory=200000 || bail "the module does not load"
python3 - "$SELFTESTS" "$WORK" >filled <<'PY'
import os, sys
sys.path.insert(0, sys.argv[1])
from digestlists import block, record, save, sha256, write
for number in range(1000):
    content = block("immutable", [sha256(b"%d" % number)])
    path = save(f"{sys.argv[2]}/small", content)
    error = write("digest_lists", record(path.encode(), sha256(content), ref_id=b"r" * 4096))
    if error:
        print(number, os.strerror(error))
        break
PY
read -r loaded reason <filled
check_eq "load until the limit" "Disk quota exceeded" "$reason"
note "$loaded lists; digest_memory is $(status digest_memory)"
# A page, a reference of a page, and the list itself: more than 8192 bytes each.
fit() { [ "$loaded" -gt 15 ] && [ "$loaded" -lt 24 ]; }
check "count with their references and pages" fit
check "take no more than the limit" [ "$(status digest_memory)" -le 200000 ]
check "take most of the limit" [ "$(status digest_memory)" -ge 180000 ]
unload_module
section "an index that is replaced"
# An index that grows is there twice for a moment, which counts as well.
"$SELFTESTS/digestlists.py" series "$WORK/g" 2 5000
load_module || bail "the module does not load"
put digest_lists g/meta-0 >/dev/null && put digest_lists g/meta-1 >/dev/null
final=$(status digest_memory)
unload_module
# The series of src/logic/table/sizes.rs, four bytes a slot.
former=$(python3 -c 'slots = 256
while slots // 5 * 4 < 5000: slots += slots // 10 * 3
print(slots * 4)')
note "two lists take $final bytes, the first one's index $former"
load_module max_digest_memory=$((final + former / 2)) || bail "the module does not load"
put digest_lists g/meta-0 >/dev/null
refused "a list that fits, but not beside it, is refused" EDQUOT "list-1: .*max_digest_memory" put digest_lists g/meta-1
unload_module
load_module max_digest_memory=$((final + former + 4096)) || bail "the module does not load"
put digest_lists g/meta-0 >/dev/null
check_eq "a list that fits beside it is loaded" "" "$(put digest_lists g/meta-1)"
unload_module

# What a digest costs, everything counted, from the kernel's own figures: memory in use that belongs
# neither to the page cache nor to a process, before, with, and after the lists. The rest of the
# system comes and goes by some megabytes, so the figures are of a million digests, and the median
# of several rounds.
used() {
	awk '{ kib[$1] = $2 } END {
		print kib["MemTotal:"] - kib["MemFree:"] - kib["Buffers:"] - kib["Cached:"] - kib["SReclaimable:"] - kib["AnonPages:"]
	}' /proc/meminfo
}
tables() { awk '/^(Slab|VmallocUsed|PageTables):/ { sum += $2 } END { print sum }' /proc/meminfo; }
load_module || bail "the module does not load"
for lists in 1 10; do
	each=$((1000000 / lists))
	mapfile -t names < <(seq -f "big-%g=immutable:~$each" "$lists")
	"$SELFTESTS/digestlists.py" make meta "${names[@]}"
	# The first round does not count: what is allocated only once belongs to no digest.
	: >rounds
	for round in 0 1 2 3 4 5; do
		before=$(used)
		other=$(tables)
		start=$EPOCHREALTIME
		got=$(put digest_lists meta)
		end=$EPOCHREALTIME
		with=$(used)
		other=$(($(tables) - other))
		own=$(($(status digest_memory) / 100000))
		loaded=$(status digests)
		unload_all
		after=$(used)
		[ "$round" -eq 0 ] || echo $(((with - (before + after) / 2) * 1024 / 100000)) >>rounds
	done
	section "1000000 digests, $each in a list"
	check_eq "load" " 1000000" "$got $loaded"
	seen=$(sort -n rounds | sed -n 3p)
	note "loaded in $(((${end/[^0-9]/} - ${start/[^0-9]/}) / 1000)) ms: the module counts $((own / 10)).$((own % 10)) bytes per digest"
	note "memory in use: $((seen / 10)).$((seen % 10)) bytes per digest (median of 5; tenths: $(sort -n rounds | paste -sd' ')); slab, vmalloc, page tables: $other KiB"
	check_memory "cost at most 40 bytes each, by /proc/meminfo and by the module" [ $((own > seen ? own : seen)) -le 400 ]
	rm big-*
done
section "100000 digests in a list"
"$SELFTESTS/digestlists.py" make meta "big=immutable:~100000"
check_eq "load" "" "$(put digest_lists meta)"
own=$(($(status digest_memory) / 10000))
note "the module counts $((own / 10)).$((own % 10)) bytes per digest"
check "cost at most 40 bytes each, by the module" [ "$own" -le 400 ]
unload_module

# Objects of the kernel's allocator, which has classes of sizes: 64 bytes of them are what is kept
# of the file itself.
kmalloc() { awk '/^kmalloc-[0-9]/ { sum += $2 * $4 } END { print sum }' /proc/slabinfo; }
section "20000 records of files with names of 40 bytes"
mkdir r
printf -v name "%*s" $((40 - ${#WORK} - 7)) ""
seq 20000 | split -l 1 -a 4 - "r/${name// /n}"
find r -type f -exec chown 4242 {} +
load_module || bail "the module does not load"
set_policy "measure func=FILE_CHECK mask=MAY_READ fowner=4242 digest_list"
before=$(kmalloc)
find "$WORK/r" -type f -exec cat {} + >/dev/null
each=$((($(kmalloc) - before) / 20000))
check_eq "are in the list" 20000 "$(grep -c " $WORK/r/" "$SECFS/ascii_runtime_measurements")"
note "$each bytes of the allocator per file"
check_memory "take at most 200 bytes each, beside 64 of the file" [ "$each" -le 264 ]
unload_module
finish
