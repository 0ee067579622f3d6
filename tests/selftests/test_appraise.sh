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
check_eq "status says what appraise rules do" enforce "$(status ima_appraise)"

# Nothing vouches for the file.
mark
fresh "$disk"
check "an unknown program is refused" denied "$file"
check_eq "with an audit record of the cause" 1 "$(refusals "$file" missing-hash | wc -l)"
check_eq "the digest and the rule" 1 "$(refusals "$file" missing-hash | grep -c "hash=\"sha256:$(digest_of "$file")\" rule=1\$")"
check_eq "and the errno" 1 "$(refusals "$file" missing-hash | grep -c 'res=0 errno=-13')"
check "again" denied "$file"
check_eq "status counts both" 2 "$(status files_denied)"
check "its mapping for execution is refused" is_refused missing-hash "$file" "$SYSCALLS" map "$file"
check "to read it is allowed" cmp "$file" "$file"
chown 1000 "$file" && chmod 4755 "$file"
check "a setuid program is refused to others as well" is_refused missing-hash "$file" as 2000 "$file"
list_of immutable "$file" && load_signed || bail "the list is refused"
check "unless a list knows it" as 2000 "$file"

# A list.
fresh "$disk" && listed=$file
fresh "$disk" && changing=$file
list_of immutable "$listed" mutable "$changing" && load_signed || bail "the list is refused"
check "a program that a signed list calls immutable runs" "$listed"
check_eq "and its security.ima is not touched" "" "$(ima_of "$listed")"
check "one that the list calls mutable runs" "$changing"
check_eq "and its digest is stored" "0404$(digest_of "$changing")" "$(ima_of "$changing")"
check "both can be mapped" eval '"$SYSCALLS" map "$listed" && "$SYSCALLS" map "$changing"'
check "made executable after it was mapped" "$SYSCALLS" mprotect "$listed"
check "asked about by an interpreter" "$SYSCALLS" check "$listed"
echo more >>"$changing"
check "a changed one is refused because of what security.ima says" is_refused invalid-hash "$changing" "$changing"
cp "$listed" "$disk/copy"
check "a copy of a known one runs" "$disk/copy"
ln "$listed" "$disk/link"
check "another name of it, too" "$disk/link"
cp "$listed" "$WORK/onebyte" && printf X | dd of="$WORK/onebyte" bs=1 seek=100 conv=notrunc status=none && cp "$WORK/onebyte" "$disk"
check "one byte changed, it does not" is_refused missing-hash "$disk/onebyte" "$disk/onebyte"

