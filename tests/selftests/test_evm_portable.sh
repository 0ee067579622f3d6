#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The cases of ima-evm-utils' tests of portable signatures: EVM has a key for them and none of its
# own, so it does not follow changes of metadata. What the kernel's own IMA allows and refuses is
# compared with what the module does, with the same rules. Where both may refuse a file there are
# two, of which each has the group that the one's rules name. Documentation/testing-others.md says
# what differs, and why.
#
# Neither EVM's keys nor IMA's policy can be taken away again, so this needs a boot of its own:
#
#   scripts/vm --append selftest.evm_portable -- /opt/selftests/run test_evm_portable
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/others.sh"

booted_with selftest.evm_portable
ima_is_free
plan 38

begin_appraisal
cd "$disk" || bail "no file system"
# '@' stands for the group of what only one of both may refuse.
appraised="appraise fgroup=@3 appraise_type=imasig
appraise fgroup=@5"
measured="measure fowner=3001 template=ima-sig"

section "the rules"
keyctl new_session >/dev/null
kernel_keys _ima "$keys/linked.pem" && kernel_keys _evm "$keys/linked.pem" || bail "no keyrings"
load_module || bail "the module does not load"
check "the module takes them" set_policy "$measured${NL}${appraised//@/800}" || bail "the module refuses the policy"
check "IMA takes them" ima_policy "$measured${NL}${appraised//@/700}" || bail "IMA refuses the policy"
# A key for signatures, and nothing more to come.
check "EVM takes the key for signatures" eval 'echo 2 >$evm && echo 0x80000000 >$evm' || bail "EVM takes no key"

# portable FILE [OPTION]...: a portable signature of EVM, over the digest in security.ima.
portable() { evmctl sign -o -a sha256 --imahash -k "$keys/linked.key" "${@:2}" "$1" >/dev/null 2>&1; }
attribute() { getfattr --absolute-names -e hex -n "$1" "$2" 2>/dev/null | sed -n 's/^.*=0x//p'; }
# other VALUE: the same with another last digit.
other() { printf '%s%x\n' "${1%?}" $(((0x${1: -1} + 1) % 16)); }

section "portable_signatures: create_file"
check "a new file is written" eval 'echo text >file'

section "portable_signatures: cp_preserve_xattrs"
portable file || note "evmctl fails"
# The library that cp asks leaves security.evm out.
check "a file is copied with its attributes" eval 'cp -a file copy && [ "$(attribute security.ima copy)" = "$(attribute security.ima file)" ]'

section "portable_signatures: tar_extract_xattrs_different_owner"
mkdir in out
echo text >in/file && chown 3000 in/file && chmod 600 in/file && portable in/file || note "evmctl fails"
check "a file of another owner is unpacked with its attributes" eval 'tar --xattrs-include="*" -cf archive in/file &&
	tar --xattrs-include="*" -xf archive -C out && [ "$(attribute security.evm out/in/file)" = "$(attribute security.evm in/file)" ]'
rm -r in out archive

section "portable_signatures: tar_extract_xattrs_same_owner"
mkdir in out
echo text >in/file && portable in/file || note "evmctl fails"
check "a file of this owner is unpacked with its attributes" eval 'tar --xattrs-include="*" -cf archive in/file &&
	tar --xattrs-include="*" -xf archive -C out && [ "$(attribute security.evm out/in/file)" = "$(attribute security.evm in/file)" ]'
rm -r in out archive

