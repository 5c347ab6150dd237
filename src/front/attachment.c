/* attachment - see attachment.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "front/attachment.h"
#include "front/front_state.h"
#include "wire/call_limits.h"
#include "wire/header.h"

/* The roots of the caller: null if no roots bind it, otherwise a list, which is empty for a caller that was revoked in
 * the meantime. A new reference, or NULL without memory. */
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

		/* Never leave out a root: an inner root may have fewer rights than the root around it. */
		if (json_array_append_new (list, json_pack ("{so sb}", "path", path, "write", root->writable)) < 0) {
			json_decref (list);
			return NULL;
		}
	}
	return list;
}

bool attachment_needed (const struct verb *verb, const struct call_limits *limits)
{
	return verb->facts || verb->paths || call_limits_bind_command (limits);
}

char *attachment_text (
	struct front *front, const struct identity *identity, const struct verb *verb, const struct call_limits *limits)
{
	json_t *json = json_object ();
	char *text;

	if (verb->facts)
		json_object_set_new (json, "facts", stats_json (front));
	if (verb->paths)
		json_object_set_new (json, "roots", roots_json (identity));
	if (call_limits_bind_command (limits))
		json_object_set_new (json, "limits", call_limits_json (limits));
	text = json_dumps (json, JSON_COMPACT | JSON_REAL_PRECISION (9));
	json_decref (json);
	return text;
}
