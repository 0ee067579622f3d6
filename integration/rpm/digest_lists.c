// SPDX-License-Identifier: GPL-2.0
/*
 * rpm's transaction plugin. Before rpm changes anything, it hands the headers of all packages that
 * are to be installed to rpm-load, each with the signature that its vendor made. If that fails, so
 * does the transaction.
 *
 * It decides nothing and knows no format: what goes through the pipe is what 'rpmdb --exportdb'
 * prints.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rpm/header.h>
#include <rpm/rpmio.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmplugin.h>
#include <rpm/rpmte.h>
#include <rpm/rpmts.h>

#define LOADER "/usr/lib/digest_lists/rpm-load"
#define RENEWER "/usr/lib/digest_lists/renew"

/* Transactions that put no file in place. */
#define NO_FILES (RPMTRANS_FLAG_TEST | RPMTRANS_FLAG_BUILD_PROBS | RPMTRANS_FLAG_JUSTDB)

struct loader {
	pid_t pid;
	FD_t input;
};

/* Starts a program as a shell would: rpm has blocked signals and ignores SIGPIPE. */
static int spawn(pid_t *pid, char *program, int input)
{
	char *argv[] = { program, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t blocked, defaults;
	int error;

	sigemptyset(&blocked);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &blocked);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
	/* Standard output is rpm's. */
	posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	error = posix_spawn(pid, program, &files, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return error;
}

static bool start(struct loader *loader)
{
	int ends[2], error = 0;

	if (pipe2(ends, O_CLOEXEC))
		error = errno;
	else {
		error = spawn(&loader->pid, LOADER, ends[0]);
		close(ends[0]);
		loader->input = error ? NULL : fdDup(ends[1]);
		close(ends[1]);
	}
	if (error)
		rpmlog(RPMLOG_ERR, "digest_lists: cannot run " LOADER ": %s. "
		       "It is in the package digest-lists; install that again\n", strerror(error));
	return !error;
}

/* Whether the program did what it had to. */
static bool succeeds(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/*
 * The header of a package that is to be installed, with its signatures. The kernel verifies them;
 * what rpm verifies, it does elsewhere.
 */
static Header header_of(rpmts ts, rpmte te)
{
	Header header = NULL;
	rpmVSFlags flags;
	FD_t file;

	file = rpmtsNotify(ts, te, RPMCALLBACK_INST_OPEN_FILE, 0, 0);
	if (!file)
		return NULL;
	flags = rpmtsSetVSFlags(ts, RPMVSF_MASK_NODIGESTS | RPMVSF_MASK_NOSIGNATURES);
	rpmReadPackageFile(ts, file, rpmteNEVRA(te), &header);
	rpmtsSetVSFlags(ts, flags);
	rpmtsNotify(ts, te, RPMCALLBACK_INST_CLOSE_FILE, 0, 0);
	return header;
}

/* Gives the packages to rpm-load. What it does not read is its own affair: its status counts. */
static bool hand_over(rpmts ts, struct loader *loader)
{
	rpmtsi elements = rpmtsiInit(ts);
	bool read = true;
	rpmte te;

	while (read && (te = rpmtsiNext(elements, TR_ADDED))) {
		Header header = header_of(ts, te);
		int error = header && headerWrite(loader->input, header, HEADER_MAGIC_YES) ? errno : 0;

		read = header && (!error || error == EPIPE);
		headerFree(header);
		if (!read)
			rpmlog(RPMLOG_ERR, "digest_lists: the package file of %s cannot be read\n",
			       rpmteNEVRA(te));
		if (error)
			break;
	}
	rpmtsiFree(elements);
	return read;
}

static rpmRC before_transaction(rpmPlugin plugin, rpmts ts)
{
	rpmtsi elements = rpmtsiInit(ts);
	bool installs = rpmtsiNext(elements, TR_ADDED);
	struct loader loader;
	bool read, loaded;

	(void)plugin;
	rpmtsiFree(elements);
	if (!installs || rpmtsFlags(ts) & NO_FILES)
		return RPMRC_OK;
	if (!start(&loader))
		return RPMRC_FAIL;
	read = hand_over(ts, &loader);
	Fclose(loader.input);
	loaded = succeeds(loader.pid);
	if (read && loaded)
		return RPMRC_OK;
	rpmlog(RPMLOG_ERR, "digest_lists: nothing was installed or removed; the reason stands above\n");
	return RPMRC_FAIL;
}

/* The next boot needs the lists, whatever became of the transaction. */
static rpmRC after_transaction(rpmPlugin plugin, rpmts ts, int result)
{
	pid_t pid;

	(void)plugin;
	(void)result;
	if (!(rpmtsFlags(ts) & NO_FILES) && !access(RENEWER, X_OK) &&
	    (spawn(&pid, RENEWER, STDERR_FILENO) || !succeeds(pid)))
		rpmlog(RPMLOG_ERR, "digest_lists: the initramfs was not made with the lists of these packages\n");
	return RPMRC_OK;
}

/* rpm finds it by its name. */
struct rpmPluginHooks_s digest_lists_hooks = {
	.tsm_pre = before_transaction,
	.tsm_post = after_transaction,
};
