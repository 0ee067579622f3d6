// SPDX-License-Identifier: GPL-2.0
/*
 * tpm_reference SOCKET [BANK]...: the reference implementation of the TPM 2.0 as a TPM of QEMU's.
 * It has these banks of PCRs (sha1, sha256, sha384, sha512), or all of them if none is named.
 *
 * Serves the one connection that QEMU's "emulator" backend makes to SOCKET, in the background,
 * until that ends. QEMU sends control commands on it, a number of four bytes each with its data
 * behind it; with one of them comes a socket for the TPM's own commands. All numbers have the most
 * significant byte first. Source: swtpm_ioctls(3), tpm_ioctl.h of QEMU.
 *
 * It has no state that outlives it, and no locality but the first.
 */

#define _GNU_SOURCE
#include <endian.h>
#include <err.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "Platform.h"

enum control {
	GET_CAPABILITY = 1,
	INIT = 2,
	SHUTDOWN = 3,
	GET_TPMESTABLISHED = 4,
	SET_LOCALITY = 5,
	CANCEL_TPM_CMD = 9,
	RESET_TPMESTABLISHED = 11,
	STOP = 14,
	SET_DATAFD = 16,
	SET_BUFFERSIZE = 17,
};

/* What QEMU asks of a TPM 2.0: bit N - 1 for command N, but for the sixth and those behind it. */
#define CAPABILITIES (1 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 7 | 1 << 10 | 1 << 12 | 1 << 13)

#define BUFFER 4096
#define HEADER 10
#define BAD_ORDINAL 0x0a

static void read_all(int fd, void *data, size_t size)
{
	while (size) {
		ssize_t n = read(fd, data, size);

		if (n == 0)
			exit(0);
		if (n < 0)
			err(1, "read");
		data = (char *)data + n;
		size -= n;
	}
}

static void write_all(int fd, const void *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0)
			err(1, "write");
		data = (const char *)data + n;
		size -= n;
	}
}

/* The number of a control command, and the descriptor that came with it, if one did. */
static uint32_t read_control(int fd, int *passed)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} ancillary = { 0 };
	uint32_t number;
	struct iovec iov = { .iov_base = &number, .iov_len = sizeof(number) };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &ancillary,
		.msg_controllen = sizeof(ancillary),
	};
	ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	if (n == 0)
		exit(0);
	if (n < 0)
		err(1, "recvmsg");
	read_all(fd, (char *)&number + n, sizeof(number) - n);
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(passed, CMSG_DATA(head), sizeof(int));
	return be32toh(number);
}

static const struct {
	const char *name;
	uint16_t algorithm;
} banks[] = { { "sha1", 0x4 }, { "sha256", 0xb }, { "sha384", 0xc }, { "sha512", 0xd } };
#define BANKS (sizeof(banks) / sizeof(banks[0]))

/* Runs a command of which only the code of the answer counts. */
static void run(const char *name, unsigned char *command, uint32_t size)
{
	unsigned char response[BUFFER], *answer = response;
	uint32_t answer_size = sizeof(response), code;

	_plat__RunCommand(size, command, &answer_size, &answer);
	memcpy(&code, answer + 6, sizeof(code));
	if (code)
		errx(1, "%s: 0x%x", name, be32toh(code));
}

/*
 * Allocates the banks whose names are in `wanted`, which ends with NULL, as at the factory. What is
 * allocated is there after the next reset (TPM 2.0 Part 3, 22.5).
 */
