/* attachment - what a verb is told beside its arguments: the front's counters, and the roots that bind its caller. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gate/access.h"
#include "front/front.h"
#include "front/request.h"
#include "wire/header.h"

/* What may be reached: null where no roots bind the caller, else a list; a caller that was revoked meanwhile has an empty
 * one. A new reference, or NULL without memory. */
static json_t *roots_json (const struct identity *identity)
{
	const struct grant *grant = identity->grant;
	json_t *list;

	if (!identity->remote || (grant && !grant->n_roots))
		return json_null ();
	list = json_array ();
	for (size_t i = 0; grant && i < grant->n_roots; i++) {
		const struct grant_root *root = &grant->roots[i];
		json_t *path = header_bytes (root->path, strlen (root->path));

		/* One root less could be one right more: a nearer one may be the narrower. */
		if (json_array_append_new (list, json_pack ("{so sb}", "path", path, "write", root->writable)) < 0) {
			json_decref (list);
			return NULL;
		}
	}
	return list;
}

void request_attach (struct request *request)
{
	char *text, *both;
	json_t *json;
	size_t n;

	if (!request->verb->facts && !request->verb->paths)
		return;
	json = json_object ();
	if (request->verb->facts)
		json_object_set_new (json, "facts", front_stats (request->front));
	if (request->verb->paths)
		json_object_set_new (json, "roots", roots_json (request->identity));
	text = json_dumps (json, JSON_COMPACT | JSON_REAL_PRECISION (9));
	n = text ? strlen (text) : 0;
	if (n && (both = realloc (request->call, request->header_n + n))) {
		memcpy (both + request->header_n, text, n);
		request->call = both;
		request->call_n += n;
	}
	free (text);
	json_decref (json);
}
