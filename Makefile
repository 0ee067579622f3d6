# SPDX-License-Identifier: GPL-2.0
#
# What a person or a CI runs. Every target works in a fresh clone; what is built outside the checkout (the build root,
# the kernel tree, the guest) is kept in the cache. The module's own build description is Kbuild.

KDIR ?=
# What is built for the other architecture has a place of its own; the scripts know it by TARGET_ARCH.
build := build
triple := x86_64-unknown-linux-gnu
cc := gcc-14
# KERNEL= is a kernel of that architecture then.
ifneq ($(filter check-arm64,$(MAKECMDGOALS)),)
override ARCH := arm64
endif
ifeq ($(or $(ARCH),$(TARGET_ARCH)),arm64)
export TARGET_ARCH := arm64
build := build/arm64
triple := aarch64-unknown-linux-gnu
cc := aarch64-linux-gnu-gcc-14
linker := --config 'target.$(triple).linker="$(cc)"'
else ifeq ($(origin ARCH),command line)
$(error ARCH=$(ARCH): it is arm64, or left out)
endif
# KERNEL names another kernel than the default (scripts/kernel --help), for everything that is built for one or boots one.
ifneq ($(KERNEL),)
TARGET_KERNEL := $(shell TARGET_ARCH=$(TARGET_ARCH) scripts/kernel $(KERNEL))
ifeq ($(TARGET_KERNEL),)
$(error there is no kernel KERNEL=$(KERNEL))
endif
export TARGET_KERNEL
endif
module_args := $(if $(KDIR),--kdir $(KDIR))
cargo := CARGO_TARGET_DIR=$(CURDIR)/build/cargo scripts/inroot cargo
helpers := $(patsubst tests/selftests/%.c,$(build)/guest/%,$(wildcard tests/selftests/*.c)) $(build)/guest/stale $(build)/guest/sequences

.DEFAULT_GOAL := help
.PHONY: help demo check host-check guest-check check-keylime check-report check-long check-debug check-faults soak check-tpm check-mutants check-static check-packages bench bench-host bench-ima bench-verifier module digestctl helpers shell install deb fmt picture clean distclean check-documents check-rpm rpm check-dracut check-uki check-dkms programs check-kernels check-arm64

help:
	@echo 'make demo         build everything and watch a stock kernel measure unknown files, refuse them, and attest'
	@echo 'make check        host-check, then guest-check'
	@echo 'make host-check   tests of the formats, the policy language and the tool, on this machine'
	@echo 'make guest-check  selftests of the module, on the stock kernel in QEMU'
	@echo 'make check-keylime Keylime judges a guest, by its own verifier (two minutes; the first time it is fetched)'
	@echo 'make check-report  systemd'\''s signed reports have the list of a guest, and a volume opens by systemd-pcrlock (two minutes)'
	@echo 'make check-static  digestctl runs on Debian 11 to sid, and where nothing else is'
	@echo 'make check-packages a stock Debian guest measures with the packages alone, and starts without them (minutes)'
	@echo 'make check-documents the commands of README.md and deployment.md, as they stand there (minutes)'
	@echo 'make check-rpm    rpm installs packages that vendors signed, in a guest that refuses unknown files (minutes)'
	@echo 'make check-dracut the same with an initramfs of dracut: it measures, enforces, stops what must stop (half an hour)'
	@echo 'make check-uki    a measured unified kernel image, started by UEFI, attests (minutes)'
	@echo 'make check-dkms   a stock Debian system builds the module by DKMS; a guest of it gets another kernel while it enforces'
	@echo '                  (half an hour)'
	@echo 'make check-long   100,000 random changes of files on five file systems, measuring and enforcing, 10,000 loads of the'
	@echo '                  module, and 10,000 lists (hours)'
	@echo 'make check-kernels the newest kernels of trixie-backports, sid and experimental: the module builds, loads, and passes a'
	@echo '                  choice of the selftests, or it is said what these kernels have otherwise (half an hour);'
	@echo '                  KERNELS="…" takes others'
	@echo 'make soak HOURS=2 everything at once for so long: random calls, lists, scarce memory, a failing TPM; nothing may grow'
	@echo 'make check-faults every allocation of the module fails once, on the stock kernel (hours)'
	@echo 'make check-debug  selftests of the module, on kernels with KASAN, lockdep, kmemleak and KCSAN (hours, the first time)'
	@echo 'make check-tpm    selftests of the TPM on two of them, with banks of SHA-256, of SHA-384, and all four (half an hour)'
	@echo 'make check-mutants faults are put into the module, one at a time: a selftest must notice each (hours)'
	@echo 'make check-arm64  selftests of the module on the stock kernel of arm64 (hours); ARCH=arm64 with module, digestctl,'
	@echo '                  helpers and shell is for arm64, in build/arm64'
	@echo 'make bench        cost of the module where nothing changes, against no module and against IMA'
	@echo 'make bench-host   cost of lookups, loading and memory of the digest table, beside other tables'
	@echo 'make bench-ima    ten workloads under IMA and under the module, for five latencies of a TPM (many hours);'
	@echo '                  scripts/bench-ima --help tells how to run one, and Documentation/performance.md what came out'
	@echo 'make bench-verifier what it takes to judge 10,000 machines, beside Keylime (ten minutes)'
	@echo 'make module       build/digest_lists.ko; KDIR=… for another prepared kernel tree, TRUSTED_CERTS="FILE…"'
	@echo '                  for certificates (X.509 or OpenPGP) of keys that may sign digest lists'
	@echo 'make digestctl    build/bin/digestctl, its manual pages, and completions for shells, in build/share'
	@echo 'KERNEL=…          with module, helpers, deb, shell and the checks above, but for check-dkms and check-documents:'
	@echo '                  another kernel, by the name of a suite, of a release, or by its directory (scripts/kernel --help)'
	@echo 'make helpers      what the selftests need: programs, keys, signed headers, modules'
	@echo 'make install      below DESTDIR: digestctl, the hooks for initramfs-tools, dracut and apt, the units'
	@echo 'make deb          Debian packages of the tool, the hooks and the module, in build/deb; MODULE_KEY=… MODULE_CERT=…'
	@echo '                  sign the module'
	@echo "make rpm          RPM packages of the tool, the units and rpm's plugin, in build/rpm"
	@echo 'make shell        a shell in the guest; modprobe digest_lists loads the module'
	@echo 'make fmt          format the Rust sources'
	@echo 'make picture      draw Documentation/architecture.svg from its text'
	@echo 'make clean        remove what was built in the checkout'
	@echo 'make distclean    also remove the cache: build root, kernel tree, guest'
	@echo
	@echo 'scripts/vm --help      run one command in the guest'
	@echo 'scripts/checks --help  the static checks of the CI'

demo:
	@scripts/demo

check:
	@scripts/test host guest

host-check:
	@scripts/test host

guest-check:
	@scripts/test guest

# Every allocation of the module fails once, on the stock kernel.
check-faults: module digestctl helpers
	@scripts/vm --timeout 36000 -- env FAULTS_PHASES="load lists policy measure appraise" /opt/selftests/run faults

# Figures after every five minutes; see tests/soak/soak.sh.
HOURS ?= 2
soak: module digestctl helpers
	@scripts/vm --timeout $$(($(HOURS) * 3600 + 3600)) --memory 2560 --append selftest.tpm --append mitigations=off \
		--share tests/soak -- bash /mnt/share/soak.sh $$(($(HOURS) * 60))

check-debug:
	@scripts/test debug

check-tpm:
	@scripts/test tpm

check-mutants: module digestctl helpers
	@scripts/mutants

check-arm64:
	@TARGET_ARCH=arm64 scripts/test arm64

check-keylime: module digestctl
	@scripts/check-keylime

check-report: module digestctl
	@scripts/check-report

# What the CI has no time for.
check-long: module digestctl helpers
	@scripts/check-long
	@scripts/check-loads
	@scripts/vm --timeout 7200 -- env LISTS=10000 /opt/selftests/run many_lists
	@scripts/vm --timeout 14400 --append mitigations=off -- env CALLS=100000 /opt/selftests/run sequences

bench: module digestctl
	@scripts/bench

check-kernels: module digestctl
	@scripts/check-kernels $(KERNELS)

# Twice: with pages of 4 KiB, as the kernel maps arenas, and in huge pages, for which the allocator looks into /sys.
bench-host:
	$(cargo) bench --locked --manifest-path tests/bench/host/Cargo.toml
	INROOT_BIND=/sys BENCH_LOOKUPS_ONLY=1 GLIBC_TUNABLES=glibc.malloc.hugetlb=1 $(cargo) bench --locked --manifest-path tests/bench/host/Cargo.toml

bench-ima: module digestctl helpers
	@scripts/bench-ima

bench-verifier: digestctl
	@scripts/bench-verifier

module:
	@scripts/module $(module_args) $(if $(TRUSTED_CERTS),"TRUSTED_CERTS=$(TRUSTED_CERTS)")

# One static program. The target has to be named: what cargo builds for itself, procedural macros, cannot be static.
digestctl:
	@mkdir -p $(build)/bin
	$(cargo) build --release --locked -p digestctl --target $(triple) \
		--config 'target.$(triple).rustflags=["-Ctarget-feature=+crt-static"]' $(linker)
	@install -m 755 build/cargo/$(triple)/release/digestctl $(build)/bin/digestctl
ifneq ($(TARGET_ARCH),arm64)
	@rm -rf build/share
	scripts/inroot build/bin/digestctl documents build/share
	@install -D -m 644 -t build/share/man/man5 tools/digestctl/man/*.5
endif

check-static: digestctl
	@scripts/check-static

check-packages: deb
	@scripts/check-packages

check-documents: deb helpers
	@scripts/check-documents

check-rpm: rpm
	@scripts/check-rpm

check-dracut: module digestctl
	@scripts/check-packages dracut

check-uki: module digestctl
	@scripts/check-packages dracut uki

check-dkms: deb
	@scripts/check-dkms

# What the selftests need beside the module: programs for system calls no shell can make, keys, signed headers, modules.
helpers: programs
	@scripts/selftest-files

programs: $(helpers)

$(build)/guest/%: tests/selftests/%.c tests/selftests/commands.h
	@mkdir -p $(@D)
	scripts/inroot $(cc) -O2 -Wall -Wextra -Werror -o $@ $<

# Programs of several files.
$(build)/guest/stale: $(wildcard tests/selftests/stale/*.[ch])
$(build)/guest/sequences: $(wildcard tests/selftests/sequences/*.[ch])
$(build)/guest/stale $(build)/guest/sequences: $(wildcard tests/selftests/random/*.[ch])
	@mkdir -p $(@D)
	scripts/inroot $(cc) -O2 -Wall -Wextra -Werror -o $@ $(filter %.c,$^)

shell: module digestctl helpers
	@scripts/vm --interactive --timeout 86400

deb: module digestctl
	@scripts/deb

rpm: digestctl
	@scripts/rpm

# What the packages have as well (packaging/debian), but for the module, which is signed and copied by hand (README.md).
# build/share is what the tool's build makes for /usr/share: manual pages, completions of shells.
program := build/bin/digestctl
install:
	@[ -e $(program) ] && [ -d build/share ] || { echo "error: run 'make digestctl' first" >&2; exit 1; }
	@version=$$($(program) --version 2>&1) || { \
		echo "error: $(program) does not run on this machine, nothing is installed: $$version" >&2; \
		echo "       run 'make digestctl', which builds it for any Linux on x86-64" >&2; exit 1; }
	install -D -m 755 $(program) "$(DESTDIR)"/usr/sbin/digestctl
	for file in load-late check-violations renew; do \
		install -D -m 755 integration/lib/$$file "$(DESTDIR)"/usr/lib/digest_lists/$$file || exit; done
	install -D -m 644 integration/lib/functions "$(DESTDIR)"/usr/lib/digest_lists/functions
	install -D -m 755 integration/apt/apt-load "$(DESTDIR)"/usr/lib/digest_lists/apt-load
	install -D -m 644 integration/apt/90digest_lists "$(DESTDIR)"/etc/apt/apt.conf.d/90digest_lists
	install -D -m 644 integration/grub/digest_lists.cfg "$(DESTDIR)"/etc/default/grub.d/digest_lists.cfg
	[ -e "$(DESTDIR)"/etc/modprobe.d/digest_lists.conf ] || \
		install -D -m 644 integration/modprobe.d/digest_lists.conf "$(DESTDIR)"/etc/modprobe.d/digest_lists.conf
	for file in hooks/digest_lists scripts/init-bottom/digest_lists; do \
		rm -f "$(DESTDIR)"/etc/initramfs-tools/$$file; \
		install -D -m 755 integration/initramfs-tools/$$file "$(DESTDIR)"/usr/share/initramfs-tools/$$file || exit; done
	install -D -m 755 -t "$(DESTDIR)"/usr/lib/dracut/modules.d/50digest_lists integration/dracut/50digest_lists/*
	install -D -m 644 -t "$(DESTDIR)"/usr/lib/systemd/system integration/systemd/*
	find build/share -type f -printf '%P\n' | while read -r file; do \
		install -D -m 644 build/share/$$file "$(DESTDIR)"/usr/share/$$file || exit; done
	install -d "$(DESTDIR)"/etc/digest_lists/lists "$(DESTDIR)"/etc/digest_lists/keys "$(DESTDIR)"/var/lib/digest_lists/metadata

fmt:
	@scripts/checks --fix rustfmt

picture:
	scripts/picture Documentation/architecture.txt >Documentation/architecture.svg

clean:
	rm -rf build

distclean: clean
	scripts/cache --remove
