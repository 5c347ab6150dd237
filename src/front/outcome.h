/* outcome - how a request has ended: its outcome or error code, the text, the terminal message.
 *
 * The outcome comes from the terminal record of the worker (request.c keeps it), from the death of the worker, or from
 * the cause that the front has decided. The cause overrides the other two.
 */
#ifndef REMEX_FRONT_OUTCOME_H
#define REMEX_FRONT_OUTCOME_H

struct pooled;
struct request;

/* The worker has died, and the front has not decided a cause: the plugin crashed, or no worker could be made. */
void outcome_crash (struct request *request, const struct pooled *worker);

/* The worker is gone because the request was stopped: log if it had to be killed, because it did not end in time. */
void outcome_killed (const struct request *request, const struct pooled *worker);

/* If the front has decided a cause, the outcome is that of the cause. */
void outcome_decide (struct request *request);

/* Send the terminal message; the channel is gone after it. */
void outcome_send (struct request *request);

#endif
