#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Templates and banks: what each template records of a file, that verifiers read the lists, that the
# list of each bank replays to its bank, and that rules can name a PCR.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

[ -e /dev/tpm0 ] || skip_all "no TPM"
plan 30

disk=$WORK/disk
chmod 755 "$WORK"
mkfs_loop ext4 64M "$disk" || bail "no file system"
owner=4242
cd "$WORK" || bail "no directory"

# A file with a signature in security.ima, one with a digest there, and one with neither.
openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 30 -subj "/CN=selftest" -keyout key.pem -outform DER -out cert.der \
	-addext subjectKeyIdentifier=hash 2>/dev/null || bail "no certificate"
fresh "$disk" signed && evmctl ima_sign --hashalgo sha256 --key key.pem "$file" >/dev/null 2>&1 || bail "evmctl does not sign"
fresh "$disk" hashed && evmctl ima_hash --hashalgo sha256 "$file" >/dev/null 2>&1 || bail "evmctl does not store a digest"
fresh "$disk" plain
signature=$(getfattr --absolute-names --only-values -n security.ima "$disk/signed" | od -An -v -tx1 | tr -d ' \n')
declare -A sums
for name in signed hashed plain; do sums[$name]=$(digest_of "$disk/$name"); done
chown $owner "$disk"/{signed,hashed,plain}
note "the signature has ${#signature} digits"

# register PCR BANK
register() { tpm2_pcrread "$2:$1" | sed -n 's/.*0x//p'; }
declare -A start
for bank in $(tpm_banks); do
	for pcr in 13 14; do start[$bank$pcr]=$(register $pcr "$bank"); done
done
load_module || bail "the module does not load"
# fields NAME TEMPLATE: what follows the template in the records of the file, with the names of
# known values.
fields() {
	awk -v path="$disk/$1" -v template="$2" '$5 == path && $3 == template { $1 = $2 = $3 = ""; print }' "$ASCII" |
		sed "s/^ *//; s/${sums[$1]}/SUM/; s/ *$signature/ SIGNATURE/; s/ *\$//; s,$disk/,,"
}
# A file that is not touched has its record in this PCR, in whatever template.
record() {
	touch "$disk"/{signed,hashed,plain}
	set_policy "measure func=FILE_CHECK mask=MAY_READ fowner=$owner template=$1" && cat "$disk"/{signed,hashed,plain} >/dev/null
}
section "templates"
for template in ima-ng ima-ngv2 ima-sig ima-sigv2 ima-buf; do
	check "template=$template is taken" record $template
done
check_eq "ima-ng has digest and name" "sha256:SUM signed" "$(fields signed ima-ng)"
check_eq "ima-ngv2 tells of what the digest is" "ima:sha256:SUM signed" "$(fields signed ima-ngv2)"
check_eq "ima-sig has the signature of the file" "sha256:SUM signed SIGNATURE" "$(fields signed ima-sig)"
check_eq "ima-sigv2 has the signature, and tells of what the digest is" "ima:sha256:SUM signed SIGNATURE" "$(fields signed ima-sigv2)"
check_eq "ima-sig takes a digest in security.ima for no signature" "sha256:SUM hashed" "$(fields hashed ima-sig)"
check_eq "ima-sig has no signature of a file without security.ima" "sha256:SUM plain" "$(fields plain ima-sig)"
check_eq "ima-sigv2 has no signature of a file without security.ima" "ima:sha256:SUM plain" "$(fields plain ima-sigv2)"
# With equal fields: no signature, no data.
check_eq "ima-buf does not repeat a record with the template data of another" "" "$(fields plain ima-buf)"
check_eq "ima-buf has no data of a file" "sha256:SUM signed" "$(fields signed ima-buf)"
for template in ima ima-modsig evm-sig; do
	check "template=$template, in which no record can be written, is refused" \
		eval "! set_policy 'measure fowner=$owner template=$template' 2>/dev/null"
done

# evmctl knows these formats, and stops at others.
unload_module && load_module || bail "the module does not load again"
record ima-ng && record ima-sig && set_policy "measure func=CRITICAL_DATA label=digest_lists"
snapshot "$SECFS/binary_runtime_measurements"
evmctl -v ima_measurement --ignore-violations --verify-sig --key cert.der --pcrs sha256,pcrs-sha256 list >evmctl.out 2>&1
evmctl_reads() { grep "$1" evmctl.out || { cat evmctl.out && false; }; }
section "evmctl"
check "it reads ima-ng" evmctl_reads " ima-ng sha256:.*$disk/plain"
check "it reads ima-sig" evmctl_reads " ima-sig sha256:.*$disk/signed"
check "it reads ima-buf" evmctl_reads " ima-buf sha256:.*digest_lists"
check "it verifies the signature in a record" evmctl_reads "$disk/signed.*verification is OK"
section "a list with signatures"
check "the PCR of every bank replays" replay_ok

section "PCRs and banks"
# The lists of the banks, and the PCR of a rule.
for name in signed hashed plain; do
	pcr=13
	[ "$name" != plain ] || pcr=14
	set_policy "measure func=FILE_CHECK mask=MAY_READ fowner=$owner pcr=$pcr template=ima-sig" && cat "$disk/$name" >/dev/null
done
exec {reader}<"$disk/plain"
: >>"$disk/plain"
exec {reader}<&-
check_eq "each file is in the PCR of its rule" "hashed 13 plain 14 signed 13" \
	"$(awk -v dir="$disk/" 'index($5, dir) && $1 ~ /^1[34]$/ { sub(dir, "", $5); print $5, $1 }' "$ASCII" | sort | tr '\n' ' ' | sed 's/ $//')"
check_eq "there is a violation in the list" 1 "$(violations_for "$disk/plain")"
# bank_ok BANK: the lists of the bank are whole and replay to its PCRs 13, 14 and 16.
bank_ok() {
	local values=() pcr size=$((${#start[${1}13]}))
	cat "$SECFS/binary_runtime_measurements_$1" >bank.list && cat "${ASCII}_$1" >bank.ascii || return
	for pcr in 13 14; do values+=("$pcr=${start[$1$pcr]}:$(register "$pcr" "$1")"); done
	values+=("16=$(printf "%0${size}d" 0):$(register 16 "$1")")
	"$SELFTESTS/replay_bank.py" bank.list bank.ascii "$1" "${values[@]}"
}
for bank in sha1 sha256 sha384 sha512; do
	if [ -n "${start[${bank}13]:-}" ]; then
		check "the list of the bank $bank has its digests and replays" bank_ok $bank
	else
		skip "the list of the bank $bank has its digests and replays" "the TPM has no such bank"
	fi
done
check "the list without suffix is that of SHA-1" cmp <(cat "$ASCII") <(cat "${ASCII}_sha1")
check "the binary list without suffix is that of SHA-1" cmp <(cat "$SECFS/binary_runtime_measurements") <(cat "$SECFS/binary_runtime_measurements_sha1")
finish
