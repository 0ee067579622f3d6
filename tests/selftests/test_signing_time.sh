#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# When signatures were made counts, and not the system's clock: a clock that is wrong, or a
# certificate that has ended, keeps no list from loading. validity=clock asks the clock as well.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/signatures.sh"

DIGEST_LISTS_KO=$keys/digest_lists.ko
[ -e "$DIGEST_LISTS_KO" ] || skip_all "no module with certificates of the test was built"

plan 27
cd "$WORK" || bail "no work directory"

boot=$(($(date +%s) - $(uptime)))
# clock [DATE]: sets the clock; without DATE it is right again.
clock() { date -s "${1:-@$((boot + $(uptime)))}" >/dev/null; }
# signed_at DATE LIST KEY: cms, with the certificate, at another time.
signed_at() {
	clock "$1" && cms "$2" "$3" || bail "openssl cms"
	clock
}
trap 'clock; cleanup' EXIT

"$SELFTESTS/digestlists.py" series "$WORK/lists" 1 10
cp lists/list-0 list
for key in linked signer expired future; do
	cp list list-$key && cms list-$key $key || bail "openssl cms"
done
cp list list-past && signed_at '2020-06-01 UTC' list-past expired
cp list list-past-linked && signed_at '2020-06-01 UTC' list-past-linked linked-old
cp list list-silent && cms list-silent expired -noattr || bail "openssl cms"
cp list list-beneath && cms list-beneath beneath || bail "openssl cms"
cp list list-late && signed_at '2060-01-01 UTC' list-late beneath
ima list dedicated || bail "evmctl"

loads() { accepted "$1" load "$2" "$3" && unload_all; }

start
section "validity=signing"
check_eq "the status file tells that the time of signing counts" signing "$(status validity)"
accepted "a CA that ends in 2050 is added" put trusted_keys "$keys/brief.der"
accepted "a key that is dedicated to lists is added" put trusted_keys "$keys/dedicated.der"
for year in 2001 2040 2150; do
	clock "$year-01-01 UTC"
	loads "a list by a built-in key loads in $year" list-linked list-linked.linked
	loads "a list by a certificate in the message loads in $year" list-signer list-signer.signer
	loads "a list by an IMA signature loads in $year" list list.dedicated.ima
done
clock
loads "what was signed while the certificate was valid counts for ever" list-past-linked list-past-linked.linked-old
refused "what was signed before the authority was valid is refused" ETIME "before the validity of the certificate began" \
	load list-past list-past.expired
refused "what was signed after the certificate was valid is refused" EKEYEXPIRED "after the validity of the certificate had ended" \
	load list-expired list-expired.expired
refused "what was signed before the certificate was valid is refused" ETIME "before the validity of the certificate began" \
	load list-future list-future.future
loads "a signature that says no time is not asked for it" list-silent list-silent.expired
loads "what was signed while an authority in between was valid loads" list-beneath list-beneath.beneath
refused "what was signed after an authority in between was valid is refused" EKEYEXPIRED "had ended" load list-late list-late.beneath
unload_module || bail "the module does not unload"

load_module ima_policy=exec_tcb require_signature=1 validity=clock || bail "the module does not load"
section "validity=clock"
check_eq "the status file tells that the clock counts" clock "$(status validity)"
loads "a list loads in our days" list-signer list-signer.signer
clock '2001-01-01 UTC'
refused "a list is refused in 2001" ETIME "not valid yet, by this system's clock" load list-signer list-signer.signer
clock '2150-01-01 UTC'
refused "a list is refused in 2150" EKEYEXPIRED "the key has expired" load list-signer list-signer.signer
refused "a list by a built-in key is refused in 2150" EKEYEXPIRED "the key has expired" load list-linked list-linked.linked
clock
refused "what was signed while the certificate was valid is refused afterwards" EKEYEXPIRED "the key has expired" load list-past-linked list-past-linked.linked-old
refused "what was signed after the certificate was valid is refused" EKEYEXPIRED "had ended" load list-expired list-expired.expired
unload_module || bail "the module does not unload"
section "validity"
check "a word that is no value is refused" eval '! insmod "$DIGEST_LISTS_KO" validity=never && dmesg | grep -q "validity=never: expected"'
finish
