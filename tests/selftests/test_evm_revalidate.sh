#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The case evm_revalidate of ima-evm-utils' tests of portable signatures: metadata may be changed
# although EVM has a signature of them. The file is refused meanwhile, by the kernel's own IMA and
# by the module, though both have seen it good before. There are two files, of which each has the
# group that the one's rules name.
#
# Neither EVM's mode nor IMA's policy can be taken back, so this needs a boot of its own:
#
#   scripts/vm --append selftest.evm_revalidate -- /opt/selftests/run test_evm_revalidate
#
# shellcheck disable=SC2015,SC2016,SC2034 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/others.sh"

booted_with selftest.evm_revalidate
ima_is_free
plan 29

begin_appraisal
cd "$disk" || bail "no file system"
section "the rules"
keyctl new_session >/dev/null
kernel_keys _ima "$keys/linked.pem" && kernel_keys _evm "$keys/linked.pem" || bail "no keyrings"
load_module || bail "the module does not load"
check "the module takes them" set_policy "appraise fgroup=8000" || bail "the module refuses the policy"
check "IMA takes them" ima_policy "appraise fgroup=7000" || bail "IMA refuses the policy"
# A key for signatures, and changes of what they cover.
check "EVM takes the key, and lets metadata be changed" eval 'echo 2 >$evm && echo 4 >$evm' || bail "EVM takes no key"

attribute() { getfattr --absolute-names -e hex -n "$1" "$2" 2>/dev/null | sed -n 's/^.*=0x//p'; }
other() { printf '%s%x\n' "${1%?}" $(((0x${1: -1} + 1) % 16)); }
for who in ima module; do
	group=7000
	[ $who = ima ] || group=8000
	echo text >$who && chmod 600 $who &&
		evmctl sign -o -a sha256 --imahash -k "$keys/linked.key" --uid 2002 --gid $group $who >/dev/null 2>&1 &&
		chown 2002:$group $who || note "evmctl fails"
done

# readable, refused: two results each.
readable() {
	check "IMA lets the file be read" cat ima
	check "the module lets the file be read" cat module
}
refused() {
	check "IMA refuses the file" eval '! cat ima 2>/dev/null'
	check "the module refuses the file, for EVM's verdict" is_refused invalid-HMAC "$disk/module" cat module
}
# changed WHAT CHANGE BACK: the file is refused after the command and can be read after the other.
changed() {
	section "portable_signatures: evm_revalidate, another $1"
	check "it can be set" eval "$2"
	refused
	section "portable_signatures: evm_revalidate, the former $1"
	check "it can be set" eval "$3"
	readable
}

section "portable_signatures: evm_revalidate"
readable
# set_attribute NAME VALUE-IMA VALUE-MODULE
set_attribute() { setfattr -n "$1" -v "0x$2" ima && setfattr -n "$1" -v "0x$3" module; }
changed mode 'chmod 644 ima module' 'chmod 600 ima module'
for which in security.ima security.evm; do
	one=$(attribute $which ima) two=$(attribute $which module)
	changed $which 'set_attribute $which "$(other "$one")" "$(other "$two")"' 'set_attribute $which "$one" "$two"'
done
changed ACL 'setfacl -m u::rwx ima module' 'setfacl -m u::rw ima module'
cd /
finish
