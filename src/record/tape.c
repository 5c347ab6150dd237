/* tape - see tape.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "record/tape.h"
#include "wire/records.h"

enum { SEND_MAX = 32 * 1024 /* bytes of one record */ };

/* --- the recording does not go on ---------------------------------------------------------------------------------- */

static void fail (struct tape *tape, int error, const char *text)
{
	if (tape->state != TAPE_OPENING && tape->state != TAPE_ON)
		return;
	err_set (&tape->why, 0, "%s", text);
	tape->why.sys = error;
	tape->state = tape->refuse ? TAPE_FAILED : TAPE_CUT;
	fd_close (&tape->link);
}

void tape_refuse (struct tape *tape, bool refuse, int error)
{
	buf_init (&tape->bytes, TAPE_MAX);
	tape->link = -1;
	tape->refuse = refuse;
	tape->state = TAPE_OPENING;
	fail (tape, error, strerror (error));
	tape->told = true;
}

void tape_close (struct tape *tape)
{
	if (tape->state != TAPE_OFF)
		fd_close (&tape->link);
}

void tape_free (struct tape *tape)
{
	tape_close (tape);
	buf_free (&tape->bytes);
	*tape = (struct tape){ .state = TAPE_OFF };
}

/* --- records ------------------------------------------------------------------------------------------------------- */

/* Send a record. False: not now, or the recorder is gone, whose reason is read behind the answers that it has sent. */
static bool send_record (struct tape *tape, struct outgoing *outgoing)
{
	if (link_send (tape->link, outgoing, MSG_DONTWAIT) < 0)
		return false;
	if (!tape->unanswered++)
		tape->since_ms = clock_ms ();
	return true;
}

/* The piece in which the byte `at` is. *before: the bytes of the piece in front of it. */
static const struct tape_piece *piece_at (const struct tape *tape, size_t at, size_t *before)
{
	for (size_t i = 0; i < tape->n; i++) {
		const struct tape_piece *piece = &tape->pieces[(tape->first + i) % TAPE_PIECES];

		if (at < piece->n) {
			*before = at;
			return piece;
		}
		at -= piece->n;
	}
	return NULL;
}

static void send_what_is_there (struct tape *tape)
{
	const struct tape_piece *piece;
	size_t before;

	while (tape->state == TAPE_ON && (piece = piece_at (tape, tape->sent, &before))) {
		size_t n = piece->n - before < SEND_MAX ? piece->n - before : SEND_MAX, name = strlen (piece->name);

		if (!send_record (tape, &(struct outgoing){ .record = { .type = REC_TAPE_OUTPUT,
								    .id = (uint64_t)(clock_ms () - tape->start_ms),
								    .a = (int64_t)name },
						.data = piece->name,
						.n = name,
						.more = buf_head (&tape->bytes) + tape->sent,
						.more_n = n }))
			return;
		tape->sent += n;
	}
	if (tape->state == TAPE_ON && tape->resized)
		tape->resized =
			!send_record (tape, &(struct outgoing){ .record = { .type = REC_TAPE_RESIZE,
									.id = (uint64_t)(clock_ms () - tape->start_ms),
									.a = tape->rows,
									.b = tape->cols } });
}

/* True: something has changed. */
static bool receive (struct tape *tape)
{
	static struct packet packet; /* too large for the stack */
	bool changed = false;
	char text[ERR_TEXT];

	while (tape->state == TAPE_OPENING || tape->state == TAPE_ON) {
		int got = link_recv (tape->link, &packet, MSG_DONTWAIT);

		packet_close (&packet);
		if (got < 0 && errno == EAGAIN)
			return changed;
		if (got < 0 && errno == EINTR)
			continue;
		changed = true;
		if (got <= 0) {
			fail (tape, EPIPE, "its recorder is gone");
		} else if (packet.record.type == REC_TAPE_FAILED) {
			size_t n = packet.record.length < sizeof text ? packet.record.length : sizeof text - 1;

			memcpy (text, packet.data, n);
			text[n] = '\0';
			fail (tape, (int)packet.record.a, text);
			tape->told = true;
		} else if (packet.record.type == REC_TAPE_WRITTEN) {
			size_t n = (size_t)packet.record.a; /* of this record */

			tape->state = TAPE_ON;
			tape->unanswered--;
			tape->since_ms = clock_ms ();
			tape->written += n < tape->sent - tape->written ? n : tape->sent - tape->written;
		}
	}
	return changed;
}

