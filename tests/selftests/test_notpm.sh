#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module without a TPM: it warns, and records all the same. Needs a guest that has none:
#
#   scripts/vm --tpm none -- /opt/selftests/run notpm

. "$(dirname "$0")/lib.sh"

[ ! -e /dev/tpm0 ] || skip_all "there is a TPM"
plan 23

warned() { dmesg | grep "digest_lists: there is no TPM"; }
zero() { printf '0%.0s' $(seq "$1"); }
load_module || bail "the module does not load"
section "without a TPM"
check "the module loads, with a warning" warned
check_eq "the status file shows no TPM" none "$(status tpm)"
check_eq "the status file shows no bank" "" "$(status tpm_banks)"
check_eq "the list starts with boot_aggregate" boot_aggregate "$(sed -n 1p "$SECFS/ascii_runtime_measurements" | cut -d' ' -f5)"
check_eq "the digest of boot_aggregate is zero" "$(zero 64)" "$(every_record_of boot_aggregate)"
template=$(record_for boot_aggregate | cut -d' ' -f2)
check "the template digest of boot_aggregate is not zero" test "$template" != "$(zero 40)"

echo known >"$WORK/known"
echo unknown >"$WORK/unknown"
chown 4242 "$WORK"/*known
digestctl generate "$WORK/known" -o "$WORK/list" && digestctl metadata "$WORK/list" -o "$WORK/metadata"
check "lists are loaded" digestctl load "$WORK/metadata"
check_eq "the metadata of lists have a record" "$(sha256sum <"$WORK/metadata" | cut -c1-64)" "$(recorded "digest_lists_metadata:$WORK/metadata")"
echo "measure func=FILE_CHECK fowner=4242 digest_list" >"$SECFS/policy"
: <"$WORK/known"
: <"$WORK/unknown"
: <"$WORK/unknown"
check_eq "a known file leaves no record" 0 "$(records_for "$WORK/known")"
check_eq "an unknown file leaves one record" "$(sha256sum <"$WORK/unknown" | cut -c1-64)" "$(recorded "$WORK/unknown")"
check_eq "the start record says nothing of the PCR's value" "" "$(text_of digest_lists_start | grep initial)"
check_eq "the status file says how many records wait, and the errno" "$(records) -19" "$(status records_waiting) $(status records_waiting_errno)"
check "nothing that a record is needed for is refused" test "$(status tpm_required)" = no
check_eq "no record is extended" 0 "$(status pcr_extends)"
check_eq "records that wait are no violations" 0 "$(cat "$SECFS/violations")"
cat "$SECFS/binary_runtime_measurements" >"$WORK/binary"
check "both lists have the same records" is_ascii_list "$WORK/binary"
check "digestctl status works" digestctl status
there=$(records)
check "the list can be staged" bash -c "echo A >$SECFS/ascii_runtime_measurements_staged"
check "the staged list cannot be deleted: its records wait" bash -c "! echo D >$SECFS/ascii_runtime_measurements_staged 2>$WORK/error"
check "the staged list cannot be deleted for want of the TPM" grep -q "Resource temporarily unavailable" "$WORK/error"
: <"$WORK/binary" && chown 4242 "$WORK/binary" && : <"$WORK/binary"
check_eq "the records of the list cannot be deleted either" "1 Resource temporarily unavailable" \
	"$(records) $(bash -c "echo 1 >$SECFS/ascii_runtime_measurements" 2>&1 | sed 's/.*: //')"
check_eq "all records are there" "1 $there 0" "$(status records) $(status records_staged) $(status records_deleted)"
check "the module can be unloaded" unload_module
finish
