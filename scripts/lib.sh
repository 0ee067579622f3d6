# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every script of this directory shares: the cache, the messages, the mirrors and the build
# root. Source it; it changes nothing by itself.
#
# shellcheck disable=SC2034 # used by the scripts; not exported: ARCH means something to the kernel's make

set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/digest-lists
SUITE=trixie
# The machine that the scripts run on, and the one that is built for: TARGET_ARCH, amd64 or arm64
# (what differs is below).
HOST_ARCH=amd64
ARCH=${TARGET_ARCH:-$HOST_ARCH}
# The oldest kernel series that the module is written for, and the suites that have such kernels,
# the default first. Which kernel is the newest of a suite is resolved at run time (scripts/kernel).
KERNEL_OLDEST=7.2
KERNEL_SUITES=("$SUITE-backports" sid experimental)

export TOP CACHE
mkdir -p "$CACHE"

say() { printf '==> %s\n' "$*" >&2; }
die() {
	printf 'error: %s\n' "$1" >&2
	shift
	for hint in "$@"; do printf '       %s\n' "$hint" >&2; done
	exit 1
}

# What differs between the architectures. CROSS is at the end of names in the cache, ROOT is the
# build root of which nothing else is said; KERNEL_MAKE is what the kernel's make is told.
case $ARCH in
amd64) CROSS='' ROOT='' TRIPLE=x86_64-linux-gnu KERNEL_MAKE=("CC=$TRIPLE-gcc-14") ;;
arm64)
	CROSS=-arm64 ROOT=arm64 TRIPLE=aarch64-linux-gnu
	KERNEL_MAKE=(ARCH=arm64 "CROSS_COMPILE=$TRIPLE-" "CC=$TRIPLE-gcc-14")
	;;
*) die "the module and the tool are for amd64 and arm64, not for '$ARCH'" "leave TARGET_ARCH out, or say arm64" ;;
esac

# What is for another architecture has OUTPUT, with all that is built for it. TARGET_KERNEL is the
# directory of another kernel than the default, as scripts/kernel and scripts/debug-kernel make
# them. What is built for it has a place of its own, BUILD.
OUTPUT=$TOP/build
[ "$ARCH" = "$HOST_ARCH" ] || OUTPUT=$TOP/build/$ARCH
find_build() {
	BUILD=$OUTPUT
	[ -z "${TARGET_KERNEL:-}" ] || [ "$(readlink -f "$TARGET_KERNEL")" = "$(readlink -f "$CACHE/kernel$CROSS")" ] ||
		BUILD=$OUTPUT/$(basename "$TARGET_KERNEL")
}
find_build

# run_step NAME COMMAND...: runs COMMAND with its output in $CACHE/log/NAME.log, shows the time that
# passes and the last line of output on a terminal, and the tail of the log when the command fails.
run_step() {
	local name=$1 log pid start rc=0
	shift
	log=$CACHE/log/$name.log
	mkdir -p "$CACHE/log"
	start=$SECONDS
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	trap 'kill '"$pid"' 2>/dev/null; die "interrupted: $name" "run the same command again to resume"' INT TERM
	while kill -0 "$pid" 2>/dev/null; do
		if [ -t 2 ]; then
			printf '\r\033[K    %s: %3d s  %.90s' "$name" $((SECONDS - start)) \
				"$(tail -c 300 "$log" 2>/dev/null | tr '\r' '\n' | tr -d '\033' | tail -n 1)" >&2
		elif [ $(((SECONDS - start) % 30)) -eq 29 ]; then
			printf '    %s: %d s\n' "$name" $((SECONDS - start)) >&2
		fi
		sleep 1
	done
	wait "$pid" || rc=$?
	trap - INT TERM
	[ -t 2 ] && printf '\r\033[K' >&2
	if [ "$rc" -ne 0 ]; then
		tail -n 25 "$log" >&2
		die "$name failed after $((SECONDS - start)) s (exit status $rc)" "the whole output is in $log"
	fi
	say "$name: done in $((SECONDS - start)) s"
}

# The Debian mirror of this machine, from its own apt configuration or from MIRROR.
mirror() {
	local m=${MIRROR:-}
	if [ -z "$m" ]; then
		# shellcheck disable=SC2016 # a field of apt's
		m=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Label: Debian' 2>/dev/null |
			sort -u | head -n 1)
	fi
	[ -n "$m" ] || die "no Debian mirror is configured on this machine" \
		"run 'apt-get update' first, or set MIRROR to the address of a Debian mirror"
	printf '%s\n' "$m"
}

