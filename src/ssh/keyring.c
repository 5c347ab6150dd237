/* keyring - see keyring.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "loop/loop.h"
#include "ssh/keyring.h"
#include "ssh/private_key.h"

enum { WHY = 300, PUBLIC_FILE_MAX = 2 * PUBLIC_KEY_MAX };

struct keyring {
	uv_loop_t *loop;
	void (*ask) (void *arg, uint64_t id, const char *question); /* NULL: nobody */
	void *arg;
	uint64_t last_id;
	struct list files, passwords, listeners;
	struct timer *tell; /* the listeners */
};

struct key_file {
	struct list node;
	struct keyring *keyring;
	char *path, *text; /* text: of a file that is locked, in n bytes */
	size_t n;
	struct timespec changed; /* of the file that was read */
	ino_t ino;
	enum key_file_state state;
	struct public_key public;
	struct private_key *key;
	uint64_t question; /* ASKED */
	int tries;
	char why[WHY];
};

struct key_password {
	struct list node;
	struct keyring *keyring;
	char *user, *secret;
	enum key_password_state state;
	uint64_t question; /* ASKED */
	unsigned serial; /* of the answer */
	int tries;
	bool taken; /* by a host */
};

/* A file that is decoded in a thread. It has copies of all it needs, and outlives the keyring. */
struct decoding {
	uv_work_t work; /* first: libuv's pointer to it is cast */
	struct key_file *file; /* NULL: the keyring is gone */
	struct list node; /* in `decodings` */
	char *text, *passphrase;
	size_t n;
	enum private_key_answer answer;
	struct private_key *key;
	struct public_key public;
	struct err err;
};

static struct list decodings = { &decodings, &decodings };

static void wipe (char **secret)
{
	if (*secret)
		explicit_bzero (*secret, strlen (*secret));
	free (*secret);
	*secret = NULL;
}

/* --- who waits ----------------------------------------------------------------------------------------------------- */

static void on_tell (void *arg)
{
	struct keyring *keyring = arg;
	struct list told;
	struct keyring_listener *listener;

	/* A callee may ignore itself or others. */
	list_init (&told);
	while (!list_empty (&keyring->listeners)) {
		listener = list_entry (keyring->listeners.next, struct keyring_listener, node);
		list_remove (&listener->node);
		list_append (&told, &listener->node);
	}
	while (!list_empty (&told)) {
		listener = list_entry (told.next, struct keyring_listener, node);
		list_remove (&listener->node);
		list_append (&keyring->listeners, &listener->node);
		listener->changed (listener->arg);
	}
}

static void tell (struct keyring *keyring)
{
	timer_set (keyring->loop, &keyring->tell, clock_ms (), on_tell, keyring);
}

void keyring_listen (struct keyring *keyring, struct keyring_listener *listener)
{
	list_append (&keyring->listeners, &listener->node);
}

void keyring_ignore (struct keyring_listener *listener)
{
	if (list_linked (&listener->node))
		list_remove (&listener->node);
}

/* --- files --------------------------------------------------------------------------------------------------------- */

static void file_empty (struct key_file *file)
{
	wipe (&file->text);
	private_key_free (file->key);
	file->key = NULL;
	public_key_free (&file->public);
	*file->why = '\0';
	file->tries = 0;
}

static void set_bad (struct key_file *file, const char *why)
{
	file->state = KEY_FILE_BAD;
	snprintf (file->why, sizeof file->why, "%.150s %s", file->path, why);
}

/* The public half of its .pub file, or of the file itself. */
static bool read_public (struct key_file *file)
{
	char *name, *text;
	struct stat status;
	size_t n;

	for (int i = 0; i < 2 && !file->public.n; i++) {
		if (asprintf (&name, i ? "%s" : "%s.pub", file->path) < 0)
			break;
		text = NULL;
		/* A named pipe would make all hosts wait. */
		if (stat (name, &status) == 0 && S_ISREG (status.st_mode) &&
			(text = fd_read_file (name, PUBLIC_FILE_MAX, &n, NULL)))
			public_key_parse (&file->public, text, NULL, NULL);
		free (text);
		free (name);
	}
	return file->public.n > 0;
}

