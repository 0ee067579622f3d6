#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Which accesses leave a record under the built-in policies, how many, and with which digest.

. "$(dirname "$0")/lib.sh"

plan 46

disk=$WORK/disk
mkfs_loop ext4 64M "$disk" || bail "no file system"
chmod 755 "$WORK"

# program NAME: makes a program with content of its own.
program() {
	cp /usr/bin/true "$disk/$1"
	printf %s "$1" >>"$disk/$1"
}
# poke FILE TEXT: changes the last byte in place.
poke() { printf %s "$2" | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") - 1)) conv=notrunc status=none; }
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
repeat() {
	local i
	for ((i = 0; i < $1; i++)); do "${@:2}"; done
}
at_once() {
	local i
	for ((i = 0; i < $1; i++)); do "${@:2}" & done
	wait
}

# What is executed.
section "known programs"
for name in known mutable changed replaced; do program $name; done
ldd /usr/bin/true | grep -o '/[^ ]*' | xargs digestctl generate -o "$WORK/immutable.list" \
	"$disk/known" "$disk/changed" "$disk/replaced"
digestctl generate --mutable -o "$WORK/mutable.list" "$disk/mutable"
digestctl metadata "$WORK/immutable.list" "$WORK/mutable.list" -o "$WORK/metadata" || bail "no lists"
load_module ima_policy=exec_tcb || bail "the module does not load"
check "their lists are made and loaded by digestctl" digestctl load "$WORK/metadata"

found=$(status files_known)
check_eq "a program in an immutable list leaves no record" 0 "$(grows "$disk/known")"
check_eq "a program in a mutable list leaves no record" 0 "$(grows "$disk/mutable")"
cp "$disk/known" "$disk/known-copy"
check_eq "a program at a path that no list knows leaves no record" 0 "$(grows "$disk/known-copy")"
check_eq "all three programs were found in the lists" $((found + 3)) "$(status files_known)"

section "an unknown program"
program unknown
# Before it runs: a new link is a change of the inode, and gets a record with its path.
ln "$disk/unknown" "$disk/hard" && ln -s unknown "$disk/soft"
unknown=$(status files_unknown)
check_eq "leaves one record" 1 "$(grows "$disk/unknown")"
check_eq "is counted as unknown" $((unknown + 1)) "$(status files_unknown)"
check_eq "has the digest of its content in its record" "$(digest_of "$disk/unknown")" "$(recorded "$disk/unknown")"
check_eq "leaves no other record when it runs 20 times more" 0 "$(grows repeat 20 "$disk/unknown")"
check_eq "leaves no other record when it runs by another link" 0 "$(grows "$disk/hard")"
check_eq "leaves no other record when it runs by a symbolic link" 0 "$(grows "$disk/soft")"
cp "$disk/unknown" "$disk/copy"
check_eq "leaves a record for a copy, which is another file" 1 "$(grows "$disk/copy")"

section "five unknown programs"
programs=(first second third fourth fifth)
for name in "${programs[@]}"; do program "$name"; done
all_at_once() {
	local name
	for name in "${programs[@]}"; do at_once 8 "$disk/$name"; done
}
check_eq "leave five records, though eight tasks at once are the first to run each" 5 "$(grows all_at_once)"

section "a program that changes"
check_eq "leaves no record as long as it is in the list" 0 "$(grows "$disk/changed")"
poke "$disk/changed" X
check_eq "leaves a record with one byte changed" 1 "$(grows repeat 2 "$disk/changed")"
check_eq "has the digest of the new content in its record" "$(digest_of "$disk/changed")" "$(recorded "$disk/changed")"
poke "$disk/changed" d
check_eq "is known when it was changed back" 0 "$(grows "$disk/changed")"
check_eq "leaves no record before it is replaced" 0 "$(grows "$disk/replaced")"
program new
mv "$disk/new" "$disk/replaced"
check_eq "leaves a record when another file was renamed over it" 1 "$(grows repeat 2 "$disk/replaced")"
check_eq "has the digest of the new file in its record" "$(digest_of "$disk/replaced")" "$(recorded "$disk/replaced")"
before=$(digest_of "$disk/unknown")
poke "$disk/unknown" X
check_eq "leaves a second record where it was unknown before" 1 "$(grows repeat 2 "$disk/unknown")"
check_eq "keeps its first record where it was unknown before" "$before $(digest_of "$disk/unknown")" "$(recorded "$disk/unknown" | tr '\n' ' ' | sed 's/ $//')"

section "a script"
program interpreter
printf '#!%s\n' "$disk/interpreter" >"$disk/script"
chmod +x "$disk/script"
check_eq "leaves two records with its interpreter" 2 "$(grows repeat 2 "$disk/script")"
check_eq "has a record with its digest" "$(digest_of "$disk/script")" "$(recorded "$disk/script")"
check_eq "has a record with the digest of its interpreter" "$(digest_of "$disk/interpreter")" "$(recorded "$disk/interpreter")"

section "mappings"
cp /lib/*-linux-gnu/libm.so.6 "$disk/library.so"
preload() { LD_PRELOAD=$1 "$disk/known"; }
check_eq "an unknown shared library leaves one record" 1 "$(grows repeat 2 preload "$disk/library.so")"
check_eq "the record of a shared library has the digest of its content" "$(digest_of "$disk/library.so")" "$(recorded "$disk/library.so")"
seq 2000 >"$disk/data"
xfs_io -r -c 'mmap -r 0 4096' -c 'mread 0 16' "$disk/data" >/dev/null
check_eq "a file mapped to be read leaves no record" 0 "$(records_for "$disk/data")"
xfs_io -r -c 'mmap -rx 0 4096' "$disk/data"
check_eq "a file mapped to be executed leaves one record" "$(digest_of "$disk/data")" "$(recorded "$disk/data")"

section "a path with blanks"
program $'a name\nwith\tblanks'
check_eq "leaves one record" 1 "$(grows "$disk/"$'a name\nwith\tblanks')"
check_eq "shows underscores in the ascii list" "$(digest_of "$disk/"$'a name\nwith\tblanks')" \
	"$(recorded "$disk/a_name_with_blanks")"
check "shows underscores in the binary list" grep -qaF "$disk/a_name_with_blanks" "$SECFS/binary_runtime_measurements"

section "ima_policy=exec_tcb"
program secret
chmod 111 "$disk/secret"
check_eq "a program that its user may not read has the right digest" "$(digest_of "$disk/secret")" \
	"$(as_nobody "$disk/secret" && ! as_nobody cat "$disk/secret" 2>/dev/null && recorded "$disk/secret")"
cat >"$WORK/memfd.py" <<'END'
import os
fd = os.memfd_create("nowhere")
with open("/usr/bin/true", "rb") as program:
    os.write(fd, program.read() + b"nowhere")
os.execve(fd, ["nowhere"], {})
END
python3 "$WORK/memfd.py"
check_eq "a program that never had a path leaves a record" "$({ cat /usr/bin/true; printf nowhere; } | sha256sum | cut -c1-64)" \
	"$(recorded '/memfd:nowhere_(deleted)')"
check "the PCR of every bank replays" replay_ok

section "ima_policy=tcb"
# What is opened.
unload_module
load_module ima_policy=tcb || bail "the module does not load again"
for name in read other-user set-uid written both proc; do echo "$name" >"$disk/$name"; done
: <"$disk/read"
check_eq "a file that root reads leaves one record" "$(digest_of "$disk/read")" "$(recorded "$disk/read")"
as_nobody cat "$disk/other-user" >/dev/null
check_eq "a file that another user reads leaves no record" 0 "$(records_for "$disk/other-user")"
install -m 4755 /usr/bin/cat "$disk/cat"
as_nobody "$disk/cat" "$disk/set-uid" >/dev/null
check_eq "a file that another user reads with root's rights leaves one record" 1 "$(records_for "$disk/set-uid")"
: >>"$disk/written"
check_eq "a file opened to be written leaves no record" 0 "$(records_for "$disk/written")"
: <>"$disk/both"
check_eq "a file opened to be read and written leaves one record" 1 "$(records_for "$disk/both")"
echo text >"$WORK/text"
: <"$WORK/text"
check_eq "a file on tmpfs leaves no record" 0 "$(records_for "$WORK/text")"
cp "$disk/known" "$WORK/program"
"$WORK/program"
check_eq "a program on tmpfs leaves one record" "$(digest_of "$disk/known")" "$(recorded "$WORK/program")"
: </proc/version
check_eq "a file of proc leaves no record" 0 "$(records_for /proc/version)"

section "a list with the digest of the empty file"
: >"$disk/empty"
empty=$(sha256sum </dev/null | cut -c1-64)
"$SELFTESTS/digestlists.py" make "$WORK/empty" "$disk/empty.list=immutable:"
check "is loaded" digestctl load "$WORK/empty"
: <"$disk/empty"
check_eq "leaves the empty file measured" "$empty" "$(recorded "$disk/empty")"
check "leaves a list that replays to the PCR of every bank" replay_ok
finish
