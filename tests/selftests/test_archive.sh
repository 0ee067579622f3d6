#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# digestctl log archive moves records out of the kernel, also where it was interrupted, and
# digestctl log follow prints them meanwhile. The archive and the list are one for a verifier.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 34

binary=$SECFS/binary_runtime_measurements
staged=${binary}_staged
archive=$WORK/archive
cd "$WORK" || bail "no directory"

new_file() { echo "$RANDOM $1" >"$WORK/files/$1" && chown 4242 "$WORK/files/$1" && : <"$WORK/files/$1"; }
# violate: a violation of the same file each time.
violate() {
	local fd
	exec {fd}>>"$WORK/files/1" && : <"$WORK/files/1" && exec {fd}>&-
}
# now: how many records are in the list, staged and deleted.
now() { echo "$(status records) $(status records_staged) $(status records_deleted)"; }
archives() { digestctl log archive "$archive" >"$WORK/out" 2>&1; }
says() { grep -qF "$1" "$WORK/out" || { cat "$WORK/out" && false; }; }
# fails TEXT COMMAND...: whether it fails and says that.
fails() { ! "${@:2}" >"$WORK/out" 2>&1 && says "$1"; }
# all_shown: the numbers and names of all records.
all_shown() { digestctl log show --archive "$archive" | sed -n 's/^\([0-9][0-9]*\) .* \([^ ]*\)$/\1 \2/p'; }
# last_names N: the names of the last N records of files.
last_names() { all_shown | tail -n "$1" | sed 's|.*/||' | tr '\n' ' '; }
# replays NAME: a result: the archive and the list replay to the PCR.
replays() { if [ -e /dev/tpm0 ]; then check "$1" replay_after "$archive"; else skip "$1" "no TPM"; fi; }

# attests OPTION...: whether the machine makes evidence.
attests() { digestctl attest --nonce "$nonce" --ak ak.ctx -o evidence "$@"; }
# judged: the verdict on that evidence.
judged() { digestctl verify-evidence evidence --nonce "$nonce" --ak ak.pem --repo repo --policy expected; }
trusted() { attests --archive "$archive" && judged; }
# incomplete: whether the list alone is told to be a piece.
incomplete() { fails "were moved out of the kernel: --archive names the file" attests; }

mkfs_loop ext4 64M "$WORK/files" || bail "no file system"
load_module || bail "the module does not load"
set_policy 'measure func=FILE_CHECK mask=MAY_READ fowner=4242'
for i in 1 2 3; do new_file "$i"; done

section "archiving"
cp "$binary" before && before=$(digestctl log show)
check "the records go to the end of a file" archives
check "the number of records is told" says "$archive: 6 records added"
check_eq "the kernel has no record" "0 0 6" "$(now)"
check "the archive is what the list was" cmp before "$archive"
check_eq "the archive is shown before the list" "$before" "$(digestctl log show --archive "$archive")"
check "an empty list is archived as well" archives
check "an empty list adds no record" says "$archive: 0 records added"

section "an archiving that was interrupted"
new_file 4
echo A >"$staged"
new_file 5
check "goes on after the list was staged" archives
check_eq "has what was staged and what came later" "4 5 " "$(last_names 2)"
new_file 6
echo A >"$staged"
cat "$staged" >>"$archive"
new_file 7
check "goes on after the records were written" archives
check_eq "has no record twice" "4 5 6 7 " "$(last_names 4)"
new_file 8
new_file 9
echo A >"$staged"
head -c 100 "$staged" >>"$archive"
check_eq "shows no record twice before it goes on" "8 9 " "$(last_names 2)"
check "goes on after a piece of the records was written" archives
check_eq "has each record whole" "6 7 8 9 " "$(last_names 4)"
replays "replays with the list"
violate && archives && violate
count=$(all_shown | wc -l)
check "takes an equal record for a new one" archives
check_eq "has two equal violations" "$count" "$(all_shown | wc -l)"
replays "replays with equal records"

section "other programs"
new_file 10
cp "$archive" kept
exec {fd}>"$staged"
check "a program that trims the list has its turn" fails "another program reads or trims the measurement list" \
	setsid digestctl log archive "$archive"
exec {fd}>&-
check "the archive is as it was" cmp kept "$archive"
check "a file of other records is refused" eval 'cp before other && fails "it is not the archive of this boot" digestctl log archive other'
head -c 1000 /dev/zero >zeros
cat "$archive" zeros >other
check "a file with records that the module never had is refused" fails "is the archive of another boot" digestctl log archive other
check "a new file is refused where records were deleted" fails "or not the whole one" digestctl log archive new
check_eq "nothing was staged meanwhile" "1 0" "$(now | cut -d' ' -f1,2)"

section "following"
env --default-signal=INT digestctl log follow --archive "$archive" --interval 50 >followed 2>errors &
follower=$!
# followed NAME: whether the record of that file was printed.
followed() { grep -q "/files/$1\$" followed; }
check "records of the archive and the list are printed" wait_for 20 followed 10
new_file 11
check "a new record is printed" wait_for 20 followed 11
check "the list is archived meanwhile" wait_for 20 archives
new_file 12
check "a record after that is printed" wait_for 20 followed 12
check_eq "each record is printed once, in order" "$(seq 0 "$(($(all_shown | wc -l) - 1))")" "$(sed -n 's/^\([0-9][0-9]*\) .*/\1/p' followed)"
kill -INT "$follower" && wait "$follower"
check_eq "it ends by SIGINT without a word" "130 " "$? $(cat errors)"
check "it ends when nobody reads the output" timeout 20 bash -o pipefail -c \
	'digestctl log follow --archive "$0" --interval 50 --format json | head -n 3 >json' "$archive"
check_eq "each line of JSON is an object" "0 1 2" \
	"$(python3 -c 'import json, sys; print(*[json.loads(line)["record"] for line in sys.stdin])' <json)"

section "a verifier"
if [ -e /dev/tpmrm0 ]; then
	export TPM2TOOLS_TCTI=device:/dev/tpmrm0
	nonce=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
	tpm2_createek -Q -c ek.ctx -G ecc
	tpm2_createak -Q -C ek.ctx -c ak.ctx -G ecc -g sha256 -s ecdsa -u ak.pem -f pem
	{
		# The start record is in the archive.
		digestctl log show --archive "$archive" | sed -n 's/^    \(policy=.*\)/\1/p'
		printf '%s\n' "policy=sha256:$(sha256sum <"$SECFS/policy" | cut -c1-64)" allow_unload=1 require_signature=0 "pcr=$PCR" \
			"allow_violation=$WORK/files/1"
		digestctl log show --archive "$archive" | sed -n "s|^[0-9]* [0-9]* \(sha256:[0-9a-f]*\) $WORK/files/.*|allow=\1|p"
	} >expected
	mkdir repo
	check "takes the archive and the list as one" trusted
	check "does not take the list without the archive" incomplete
else
	skip "takes the archive and the list as one" "no TPM"
	skip "does not take the list without the archive" "no TPM"
fi
unload_module
finish
