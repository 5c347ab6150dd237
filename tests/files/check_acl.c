/* Access control lists: the list of a received file, from the replaced file and from its directory. The reference is
 * cp(1).
 */
#include "config.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "file_writer_fixture.h"
#include "files/acl.h"
#include "files/open_dir.h"
#include "support/check_main.h"

#define NO_LISTS "the filesystem of /tmp has no access control lists"

#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

static const struct file_writer_options plain, preserve = { .preserve = true };

/* --- lists -------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned tag;
} tags[] = { { "u", ACL_USER_OBJ }, { "U", ACL_USER }, { "g", ACL_GROUP_OBJ }, { "G", ACL_GROUP }, { "m", ACL_MASK },
	{ "o", ACL_OTHER } };

/* From "u:rw-,U65534:rw-,g:r--,m:rw-,o:---". */
static struct acl list (const char *text)
{
	struct posix_acl_xattr_header header = { htole32 (POSIX_ACL_XATTR_VERSION) };
	struct acl acl = { .n = sizeof header };

	memcpy (acl.bytes, &header, sizeof header);
	for (; *text; text += strcspn (text, ","), text += *text == ',') {
		struct posix_acl_xattr_entry entry = { .e_id = htole32 ((uint32_t)ACL_UNDEFINED_ID) };
		const char *perm = strchr (text, ':') + 1;
		unsigned bits = 4 * (perm[0] == 'r') + 2 * (perm[1] == 'w') + (perm[2] == 'x');

		for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
			if (tags[i].name[0] == *text)
				entry.e_tag = htole16 ((uint16_t)tags[i].tag);
		if (text[1] != ':')
			entry.e_id = htole32 ((uint32_t)atoi (text + 1));
		entry.e_perm = htole16 ((uint16_t)bits);
		memcpy (acl.bytes + acl.n, &entry, sizeof entry);
		acl.n += sizeof entry;
	}
	return acl;
}

/* The inverse. */
static const char *text_of (const struct acl *acl)
{
	static char text[512];
	size_t n = 0;

	for (size_t at = sizeof (struct posix_acl_xattr_header); at < acl->n;
		at += sizeof (struct posix_acl_xattr_entry)) {
		struct posix_acl_xattr_entry entry;
		unsigned perm;

		memcpy (&entry, acl->bytes + at, sizeof entry);
		perm = le16toh (entry.e_perm);
		for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
			if (tags[i].tag == le16toh (entry.e_tag))
				n += (size_t)sprintf (text + n, "%s%s", n ? "," : "", tags[i].name);
		if (le32toh (entry.e_id) != (uint32_t)ACL_UNDEFINED_ID)
			n += (size_t)sprintf (text + n, "%u", le32toh (entry.e_id));
		n += (size_t)sprintf (
			text + n, ":%c%c%c", perm & 4 ? 'r' : '-', perm & 2 ? 'w' : '-', perm & 1 ? 'x' : '-');
	}
	return text;
}

/* The list of a name, or "mode NNN" where it has none. */
static const char *list_of (const char *name)
{
	static char text[2][512];
	static int turn;
	struct acl acl;
	int fd = open (name, O_PATH | O_CLOEXEC);
	enum acl_found found = acl_read (fd, ACL_ACCESS, &acl);

	turn = !turn;
	fd_close (&fd);
	ck_assert_int_ne (found, ACL_UNKNOWN);
	if (found == ACL_NONE)
		snprintf (text[turn], sizeof text[turn], "mode %o", mode_of (name));
	else
		snprintf (text[turn], sizeof text[turn], "%s", text_of (&acl));
	return text[turn];
}

/* false: this filesystem has no lists. */
static bool set_list (const char *name, const char *attribute, const char *text)
{
	struct acl acl = list (text);

	if (setxattr (name, attribute, acl.bytes, acl.n, 0) == 0)
		return true;
	ck_assert_msg (errno == EOPNOTSUPP, "%s: %s", name, strerror (errno));
	return false;
}

