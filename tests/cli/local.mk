cli_tests = \
	%D%/authorize.test \
	%D%/call.test \
	%D%/copy.test \
	%D%/hostile.test \
	%D%/keys.test \
	%D%/resume.test \
	%D%/run.test \
	%D%/signals.test \
	$(NULL)
dist_check_SCRIPTS += $(cli_tests)
TESTS += $(cli_tests)
EXTRA_DIST += %D%/copying.py %D%/fake_server.py %D%/support.py
