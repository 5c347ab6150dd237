/* check_endpoint - addresses and networks: a written text can be read; numbers only, and no surplus bits. */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/endpoint.h"
#include "support/check_main.h"

static struct err err;

START_TEST (test_parse)
{
	static const struct {
		const char *text, *out, *host;
	} cases[] = {
		{ "192.0.2.1:7363", "192.0.2.1:7363", "192.0.2.1" },
		{ "192.0.2.1", "192.0.2.1:7363", "192.0.2.1" },
		{ "0.0.0.0:0", "0.0.0.0:0", "0.0.0.0" },
		{ "127.0.0.1:65535", "127.0.0.1:65535", "127.0.0.1" },
		{ "[::]", "[::]:7363", "::" },
		{ "[::1]:0", "[::1]:0", "::1" },
		{ "[2001:DB8:0::1]:80", "[2001:db8::1]:80", "2001:db8::1" },
		{ "[::ffff:10.1.2.3]:80", "10.1.2.3:80", "10.1.2.3" },
		{ "[fe80::1%3]:80", "[fe80::1%3]:80", "fe80::1%3" },
		{ "[FE80:0::1%Eth0.1]:80", "[fe80::1%Eth0.1]:80", "fe80::1%Eth0.1" },
		{ "[fe80:1111:2222:3333:4444:5555:6666:7777%fifteen.letters]:65535",
			"[fe80:1111:2222:3333:4444:5555:6666:7777%fifteen.letters]:65535",
			"fe80:1111:2222:3333:4444:5555:6666:7777%fifteen.letters" },
	};
	char out[ENDPOINT_SIZE];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct endpoint endpoint, again;

		ck_assert_msg (endpoint_parse (&endpoint, cases[i].text, &err) == 0, "%s: %s", cases[i].text, err.text);
		ck_assert_str_eq (endpoint_format (&endpoint, out), cases[i].out);
		ck_assert_int_eq (endpoint_parse (&again, out, &err), 0);
		ck_assert (endpoint_equal (&endpoint, &again));
		ck_assert_uint_eq (endpoint.size, again.size);
		ck_assert_int_eq (memcmp (&endpoint.address, &again.address, sizeof endpoint.address), 0);
		ck_assert_str_eq (endpoint_host (&endpoint, out), cases[i].host);
	}
}
END_TEST

/* By its name and by its number, the loopback interface is the same. */
START_TEST (test_zone)
{
	struct endpoint named, numbered;
	char text[64], out[ENDPOINT_SIZE];
	unsigned number = if_nametoindex ("lo");

	if (!number)
		SKIP ("there is no loopback interface in this network namespace");
	snprintf (text, sizeof text, "[fe80::1%%%u]:1", number);
	ck_assert_int_eq (endpoint_parse (&named, "[fe80::1%lo]:1", &err), 0);
	ck_assert_int_eq (endpoint_parse (&numbered, text, &err), 0);
	ck_assert_int_eq (endpoint_resolve (&named, &err), 0);
	ck_assert_int_eq (endpoint_resolve (&numbered, &err), 0);
	ck_assert_int_eq (memcmp (&named.address, &numbered.address, sizeof named.address), 0);
	ck_assert_str_eq (endpoint_format (&numbered, out), text);
	endpoint_name_zone (&numbered);
	ck_assert_str_eq (endpoint_format (&numbered, out), "[fe80::1%lo]:1");
	ck_assert_int_eq (endpoint_parse (&named, "[fe80::1%no.interface]:1", &err), 0);
	ck_assert_int_eq (endpoint_resolve (&named, &err), -1);
	ck_assert (strstr (err.text, "the interface no.interface"));
}
END_TEST

