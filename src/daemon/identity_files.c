/* identity_files - see identity_files.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "base/trusted.h"
#include "daemon/identity_files.h"
#include "daemon/sealed.h"
#include "wire/verbs.h"

enum {
	FILE_MAX = 64 * 1024,
	FILES_MAX = 65536,
	SNAPSHOT_MAX = 256 * 1024 * 1024,
	SHOWN = 256, /* bytes of a name in a message */
};

static void refuse (struct identity_file *file, const char *why)
{
	grant_free (file->grant);
	file->grant = NULL;
	free (file->refused);
	if (!(file->refused = strdup (why)))
		log_error ("out of memory: the identity '%s' is refused", file->name);
}

/* --- one file ---------------------------------------------------------------------------------------------------- */

static char *read_file (int directory, const char *directory_path, const char *name, size_t *n, struct err *err)
{
	int fd = trusted_open_at (directory, directory_path, name, TRUSTED_FILE, err);
	char *text = fd < 0 ? NULL : fd_read_all (fd, FILE_MAX, n, err);

	fd_close (&fd);
	return text;
}

/* Find the user that the identity acts as. A daemon that is not root can only act as its own user. */
static int find_user (struct identity_file *file, struct err *err)
{
	const char *user = file->grant->user;
	const struct passwd *entry = user ? getpwnam (user) : NULL;

	if (user && !entry)
		return err_set (err, 0, "there is no user '%s'", user);
	if (!user && geteuid () == 0)
		return err_set (err, 0, "it names no user, and this remexd runs as root: add `user: NAME`");
	file->uid = entry ? entry->pw_uid : geteuid ();
	if (geteuid () != 0 && file->uid != geteuid ())
		return err_set (err, 0, "it acts as the user '%s', for which remexd would have to run as root", user);
	return 0;
}

static int add (struct identity_files *identities, int directory, const char *entry)
{
	struct identity_file *more, file = { .name = strndup (entry, strlen (entry) - strlen (".yaml")) };
	struct err err = { .text = "out of memory" };
	char path[4096];

	if (!file.name)
		return -1;
	if ((identities->n_items & (identities->n_items - 1)) == 0) {
		size_t room = identities->n_items ? identities->n_items * 2 : 1;

		if (!(more = realloc (identities->items, room * sizeof *more))) {
			free (file.name);
			return -1;
		}
		identities->items = more;
	}
	snprintf (path, sizeof path, "%s/%s", identities->directory, entry);
	if (grant_check_name (file.name, &err) < 0 ||
		!(file.text = read_file (directory, identities->directory, entry, &file.n, &err)) ||
		!(file.grant = grant_parse (file.text, file.n, file.name, path, &err)) || find_user (&file, &err) < 0)
		refuse (&file, err.text);
	identities->items[identities->n_items++] = file;
	return 0;
}

/* --- all of them ------------------------------------------------------------------------------------------------- */

static int compare (const void *left, const void *right)
{
	const struct identity_file *a = left, *b = right;

	return strcmp (a->name, b->name);
}

static int compare_name (const void *name, const void *file)
{
	return strcmp (name, ((const struct identity_file *)file)->name);
}

/* The file of that name, or NULL. */
static const struct identity_file *find (const struct identity_files *identities, const char *name)
{
	if (!identities->n_items)
		return NULL;
	return bsearch (name, identities->items, identities->n_items, sizeof *identities->items, compare_name);
}

/* A key, and the identity that it belongs to. */
struct owned {
	struct key key;
	const struct identity_file *owner;
};

static int compare_keys (const void *left, const void *right)
{
	const struct owned *a = left, *b = right;

	return memcmp (a->key.bytes, b->key.bytes, sizeof a->key.bytes);
}

/* All keys, sorted, without duplicates and owners. NULL: out of memory. */
static struct owned *all_keys (const struct identity_files *identities, size_t *n)
{
	struct owned *keys;
	size_t all = 0, last = 0;

	for (size_t i = 0; i < identities->n_items; i++)
		all += identities->items[i].grant ? identities->items[i].grant->n_keys : 0;
	if (!(keys = calloc (all + 1, sizeof *keys)))
		return NULL;
	*n = 0;
	for (size_t i = 0; i < identities->n_items; i++)
		for (size_t j = 0; identities->items[i].grant && j < identities->items[i].grant->n_keys; j++)
			keys[(*n)++].key = identities->items[i].grant->keys[j];
	qsort (keys, *n, sizeof *keys, compare_keys);
	for (size_t i = 1; i < *n; i++)
		if (compare_keys (&keys[last], &keys[i]) != 0)
			keys[++last] = keys[i];
	*n = *n ? last + 1 : 0;
	return keys;
}