static void read_private (struct key_file *file)
{
	struct err err;

	switch (private_key_read (&file->key, &file->public, file->text, file->n, NULL, &err)) {
	case PRIVATE_KEY_READ: file->state = KEY_FILE_READY; break;
	case PRIVATE_KEY_LOCKED:
		file->state = KEY_FILE_LOCKED;
		if (!file->public.n)
			read_public (file);
		break;
	case PRIVATE_KEY_BAD:
		public_key_free (&file->public);
		snprintf (file->why, sizeof file->why, "%.150s cannot be used: %.120s", file->path, err.text);
		file->state = KEY_FILE_BAD;
		break;
	}
}

/* Read a file that is there. */
static void read_file (struct key_file *file, const struct stat *status)
{
	struct err err;

	if (!S_ISREG (status->st_mode)) {
		set_bad (file, "is no regular file");
		return;
	}
	if (!(file->text = fd_read_file (file->path, PRIVATE_KEY_FILE_MAX, &file->n, &err))) {
		set_bad (file, err.sys == EACCES ? "cannot be read (its permissions)" : "cannot be read");
		return;
	}
	/* A public key in place of a private one says which key of the agent is meant. */
	if (public_key_parse (&file->public, file->text, NULL, NULL) == 0)
		file->state = KEY_FILE_PUBLIC;
	else if (status->st_uid == getuid () && status->st_mode & 077)
		set_bad (file, "can be read by others, and is not used: chmod 600");
	else
		read_private (file);
	if (file->state != KEY_FILE_LOCKED) /* whose text is needed */
		wipe (&file->text);
}

static struct key_file *find_file (struct keyring *keyring, const char *path)
{
	struct key_file *file;

	list_each (file, &keyring->files, node)
		if (!strcmp (file->path, path))
			return file;
	if (!(file = calloc (1, sizeof *file)) || !(file->path = strdup (path))) {
		free (file);
		return NULL;
	}
	file->keyring = keyring;
	file->state = KEY_FILE_BAD;
	list_append (&keyring->files, &file->node);
	return file;
}

struct key_file *keyring_file (struct keyring *keyring, const char *path)
{
	struct key_file *file = find_file (keyring, path);
	struct stat status;

	if (!file || file->state == KEY_FILE_ASKED || file->state == KEY_FILE_DECODING)
		return file;
	if (stat (path, &status) < 0) {
		file_empty (file);
		file->state = KEY_FILE_PUBLIC;
		file->ino = 0;
		return read_public (file) ? file : NULL;
	}
	if (file->ino == status.st_ino && file->changed.tv_sec == status.st_ctim.tv_sec &&
		file->changed.tv_nsec == status.st_ctim.tv_nsec)
		return file;
	file_empty (file);
	file->ino = status.st_ino;
	file->changed = status.st_ctim;
	read_file (file, &status);
	return file;
}

enum key_file_state key_file_state (const struct key_file *file)
{
	return file->state;
}

const struct public_key *key_file_public (const struct key_file *file)
{
	return file->public.n ? &file->public : NULL;
}

const char *key_file_why (const struct key_file *file)
{
	return file->why;
}

int key_file_sign (const struct key_file *file, const void *bytes, size_t n, struct buf *out, struct err *err)
{
	return private_key_sign (file->key, bytes, n, out, err);
}

/* --- passphrases --------------------------------------------------------------------------------------------------- */

static void refuse_file (struct key_file *file, const char *why)
{
	file->state = KEY_FILE_REFUSED;
	snprintf (file->why, sizeof file->why, "%.150s %s", file->path, why);
	tell (file->keyring);
}

