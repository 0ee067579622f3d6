#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# profile.sh SEED [FILES]: where the instructions go when files are read for the first time, by
# function. 10,000 files (FILES) of at most 100 bytes, with cold caches and no TPM. The cases are
# 'none', 'unknown', 'known', 'ima',
# and 'again': those of 'unknown' once more, with cold caches, when their records are there. Lines:
#
#   run ...
#   profile case=NAME files=N module=MODULE function=FUNCTION samples=N     each sample is 20 microseconds

. "$(dirname "$0")/lib.sh"

number=${2:-10000} directories=100

rules() { echo "measure func=FILE_CHECK mask=MAY_READ fsuuid=${uuid[$1]}${2:+ $2}"; }
# twice CASE [PROFILED [MEASURED]]: on the file systems of those cases.
twice() {
	cool "${3:-$1}"
	measure "$1" files="$number" -- "$files" read "$work/${3:-$1}" $directories "$number" 0 1 0
	cool "${2:-$1}"
	[ "$1" != unknown ] || { unload_module && load_module && rules unknown digest_list | set_policy; }
	/opt/guest/profile "$files" read "$work/${2:-$1}" $directories "$number" 0 1 0 | grep '^profile' | awk '
		NR <= 80 { print; next }
		{ others += $4 }
		END { print "profile others -", others + 0 }' |
		sed -E "s/^profile ([^ ]+) ([^ ]+) ([0-9]+)$/profile case=$1 files=$number module=\1 function=\2 samples=\3/"
}

for case in none unknown known ima; do
	make_fs $case 96M 20000
	"$files" make $work/$case $directories "$number" 100 || die "making files"
done
# IMA never forgets: what it is profiled with are other files than it was measured with.
make_fs ima-rsa 96M 20000
"$files" make $work/ima-rsa $directories "$number" 99 || die "making files"
digestctl -q generate $work/known -o $work/list || die "no list"

twice none
load_module
rules unknown digest_list | set_policy
twice unknown
twice again unknown unknown
unload_module
load_module
load_lists $work/list
rules known digest_list | set_policy
twice known
unload_module
{ rules ima && rules ima-rsa; } | set_ima_policy
twice ima ima-rsa