void tape_open (struct tape *tape, int link, const char *name, const struct asciicast_head *head, bool refuse)
{
	const char *texts[] = { name, head->command, head->title, head->term };
	struct buf data;

	*tape = (struct tape){ .state = TAPE_OPENING, .refuse = refuse, .link = link, .start_ms = clock_ms () };
	buf_init (&tape->bytes, TAPE_MAX);
	buf_init (&data, LINK_PAYLOAD);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (buf_append (&data, texts[i] ? texts[i] : "", texts[i] ? strlen (texts[i]) + 1 : 1) < 0)
			fail (tape, errno, "it cannot be ordered");
	if (tape->state == TAPE_OPENING &&
		!send_record (
			tape, &(struct outgoing){ .record = { .type = REC_TAPE_OPEN, .a = head->rows, .b = head->cols },
				      .data = buf_head (&data),
				      .n = buf_len (&data) }))
		fail (tape, errno, "it cannot be ordered");
	buf_free (&data);
}

/* --- output -------------------------------------------------------------------------------------------------------- */

bool tape_has_room (const struct tape *tape, size_t n)
{
	return tape->n < TAPE_PIECES && buf_room (&tape->bytes) >= n;
}

uint8_t *tape_begin (struct tape *tape, size_t *room)
{
	size_t left = buf_room (&tape->bytes);

	uint8_t *space;

	if (tape->n == TAPE_PIECES || !left || tape->state == TAPE_FAILED)
		return NULL;
	*room = left < *room ? left : *room;
	/* A tape without memory may have nothing to be answered, and then nothing would end the wait for room. */
	if (!(space = buf_reserve (&tape->bytes, *room)))
		fail (tape, ENOMEM, strerror (ENOMEM));
	return space;
}

void tape_end (struct tape *tape, const char *name, size_t n)
{
	struct tape_piece *last = &tape->pieces[(tape->first + tape->n + TAPE_PIECES - 1) % TAPE_PIECES];

	if (!n)
		return;
	buf_commit (&tape->bytes, n);
	if (!tape->n || strcmp (last->name, name) != 0) {
		last = &tape->pieces[(tape->first + tape->n++) % TAPE_PIECES];
		*last = (struct tape_piece){ .n = 0 };
		memcpy (last->name, name, strnlen (name, TEXT_NAME_MAX));
	}
	last->n += n;
	send_what_is_there (tape);
}

void tape_resize (struct tape *tape, int rows, int cols)
{
	if (tape->state != TAPE_OPENING && tape->state != TAPE_ON)
		return;
	tape->rows = rows;
	tape->cols = cols;
	tape->resized = true;
	send_what_is_there (tape);
}

const uint8_t *tape_next (const struct tape *tape, const char **name, size_t *n)
{
	const struct tape_piece *piece = &tape->pieces[tape->first];
	size_t ready = tape->state == TAPE_CUT ? buf_len (&tape->bytes) : tape->written;

	if (!tape->n || !ready)
		return NULL;
	*name = piece->name;
	*n = ready < piece->n ? ready : piece->n;
	return buf_head (&tape->bytes);
}

void tape_taken (struct tape *tape, size_t n)
{
	struct tape_piece *piece = &tape->pieces[tape->first];

	buf_consume (&tape->bytes, n);
	tape->sent -= n < tape->sent ? n : tape->sent;
	tape->written -= n < tape->written ? n : tape->written;
	piece->n -= n;
	if (!piece->n) {
		tape->first = (tape->first + 1) % TAPE_PIECES;
		tape->n--;
	}
	buf_trim (&tape->bytes);
}

void tape_drop (struct tape *tape)
{
	tape->n = tape->sent = tape->written = 0;
	buf_consume (&tape->bytes, buf_len (&tape->bytes));
	buf_trim (&tape->bytes);
}

size_t tape_waiting (const struct tape *tape)
{
	return buf_len (&tape->bytes);
}

/* --- the link ------------------------------------------------------------------------------------------------------ */

bool tape_go (struct tape *tape)
{
	bool changed = receive (tape);

	send_what_is_there (tape);
	if (tape_time (tape) && clock_ms () >= tape_time (tape)) {
		fail (tape, ETIMEDOUT, "its file system does not answer");
		changed = true;
	}
	return changed;
}

short tape_events (const struct tape *tape)
{
	if (tape->state != TAPE_OPENING && tape->state != TAPE_ON)
		return 0;
	return tape->state == TAPE_ON && (tape->sent < buf_len (&tape->bytes) || tape->resized) ? POLLIN | POLLOUT
												: POLLIN;
}

int64_t tape_time (const struct tape *tape)
{
	return (tape->state == TAPE_OPENING || tape->state == TAPE_ON) && tape->unanswered
		       ? tape->since_ms + TAPE_PATIENCE_MS
		       : 0;
}