/* "~/.ssh/id_ed25519" where the home is known. */
static char *show_path (const char *path, char out[WHY])
{
	const char *home = getenv ("HOME");
	size_t n = home ? strlen (home) : 0;

	if (n > 1 && !strncmp (path, home, n) && path[n] == '/')
		snprintf (out, WHY, "~%.200s", path + n);
	else
		snprintf (out, WHY, "%.200s", path);
	return out;
}

void key_file_unlock (struct key_file *file)
{
	struct keyring *keyring = file->keyring;
	char question[2 * WHY], shown[WHY];

	if (file->state != KEY_FILE_LOCKED)
		return;
	if (!keyring->ask) {
		refuse_file (file, "needs a passphrase, and there is no terminal to ask for it: ssh-add it");
		return;
	}
	snprintf (question, sizeof question, "%sPassphrase for %s: ", file->tries ? "That was wrong. " : "",
		show_path (file->path, shown));
	file->state = KEY_FILE_ASKED;
	file->question = ++keyring->last_id;
	keyring->ask (keyring->arg, file->question, question);
}

static void decode (uv_work_t *work)
{
	struct decoding *decoding = (struct decoding *)work;

	decoding->answer = private_key_read (
		&decoding->key, &decoding->public, decoding->text, decoding->n, decoding->passphrase, &decoding->err);
}

static void decoding_free (struct decoding *decoding)
{
	if (list_linked (&decoding->node))
		list_remove (&decoding->node);
	wipe (&decoding->passphrase);
	wipe (&decoding->text);
	private_key_free (decoding->key);
	public_key_free (&decoding->public);
	free (decoding);
}

static void on_decoded (uv_work_t *work, int status)
{
	struct decoding *decoding = (struct decoding *)work;
	struct key_file *file = decoding->file;

	if (!file || status < 0) {
		decoding_free (decoding);
		return;
	}
	if (decoding->answer == PRIVATE_KEY_READ) {
		file_empty (file);
		file->key = decoding->key;
		file->public = decoding->public;
		decoding->key = NULL;
		decoding->public = (struct public_key){ .n = 0 };
		file->state = KEY_FILE_READY;
		tell (file->keyring);
	} else if (decoding->answer == PRIVATE_KEY_LOCKED && ++file->tries < KEYRING_TRIES) {
		file->state = KEY_FILE_LOCKED;
		key_file_unlock (file);
	} else if (decoding->answer == PRIVATE_KEY_LOCKED) {
		refuse_file (file, "has another passphrase than the three that were given");
	} else {
		file->state = KEY_FILE_BAD;
		snprintf (file->why, sizeof file->why, "%.150s cannot be used: %.120s", file->path, decoding->err.text);
		tell (file->keyring);
	}
	decoding_free (decoding);
}

static void begin_decoding (struct key_file *file, const char *passphrase)
{
	struct decoding *decoding = calloc (1, sizeof *decoding);

	if (decoding) {
		list_init (&decoding->node);
		decoding->file = file;
		decoding->passphrase = strdup (passphrase);
		decoding->n = file->n;
		if ((decoding->text = malloc (file->n + 1)))
			memcpy (decoding->text, file->text, file->n + 1);
		file->state = KEY_FILE_DECODING;
		if (decoding->text && decoding->passphrase &&
			uv_queue_work (file->keyring->loop, &decoding->work, decode, on_decoded) == 0) {
			list_append (&decodings, &decoding->node);
			return;
		}
		decoding_free (decoding);
	}
	refuse_file (file, "cannot be decoded: out of memory");
}

static void answer_file (struct key_file *file, enum keyring_answer answer, const char *secret)
{
	file->question = 0;
	if (answer == KEYRING_NOBODY)
		refuse_file (file, "needs a passphrase, and there is no terminal to ask for it: ssh-add it");
	else if (answer == KEYRING_DECLINED)
		refuse_file (file, "needs a passphrase");
	else
		begin_decoding (file, secret);
}

/* --- passwords ----------------------------------------------------------------------------------------------------- */

