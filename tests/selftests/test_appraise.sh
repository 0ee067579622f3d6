#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Appraisal: what is executed, mapped or loaded is refused unless a signature, a digest in
# security.ima or a signed list vouches for it. See test_appraise_write.sh for files that are
# written, and for the ways not to enforce.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

plan 60
begin_appraisal
load_module require_signature=0 || bail "the module does not load"
enforce="appraise func=BPRM_CHECK fsuuid=$uuid digest_list
appraise func=MMAP_CHECK fsuuid=$uuid digest_list"
set_policy "$enforce" || bail "the policy is refused"
check_eq "the status file says that appraise rules enforce" enforce "$(status ima_appraise)"

section "an unknown program"
mark
fresh "$disk"
check "is refused" denied "$file"
check_eq "leaves an audit record with the cause" 1 "$(refusals "$file" missing-hash | wc -l)"
check_eq "has its digest and the rule in the audit record" 1 "$(refusals "$file" missing-hash | grep -c "hash=\"sha256:$(digest_of "$file")\" rule=1\$")"
check_eq "has the errno in the audit record" 1 "$(refusals "$file" missing-hash | grep -c 'res=0 errno=-13')"
check "is refused the second time as well" denied "$file"
check_eq "counts twice in the status file" 2 "$(status files_denied)"
check "is not mapped for execution" is_refused missing-hash "$file" "$SYSCALLS" map "$file"
check "can be read" cmp "$file" "$file"
chown 1000 "$file" && chmod 4755 "$file"
check "is refused as a setuid program to another user" is_refused missing-hash "$file" as 2000 "$file"
list_of immutable "$file" && load_signed || bail "the list is refused"
check "runs as soon as a signed list knows it" as 2000 "$file"

section "files of a signed list"
fresh "$disk" && listed=$file
fresh "$disk" && changing=$file
list_of immutable "$listed" mutable "$changing" && load_signed || bail "the list is refused"
check "an immutable program runs" "$listed"
check_eq "an immutable program keeps no security.ima" "" "$(ima_of "$listed")"
check "a mutable program runs" "$changing"
check_eq "a mutable program gets its digest into security.ima" "0404$(digest_of "$changing")" "$(ima_of "$changing")"
check "immutable and mutable files can be mapped for execution" eval '"$SYSCALLS" map "$listed" && "$SYSCALLS" map "$changing"'
check "an immutable file can be made executable after it was mapped" "$SYSCALLS" mprotect "$listed"
check "an immutable file is allowed to an interpreter that asks" "$SYSCALLS" check "$listed"
echo more >>"$changing"
check "a mutable program that was changed is refused because of security.ima" is_refused invalid-hash "$changing" "$changing"
cp "$listed" "$disk/copy"
check "a copy of an immutable program runs" "$disk/copy"
ln "$listed" "$disk/link"
check "an immutable program runs under another name" "$disk/link"
cp "$listed" "$WORK/onebyte" && printf X | dd of="$WORK/onebyte" bs=1 seek=100 conv=notrunc status=none && cp "$WORK/onebyte" "$disk"
check "a copy of which one byte was changed is refused" is_refused missing-hash "$disk/onebyte" "$disk/onebyte"

