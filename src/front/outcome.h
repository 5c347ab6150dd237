/* outcome - what the end of a request is called: the outcome or code, the words, the one terminal message.
 *
 * Three have a say: the worker's terminal record (request.c keeps it), the worker's death, and the cause that the front
 * decided, which overrules both.
 */
#ifndef REMEX_FRONT_OUTCOME_H
#define REMEX_FRONT_OUTCOME_H

struct pooled;
struct request;

/* Its worker died, and nothing else explains it: the plugin crashed, or no worker could be made. */
void outcome_crash (struct request *request, const struct pooled *worker);

/* Its worker is gone, as was to be: log when it had to be killed, because its handler or command did not end in time. */
void outcome_killed (const struct request *request, const struct pooled *worker);

/* Let the front's cause, if there is one, have the last word. */
void outcome_decide (struct request *request);

/* Send the terminal message; the channel is gone after it. */
void outcome_send (struct request *request);

#endif