static void ask_password (struct key_password *password, const char *host)
{
	struct keyring *keyring = password->keyring;
	char question[2 * WHY];

	if (!keyring->ask) {
		password->state = KEY_PASSWORD_REFUSED;
		tell (keyring);
		return;
	}
	snprintf (question, sizeof question, "%sPassword for %.64s@%.200s: ", password->tries ? "That was wrong. " : "",
		password->user, host);
	password->state = KEY_PASSWORD_ASKED;
	password->question = ++keyring->last_id;
	keyring->ask (keyring->arg, password->question, question);
}

struct key_password *keyring_password (struct keyring *keyring, const char *user, const char *host)
{
	struct key_password *password;

	list_each (password, &keyring->passwords, node)
		if (!strcmp (password->user, user))
			return password;
	if (!(password = calloc (1, sizeof *password)) || !(password->user = strdup (user))) {
		free (password);
		return NULL;
	}
	password->keyring = keyring;
	list_append (&keyring->passwords, &password->node);
	ask_password (password, host);
	return password;
}

enum key_password_state key_password_state (const struct key_password *password)
{
	return password->state;
}

char *key_password_copy (const struct key_password *password, unsigned *serial)
{
	*serial = password->serial;
	return strdup (password->secret);
}

bool key_password_wrong (struct key_password *password, unsigned serial, const char *host)
{
	if (serial != password->serial || password->state == KEY_PASSWORD_ASKED)
		return password->state != KEY_PASSWORD_REFUSED; /* there is another answer, or will be */
	if (password->taken || ++password->tries >= KEYRING_TRIES)
		return false;
	wipe (&password->secret);
	ask_password (password, host);
	return true;
}

void key_password_right (struct key_password *password, unsigned serial)
{
	if (serial == password->serial)
		password->taken = true;
}

static void answer_password (struct key_password *password, enum keyring_answer answer, const char *secret)
{
	password->question = 0;
	wipe (&password->secret);
	if (answer == KEYRING_ANSWERED)
		password->secret = strdup (secret);
	password->serial++;
	password->state = password->secret ? KEY_PASSWORD_READY : KEY_PASSWORD_REFUSED;
	tell (password->keyring);
}

/* --- both ---------------------------------------------------------------------------------------------------------- */

void keyring_answer (struct keyring *keyring, uint64_t id, enum keyring_answer answer, const char *secret)
{
	struct key_password *password;
	struct key_file *file;

	list_each (file, &keyring->files, node)
		if (file->state == KEY_FILE_ASKED && file->question == id) {
			answer_file (file, answer, secret);
			return;
		}
	list_each (password, &keyring->passwords, node)
		if (password->state == KEY_PASSWORD_ASKED && password->question == id) {
			answer_password (password, answer, secret);
			return;
		}
}

struct keyring *keyring_new (uv_loop_t *loop, void (*ask) (void *arg, uint64_t id, const char *question), void *arg)
{
	struct keyring *keyring = calloc (1, sizeof *keyring);

	if (!keyring)
		return NULL;
	keyring->loop = loop;
	keyring->ask = ask;
	keyring->arg = arg;
	list_init (&keyring->files);
	list_init (&keyring->passwords);
	list_init (&keyring->listeners);
	return keyring;
}

void keyring_free (struct keyring *keyring)
{
	struct key_password *password, *next_password;
	struct key_file *file, *next_file;
	struct decoding *decoding;

	if (!keyring)
		return;
	list_each (decoding, &decodings, node)
		if (decoding->file && decoding->file->keyring == keyring)
			decoding->file = NULL;
	list_each_safe (file, next_file, &keyring->files, node) {
		file_empty (file);
		free (file->path);
		free (file);
	}
	list_each_safe (password, next_password, &keyring->passwords, node) {
		wipe (&password->secret);
		free (password->user);
		free (password);
	}
	timer_free (&keyring->tell);
	free (keyring);
}