static void allocate(char **wanted)
{
	/* TPM_ST_NO_SESSIONS, size, code, TPM_SU_CLEAR. */
	unsigned char startup[] = { 0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0 };
	unsigned char shutdown[] = { 0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x45, 0, 0 };
	unsigned char command[31 + 6 * BANKS] = {
		/* TPM_ST_SESSIONS, size, TPM_CC_PCR_Allocate, TPM_RH_PLATFORM */
		0x80, 0x02, 0, 0, 0, sizeof(command), 0, 0, 0x01, 0x2b, 0x40, 0, 0, 0x0c,
		/* its authorization: of 9 bytes, by an empty password */
		0, 0, 0, 9, 0x40, 0, 0, 0x09, 0, 0, 0, 0, 0,
		/* selections: an algorithm each, and three bytes with a bit for each PCR */
		0, 0, 0, BANKS,
	};
	unsigned char *selection = command + 31;

	for (size_t i = 0; i < BANKS; i++, selection += 6) {
		bool all = false;

		for (char **name = wanted; *name; name++)
			all |= !strcmp(*name, banks[i].name);
		selection[1] = banks[i].algorithm;
		selection[2] = 3;
		memset(selection + 3, all ? 0xff : 0, 3);
	}
	run("TPM2_Startup", startup, sizeof(startup));
	run("TPM2_PCR_Allocate", command, sizeof(command));
	run("TPM2_Shutdown", shutdown, sizeof(shutdown));
	_plat__Reset(false);
}

static void answer_control(int fd, int *data_fd, char **wanted)
{
	uint32_t number = read_control(fd, data_fd);
	/* The result, then what the command gives. */
	uint32_t answer[4] = { 0 };
	size_t size = sizeof(answer[0]);
	uint32_t argument;

	switch (number) {
	case GET_CAPABILITY:
		answer[1] = htobe32(CAPABILITIES);
		size = 2 * sizeof(answer[0]);
		break;
	case INIT:
		/* Flags: of a state, which there is not. The power comes. */
		read_all(fd, &argument, sizeof(argument));
		_plat__Reset(false);
		if (*wanted)
			allocate(wanted);
		break;
	case GET_TPMESTABLISHED:
		size = 2 * sizeof(answer[0]);
		break;
	case SET_LOCALITY:
	case RESET_TPMESTABLISHED:
		read_all(fd, &argument, sizeof(argument));
		break;
	case SET_BUFFERSIZE:
		read_all(fd, &argument, sizeof(argument));
		for (int i = 1; i < 4; i++)
			answer[i] = htobe32(BUFFER);
		size = sizeof(answer);
		break;
	case SHUTDOWN:
	case CANCEL_TPM_CMD:
	case STOP:
	case SET_DATAFD:
		break;
	default:
		answer[0] = htobe32(BAD_ORDINAL);
	}
	write_all(fd, answer, size);
	if (number == SHUTDOWN)
		exit(0);
}

static void answer_command(int fd)
{
	unsigned char command[BUFFER], response[BUFFER], *answer = response;
	uint32_t size, answer_size = sizeof(response);

	/* Tag, size of the whole, code. */
	read_all(fd, command, HEADER);
	memcpy(&size, command + 2, sizeof(size));
	size = be32toh(size);
	if (size < HEADER || size > sizeof(command))
		errx(1, "a command of %u bytes", size);
	read_all(fd, command + HEADER, size - HEADER);
	_plat__RunCommand(size, command, &answer_size, &answer);
	write_all(fd, answer, answer_size);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	/* The control connection, then the TPM's. poll() ignores what is negative. */
	struct pollfd fds[2] = { { .events = POLLIN }, { .fd = -1, .events = POLLIN } };
	int listener;

	if (argc < 2 || strlen(argv[1]) >= sizeof(address.sun_path))
		errx(1, "usage: tpm_reference SOCKET [BANK]...");
	strcpy(address.sun_path, argv[1]);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 1))
		err(1, "%s", argv[1]);
	/* Whoever started this may connect now. */
	if (daemon(1, 1))
		err(1, "daemon");
	fds[0].fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fds[0].fd < 0)
		err(1, "accept");
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			err(1, "poll");
		if (fds[0].revents)
			answer_control(fds[0].fd, &fds[1].fd, argv + 2);
		else if (fds[1].revents)
			answer_command(fds[1].fd);
	}
}
