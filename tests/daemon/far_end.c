/* far_end - see far_end.h. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "daemon/far_end.h"

static struct packet packet;

int far_end_of_front (struct front_process *front)
{
	int link[2];

	ck_assert_int_eq (link_pair (link), 0);
	front_process_init (front);
	front->link = link[0];
	front->ping_ms = clock_ms () + FRONT_PING_MS;
	return link[1];
}

struct packet *far_end_expect (int fd, uint32_t type)
{
	packet_close (&packet);
	ck_assert_int_eq (link_recv (fd, &packet, 0), 1);
	ck_assert_uint_eq (packet.record.type, type);
	return &packet;
}

struct packet *far_end_last (void)
{
	return &packet;
}

void far_end_expect_nothing (int fd)
{
	packet_close (&packet);
	ck_assert_int_eq (link_recv (fd, &packet, MSG_DONTWAIT), -1);
	ck_assert_int_eq (errno, EAGAIN);
}

void far_end_expect_end (int fd)
{
	packet_close (&packet);
	ck_assert_int_eq (link_recv (fd, &packet, 0), 0);
}
