#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# rules.sh SEED RULES: what an access costs under a policy of so many rules, of which the last one
# matches, an open for reading, and no other does. Known files; all counts are of one processor
# whose clock counts instructions. The operations: open (and close), map and exec of the same
# unchanged file, and first, an open of a file that was not looked at before. The cases are 'none',
# 'module' and 'ima'.

. "$(dirname "$0")/lib.sh"

rules=${2:?how many rules?}
bench=/opt/guest/bench
declare -A count=([open]=2000 [map]=1000 [exec]=100)

policy() {
	local i
	for ((i = 1; i < rules; i++)); do echo "dont_measure fowner=$((100000 + i))"; done
	echo "measure fsuuid=${uuid[$1]} mask=MAY_READ${2:+ $2}"
}
operations() {
	local operation
	cool "$1"
	measure "$1" rules="$rules" operation=first count=1000 -- "$files" read "$work/$1" 10 1000 0 1 0
	for operation in open map exec; do
		# shellcheck disable=SC2154 # its count
		measure "$1" rules="$rules" operation=$operation count="${count[$operation]}" -- \
			$bench $operation "$work/$1/program" "${count[$operation]}"
	done
}

for case in none known ima; do
	make_fs $case 64M 4000
	"$files" make $work/$case 10 1000 100 || die "making files"
	install -m 755 /opt/guest/program $work/$case/program
done
digestctl -q generate $work/known -o $work/list || die "no list"

operations none
load_module
load_lists $work/list
policy known digest_list | set_policy
operations known
unload_module
policy ima | set_ima_policy
operations ima
