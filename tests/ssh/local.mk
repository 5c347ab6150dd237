if HAVE_CHECK
ssh_tests = \
	%D%/check_agent \
	%D%/check_identities \
	%D%/check_known_hosts \
	%D%/check_known_hosts_file \
	%D%/check_preamble \
	%D%/check_private_key \
	%D%/check_public_key \
	%D%/check_quote \
	%D%/check_sftp \
	%D%/check_sftp_message \
	%D%/check_ssh_config \
	$(NULL)
if HAVE_LIBSSH2
ssh_tests += %D%/check_agent_link %D%/check_keyring %D%/check_ssh_channel %D%/check_ssh_login %D%/check_ssh_pool \
	%D%/check_ssh_session
endif
check_PROGRAMS += $(ssh_tests)
TESTS += $(ssh_tests)
ssh_libs = src/ssh/libssh.la src/base/libbase.la $(SSL_LIBS) $(check_libs)
ssh_session_libs = src/ssh/libsshsession.la src/ssh/libssh.la src/loop/libloop.la src/net/libnet.la src/wire/libwire.la \
	src/base/libbase.la $(LIBSSH2_LIBS) $(UV_LIBS) $(SSL_LIBS) $(JANSSON_LIBS) -lm $(check_libs)
%C%_check_agent_link_CFLAGS = $(check_cflags)
%C%_check_agent_link_LDADD = $(ssh_session_libs)
%C%_check_keyring_CFLAGS = $(check_cflags)
%C%_check_keyring_LDADD = $(ssh_session_libs)
%C%_check_keyring_SOURCES = %D%/check_keyring.c %D%/user_keys.h
%C%_check_ssh_channel_CFLAGS = $(check_cflags)
%C%_check_ssh_channel_LDADD = $(ssh_session_libs)
%C%_check_ssh_channel_SOURCES = %D%/check_ssh_channel.c %D%/far_sshd.c %D%/far_sshd.h
%C%_check_ssh_login_CFLAGS = $(check_cflags)
%C%_check_ssh_login_LDADD = $(ssh_session_libs)
%C%_check_ssh_login_SOURCES = %D%/check_ssh_login.c %D%/far_sshd.c %D%/far_sshd.h %D%/user_keys.h
%C%_check_ssh_pool_CFLAGS = $(check_cflags)
%C%_check_ssh_pool_LDADD = $(ssh_session_libs)
%C%_check_ssh_session_CFLAGS = $(check_cflags)
%C%_check_ssh_session_LDADD = $(ssh_session_libs)
%C%_check_known_hosts_file_CFLAGS = $(check_cflags)
%C%_check_known_hosts_file_LDADD = $(ssh_libs)
%C%_check_private_key_CFLAGS = $(check_cflags)
%C%_check_private_key_LDADD = $(ssh_libs)
%C%_check_private_key_SOURCES = %D%/check_private_key.c %D%/user_keys.h
%C%_check_agent_CFLAGS = $(check_cflags)
%C%_check_agent_LDADD = $(ssh_libs)
%C%_check_identities_CFLAGS = $(check_cflags)
%C%_check_identities_LDADD = $(ssh_libs)
%C%_check_known_hosts_CFLAGS = $(check_cflags)
%C%_check_known_hosts_LDADD = $(ssh_libs)
%C%_check_preamble_CFLAGS = $(check_cflags)
%C%_check_preamble_LDADD = $(ssh_libs)
%C%_check_public_key_CFLAGS = $(check_cflags)
%C%_check_public_key_LDADD = $(ssh_libs)
%C%_check_quote_CFLAGS = $(check_cflags)
%C%_check_quote_LDADD = $(ssh_libs)
%C%_check_sftp_CFLAGS = $(check_cflags)
%C%_check_sftp_LDADD = src/ssh/libssh.la src/files/libfiles.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) \
	$(SSL_LIBS) -lm $(check_libs)
%C%_check_sftp_message_CFLAGS = $(check_cflags)
%C%_check_sftp_message_LDADD = $(ssh_libs)
%C%_check_ssh_config_CFLAGS = $(check_cflags)
%C%_check_ssh_config_LDADD = $(ssh_libs)
endif

# A server that breaks the rules: for tests/system/ssh_hostile.test, and inside of fuzz_ssh_session.
ssh_far_sshd = %D%/far_sshd.c %D%/far_sshd.h
check_PROGRAMS += %D%/hostile_sshd
%C%_hostile_sshd_SOURCES = %D%/hostile_sshd.c $(ssh_far_sshd)
%C%_hostile_sshd_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_hostile_sshd_LDADD = src/base/libbase.la $(SSL_LIBS)
