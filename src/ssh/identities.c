/* identities - see identities.h. */
#include "config.h"

#include "ssh/identities.h"

/* The choices that are being made. */
struct identity_order {
	enum public_key_use use; /* of the keys that are taken now */
	struct identity_choice *choices;
	size_t n, unused;
};

static bool are_same (const struct public_key *a, const struct public_key *b)
{
	return a && b && public_key_equal (a, b);
}

static const struct agent_key *find_in_agent (const struct agent_keys *agent, const struct public_key *key)
{
	for (size_t i = 0; agent && i < agent->n; i++)
		if (are_same (&agent->keys[i].key, key))
			return &agent->keys[i];
	return NULL;
}

static bool is_in_files (const struct private_key_file *files, size_t n, const struct public_key *key)
{
	for (size_t i = 0; i < n; i++)
		if (are_same (files[i].key, key))
			return true;
	return false;
}

/* Take a key if its use is the one of now. A key that is named twice is one. */
static void take (
	struct identity_order *order, const struct public_key *key, const char *path, const struct agent_key *in_agent)
{
	if ((key ? public_key_use (key->type) : PUBLIC_KEY_USEFUL) != order->use)
		return;
	for (size_t i = 0; i < order->n; i++)
		if (are_same (order->choices[i].key, key))
			return;
	if (order->use == PUBLIC_KEY_USELESS)
		order->unused++;
	else
		order->choices[order->n++] = (struct identity_choice){ key, path, in_agent ? in_agent->comment : NULL };
}

size_t identities_order (const struct private_key_file *files, size_t n_files, const struct agent_keys *agent,
	bool only, struct identity_choice *choices, size_t *unused)
{
	struct identity_order order = { .choices = choices };

	for (order.use = PUBLIC_KEY_USEFUL; order.use <= PUBLIC_KEY_USELESS; order.use++) {
		for (size_t i = 0; i < n_files; i++) {
			const struct agent_key *in_agent = find_in_agent (agent, files[i].key);

			if (in_agent)
				take (&order, files[i].key, files[i].path, in_agent);
		}
		for (size_t i = 0; agent && !only && i < agent->n; i++)
			if (!is_in_files (files, n_files, &agent->keys[i].key))
				take (&order, &agent->keys[i].key, NULL, &agent->keys[i]);
		for (size_t i = 0; i < n_files; i++)
			if (!find_in_agent (agent, files[i].key))
				take (&order, files[i].key, files[i].path, NULL);
	}
	*unused = order.unused;
	return order.n;
}
