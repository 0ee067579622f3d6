# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests with the program 'stale' share: files that change at random while others access
# them. Sourced after lib.sh.
#
# shellcheck disable=SC2034 # used by the tests

STALE=/opt/guest/stale

# random_seeds N: so many, in $SEEDS, unless it is set: with the same ones a run makes the same
# changes.
random_seeds() {
	local i
	for ((i = 0; i < $1; i++)); do set -- "$@" $((RANDOM * 32768 + RANDOM)); done
	SEEDS=${SEEDS:-${*:2}}
}

# stale_contents: the contents that a list is to know: their digests in $WORK/digests, as entries of
# digestlists.py in $entries.
stale_contents() {
	local file
	mkdir "$WORK/known"
	"$STALE" known "$WORK/known" || bail "no contents"
	sha256sum "$WORK"/known/* >"$WORK/digests"
	entries=''
	for file in "$WORK"/known/*; do entries+=",immutable:@$file"; done
	entries=${entries#,}
}

# stale_file_system TYPE: a fresh one, at $WORK/TYPE.
stale_file_system() {
	case $1 in
	tmpfs) mount_tmp tmpfs mode=755 "$WORK/$1" ;;
	overlay) mkfs_loop ext4 200M "$WORK/$1" ;;
	*) mkfs_loop "$1" 400M "$WORK/$1" ;;
	esac || bail "no $1"
}

# stale_files TYPE MODE: how many there are. Few, so that writers meet; each copy-up needs another.
stale_files() {
	local files=12
	[ "$2" = turns ] || files=5
	[ "$1" != overlay ] || files=$((files * 4))
	echo $files
}

# new_dir TYPE MODE SEED FILES: the files of one run, in $dir. On overlayfs they begin in the lower
# layer.
new_dir() {
	local base=$WORK/$1/$2-$3
	dir=$base
	[ "$1" = overlay ] || { mkdir "$dir" && "$STALE" files "$dir" "$4" "$3" && return; }
	mkdir "$base" "$base"/{lower,upper,work} && "$STALE" files "$base/lower" "$4" "$3" || return
	dir=$WORK/merged-$2-$3
	mount_tmp overlay "lowerdir=$base/lower,upperdir=$base/upper,workdir=$base/work" "$dir"
}
