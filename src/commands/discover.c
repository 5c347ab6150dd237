/* remex discover - find the remexds of the network, compare their keys with the trusted ones, and add hosts to hosts.yaml
 * (remex(1)).
 *
 * The answers are grouped into machines: answers with one name, one port and one key are one machine, whatever addresses they
 * come from. Nothing of an answer is proved, so nothing becomes trusted here.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/discovery_search.h"
#include "cli/drive.h"
#include "cli/json.h"
#include "cli/pins.h"
#include "cli/say.h"
#include "client/address.h"
#include "commands/commands.h"
#include "hosts/hosts.h"
#include "hosts/hosts_edit.h"

enum { WAIT_MS = 1000 };

struct discover_settings {
	double wait; /* seconds */
	int format;
	bool write;
};

/* --- the search -------------------------------------------------------------------------------------------------- */

struct searching {
	struct task task;
	struct discovery_search search;
	bool interrupted;
};

static struct searching *searching_of (const struct task *task)
{
	return list_entry (task, struct searching, task);
}

static void on_signal (struct task *task, int signo)
{
	(void)signo;
	searching_of (task)->interrupted = true;
}

static bool on_work (struct task *task)
{
	return search_work (&searching_of (task)->search);
}

static void on_wait (struct task *task, struct wait *wait)
{
	const struct discovery_search *search = &searching_of (task)->search;

	for (int f = 0; f < SEARCH_FAMILIES; f++)
		wait_fd (wait, search->fds[f], POLLIN);
	wait_ms (wait, clock_until (search_time (search)));
}

static bool is_over (const struct task *task)
{
	const struct searching *searching = searching_of (task);

	return searching->interrupted || search_is_over (&searching->search);
}

static const struct task_ops search_ops = { .signal = on_signal, .work = on_work, .wait = on_wait, .over = is_over };

/* --- machines ---------------------------------------------------------------------------------------------------- */

enum machine_state { MACHINE_UNKNOWN, MACHINE_KNOWN, MACHINE_CHANGED };

static const char *const state_words[] = { "unknown", "known", "changed" };

struct machine {
	const struct search_answer *answers; /* that it has sent, the best address first */
	size_t n;
	enum machine_state state;
	bool same_name; /* another machine has its name */
	const struct pin *differs; /* MACHINE_CHANGED: trusted by one of its names, and another key */
	char print[KEY_PRINT_SIZE];
};

struct findings {
	struct searching searching;
	struct machine *machines;
	size_t n;
	struct pins pins;
	struct hosts *hosts;
};

/* Where people see an address first: IPv4, then IPv6, then an address that only this link has. */
static int rank (const struct endpoint *from)
{
	if (from->address.ss_family == AF_INET)
		return 0;
	return IN6_IS_ADDR_LINKLOCAL (&((const struct sockaddr_in6 *)&from->address)->sin6_addr) ? 2 : 1;
}

static int compare_machines (const struct discovery_answer *a, const struct discovery_answer *b)
{
	int order = strcasecmp (a->name, b->name); /* machines that remex cannot tell apart by name are neighbours */

	if (order || (order = strcmp (a->name, b->name)))
		return order;
	if ((order = memcmp (a->key, b->key, sizeof a->key)))
		return order;
	return (a->port > b->port) - (a->port < b->port);
}

static int by_machine (const void *a, const void *b)
{
	const struct search_answer *one = a, *other = b;
	int order = compare_machines (&one->said, &other->said);

	if (!order)
		order = rank (&one->from) - rank (&other->from);
	return order ? order : memcmp (&one->from.address, &other->from.address, sizeof one->from.address);
}

/* The address of an answer with the port of TCP, as a host that remex can be given: 10.0.0.1, [fe80::1%eth0]:7400. With
 * `whole` the port is always there. */
static const char *show_address (const struct search_answer *answer, bool whole, char out[ENDPOINT_SIZE])
{
	struct endpoint tcp = answer->from;
	char host[ENDPOINT_SIZE];

	/* Both families have the port at the same offset. */
	((struct sockaddr_in *)&tcp.address)->sin_port = htons (answer->said.port);
	if (whole || answer->said.port != ENDPOINT_PORT)
		return endpoint_format (&tcp, out);
	endpoint_host (&tcp, host);
	snprintf (out, ENDPOINT_SIZE, strchr (host, ':') ? "[%.61s]" : "%s", host);
	return out;
}