section "ways without an open of the file"
fresh "$disk" && unknown=$file
zlib=$(echo /usr/lib/*/libz.so.1)
cp "$zlib" "$disk/libunknown.so" && echo >>"$disk/libunknown.so"
check "an unknown library is refused to LD_PRELOAD" is_refused missing-hash "$disk/libunknown.so" preloaded "$disk/libunknown.so"
check "the loader says that an unknown library is not preloaded" grep -q 'libunknown.so.*cannot be preloaded' "$WORK/loader"
list_of immutable "$zlib" && load_signed && cp "$zlib" "$disk/libknown.so" || bail "the list is refused"
check "a known library is preloaded" preloaded "$disk/libknown.so"
check "the mapping of an unknown file is not made executable" is_refused made-executable "$unknown" "$SYSCALLS" mprotect "$unknown"
check_eq "a mapping that is not made executable names the rule in its record" 1 "$(refusals "$unknown" made-executable | grep -c ' rule=2$')"
check "an interpreter that asks about an unknown file is told no" is_refused missing-hash "$unknown" "$SYSCALLS" check "$unknown"
check "ld.so does not run what execve() does not" is_refused missing-hash "$unknown" /lib*/ld-linux-*.so.? "$unknown"
exec {fd}<"$unknown"
check "an unknown program does not run by its number in /proc" is_refused missing-hash "$unknown" eval '/proc/self/fd/$fd'
exec {fd}<&-
cp "$listed" "$disk/first" && cp "$unknown" "$disk/second"
check "a file that is swapped for a known one after it was opened is refused" \
	is_refused missing-hash "$disk/second (deleted)" "$SYSCALLS" swap-exec "$disk/second" "$disk/first"
printf '#!%s\n' "$listed" >"$disk/script" && chmod 755 "$disk/script"
check "an unknown script is refused though its interpreter is known" is_refused missing-hash "$disk/script" "$disk/script"

section "security.ima"
fresh "$disk" && evmctl ima_hash -a sha256 "$file" >/dev/null 2>&1
check "a program with its SHA-256 runs" "$file"
fresh "$disk" && evmctl ima_hash -a sha512 "$file" >/dev/null 2>&1
check "a program with its SHA-512 runs" "$file"
echo >>"$file"
check "a program with the digest of another content is refused" is_refused invalid-hash "$file" "$file"
fresh "$disk" && evmctl ima_hash -a sha1 "$file" >/dev/null 2>&1
check "a program with its SHA-1 is refused" is_refused denied-hash-algorithm "$file" "$file"
fresh "$disk" && sign_file "$file" linked && signed=$file
check "a program with a signature by a trusted key runs" "$signed"
fresh "$disk" && sign_file "$file" foreign
check "a program with a signature by another key is refused" is_refused invalid-signature "$file" "$file"
cp --preserve=xattr "$signed" "$disk/forged" && echo >>"$disk/forged"
check "a program with a signature of another content is refused" is_refused invalid-signature "$disk/forged" "$disk/forged"
fresh "$disk" && setfattr -n security.ima -v 0x0404ff "$file"
check "a value of no known form is refused" is_refused unknown-ima-data "$file" "$file"
# A list vouches for this very content, whatever stands in the attribute.
cp "$listed" "$disk/bad" && evmctl ima_hash -a sha256 "$disk/bad" >/dev/null 2>&1 && setfattr -n security.ima -v "0x0404$ZERO" "$disk/bad"
check "a bad digest does not matter where a list says immutable" "$disk/bad"

section "conditions of rules"
sig="appraise func=BPRM_CHECK fsuuid=$uuid appraise_type=imasig digest_list"
fresh "$disk" && hashed=$file && evmctl ima_hash -a sha256 "$hashed" >/dev/null 2>&1
fresh "$disk" && mutable=$file && list_of mutable "$mutable" && load_signed
set_policy "$sig" || not_ok "imasig is refused"
check "imasig refuses a file with a digest" is_refused IMA-signature-required "$hashed" "$hashed"
check "imasig refuses a file that a list calls mutable" is_refused IMA-signature-required "$mutable" "$mutable"
check "imasig takes a list that calls the file immutable" "$listed"
check "imasig takes a signature" "$signed"
set_policy "appraise func=BPRM_CHECK fsuuid=$uuid"
check "without digest_list a list does not count" is_refused missing-hash "$listed" "$listed"
check "without digest_list a signature counts" "$signed"
set_policy "appraise func=BPRM_CHECK fsuuid=$uuid appraise_algos=sha512 digest_list"
check "appraise_algos=sha512 refuses a digest of SHA-256" is_refused denied-hash-algorithm "$hashed" "$hashed"
check "appraise_algos=sha512 takes a list of SHA-256" "$listed"
evmctl ima_hash -a sha512 "$hashed" >/dev/null 2>&1
check "appraise_algos=sha512 takes a digest of SHA-512" "$hashed"
set_policy "dont_appraise fowner=1000 fsuuid=$uuid$NL$enforce"
chown 1000 "$unknown"
check "dont_appraise before an appraise rule exempts a file" "$unknown"
set_policy "measure func=BPRM_CHECK fsuuid=$uuid$NL$enforce"
fresh "$disk"
check "measure and appraise refuse an unknown file" is_refused missing-hash "$file" "$file"
check "measure and appraise measure the file that they refuse" measured "$file"

section "lists that come and go"
set_policy "$enforce"
check "a listed program runs before its digest is revoked" "$listed"
list_of revoked "$listed" && load_signed
check "a revoked digest is refused at once" is_refused revoked-hash "$listed" "$listed"
fresh "$disk" && list_of immutable "$file" && load_signed && "$file" || note "the file does not run"
remove_list
check "what only a removed list knew is refused" is_refused missing-hash "$file" "$file"
fresh "$disk" && list_of immutable "$file" && load_unsigned || note "the unsigned list is refused"
check "an unsigned list does not make a file known" is_refused missing-hash "$file" "$file"

section "a trusted key that is revoked"
id=$(sed -n 's/^\([0-9a-f]*\) .*/\1/p' "$SECFS/trusted_keys" | while read -r id; do
	openssl x509 -in "$keys/linked.pem" -noout -ext subjectKeyIdentifier | tr -d ': \n' | grep -qi "$id" && echo "$id"
done)
check "its signed program runs before" "$signed"
check "the revocation is accepted" eval 'echo "revoke $id" >"$SECFS/trusted_keys"'
check "its signed program is refused at once" is_refused invalid-signature "$signed" "$signed"
finish
