/* tape - the output of a recorded call, on its way through its recorder (recorder.h) to whoever reads it.
 *
 * Whoever has the output (the front, the holder of a job) puts it in, and takes it out again when the recorder has written
 * it to the file: nothing that is shown is missing in the recording. No call waits; the owner polls the link.
 *
 *   OPENING  the recorder was asked to make the file; the command has not begun   --WRITTEN--> ON
 *   ON       output is sent, answered, given back
 *   OPENING, ON  --FAILED, the recorder is gone, no answer for TAPE_PATIENCE_MS, or no memory-->
 *                 FAILED  (when_full: refuse) what is not written is not given back: the owner ends the call
 *                 CUT     (when_full: go_on) all is given back, unrecorded
 *
 * All zeros are a tape that is OFF: there is no recording.
 */
#ifndef REMEX_RECORD_TAPE_H
#define REMEX_RECORD_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "record/asciicast.h"

enum {
	TAPE_MAX = 256 * 1024, /* bytes in it */
	TAPE_PIECES = 64, /* of streams that take turns */
	TAPE_PATIENCE_MS = 5000,
};

enum tape_state { TAPE_OFF, TAPE_OPENING, TAPE_ON, TAPE_CUT, TAPE_FAILED };

struct tape_piece {
	char name[TEXT_NAME_MAX + 1]; /* of the stream */
	size_t n;
};

struct tape {
	enum tape_state state;
	bool refuse;
	int link; /* -1, and of a tape that is OFF any number: none */
	struct buf bytes; /* in the order in which they came; of these */
	size_t sent, written; /* so many are with the recorder, and in the file */
	struct tape_piece pieces[TAPE_PIECES]; /* whose they are */
	size_t first, n; /* of the ring of pieces */
	int rows, cols;
	bool resized; /* the new size is sent behind the bytes */
	int64_t start_ms;
	int64_t unanswered, since_ms; /* records; since when no answer has come */
	bool told; /* the recorder has logged it itself */
	struct err why; /* FAILED, CUT: the reason, for people; its `sys` is an errno */
};

/* Ask the recorder at the other end of `link`, which the tape owns from now on, to make the file `name`. */
void tape_open (struct tape *tape, int link, const char *name, const struct asciicast_head *head, bool refuse);

/* The recording cannot begin for that errno, which is in the log: the tape is OFF, and becomes FAILED or CUT. */
void tape_refuse (struct tape *tape, bool refuse, int error);

/* The recording is over. tape_close keeps the state and the bytes. */
void tape_close (struct tape *tape);
void tape_free (struct tape *tape);

/* Room for output of one stream: at most *room bytes, and *room becomes their number. NULL: there is none now; or there is
 * no memory, and the tape is FAILED or CUT. Output then goes past a tape that is CUT, once the tape is empty. After
 * tape_begin, tape_end with the bytes that are in the room. tape_has_room: for n bytes of one stream? */
bool tape_has_room (const struct tape *tape, size_t n);
uint8_t *tape_begin (struct tape *tape, size_t *room);
void tape_end (struct tape *tape, const char *name, size_t n);

/* The terminal has another size. */
void tape_resize (struct tape *tape, int rows, int cols);

/* The bytes that may be shown now: n of one stream; NULL: none. tape_taken: n of them are. tape_drop: nobody wants the
 * rest. tape_waiting: the bytes that are in it. */
const uint8_t *tape_next (const struct tape *tape, const char **name, size_t *n);
void tape_taken (struct tape *tape, size_t n);
void tape_drop (struct tape *tape);
size_t tape_waiting (const struct tape *tape);

/* The link is ready: send and receive what can be, and note a recorder that is late by tape_time (clock_ms; 0: none). True:
 * something has changed. tape_events: of poll(2), 0 where there is no link. */
bool tape_go (struct tape *tape);
short tape_events (const struct tape *tape);
int64_t tape_time (const struct tape *tape);

#endif