static const struct discovery_answer *said_by (const struct machine *machine)
{
	return &machine->answers[0].said;
}

static bool has_key (const struct machine *machine, const struct pin *pin)
{
	uint8_t digest[KEY_DIGEST_SIZE];

	return !pin->why && !memcmp (key_digest (&pin->key, digest), said_by (machine)->key, KEY_DIGEST_SIZE);
}

/* By what a host is pinned (client/address.h); "": it has no pin of ours. */
static const char *pin_name (struct address *address, const char *where)
{
	struct err err;

	return address_parse (address, where, &err) == 0 && address->tcp ? address->pin : "";
}

/* Where remex reaches the host of that name, in new memory; NULL: nowhere. */
static char *find_where (struct hosts *hosts, const char *name)
{
	struct host_list list = { .n = 0 };
	struct host_targets targets;
	char *where = NULL;
	struct err err;

	if (host_list_add (&list, name) > 0 && hosts_targets (hosts, &list, &targets, &err) == 0) {
		where = strdup (targets.targets[0].where);
		host_targets_free (&targets);
	}
	host_list_free (&list);
	return where;
}

/* Is another key trusted for a host that this machine could be taken for? Note it. */
static void compare_key (struct machine *machine, const struct pins *pins, const char *where)
{
	struct address address;
	const struct pin *pin = pins_find (pins, pin_name (&address, where));

	if (!pin || has_key (machine, pin))
		return;
	machine->state = MACHINE_CHANGED;
	machine->differs = pin;
}

static void judge (struct findings *findings, struct machine *machine)
{
	const struct discovery_answer *said = said_by (machine);
	char where[DISCOVERY_NAME_MAX + 8], shown[ENDPOINT_SIZE], *set;

	for (size_t i = 0; i < findings->pins.n; i++)
		if (has_key (machine, &findings->pins.all[i]))
			machine->state = MACHINE_KNOWN;
	for (size_t i = 0; i < machine->n; i++)
		compare_key (machine, &findings->pins, show_address (&machine->answers[i], true, shown));
	snprintf (where, sizeof where, "%s:%u", said->name, said->port);
	compare_key (machine, &findings->pins, where);
	if ((set = find_where (findings->hosts, said->name)))
		compare_key (machine, &findings->pins, set);
	free (set);
}

static int group (struct findings *findings)
{
	struct discovery_search *search = &findings->searching.search;

	if (search->n_answers)
		qsort (search->answers, search->n_answers, sizeof *search->answers, by_machine);
	if (!(findings->machines = calloc (search->n_answers + 1, sizeof *findings->machines)))
		return -1;
	for (size_t i = 0; i < search->n_answers; i++) {
		struct machine *machine = findings->n ? &findings->machines[findings->n - 1] : NULL;

		if (!machine || compare_machines (said_by (machine), &search->answers[i].said)) {
			bool same = machine && !strcasecmp (said_by (machine)->name, search->answers[i].said.name);

			if (same)
				machine->same_name = true;
			machine = &findings->machines[findings->n++];
			*machine = (struct machine){ .answers = &search->answers[i], .same_name = same };
			key_print_digest (said_by (machine)->key, machine->print);
		}
		machine->n++;
	}
	for (size_t i = 0; i < findings->n; i++)
		judge (findings, &findings->machines[i]);
	return 0;
}

/* --- hosts.yaml -------------------------------------------------------------------------------------------------- */

/* What was done with hosts.yaml. */
struct written {
	char *path;
	struct hosts_addition *additions;
	const struct machine **machines; /* of the additions */
	char (*addresses)[ENDPOINT_SIZE]; /* likewise */
	size_t n;
};

static void written_free (struct written *written)
{
	free (written->path);
	free (written->additions);
	free (written->machines);
	free (written->addresses);
}

/* Is its key trusted by its name already, so that there is nothing to add? */
static bool is_settled (const struct findings *findings, const struct machine *machine)
{
	char where[DISCOVERY_NAME_MAX + 8];
	struct address address;
	const struct pin *pin;

	snprintf (where, sizeof where, "%s:%u", said_by (machine)->name, said_by (machine)->port);
	pin = pins_find (&findings->pins, pin_name (&address, where));
	return pin && has_key (machine, pin);
}

/* An address as the name of another address would lead astray, and a dot at the end is no part of a name. */
static bool is_host_name (const char *name)
{
	return name[strcspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] &&
	       name[strlen (name) - 1] != '.';
}

