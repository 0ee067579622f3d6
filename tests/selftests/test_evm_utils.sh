#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The cases of ima-evm-utils' tests that need no key of EVM: what evmctl writes into security.ima is
# judged by the kernel's own IMA and by the module, with the same rules. Where both may refuse a
# file there are two, of which each has the group that the one's rules name. Where they measure, it
# is the same file. Documentation/testing-others.md says what differs, and why.
#
# IMA takes one policy in each boot, so this needs a boot of its own:
#
#   scripts/vm --append selftest.evm_utils -- /opt/selftests/run test_evm_utils
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/others.sh"

booted_with selftest.evm_utils
ima_is_free
plan 99

chmod 755 "$WORK"
disk=$WORK/disk
image=/mnt/run/evm-utils.img
modprobe -q loop
truncate -s 128M $image && mkfs.ext4 -q -F -O verity -b 4096 $image && mkdir "$disk" && mount -o loop $image "$disk" &&
	mounts+=("$disk") || bail "no file system"
rm $image
no_ratelimit
mkdir "$disk/lower" "$disk/upper" "$disk/work"
mount_tmp overlay "lowerdir=$disk/lower,upperdir=$disk/upper,workdir=$disk/work" "$WORK/overlay" || bail "no overlayfs"

# Keys of the kinds that theirs sign with: those of RSA are there.
cp "$keys/weak.key" "$WORK/rsa1024.key" && cp "$keys/weak.pem" "$WORK/rsa1024.pem" && cp "$keys/weak.der" "$WORK/rsa1024.der"
cp "$keys/signer.key" "$WORK/rsa2048.key" && cp "$keys/signer.pem" "$WORK/rsa2048.pem" && cp "$keys/signer.der" "$WORK/rsa2048.der"
for kind in prime192v1 prime256v1 secp384r1; do
	openssl req -newkey ec -pkeyopt "ec_paramgen_curve:$kind" -nodes -keyout "$WORK/$kind.key" -subj "/CN=selftest $kind" -out "$WORK/csr" &&
		openssl x509 -req -in "$WORK/csr" -CA "$keys/ca.pem" -CAkey "$keys/ca.key" -days 3000 -out "$WORK/$kind.pem" \
			-extfile <(printf 'keyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n') &&
		openssl x509 -in "$WORK/$kind.pem" -outform DER -out "$WORK/$kind.der" || bail "no keys"
done 2>/dev/null

# '@' stands for the group of what only one of both may refuse.
appraised="appraise func=BPRM_CHECK fgroup=@0
appraise func=BPRM_CHECK fgroup=@1 appraise_type=imasig
appraise func=MMAP_CHECK fowner=2002 fgroup=@2
appraise func=MMAP_CHECK_REQPROT fowner=2003 fgroup=@2
appraise fgroup=@3 appraise_type=imasig
appraise func=FILE_CHECK fsname=overlay fgroup=@4"
measured="measure func=MMAP_CHECK fowner=2000
measure func=MMAP_CHECK_REQPROT fowner=2001
measure fowner=3001 template=ima-sig
measure func=BPRM_CHECK template=ima-ngv2 fowner=4001
measure func=BPRM_CHECK template=ima-ngv2 digest_type=verity fowner=4002
measure func=BPRM_CHECK template=ima-sigv2 fowner=4003
measure func=BPRM_CHECK template=ima-sigv2 digest_type=verity fowner=4004"

