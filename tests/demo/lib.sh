# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How the acts of the demo talk. Sourced by them; the first argument is 'color' or nothing.
#
# shellcheck disable=SC2034 # used by the acts

secfs=/sys/kernel/security/digest_lists
dir=/var/lib/demo
failed=0

bold='' dim='' plain=''
[ "${1:-}" != color ] || bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'

step() { printf '\n%s── %s%s\n' "$bold" "$*" "$plain"; }
command_line() { printf '%s# %s%s\n' "$dim" "$*" "$plain"; }
show() {
	command_line "$*"
	"$@"
}
# claim TEXT COMMAND...: says whether it holds.
claim() {
	local text=$1
	shift
	if "$@"; then
		printf '  ✔ %s\n' "$text"
	else
		printf '  ✘ %s\n' "$text"
		failed=1
	fi
}
status() {
	local key value
	while IFS=: read -r key value; do
		[ "$key" != "$1" ] || { echo "${value# }" && return; }
	done <"$secfs/status"
	echo "no $1 in the status"
	return 1
}