static bool may_add (const struct machine *machine)
{
	const char *name = said_by (machine)->name;

	if (machine->state == MACHINE_CHANGED)
		complain (name, "not added: its key is not the trusted one");
	else if (machine->same_name)
		complain (name, "not added: several machines have this name");
	else if (!is_host_name (name))
		complain (name, "not added: this is no name of a host");
	else if (!strcasecmp (name, "local"))
		complain (name, "not added: for remex, 'local' is this machine");
	else
		return true;
	return false;
}

static void add_machine (struct written *written, const struct machine *machine)
{
	char *address = written->addresses[written->n], host[ENDPOINT_SIZE];

	endpoint_host (&machine->answers[0].from, host);
	snprintf (address, ENDPOINT_SIZE, strchr (host, ':') ? "[%.61s]" : "%s", host);
	written->machines[written->n] = machine;
	written->additions[written->n++] = (struct hosts_addition){
		.name = said_by (machine)->name, .address = address, .port = said_by (machine)->port
	};
}

static int write_hosts (struct findings *findings, struct written *written)
{
	char note[HOSTS_EDIT_NOTE];
	struct err err;

	written->additions = calloc (findings->n + 1, sizeof *written->additions);
	written->machines = calloc (findings->n + 1, sizeof (const struct machine *));
	written->addresses = calloc (findings->n + 1, sizeof *written->addresses);
	if (!written->additions || !written->machines || !written->addresses) {
		complain (NULL, "out of memory");
		return -1;
	}
	for (size_t i = 0; i < findings->n; i++)
		if (!is_settled (findings, &findings->machines[i]) && may_add (&findings->machines[i]))
			add_machine (written, &findings->machines[i]);
	if (!(written->path = hosts_edit_path (&err)) ||
		hosts_edit_add (written->path, written->additions, written->n, note, &err) < 0) {
		complain (NULL, "%s", err.text);
		return -1;
	}
	if (*note)
		complain (NULL, "%s: %s", written->path, note);
	return 0;
}

/* Does the entry of hosts.yaml lead to this machine? */
static bool leads_to (const char *where, const struct machine *machine)
{
	struct address address, other;
	char shown[ENDPOINT_SIZE];
	const char *pin = pin_name (&address, where);

	for (size_t i = 0; i < machine->n; i++)
		if (*pin && !strcmp (pin, pin_name (&other, show_address (&machine->answers[i], true, shown))))
			return true;
	return false;
}

/* The command that trusts the key of a host of hosts.yaml; NULL: it is trusted already, or the entry leads elsewhere (which is
 * said). In new memory. */
static char *trust_line (struct findings *findings, struct hosts *hosts, const struct hosts_addition *addition,
	const struct machine *machine)
{
	char *where = find_where (hosts, addition->name), *line = NULL;
	struct address address;
	const struct pin *pin;

	if (!where || !leads_to (where, machine)) {
		complain (addition->name, "in hosts.yaml it is %s, and it answers as %s: nothing is changed",
			where ? where : "no host", addition->address);
	} else if (!(pin = pins_find (&findings->pins, pin_name (&address, where))) || !has_key (machine, pin)) {
		if (asprintf (&line, "remex trust %s %s", addition->name, machine->print) < 0)
			line = NULL;
	}
	free (where);
	return line;
}

static void tell_added (const struct written *written)
{
	size_t added = 0;

	for (size_t i = 0; i < written->n; i++)
		added += written->additions[i].added;
	if (added)
		remark ("remex: %zu host%s added to %s\n", added, added == 1 ? " is" : "s are", safe (written->path));
	else
		remark ("remex: no host is added to %s\n", safe (written->path));
}

/* What is left to do by hand, as JSON or as lines that can be pasted. */
static json_t *tell_trust (struct findings *findings, const struct written *written, bool print)
{
	struct hosts *hosts;
	json_t *lines = json_array ();
	struct err err;

	if (!(hosts = hosts_open (NULL, &err))) {
		complain (NULL, "%s", err.text);
		return lines;
	}
	for (size_t i = 0; i < written->n; i++) {
		char *line = trust_line (findings, hosts, &written->additions[i], written->machines[i]);

		if (line && print && !json_array_size (lines))
			printf ("# Nothing is trusted yet. Compare each fingerprint with what the machine itself "
				"shows, then:\n");
		if (line && print)
			printf ("%s\n", line);
		if (line)
			json_array_append_new (lines, json_string (line));
		free (line);
	}
	hosts_free (hosts);
	return lines;
}

