/* sftp_place - see sftp_place.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ssh/sftp_place.h"

char *sftp_join (const char *path, const char *name)
{
	size_t n = strlen (path), m = strlen (name);
	char *joined = malloc (n + m + 2);
	bool slash = n > 0 && path[n - 1] != '/';

	if (!joined)
		return NULL;
	memcpy (joined, path, n);
	if (slash)
		joined[n++] = '/';
	memcpy (joined + n, name, m + 1);
	return joined;
}

/* The path in reports is cut at the front where it is too long, as that of an open_dir (files/open_dir.h). */
static char *join_shown (const struct sftp_place *place, const char *name)
{
	char *joined = sftp_join (place ? place->shown : "", name);
	size_t n = joined ? strlen (joined) : 0;

	if (n >= ITEM_TEXT_MAX)
		memmove (joined, joined + n - (ITEM_TEXT_MAX - 1), ITEM_TEXT_MAX);
	return joined;
}

struct sftp_report *sftp_report_new (
	const struct sftp_place *place, const char *name, enum item_kind kind, int64_t source, int64_t size)
{
	char *path = join_shown (place, name);
	struct sftp_report *report = path ? calloc (1, sizeof *report + strlen (path) + 1) : NULL;

	if (report) {
		list_init (&report->node);
		report->kind = kind;
		report->source = source;
		report->size = size;
		strcpy (report->path, path);
	}
	free (path);
	return report;
}

struct sftp_place *sftp_place_new (struct sftp_places *all, struct sftp_place *up, char *path, const char *shown)
{
	struct sftp_place *place = calloc (1, sizeof *place);

	if (!place || !(place->shown = join_shown (up, shown))) {
		free (path);
		free (place);
		return NULL;
	}
	place->all = all;
	place->path = path;
	place->references = 1;
	place->mode = -1;
	place->up = up;
	if (up) {
		sftp_place_hold (up);
		place->depth = up->depth + 1;
		place->source = up->source;
	}
	list_init (&place->waiting);
	list_init (&place->syncing);
	list_append (&all->list, &place->node);
	return place;
}

void sftp_place_hold (struct sftp_place *place)
{
	place->references++;
}

static void free_reports (struct list *list)
{
	struct sftp_report *report, *after;

	list_each_safe (report, after, list, node)
		free (report);
	list_init (list);
}

static void place_free (struct sftp_place *place)
{
	free_reports (&place->waiting);
	free_reports (&place->syncing);
	list_remove (&place->node);
	free (place->path);
	free (place->shown);
	free (place);
}

void sftp_places_free (struct sftp_places *all)
{
	struct sftp_place *place, *after;

	list_each_safe (place, after, &all->list, node)
		place_free (place);
}

/* --- to the disk ------------------------------------------------------------------------------------------------- */

static void report_all (struct sftp_place *place, struct list *list, const struct err *err)
{
	struct sftp_report *report, *after;

	list_each_safe (report, after, list, node) {
		list_remove (&report->node);
		if (err->code)
			report->err = *err;
		place->all->ops->report (place->all->arg, report);
	}
}

/* The sync is over, whatever came of it. */
static void end_sync (struct sftp_place *place, const struct err *err)
{
	struct sftp_places *all = place->all;

	report_all (place, &place->syncing, err);
	sftp_place_release (place);
	all->ops->settled (all->arg);
}

static void on_nothing (void *arg, const struct sftp_answer *answer)
{
	(void)arg;
	(void)answer;
}

/* Not every filesystem syncs directories (fsync(2): EINVAL). */
static void on_synced (void *arg, const struct sftp_answer *answer)
{
	struct sftp_place *place = arg;
	struct err err = { .code = 0 };

	if (answer->status == SFTP_FAILURE)
		sftp_explain (answer, "it is in place, but its directory cannot be synced", &err);
	sftp_ask (place->all->sftp, &(struct sftp_request){ .kind = SFTP_CLOSE, .handle = &place->handle }, on_nothing,
		NULL);
	end_sync (place, &err);
}

/* A directory that may be written and not read cannot be synced by anybody; some servers open none. */
static void on_opened (void *arg, const struct sftp_answer *answer)
{
	struct sftp_place *place = arg;

	if (answer->kind == SFTP_STATUS) {
		end_sync (place, &(struct err){ .code = 0 });
		return;
	}
	place->handle = answer->handle;
	sftp_ask (place->all->sftp, &(struct sftp_request){ .kind = SFTP_FSYNC, .handle = &place->handle }, on_synced,
		place);
}

