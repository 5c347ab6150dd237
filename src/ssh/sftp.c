/* sftp - see sftp.h. */
#include "config.h"

#include <stdlib.h>

#include "ssh/sftp.h"

enum {
	OUT_MAX = 16 * 1024 * 1024, /* far more than SFTP_WINDOW pieces and SFTP_REQUESTS paths */
	FEED = 64 * 1024,
	SLOT_BITS = 10, /* of an id: the slot. SFTP_REQUESTS = 1 << SLOT_BITS */
};

static const enum sftp_answer_kind promised[SFTP_KINDS] = {
	[SFTP_OPEN] = SFTP_HANDLE,
	[SFTP_OPENDIR] = SFTP_HANDLE,
	[SFTP_READ] = SFTP_DATA,
	[SFTP_LSTAT] = SFTP_ATTRIBUTES,
	[SFTP_STAT] = SFTP_ATTRIBUTES,
	[SFTP_FSTAT] = SFTP_ATTRIBUTES,
	[SFTP_READDIR] = SFTP_NAMES,
	[SFTP_REALPATH] = SFTP_NAMES,
	[SFTP_READLINK] = SFTP_NAMES,
	[SFTP_STATVFS] = SFTP_SPACE,
	[SFTP_CLOSE] = SFTP_STATUS,
	[SFTP_WRITE] = SFTP_STATUS,
	[SFTP_SETSTAT] = SFTP_STATUS,
	[SFTP_FSETSTAT] = SFTP_STATUS,
	[SFTP_REMOVE] = SFTP_STATUS,
	[SFTP_MKDIR] = SFTP_STATUS,
	[SFTP_SYMLINK] = SFTP_STATUS,
	[SFTP_FSYNC] = SFTP_STATUS,
	[SFTP_POSIX_RENAME] = SFTP_STATUS,
};

static int break_off (struct sftp *sftp, struct err *err)
{
	sftp->state = SFTP_IS_BROKEN;
	*err = sftp->why;
	return -1;
}

static int no_memory (struct sftp *sftp, struct err *err)
{
	err_set (&sftp->why, CODE_BUSY, "out of memory");
	return break_off (sftp, err);
}

static int wrong (struct sftp *sftp, const char *what, struct err *err)
{
	err_set (&sftp->why, CODE_FAILED, "its SFTP server breaks the rules: %s", what);
	return break_off (sftp, err);
}

struct sftp *sftp_new (void (*ready) (void *arg), void *arg)
{
	struct sftp *sftp = calloc (1, sizeof *sftp);

	if (!sftp)
		return NULL;
	buf_init (&sftp->out, OUT_MAX);
	buf_init (&sftp->in, SFTP_MESSAGE_MAX + 4 + FEED);
	for (int i = 0; i < SFTP_REQUESTS; i++)
		sftp->asked[i].next_free = i + 1 < SFTP_REQUESTS ? i + 1 : -1;
	sftp->ready = ready;
	sftp->arg = arg;
	if (sftp_put_request (&sftp->out, 0, &(struct sftp_request){ .kind = SFTP_INIT }) < 0) {
		sftp_free (sftp);
		return NULL;
	}
	return sftp;
}

void sftp_free (struct sftp *sftp)
{
	if (!sftp)
		return;
	buf_free (&sftp->out);
	buf_free (&sftp->in);
	free (sftp);
}

