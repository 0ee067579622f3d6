#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# load.sh SEED: 99,100 digests in 1,423 lists are loaded. scripts/bench-ima has made the lists, with
# a signature beside each (CMS, RSA-2048). The cases:
#
#   together   all lists in one write, without signatures
#   signed     the same, each list with its signature
#   each       a write for each list, without signatures

. "$(dirname "$0")/lib.sh"

mkdir -p $work
lists=("$(dirname "$0")"/lists/*[0-9])
facts() { echo "lists=$(status lists) digests=$(status digests)"; }
each() {
	local list
	for list in "$work"/single/*; do printf %s "$list" >$secfs/digest_lists || return; done
}
# after CASE: what is loaded, and what it takes.
after() { echo "memory case=$1 $(facts) bytes=$(status digest_memory)"; }

load_module
digestctl -q metadata --unsigned "${lists[@]}" -o $work/metadata || die "no metadata"
measure together lists=${#lists[@]} -- sh -c "printf %s $work/metadata >$secfs/digest_lists"
after together
unload_module

load_signing_module
digestctl -q metadata "${lists[@]}" -o $work/metadata || die "no metadata"
measure signed lists=${#lists[@]} -- sh -c "printf %s $work/metadata >$secfs/digest_lists"
after signed
unload_module

load_module
mkdir $work/single
for list in "${lists[@]}"; do
	digestctl -q metadata --unsigned "$list" -o "$work/single/${list##*/}" || die "no metadata"
done
measure each lists=${#lists[@]} -- each
after each
unload_module