static struct owned *find_key (struct owned *keys, size_t n, const struct key *key)
{
	struct owned wanted = { .key = *key };

	return bsearch (&wanted, keys, n, sizeof *keys, compare_keys);
}

static bool has_key (const struct grant *grant, const struct key *key)
{
	for (size_t i = 0; grant && i < grant->n_keys; i++)
		if (key_equal (&grant->keys[i], key))
			return true;
	return false;
}

/* Give each identity the keys that it had before and still lists: a new file cannot take a key away from another
 * identity. */
static void keep_keys (
	struct owned *keys, size_t n, const struct identity_files *identities, const struct identity_files *now)
{
	for (size_t i = 0; now && i < identities->n_items; i++) {
		const struct identity_file *file = &identities->items[i], *before = NULL;
		const struct grant *grant = file->grant;

		if (grant)
			before = find (now, file->name);
		for (size_t j = 0; before && j < grant->n_keys; j++)
			if (has_key (before->grant, &grant->keys[j]))
				find_key (keys, n, &grant->keys[j])->owner = file;
	}
}

/* A key identifies the caller, so it must belong to one identity. The owner in `now` keeps it; else the first name gets
 * it. Another identity that lists it is refused, and then owns no key. The keys are sorted, since there may be many. */
static int check_keys (struct identity_files *identities, const struct identity_files *now)
{
	size_t n;
	struct owned *keys = all_keys (identities, &n);

	if (!keys)
		return -1;
	keep_keys (keys, n, identities, now);
	for (size_t i = 0; i < identities->n_items; i++) {
		struct identity_file *file = &identities->items[i];
		const struct grant *grant = file->grant;
		const struct identity_file *other = NULL, *owner;
		struct owned *owned;
		char why[128];

		for (size_t j = 0; grant && j < grant->n_keys; j++) {
			owner = find_key (keys, n, &grant->keys[j])->owner;
			if (owner && owner != file && (!other || owner < other))
				other = owner;
		}
		for (size_t j = 0; grant && j < grant->n_keys; j++) {
			owned = find_key (keys, n, &grant->keys[j]);
			if (!other)
				owned->owner = file;
			else if (owned->owner == file)
				owned->owner = NULL;
		}
		if (other) {
			snprintf (why, sizeof why, "its key is also the key of '%s'", other->name);
			refuse (file, why);
		}
	}
	free (keys);
	return 0;
}

int identity_files_open (struct identity_files *identities, const char *directory, bool named,
	const struct identity_files *now, struct err *err)
{
	const struct dirent *entry;
	DIR *stream;
	int fd, result = 0;

	*identities = (struct identity_files){ .directory = strdup (directory) };
	if (!identities->directory)
		return err_set (err, 0, "out of memory");
	if ((fd = trusted_open (directory, TRUSTED_DIRECTORY, err)) < 0)
		return err->sys == ENOENT || (err->sys == EACCES && !named) ? 0 : -1;
	if (!(stream = fdopendir (fd))) {
		err_sys (err, 0, "%s", directory);
		fd_close (&fd);
		return -1;
	}
	while (result == 0 && (entry = readdir (stream))) {
		size_t n = strlen (entry->d_name);

		/* The temporary files of editors and of `remex authorize` begin with a dot. */
		if (entry->d_name[0] == '.' || n <= 5 || strcmp (entry->d_name + n - 5, ".yaml") != 0)
			continue;
		if (identities->n_items == FILES_MAX)
			result = err_set (err, 0, "%s holds more than %d files", directory, FILES_MAX);
		else if (add (identities, fd, entry->d_name) < 0)
			result = err_set (err, 0, "out of memory");
	}
	closedir (stream);
	if (identities->n_items)
		qsort (identities->items, identities->n_items, sizeof *identities->items, compare);
	if (result == 0 && check_keys (identities, now) < 0)
		result = err_set (err, 0, "out of memory");
	return result;
}

void identity_files_close (struct identity_files *identities)
{
	for (size_t i = 0; i < identities->n_items; i++) {
		struct identity_file *file = &identities->items[i];

		grant_free (file->grant);
		free (file->name);
		free (file->text);
		free (file->refused);
	}
	free (identities->items);
	free (identities->directory);
	*identities = (struct identity_files){ 0 };
}

