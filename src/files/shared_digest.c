/* shared_digest - see shared_digest.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/list.h"
#include "files/shared_digest.h"

enum { BUCKETS = 1024 }; /* a power of two */

struct shared_digests {
	enum digest_kind sum;
	struct list buckets[BUCKETS]; /* every sum is in one of them */
	struct list idle; /* sums without a reader; the first one was used longest ago */
	size_t n_idle;
};

struct shared_digest {
	struct shared_digests *all;
	struct list in_bucket, in_idle;
	struct stat st;
	size_t readers;
	int64_t done; /* bytes that the sum covers */
	struct digest *digest; /* NULL: the sum is complete */
	char text[DIGEST_TEXT]; /* of a complete one */
};

struct shared_digests *shared_digests_new (enum digest_kind sum)
{
	struct shared_digests *all = calloc (1, sizeof *all);

	if (!all)
		return NULL;
	all->sum = sum;
	for (size_t i = 0; i < BUCKETS; i++)
		list_init (&all->buckets[i]);
	list_init (&all->idle);
	return all;
}

static void forget (struct shared_digest *shared)
{
	list_remove (&shared->in_bucket);
	list_remove (&shared->in_idle);
	digest_free (shared->digest);
	free (shared);
}

void shared_digests_free (struct shared_digests *all)
{
	struct shared_digest *shared, *after;

	if (!all)
		return;
	list_each_safe (shared, after, &all->idle, in_idle)
		forget (shared);
	free (all);
}

static bool same_time (const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec == other->tv_sec && one->tv_nsec == other->tv_nsec;
}

static bool same_file (const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino && one->st_size == other->st_size &&
	       same_time (&one->st_mtim, &other->st_mtim) && same_time (&one->st_ctim, &other->st_ctim);
}

/* Every change of content sets the ctime, which nobody can set back. */
static bool is_quiet (const struct stat *st)
{
	struct timespec now;

	clock_gettime (CLOCK_REALTIME, &now);
	return st->st_ctim.tv_sec < now.tv_sec - SHARED_DIGEST_QUIET;
}

static struct list *bucket_of (struct shared_digests *all, const struct stat *st)
{
	uint64_t number = (uint64_t)st->st_ino * 0x9e3779b97f4a7c15 ^ (uint64_t)st->st_dev;

	return &all->buckets[number >> 32 & (BUCKETS - 1)];
}

struct shared_digest *shared_digest_open (struct shared_digests *all, const struct stat *st)
{
	struct list *bucket = bucket_of (all, st);
	struct shared_digest *shared;

	if (!is_quiet (st))
		return NULL;
	list_each (shared, bucket, in_bucket)
		if (same_file (&shared->st, st)) {
			all->n_idle -= !shared->readers++;
			list_remove (&shared->in_idle);
			return shared;
		}
	if (!(shared = calloc (1, sizeof *shared)) || !(shared->digest = digest_new (all->sum))) {
		free (shared);
		return NULL;
	}
	shared->all = all;
	shared->st = *st;
	shared->readers = 1;
	list_init (&shared->in_idle);
	list_append (bucket, &shared->in_bucket);
	return shared;
}

void shared_digest_close (struct shared_digest *shared)
{
	struct shared_digests *all;

	if (!shared || --shared->readers)
		return;
	all = shared->all;
	list_append (&all->idle, &shared->in_idle);
	if (all->n_idle < SHARED_DIGEST_IDLE)
		all->n_idle++;
	else
		forget (list_entry (all->idle.next, struct shared_digest, in_idle));
}

void shared_digest_add (struct shared_digest *shared, int64_t offset, const void *bytes, int64_t n)
{
	int64_t known = shared->done - offset;

	if (!shared->digest || known < 0 || known >= n)
		return;
	if (bytes)
		digest_add (shared->digest, (const uint8_t *)bytes + known, (size_t)(n - known));
	else
		digest_add_zeros (shared->digest, (uint64_t)(n - known));
	shared->done = offset + n;
}

void shared_digest_text (struct shared_digest *shared, int64_t size, char text[DIGEST_TEXT])
{
	text[0] = '\0';
	if (size != shared->st.st_size || size != shared->done)
		return;
	if (shared->digest) {
		digest_text (shared->digest, shared->text);
		if (!shared->text[0])
			return;
		digest_free (shared->digest);
		shared->digest = NULL;
	}
	memcpy (text, shared->text, DIGEST_TEXT);
}