int sftp_in_flight (const struct sftp *sftp)
{
	return sftp->n_asked;
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

void sftp_ask (struct sftp *sftp, const struct sftp_request *request, sftp_answered *answered, void *arg)
{
	int slot = sftp->first_free;
	struct sftp_asked *asked;
	struct err err;
	uint32_t id;

	if (sftp->state == SFTP_IS_BROKEN)
		return;
	id = sftp->serial++ << SLOT_BITS | (uint32_t)slot;
	if (slot < 0 || sftp_put_request (&sftp->out, id, request) < 0) {
		no_memory (sftp, &err);
		return;
	}
	asked = &sftp->asked[slot];
	sftp->first_free = asked->next_free;
	sftp->n_asked++;
	*asked = (struct sftp_asked){ answered, arg, request->kind, id, request->length, -1 };
}

static struct sftp_asked *find (struct sftp *sftp, uint32_t id)
{
	struct sftp_asked *asked = &sftp->asked[id & (SFTP_REQUESTS - 1)];

	return asked->answered && asked->id == id ? asked : NULL;
}

/* SFTP_INIT: there is no such request. */
static enum sftp_kind kind_of (void *data, uint32_t id)
{
	const struct sftp_asked *asked = find (data, id);

	return asked ? asked->kind : SFTP_INIT;
}

/* --- answers ----------------------------------------------------------------------------------------------------- */

static int greet (struct sftp *sftp, const struct sftp_answer *answer, struct err *err)
{
	if (sftp->state != SFTP_IS_GREETING)
		return wrong (sftp, "a second greeting", err);
	if (answer->version != SFTP_VERSION) {
		err_set (&sftp->why, CODE_FAILED, "its SFTP server speaks version %u of SFTP, and remex version %d",
			answer->version, SFTP_VERSION);
		return break_off (sftp, err);
	}
	sftp->greeting = *answer;
	sftp->state = SFTP_IS_READY;
	sftp->ready (sftp->arg);
	return 0;
}

/* Does the answer fit the request? */
static const char *find_fault (const struct sftp_asked *asked, const struct sftp_answer *answer)
{
	enum sftp_answer_kind kind = promised[asked->kind];

	if (answer->kind == SFTP_STATUS)
		return answer->status == SFTP_OK && kind != SFTP_STATUS ? "success where there should be content"
									: NULL;
	if (answer->kind != kind)
		return "an answer of another kind than the request";
	if (kind == SFTP_DATA && (!answer->length || answer->length > asked->length))
		return "data that was not asked for";
	if (kind == SFTP_NAMES && (!answer->n_names || (asked->kind != SFTP_READDIR && answer->n_names != 1)))
		return "a wrong number of names";
	return NULL;
}

static int deliver (struct sftp *sftp, struct sftp_answer *answer, struct err *err)
{
	struct sftp_asked *asked, was;
	const char *fault;

	if (answer->kind == SFTP_GREETING)
		return greet (sftp, answer, err);
	if (sftp->state == SFTP_IS_GREETING)
		return wrong (sftp, "an answer before its greeting", err);
	if (!(asked = find (sftp, answer->id)))
		return wrong (sftp, "an answer to nothing that was asked", err);
	if ((fault = find_fault (asked, answer)))
		return wrong (sftp, fault, err);
	was = *asked;
	answer->asked = was.kind;
	asked->answered = NULL;
	asked->next_free = sftp->first_free;
	sftp->first_free = (int)(asked - sftp->asked);
	sftp->n_asked--;
	was.answered (was.arg, answer);
	return 0;
}

static int take_answers (struct sftp *sftp, struct err *err)
{
	struct sftp_answer answer;
	ssize_t n;

	while (sftp->state != SFTP_IS_BROKEN && (n = sftp_next_answer (buf_head (&sftp->in), buf_len (&sftp->in),
							 kind_of, sftp, &answer, &sftp->why))) {
		if (n < 0) {
			sftp->why.code = CODE_FAILED;
			return break_off (sftp, err);
		}
		if (deliver (sftp, &answer, err) < 0)
			return -1;
		buf_consume (&sftp->in, (size_t)n);
	}
	return sftp->state == SFTP_IS_BROKEN ? break_off (sftp, err) : 0;
}

int sftp_feed (struct sftp *sftp, const uint8_t *bytes, size_t n, struct err *err)
{
	if (sftp->state == SFTP_IS_BROKEN)
		return break_off (sftp, err);
	while (n > 0) {
		size_t some = n < FEED ? n : FEED;

		if (buf_append (&sftp->in, bytes, some) < 0)
			return no_memory (sftp, err);
		if (take_answers (sftp, err) < 0)
			return -1;
		bytes += some;
		n -= some;
	}
	return 0;
}

enum code sftp_code (uint32_t status)
{
	switch (status) {
	case SFTP_NO_SUCH_FILE: return CODE_NOT_FOUND;
	case SFTP_PERMISSION_DENIED: return CODE_DENIED;
	case SFTP_BAD_MESSAGE: return CODE_BAD_VALUE; /* OpenSSH: EINVAL, ENAMETOOLONG */
	default: return CODE_IO_ERROR;
	}
}

int sftp_explain (const struct sftp_answer *answer, const char *what, struct err *err)
{
	const char *words = answer->message[0] ? answer->message : sftp_status_words (answer->status);

	return err_set (err, (int)sftp_code (answer->status), "%s: %s", what, words);
}