section "portable_signatures: metadata_change"
echo text >fixed && chown 3002:3002 fixed && chmod 2644 fixed && portable fixed || note "evmctl fails"
check "the same owner can be set" chown 3002 fixed
check "another owner cannot be set" eval '! chown 3003 fixed 2>/dev/null'
check "the same mode can be set" chmod 2644 fixed
check "another mode cannot be set" eval '! chmod 2666 fixed 2>/dev/null'
value=$(attribute security.ima fixed)
check "the same security.ima can be set" setfattr -n security.ima -v "0x$value" fixed
check "another security.ima cannot be set" eval '! setfattr -n security.ima -v "0x$(other "$value")" fixed 2>/dev/null'
check "an ACL of the same mode can be set" setfacl --set u::rw,g::r,o::r,m:r fixed
check "an ACL of another mode cannot be set" eval '! setfacl --set u::rw,g::r,o::r,m:rw fixed 2>/dev/null'
mkdir "$WORK/mapped"
if mount --bind -o X-mount.idmap=b:3002:0:1 "$disk" "$WORK/mapped" 2>/dev/null; then
	mounts+=("$WORK/mapped")
	check "an ACL of the same mode can be set on a mount with other ids" \
		capsh --drop=cap_fsetid -- -c "setfacl --set u::rw,g::r,o::r '$WORK/mapped/fixed'"
else
	skip "an ACL of the same mode can be set on a mount with other ids" "mount knows no such mounts"
fi

# signed_pair NAME N: two files with portable signatures, of the owner 2000 and the groups of rule
# N.
signed_pair() {
	local who group
	for who in ima module; do
		group=700$2
		[ $who = ima ] || group=800$2
		echo text >"$1.$who" && chmod 600 "$1.$who" && portable "$1.$who" --uid 2000 --gid "$group" &&
			chown "2000:$group" "$1.$who" || note "evmctl fails"
	done
}
passes() { cat "$1" >/dev/null; }
section "portable_signatures: evm_portable_sig_ima_appraisal"
signed_pair strict 3
check "IMA takes the signature where one is wanted" passes strict.ima
# The keyring in which EVM found the key may be any task's own.
check "the module does not take EVM's signature where one is wanted" is_refused IMA-signature-required "$disk/strict.module" cat strict.module
check "IMA refuses to open the file for writing" eval '! (echo more >>strict.ima) 2>/dev/null'
check "the module refuses to open the file for writing" eval '! (echo more >>strict.module) 2>/dev/null'
section "portable_signatures: evm_portable_sig_ima_appraisal, where no signature is wanted"
signed_pair loose 5
check "IMA takes the digest that EVM's signature covers" passes loose.ima
check "the module takes the digest that EVM's signature covers" passes loose.module
check "IMA refuses to open the file for writing" eval '! (echo more >>loose.ima) 2>/dev/null'
check "the module refuses to open the file for writing" is_refused immutable "$disk/loose.module" eval 'echo more >>loose.module'
check "the module takes the file afterwards" passes loose.module
check_eq "the file is what it was" text "$(cat loose.module)"
for who in ima module; do
	rule=strict
	[ $who = ima ] || rule=loose
	section "portable_signatures: evm_portable_sig_ima_appraisal, an archive, with $who"
	mkdir out
	check "the file is packed and unpacked" eval 'tar --xattrs-include="*" -cf archive $rule.$who && tar --xattrs-include="*" -xf archive -C out'
	check_eq "the unpacked file has the same attributes" "$(attribute security.ima $rule.$who) $(attribute security.evm $rule.$who)" \
		"$(attribute security.ima out/$rule.$who) $(attribute security.evm out/$rule.$who)"
	check_eq "the unpacked file has owner and mode" "2000 600" "$(stat -c '%u %a' out/$rule.$who)"
	check "the unpacked file can be read" passes out/$rule.$who
	rm -r out archive
done

section "portable_signatures: evm_portable_sig_ima_measurement_list"
echo text >listed && chown 3001 listed && portable listed && touch listed || note "evmctl fails"
: <"$disk/listed"
value=$(attribute security.evm listed)
# signature_in LIST: of the last record; evmctl has read the file before.
signature_in() { awk -v path="$disk/listed" '$5 == path { last = $6 } END { print last }' "$1"; }
check "the signature is a portable one" eval '[[ $value == 0502* ]]'
check_eq "IMA records EVM's signature" "$value" "$(signature_in $ima_list)"
check_eq "the module records EVM's signature" "$value" "$(signature_in "$ASCII")"
section "the whole test"
check "the module's list replays to its PCR" replay_ok
cd /
finish
