#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# executables.sh SEED: DIGLIM's workload: 5,986 executables, each read once, with cold caches. They
# are made for it, of 26 to 32 KiB each. The cases are those of cache.sh.

. "$(dirname "$0")/lib.sh"

directories=60 number=5986 size=32768

rules() { echo "measure func=FILE_CHECK mask=MAY_READ fsuuid=${uuid[$1]}${2:+ $2}"; }
once() {
	cool "$1"
	measure "$1" files=$number -- "$files" read "$work/$1" $directories $number 0 1 0
}

for case in none unknown known ima; do
	make_fs $case 256M 8000
	"$files" make "$work/$case" $directories $number $size || die "making files"
done
digestctl -q generate $work/known -o $work/list || die "no list"

once none
load_module
rules unknown digest_list | set_policy
once unknown
unload_module
load_module
load_lists $work/list
rules known digest_list | set_policy
once known
unload_module
rules ima | set_ima_policy
once ima
