/* listen_private - what listen.c and listen_unix.c share. */
#ifndef REMEX_NET_LISTEN_PRIVATE_H
#define REMEX_NET_LISTEN_PRIVATE_H

struct listener;

/* Remove the files of a Unix socket that listener_open made, and nothing that has taken their names meanwhile. */
void listen_unix_remove (struct listener *listener);

#endif
