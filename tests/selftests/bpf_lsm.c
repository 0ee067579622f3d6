// SPDX-License-Identifier: GPL-2.0
/*
 * bpf_lsm VERDICT HOOK...: attaches a BPF program that returns VERDICT to each LSM hook, says
 * "attached" and keeps them there until standard input ends. For each line of input it prints how
 * often each of them ran so far.
 *
 * A hook whose name begins with security_ is the kernel's own function for all LSMs. Its program
 * gives the function's third argument as the result, in place of the function (BPF_MODIFY_RETURN).
 *
 * The program counts in a map of one number. No library is needed: the kernel wants to know of the
 * hook only the number of its function in the kernel's own BTF.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BTF_PATH "/sys/kernel/btf/vmlinux"

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(__NR_bpf, command, attr, sizeof(*attr));
}

static char *read_btf(void)
{
	struct stat stat;
	int fd = open(BTF_PATH, O_RDONLY);
	off_t done = 0;
	char *data;

	if (fd < 0 || fstat(fd, &stat))
		die(BTF_PATH);
	data = malloc(stat.st_size);
	while (data && done < stat.st_size) {
		ssize_t n = read(fd, data + done, stat.st_size - done);

		if (n <= 0)
			die(BTF_PATH);
		done += n;
	}
	close(fd);
	return data;
}

/* The bytes that follow the struct btf_type. */
static size_t trailing(const struct btf_type *type)
{
	size_t count = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return count * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return count * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return count * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return count * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return count * sizeof(struct btf_var_secinfo);
	}
	return 0;
}

/* The number of a function in the kernel's BTF. */
static uint32_t function_id(const char *btf, const char *name)
{
	const char *at, *end, *names;
	const struct btf_header *header = (const void *)btf;
	uint32_t id = 0;

	at = btf + header->hdr_len + header->type_off;
	end = at + header->type_len;
	names = btf + header->hdr_len + header->str_off;
	while (at < end) {
		const struct btf_type *type = (const void *)at;

		id++;
		if (BTF_INFO_KIND(type->info) == BTF_KIND_FUNC && !strcmp(names + type->name_off, name))
			return id;
		at += sizeof(*type) + trailing(type);
	}
	errno = ENOENT;
	die(name);
	return 0;
}

/* A program at a hook, and the map in which it counts. */
struct attached {
	int map;
};

static struct attached attach(const char *btf, const char *hook, int verdict)
{
	static char log[65536];
	struct attached attached;
	union bpf_attr attr = {};
	char name[128];
	int fd;

	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = sizeof(uint64_t);
	attr.max_entries = 1;
	attached.map = bpf(BPF_MAP_CREATE, &attr);
	if (attached.map < 0)
		die("BPF_MAP_CREATE");

	const int modifies = !strncmp(hook, "security_", 9);
	const struct bpf_insn third = { .code = BPF_LDX | BPF_DW | BPF_MEM, .dst_reg = BPF_REG_3, .src_reg = BPF_REG_1, .off = 16 };
	const struct bpf_insn constant = { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = verdict };
	struct bpf_insn program[] = {
		modifies ? third : constant,
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1, .src_reg = BPF_PSEUDO_MAP_VALUE, .imm = attached.map },
		{},
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 1 },
		{ .code = BPF_STX | BPF_DW | BPF_ATOMIC, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_2, .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_3 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	snprintf(name, sizeof(name), "%s%s", modifies ? "" : "bpf_lsm_", hook);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = modifies ? BPF_PROG_TYPE_TRACING : BPF_PROG_TYPE_LSM;
	attr.expected_attach_type = modifies ? BPF_MODIFY_RETURN : BPF_LSM_MAC;
	attr.attach_btf_id = function_id(btf, name);
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = sizeof(program) / sizeof(*program);
	attr.license = (uintptr_t)"GPL";
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0) {
		fputs(log, stderr);
		die("BPF_PROG_LOAD");
	}

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.prog_fd = fd;
	if (bpf(BPF_RAW_TRACEPOINT_OPEN, &attr) < 0) {
		snprintf(name, sizeof(name), "attaching to %s", hook);
		die(name);
	}
	return attached;
}

static uint64_t runs(struct attached attached)
{
	union bpf_attr attr = {};
	uint32_t key = 0;
	uint64_t value;

	attr.map_fd = attached.map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	if (bpf(BPF_MAP_LOOKUP_ELEM, &attr))
		die("BPF_MAP_LOOKUP_ELEM");
	return value;
}

int main(int argc, char **argv)
{
	struct attached attached[32];
	const char *btf = read_btf();
	int i, count = argc - 2;
	char line[16];

	if (count < 1 || count > (int)(sizeof(attached) / sizeof(*attached))) {
		fprintf(stderr, "usage: bpf_lsm VERDICT HOOK...\n");
		return 2;
	}
	for (i = 0; i < count; i++)
		attached[i] = attach(btf, argv[2 + i], atoi(argv[1]));
	puts("attached");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		for (i = 0; i < count; i++)
			printf("%s%llu", i ? " " : "", (unsigned long long)runs(attached[i]));
		puts("");
		fflush(stdout);
	}
	return 0;
}
