/* Runs one program and writes what it used: exit code, CPU and wall in microseconds, peak KiB.
 *
 * meter REPORT PROGRAM [ARGUMENT...]
 *
 * A program of its own, and in C, for two reasons. The crate forbids `unsafe`, and no safe interface
 * gives the usage of one child. And Linux counts towards a child's peak memory what its parent held
 * when it was started, so the parent must be tiny.
 */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long micros(struct timeval t) { return t.tv_sec * 1000000LL + t.tv_usec; }

int main(int argc, char **argv)
{
	struct timespec from, to;
	struct rusage used;
	pid_t child;
	int status;
	FILE *report;

	if (argc < 3)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &from);
	if (posix_spawnp(&child, argv[2], NULL, NULL, argv + 2, environ) || wait4(child, &status, 0, &used) != child)
		return 127;
	clock_gettime(CLOCK_MONOTONIC, &to);
	report = fopen(argv[1], "w");
	if (!report)
		return 2;
	fprintf(report, "%d %lld %lld %ld\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		micros(used.ru_utime) + micros(used.ru_stime),
		(to.tv_sec - from.tv_sec) * 1000000LL + (to.tv_nsec - from.tv_nsec) / 1000, used.ru_maxrss);
	return fclose(report) ? 2 : 0;
}
