#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Headers of RPM packages as distributors ship and sign them: with the distributors' OpenPGP keys
# linked into the module each loads, and none does with one bit changed in the header, in the
# signature or in the key.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/signatures.sh"

rpm=/opt/guest/rpm
DIGEST_LISTS_KO=$rpm/digest_lists.ko
[ -e "$DIGEST_LISTS_KO" ] || skip_all "no module with the keys of distributors was built"

plan 13
cd "$WORK" || bail "no work directory"

# write_all NAME: writes each file of which standard input has the path to the module's file; prints
# what became of it.
write_all() { "$SELFTESTS/digestlists.py" write "$1"; }
same() { diff "$1" "$2" | head -n 10; [ "${PIPESTATUS[0]}" -eq 0 ]; }

good=$(grep -c ' good ' $rpm/index)
note "$(wc -l <$rpm/index) headers, $good of them signed with SHA-256 or better and with SHA-256 digests"

start
section "headers of distributors"
check "the distributors' keys are in the keyring" [ "$(grep -c 'usage=headers origin=module' $SECFS/trusted_keys)" -ge 4 ]

awk -v d=$rpm '{ print d "/" $1 ".meta" }' $rpm/index | write_all digest_lists >got
awk -v d=$rpm '{ print d "/" $1 ".meta", $3 }' $rpm/index >want
check "each loads or is refused as it should be" same want got
check_eq "as many lists are loaded" "$good" "$(wc -l <$SECFS/digest_lists)"
check_eq "one has more than 9 MB" 1 "$(find $rpm -name '*[0-9].hdr' -size +9000000c | wc -l)"
check "each names a signer" [ "$(grep -c 'type=rpm algo=sha256 signer=[0-9a-f]\{40\} actions=measure,appraise' $SECFS/digest_lists)" = "$good" ]
note "$(cat $SECFS/digests_count) digests, $(sed -n 's/^digest_memory: //p' $SECFS/status) bytes"
unload_all
check_eq "all can be removed" "0 0" "$(wc -l <$SECFS/digest_lists) $(cat $SECFS/digests_count)"

grep ' good ' $rpm/index | awk -v d=$rpm '{ print d "/" $1 ".data.meta" }' | write_all digest_lists >got
check_eq "each is refused with one bit of the header changed" "$good EREMCHG" "$(awk '{ print $2 }' got | sort | uniq -c | sed 's/^ *//')"
grep ' good ' $rpm/index | awk -v d=$rpm '{ print d "/" $1 ".sig.meta" }' | write_all digest_lists >got
check_eq "each is refused with one bit of the signature changed" "$good EREMCHG" "$(awk '{ print $2 }' got | sort | uniq -c | sed 's/^ *//')"
check_eq "none with a changed bit was loaded" 0 "$(wc -l <$SECFS/digest_lists)"

awk -v d=$rpm '/ good / { print d "/" $1 ".meta" }' $rpm/index | xargs cat >all.meta
check "all are loaded by one write" dd if=all.meta of=$SECFS/digest_lists bs=16M status=none
note "by one write: $(cat $SECFS/digests_count) digests, $(sed -n 's/^digest_memory: //p' $SECFS/status) bytes"
check_eq "one write loads as many lists" "$good" "$(wc -l <$SECFS/digest_lists)"
unload_module || bail "the module does not unload"

section "damaged keys of distributors"
# The distributors' keys as certificates of the test's CA, each with one bit of the modulus changed.
DIGEST_LISTS_KO=$keys/digest_lists.ko
load_module ima_policy=exec_tcb require_signature=1 || bail "the module of the signatures' test does not load"
for key in "$rpm"/flipped-*.der; do echo "$key"; done | write_all trusted_keys >added
check "their certificates can be added" same /dev/null <(grep -v ' good$' added)
grep ' good ' $rpm/index | awk -v d=$rpm '{ print d "/" $1 ".meta" }' | write_all digest_lists >got
check_eq "each header is refused by such a key, and an authority that is younger than the signatures" "$good ENOLINK" "$(awk '{ print $2 }' got | sort | uniq -c | sed 's/^ *//')"
unload_module
finish
