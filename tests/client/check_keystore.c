/* A user's keys, and which of their files are trusted. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "client/keystore.h"
#include "support/check_main.h"

static char directory[64], path[256];
static char *pem; /* a certificate */
static struct key key, found;
static struct err err;

static void setup (void)
{
	struct credential *credential = credential_make ("somebody", &err);
	char *end;
	FILE *file;

	strcpy (directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	ck_assert_ptr_nonnull (credential);
	key = *credential_key (credential);
	snprintf (path, sizeof path, "%s/id.pem", directory);
	ck_assert_int_eq (credential_write (credential, path, &err), 0);
	credential_free (credential);
	ck_assert_ptr_nonnull (pem = calloc (1, 8192));
	ck_assert_ptr_nonnull (file = fopen (path, "r"));
	ck_assert_uint_gt (fread (pem, 1, 8191, file), 0);
	fclose (file);
	ck_assert_ptr_nonnull (end = strstr (pem, "-----BEGIN CERTIFICATE"));
	memmove (pem, end, strlen (end) + 1);
	snprintf (path, sizeof path, "%s/hosts/web1:7363.pem", directory);
}

static void teardown (void)
{
	char command[256];

	free (pem);
	snprintf (command, sizeof command, "rm -rf '%s'", directory);
	ck_assert_int_eq (system (command), 0);
}

START_TEST (identity)
{
	struct credential *credential = keystore_identity (directory, &err);

	ck_assert_ptr_nonnull (credential);
	ck_assert (key_equal (credential_key (credential), &key));
	credential_free (credential);
	ck_assert_ptr_null (keystore_identity ("/nonexistent", &err));
	ck_assert_int_eq (err.sys, ENOENT);
}
END_TEST

START_TEST (pinned_and_forgotten)
{
	struct stat status;

	ck_assert_int_eq (keystore_pin (directory, "web1:7363", &found, &err), 0);
	ck_assert_int_eq (keystore_pin_remove (directory, "web1:7363", &err), 0);
	ck_assert_int_eq (keystore_pin_add (directory, "web1:7363", pem, &err), 0);
	ck_assert_int_eq (stat (path, &status), 0);
	ck_assert_uint_eq (status.st_mode & 07777, 0600);
	ck_assert_int_eq (keystore_pin (directory, "web1:7363", &found, &err), 1);
	ck_assert (key_equal (&found, &key));
	ck_assert_int_eq (keystore_pin (directory, "web2:7363", &found, &err), 0);
	ck_assert_int_eq (keystore_pin_add (directory, "web1:7363", pem, &err), -1);
	ck_assert_int_eq (err.sys, EEXIST);
	ck_assert_int_eq (keystore_pin_remove (directory, "web1:7363", &err), 1);
	ck_assert_int_eq (keystore_pin (directory, "web1:7363", &found, &err), 0);
}
END_TEST

/* A pin file that exists and holds no valid pin is no reason to ask again. */
START_TEST (not_believed)
{
	char twice[8192], other[320];

	ck_assert_int_eq (keystore_pin_add (directory, "web1:7363", pem, &err), 0);
	ck_assert_int_eq (chmod (path, 0620), 0);
	ck_assert_int_eq (keystore_pin (directory, "web1:7363", &found, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "is writable by group or others"));
	ck_assert_int_eq (durable_write (path, "nonsense", 8, 0600, true, &err), 0);
	ck_assert_int_eq (keystore_pin (directory, "web1:7363", &found, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "holds no certificate"));
	snprintf (twice, sizeof twice, "%.4000s%.4000s", pem, pem);
	ck_assert_int_eq (durable_write (path, twice, strlen (twice), 0600, true, &err), 0);
	ck_assert_int_eq (keystore_pin (directory, "web1:7363", &found, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "more than one"));
	snprintf (other, sizeof other, "%s/hosts/x:1.pem", directory);
	ck_assert_int_eq (mkdir (other, 0700), 0);
	ck_assert_int_eq (keystore_pin (directory, "x:1", &found, &err), -1);
}
END_TEST

/* A user who may write to the directory of the pins could give the pin of one host the name of another host. */
START_TEST (directory_not_believed)
{
	char hosts[80];

	snprintf (hosts, sizeof hosts, "%s/hosts", directory);
	ck_assert_int_eq (keystore_pin_add (directory, "web1:7363", pem, &err), 0);
	ck_assert_int_eq (chmod (hosts, 0770), 0);
	ck_assert_int_eq (keystore_pin (directory, "web1:7363", &found, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "/hosts is writable by group or others"));
	ck_assert_int_eq (keystore_pin (directory, "web2:7363", &found, &err), -1);
	ck_assert_int_eq (chmod (hosts, 0755), 0);
	ck_assert_int_eq (keystore_pin (directory, "web1:7363", &found, &err), 1);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, identity);
	tcase_add_test (tcase, pinned_and_forgotten);
	tcase_add_test (tcase, not_believed);
	tcase_add_test (tcase, directory_not_believed);
}

CHECK_MAIN ("client/keystore", cases)
