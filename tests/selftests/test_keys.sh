#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is no file: keys that are added to keyrings (KEY_CHECK), and the module's own state
# (CRITICAL_DATA). Their records hold the data themselves.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 32

load_module || bail "the module does not load"
cd "$WORK" || bail "no directory"
keyctl new_session >/dev/null
hex_of() { od -An -v -tx1 "$1" | tr -d ' \n'; }

# new_key: a certificate of its own, in $WORK/cert.
new_key() {
	openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 30 -subj "/CN=selftest $RANDOM" -keyout key.pem \
		-outform DER -out cert 2>/dev/null && cert_digest=$(digest_of cert) && cert_hex=$(hex_of cert)
}
keyring_of() { keyctl newring "$1" "${2:-@s}"; }
add_to() { keyctl padd asymmetric "$RANDOM" "$1" <cert >/dev/null; }
# key_records NAME: PCR, template, digest and size of the records of that name.
key_records() { awk -v name="$1" '$5 == name { print $1, $3, $4, length($6) / 2 }' "$ASCII"; }
size() { stat -c %s cert; }

section "a rule for keyrings"
set_policy "measure func=KEY_CHECK keyrings=first|second" || bail "KEY_CHECK is refused"
first=$(keyring_of first) second=$(keyring_of second) third=$(keyring_of third)
new_key || bail "no certificate"
check "a key is added to a keyring that it names" add_to "$first"
check_eq "a key has one record: of the keyring's name, with the key's digest and the key" \
	"16 ima-buf sha256:$cert_digest $(size)" "$(key_records keyring:first)"
check_eq "a record has the whole key" "$cert_hex" "$(awk '$5 == "keyring:first" { print $6 }' "$ASCII")"
check "the same key is added a second time" add_to "$first"
check_eq "a key that is added a second time has no other record" 1 "$(key_records keyring:first | wc -l)"
add_to "$second"
check_eq "a key that is added to another keyring that it names has one more record" "16 ima-buf sha256:$cert_digest $(size)" \
	"$(key_records keyring:second)"
add_to "$third"
check_eq "a key that is added to a keyring that it does not name has no record" "" "$(key_records keyring:third)"
new_key && add_to "$first"
check_eq "another key has a record of its own" "sha256:$cert_digest" "$(key_records keyring:first | tail -n 1 | cut -d' ' -f3)"
keyctl padd user name "$first" <cert >/dev/null
check_eq "a key of another type has no record" 2 "$(key_records keyring:first | wc -l)"
keyctl padd asymmetric update "$first" <cert >/dev/null && new_key && keyctl padd asymmetric update "$first" <cert >/dev/null
check_eq "a key that replaces another has a record" "sha256:$cert_digest" "$(key_records keyring:first | tail -n 1 | cut -d' ' -f3)"
check "what is no key is refused, and leaves no record" eval '! echo text | keyctl padd asymmetric bad "$first" 2>/dev/null &&
	[ "$(key_records keyring:first | wc -l)" = 3 ]'

section "a rule for keys"
set_policy "measure func=KEY_CHECK" && new_key && add_to "$third"
check_eq "it takes any keyring without keyrings=" "sha256:$cert_digest" "$(key_records keyring:third | cut -d' ' -f3)"
set_policy "measure func=KEY_CHECK uid=1000" && new_key && add_to "$third"
check_eq "it does not match where it is for another user" 1 "$(key_records keyring:third | wc -l)"
chmod 755 "$WORK" && chmod 644 cert
# shellcheck disable=SC2016 # for the inner shell
as 1000 keyctl session - bash -c 'keyctl padd asymmetric "" "$(keyctl newring theirs @s)" <"$1"' bash "$WORK/cert" >/dev/null 2>&1
check_eq "it matches where it is for this user" "sha256:$cert_digest" "$(key_records keyring:theirs | cut -d' ' -f3)"
set_policy "dont_measure func=KEY_CHECK keyrings=third${NL}measure func=KEY_CHECK" && new_key && add_to "$third"
check_eq "dont_measure before it settles it" 1 "$(key_records keyring:third | wc -l)"
set_policy "measure uid=0 mask=MAY_READ fowner=1" && new_key && add_to "$third"
check_eq "a rule for files does not match a key" 1 "$(key_records keyring:third | wc -l)"
section "names of keyrings"
for name in /usr/bin/true digest_lists_start boot_aggregate .own; do
	set_policy "measure func=KEY_CHECK template=ima-ng" && new_key
	keyring=$(keyring_of "$name" 2>/dev/null) && add_to "$keyring"
	case $name in
	.*) check_eq "a user makes no keyring whose name begins with a dot" "" "$keyring" ;;
	*)
		check_eq "a keyring named $name leaves no record of that name" "" \
			"$(awk -v name="$name" -v digest="sha256:$cert_digest" '$5 == name && $4 == digest' "$ASCII")"
		check_eq "the record of a keyring named $name says that it is a keyring" "sha256:$cert_digest" \
			"$(awk -v name="keyring:$name" '$5 == name { print $4 }' "$ASCII")"
		;;
	esac
done
long=$(printf '%04090d' 0)
set_policy "measure func=KEY_CHECK" && new_key && add_to "$(keyring_of "$long")"
check "a key in a keyring with a name of 4,090 characters is recorded" grep -q "sha256:$cert_digest keyring:000" "$ASCII"
section "a rule for keys"
set_policy "measure func=KEY_CHECK pcr=23 template=ima-ng keyrings=third" && new_key && add_to "$third"
check_eq "pcr= and template= count" "23 ima-ng sha256:$cert_digest" "$(key_records keyring:third | tail -n 1 | cut -d' ' -f1-3)"

section "the module's own state"
# The module's own state.
critical() { awk '$5 == "digest_lists" { print $1, $3, $4, $6 }' "$ASCII"; }
check_eq "it has no record without a rule" "" "$(critical)"
own="measure func=CRITICAL_DATA label=digest_lists"
set_policy "$own"
check_eq "CRITICAL_DATA label=digest_lists records the policy with its text" \
	"16 ima-buf sha256:$(digest_of "$SECFS/policy") $(hex_of "$SECFS/policy")" "$(critical)"
set_policy "$own${NL}measure fowner=1"
check_eq "CRITICAL_DATA label=digest_lists records the next policy" "16 ima-buf sha256:$(digest_of "$SECFS/policy") $(hex_of "$SECFS/policy")" \
	"$(critical | tail -n 1)"
set_policy "measure func=CRITICAL_DATA label=modules"
check_eq "a rule with another label does not match" 2 "$(critical | wc -l)"
unload_module && load_module ima_policy=critical_data || bail "the module does not load with ima_policy=critical_data"
check_eq "ima_policy=critical_data records the policy from the start" \
	"16 ima-buf sha256:$(digest_of "$SECFS/policy") $(hex_of "$SECFS/policy")" "$(critical)"
check_eq "ima_policy=critical_data makes it the third record" 3 "$(awk '$5 == "digest_lists" { print NR }' "$ASCII")"
section "the whole test"
if [ -e /dev/tpm0 ]; then check "the PCR of every bank replays" replay_ok; else skip "the PCR of every bank replays" "no TPM"; fi
finish
