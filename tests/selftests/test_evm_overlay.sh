#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The cases of the Linux Test Project's evm_overlay: files on overlayfs are written and read while
# EVM protects the metadata and everything of root's is appraised, by the kernel's own IMA and by
# the module. Each has an overlayfs of its own, whose files belong to the group that its rules name.
#
# Neither EVM's key nor IMA's policy can be taken away again, so this needs a boot of its own:
#
#   scripts/vm --append 'evm=fix selftest.evm_overlay' -- /opt/selftests/run test_evm_overlay
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/others.sh"

booted_with selftest.evm_overlay
ima_is_free
plan 19

begin_appraisal
cd "$disk" || bail "no file system"
section "the rules"
load_module || bail "the module does not load"
check "the module takes them" set_policy "appraise fowner=0 fgroup=8000" || bail "the module refuses the policy"
check "IMA takes them" ima_policy "appraise fowner=0 fgroup=7000" || bail "IMA refuses the policy"
check "EVM takes a key" eval 'keyctl new_session >/dev/null; kmk=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d " \n") &&
	keyctl add user kmk "$kmk" @u && keyctl add encrypted evm-key "new user:kmk 64" @u && keyctl link @u @s && echo 1 >$evm' ||
	bail "EVM takes no key"

for who in ima module; do
	group=7000 name=IMA
	[ $who = ima ] || group=8000 name="the module"
	for layer in lower upper work; do mkdir -p $who/$layer && chgrp $group $who/$layer && chmod 2755 $who/$layer; done
	mount_tmp overlay "lowerdir=$disk/$who/lower,upperdir=$disk/$who/upper,workdir=$disk/$who/work" "$disk/$who/merged" || bail "no overlayfs"
	section "evm_overlay test1, with $name"
	check "a file below is written" eval 'echo lower >$who/lower/foo1.txt'
	# overlayfs makes an empty file above, with the digest of the one below, before anything is
	# asked.
	check "it cannot be written anew on overlayfs" eval '! (echo overlay >$who/merged/foo1.txt) 2>/dev/null'
	check "the file below is as it was" eval '[ "$(cat $who/lower/foo1.txt)" = lower ]'
	section "evm_overlay test2, with $name"
	check "a file below is written" eval 'echo lower >$who/lower/foo2.txt'
	check "it is appended to on overlayfs" eval 'echo overlay >>$who/merged/foo2.txt'
	section "evm_overlay test3, with $name"
	check "a new file is written on overlayfs" eval 'echo overlay >$who/merged/foo3.txt'
	section "evm_overlay test4, with $name"
	check_eq "the files that were written can be read" "lower overlay overlay" "$(cat $who/merged/foo[23].txt | paste -sd' ')"
	check "the files that were written have their digests" eval 'has_digest $who/merged/foo2.txt && has_digest $who/merged/foo3.txt'
done
cd /
finish
