# The frame of remex: everything that its subcommands share.
noinst_LTLIBRARIES += %D%/libcli.la
%C%_libcli_la_SOURCES = \
	%D%/ask.c %D%/ask.h \
	%D%/call.c %D%/call.h \
	%D%/console.c %D%/console.h \
	%D%/conversation.c %D%/conversation.h \
	%D%/descriptor.c %D%/descriptor.h \
	%D%/document.c %D%/document.h \
	%D%/drive.c %D%/drive.h \
	%D%/json.c %D%/json.h \
	%D%/pending.c %D%/pending.h \
	%D%/progress.c %D%/progress.h \
	%D%/result.c %D%/result.h \
	%D%/say.c %D%/say.h \
	%D%/subcommand.c %D%/subcommand.h \
	%D%/transfer.c %D%/transfer.h \
	$(NULL)
