#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tool against the module, from generating a list to seeing its files known, and what it says
# when it cannot.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 65

files=$WORK/files
here=fsmagic=0x858458f6
mount_tmp ramfs mode=755 "$files" || bail "no ramfs"
mkdir -p "$files/bin" "$files/etc" "$files/other"
program() { cp /usr/bin/true "$1" && echo "$1" >>"$1"; }
for name in bin/one bin/two etc/three other/four; do program "$files/$name"; done
: >"$files/bin/empty"
ln -s /usr/bin/id "$files/bin/link"

# out COMMAND...: runs it with its output in $WORK/out and its errors in $WORK/err.
out() { "$@" >"$WORK/out" 2>"$WORK/err"; }
said() { grep -Eq -- "$1" "$WORK/out" || { cat "$WORK/out" "$WORK/err" && false; }; }
complained() { grep -Eq -- "$1" "$WORK/err" || { cat "$WORK/out" "$WORK/err" && false; }; }
# fails STATUS COMMAND...
fails() {
	local rc=0
	out "${@:2}" || rc=$?
	[ "$rc" = "$1" ] || { echo "exit status $rc" && cat "$WORK/err" && false; }
}

section "without the module"
# Without the module.
for command in status "load $WORK/meta"; do
	echo x >"$WORK/meta"
	# shellcheck disable=SC2086 # a command and its argument
	check "'digestctl ${command%% *}' fails" fails 2 digestctl $command
	check "'digestctl ${command%% *}' says to load the module" complained 'the module is not loaded: modprobe digest_lists'
done

section "lists"
# Lists.
check "a list of immutable files is generated" out digestctl generate "$files/bin" -o "$WORK/bin.list"
check "an empty file is left out, with a message" eval "grep -qi empty '$WORK/out' '$WORK/err'"
check "a list of mutable files is generated" out digestctl generate --mutable "$files/etc" -o "$WORK/etc.list"
check "'show' succeeds for lists" out digestctl show --digests "$WORK/bin.list" "$WORK/etc.list"
check "'show' prints the type" said ': compact list$'
check "'show' prints the number of digests" said 'digests: 2$'
digest() { sha256sum "$files/$1" | cut -d' ' -f1; }
check "'show' prints an immutable file" said "^immutable sha256:$(digest bin/one)$"
check "'show' prints a mutable file" said "^mutable sha256:$(digest etc/three)$"
check "'show' prints no target of a link" eval "! said '$(sha256sum /usr/bin/id | cut -d' ' -f1)'"
check "'show' prints the digest of the list file" said "file: sha256:$(sha256sum "$WORK/bin.list" | cut -d' ' -f1)$"
check "metadata of two lists are made" out digestctl metadata "$WORK/bin.list" "$WORK/etc.list" -o "$WORK/meta"
check "'show' succeeds for metadata" out digestctl show "$WORK/meta"
check "'show' prints how many lists the metadata have" said 'lists: 2$'
check "'show' prints where the lists of the metadata are" said "$WORK/etc.list"
check "metadata of what is no list are not made" fails 2 digestctl metadata "$WORK/true" -o "$WORK/bad"

section "policies"
# With the module.
load_module || bail "the module does not load"
cat <<END >"$WORK/policy"
measure func=BPRM_CHECK $here digest_list
measure func=MODULE_CHECK
END
check "'policy check' accepts what the module accepts" out digestctl policy check "$WORK/policy"
check "the module accepts what 'policy check' accepts" eval "echo '$WORK/policy' >'$SECFS/policy'"
echo "measure func=KEXEC_CMDLINE" >"$WORK/bad-policy"
check "'policy check' refuses what the module refuses" fails 1 digestctl policy check "$WORK/bad-policy"
check "'policy check' prints the reason of a refusal" complained 'line 1, column 9: .func=KEXEC_CMDLINE.: cannot be served'
refused_policy() { ! echo "$WORK/bad-policy" >"$SECFS/policy"; } 2>/dev/null
check "the module refuses what 'policy check' refuses" refused_policy
reason=$(dmesg | sed -n 's/.*digest_lists: policy: //p' | tail -n 1)
check "the module refuses with the words of 'policy check'" complained "$reason"
check "'policy check' accepts what 'policy builtin' prints" \
	eval "digestctl policy builtin 'tcb|exec_tcb' | digestctl policy check -"

section "loading"
check "'load' loads lists" out digestctl load "$WORK/meta"
check "'load' says how many lists it loaded" said '2 lists loaded'
"$files/bin/one" && "$files/etc/three" && "$files/other/four"
check "a program of the immutable list has no record" unmeasured "$files/bin/one"
check "a program of the mutable list has no record" unmeasured "$files/etc/three"
check "a program of no list has a record" record_for "$files/other/four"
check "the record of the metadata has their path" record_for "digest_lists_metadata:$WORK/meta"
check_eq "digests_count is what 'show' said" 3 "$(cat "$SECFS/digests_count")"
check "digest_lists names the list files by the digests that 'show' said" grep -q \
	"^sha256:$(sha256sum "$WORK/bin.list" | cut -d' ' -f1) .* immutable=2 mutable=0 " "$SECFS/digest_lists"