/* One sync at a time. It holds a reference. */
static void begin_sync (struct sftp_place *place)
{
	struct sftp_report *report, *after;

	list_each_safe (report, after, &place->waiting, node) {
		list_remove (&report->node);
		list_append (&place->syncing, &report->node);
	}
	place->n_waiting = 0;
	place->changed = false;
	sftp_place_hold (place);
	sftp_ask (place->all->sftp,
		&(struct sftp_request){ .kind = SFTP_OPEN, .path = place->path, .flags = SFTP_FOR_READING }, on_opened,
		place);
}

void sftp_place_add (struct sftp_place *place, struct sftp_report *report)
{
	if (!place->all->sync) {
		place->all->ops->report (place->all->arg, report);
		return;
	}
	place->changed = true;
	list_append (&place->waiting, &report->node);
	if (++place->n_waiting >= SFTP_PLACE_BATCH && list_empty (&place->syncing))
		begin_sync (place);
}

/* --- the end of a directory -------------------------------------------------------------------------------------- */

static void end (struct sftp_place *place)
{
	struct sftp_places *all = place->all;
	struct sftp_place *up = place->up;
	struct sftp_report *report;

	if (up && place->path) {
		if ((report = sftp_report_new (NULL, place->shown, ITEM_DIRECTORY, place->source, -1))) {
			report->err = place->err;
			all->ops->report (all->arg, report);
		} else {
			all->memory_short = true;
		}
	}
	place_free (place);
	sftp_place_release (up);
	all->ops->settled (all->arg);
}

static void on_set (void *arg, const struct sftp_answer *answer)
{
	struct sftp_place *place = arg;

	if (answer->status != SFTP_OK)
		sftp_explain (answer, "cannot set the directory's mode or time", &place->err);
	end (place);
}

/* As open_dir.c does: the bits of set-ID that the directory has from its parent stay, and the sender's sticky bit counts. */
static uint32_t final_mode (const struct sftp_place *place, uint32_t now)
{
	if (place->all->preserve && place->mode >= 0)
		return place->all->set_id ? (uint32_t)place->mode & 07777
					  : (now & 06000) | ((uint32_t)place->mode & 01777);
	return now & 07777 & ~place->lacks;
}

static void on_stat (void *arg, const struct sftp_answer *answer)
{
	struct sftp_place *place = arg;
	struct sftp_attributes set = { 0 };
	int64_t seconds = place->mtime_ns / 1000000000;

	if (answer->kind == SFTP_STATUS) {
		sftp_explain (answer, "cannot stat the directory", &place->err);
		end (place);
		return;
	}
	if (answer->attributes.has & SFTP_HAS_MODE &&
		final_mode (place, answer->attributes.mode) != (answer->attributes.mode & 07777)) {
		set.has |= SFTP_HAS_MODE;
		set.mode = final_mode (place, answer->attributes.mode);
	}
	if (place->all->preserve && place->has_mtime && seconds >= 0 && seconds <= UINT32_MAX) {
		set.has |= SFTP_HAS_TIMES;
		set.atime = (uint32_t)time (NULL);
		set.mtime = (uint32_t)seconds;
	}
	if (set.has)
		sftp_ask (place->all->sftp,
			&(struct sftp_request){ .kind = SFTP_SETSTAT, .path = place->path, .attributes = set }, on_set,
			place);
	else
		end (place);
}

/* No reference is left. */
static void finish (struct sftp_place *place)
{
	bool wants = place->lacks || (place->all->preserve && (place->mode >= 0 || place->has_mtime));

	if (place->path && place->changed && place->all->sync) {
		begin_sync (place); /* and again when that is over */
		return;
	}
	if (!place->path || !place->up || !wants || place->all->sftp->state == SFTP_IS_BROKEN)
		end (place);
	else
		sftp_ask (place->all->sftp, &(struct sftp_request){ .kind = SFTP_STAT, .path = place->path }, on_stat,
			place);
}

void sftp_place_release (struct sftp_place *place)
{
	if (place && !--place->references)
		finish (place);
}
