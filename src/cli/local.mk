# The frame of remex: everything that its subcommands share.
noinst_LTLIBRARIES += %D%/libcli.la
%C%_libcli_la_SOURCES = \
	%D%/ask.c %D%/ask.h \
	%D%/brake.c %D%/brake.h \
	%D%/call.c %D%/call.h \
	%D%/coalesce.c %D%/coalesce.h \
	%D%/confirm.c %D%/confirm.h \
	%D%/console.c %D%/console.h \
	%D%/conversation.c %D%/conversation.h \
	%D%/descriptor.c %D%/descriptor.h \
	%D%/diff.c %D%/diff.h \
	%D%/discovery_search.c %D%/discovery_search.h \
	%D%/document.c %D%/document.h \
	%D%/drive.c %D%/drive.h \
	%D%/fanout.c %D%/fanout.h \
	%D%/feed.c %D%/feed.h \
	%D%/gather.c %D%/gather.h \
	%D%/json.c %D%/json.h \
	%D%/labels.c %D%/labels.h \
	%D%/last.c %D%/last.h \
	%D%/many.c %D%/many.h \
	%D%/outdir.c %D%/outdir.h \
	%D%/pending.c %D%/pending.h \
	%D%/pins.c %D%/pins.h \
	%D%/progress.c %D%/progress.h \
	%D%/report.c %D%/report.h \
	%D%/result.c %D%/result.h \
	%D%/say.c %D%/say.h \
	%D%/secret.c %D%/secret.h \
	%D%/similar.c %D%/similar.h \
	%D%/spool.c %D%/spool.h \
	%D%/status_line.c %D%/status_line.h \
	%D%/subcommand.c %D%/subcommand.h \
	%D%/transfer.c %D%/transfer.h \
	%D%/trie.c %D%/trie.h \
	%D%/view.h \
	$(NULL)
