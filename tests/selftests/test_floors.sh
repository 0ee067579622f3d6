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
	for list in "$@"; do "$SELFTESTS/digestlists.py" metadata compact "$list" "$(name_of "$list")"; done >meta
	put digest_lists meta
}

section "names of lists in digestctl"
check "show prints the name" eval 'digestctl show s5 | grep -q "name: base"'
check "show prints the serial number" eval 'digestctl show s5 | grep -q "serial: 5"'
check "a name without serial number is refused" eval '! digestctl generate --digest "$(digest x)" --name n -o x'
check "a name with a space is refused" eval '! digestctl generate --digest "$(digest x)" --name "a b" --serial 1 -o x'
check "a name for a list that is not compact is refused" eval '! digestctl generate --format tlv --digest "$(digest x)" --name n --serial 1 -o x'

section "signed lists of one name"
start
accepted "a list with the serial number 5 loads" lift s5
check_eq "a loaded list stands in digest_lists with its name" "name=base serial=5" "$(loaded)"
refused "a list with a lower number is refused" ESTALE "higher serial number" lift s4
refused "another list with the same number is refused" EEXIST "another list of the same name" lift s5-other
accepted "the same list can be loaded again" lift s5
check_eq "a list that was loaded again is there once" "name=base serial=5" "$(loaded)"
accepted "another name has its own numbers" lift other-name
accepted "another signer has its own numbers" lift signer4
check_eq "lists of other names and signers are in force together" "name=base serial=4 name=base serial=5 name=extra serial=1" "$(loaded)"
accepted "a list with a higher number loads" lift s6
check_eq "a list with a higher number takes the place of the lower one" "name=base serial=4 name=base serial=6 name=extra serial=1" "$(loaded)"
check "what only the lower one had is unknown" eval '! known five'
check "what the higher one has is known" known six
check "the lists of other names and signers stay known" eval 'known by-signer && known one'
check "a record tells which list went" eval \
	'grep " digest_lists_remove " $SECFS/ascii_runtime_measurements | tail -n 1 | awk "{ print \$6 }" | unhex | grep -q "^sha256:$(digest_of s5)"'
check "no record tells of a list where none went" eval \
	'[ "$(grep -c " digest_lists_remove " $SECFS/ascii_runtime_measurements)" = 1 ]'
printf 'sha256:%s\n' "$(digest_of s6)" >$SECFS/digest_lists_remove
refused "a list that was removed keeps lower numbers out" ESTALE "higher serial number" lift s5
accepted "a list that was removed can be loaded again" lift s6
section "two numbers in one write"
accepted "the lower one may come first" write s7 s8
check_eq "the higher one is in force" "name=base serial=4 name=base serial=8 name=extra serial=1" "$(loaded)"
check "the lower one is not in force" eval 'known eight && ! known seven'
refused "the higher one may not come first" ESTALE "higher serial number" write s9 s8
check "nothing of a refused write is loaded" eval '! known nine && known eight'
accepted "a refused write does not keep its higher number out" lift s9
check_eq "the higher number of a refused write is in force when it is loaded" "name=base serial=4 name=base serial=9 name=extra serial=1" "$(loaded)"
check "digestctl metadata puts lower numbers first" eval \
	'digestctl metadata s9 s8 -o both >/dev/null && digestctl show both | grep -n "^/.*/s[89]$" | head -n 1 | grep -q s8'
unload_module || bail "the module does not unload"

section "the module loaded anew"
load_module ima_policy=exec_tcb || bail "the module does not load"
accepted "takes any number" lift s4
section "unsigned lists of one name"
accepted "a list loads" lift plain2
refused "a list with a lower number is refused" ESTALE "higher serial number" lift plain1
accepted "a list with a higher number loads" lift plain3
check_eq "a list with a higher number leaves the signed one in force" "name=base serial=3 name=base serial=4" "$(loaded)"
accepted "a signed list with a higher number loads" lift s5
check_eq "a signed list with a higher number leaves the unsigned one in force" "name=base serial=3 name=base serial=5" "$(loaded)"
# The same list, at first without its signature.
check "a list whose signature is left out loads" eval '[ -z "$(load s7 -)" ]'
check_eq "a list whose signature is left out takes the place of unsigned ones only" "name=base serial=5 name=base serial=7" "$(loaded)"
accepted "a list that is loaded again with its signature is accepted" lift s7
check_eq "a list that is loaded again with its signature takes the place of signed ones" "name=base serial=7" "$(loaded)"
refused "a list that is loaded again with its signature keeps lower numbers out" ESTALE "higher serial number" lift s6
# A revocation that the next edition does not repeat.
section "revocations"
edition r1 gone 1 revoked linked --revoked && edition r2 gone 2 other linked || bail "no lists"
accepted "a signed list that revokes loads" lift r1
accepted "a signed list that revokes gives way to one of its signer that does not" lift r2
# Unsigned lists are root's: what they revoke is not taken back while files are appraised, which
# says nothing of signed ones.
edition u1 own 1 bad "" --revoked && edition u2 own 2 fine || bail "no lists"
echo 1 >/sys/module/digest_lists/parameters/force
echo "appraise func=BPRM_CHECK fowner=4242 digest_list" >$SECFS/policy || bail "no policy"
accepted "an unsigned list that revokes loads" lift u1
refused "an unsigned list that revokes does not give way while files are appraised" EBUSY "revokes what no other" lift u2
refused "a signed list of a higher number does not make an unsigned one give way" EBUSY "revokes what no other" lift s8
check_eq "signed and unsigned lists that stay are in force" "name=base serial=8 name=gone serial=2 name=own serial=1 name=own serial=2" "$(loaded)"
[ ! -e /dev/tpm0 ] || note "$(replay_ok && echo "the PCR is what the list replays to")"
unload_module || bail "the module does not unload"
finish