START_TEST (test_parse_refused)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "0.0.0.0" },
		{ "*", "[::]" },
		{ "*:7363", "0.0.0.0" },
		{ ":7363", "0.0.0.0" },
		{ "localhost:7363", "not an address in numbers" },
		{ "web1", "not an address in numbers" },
		{ "10.1:7363", "not an address in numbers" },
		{ "010.0.0.1", "not an address in numbers" },
		{ "10.0.0.256", "not an address in numbers" },
		{ "[fe80::1%eth/0]:1", "not an address in numbers" },
		{ "[fe80::1%an.interface.name]:1", "not an address in numbers" },
		{ "[fe80::1]:1", "name the interface" },
		{ "[febf::]", "name the interface" },
		{ "[fe80::1%]:1", "not an address in numbers" },
		{ "[fe80::1%4294967296]:1", "not an address in numbers" },
		{ "[10.0.0.1]:1", "not an address in numbers" },
		{ "[]:1", "not an address in numbers" },
		{ "::1", "without brackets" },
		{ "2001:db8::1:7363", "without brackets" },
		{ "[::1", "write [ADDRESS]:PORT for IPv6" },
		{ "[::1]7363", "write [ADDRESS]:PORT for IPv6" },
		{ "10.0.0.1:", "no port" },
		{ "10.0.0.1:65536", "no port" },
		{ "10.0.0.1:-1", "no port" },
		{ "10.0.0.1: 1", "no port" },
		{ "10.0.0.1:7363x", "no port" },
		{ "10.0.0.1:000080", "no port" },
		{ "10.0.0.1:1:2", "no port" },
		{ " 10.0.0.1", "not an address in numbers" },
		{ "10.0.0.1\n", "not an address in numbers" },
		{ "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "too long" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct endpoint endpoint;

		ck_assert_msg (endpoint_parse (&endpoint, cases[i].text, &err) == -1, "%s", cases[i].text);
		ck_assert_msg (strstr (err.text, cases[i].why) != NULL, "%s: %s", cases[i].text, err.text);
	}
}
END_TEST

static struct endpoint at (const char *text)
{
	struct endpoint endpoint;

	ck_assert_msg (endpoint_parse (&endpoint, text, &err) == 0, "%s: %s", text, err.text);
	return endpoint;
}

START_TEST (test_equal)
{
	struct endpoint a = at ("10.0.0.1:1"), b = at ("10.0.0.1:2"), c = at ("[::1]:1"), d = at ("[::1%4]:1");
	struct sockaddr_in6 ip6 = { .sin6_family = AF_INET6, .sin6_port = htons (1) };
	struct sockaddr_un other = { .sun_family = AF_UNIX };
	char out[ENDPOINT_SIZE];

	ck_assert (endpoint_equal (&a, &a) && endpoint_equal (&c, &c));
	ck_assert (!endpoint_equal (&a, &b) && !endpoint_equal (&a, &c) && !endpoint_equal (&c, &d));
	inet_pton (AF_INET6, "::ffff:10.0.0.1", &ip6.sin6_addr);
	endpoint_set (&b, (struct sockaddr *)&ip6, sizeof ip6);
	ck_assert (endpoint_equal (&a, &b));
	endpoint_set (&b, (struct sockaddr *)&other, sizeof other.sun_family);
	ck_assert_str_eq (endpoint_format (&b, out), "unknown");
	ck_assert_str_eq (endpoint_host (&b, out), "unknown");
	inet_pton (AF_INET6, "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &ip6.sin6_addr);
	ip6.sin6_scope_id = UINT32_MAX;
	ip6.sin6_port = htons (65535);
	endpoint_set (&b, (struct sockaddr *)&ip6, sizeof ip6);
	ck_assert_str_eq (endpoint_format (&b, out), "[fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
}
END_TEST

START_TEST (test_network)
{
	static const struct {
		const char *network, *address;
		bool in;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.0.1", true },
		{ "10.0.0.0/8", "11.0.0.1", false },
		{ "10.0.0.0/8", "[::ffff:10.1.1.1]", true },
		{ "::ffff:10.0.0.0/104", "10.1.1.1", true },
		{ "::ffff:10.0.0.0/104", "11.1.1.1", false },
		{ "::ffff:0:0/96", "11.1.1.1", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.0", false },
		{ "192.0.2.1/32", "192.0.2.3", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "[::1]", false },
		{ "::/0", "[2001:db8::1]", true },
		{ "::/0", "10.0.0.1", false },
		{ "2001:db8::/32", "[2001:db8:ffff::1]", true },
		{ "2001:db8::/32", "[2001:db9::1]", false },
		{ "2001:db8::1", "[2001:db8::1]", true },
		{ "2001:db8::1", "[2001:db8::2]", false },
		{ "fe80::/10", "[fe80::1%2]", true },
		{ "fe80::/10", "[fec0::1]", false },
	};
	struct sockaddr_un other = { .sun_family = AF_UNIX };
	struct endpoint endpoint;
	struct network network;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		endpoint = at (cases[i].address);
		ck_assert_msg (network_parse (&network, cases[i].network, &err) == 0, "%s", err.text);
		ck_assert_msg (network_contains (&network, &endpoint) == cases[i].in, "%s in %s", cases[i].address,
			cases[i].network);
	}
	endpoint_set (&endpoint, (struct sockaddr *)&other, sizeof other);
	ck_assert_int_eq (network_parse (&network, "0.0.0.0/0", &err), 0);
	ck_assert (!network_contains (&network, &endpoint));
}
END_TEST

/* Clients of the reverse tunnel are in no network of addresses, and no address is in theirs. */
START_TEST (test_tunnel)
{
	static const char *const addresses[] = { "127.0.0.1", "0.0.0.0", "[::1]", "[2001:db8::1]" };
	static const char *const networks[] = { "0.0.0.0/0", "::/0", "127.0.0.1", "::1" };
	char out[ENDPOINT_SIZE];
	struct network tunnel, network, source, other;
	struct endpoint client, endpoint;

	endpoint_set_tunnel (&client);
	ck_assert (endpoint_is_tunnel (&client));
	ck_assert_str_eq (endpoint_format (&client, out), "tunnel");
	ck_assert_str_eq (endpoint_host (&client, out), "tunnel");
	ck_assert_int_eq (network_parse (&tunnel, "tunnel", &err), 0);
	ck_assert_str_eq (network_format (&tunnel, out), "tunnel");
	ck_assert (network_contains (&tunnel, &client));
	for (size_t i = 0; i < 4; i++) {
		endpoint = at (addresses[i]);
		ck_assert (!endpoint_is_tunnel (&endpoint));
		ck_assert (!network_contains (&tunnel, &endpoint));
		ck_assert_int_eq (network_parse (&network, networks[i], &err), 0);
		ck_assert (!network_contains (&network, &client));
		network_of (&source, &client, 32, 64);
		network_of (&other, &endpoint, 32, 64);
		ck_assert (!network_equal (&source, &other));
	}
	ck_assert_int_eq (network_parse (&network, "tunnel/0", &err), -1);
	ck_assert_int_eq (network_parse (&network, "Tunnel", &err), -1);
}
END_TEST

START_TEST (test_network_refused)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "not a network" },
		{ "any", "not a network" },
		{ "web1/24", "not a network" },
		{ "10.0.0/8", "not a network" },
		{ "10/8", "not a network" },
		{ "[::1]/64", "not a network" },
		{ "10.0.0.0:80/8", "not a network" },
		{ "10.0.0.0/", "from 0 to 32" },
		{ "10.0.0.0/33", "from 0 to 32" },
		{ "10.0.0.0/08", "from 0 to 32" },
		{ "10.0.0.0/-1", "from 0 to 32" },
		{ "10.0.0.0/8 ", "from 0 to 32" },
		{ "10.0.0.0/8/8", "from 0 to 32" },
		{ "10.0.0.0/255.0.0.0", "from 0 to 32" },
		{ "10.0.0.0/99999999999999999999", "from 0 to 32" },
		{ "::/129", "from 0 to 128" },
		{ "10.1.2.3/8", "the network is 10.0.0.0/8" },
		{ "2001:db8::1/32", "the network is 2001:db8::/32" },
		{ "::ffff:10.1.2.3/80", "the network is ::/80" },
		{ "1.1.1.1/0", "the network is 0.0.0.0/0" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct network network;

		ck_assert_msg (network_parse (&network, cases[i].text, &err) == -1, "%s", cases[i].text);
		ck_assert_msg (strstr (err.text, cases[i].why) != NULL, "%s: %s", cases[i].text, err.text);
	}
}
END_TEST

