#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh SEED [SOURCES]: a C project of 1,000 sources (SOURCES), each with a header of its own, is
# built by make and tcc: a process and an object for each source, and one object of all at the end.
# Programs that are executed, what is mapped for execution, and what root reads are measured on the
# file system of the project, where make, tcc and the shell lie as well. Objects are written and
# then read, so nothing can know them. Caches are cold. The cases:
#
#   none      no module, and no policy of IMA
#   unknown   the module, with no list
#   known     the module, with a list of the tools and the sources
#   ima       IMA

. "$(dirname "$0")/lib.sh"

number=${2:-1000}
packages=("$(dirname "$0")"/debs/*.deb)

rules() {
	local condition
	for condition in 'func=MMAP_CHECK mask=MAY_EXEC' 'func=BPRM_CHECK mask=MAY_EXEC' 'func=FILE_CHECK mask=^MAY_READ euid=0'; do
		echo "measure $condition fsuuid=${uuid[$1]}${2:+ $2}"
	done
}

# make_project DIR: with the tools in DIR/bin.
make_project() {
	local deb
	mkdir -p "$1/tools" "$1/bin" "$1/src"
	for deb in "${packages[@]}"; do dpkg-deb -x "$deb" "$1/tools" || return; done
	cp "$1"/tools/usr/bin/{make,tcc} /bin/dash "$1/bin/" || return
	cat >"$1/Makefile" <<-END
		SHELL = $1/bin/dash
		objects = \$(patsubst %.c,%.o,\$(wildcard src/*.c))
		all.o: \$(objects)
		#	@$1/bin/tcc -nostdlib -r -o \$@ \$(objects)
		%.o: %.c
		#	@$1/bin/tcc -nostdinc -Isrc -c -o \$@ \$<; :
	END
	sed -i 's/^#\t/\t/' "$1/Makefile"
	awk -v dir="$1/src" -v n="$number" 'BEGIN {
		for (i = 0; i < n; i++) {
			header = sprintf("%s/unit%05d.h", dir, i)
			source = sprintf("%s/unit%05d.c", dir, i)
			printf "struct unit%d { int count, table[%d]; };\nint unit%d_sum(const struct unit%d *unit);\n", i, i % 40 + 1, i, i > header
			printf "#include \"unit%05d.h\"\n", i > source
			for (f = 0; f < 20; f++)
				printf "static int part%d(int a, int b)\n{\n\treturn a * %d + b - %d;\n}\n\n", f, f + i, f > source
			printf "int unit%d_sum(const struct unit%d *unit)\n{\n\tint i, sum = 0;\n\n\tfor (i = 0; i < unit->count; i++)\n\t\tsum = part%d(sum, unit->table[i]);\n\treturn sum;\n}\n", i, i, i % 20 > source
			close(header)
			close(source)
		}
	}'
}
build() {
	cool "$1"
	measure "$1" sources="$number" -- "$work/$1/bin/make" -s -C "$work/$1"
	[ -s "$work/$1/all.o" ] || die "nothing was built"
}

for case in none unknown known ima; do
	make_fs $case 256M 20000
	make_project $work/$case || die "no project"
done
digestctl -q generate $work/known -o $work/list || die "no list"

build none
load_module
rules unknown digest_list | set_policy
build unknown
unload_module
load_module
load_lists $work/list
rules known digest_list | set_policy
build known
unload_module
rules ima | set_ima_policy
build ima
