#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Audit rules: one record AUDIT_INTEGRITY_RULE (1805) for each content, in the format of IMA's,
# which ausearch reads. No audit daemon runs in the guest: the records are in the kernel log.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 22

disk=$WORK/disk
chmod 755 "$WORK"
mkfs_loop ext4 64M "$disk" || bail "no file system"
load_module || bail "the module does not load"
echo 0 >/proc/sys/kernel/printk_ratelimit
owner=4242
new() { fresh "$disk" "$@" && sum=$(digest_of "$file") && chown $owner "$file"; }
# audit_records: those of type 1805 since the mark.
audit_records() { kernel_log | grep 'audit: type=1805 '; }
audited() { audit_records | grep -cF "$1"; }

section "an audit rule"
mark
set_policy "audit func=FILE_CHECK mask=MAY_READ fowner=$owner" || bail "an audit rule is refused"
new && opens "$file"
check_eq "a file that it matches has one record" 1 "$(audited "file=\"$file\"")"
check_eq "the record has the digest of the file" 1 "$(audited "file=\"$file\" hash=\"sha256:$sum\"")"
check_eq "a file that is opened again has no other record" 1 "$(opens "$file" && opens "$file" && audited "file=\"$file\"")"
check "a file that it matches is not measured" unmeasured "$file"
# What ausearch -i shows of such a record: a header with time and serial number, then name=value.
check "every field of a record can be parsed, and tells the task" python3 -c '
import re, sys
line = sys.argv[1]
head = re.search(r"audit: type=1805 audit\((\d+)\.(\d+):(\d+)\): (.*)", line)
fields = dict(re.findall(r"([a-z_A-Z]+)=(\"[^\"]*\"|\S+)", head[4]))
assert re.fullmatch(r"(\w+=(\"[^\"]*\"|\S+) ?)*", head[4]), "a word that is no field: " + head[4]
assert fields["comm"] == "\"bash\"" or fields["comm"] == "\"test_audit.sh\"", fields["comm"]
for name, value in dict(uid="0", euid="0", gid="0", ses="4294967295").items():
    assert fields[name] == value, (name, fields[name])
assert int(fields["pid"]) > 1 and int(fields["ppid"]) > 0 and fields["exe"].startswith("\"/")
assert list(fields)[:2] == ["file", "hash"], list(fields)' "$(audit_records | tail -n 1)"
echo more >>"$file" && chown 0 "$file" && sum=$(digest_of "$file") && chown $owner "$file" && opens "$file"
check_eq "another content has another record" 2 "$(audited "file=\"$file\"")"
check_eq "the record of another content has its digest" 1 "$(audited "file=\"$file\" hash=\"sha256:$sum\"")"
chmod 600 "$file" && opens "$file"
check_eq "another mode of the file does not lead to a third content" 2 \
	"$(audit_records | grep -F "file=\"$file\"" | grep -o 'hash="[^"]*"' | sort -u | wc -l)"
set_policy "audit func=FILE_CHECK mask=MAY_READ fowner=$owner uid=1000" && new && opens "$file"
check_eq "a file that no rule matches has no record" 0 "$(audited "file=\"$file\"")"
chmod 644 "$file" && as 1000 cat "$file" >/dev/null
check_eq "the record tells the user" 1 "$(audit_records | grep -F "file=\"$file\"" | grep -c ' uid=1000 ')"
set_policy "dont_audit uid=0${NL}audit func=FILE_CHECK fowner=$owner" && new && opens "$file"
check_eq "dont_audit settles it" 0 "$(audited "file=\"$file\"")"
set_policy "dont_measure uid=0${NL}audit func=FILE_CHECK fowner=$owner" && new && opens "$file"
check_eq "dont_measure does not settle it" 1 "$(audited "file=\"$file\"")"
set_policy "audit func=BPRM_CHECK fowner=$owner" && new && chmod 755 "$file" && "$file"
check_eq "a program is audited" 1 "$(audited "file=\"$file\" hash=\"sha256:$sum\"")"
set_policy "measure func=FILE_CHECK fowner=$owner${NL}audit func=FILE_CHECK fowner=$owner" && new && opens "$file"
check_eq "a file can be measured and audited" "1 1" "$(records_for "$file") $(audited "file=\"$file\"")"
set_policy "measure func=FILE_CHECK fowner=$owner" && new && opens "$file"
set_policy "audit func=FILE_CHECK fowner=$owner" && opens "$file"
check_eq "a file that was measured before can be audited" "1 1" "$(records_for "$file") $(audited "file=\"$file\"")"

section "names that could be taken for other fields"
# Names that could be taken for other fields.
set_policy "audit func=FILE_CHECK fowner=$owner"
hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F; }
for name in 'a space' 'a"quote' $'new\nline' $'\xc3\xa4' 'x hash="sha256:00"'; do
	new "$name" && opens "$file"
	check_eq "the name $(printf %q "$name") is in hexadecimal" 1 "$(audited "file=$(hex "$file") hash=\"sha256:$sum\"")"
done

section "a ToMToU violation"
# Violations: AUDIT_INTEGRITY_PCR (1804).
set_policy "measure func=FILE_CHECK mask=MAY_READ fowner=$owner" && new 'written while read'
exec {reader}<"$file"
: >>"$file"
exec {reader}<&-
check_eq "has a record of type 1804" 1 "$(kernel_log | grep 'audit: type=1804 ' |
	grep "op=invalid_pcr cause=ToMToU comm=.* name=$(hex "$file") dev=" | grep -c "ino=$(stat -c %i "$file") res=1 errno=0")"
check_eq "has no record of type 1805" 0 "$(audited "$(hex "$file")")"
finish
