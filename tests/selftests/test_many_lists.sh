#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Thousands of lists, loaded and removed in random order while files are looked up: at the end
# nothing is left. make check-long takes ten thousand. The order is that of SEED.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 12

LISTS=${LISTS:-3000}
SEED=${SEED:-$RANDOM}
# Lists per write when they are loaded, and when they are removed.
LOADED=$((LISTS / 20))
REMOVED=$((LISTS / 50))
READERS=2

# On tmpfs nothing is cached: every execution asks the lists.
mount_tmp tmpfs mode=755 "$WORK/files" || bail "no tmpfs"
fresh "$WORK/files" kept && fresh "$WORK/files" unknown
note "SEED=$SEED"
python3 - "$WORK" "$LISTS" "$LOADED" "$REMOVED" "$SEED" <<'END' || bail "no lists"
import os, random, sys

sys.path.insert(0, os.environ["SELFTESTS"])
from digestlists import block, metadata_of, save, sha256

work, lists, loaded, removed, seed = sys.argv[1], *map(int, sys.argv[2:])
random.seed(seed)
os.mkdir(f"{work}/lists")
names = []
for number in range(lists):
    # Digests of its own, and some that hundreds of other lists have as well.
    digests = [sha256(f"{number} {n}".encode()) for n in range(3)] + [sha256(f"shared {number % 50}".encode())]
    name = f"{work}/lists/{number}"
    save(name, block("immutable", digests))
    names.append(name)
with open(f"{work}/files/kept", "rb") as file:
    save(f"{work}/kept", block("immutable", [sha256(file.read())]))
save(f"{work}/kept.meta", metadata_of(f"{work}/kept"))
random.shuffle(names)
for start in range(0, lists, loaded):
    save(f"{work}/load-{start:06}", metadata_of(*names[start:start + loaded]))
random.shuffle(names)
for start in range(0, lists, removed):
    lines = ("sha256:" + sha256(open(name, "rb").read()).hex() for name in names[start:start + removed])
    save(f"{work}/remove-{start:06}", "\n".join(lines).encode())
END
# churn COUNT: loads as many of the lists and removes them again, in any order and number per write.
churn() {
	python3 - "$WORK" "$1" "$SEED" <<'END'
import os, random, sys

sys.path.insert(0, os.environ["SELFTESTS"])
from digestlists import SECFS, metadata_of, sha256

work, count, seed = sys.argv[1], *map(int, sys.argv[2:])
random.seed(seed)


def put(name, data):
    fd = os.open(f"{SECFS}/{name}", os.O_WRONLY)
    os.write(fd, data)
    os.close(fd)


waiting, loaded, writes = [f"{work}/lists/{number}" for number in range(count)], [], 0
random.shuffle(waiting)
while waiting or loaded:
    n = random.randint(1, 200)
    if waiting and (not loaded or random.random() < 0.6):
        batch, waiting = waiting[:n], waiting[n:]
        put("digest_lists", metadata_of(*batch))
        loaded += batch
    else:
        random.shuffle(loaded)
        batch, loaded = loaded[:n], loaded[n:]
        put("digest_lists_remove", "\n".join("sha256:" + sha256(open(name, "rb").read()).hex() for name in batch).encode())
    writes += 1
print(writes, "writes")
END
}
load_module || bail "the module does not load"
cat "$WORK/kept.meta" >"$SECFS/digest_lists" || bail "the first list is refused"
set_policy "measure func=BPRM_CHECK uid=4242 digest_list" || bail "the policy is refused"

chmod 755 "$WORK"
reader() {
	local rounds=0
	while [ ! -e "$WORK/stop" ]; do
		as 4242 "$WORK/files/kept" && as 4242 "$WORK/files/unknown" || return
		rounds=$((rounds + 1))
	done
	echo "$rounds" >"$WORK/rounds-$1"
}
for ((n = 0; n < READERS; n++)); do reader "$n" & done

# write_all FILE NAME...: each to the module's file; prints how many were refused.
write_all() {
	local file failed=0
	for file in "${@:2}"; do cat "$file" >"$SECFS/$1" || failed=$((failed + 1)); done
	echo "$failed"
}
section "many lists that are loaded and removed under lookups"
# The first time the kernel's caches get the size that this takes.
write_all digest_lists "$WORK"/load-* >/dev/null && write_all digest_lists_remove "$WORK"/remove-* >/dev/null
churn "$LISTS" >/dev/null
before=$(kernel_memory)
kept=$(status digest_memory)
began=$SECONDS
check_eq "all writes that load are taken" 0 "$(write_all digest_lists "$WORK"/load-*)"
note "$LISTS lists were loaded in $((SECONDS - began)) s"
check_eq "each list is there" $((LISTS + 1)) "$(status lists)"
check_eq "each digest counts once" $((LISTS * 3 + 50 + 1)) "$(cat "$SECFS/digests_count")"
began=$SECONDS
check_eq "all writes that remove are taken" 0 "$(write_all digest_lists_remove "$WORK"/remove-*)"
note "and removed in $((SECONDS - began)) s"
check_eq "one list is left" 1 "$(status lists)"
check_eq "the digest of one list is left" 1 "$(cat "$SECFS/digests_count")"
check "all are loaded and removed in any order and number per write" churn "$LISTS"
note "$(cat "$WORK/check")"
check_eq "nothing is left of those loaded and removed in any order" "1 1 1 $kept" \
	"$(status lists) $(status digests) $(grep -c . "$SECFS/digest_lists") $(status digest_memory)"
: >"$WORK/stop"
wait
note "meanwhile there were $(cat "$WORK"/rounds-* | paste -sd+ | tr '+' ' ') rounds of lookups"
check_eq "every reader could look up all the time" "$READERS" "$(cat "$WORK"/rounds-* | awk '$1 > 5' | wc -l)"
check_eq "the known file has no record" 0 "$(records_for "$WORK/files/kept")"
check_eq "the unknown file has one record" 1 "$(records_for "$WORK/files/unknown")"
# The records of all these writes stay. A list that stays costs a page at least, 12 MiB for all of
# them.
check "the memory is back" wait_for 30 memory_back "$before" 2097152
note "$(($(kernel_memory) - before)) bytes more than before"
finish
