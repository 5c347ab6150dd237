# Fuzz targets: any bytes into one parser. With --enable-fuzzing (clang) each is a libFuzzer program:
#   fuzz/fuzz_config fuzz/corpus/config
# Without, it replays its corpus once, and `make check` does (replay.test).
#
# A new target NAME takes three things: fuzz_NAME.c; a corpus/NAME with seeds; and below, its name in fuzz_programs and
# three lines like those of fuzz_config. seeds.py makes the seeds of agent, item, message, session and ssh_session.
fuzz_programs = \
	%D%/fuzz_address \
	%D%/fuzz_agent \
	%D%/fuzz_asciicast \
	%D%/fuzz_config \
	%D%/fuzz_discovery \
	%D%/fuzz_grant \
	%D%/fuzz_hosts \
	%D%/fuzz_item \
	%D%/fuzz_known_hosts \
	%D%/fuzz_message \
	%D%/fuzz_screen \
	%D%/fuzz_session \
	%D%/fuzz_sftp \
	%D%/fuzz_ssh_config \
	%D%/fuzz_terminal_modes \
	$(NULL)
if HAVE_LIBSSH2
fuzz_programs += %D%/fuzz_ssh_session
endif

if FUZZING
noinst_PROGRAMS += $(fuzz_programs)
fuzz_main =
fuzz_ldflags = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
check_PROGRAMS += $(fuzz_programs)
fuzz_main = %D%/replay.c
fuzz_ldflags = $(AM_LDFLAGS)
endif

%C%_fuzz_address_SOURCES = %D%/fuzz_address.c $(fuzz_main)
%C%_fuzz_address_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_address_LDADD = src/net/libnet.la src/base/libbase.la

%C%_fuzz_agent_SOURCES = %D%/fuzz_agent.c $(fuzz_main)
%C%_fuzz_agent_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_agent_LDADD = src/ssh/libssh.la src/base/libbase.la $(SSL_LIBS)

%C%_fuzz_asciicast_SOURCES = %D%/fuzz_asciicast.c $(fuzz_main)
%C%_fuzz_asciicast_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_asciicast_LDADD = src/record/librecord.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) -lm

%C%_fuzz_config_SOURCES = %D%/fuzz_config.c $(fuzz_main)
%C%_fuzz_config_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_config_LDADD = src/conf/libconf.la src/net/libnet.la src/base/libbase.la

%C%_fuzz_discovery_SOURCES = %D%/fuzz_discovery.c $(fuzz_main)
%C%_fuzz_discovery_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_discovery_LDADD = src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) -lm

%C%_fuzz_grant_SOURCES = %D%/fuzz_grant.c $(fuzz_main)
%C%_fuzz_grant_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_grant_LDADD = src/conf/libconf.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) -lm

%C%_fuzz_hosts_SOURCES = %D%/fuzz_hosts.c $(fuzz_main)
%C%_fuzz_hosts_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_hosts_LDADD = src/hosts/libhosts.la src/conf/libconf.la src/net/libnet.la src/base/libbase.la

%C%_fuzz_terminal_modes_SOURCES = %D%/fuzz_terminal_modes.c $(fuzz_main)
%C%_fuzz_terminal_modes_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_terminal_modes_LDADD = src/base/libbase.la

%C%_fuzz_item_SOURCES = %D%/fuzz_item.c $(fuzz_main)
%C%_fuzz_item_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_item_LDADD = src/files/libfiles.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) $(SSL_LIBS) -lm

%C%_fuzz_known_hosts_SOURCES = %D%/fuzz_known_hosts.c $(fuzz_main)
%C%_fuzz_known_hosts_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_known_hosts_LDADD = src/ssh/libssh.la src/base/libbase.la $(SSL_LIBS)

%C%_fuzz_message_SOURCES = %D%/fuzz_message.c $(fuzz_main)
%C%_fuzz_message_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_message_LDADD = src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) -lm

%C%_fuzz_screen_SOURCES = %D%/fuzz_screen.c $(fuzz_main)
%C%_fuzz_screen_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_screen_LDADD = src/job/libjob.la src/base/libbase.la $(VTERM_LIBS)

%C%_fuzz_session_SOURCES = %D%/fuzz_session.c $(fuzz_main)
%C%_fuzz_session_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_session_LDADD = src/wire/libwire.la \
	src/base/libbase.la $(JANSSON_LIBS) -lm

%C%_fuzz_sftp_SOURCES = %D%/fuzz_sftp.c $(fuzz_main)
%C%_fuzz_sftp_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_sftp_LDADD = src/ssh/libssh.la src/files/libfiles.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) \
	$(SSL_LIBS) -lm

%C%_fuzz_ssh_config_SOURCES = %D%/fuzz_ssh_config.c $(fuzz_main)
%C%_fuzz_ssh_config_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_ssh_config_LDADD = src/ssh/libssh.la src/base/libbase.la $(SSL_LIBS)

%C%_fuzz_ssh_session_SOURCES = %D%/fuzz_ssh_session.c $(ssh_far_sshd) $(fuzz_main)
%C%_fuzz_ssh_session_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_fuzz_ssh_session_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_ssh_session_LDADD = src/ssh/libsshsession.la src/ssh/libssh.la src/loop/libloop.la src/net/libnet.la \
	src/wire/libwire.la src/base/libbase.la $(LIBSSH2_LIBS) $(UV_LIBS) $(JANSSON_LIBS) $(SSL_LIBS) -lm

TESTS += %D%/replay.test
EXTRA_DIST += %D%/replay.test %D%/seeds.py %D%/corpus