START_TEST (arithmetic)
{
	struct acl acl = list ("u:rwx,U5:rwx,g:rwx,m:rwx,o:rwx");

	acl_limit (&acl, 0640);
	ck_assert_str_eq (text_of (&acl), "u:rw-,U5:rwx,g:rwx,m:r--,o:---");
	ck_assert_uint_eq (acl_mode (&acl), 0640);
	acl = list ("u:rwx,g:r-x,o:---");
	acl_limit (&acl, 0666);
	ck_assert_str_eq (text_of (&acl), "u:rw-,g:r--,o:---");
	acl = list ("u:rw-,U5:rw-,g:---,m:rw-,o:r--");
	ck_assert_uint_eq (acl_mode (&acl), 0604);
	acl_change_group (&acl);
	ck_assert_str_eq (text_of (&acl), "u:rw-,U5:rw-,g:---,m:rw-,o:---");
	acl = list ("u:rw-,g:rw-,G5:---,G6:r--,m:rw-,o:r--");
	acl_change_group (&acl);
	ck_assert_str_eq (text_of (&acl), "u:rw-,g:---,G5:---,G6:r--,m:rw-,o:r--");
	acl = list ("u:rw-,g:rw-,m:-w-,o:r--");
	acl_change_group (&acl);
	ck_assert_str_eq (text_of (&acl), "u:rw-,g:r--,m:-w-,o:---");
	acl = list ("u:rw-,g:rw-,o:r--");
	acl_change_group (&acl);
	ck_assert_str_eq (text_of (&acl), "u:rw-,g:r--,o:r--");
	acl_of_mode (&acl, 0751);
	ck_assert_str_eq (text_of (&acl), "u:rwx,g:r-x,o:--x");
}
END_TEST

/* --- what is replaced --------------------------------------------------------------------------------------------- */

static const char *const replaced[] = {
	"u:rw-,U65533:rw-,g:---,m:rw-,o:---", /* the mask's bits look like the group's */
	"u:rw-,U65533:r--,g:r--,G65532:rw-,m:r--,o:r--",
	"u:r--,U65533:rwx,g:rwx,m:---,o:---",
	"mode 640",
};

/* The list is kept in a directory with another default list, too. The list at the end of the writing counts. */
START_TEST (kept)
{
	const char *wanted = replaced[_i / 2];
	bool listed = strncmp (wanted, "mode", 4) != 0;
	struct file_writer *writer;

	if (_i % 2 && !set_list (".", DEFAULT, "u:rwx,U65531:rwx,g:rwx,m:rwx,o:rwx"))
		SKIP (NO_LISTS);
	make ("file", "old");
	ck_assert_int_eq (chmod ("file", 0640), 0);
	if (!set_list ("file", ACCESS, listed ? "u:rwx,g:rwx,o:rwx" : "u:rw-,g:r--,o:---"))
		SKIP (NO_LISTS);
	writer = begin ("file", plain);
	file_writer_set_mode (writer, 0777, NULL);
	add (writer, "new");
	if (listed)
		ck_assert (set_list ("file", ACCESS, wanted));
	complete (writer);
	ck_assert_str_eq (file_writer_note (writer), "");
	publish (writer);
	holds ("file", "new");
	ck_assert_str_eq (list_of ("file"), wanted);
}
END_TEST

/* With the sender's mode there is no list, and the group's rights are those of that mode, not of the mask before. */
START_TEST (preserved)
{
	struct file_writer *writer;

	make ("file", "old");
	if (!set_list ("file", ACCESS, "u:rw-,U65533:rw-,g:---,m:rw-,o:---"))
		SKIP (NO_LISTS);
	writer = begin ("file", preserve);
	file_writer_set_mode (writer, 0640, NULL);
	add (writer, "new");
	complete (writer);
	ck_assert_str_eq (file_writer_note (writer), "not kept: its ACL (the mode is the sender's)");
	publish (writer);
	ck_assert_str_eq (list_of ("file"), "mode 640");
	ck_assert (set_list (".", DEFAULT, "u:rwx,U65531:rwx,g:rwx,m:rwx,o:rwx"));
	put ("other", "new", preserve, 0640);
	ck_assert_str_eq (list_of ("other"), "mode 640");
}
END_TEST

/* A user who may not give the file the old group removes from the own group the old group's rights: the entries for
 * others stay. */
START_TEST (other_group)
{
	struct acl acl;

	NEED_ROOT;
	make ("file", "old");
	ck_assert_int_eq (chown ("file", NOBODY, 12345), 0);
	if (!set_list ("file", ACCESS, "u:rw-,U65533:rw-,g:rw-,m:rw-,o:r--"))
		SKIP (NO_LISTS);
	become_nobody ();
	put ("file", "new", plain, -1);
	ck_assert_uint_eq (status ("file").st_gid, NOBODY);
	ck_assert_str_eq (list_of ("file"), "u:rw-,U65533:rw-,g:r--,m:rw-,o:r--");
	acl = list ("u:rw-,g:r--,o:r--");
	ck_assert_int_eq (setxattr ("file", ACCESS, acl.bytes, acl.n, 0), 0);
}
END_TEST

/* --- what is new -------------------------------------------------------------------------------------------------- */

