/* recording - the recording of one request: who is recorded, and the way of its output through the recorder.
 *
 *   OFF      of the tape: the supervisor is asked for a recorder when the request has a worker   --REC_RECORDER--> OPENING
 *   OPENING and further   see record/tape.h
 *
 * The worker gets the call when the recorder has made the file, and not before. The request owns its recording; the relay
 * puts the output into its tape. A recording is of the command, and its policy is that of the identity which makes the call:
 * of the section `record` of its file, and else of remexd.yaml.
 */
#ifndef REMEX_FRONT_RECORDING_H
#define REMEX_FRONT_RECORDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/link.h"
#include "front/command_words.h"
#include "record/recorder.h"
#include "record/tape.h"
#include "wire/tty.h"
#include "wire/verbs.h"

struct front;
struct identity;
struct timer;
struct watch;

struct recording {
	struct front *front;
	uint64_t number; /* of the request */
	char name[RECORDER_NAME];
	bool refuse;
	struct tape tape;
	/* For its header, until there is a recorder: */
	struct tty tty;
	char command[COMMAND_WORDS], title[256];

	struct watch *watch;
	struct timer *timer;
	void (*changed) (void *arg);
	void *arg;
};

/* Is that call recorded? *refuse: it may not go on without. */
bool recording_wanted (
	const struct front *front, const struct identity *identity, const struct verb *verb, bool tty, bool *refuse);

/* Was it decided otherwise for that call, which is `recorded`, with that `refuse`? */
bool recording_has_changed (const struct front *front, const struct identity *identity, const struct verb *verb,
	bool tty, bool recorded, bool refuse);

/* The name of the recording of a call that is made now. Returns name. */
char *recording_name (char name[RECORDER_NAME], const struct front *front, const struct identity *identity,
	uint64_t number, uid_t uid);

/* The recording of a request. NULL: out of memory. `changed` is called when more output may be shown, or the recording
 * does not go on. */
struct recording *recording_new (struct front *front, const struct identity *identity, uint64_t number, uid_t uid,
	bool refuse, void (*changed) (void *arg), void *arg);
void recording_free (struct recording *recording);

/* Ask for the recorder, for that call. */
void recording_start (struct recording *recording, const struct verb *verb, const json_t *header);

/* The terminal has another size. Before there is a recorder, it is that of the header. */
void recording_resize (struct recording *recording, int rows, int cols);

/* The answer (REC_RECORDER). */
void recording_take (struct recording *recording, struct packet *packet);

/* Must the command not begin yet? Has it to end, or not to begin? Is something missing in the recording? */
bool recording_waits (const struct recording *recording);
bool recording_failed (const struct recording *recording);
bool recording_cut (const struct recording *recording);

/* Output was put into the tape, or taken: watch what is to be watched now. */
void recording_watch (struct recording *recording);

#endif
