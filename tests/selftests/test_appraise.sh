#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Appraisal: what is executed, mapped or loaded is refused unless a signature, a digest in security.ima or a signed list
# vouches for it. See test_appraise_write.sh for files that are written, and for the ways not to enforce.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

plan 67
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
check "its mapping for execution is refused" eval '! "$SYSCALLS" map "$file"'
check "to read it is allowed" cmp "$file" "$file"
chown 1000 "$file" && chmod 4755 "$file"
check "a setuid program is refused to others as well" eval '! as 2000 "$file" 2>/dev/null'

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
check "a changed one is refused" denied "$changing"
check_eq "because of what security.ima says" 1 "$(refusals "$changing" invalid-hash | wc -l)"
cp "$listed" "$disk/copy"
check "a copy of a known one runs" "$disk/copy"
ln "$listed" "$disk/link"
check "another name of it, too" "$disk/link"
cp "$listed" "$disk/onebyte" && printf X | dd of="$disk/onebyte" bs=1 seek=100 conv=notrunc status=none
check "one byte changed, it does not" denied "$disk/onebyte"

# Signed content in use is not written.
check "a program that counts as signed cannot be opened for writing" eval '! : 2>/dev/null >>"$listed"'
check_eq "and the audit log says why" 1 "$(refusals "$listed" immutable | wc -l)"
check "nor truncated" eval '! "$SYSCALLS" truncate "$listed" 10 2>/dev/null'
check "it still runs" "$listed"
fresh "$disk" && mv "$file" "$disk/link"
check "another file can be renamed over its name" denied "$disk/link"
check "one that was never used can be written" eval 'cp "$listed" "$disk/unused" && echo >>"$disk/unused"'
check "and is not known any more" denied "$disk/unused"

# Without an open of the file.
fresh "$disk" && unknown=$file
check "an unknown library is refused by LD_PRELOAD" eval 'LD_PRELOAD=$unknown "$listed" 2>&1 | grep -q "cannot be preloaded.*cannot\|failed to map"'
check "an unknown mapping does not become executable" eval '! "$SYSCALLS" mprotect "$unknown"'
check_eq "for which there is a cause" 1 "$(refusals "$unknown" made-executable | head -n 1 | wc -l)"
check "an interpreter that asks is told no" eval '! "$SYSCALLS" check "$unknown" 2>/dev/null'
check "ld.so does not run what execve() does not" eval '! /lib64/ld-linux-x86-64.so.2 "$unknown" 2>/dev/null'
exec {fd}<"$unknown"
check "nor does it run by its number in /proc" eval '! /proc/self/fd/$fd 2>/dev/null'
exec {fd}<&-
cp "$listed" "$disk/first" && cp "$unknown" "$disk/second"
check "a file swapped for a known one after it was opened is refused" eval '! "$SYSCALLS" swap-exec "$disk/second" "$disk/first" 2>/dev/null'
printf '#!%s\n' "$listed" >"$disk/script" && chmod 755 "$disk/script"
check "an unknown script is refused though its interpreter is known" denied "$disk/script"

# The file's own reference value.
fresh "$disk" && evmctl ima_hash -a sha256 "$file" >/dev/null 2>&1
check "a digest in security.ima is enough" "$file"
fresh "$disk" && evmctl ima_hash -a sha512 "$file" >/dev/null 2>&1
check "also one of SHA-512" "$file"
echo >>"$file"
check "but not for another content" denied "$file"
fresh "$disk" && evmctl ima_hash -a sha1 "$file" >/dev/null 2>&1
check "nor one of SHA-1" denied "$file"
check_eq "which has a cause of its own" 1 "$(refusals "$file" denied-hash-algorithm | wc -l)"
fresh "$disk" && sign_file "$file" linked && signed=$file
check "a signature by a trusted key is enough" "$signed"
check "and keeps the file from being written" eval '! : 2>/dev/null >>"$signed"'
fresh "$disk" && sign_file "$file" foreign
check "a signature by another key is not" denied "$file"
check_eq "which has a cause" 1 "$(refusals "$file" invalid-signature | wc -l)"
cp --preserve=xattr "$signed" "$disk/forged" && echo >>"$disk/forged"
check "nor one of other content" denied "$disk/forged"
fresh "$disk" && setfattr -n security.ima -v 0x050102 "$file"
check "a value of no known form is refused" denied "$file"
# A list vouches for this very content, whatever stands in the attribute.
cp "$listed" "$disk/bad" && evmctl ima_hash -a sha256 "$disk/bad" >/dev/null 2>&1 && setfattr -n security.ima -v "0x0404$ZERO" "$disk/bad"
check "a bad digest does not matter where a list says immutable" "$disk/bad"

# What rules ask for.
sig="appraise func=BPRM_CHECK fsuuid=$uuid appraise_type=imasig digest_list"
fresh "$disk" && hashed=$file && evmctl ima_hash -a sha256 "$hashed" >/dev/null 2>&1
fresh "$disk" && mutable=$file && list_of mutable "$mutable" && load_signed
set_policy "$sig" || not_ok "imasig is refused"
check "imasig: a digest is not enough" denied "$hashed"
check "nor is a list that calls the file mutable" denied "$mutable"
check "a list that calls it immutable is" "$listed"
check "and a signature" "$signed"
set_policy "appraise func=BPRM_CHECK fsuuid=$uuid"
check "without digest_list no list counts" denied "$listed"
check "but the signature does" "$signed"
set_policy "appraise func=BPRM_CHECK fsuuid=$uuid appraise_algos=sha512 digest_list"
check "appraise_algos=sha512: a digest of SHA-256 is refused" denied "$hashed"
check "which does not touch lists" "$listed"
evmctl ima_hash -a sha512 "$hashed" >/dev/null 2>&1
check "one of SHA-512 is taken" "$hashed"
set_policy "dont_appraise fowner=1000 fsuuid=$uuid$NL$enforce"
chown 1000 "$unknown"
check "dont_appraise comes first" "$unknown"
set_policy "measure func=BPRM_CHECK fsuuid=$uuid$NL$enforce"
fresh "$disk"
check "a file that is measured and appraised is refused" denied "$file"
check "after it was measured" measured "$file"

# Lists come and go.
set_policy "$enforce"
check "(it runs)" "$listed"
list_of revoked "$listed" && load_signed
check "a revoked digest is refused at once" denied "$listed"
check_eq "with the cause" 1 "$(refusals "$listed" revoked-hash | wc -l)"
fresh "$disk" && list_of immutable "$file" && load_signed && "$file" || note "the file does not run"
remove_list
check "what only a removed list knew is refused" denied "$file"
fresh "$disk" && list_of immutable "$file" && load_unsigned || note "the unsigned list is refused"
check "a list without a signature vouches for nothing" denied "$file"

# From memory.
set_policy "appraise func=BPRM_CHECK fsmagic=0x1021994 uid=4242"
check "a program in a memfd is refused" eval '! as 4242 "$SYSCALLS" memfd-exec /usr/bin/true 2>/dev/null'
finish
