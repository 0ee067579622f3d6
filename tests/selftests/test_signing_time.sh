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

# The time of boot: bash's own count of seconds goes by the clock.
uptime() { sed 's/\..*//' /proc/uptime; }
boot=$(($(date +%s) - $(uptime)))
# clock [DATE]: sets the clock; without DATE it is right again.
clock() { date -s "${1:-@$((boot + $(uptime)))}" >/dev/null; }
# signed_at DATE LIST KEY: cms, with the certificate, at another time.
signed_at() {
	clock "$1" && cms "$2" "$3" || bail "openssl cms"
	clock
}
trap 'clock; cleanup' EXIT

"$SELFTESTS/lists.py" "$WORK/lists" 1 10
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

start() { load_module ima_policy=exec_tcb require_signature=1 "$@" || bail "the module does not load"; }
loads() { accepted "$1" load "$2" "$3" && unload_all; }

start
check_eq "status tells what counts" signing "$(status validity)"
accepted "a CA that ends in 2050" put trusted_keys "$keys/brief.der"
accepted "a key that is dedicated to lists" put trusted_keys "$keys/dedicated.der"
for year in 2001 2040 2150; do
	clock "$year-01-01 UTC"
	loads "in $year a list loads by a linked-in key" list-linked list-linked.linked
	loads "in $year it loads by a certificate in the message" list-signer list-signer.signer
	loads "in $year it loads by an IMA signature" list list.dedicated.ima
done
clock
loads "what was signed while the certificate was valid counts for ever" list-past-linked list-past-linked.linked-old
refused "unless its authority was not valid yet" ETIME "before the validity of the certificate began" \
	load list-past list-past.expired
refused "what was signed after that does not" EKEYEXPIRED "after the validity of the certificate had ended" \
	load list-expired list-expired.expired
refused "nor what was signed before the certificate was valid" ETIME "before the validity of the certificate began" \
	load list-future list-future.future
loads "a signature that says no time is not asked for it" list-silent list-silent.expired
loads "an authority in between was valid when the list was signed" list-beneath list-beneath.beneath
refused "or was not" EKEYEXPIRED "had ended" load list-late list-late.beneath
unload_module || bail "the module does not unload"

start validity=clock
check_eq "status tells that the clock counts" clock "$(status validity)"
loads "validity=clock: in our days the list loads" list-signer list-signer.signer
clock '2001-01-01 UTC'
refused "in 2001 it does not" ETIME "not valid yet, by this system's clock" load list-signer list-signer.signer
clock '2150-01-01 UTC'
refused "nor in 2150" EKEYEXPIRED "the key has expired" load list-signer list-signer.signer
refused "nor by a linked-in key" EKEYEXPIRED "the key has expired" load list-linked list-linked.linked
clock
refused "what was signed in time does not count any more" EKEYEXPIRED "the key has expired" load list-past-linked list-past-linked.linked-old
refused "what was signed too late neither" EKEYEXPIRED "had ended" load list-expired list-expired.expired
unload_module || bail "the module does not unload"
check "another word is no value" eval '! insmod "$DIGEST_LISTS_KO" validity=never && dmesg | grep -q "validity=never: expected"'
finish
