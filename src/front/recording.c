/* recording - see recording.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "front/front_state.h"
#include "front/recording.h"
#include "loop/loop.h"

/* --- who is recorded ----------------------------------------------------------------------------------------------- */

bool recording_wanted (
	const struct front *front, const struct identity *identity, const struct verb *verb, bool tty, bool *refuse)
{
	enum record_what what = front->config->record.what;
	enum record_full full = front->config->record.when_full;

	if (identity->grant && identity->grant->record.what != RECORD_UNSAID)
		what = identity->grant->record.what;
	if (identity->grant && identity->grant->record.when_full != RECORD_FULL_UNSAID)
		full = identity->grant->record.when_full;
	*refuse = full != RECORD_GO_ON;
	return (what == RECORD_SHELL && tty) || (what == RECORD_ALL && (tty || verb->runs || verb->command));
}

bool recording_has_changed (const struct front *front, const struct identity *identity, const struct verb *verb,
	bool tty, bool recorded, bool refuse)
{
	bool refuse_now, wanted = recording_wanted (front, identity, verb, tty, &refuse_now);

	return wanted != recorded || (wanted && refuse_now != refuse);
}

char *recording_name (char name[RECORDER_NAME], const struct front *front, const struct identity *identity,
	uint64_t number, uid_t uid)
{
	char user[64];

	return recorder_name (name, time (NULL), identity->name, front->instance, number,
		access_name (user, sizeof user, uid)); /* reads /etc/passwd */
}

struct recording *recording_new (struct front *front, const struct identity *identity, uint64_t number, uid_t uid,
	bool refuse, void (*changed) (void *arg), void *arg)
{
	struct recording *recording = calloc (1, sizeof *recording);
	char user[64];

	if (!recording)
		return NULL;
	recording->front = front;
	recording->number = number;
	recording->refuse = refuse;
	recording->changed = changed;
	recording->arg = arg;
	recording_name (recording->name, front, identity, number, uid);
	snprintf (recording->title, sizeof recording->title, "%s as %s, call %.8s-%llu", identity->name,
		access_name (user, sizeof user, uid), front->instance, (unsigned long long)number);
	return recording;
}

void recording_free (struct recording *recording)
{
	if (!recording)
		return;
	watch_free (&recording->watch);
	timer_free (&recording->timer);
	tape_free (&recording->tape);
	free (recording);
}

/* --- its recorder -------------------------------------------------------------------------------------------------- */

void recording_start (struct recording *recording, const struct verb *verb, const json_t *header)
{
	struct err err;

	command_words (recording->command, verb, json_object_get (header, "args"));
	tty_read (header, NULL, &recording->tty, &err); /* it has been checked */
	supervisor_link_record (&recording->front->supervisor, recording->number);
}

void recording_resize (struct recording *recording, int rows, int cols)
{
	recording->tty.rows = rows;
	recording->tty.cols = cols;
	tape_resize (&recording->tape, rows, cols);
}

/* A recorder that hangs or was killed does not log it. */
static void tell (struct recording *recording)
{
	struct tape *tape = &recording->tape;

	if (!recording_cut (recording) || tape->told)
		return;
	tape->told = true;
	log_error ("the recording of a call was cut: %s. recording=%s", tape->why.text, recording->name);
}

static void go_on (struct recording *recording)
{
	bool changed = tape_go (&recording->tape);

	recording_watch (recording);
	if (changed)
		recording->changed (recording->arg); /* it may be freed */
}

static void on_link (void *arg, int events)
{
	(void)events;
	go_on (arg);
}

static void on_late (void *arg)
{
	go_on (arg);
}

void recording_watch (struct recording *recording)
{
	short events = tape_events (&recording->tape);

	tell (recording);
	if (!events)
		watch_free (&recording->watch);
	else if (recording->watch)
		watch_set (recording->watch, events & POLLOUT ? UV_READABLE | UV_WRITABLE : UV_READABLE);
	timer_set (&recording->front->loop, &recording->timer, tape_time (&recording->tape), on_late, recording);
}

void recording_take (struct recording *recording, struct packet *packet)
{
	struct asciicast_head head = {
		.timestamp = time (NULL), .command = recording->command, .title = recording->title
	};
	const struct tty *tty = &recording->tty;

	if (recording->tape.state != TAPE_OFF)
		return;
	if (tty->wanted) {
		head.rows = tty->rows;
		head.cols = tty->cols;
		head.term = *tty->term ? tty->term : "dumb";
	}
	if (packet->record.a || !packet->n_fds) {
		tape_refuse (&recording->tape, recording->refuse,
			packet->record.a ? (int)packet->record.a
			: packet->lost   ? EMFILE
					 : EIO);
	} else if (!(recording->watch = watch_new (
			     &recording->front->loop, packet->fds[0], UV_READABLE, on_link, recording))) {
		tape_refuse (&recording->tape, recording->refuse, ENOMEM);
	} else {
		tape_open (&recording->tape, packet->fds[0], recording->name, &head, recording->refuse);
		packet->fds[0] = -1;
	}
	recording_watch (recording);
	if (recording->tape.state != TAPE_OPENING)
		recording->changed (recording->arg);
}

bool recording_waits (const struct recording *recording)
{
	return recording && (recording->tape.state == TAPE_OFF || recording->tape.state == TAPE_OPENING);
}

bool recording_failed (const struct recording *recording)
{
	return recording && recording->tape.state == TAPE_FAILED;
}

bool recording_cut (const struct recording *recording)
{
	return recording && (recording->tape.state == TAPE_CUT || recording->tape.state == TAPE_FAILED);
}