# default_kernel_only: ends where TARGET_KERNEL or TARGET_ARCH names another kernel than the
# default.
default_kernel_only() {
	[ "$BUILD" = "$TOP/build" ] ||
		die "this is for the default kernel only, whose packages are in build/deb" "leave out KERNEL= and ARCH="
}

# series RELEASE: the series of a kernel, such as 7.3.
series() { cut -d. -f1-2 <<<"${1%%[!0-9.]*}"; }

# is_served RELEASE: whether the module is written for this kernel or for an older one.
is_served() {
	[[ $1 =~ ^[0-9]+\.[0-9] ]] &&
		[ "$(printf '%s\n' "$(series "$1")" "$KERNEL_OLDEST" | sort -V | head -n 1)" = "$KERNEL_OLDEST" ]
}

# kernel_option CONFIG NAME: the value of an option, without quotes; empty where it is not set.
kernel_option() { sed -n "s/^$2=//p" "$1" | tr -d '"'; }

# compilers TREE: the build root with the compilers of a kernel's tree, as INROOT_ROOT has it. Empty
# for the one without a name.
compilers() {
	if [ -n "$(kernel_option "$1/.config" CONFIG_CC_IS_CLANG)" ]; then
		echo clang
	elif [[ $1 == "$CACHE"/* ]]; then
		cat "$1/../compilers" 2>/dev/null || true
	fi
}

# need COMMAND PACKAGE: installs PACKAGE through apt where COMMAND is missing.
need() {
	command -v "$1" >/dev/null && return
	[ "$(id -u)" -eq 0 ] || die "'$1' is missing" "install it: sudo apt-get install $2"
	command -v apt-get >/dev/null || die "'$1' is missing and this machine has no apt" "install it from the package $2"
	say "installing $2"
	run_step "apt-$2" sh -c "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $2"
}

# lock NAME: holds an exclusive lock until the script ends, so that two runs do not build the same
# thing.
lock() {
	exec {LOCK_FD}>"$CACHE/$1.lock"
	flock -n "$LOCK_FD" || {
		say "waiting for another run to finish with $1"
		flock "$LOCK_FD"
	}
}

sources() { # sources SUITE...: apt source lines for the suites
	local s
	for s in "$@"; do
		printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$(mirror)" "$s"
	done
}

# apt_into ARCHIVES [ARGUMENT]...: from here on the arguments of apt in the build root, in the array
# apt. What it downloads for itself goes to the directory.
apt_into() {
	apt=(-q -o "Dir::State::Lists=$CACHE/apt/lists" -o "Dir::Cache::Archives=$1" -o Dir::Cache::pkgcache=
		-o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root -o Acquire::Retries=5 -o Debug::NoLocking=1 "${@:2}")
}

# use_suite SUITE: from here on the arguments of apt in the build root, in the array apt, are for
# the packages of this suite and of ARCH. Its index is read.
use_suite() {
	local state=$CACHE/apt$CROSS
	[ "$1" = "${KERNEL_SUITES[0]}" ] || state=$state/$1
	mkdir -p "$state/lists/partial" "$state/archives/partial"
	apt_into "$state/archives" -o "Dir::State::Lists=$state/lists" -o "APT::Architecture=$ARCH" -o "APT::Architectures=$ARCH"
	if [ "$1" != "${KERNEL_SUITES[0]}" ]; then
		# What a mirror that stands still has is tried all the same.
		sources "$1" >"$state/sources.list"
		apt+=(-o "Dir::Etc::SourceList=$state/sources.list" -o Dir::Etc::SourceParts=/dev/null
			-o Dir::State::status=/dev/null -o Acquire::Check-Valid-Until=false)
	fi
	run_step "index-$1" "$TOP/scripts/inroot" apt-get "${apt[@]}" update
}

# crate NAME VERSION: fetches the source of a crate, and prints its directory.
crate() {
	local work source
	source=$(compgen -G "$CACHE/cargo/registry/src/*/$1-$2/.cargo-ok" || true)
	if [ -z "$source" ]; then
		work=$CACHE/crate-$1-$2
		mkdir -p "$work/src"
		: >"$work/src/lib.rs"
		cat >"$work/Cargo.toml" <<-EOF
			[package]
			name = "fetch"
			version = "0.0.0"
			edition = "2021"
			[dependencies]
			$1 = { version = "=$2", default-features = false }
			[workspace]
		EOF
		(cd "$work" && run_step "crate-$1-$2" "$TOP/scripts/inroot" cargo fetch)
		rm -rf "$work"
		source=$(compgen -G "$CACHE/cargo/registry/src/*/$1-$2/.cargo-ok") || die "the crate $1 $2 was not unpacked"
	fi
	dirname "$source"
}
