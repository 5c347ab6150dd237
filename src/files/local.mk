noinst_LTLIBRARIES += %D%/libfiles.la
%C%_libfiles_la_SOURCES = \
	%D%/access.c %D%/access.h \
	%D%/acl.c %D%/acl.h \
	%D%/batch.c %D%/batch.h \
	%D%/beneath.c %D%/beneath.h \
	%D%/code.c %D%/code.h \
	%D%/digest.c %D%/digest.h \
	%D%/file_reader.c %D%/file_reader.h \
	%D%/file_writer.c %D%/file_writer.h \
	%D%/item.c %D%/item.h \
	%D%/open_dir.c %D%/open_dir.h \
	%D%/receiver.c %D%/receiver.h %D%/receiver_private.h \
	%D%/receiver_file.c \
	%D%/sender.c %D%/sender.h %D%/sender_private.h \
	%D%/sender_file.c \
	%D%/size.c %D%/size.h \
	%D%/symlink.c %D%/symlink.h \
	%D%/target.c %D%/target.h \
	%D%/temporary.c %D%/temporary.h \
	%D%/totals.c %D%/totals.h \
	%D%/walk.c %D%/walk.h \
	$(NULL)