section "the rules"
keyctl new_session >/dev/null
kernel_keys _ima "$keys/linked.pem" "$WORK"/*.pem || bail "no keyring of IMA"
load_module || bail "the module does not load"
check "the module takes them" set_policy "$measured${NL}${appraised//@/800}" || bail "the module refuses the policy"
check "IMA takes them" ima_policy "$measured${NL}${appraised//@/700}" || bail "IMA refuses the policy"

# pair NAME N COMMAND...: two programs of the same content, $disk/NAME.ima and $disk/NAME.module,
# with the groups of rule N. The command, with the name of a file behind it, gives them their
# attribute.
pair() {
	fresh "$disk" "$1.ima"
	"${@:3}" "$file" >/dev/null 2>&1 || note "'${*:3}' fails"
	cp --preserve=mode,xattr "$file" "$disk/$1.module"
	chgrp "700$2" "$disk/$1.ima" && chgrp "800$2" "$disk/$1.module"
}
# verdict WHO WANT COMMAND...: one result: the command succeeds where the file is wanted to pass, or
# fails for want of permission. Its exit status is the errno, or that of a shell.
verdict() {
	local who=$1 want=$2 rc=0 got=passes
	"${@:3}" >"$WORK/verdict" 2>&1 || rc=$?
	[ "$rc" -eq 0 ] || got="is refused"
	[ "$rc" -eq 0 ] || [ "$rc" -eq 13 ] || [ "$rc" -eq 1 ] || [ "$rc" -eq 126 ] || got="fails with $rc"
	check_eq "with $who the file ${want}" "$want" "$got" || sed 's/^/# /' "$WORK/verdict"
}
# run_both NAME IMA MODULE
run_both() {
	verdict IMA "$2" "$disk/$1.ima"
	verdict "the module" "$3" "$disk/$1.module"
}

# ima_hash: SHA-1 and MD5 are broken, and the module has no others than these.
for alg in md5 sha1 sha224 sha256 sha384 sha512; do
	section "ima_hash $alg"
	pair $alg 0 evmctl ima_hash -a $alg
	case $alg in
	sha256 | sha384 | sha512) run_both $alg passes passes ;;
	*) run_both $alg passes "is refused" ;;
	esac
done
section "ima_hash unknown"
pair unknown 0 eval '! evmctl ima_hash -a unknown'
run_both unknown "is refused" "is refused"

section "sign_verify keys"
for kind in rsa1024 prime192v1; do
	check "the module does not trust a key of $kind" eval '! cat "$WORK/$kind.der" 2>/dev/null >"$SECFS/trusted_keys"'
done
for kind in rsa2048 prime256v1 secp384r1; do
	check "the module trusts a key of $kind" eval 'cat "$WORK/$kind.der" >"$SECFS/trusted_keys"'
done
# What is signed by which key over which hash.
for case in "rsa1024 md5" "rsa1024 sha256" "rsa2048 sha1" "rsa2048 sha224" "rsa2048 sha256" "rsa2048 sha384" "rsa2048 sha512" \
	"prime192v1 sha256" "prime256v1 sha1" "prime256v1 sha256" "prime256v1 sha512" "secp384r1 sha384"; do
	read -r kind hash <<<"$case"
	section "sign_verify $kind $hash"
	pair "$kind-$hash" 1 evmctl ima_sign -a "$hash" -k "$WORK/$kind.key"
	case $kind-$hash in
	rsa1024-* | prime192v1-* | *-sha1 | *-sha224) run_both "$kind-$hash" passes "is refused" ;;
	*) run_both "$kind-$hash" passes passes ;;
	esac
done
section "sign_verify a key that is not known"
pair stranger 1 evmctl ima_sign -a sha256 -k "$keys/foreign.key"
run_both stranger "is refused" "is refused"
section "sign_verify a digest where a signature is wanted"
pair unsigned 1 evmctl ima_hash -a sha256
run_both unsigned "is refused" "is refused"
section "sign_verify the signature of another file"
pair changed 1 evmctl ima_sign -a sha256 -k "$keys/linked.key"
for file in "$disk"/changed.*; do echo more >>"$file"; done
run_both changed "is refused" "is refused"
section "sign_verify version 1"
pair old 1 eval '! evmctl ima_sign --rsa -a sha1 -k "$keys/linked.key"'
check "evmctl makes no signature of version 1" eval '[ -z "$(ima_of "$disk/old.ima")" ]'

# mmap_check: FOWNER COMMAND IMA MODULE.
number=0
for case in "2000 map-read 0 0" "2000 map 1 1" "2000 map-implied 1 1" "2001 map-read 0 0" "2001 map 1 1" "2001 map-implied 0 0"; do
	read -r owner command ima_wants module_wants <<<"$case"
	number=$((number + 1))
	section "mmap_check $number"
	fresh "$disk" && chown "$owner" "$file"
	"$SYSCALLS" "$command" "$file" || note "the file is not mapped"
	check_eq "IMA has $ima_wants records of the mapping" "$ima_wants" "$(count_in $ima_list "$file")"
	check_eq "the module has $module_wants records of the mapping" "$module_wants" "$(records_for "$file")"
done
for case in "2002 mprotect is_refused passes" "2003 mprotect is_refused passes" "2002 map-over-writable is_refused is_refused" \
	"2003 map-over-writable is_refused is_refused"; do
	read -r owner command ima_wants module_wants <<<"$case"
	number=$((number + 1))
	section "mmap_check $number"
	pair "mmap-$number" 2 evmctl ima_sign -a sha256 -k "$keys/linked.key"
	chown "$owner" "$disk/mmap-$number".*
	for file in "$disk/mmap-$number".*; do "$SYSCALLS" map "$file" || note "$file is not mapped executable"; done
	verdict IMA "${ima_wants/_/ }" "$SYSCALLS" "$command" "$disk/mmap-$number.ima"
	verdict "the module" "${module_wants/_/ }" "$SYSCALLS" "$command" "$disk/mmap-$number.module"
done

section "portable_signatures: ima_sig_appraisal"
pair immutable 3 evmctl ima_sign -a sha256 -k "$keys/linked.key"
verdict IMA passes cat "$disk/immutable.ima"
verdict "the module" passes cat "$disk/immutable.module"
section "portable_signatures: ima_sig_appraisal, a write"
verdict IMA "is refused" eval 'echo more >>"$disk/immutable.ima"'
verdict "the module" "is refused" eval 'echo more >>"$disk/immutable.module"'

section "portable_signatures: ima_sig_ima_measurement_list"
fresh "$disk" && sign_file "$file" linked && chown 3001 "$file" && : <"$file"
value=$(ima_of "$file")
check_eq "IMA records the signature" "$value" "$(awk -v path="$file" '$5 == path { print $6 }' $ima_list)"
check_eq "the module records the signature" "$value" "$(awk -v path="$file" '$5 == path { print $6 }' "$ASCII")"

# verity FILE OWNER: enables fs-verity, prints the digest, and puts a signature of it in
# security.ima.
verity() {
	local digest signature
	digest=$("$SYSCALLS" verity "$1") || return
	signature=$(echo "sha256:$digest $1" | evmctl sign_hash --veritysig -k "$keys/linked.key" 2>/dev/null | cut -d' ' -f3)
	[ -z "$signature" ] || setfattr -n security.ima -v "0x$signature" "$1"
	echo "$digest"
}
# fields LIST FILE: the digest and what follows the name in the record of the file.
fields() { awk -v path="$2" '$5 == path { print $3, $4, $6 }' "$1"; }
for number in 1 2 3 4; do
	fresh "$disk" && template="ima-ngv2" signature=''
	[ $number -lt 3 ] || template="ima-sigv2"
	if [ $number = 1 ] || [ $number = 3 ]; then
		section "fsverity test$number"
		chown 400$number "$file" && "$file"
		want="$template ima:sha256:$(digest_of "$file") "
	else
		section "fsverity test$number, without fs-verity"
		chown 400$number "$file" && "$file"
		check_eq "IMA has no record of a file that it cannot measure" "" "$(fields $ima_list "$file")"
		check_eq "the module has a violation of a file that it cannot measure" "ima-ng sha256:$ZERO " "$(fields "$ASCII" "$file")"
		section "fsverity test$number"
		fresh "$disk" && digest=$(verity "$file") || note "fs-verity is not enabled"
		chown 400$number "$file" && "$file"
		[ $number = 2 ] || signature=$(ima_of "$file")
		want="$template verity:sha256:$digest $signature"
	fi
	check_eq "IMA records the file" "$want" "$(fields $ima_list "$file")"
	check_eq "the module records the file" "$want" "$(fields "$ASCII" "$file")"
done
check "the signature of an fs-verity digest is one of version 3" eval '[[ $(ima_of "$file") == 0603* ]]'

section "ima_overlay test1"
for who in ima module; do fresh "$disk/lower" "$who" && sign_file "$file" linked; done
chgrp 7004 "$disk/lower/ima" && chgrp 8004 "$disk/lower/module"
check "a signed program keeps its signature when it is copied" eval 'cp --preserve=all "$disk/lower/ima" "$disk/copy" &&
	[ "$(ima_of "$disk/copy")" = "$(ima_of "$disk/lower/ima")" ] && [[ $(ima_of "$disk/copy") == 0302* ]]'
section "ima_overlay test2"
check "overlayfs has the signature of the file below" eval '[ "$(ima_of "$WORK/overlay/ima")" = "$(ima_of "$disk/lower/ima")" ]'
section "ima_overlay test3"
verdict IMA passes "$WORK/overlay/ima"
verdict "the module" passes "$WORK/overlay/module"
section "ima_overlay test3, after a change below"
check "IMA lets the file below be written" eval 'echo more >>"$disk/lower/ima"'
verdict IMA "is refused" "$WORK/overlay/ima"
check "the module does not let the file below be written" eval '! (echo more >>"$disk/lower/module") 2>/dev/null'
verdict "the module" passes "$WORK/overlay/module"
finish
