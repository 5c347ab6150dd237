# What remex-ssh knows of ssh without libssh2, without a loop and without sockets: tested and fuzzed by itself.
noinst_LTLIBRARIES += %D%/libssh.la
%C%_libssh_la_SOURCES = \
	%D%/agent.c %D%/agent.h \
	%D%/identities.c %D%/identities.h \
	%D%/known_hosts.c %D%/known_hosts.h \
	%D%/pattern_list.c %D%/pattern_list.h \
	%D%/public_key.c %D%/public_key.h \
	%D%/quote.c %D%/quote.h \
	%D%/ssh_config.c %D%/ssh_config.h \
	%D%/ssh_string.c %D%/ssh_string.h \
	$(NULL)
%C%_libssh_la_LIBADD = $(SSL_LIBS)