# Without an open of the file.
fresh "$disk" && unknown=$file
zlib=$(echo /usr/lib/*/libz.so.1)
cp "$zlib" "$disk/libunknown.so" && echo >>"$disk/libunknown.so"
# preloaded LIBRARY: whether a program is started with it. The loader starts the program without
# what it cannot map.
preloaded() { LD_PRELOAD=$1 grep -q "r-xp .*$1" /proc/self/maps 2>"$WORK/loader"; }
check "an unknown library is refused by LD_PRELOAD" is_refused missing-hash "$disk/libunknown.so" preloaded "$disk/libunknown.so"
check "which the loader says" grep -q 'libunknown.so.*cannot be preloaded' "$WORK/loader"
list_of immutable "$zlib" && load_signed && cp "$zlib" "$disk/libknown.so" || bail "the list is refused"
check "a known one is loaded" preloaded "$disk/libknown.so"
check "an unknown mapping does not become executable" is_refused made-executable "$unknown" "$SYSCALLS" mprotect "$unknown"
check_eq "under the rule that the record names" 1 "$(refusals "$unknown" made-executable | grep -c ' rule=2$')"
check "an interpreter that asks is told no" is_refused missing-hash "$unknown" "$SYSCALLS" check "$unknown"
check "ld.so does not run what execve() does not" is_refused missing-hash "$unknown" /lib64/ld-linux-x86-64.so.2 "$unknown"
exec {fd}<"$unknown"
check "nor does it run by its number in /proc" is_refused missing-hash "$unknown" eval '/proc/self/fd/$fd'
exec {fd}<&-
cp "$listed" "$disk/first" && cp "$unknown" "$disk/second"
check "a file swapped for a known one after it was opened is refused" \
	is_refused missing-hash "$disk/second (deleted)" "$SYSCALLS" swap-exec "$disk/second" "$disk/first"
printf '#!%s\n' "$listed" >"$disk/script" && chmod 755 "$disk/script"
check "an unknown script is refused though its interpreter is known" is_refused missing-hash "$disk/script" "$disk/script"

# The file's own reference value.
fresh "$disk" && evmctl ima_hash -a sha256 "$file" >/dev/null 2>&1
check "a digest in security.ima is enough" "$file"
fresh "$disk" && evmctl ima_hash -a sha512 "$file" >/dev/null 2>&1
check "also one of SHA-512" "$file"
echo >>"$file"
check "but not for another content" is_refused invalid-hash "$file" "$file"
fresh "$disk" && evmctl ima_hash -a sha1 "$file" >/dev/null 2>&1
check "nor one of SHA-1" is_refused denied-hash-algorithm "$file" "$file"
fresh "$disk" && sign_file "$file" linked && signed=$file
check "a signature by a trusted key is enough" "$signed"
fresh "$disk" && sign_file "$file" foreign
check "a signature by another key is not" is_refused invalid-signature "$file" "$file"
cp --preserve=xattr "$signed" "$disk/forged" && echo >>"$disk/forged"
check "nor one of other content" is_refused invalid-signature "$disk/forged" "$disk/forged"
fresh "$disk" && setfattr -n security.ima -v 0x0404ff "$file"
check "a value of no known form is refused" is_refused unknown-ima-data "$file" "$file"
# A list vouches for this very content, whatever stands in the attribute.
cp "$listed" "$disk/bad" && evmctl ima_hash -a sha256 "$disk/bad" >/dev/null 2>&1 && setfattr -n security.ima -v "0x0404$ZERO" "$disk/bad"
check "a bad digest does not matter where a list says immutable" "$disk/bad"

# What rules ask for.
sig="appraise func=BPRM_CHECK fsuuid=$uuid appraise_type=imasig digest_list"
fresh "$disk" && hashed=$file && evmctl ima_hash -a sha256 "$hashed" >/dev/null 2>&1
fresh "$disk" && mutable=$file && list_of mutable "$mutable" && load_signed
set_policy "$sig" || not_ok "imasig is refused"
check "imasig: a digest is not enough" is_refused IMA-signature-required "$hashed" "$hashed"
check "nor is a list that calls the file mutable" is_refused IMA-signature-required "$mutable" "$mutable"
check "a list that calls it immutable is" "$listed"
check "and a signature" "$signed"
set_policy "appraise func=BPRM_CHECK fsuuid=$uuid"
check "without digest_list no list counts" is_refused missing-hash "$listed" "$listed"
check "but the signature does" "$signed"
set_policy "appraise func=BPRM_CHECK fsuuid=$uuid appraise_algos=sha512 digest_list"
check "appraise_algos=sha512: a digest of SHA-256 is refused" is_refused denied-hash-algorithm "$hashed" "$hashed"
check "which does not touch lists" "$listed"
evmctl ima_hash -a sha512 "$hashed" >/dev/null 2>&1
check "one of SHA-512 is taken" "$hashed"
set_policy "dont_appraise fowner=1000 fsuuid=$uuid$NL$enforce"
chown 1000 "$unknown"
check "dont_appraise comes first" "$unknown"
set_policy "measure func=BPRM_CHECK fsuuid=$uuid$NL$enforce"
fresh "$disk"
check "a file that is measured and appraised is refused" is_refused missing-hash "$file" "$file"
check "after it was measured" measured "$file"

# Lists come and go.
set_policy "$enforce"
check "(it runs)" "$listed"
list_of revoked "$listed" && load_signed
check "a revoked digest is refused at once" is_refused revoked-hash "$listed" "$listed"
fresh "$disk" && list_of immutable "$file" && load_signed && "$file" || note "the file does not run"
remove_list
check "what only a removed list knew is refused" is_refused missing-hash "$file" "$file"
fresh "$disk" && list_of immutable "$file" && load_unsigned || note "the unsigned list is refused"
check "a list without a signature vouches for nothing" is_refused missing-hash "$file" "$file"

# Keys go.
id=$(sed -n 's/^\([0-9a-f]*\) .*/\1/p' "$SECFS/trusted_keys" | while read -r id; do
	openssl x509 -in "$keys/linked.pem" -noout -ext subjectKeyIdentifier | tr -d ': \n' | grep -qi "$id" && echo "$id"
done)
check "(the signed program runs)" "$signed"
check "its key is revoked" eval 'echo "revoke $id" >"$SECFS/trusted_keys"'
check "and it is refused at once" is_refused invalid-signature "$signed" "$signed"
finish