check "'status' shows the status file" out digestctl status
check "'status' shows the number of lists" said '^lists: 2$'
check "'status' shows the number of digests" said '^digests: 3$'

digestctl generate "$files/other" -o "$WORK/other.list" >/dev/null 2>&1
digestctl metadata "$WORK/other.list" -o "$WORK/other" >/dev/null 2>&1
check "'load --bytes' loads metadata" out digestctl load --bytes "$WORK/other"
program "$files/later"
cp "$files/other/four" "$files/copy" && "$files/copy"
check "a file of a list that 'load --bytes' loaded is known" unmeasured "$files/copy"

section "refusals"
# Refusals.
program "$WORK/other.list"
check "'load' fails where a list has changed" fails 2 digestctl load "$WORK/other"
check "'load' refers to the kernel log where a list has changed" complained 'the reason is in the kernel log'
check "'load' fails for what is no metadata" fails 2 digestctl load "$WORK/policy"
check "'load' names what is no metadata" complained 'not metadata'
check_eq "no refused list was loaded" 4 "$(cat "$SECFS/digests_count")"
check "'load' of another user fails" fails 2 \
	setpriv --reuid=1000 --regid=1000 --clear-groups digestctl load --bytes /usr/bin/true
check "'load' of another user says what is needed" complained 'needs root, with CAP_SYS_ADMIN'

section "queries and removals"
# Asking and removing.
digest=sha256:$(sha256sum <"$files/bin/one" | cut -d' ' -f1)
check "'query' names the list that has a digest" out digestctl query "$digest"
check "'query' prints the list and that the digest is immutable" said "^$digest: sha256:$(sha256sum <"$WORK/bin.list" | cut -d' ' -f1) .* kind=immutable"
check "'query --file' names the list that has the content of a file" out digestctl query --file "$files/etc/three"
check "'query --file' prints that the digest is mutable" said ' kind=mutable$'
check "'query' fails for what no list has" fails 1 digestctl query "sha256:$(printf '7%.0s' {1..64})"
check "'query' says that no list has it" eval 'out digestctl query "sha256:$(printf "7%.0s" {1..64})"; said "in no list"'
check "'remove' removes a list" out digestctl remove "$WORK/bin.list"
check "a digest of a removed list is in no list" fails 1 digestctl query "$digest"
check "'remove' fails for a list that is not loaded" fails 2 digestctl remove "$WORK/bin.list"
check "'remove' says that it did not find the list" complained 'no such list is loaded'

section "every format and one bad list"
# Every format, beside each other; and one list among them that the kernel alone sees to be bad.
unload_module && load_module || bail "the module does not load again"
lists=()
for format in compact compact16 tlv; do
	for algo in sha256 sha384 sha512; do
		mkdir "$files/$format-$algo" && program "$files/$format-$algo/program"
		digestctl generate "$files/$format-$algo" --format $format --algo $algo -o "$WORK/$format-$algo" >/dev/null 2>&1
		lists+=("$WORK/$format-$algo")
	done
done
digestctl generate --mutable "$files/other" -o "$WORK/unverified" >/dev/null 2>&1
openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 30 -subj "/CN=nobody" -addext keyUsage=digitalSignature -keyout "$WORK/key" -out "$WORK/cert" 2>/dev/null
digestctl sign "$WORK/unverified" --key "$WORK/key" --cert "$WORK/cert" >/dev/null
digestctl metadata "${lists[@]}" "$WORK/unverified" -o "$WORK/formats" >/dev/null
check "'load' refuses all lists where the key of one is not trusted" fails 2 digestctl load "$WORK/formats"
check_eq "'load' of a bad list loads nothing" 0 "$(cat "$SECFS/digests_count")"
check "'load --skip-bad' loads the other lists" out digestctl load --skip-bad "$WORK/formats"
check "'load --skip-bad' says how many it loaded" said '9 lists loaded, 1 left out'
check "'load --skip-bad' says which list it left out, and why" complained 'unverified: left out: .*kernel log'
check_eq "'load --skip-bad' leaves all digests of the other lists" 9 "$(cat "$SECFS/digests_count")"
echo "measure func=BPRM_CHECK $here digest_list" >"$SECFS/policy"
before=$(records)
for list in "${lists[@]}"; do "$files/${list##*/}/program"; done
check_eq "the files of every format and algorithm are known" "$before" "$(records)"

section "packages of the guest"
# The packages of this guest.
if [ -e /var/lib/dpkg/info/coreutils.md5sums ]; then
	check "'generate --from dpkg' makes a list" out digestctl generate --from dpkg --skip-changed coreutils -o "$WORK/coreutils"
	digestctl metadata "$WORK/coreutils" -o "$WORK/meta" >/dev/null && digestctl load "$WORK/meta" >/dev/null
	check "the files of a list of 'generate --from dpkg' are known" out digestctl query --file /usr/bin/ls
else
	skip "'generate --from dpkg' makes a list" "the guest has no database of packages"
	skip "the files of a list of 'generate --from dpkg' are known" "the guest has no database of packages"
fi
finish
