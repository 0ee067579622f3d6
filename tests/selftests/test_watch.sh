#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# digestctl watch against the module: a new record, a refusal and hits of lists and of rules appear
# as they come. digestctl doctor: what the next boot would refuse of what runs here.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

plan 26
begin_appraisal
load_module require_signature=0 || bail "the module does not load"

# watch NAME OPTION...: starts it with its output in $WORK/NAME; its process is $watcher.
watch() {
	env --default-signal=INT digestctl watch --interval 100 "${@:2}" >"$WORK/$1" 2>"$WORK/errors" &
	watcher=$!
	wait_for 180 [ -s "$WORK/$1" ]
}
# tells NAME PATTERN: waits for a line.
tells() { wait_for 180 grep -Eq -- "$2" "$WORK/$1" || { cat "$WORK/$1" "$WORK/errors" && false; }; }
# ends: succeeds if an interrupt ends it with status 0, and it has complained of nothing.
ends() { kill -INT "$watcher" && wait "$watcher" && [ ! -s "$WORK/errors" ] || { cat "$WORK/errors" && false; }; }

section "watch"
check "begins with a line" watch lines
check_eq "tells how things are at the beginning" "start: $(status records) records, 0 denied, 0 lists, 0 rules, ima_appraise=enforce" \
	"$(head -n 1 "$WORK/lines")"
set_policy "measure func=FILE_CHECK mask=MAY_READ fsuuid=$uuid fowner=4242
appraise func=BPRM_CHECK fsuuid=$uuid digest_list" || bail "the policy is refused"
check "tells of another policy" tells lines '^policy: replaced, 2 rules$'
check "tells of the record of the policy" tells lines '^record [0-9]+ .* digest_lists_policy$'
echo text >"$disk/new file" && ours "$disk/new file" && opens "$disk/new file"
check "tells of the record of a file" tells lines "^record [0-9]+ $PCR sha256:$(sum_of "$disk/new file") $disk/new_file\$"
check "tells of hits of the rule that measured it" tells lines '^rule 1: [0-9]+ more hits, [0-9]+: measure func=FILE_CHECK'
fresh "$disk" && unknown=$file
"$unknown" 2>/dev/null
check "tells of a refusal, of its cause and of its rule" tells lines "^denied missing-hash: $unknown, by .* of the user 0, rule 2\$"
check "tells of hits of the rule that refused it" tells lines '^rule 2: [0-9]+ more hits, [0-9]+: appraise func=BPRM_CHECK'
fresh "$disk" "with a space"
"$file" 2>/dev/null
check "tells of a refused file with a space in its name" tells lines "^denied missing-hash: $file, by "
list_of immutable "$unknown" && load_signed || bail "the list is refused"
check "tells of a list that is loaded" tells lines "^list [^ ]+: loaded\$"
check "a file of the list runs" "$unknown"
check "tells of the hit of the list" tells lines '^list [^ ]+: [0-9]+ more hits, [0-9]+$'
remove_list
check "tells of a list that is removed" tells lines '^list [^ ]+: removed, after [0-9]+$'
check "ends by an interrupt with status 0" ends
check_eq "tells of each refusal once" "$(status files_denied)" "$(grep -c '^denied ' "$WORK/lines")"

section "watch --json"
before=$(status records)
check "begins with an object" watch json --json
fresh "$disk"
"$file" 2>/dev/null
check "tells of a refusal" tells json "\"event\":\"denied\".*\"name\":\"$file\""
ends
check "has an object in each line" python3 -c '
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
start, denied = events[0], [e for e in events if e["event"] == "denied"]
assert start["event"] == "start" and start["records"] == int(sys.argv[2]), start
assert [e["cause"] for e in denied] == ["missing-hash"], denied
assert denied[0]["digest"] == "sha256:" + sys.argv[3] and denied[0]["rule"] == 2, denied
' "$WORK/json" "$before" "$(digest_of "$file")"
check "ends when nobody reads" timeout 60 bash -c 'digestctl watch --json --interval 50 | head -n 1 >/dev/null'

section "refusals that the kernel logs too fast"
watch many
for ((i = 0; i < 200; i++)); do "$file" 2>/dev/null; done
check "are told, each or in numbers" eval 'wait_for 60 eval "[ \$(sed -n \"s/^denied \\([0-9]*\\) more.*/\\1/p; s/^denied missing-hash.*/1/p\" \"\$WORK/many\" | awk \"{ n += \\\$1 } END { print n + 0 }\") = 200 ]"'
ends

section "doctor"
# The next boot of this guest: the policy that refuses what no list knows, and a list that knows
# nothing at first.
etc=/etc/digest_lists
files=("$disk/new file")
mkdir -p $etc/lists
check_eq "finds no list of another test" "" "$(ls -A $etc/lists)"
digestctl policy builtin appraise_exec_tcb >$etc/policy
set_policy "measure func=FILE_CHECK fowner=4242" || bail "the policy is refused"
# list_files: a signed list of the files, as the remedy says.
list_files() {
	rm -f $etc/lists/* && digestctl generate "${files[@]}" -o $etc/lists/local &&
		digestctl sign $etc/lists/local --key "$keys/linked.key" --cert "$keys/linked.pem"
}
# would: what it finds that the boot would refuse.
would() {
	digestctl doctor 2>&1 >"$WORK/doctor" | cat >"$WORK/errors"
	grep -E "next boot: would refuse" "$WORK/doctor"
}
check "has a list to begin with" list_files
finding=$(would)
note "$finding"
check_eq "names ten files that the boot would refuse" 10 "$(sed 's/.* uses: //; s/, and .*//' <<<"$finding" | tr , '\n' | wc -l)"
for ((i = 0; i < 20; i++)); do
	[[ $finding == problem:* ]] || break
	mapfile -t -O ${#files[@]} files < <(sed 's/.* uses: //; s/, and .* more$//' <<<"$finding" | sed 's/, /\n/g')
	list_files >/dev/null 2>&1
	finding=$(would)
done
note "after $i lists: $finding"
check "finds that it would refuse nothing when all are listed" grep -Eqx 'good: next boot: would refuse none of [0-9]+ files that it uses' <<<"$finding"
fresh "$disk" running && cp /usr/bin/sleep "$file" && echo >>"$file"
"$file" 600 &
sleeper=$!
executes "$sleeper" "$file"
finding=$(would)
check "names a program that is running and in no list" grep -Eq "^problem: next boot: would refuse 1 of [0-9]+ files that it uses: $file\$" <<<"$finding"
# Into a file: what stands behind it in a pipe would be running as well.
digestctl appraise --dry-run $etc/policy --list $etc/lists/local --cert "$keys/linked.pem" --denied >"$WORK/appraise" 2>/dev/null
check_eq "agrees with appraise --dry-run" "$file" "$(sed -n 's/^denied [A-Z_]*: \([^,]*\),.*/\1/p' "$WORK/appraise" | sort -u)"
kill "$sleeper"
rm -f $etc/lists/local $etc/lists/local.p7s $etc/policy
unload_module
finish