/* --- output ------------------------------------------------------------------------------------------------------ */

static void print_machines (const struct findings *findings)
{
	char shown[ENDPOINT_SIZE];
	int width = 0;

	for (size_t i = 0; i < findings->n; i++)
		if ((int)strlen (said_by (&findings->machines[i])->name) > width)
			width = (int)strlen (said_by (&findings->machines[i])->name);
	for (size_t i = 0; i < findings->n; i++) {
		const struct machine *machine = &findings->machines[i];

		printf ("%-*s  %-7s  %s ", width, said_by (machine)->name, state_words[machine->state], machine->print);
		for (size_t k = 0; k < machine->n; k++)
			printf (" %s", show_address (&machine->answers[k], false, shown));
		putchar ('\n');
	}
}

static json_t *machine_json (const struct findings *findings, const struct machine *machine)
{
	json_t *addresses = json_array (), *trusted = json_array (), *json;
	char shown[ENDPOINT_SIZE], print[KEY_PRINT_SIZE];

	for (size_t i = 0; i < machine->n; i++)
		json_array_append_new (addresses, json_string (show_address (&machine->answers[i], true, shown)));
	for (size_t i = 0; i < findings->pins.n; i++)
		if (has_key (machine, &findings->pins.all[i]))
			json_array_append_new (trusted, json_words (findings->pins.all[i].name));
	json = json_pack ("{ss si ss so ss so sb}", "name", said_by (machine)->name, "port",
		(int)said_by (machine)->port, "key", machine->print, "addresses", addresses, "state",
		state_words[machine->state], "trusted_as", trusted, "same_name", machine->same_name);
	if (machine->differs)
		json_object_set_new (json, "differs_from",
			json_pack ("{so ss}", "host", json_words (machine->differs->name), "key",
				key_print (&machine->differs->key, print)));
	return json;
}

static json_t *all_json (const struct findings *findings)
{
	const struct discovery_search *search = &findings->searching.search;
	json_t *machines = json_array (), *silent = json_array ();
	char shown[ENDPOINT_SIZE];

	for (size_t i = 0; i < findings->n; i++)
		json_array_append_new (machines, machine_json (findings, &findings->machines[i]));
	for (size_t i = 0; search->given && i < search->n_targets; i++)
		if (!search->targets[i].answered)
			json_array_append_new (
				silent, json_string (endpoint_format (&search->targets[i].way.peer, shown)));
	return json_pack ("{so so s{sI sI sI sI}}", "machines", machines, "silent", silent, "ignored", "malformed",
		(json_int_t)search->malformed, "strange", (json_int_t)search->strange, "misplaced",
		(json_int_t)search->misplaced, "left_off", (json_int_t)search->left_off);
}

static void tell_ignored (uint64_t n, const char *what)
{
	if (n)
		complain (NULL, "%llu datagram%s ignored: %s", (unsigned long long)n, n == 1 ? " is" : "s are", what);
}

