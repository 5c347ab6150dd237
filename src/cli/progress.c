/* progress - one line about a long operation; see progress.h. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/progress.h"

enum { FIRST_MS = 500, EACH_MS = 200, WIDTH = 80, WIDTH_MAX = 250, FIGURES = 48 };

void progress_init (struct progress *progress, bool wanted)
{
	*progress = (struct progress){ .shown = wanted && isatty (STDERR_FILENO), .start_ms = clock_ms () };
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

static int width (void)
{
	struct winsize size;

	if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 20)
		return WIDTH;
	return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

/* Measure the recent rate, so that a stalled connection shows. */
static void measure (struct progress *progress, int64_t bytes)
{
	int64_t now = clock_ms ();
	double rate;

	if (now <= progress->last_ms)
		return;
	rate = (double)(bytes - progress->last_bytes) * 1000 / (double)(now - progress->last_ms);
	progress->rate = progress->rate > 0 ? 0.7 * progress->rate + 0.3 * rate : rate;
	progress->last_ms = now;
	progress->last_bytes = bytes;
	progress->next_ms = now + EACH_MS;
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
	char figures[128], amount[32], rate[32], left[32] = "", percent[16] = "", shown[WIDTH_MAX + 1];
	int room = width () - FIGURES;

	if (!progress->shown)
		return;
	measure (progress, bytes);
	if (total > 0)
		snprintf (percent, sizeof percent, "%3d%%", (int)(100.0 * (double)bytes / (double)total));
	if (total >= bytes && progress->rate > 0)
		show_time (left, sizeof left, (double)(total - bytes) / progress->rate);
	snprintf (figures, sizeof figures, "%4s %10s %12s/s %8s", percent,
		progress_bytes (amount, sizeof amount, (double)bytes),
		progress_bytes (rate, sizeof rate, progress->rate), left);
	/* The end of a long name is more useful than its beginning. */
	name = tail (name, WIDTH_MAX);
	text_plain (shown, sizeof shown, name, strlen (name));
	if (room < 1)
		fprintf (stderr, "\r%s\033[K", figures);
	else
		fprintf (stderr, "\r%-*s %s\033[K", room, tail (shown, (size_t)room), figures);
	fflush (stderr);
	progress->drawn = true;
}

void progress_clear (struct progress *progress)
{
	if (progress->drawn)
		fputs ("\r\033[K", stderr);
	progress->drawn = false;
}
