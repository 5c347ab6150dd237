/* control - the file with the call that shim.c makes fail, and the events since; see shim.c.
 *
 * tests/system/faults.test writes it with the same layout: one machine, one compiler. The orders of roles and families are
 * that test's, too.
 */
#ifndef REMEX_TESTS_FAULTS_CONTROL_H
#define REMEX_TESTS_FAULTS_CONTROL_H

#include <stdint.h>

#define ROLE_NAMES "nobody", "supervisor", "front", "keeper", "worker", "child", "client", "job"

enum { NOBODY, WORKER = 4, CHILD, CLIENT, JOB, ROLES };

/* The families of functions. */
enum {
	MEMORY = 1 << 0, /* malloc and its kin; strdup, asprintf, opendir… come here as well */
	DESCRIPTOR = 1 << 1, /* whatever makes one */
	READ = 1 << 2,
	WRITE = 1 << 3,
	PROCESS = 1 << 4, /* fork, vfork, execve */
	WAIT = 1 << 5, /* poll, waitpid */
	IDENTITY = 1 << 6, /* the process's ids: setresuid and its kin */
	SETTING = 1 << 7, /* questions to the kernel, and settings */
	INTERRUPT = 1 << 8, /* EINTR where a signal may be the cause: must change nothing */
	SHORT = 1 << 9, /* one byte, where more could be had: must change nothing */
	FAMILIES = 10,
};

struct control {
	volatile uint32_t armed;
	uint32_t role, family; /* the family's bit */
	uint32_t nth; /* from 1; 0: nothing fails, and all is counted */
	uint32_t times; /* how many calls in a row fail */
	int32_t error; /* 0: each function's own */
	uint32_t fired; /* how many have failed */
	int32_t pid; /* the process that met the first of them */
	uint32_t seen[ROLES][FAMILIES]; /* how many calls there were */
	char where[1024]; /* the function, and its callers: FILE+OFFSET FILE+OFFSET … */
};

#endif
