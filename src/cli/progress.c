/* progress - see progress.h. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/progress.h"
#include "cli/status_line.h"

enum { FIRST_MS = 500, EACH_MS = 200, FIGURES = 48 };

void progress_init (struct progress *progress, bool wanted)
{
	*progress = (struct progress){ .shown = wanted && status_line_possible (), .start_ms = clock_ms () };
	progress->last_ms = progress->start_ms;
	progress->next_ms = progress->start_ms + FIRST_MS;
}

int progress_due (const struct progress *progress)
{
	return progress->shown ? clock_until (progress->next_ms) : -1;
}

char *progress_bytes (char *out, size_t size, double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	int unit = 0;

	for (; bytes >= 1024 && unit < 5; unit++)
		bytes /= 1024;
	snprintf (out, size, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
	return out;
}

static void show_time (char *out, size_t size, double seconds)
{
	long whole = (long)(seconds + 0.5);

	if (seconds > 359999)
		snprintf (out, size, "--:--");
	else if (whole >= 3600)
		snprintf (out, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
	else
		snprintf (out, size, "%ld:%02ld", whole / 60, whole % 60);
}

/* Measure the recent rate, so that a stalled connection shows. */
static void measure (struct progress *progress, int64_t bytes)
{
	int64_t now = clock_ms ();
	double rate;

	progress->next_ms = now + EACH_MS;
	if (now <= progress->last_ms)
		return;
	rate = (double)(bytes - progress->last_bytes) * 1000 / (double)(now - progress->last_ms);
	progress->rate = progress->rate > 0 ? 0.7 * progress->rate + 0.3 * rate : rate;
	progress->last_ms = now;
	progress->last_bytes = bytes;
}

/* The last characters of the text that have at most n bytes together. */
static const char *tail (const char *text, size_t n)
{
	size_t length = strlen (text);

	if (length <= n)
		return text;
	for (text += length - n; (*text & 0xC0) == 0x80; text++)
		; /* a byte of UTF-8 that begins no character */
	return text;
}

void progress_draw (struct progress *progress, const char *name, int64_t bytes, int64_t total)
{
	char figures[128], amount[32], rate[32], left[32] = "", percent[16] = "", shown[STATUS_LINE_WIDTH + 1];
	char text[STATUS_LINE_BYTES], line[STATUS_LINE_BYTES];
	int room = status_line_width () - FIGURES;

	if (!progress->shown)
		return;
	measure (progress, bytes);
	if (!status_line_is_ours ())
		return;
	if (total > 0)
		snprintf (percent, sizeof percent, "%3d%%", (int)(100.0 * (double)bytes / (double)total));
	if (total >= bytes && progress->rate > 0)
		show_time (left, sizeof left, (double)(total - bytes) / progress->rate);
	snprintf (figures, sizeof figures, "%4s %10s %12s/s %8s", percent,
		progress_bytes (amount, sizeof amount, (double)bytes),
		progress_bytes (rate, sizeof rate, progress->rate), left);
	/* The end of a long name is more useful than its beginning. */
	name = tail (name, STATUS_LINE_WIDTH);
	text_plain (shown, sizeof shown, name, strlen (name));
	if (room < 1)
		snprintf (text, sizeof text, "%s", figures);
	else
		snprintf (text, sizeof text, "%-*s %s", room, tail (shown, (size_t)room), figures);
	fwrite (line, 1, status_line_draw (line, text), stderr);
	fflush (stderr);
}

/* Append ", N WORD" where there are any, or always. */
static void add_count (char *text, size_t size, size_t n, const char *word, bool always)
{
	size_t used = strlen (text);

	if (n || always)
		snprintf (text + used, size - used, "%s%zu %s", text[used - 1] == ' ' ? "" : ", ", n, word);
}

static void add_bytes (char *text, size_t size, const struct progress *progress, const struct progress_hosts *hosts)
{
	char amount[32], total[32], rate[32];
	size_t used = strlen (text);

	snprintf (text + used, size - used, "; %s%s%s, %s/s",
		progress_bytes (amount, sizeof amount, (double)hosts->bytes), hosts->total > 0 ? " of " : "",
		hosts->total > 0 ? progress_bytes (total, sizeof total, (double)hosts->total) : "",
		progress_bytes (rate, sizeof rate, progress->rate));
}

void progress_draw_hosts (
	struct progress *progress, const struct output *out, struct output *err, const struct progress_hosts *hosts)
{
	char text[STATUS_LINE_BYTES];

	if (!progress->shown)
		return;
	measure (progress, hosts->bytes > 0 ? hosts->bytes : 0);
	if (output_is_busy (out) || output_is_busy (err) || !status_line_is_ours ())
		return;
	snprintf (text, sizeof text, "%zu hosts: ", hosts->n);
	add_count (text, sizeof text, hosts->done, "done", true);
	add_count (text, sizeof text, hosts->running, "running", true);
	add_count (text, sizeof text, hosts->failed, "failed", true);
	add_count (text, sizeof text, hosts->skipped, "skipped", false);
	add_count (text, sizeof text, hosts->waiting, "waiting", false);
	if (hosts->bytes >= 0)
		add_bytes (text, sizeof text, progress, hosts);
	output_draw (err, text);
}

void progress_interrupted (const struct progress *progress, const struct output *out, const struct output *err)
{
	if (progress->shown && !output_is_busy (out) && !output_is_busy (err))
		status_line_echoed ();
}

void progress_clear (void)
{
	fputs (status_line_erase (), stderr);
}
