#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Lists with names and serial numbers: a lower one than was loaded of the same name and signer is
# refused, and a higher one takes its place.
#
# shellcheck disable=SC2015,SC2016,SC2119 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/signatures.sh"

DIGEST_LISTS_KO=$keys/digest_lists.ko
[ -e "$DIGEST_LISTS_KO" ] || skip_all "no module with certificates of the test was built"

plan 49
cd "$WORK" || bail "no work directory"

# digest TEXT: of a content that nobody need have.
digest() { printf 'sha256:%s' "$(printf %s "$1" | sha256sum | cut -c1-64)"; }
# edition FILE NAME SERIAL TEXT [KEY [OPTION]...]: a list of one digest, signed by KEY as FILE.p7s.
edition() {
	digestctl generate --digest "$(digest "$4")" --name "$2" --serial "$3" -o "$1" "${@:6}" >/dev/null || return
	[ -z "${5:-}" ] || { cms "$1" "$5" && mv "$1.$5" "$1.p7s"; }
}
edition s4 base 4 four linked && edition s5 base 5 five linked && edition s5-other base 5 other linked &&
	edition s6 base 6 six linked && edition s7 base 7 seven linked && edition s8 base 8 eight linked &&
	edition s9 base 9 nine linked && edition other-name extra 1 one linked && edition signer4 base 4 by-signer signer &&
	edition plain2 base 2 plain && edition plain1 base 1 lower && edition plain3 base 3 upper || bail "no lists"
sum() { sha256sum "$1" | cut -c1-64; }
name_of() { [ -e "$1.p7s" ] && echo "$1.p7s" || echo -; }
lift() { load "$1" "$(name_of "$1")"; }
# loaded: the names and serial numbers that are in force, sorted.
loaded() { sed -n 's/.* \(name=[^ ]* serial=[0-9]*\) .*/\1/p' "$SECFS"/digest_lists | sort | tr '\n' ' ' | sed 's/ $//'; }
# known TEXT: whether the digest of a content is known.
known() {
	exec 3<>"$SECFS"/digest_query
	printf '%s\n' "$(digest "$1")" >&3
	grep -q . <&3
	local rc=$?
	exec 3<&-
	return "$rc"
}
# write LIST...: one write with several lists; prints the errno.
write() {
	local list
	for list in "$@"; do "$SELFTESTS/metadata.py" compact "$list" "$(name_of "$list")"; done >meta
	put digest_lists meta
}

check "digestctl show prints the name" eval 'digestctl show s5 | grep -q "name: base"'
check "and the serial number" eval 'digestctl show s5 | grep -q "serial: 5"'
check "a name needs a serial number" eval '! digestctl generate --digest "$(digest x)" --name n -o x'
check "a name has no spaces" eval '! digestctl generate --digest "$(digest x)" --name "a b" --serial 1 -o x'
check "only compact lists have one" eval '! digestctl generate --format tlv --digest "$(digest x)" --name n --serial 1 -o x'

load_module ima_policy=exec_tcb require_signature=1 || bail "the module does not load"
accepted "a list with the serial number 5" lift s5
check_eq "stands in digest_lists with its name" "name=base serial=5" "$(loaded)"
refused "one with a lower number is refused" ESTALE "higher serial number" lift s4
refused "so is another one with the same" EEXIST "another list of the same name" lift s5-other
accepted "the very same can be loaded again" lift s5
check_eq "and is there once" "name=base serial=5" "$(loaded)"
accepted "another name has its own numbers" lift other-name
accepted "so has another signer" lift signer4
check_eq "all three are in force" "name=base serial=4 name=base serial=5 name=extra serial=1" "$(loaded)"
accepted "a higher number" lift s6
check_eq "takes the place of the lower one" "name=base serial=4 name=base serial=6 name=extra serial=1" "$(loaded)"
check "what only the lower one had is unknown" eval '! known five'
check "what the higher one has is known" known six
check "and the lists of others are untouched" eval 'known by-signer && known one'
check "a record tells what went" eval \
	'grep " digest_lists_remove " $SECFS/ascii_runtime_measurements | tail -n 1 | awk "{ print \$6 }" | unhex | grep -q "^sha256:$(sum s5)"'
check "which does not happen where nothing went" eval \
	'[ "$(grep -c " digest_lists_remove " $SECFS/ascii_runtime_measurements)" = 1 ]'
printf 'sha256:%s\n' "$(sum s6)" >$SECFS/digest_lists_remove
refused "a list that was removed keeps the lower ones out" ESTALE "higher serial number" lift s5
accepted "and can be loaded again itself" lift s6
accepted "of two numbers in one write" write s7 s8
check_eq "the higher one is in force" "name=base serial=4 name=base serial=8 name=extra serial=1" "$(loaded)"
check "and the lower one is not" eval 'known eight && ! known seven'
refused "the other way round the write is refused" ESTALE "higher serial number" write s9 s8
check "and nothing of it is loaded" eval '! known nine && known eight'
accepted "so its higher number can still be loaded" lift s9
check_eq "which is in force then" "name=base serial=4 name=base serial=9 name=extra serial=1" "$(loaded)"
check "digestctl metadata puts lower numbers first" eval \
	'digestctl metadata s9 s8 -o both >/dev/null && digestctl show both | grep -n "^/.*/s[89]$" | head -n 1 | grep -q s8'
unload_module || bail "the module does not unload"

load_module ima_policy=exec_tcb || bail "the module does not load"
accepted "loaded anew, the module takes any number" lift s4
accepted "an unsigned list of the name" lift plain2
refused "has no lower one after it" ESTALE "higher serial number" lift plain1
accepted "but a higher one" lift plain3
check_eq "and is nothing to signed ones" "name=base serial=3 name=base serial=4" "$(loaded)"
accepted "as these are nothing to it" lift s5
check_eq "each signer has its own" "name=base serial=3 name=base serial=5" "$(loaded)"
# The same list, at first without its signature.
check "an unsigned list" eval '[ -z "$(load s7 -)" ]'
check_eq "took the place of unsigned ones only" "name=base serial=5 name=base serial=7" "$(loaded)"
accepted "with its signature" lift s7
check_eq "it takes the place of signed ones, too" "name=base serial=7" "$(loaded)"
refused "which is final" ESTALE "higher serial number" lift s6
# A revocation that the next edition does not repeat.
edition r1 gone 1 revoked linked --revoked && edition r2 gone 2 other linked || bail "no lists"
accepted "a list that revokes" lift r1
accepted "gives way to one of its signer that does not" lift r2
# Unsigned lists are root's: what they revoke is not taken back while files are appraised, which
# says nothing of signed ones.
edition u1 own 1 bad "" --revoked && edition u2 own 2 fine || bail "no lists"
echo 1 >/sys/module/digest_lists/parameters/force
echo "appraise func=BPRM_CHECK fowner=4242 digest_list" >$SECFS/policy || bail "no policy"
accepted "an unsigned list that revokes" lift u1
refused "does not give way while files are appraised" EBUSY "revokes what no other" lift u2
refused "which a signed one of a higher number says as well" EBUSY "revokes what no other" lift s8
check_eq "but the signed one before it has given way" "name=base serial=8 name=gone serial=2 name=own serial=1 name=own serial=2" "$(loaded)"
[ ! -e /dev/tpm0 ] || note "$(replay_ok && echo "the PCR is what the list replays to")"
unload_module || bail "the module does not unload"
finish