static const char *const defaults[] = {
	"u:rwx,g:---,o:---",
	"u:rwx,g:rwx,o:r-x",
	"u:rwx,U65533:rwx,g:r-x,m:r--,o:---",
	"u:rwx,U65533:rwx,g:rwx,m:rwx,o:rwx",
	"u:r-x,g:---,G65533:rwx,m:-wx,o:--x",
};
static const mode_t modes[] = { 0644, 0600, 0755, 0664, 0400, 0666 };
enum { N_DEFAULTS = sizeof defaults / sizeof *defaults, N_MODES = sizeof modes / sizeof *modes };

/* As cp(1): the default list counts, and the umask does not. */
START_TEST (as_cp)
{
	mode_t mode = modes[_i % N_MODES];

	ck_assert_int_eq (mkdir ("from", 0700), 0);
	make ("from/file", "text");
	ck_assert_int_eq (chmod ("from/file", mode), 0);
	if (!set_list (".", DEFAULT, defaults[_i / N_MODES]))
		SKIP (NO_LISTS);
	umask (_i % 2 ? 077 : 022);
	ck_assert_int_eq (system ("cp from/file copied"), 0);
	put ("file", "text", plain, (int)mode);
	ck_assert_str_eq (list_of ("file"), list_of ("copied"));
	/* A mode that was not sent is 0666, as of a program that writes a new file. */
	ck_assert_int_eq (system (": >made"), 0);
	put ("silent", "text", plain, -1);
	ck_assert_str_eq (list_of ("silent"), list_of ("made"));
}
END_TEST

/* As cp(1): the default list counts, and so do the write bits of the umask. */
START_TEST (directory_as_cp)
{
	static const mode_t some[] = { 0700, 0755, 0775, 0777 };
	mode_t mode = some[_i % 4];
	struct open_dir *top, *dir;
	struct item item;

	ck_assert_int_eq (mkdir ("from", 0700), 0);
	ck_assert_int_eq (chmod ("from", mode), 0);
	if (!set_list (".", DEFAULT, defaults[_i / 4]))
		SKIP (NO_LISTS);
	umask (_i % 2 ? 077 : 022);
	ck_assert_int_eq (system ("cp -r from copied"), 0);
	top = open_dir_top (open (".", O_PATH | O_DIRECTORY | O_CLOEXEC), 0);
	item_init (&item, ITEM_DIRECTORY);
	strcpy (item.name, "made");
	item.mode = (int)mode;
	dir = open_dir_enter (top, &item, item.name, &plain, &err);
	ck_assert_ptr_nonnull (dir);
	ck_assert_int_eq (open_dir_finish (dir, &plain, &err), 0);
	open_dir_free (dir);
	open_dir_free (top);
	ck_assert_str_eq (list_of ("made"), list_of ("copied"));
}
END_TEST

/* A directory that is there loses its list to the sender's mode, in one step. */
START_TEST (directory_mode)
{
	struct open_dir *top, *dir;
	struct item item;

	ck_assert_int_eq (mkdir ("d", 0700), 0);
	if (!set_list ("d", ACCESS, "u:rwx,U65533:rwx,g:---,m:rwx,o:---"))
		SKIP (NO_LISTS);
	ck_assert (set_list (".", DEFAULT, "u:rwx,U65533:rwx,g:---,m:rwx,o:---"));
	top = open_dir_top (open (".", O_PATH | O_DIRECTORY | O_CLOEXEC), 0);
	for (int i = 0; i < 2; i++) {
		item_init (&item, ITEM_DIRECTORY);
		strcpy (item.name, i ? "new" : "d");
		item.mode = 0750;
		dir = open_dir_enter (top, &item, item.name, &preserve, &err);
		ck_assert_ptr_nonnull (dir);
		ck_assert_int_eq (open_dir_finish (dir, &preserve, &err), 0);
		ck_assert_int_eq (dir->lost, !i);
		open_dir_free (dir);
		ck_assert_str_eq (list_of (item.name), "mode 750");
	}
	open_dir_free (top);
}
END_TEST

/* --- other attributes --------------------------------------------------------------------------------------------- */

static bool set_attribute (const char *name, const void *value, size_t n)
{
	return setxattr ("file", name, value, n, 0) == 0;
}

START_TEST (attributes)
{
	char value[2000];

	make ("file", "old");
	memset (value, 'v', sizeof value);
	if (!set_attribute ("user.one", "1", 1) || !set_attribute ("user.large", value, sizeof value) ||
		!set_attribute ("user.empty", "", 0))
		SKIP ("attributes of a file in /tmp: %s", strerror (errno));
	put ("file", "new", plain, -1);
	ck_assert_int_eq (getxattr ("file", "user.one", value, sizeof value), 1);
	ck_assert_int_eq (value[0], '1');
	ck_assert_int_eq (getxattr ("file", "user.large", value, sizeof value), sizeof value);
	ck_assert_int_eq (value[sizeof value - 1], 'v');
	ck_assert_int_eq (getxattr ("file", "user.empty", value, sizeof value), 0);
}
END_TEST

