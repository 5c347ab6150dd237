# The real programs, started and used as people do (support.py). Each takes a private remexd. The longest comes first.
system_tests = \
	%D%/chaos.test \
	%D%/nemesis.test \
	%D%/cut.test \
	%D%/stop.test \
	%D%/stopped.test \
	%D%/activation.test \
	%D%/enrol.test \
	%D%/beneath.test \
	%D%/broken.test \
	%D%/bulk.test \
	%D%/daemon.test \
	%D%/exhaust.test \
	%D%/fanout.test \
	%D%/faults.test \
	%D%/files.test \
	%D%/fair.test \
	%D%/framing.test \
	%D%/full.test \
	%D%/init.test \
	%D%/load.test \
	%D%/log.test \
	%D%/many.test \
	%D%/memory.test \
	%D%/network.test \
	%D%/plugins.test \
	%D%/protocol.test \
	%D%/reload.test \
	%D%/rights.test \
	%D%/roots.test \
	%D%/run.test \
	%D%/stdio.test \
	%D%/stuck.test \
	%D%/tcp.test \
	%D%/trusted.test \
	%D%/undelivered.test \
	%D%/users.test \
	%D%/who.test \
	$(NULL)
dist_check_SCRIPTS += $(system_tests)
TESTS += $(system_tests)
EXTRA_DIST += %D%/fleet.py %D%/fuse.py %D%/items.py %D%/keys.py %D%/people.py %D%/support.py