/* What a person should know beside the list. */
static void tell_doubts (const struct findings *findings)
{
	const struct discovery_search *search = &findings->searching.search;
	char print[KEY_PRINT_SIZE], shown[ENDPOINT_SIZE];
	const char *told = "";

	for (size_t i = 0; i < findings->n; i++) {
		const struct machine *machine = &findings->machines[i];
		const char *name = said_by (machine)->name;

		if (machine->same_name && strcasecmp (told, name) != 0)
			complain (told = name, "several machines have this name");
		if (machine->differs)
			complain (name, "it answers with the key %s, and the trusted key of %s is %s", machine->print,
				machine->differs->name, key_print (&machine->differs->key, print));
	}
	for (size_t i = 0; search->given && i < search->n_targets; i++)
		if (!search->targets[i].answered)
			complain (endpoint_format (&search->targets[i].way.peer, shown), "no answer");
	tell_ignored (search->malformed, "no answers to a query");
	tell_ignored (search->strange, "answers to another query");
	tell_ignored (search->misplaced, "from another address or port than was asked");
	tell_ignored (search->left_off, "more answers than can be kept");
	if (search->send_error)
		complain (NULL, "some queries could not be sent: %s", strerror (search->send_error));
	if (!findings->n && !search->given)
		complain (NULL, "no machine has answered");
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static int report (struct findings *findings, const struct discover_settings *settings)
{
	json_t *json = settings->format ? all_json (findings) : NULL, *lines = NULL;
	struct written written = { .n = 0 };
	int result = 0;

	if (!settings->format)
		print_machines (findings);
	fflush (stdout);
	tell_doubts (findings);
	if (settings->write && (result = write_hosts (findings, &written)) == 0) {
		tell_added (&written);
		lines = tell_trust (findings, &written, !settings->format);
	}
	if (json && lines)
		json_object_set (json, "trust", lines);
	json_decref (lines);
	if (json && json_print (json, false) < 0)
		result = -1;
	written_free (&written);
	return result;
}

static bool is_complete (const struct discovery_search *search)
{
	for (size_t i = 0; search->given && i < search->n_targets; i++)
		if (!search->targets[i].answered)
			return false;
	return search->n_answers > 0;
}

static int search_and_report (
	struct findings *findings, const struct endpoint *given, size_t n, const struct discover_settings *settings)
{
	struct searching *searching = &findings->searching;
	int64_t wait_ms = settings->wait > 0 ? (int64_t)(settings->wait * 1000) : WAIT_MS;
	struct drive drive;
	struct err err;
	int status = STATUS_REMEX;

	if (drive_open (&drive) < 0)
		;
	else if (search_open (&searching->search, given, n, wait_ms, &err) < 0 ||
		 pins_read (&findings->pins, drive.remex, &err) < 0) {
		complain (NULL, "%s", err.text);
	} else {
		searching->task.ops = &search_ops;
		drive_attend (&drive, &searching->task);
		if (drive_run (&drive) == 0 && group (findings) == 0)
			status = searching->interrupted             ? STATUS_CANCELLED
				 : is_complete (&searching->search) ? 0
								    : STATUS_UNREACHABLE;
	}
	drive_close (&drive);
	if (status != STATUS_REMEX && report (findings, settings) < 0)
		status = STATUS_REMEX;
	return status;
}

/* The addresses that the words stand for, in new memory. 0, or -1 (which has been said). */
static int read_given (
	struct hosts *hosts, const struct command_line *line, struct endpoint **given, struct host_list *list)
{
	const struct hosts_query query = { .words = (const char *const *)line->words,
		.n_words = (size_t)line->n_words };
	struct err err;

	if (!line->n_words)
		return 0;
	if (hosts_expand (hosts, &query, list, &err) < 0) {
		complain (NULL, "%s", err.text);
		return -1;
	}
	if (!(*given = calloc (list->n, sizeof **given))) {
		complain (NULL, "out of memory");
		return -1;
	}
	for (size_t i = 0; i < list->n; i++)
		if (endpoint_parse (&(*given)[i], list->names[i], &err) < 0) {
			complain (NULL, "%s", err.text);
			return -1;
		}
	return 0;
}

static int run_discover (const struct subcommand *command, struct command_line *line)
{
	const struct discover_settings *settings = line->values;
	struct findings *findings = calloc (1, sizeof *findings);
	struct host_list list = { .n = 0 };
	struct endpoint *given = NULL;
	int status = STATUS_REMEX;
	struct err err;

	(void)command;
	if (!findings || !(findings->hosts = hosts_open (NULL, &err)))
		complain (NULL, "%s", findings ? err.text : "out of memory");
	else if (read_given (findings->hosts, line, &given, &list) == 0)
		status = search_and_report (findings, given, list.n, settings);
	if (findings) {
		search_close (&findings->searching.search);
		pins_free (&findings->pins);
		hosts_free (findings->hosts);
		free (findings->machines);
	}
	free (findings);
	host_list_free (&list);
	free (given);
	return finish (status);
}

static const struct option discover_options[] = {
	{ "time", 't', OPTION_SECONDS, offsetof (struct discover_settings, wait), "SEC", "listen for this time (1)",
		0 },
	{ "write", 0, OPTION_FLAG, offsetof (struct discover_settings, write), NULL,
		"add them to hosts.yaml; nothing becomes trusted", 0 },
	OPTION_ROW_JSON (struct discover_settings, "print one JSON document"),
	OPTION_ROW_HELP,
	{ 0 },
};

const struct subcommand cmd_discover = { "discover", "[ADDRESS[:PORT]]...", "Find the remexds of the network",
	discover_options, WORDS_MIXED, -1, sizeof (struct discover_settings), run_discover };
