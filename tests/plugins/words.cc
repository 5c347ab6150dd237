// words - a plugin in C++, for cplusplus.test: state, an option, arguments, input, output, a command, a failure, an
// exception that leaves its handler.
#include <remex/plugin.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

struct Words {
	long long most;
};

int start (void **state, const struct remex_config *config)
{
	*state = new Words{ remex_option_integer (config, "most", 1000) };
	return 0;
}

void stop (void *state)
{
	delete static_cast<Words *> (state);
}

int count (void *state, struct remex_call *call)
{
	const auto *words = static_cast<const Words *> (state);
	std::string text, word;
	char bytes[4096];
	ssize_t got;
	long long n = 0;

	while ((got = remex_read (call, bytes, sizeof bytes)) > 0)
		text.append (bytes, static_cast<size_t> (got));
	for (std::istringstream in (text); in >> word; n++)
		if (n == words->most)
			return remex_fail (call, REMEX_ERR_FAILED, "there are more than %lld words", words->most);
	return got < 0 ? -1 : remex_printf (call, "%lld\n", n);
}

int sort (void *, struct remex_call *call)
{
	const char *argv[] = { "sort", remex_arg_bool (call, "reverse", false) ? "-r" : nullptr, nullptr };
	struct remex_command command = {};
	struct remex_child child;

	command.size = sizeof command;
	command.argv = argv;
	return remex_spawn (call, &command, &child) < 0 ? 0 : remex_wait (call, &child);
}

int throws (void *, struct remex_call *)
{
	throw std::runtime_error ("nobody catches this");
}

constexpr remex_param sort_params[] = { { "reverse", REMEX_BOOL, 0, "the last line first" }, {} };
constexpr remex_param options[] = { { "most", REMEX_INTEGER, 0, "how many words are counted at most" }, {} };
constexpr struct remex_verb verbs[] = {
	{ "count", "Count the words of the input", nullptr, count, 0 },
	{ "sort", "Sort the lines of the input", sort_params, sort, 0 },
	{ "throws", "Throw an exception", nullptr, throws, 0 },
	{},
};

} // namespace

#if __cplusplus >= 202002L
REMEX_PLUGIN (.name = "words", .version = "20", .summary = "Words and lines", .verbs = verbs, .options = options,
	.start = start, .stop = stop);
#else
REMEX_PLUGIN ("words", "17", "Words and lines", verbs, options, start, stop);
#endif
