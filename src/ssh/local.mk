# What remex-ssh knows of ssh without libssh2, without a loop and without sockets: tested and fuzzed by itself.
noinst_LTLIBRARIES += %D%/libssh.la
%C%_libssh_la_SOURCES = \
	%D%/agent.c %D%/agent.h \
	%D%/bcrypt_pbkdf.c %D%/bcrypt_pbkdf.h %D%/blowfish_pi.h \
	%D%/identities.c %D%/identities.h \
	%D%/known_hosts.c %D%/known_hosts.h \
	%D%/known_hosts_file.c %D%/known_hosts_file.h \
	%D%/pattern_list.c %D%/pattern_list.h \
	%D%/preamble.c %D%/preamble.h \
	%D%/private_key.c %D%/private_key.h \
	%D%/public_key.c %D%/public_key.h \
	%D%/quote.c %D%/quote.h \
	%D%/sftp.c %D%/sftp.h \
	%D%/sftp_get.c %D%/sftp_get.h \
	%D%/sftp_message.c %D%/sftp_message.h \
	%D%/sftp_place.c %D%/sftp_place.h \
	%D%/sftp_put.c %D%/sftp_put.h \
	%D%/ssh_config.c %D%/ssh_config.h \
	%D%/ssh_string.c %D%/ssh_string.h \
	$(NULL)
%C%_libssh_la_LIBADD = $(SSL_LIBS)

# remex-ssh, the only program that is linked with libssh2. All but its main function is a library for the tests.
if HAVE_LIBSSH2
noinst_LTLIBRARIES += %D%/libsshsession.la
%C%_libsshsession_la_SOURCES = \
	%D%/agent_link.c %D%/agent_link.h \
	%D%/alone.c %D%/alone.h \
	%D%/alone_exec.c %D%/alone_exec.h \
	%D%/alone_files.c %D%/alone_files.h \
	%D%/alone_kill.c %D%/alone_kill.h \
	%D%/failure.c %D%/failure.h \
	%D%/forward_confine.c %D%/forward_confine.h \
	%D%/keyring.c %D%/keyring.h \
	%D%/session_memory.c %D%/session_memory.h \
	%D%/ssh_channel.c %D%/ssh_channel.h \
	%D%/ssh_forward.c %D%/ssh_forward.h \
	%D%/ssh_login.c %D%/ssh_login.h \
	%D%/ssh_pool.c %D%/ssh_pool.h \
	%D%/ssh_session.c %D%/ssh_session.h \
	%D%/stdio_reach.c %D%/stdio_reach.h \
	$(NULL)
libexec_PROGRAMS += remex-ssh
remex_ssh_SOURCES = %D%/remex_ssh.c
remex_ssh_LDFLAGS = $(AM_LDFLAGS) $(PIE_LDFLAGS)
remex_ssh_LDADD = src/ssh/libsshsession.la src/ssh/libssh.la src/files/libfiles.la src/loop/libloop.la src/net/libnet.la \
	src/wire/libwire.la src/base/libbase.la $(LIBSSH2_LIBS) $(UV_LIBS) $(JANSSON_LIBS) $(SSL_LIBS) $(SECCOMP_LIBS) -lm
endif
