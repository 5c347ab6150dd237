/* place - see place.h. */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/link.h"
#include "front/front_state.h"
#include "front/place.h"
#include "front/relay.h"

enum { LINGER_MAX_MS = 256 }; /* between two checks of streams that the carrier has not finished */

static void count (struct front *front, struct identity *identity, bool control, int n)
{
	identity->running += n;
	if (!control)
		front->n_running += n;
}

void place_take (struct front *front, struct identity *identity, bool control)
{
	count (front, identity, control, 1);
}

/* --- descriptors that are being closed, without a place ----------------------------------------------------------- */

static void forget_closing (struct places *places, int i)
{
	identity_release (places->closings[i].identity);
	places->closings[i] = places->closings[--places->n_closings];
}

static void give_soon (struct front *front, int wait_ms);

static void give_all (void *arg)
{
	struct front *front = arg;
	struct places *places = &front->places;
	bool refused = false;

	places->will_give = false;
	for (int i = 0; i < places->n_closings; i++) {
		closing_give (&places->closings[i].closing, &front->carrier);
		refused |= places->closings[i].closing.n > 0;
	}
	if (refused)
		give_soon (front, PLACE_WAIT_MS);
}

static void give_soon (struct front *front, int wait_ms)
{
	if (front->places.will_give && wait_ms)
		return;
	front->places.will_give = true;
	timer_set (&front->loop, &front->places.give, clock_ms () + wait_ms, give_all, front);
}

/* Add the descriptors to a closing that is still to be given. False: the record has no room. */
static bool join (struct closing *closing, struct closing *more)
{
	if (closing->n + more->n > LINK_FDS)
		return false;
	while (more->n)
		closing->fds[closing->n++] = more->fds[--more->n];
	return true;
}

/* True: the closing is over, or goes on without a place. */
static bool close_apart (struct front *front, struct identity *identity, struct closing *closing)
{
	struct places *places = &front->places;
	int of_identity = 0, n = closing->n;
	struct closing *waiting = NULL;

	for (int i = places->n_closings - 1; i >= 0; i--)
		if (closing_over (&places->closings[i].closing))
			forget_closing (places, i);
	for (int i = 0; i < places->n_closings; i++)
		if (places->closings[i].identity == identity) {
			of_identity++;
			if (places->closings[i].closing.n)
				waiting = &places->closings[i].closing;
		}
	if (closing_over (closing))
		return true;
	/* What the carrier has in part, or what needs two records, does not wait. */
	if (closing->n_carriages || n > LINK_FDS) {
		closing_give (closing, &front->carrier);
		if (closing->n)
			return false; /* what the carrier has not taken must be offered again */
	} else if (waiting && join (waiting, closing)) {
		if (waiting->n + n > LINK_FDS)
			give_soon (front, 0); /* the next request will hardly find room in it */
		return true;
	}
	if (places->n_closings == PLACE_CLOSINGS || of_identity == PLACE_CLOSINGS_EACH)
		return false;
	identity->references++;
	places->closings[places->n_closings].identity = identity;
	places->closings[places->n_closings++].closing = *closing;
	if (closing->n)
		give_soon (front, waiting ? 0 : PLACE_WAIT_MS);
	return true;
}

/* --- places that linger ------------------------------------------------------------------------------------------ */

struct lingering {
	struct list node; /* of the front's places */
	struct front *front;
	struct identity *identity; /* a reference */
	bool control, taken;
	struct relay relay; /* freed, except for its carriages */
	struct timer *timer;
	int wait_ms; /* between two checks */
};

static void lingering_free (struct lingering *lingering)
{
	if (lingering->taken)
		count (lingering->front, lingering->identity, lingering->control, -1);
	timer_free (&lingering->timer);
	identity_release (lingering->identity);
	list_remove (&lingering->node);
	free (lingering);
}

static bool is_over (struct front *front, struct identity *identity, struct relay *relay)
{
	if (!relay_let_go (relay))
		return false;
	return relay->gave_up ? closing_done (&relay->closing, &front->carrier)
			      : close_apart (front, identity, &relay->closing);
}

static void look_again (void *arg)
{
	struct lingering *lingering = arg;
	struct front *front = lingering->front;

	if (is_over (front, lingering->identity, &lingering->relay)) {
		lingering_free (lingering);
		front->events->freed (front);
		return;
	}
	lingering->wait_ms = lingering->wait_ms < LINGER_MAX_MS / 2 ? lingering->wait_ms * 2 : LINGER_MAX_MS;
	timer_set (&front->loop, &lingering->timer, clock_ms () + lingering->wait_ms, look_again, lingering);
}

void place_leave (struct front *front, struct identity *identity, bool control, bool taken, struct relay *relay)
{
	struct lingering *lingering;

	bool over = is_over (front, identity, relay);

	if (!over)
		closing_give (&relay->closing, &front->carrier);
	/* Without memory the place is free too early. */
	if (over || !(lingering = calloc (1, sizeof *lingering))) {
		if (taken)
			count (front, identity, control, -1);
		return;
	}
	*lingering = (struct lingering){
		.front = front,
		.identity = identity,
		.control = control,
		.taken = taken,
		.relay = *relay,
		.wait_ms = 1,
	};
	identity->references++;
	list_append (&front->places.lingering, &lingering->node);
	timer_set (&front->loop, &lingering->timer, clock_ms () + lingering->wait_ms, look_again, lingering);
}

void place_close (struct front *front, struct identity *identity, int *fd)
{
	struct relay relay = { .gave_up = true };

	if (*fd < 0)
		return;
	if (!identity) {
		carrier_discard (&front->carrier, fd);
		return;
	}
	closing_add (&relay.closing, fd);
	place_take (front, identity, false);
	place_leave (front, identity, false, true, &relay);
}

int places_lingering (const struct places *places)
{
	const struct list *place;
	int n = 0;

	for (place = places->lingering.next; place != &places->lingering; place = place->next)
		n++;
	return n;
}

void places_end (struct front *front)
{
	struct lingering *lingering, *after;

	list_each_safe (lingering, after, &front->places.lingering, node)
		lingering_free (lingering);
	give_all (front);
	timer_free (&front->places.give);
	while (front->places.n_closings)
		forget_closing (&front->places, 0);
}