/* Capabilities of the old content are not given to the new content, and that is reported. */
START_TEST (capabilities)
{
	const struct vfs_cap_data all = { .magic_etc = htole32 (VFS_CAP_REVISION_2),
		.data[0].permitted = htole32 (1 << CAP_NET_RAW) };
	struct file_writer *writer;
	char value[64];

	NEED_ROOT;
	make ("file", "old");
	if (!set_attribute ("security.capability", &all, sizeof all))
		SKIP ("attributes of a file in /tmp: %s", strerror (errno));
	writer = begin ("file", plain);
	add (writer, "new");
	complete (writer);
	ck_assert_str_eq (file_writer_note (writer), "not kept: its capabilities (the content is another)");
	publish (writer);
	ck_assert_int_eq (getxattr ("file", "security.capability", value, sizeof value), -1);
}
END_TEST

/* Set-ID bits were given to the old content as well. */
START_TEST (set_id_bits)
{
	static const struct {
		mode_t mode;
		struct file_writer_options options;
		const char *note;
	} rows[] = {
		{ 04711, { .sync = false }, "not kept: its set-ID bits (the content is another)" },
		{ 02711, { .preserve = true }, "not kept: its set-ID bits (the content is another)" },
		{ 06711, { .preserve = true, .set_id = true }, "" },
		{ 01711, { .sync = false }, "" },
	};
	struct file_writer *writer;

	make ("file", "old");
	ck_assert_int_eq (chmod ("file", rows[_i].mode), 0);
	writer = begin ("file", rows[_i].options);
	file_writer_set_mode (writer, 0700, NULL);
	add (writer, "new");
	complete (writer);
	ck_assert_str_eq (file_writer_note (writer), rows[_i].note);
	publish (writer);
}
END_TEST

/* The message names attributes that the user may not set. */
START_TEST (others_attributes)
{
	struct file_writer *writer;

	NEED_ROOT;
	make ("file", "old");
	if (!set_attribute ("trusted.remex", "1", 1))
		SKIP ("attributes of a file in /tmp: %s", strerror (errno));
	writer = begin ("file", plain);
	add (writer, "new");
	complete (writer);
	ck_assert_str_eq (file_writer_note (writer), "not kept: trusted.remex");
	publish (writer);
}
END_TEST

/* Attributes that may not be read cannot be kept. The message names as many of them as there is room for, and the file
 * is put in place. */
START_TEST (unreadable)
{
	struct file_writer *writer;
	char name[64];
	int many = _i ? 30 : 1;

	NEED_ROOT;
	make ("file", "old");
	for (int i = 0; i < many; i++) {
		sprintf (name, "user.%s%d", _i ? "a-rather-long-name-" : "secret", i);
		if (!set_attribute (name, "1", 1))
			SKIP ("attributes of a file in /tmp: %s", strerror (errno));
	}
	ck_assert_int_eq (chown ("file", 12345, 12345), 0);
	ck_assert_int_eq (chmod ("file", 0600), 0);
	become_nobody ();
	writer = begin ("file", plain);
	add (writer, "new");
	complete (writer);
	if (_i)
		ck_assert_str_eq (
			file_writer_note (writer) + strlen (file_writer_note (writer)) - strlen (", …"), ", …");
	else
		ck_assert_str_eq (file_writer_note (writer), "not kept: its owner, its group, user.secret0");
	publish (writer);
	holds ("file", "new");
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, arithmetic);
	tcase_add_loop_test (tcase, kept, 0, 2 * sizeof replaced / sizeof *replaced);
	tcase_add_test (tcase, preserved);
	tcase_add_test (tcase, other_group);
	tcase_add_loop_test (tcase, as_cp, 0, N_DEFAULTS * N_MODES);
	tcase_add_loop_test (tcase, directory_as_cp, 0, N_DEFAULTS * 4);
	tcase_add_test (tcase, directory_mode);
	tcase_add_test (tcase, attributes);
	tcase_add_test (tcase, capabilities);
	tcase_add_loop_test (tcase, set_id_bits, 0, 4);
	tcase_add_test (tcase, others_attributes);
	tcase_add_loop_test (tcase, unreadable, 0, 2);
}

CHECK_MAIN ("acl", add_cases)
