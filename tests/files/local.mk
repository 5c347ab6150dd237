if HAVE_CHECK
files_tests = \
	%D%/check_acl \
	%D%/check_digest \
	%D%/check_item \
	%D%/check_receiver \
	%D%/check_file_reader \
	%D%/check_sender \
	%D%/check_sender_tree \
	%D%/check_shared_digest \
	%D%/check_target \
	%D%/check_target_links \
	%D%/check_temporary \
	%D%/check_file_writer \
	%D%/check_file_writer_metadata \
	%D%/check_file_writer_resume \
	$(NULL)
files_target_fixture = %D%/target_fixture.c %D%/target_fixture.h
check_PROGRAMS += $(files_tests)
TESTS += $(files_tests)
files_file_writer_fixture = %D%/file_writer_fixture.c %D%/file_writer_fixture.h
files_fixture = %D%/sender_fixture.c %D%/sender_fixture.h
files_libs = src/files/libfiles.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_acl_SOURCES = %D%/check_acl.c $(files_file_writer_fixture)
%C%_check_acl_CFLAGS = $(check_cflags)
%C%_check_acl_LDADD = $(files_libs)
%C%_check_digest_CFLAGS = $(check_cflags)
%C%_check_digest_LDADD = $(files_libs)
%C%_check_item_CFLAGS = $(check_cflags)
%C%_check_item_LDADD = $(files_libs)
%C%_check_receiver_SOURCES = %D%/check_receiver.c %D%/item_fixture.h
%C%_check_receiver_CFLAGS = $(check_cflags)
%C%_check_receiver_LDADD = $(files_libs)
%C%_check_file_reader_SOURCES = %D%/check_file_reader.c $(files_fixture)
%C%_check_file_reader_CFLAGS = $(check_cflags)
%C%_check_file_reader_LDADD = $(files_libs)
%C%_check_sender_SOURCES = %D%/check_sender.c $(files_fixture)
%C%_check_sender_CFLAGS = $(check_cflags)
%C%_check_sender_LDADD = $(files_libs)
%C%_check_sender_tree_SOURCES = %D%/check_sender_tree.c $(files_fixture)
%C%_check_sender_tree_CFLAGS = $(check_cflags)
%C%_check_sender_tree_LDADD = $(files_libs)
%C%_check_shared_digest_SOURCES = %D%/check_shared_digest.c $(files_fixture)
%C%_check_shared_digest_CFLAGS = $(check_cflags)
%C%_check_shared_digest_LDADD = $(files_libs)
%C%_check_target_SOURCES = %D%/check_target.c $(files_target_fixture)
%C%_check_target_CFLAGS = $(check_cflags)
%C%_check_target_LDADD = $(files_libs)
%C%_check_target_links_SOURCES = %D%/check_target_links.c $(files_target_fixture)
%C%_check_target_links_CFLAGS = $(check_cflags)
%C%_check_target_links_LDADD = $(files_libs)
%C%_check_temporary_SOURCES = %D%/check_temporary.c $(files_file_writer_fixture)
%C%_check_temporary_CFLAGS = $(check_cflags)
%C%_check_temporary_LDADD = $(files_libs)
%C%_check_file_writer_SOURCES = %D%/check_file_writer.c $(files_file_writer_fixture)
%C%_check_file_writer_CFLAGS = $(check_cflags)
%C%_check_file_writer_LDADD = $(files_libs)
%C%_check_file_writer_metadata_SOURCES = %D%/check_file_writer_metadata.c $(files_file_writer_fixture)
%C%_check_file_writer_metadata_CFLAGS = $(check_cflags)
%C%_check_file_writer_metadata_LDADD = $(files_libs)
%C%_check_file_writer_resume_SOURCES = %D%/check_file_writer_resume.c $(files_file_writer_fixture)
%C%_check_file_writer_resume_CFLAGS = $(check_cflags)
%C%_check_file_writer_resume_LDADD = $(files_libs)
endif