START_TEST (test_network_of)
{
	struct endpoint a = at ("192.0.2.77"), b = at ("[2001:db8:1:2:3::4]"), c = at ("[2001:db8:1:2:9::]");
	struct network x, y;

	network_of (&x, &a, 24, 64);
	ck_assert_int_eq (network_parse (&y, "192.0.2.0/24", &err), 0);
	ck_assert (network_equal (&x, &y));
	network_of (&x, &b, 32, 64);
	network_of (&y, &c, 32, 64);
	ck_assert (network_equal (&x, &y));
	network_of (&y, &c, 32, 80);
	ck_assert (!network_equal (&x, &y));
}
END_TEST

START_TEST (test_tune)
{
	static const int names[] = { TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT };
	static const int values[] = { 1, 15, 5, 3, 45000 };
	int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), value;
	socklen_t size = sizeof value;

	endpoint_tune (fd);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq (getsockopt (fd, IPPROTO_TCP, names[i], &value, &size), 0);
		ck_assert_int_eq (value, values[i]);
	}
	ck_assert_int_eq (getsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &value, &size), 0);
	ck_assert_int_eq (value, 1);
	close (fd);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, test_parse);
	tcase_add_test (tcase, test_zone);
	tcase_add_test (tcase, test_parse_refused);
	tcase_add_test (tcase, test_equal);
	tcase_add_test (tcase, test_network);
	tcase_add_test (tcase, test_tunnel);
	tcase_add_test (tcase, test_network_refused);
	tcase_add_test (tcase, test_network_of);
	tcase_add_test (tcase, test_tune);
}

CHECK_MAIN ("net/endpoint", add_cases)
