if HAVE_CHECK
base_tests = \
	%D%/check_buf \
	%D%/check_durable \
	%D%/check_fd \
	%D%/check_link \
	%D%/check_log \
	%D%/check_nowait \
	%D%/check_options \
	%D%/check_paths \
	%D%/check_terminal_modes \
	%D%/check_quantity \
	%D%/check_text \
	%D%/check_token_bucket \
	%D%/check_trusted \
	%D%/check_userdb \
	$(NULL)
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
%C%_check_buf_CFLAGS = $(check_cflags)
%C%_check_buf_LDADD = src/base/libbase.la $(check_libs)
%C%_check_fd_CFLAGS = $(check_cflags)
%C%_check_fd_LDADD = src/base/libbase.la $(check_libs)
%C%_check_durable_CFLAGS = $(check_cflags)
%C%_check_durable_LDADD = src/base/libbase.la $(check_libs)
%C%_check_link_CFLAGS = $(check_cflags)
%C%_check_link_LDADD = src/base/libbase.la $(check_libs)
%C%_check_log_CFLAGS = $(check_cflags)
%C%_check_log_LDADD = src/base/libbase.la $(check_libs)
%C%_check_nowait_CFLAGS = $(check_cflags)
%C%_check_nowait_LDADD = src/base/libbase.la $(check_libs)
%C%_check_options_CFLAGS = $(check_cflags)
%C%_check_options_LDADD = src/base/libbase.la $(check_libs)
%C%_check_paths_CFLAGS = $(check_cflags)
%C%_check_paths_LDADD = src/base/libbase.la $(check_libs)
%C%_check_terminal_modes_CFLAGS = $(check_cflags)
%C%_check_terminal_modes_LDADD = src/base/libbase.la $(check_libs)
%C%_check_quantity_CFLAGS = $(check_cflags)
%C%_check_quantity_LDADD = src/base/libbase.la $(check_libs)
%C%_check_text_CFLAGS = $(check_cflags)
%C%_check_text_LDADD = src/base/libbase.la $(check_libs)
%C%_check_token_bucket_CFLAGS = $(check_cflags)
%C%_check_token_bucket_LDADD = src/base/libbase.la $(check_libs)
%C%_check_trusted_CFLAGS = $(check_cflags)
%C%_check_trusted_LDADD = src/base/libbase.la $(check_libs)
%C%_check_userdb_CFLAGS = $(check_cflags)
%C%_check_userdb_LDADD = src/base/libbase.la $(check_libs)
endif
