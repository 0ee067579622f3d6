#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cache.sh SEED [TASKS]: the workload of the digest cache's authors: 12,312 files of at most 100
# bytes in 303 lists, 20,000 random reads, twice, each time with cold caches, by one task and by
# four (TASKS says by how many). The cases, one after the other in one boot:
#
#   none      no module, and no policy of IMA
#   unknown   the module, with no list
#   known     the module, with the lists
#   ima       IMA
#   load      the lists of 'known' are loaded
#
# Each case has a file system of its own with the same files.

. "$(dirname "$0")/lib.sh"

seed=${1:?which seed?}
directories=303 number=12312 reads=20000 by=${2:-1 4}

rules() { echo "measure func=FILE_CHECK mask=MAY_READ fsuuid=${uuid[$1]}${2:+ $2}"; }

both() {
	local tasks pass
	# IMA never forgets: its first run is the one with one task.
	for tasks in $by; do
		[ "$1" != unknown ] || [ "$tasks" = 1 ] || { unload_module && load_module && rules unknown digest_list | set_policy; }
		for pass in 1 2; do
			cool "$1"
			measure "$1" tasks="$tasks" pass=$pass -- \
				"$files" read "$work/$1" $directories $number $reads "$tasks" $((seed + pass))
		done
	done
}

for case in none unknown known ima; do
	make_fs $case 96M 20000
	"$files" make "$work/$case" $directories $number 100 || die "making files"
done
mkdir "$work/lists"
for ((i = 0; i < directories; i++)); do
	printf -v name %03d "$i"
	digestctl -q generate "$work/known/$name" -o "$work/lists/$name" || die "no list"
done

both none
load_module
rules unknown digest_list | set_policy
both unknown
unload_module
load_module
digestctl -q metadata "$work"/lists/* -o $work/metadata || die "no metadata"
measure load lists=$directories digests=$number -- sh -c "printf %s $work/metadata >$secfs/digest_lists"
rules known digest_list | set_policy
both known
unload_module
rules ima | set_ima_policy
both ima
