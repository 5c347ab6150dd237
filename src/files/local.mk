noinst_LTLIBRARIES += %D%/libfiles.la
%C%_libfiles_la_SOURCES = \
	%D%/access.c %D%/access.h \
	%D%/acl.c %D%/acl.h \
	%D%/batch.c %D%/batch.h \
	%D%/beneath.c %D%/beneath.h \
	%D%/code.c %D%/code.h \
	%D%/digest.c %D%/digest.h \
	%D%/item.c %D%/item.h \
	%D%/level.c %D%/level.h \
	%D%/place.c %D%/place.h \
	%D%/reading.c %D%/reading.h \
	%D%/receiver.c %D%/receiver.h %D%/receiver_private.h \
	%D%/receiver_file.c \
	%D%/sender.c %D%/sender.h %D%/sender_private.h \
	%D%/sender_file.c \
	%D%/size.c %D%/size.h \
	%D%/symlink.c %D%/symlink.h \
	%D%/tally.c %D%/tally.h \
	%D%/temporary.c %D%/temporary.h \
	%D%/walk.c %D%/walk.h \
	%D%/writing.c %D%/writing.h \
	$(NULL)
