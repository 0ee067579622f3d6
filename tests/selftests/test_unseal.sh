#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A secret that is bound to the PCR that digestctl predicts: the guest's TPM gives it away on the
# machine that used known files only, and on no other.
#
# Between the load of the module and that of the list only programs of the shell itself run: any
# other would have a record.
#
# shellcheck disable=SC2015 # 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"

[ -e /dev/tpmrm0 ] || skip_all "no TPM"
plan 12
chmod 755 "$WORK"
cd "$WORK" || bail "no directory"
PCR=16
export TPM2TOOLS_TCTI=device:/dev/tpmrm0

for serial in 1 2; do
	digestctl generate -x /usr/bin /usr/sbin /usr/lib /usr/local "$SELFTESTS" -o "list$serial" --name system \
		--serial "$serial" >/dev/null
	digestctl metadata --unsigned "list$serial" -o "metadata$serial" >/dev/null
done
cp metadata2 metadata
# boot: PCR of the module as after a restart, the module, and the list of ./metadata.
boot() {
	tpm2_pcrreset "$PCR"
	modprobe digest_lists allow_unload=1 require_signature=0 ima_policy=exec_tcb pcr="$PCR" || return
	printf '%s' "$WORK/metadata" >"$SECFS/digest_lists"
}
# predicted COMMAND...: what digestctl says of this machine.
predicted() {
	digestctl "$@" --ima-policy exec_tcb --set allow_unload=1 --set require_signature=0 --pcr "$PCR" \
		--kernel "$(uname -r)" --banks "$(tpm_banks | paste -sd,)" --boot-aggregate "$aggregate" "$WORK/metadata"
}
# unseals: the TPM gives the secret away.
unseals() { [ "$(tpm2_unseal -c sealed.ctx -p "pcr:$bank:$PCR" 2>/dev/null)" = "the secret" ]; }
seals_for_others() { ! unseals; }
unseals_after_more() { ls / >/dev/null && unseals; }
makes_policy() {
	tpm2_startauthsession -Q -S trial && tpm2_policypcr -Q -S trial -l "$bank:$PCR" -f pcr -L policy &&
		tpm2_flushcontext trial
}
seals() {
	tpm2_createprimary -Q -C o -G ecc -c primary.ctx && printf 'the secret' |
		tpm2_create -Q -C primary.ctx -L policy -a 'fixedtpm|fixedparent' -i - -u sealed.pub -r sealed.priv &&
		tpm2_load -Q -C primary.ctx -u sealed.pub -r sealed.priv -c sealed.ctx
}

bank=$(best_bank)
aggregate=$(boot_aggregate)
value=$(predicted predict | sed -n "s/^boot_pcr=$bank:$PCR://p")
section "sealing"
check_eq "a value of the bank is predicted" "$(bank_pcrs "$bank" | sed -n 's/PCR-00: //p' | tr -d '\n' | wc -c)" "${#value}"
check "the policy that is exported for a TPM has the same value" grep -qi "$value" <(predicted export tpm-policy --bank "$bank")
unhex <<<"$value" >pcr
check "a policy of this value is made" makes_policy
check "a secret is sealed to it" seals
tpm2_pcrreset "$PCR"
check "it stays sealed without the module" seals_for_others

section "unsealing"
boot || bail "the module does not load"
check "it is unsealed on a machine that has loaded the list" unseals
check "it is unsealed after more known files were used" unseals_after_more
cp /usr/bin/true strange && echo >>strange && ./strange
check "it stays sealed once an unknown file was used" seals_for_others
rmmod digest_lists

cp metadata1 metadata
boot || bail "the module does not load again"
check "it stays sealed on a machine with an older edition of the list" seals_for_others
rmmod digest_lists
cp metadata2 metadata
tpm2_pcrreset "$PCR"
modprobe digest_lists allow_unload=1 require_signature=0 ima_policy=tcb pcr="$PCR"
printf '%s' "$WORK/metadata" >"$SECFS/digest_lists"
check "it stays sealed under another policy" seals_for_others
rmmod digest_lists
boot || bail "the module does not load again"
check "it is unsealed after a restart of the honest machine" unseals
digestctl remove "sha256:$(sha256sum <list2 | cut -c1-64)" >/dev/null
check "it stays sealed once the list was removed" seals_for_others
finish
