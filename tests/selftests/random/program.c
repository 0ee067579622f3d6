// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest program: it exits with a number that stands in it.
 */
#include <elf.h>
#include <string.h>

#include "random.h"

#define CODE (sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr))

#if defined(__x86_64__)
#define MACHINE EM_X86_64
/* mov $0, %edi; mov $60, %eax; syscall */
static const unsigned char code[] = { 0xbf, 0, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05 };
const size_t PROGRAM_STATUS = CODE + 1;
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
/* adr x0, . + 16; ldrb w0, [x0]; mov x8, #93; svc #0; 0 */
static const unsigned char code[] = { 0x80, 0, 0, 0x10, 0, 0, 0x40, 0x39, 0xa8, 0x0b, 0x80, 0xd2, 1, 0, 0, 0xd4, 0 };
const size_t PROGRAM_STATUS = CODE + 16;
#endif

/* Puts one that exits with STATUS into SIZE bytes, at least 256, of which it maps all. */
void put_program(unsigned char *content, size_t size, unsigned char status)
{
	const Elf64_Ehdr head = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = MACHINE,
		.e_version = EV_CURRENT,
		.e_entry = 0x400000 + CODE,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	const Elf64_Phdr segment = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_vaddr = 0x400000,
		.p_filesz = size,
		.p_memsz = size,
		.p_align = 4096,
	};

	memset(content, 0, size);
	memcpy(content, &head, sizeof(head));
	memcpy(content + sizeof(head), &segment, sizeof(segment));
	memcpy(content + CODE, code, sizeof(code));
	content[PROGRAM_STATUS] = status;
}
