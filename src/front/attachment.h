/* attachment - what the front adds to a call for its verb (REC_CALL of wire/records.h), with its present values: the front's
 * counters and the roots that bind the caller, for a verb that needs them, and the limits of the command.
 */
#ifndef REMEX_FRONT_ATTACHMENT_H
#define REMEX_FRONT_ATTACHMENT_H

#include <stdbool.h>

struct call_limits;
struct front;
struct identity;
struct verb;

/* Does the call have an attachment? */
bool attachment_needed (const struct verb *verb, const struct call_limits *limits);

/* The attachment as JSON text, which the caller frees; NULL: no memory. */
char *attachment_text (struct front *front, const struct identity *identity, const struct verb *verb,
	const struct call_limits *limits);

#endif
