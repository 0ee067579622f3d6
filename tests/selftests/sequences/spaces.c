// SPDX-License-Identifier: GPL-2.0
/*
 * Calls in namespaces of a user's own, where the files are seen through an overlay.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sequences.h"

static void put(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(1);
	close(fd);
}

/* Becomes root of its own, with an overlay of the files in the directory. */
static int enter(const char *dir)
{
	const uid_t uid = getuid();
	const gid_t gid = getgid();
	char text[8192];

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return -1;
	put("/proc/self/setgroups", "deny");
	snprintf(text, sizeof(text), "0 %u 1", uid);
	put("/proc/self/uid_map", text);
	snprintf(text, sizeof(text), "0 %u 1", gid);
	put("/proc/self/gid_map", text);
	/* On top of a directory that every system has, and nothing here uses. */
	if (mount("none", "/mnt", "tmpfs", 0, "mode=755") || mkdir("/mnt/upper", 0755) || mkdir("/mnt/work", 0755) ||
	    mkdir("/mnt/merged", 0755))
		return -1;
	snprintf(text, sizeof(text), "lowerdir=%s,upperdir=/mnt/upper,workdir=/mnt/work,userxattr", dir);
	return mount("overlay", "/mnt/merged", "overlay", 0, text);
}

static int in_namespaces(struct task *t)
{
	const unsigned long calls = 50 + any(t, 200);
	int status;
	pid_t child;

	if (t->depth)
		return -1;
	child = fork();
	if (!child) {
		/* The ring is the parent's. */
		t->ring = -1;
		t->depth = 1;
		if (enter(t->dir))
			_exit(1);
		t->dir = "/mnt/merged";
		run_calls(t, calls);
		let_go(t);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	/* What it saw counts. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == EVIL)
		_exit(EVIL);
	return status ? -1 : 0;
}

const struct call space_calls[] = {
	{ "namespaces", in_namespaces, 1 },
	{ 0 },
};
