/* file_writer_fixture - a directory of our own and its files, for the tests of temporaries and writings.
 *
 * The test runs in that directory, so that a name is a path. The directory that writings borrow is open twice: to be read,
 * and O_PATH, as a target has it.
 */
#ifndef REMEX_TESTS_FILES_FILE_WRITER_FIXTURE_H
#define REMEX_TESTS_FILES_FILE_WRITER_FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "files/file_writer.h"
#include "files/temporary.h"
#include "wire/codes.h"

extern int directory, only_path; /* to be read; O_PATH */
extern struct err err;

/* The fixture. The umask is 022. */
void setup (void);
void teardown (void);

/* A file with that text. */
void make (const char *name, const char *text);
void holds (const char *name, const char *text);
bool exists (const char *name); /* a symbolic link does */
struct stat status (const char *name); /* of the name itself */
mode_t mode_of (const char *name); /* the bits 07777 */

/* Set the time of the last write to that time. */
void set_time (const char *name, time_t second, long nanosecond);

/* The number of names, and of temporaries among them; the name of the only temporary. */
int entries (void);
int temporaries (void);
const char *the_temporary (void);

/* Is the file locked by another process (flock(2))? */
bool locked (const char *name);

/* Become an ordinary user, who is in one more group, in a directory of that user; as root only. */
enum { NOBODY = 65534, THEIR_GROUP = 65533 };
void become_nobody (void);

/* The SHA-256 of a text. */
const char *sum_of (const char *text);

/* The result is -1, and err has the errno (0: none) in words, and these words. */
void failed (int result, enum code code, int number, const char *words);

/* A new writing of that name, which must begin; of that text, which must be taken; and with its end. */
struct file_writer *begin (const char *name, struct file_writer_options options);
void add (struct file_writer *writer, const char *text);
void complete (struct file_writer *writer);
void publish (struct file_writer *writer); /* and freed */

/* A whole writing. mode -1: not sent. */
void put (const char *name, const char *text, struct file_writer_options options, int mode);

#endif