void identity_files_check_calls (struct identity_files *identities, const char *table)
{
	json_t *json = json_loads (table, 0, NULL);
	struct verb_table *verbs = json ? verb_table_new (json, NULL) : NULL;
	struct err err;

	for (size_t i = 0; i < identities->n_items; i++) {
		struct identity_file *file = &identities->items[i];
		char path[4096];

		snprintf (path, sizeof path, "%s/%s.yaml", identities->directory, file->name);
		if (file->grant && grant_check_verbs (file->grant, verbs, path, &err) < 0)
			refuse (file, err.text);
	}
	verb_table_free (verbs);
	json_decref (json);
}

void identity_files_refuse_user (struct identity_files *identities, uid_t uid, const char *why)
{
	for (size_t i = 0; i < identities->n_items; i++)
		if (identities->items[i].grant && identities->items[i].uid == uid)
			refuse (&identities->items[i], why);
}

size_t identity_files_count (const struct identity_files *identities)
{
	size_t n = 0;

	for (size_t i = 0; i < identities->n_items; i++)
		n += identities->items[i].grant != NULL;
	return n;
}

/* Look the users up again: a user name may have another uid now, and a uid another user. */
static void look_up_again (struct identity_files *identities)
{
	for (size_t i = 0; i < identities->n_items; i++) {
		struct identity_file *file = &identities->items[i];
		const struct passwd *entry = file->grant && file->grant->user ? getpwnam (file->grant->user) : NULL;
		bool moved = file->grant && file->grant->user && (!entry || entry->pw_uid != file->uid);

		if (moved && !file->moved)
			log_warning (
				"an identity's user is not uid %u any more: it waits for a reload. identity=%s user=%s",
				(unsigned)file->uid, file->name, file->grant->user);
		file->moved = moved;
	}
}

bool identity_files_allow (struct identity_files *identities, const char *name, uid_t uid, uint64_t users)
{
	const struct identity_file *file;

	if (identities->users != users)
		look_up_again (identities);
	identities->users = users;
	file = find (identities, name);
	return file && file->grant && file->uid == uid && !file->moved && !grant_expired (file->grant, time (NULL));
}

const struct grant *identity_files_grant (const struct identity_files *identities, const char *name)
{
	const struct identity_file *file = find (identities, name);

	return file ? file->grant : NULL;
}

int identity_files_log (const struct identity_files *identities)
{
	int refused = 0;

	for (size_t i = 0; i < identities->n_items; i++) {
		const struct identity_file *file = &identities->items[i];

		if (!file->grant) {
			refused++;
			log_warning ("identity refused. identity=%s why=%s", file->name,
				file->refused ? file->refused : "out of memory");
		} else if (grant_expired (file->grant, time (NULL))) {
			log_warning ("identity expired. identity=%s", file->name);
		}
	}
	return refused;
}

/* --- the snapshot ------------------------------------------------------------------------------------------------ */

/* The name of a refused file need not be UTF-8, and JSON must be. */
static const char *shown_name (const struct identity_file *file, char shown[SHOWN])
{
	size_t n = strlen (file->name);

	return text_is_utf8 (file->name, n) ? file->name : text_escape (shown, SHOWN, file->name, n);
}

static char *manifest (const struct identity_files *identities)
{
	json_t *uids = json_object (), *refused = json_object (), *json;
	char *text, shown[SHOWN];

	for (size_t i = 0; i < identities->n_items; i++) {
		const struct identity_file *file = &identities->items[i];

		if (file->grant)
			json_object_set_new (uids, file->name, json_integer ((json_int_t)file->uid));
		else
			json_object_set_new (
				refused, shown_name (file, shown), json_string (file->refused ? file->refused : "?"));
	}
	json = json_pack ("{ss? so so}", "directory", identities->directory, "uids", uids, "refused", refused);
	text = json ? json_dumps (json, JSON_COMPACT) : NULL;
	json_decref (json);
	return text;
}

int identity_files_snapshot (const struct identity_files *identities, int fds[2], struct err *err)
{
	char *text = manifest (identities);
	struct buf buf;
	int result = text ? 0 : -1;

	fds[0] = fds[1] = -1;
	buf_init (&buf, SNAPSHOT_MAX);
	for (size_t i = 0; result == 0 && i < identities->n_items; i++) {
		const struct identity_file *file = &identities->items[i];

		if (file->grant)
			result = grant_append (&buf, file->name, file->text, file->n);
	}
	if (result < 0)
		err_sys (err, 0, "cannot make a snapshot of the identities");
	else if ((fds[0] = sealed_bytes ("identities", buf_head (&buf), buf_len (&buf), err)) < 0 ||
		 (fds[1] = sealed_bytes ("manifest", text, strlen (text), err)) < 0)
		result = -1;
	if (result < 0)
		fd_close (&fds[0]);
	buf_free (&buf);
	free (text);
	return result;
}
