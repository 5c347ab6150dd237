# The real programs, started and used as people do (support.py). Each takes a private remexd. The longest comes first.
system_tests = \
	%D%/stopped.test \
	%D%/faults.test \
	%D%/cut.test \
	%D%/chaos.test \
	%D%/nemesis.test \
	%D%/exhaust.test \
	%D%/load.test \
	%D%/bulk.test \
	%D%/stop.test \
	%D%/reload.test \
	%D%/framing.test \
	%D%/beneath.test \
	%D%/tcp.test \
	%D%/activation.test \
	%D%/attach.test \
	%D%/broken.test \
	%D%/daemon.test \
	%D%/durable.test \
	%D%/discover.test \
	%D%/enrol.test \
	%D%/fair.test \
	%D%/fanout.test \
	%D%/files.test \
	%D%/full.test \
	%D%/init.test \
	%D%/job.test \
	%D%/limits.test \
	%D%/log.test \
	%D%/many.test \
	%D%/memory.test \
	%D%/network.test \
	%D%/plugins.test \
	%D%/protocol.test \
	%D%/record.test \
	%D%/proxy.test \
	%D%/rights.test \
	%D%/roots.test \
	%D%/run.test \
	%D%/shell.test \
	%D%/sftp.test \
	%D%/ssh.test \
	%D%/ssh_broken.test \
	%D%/ssh_bulk.test \
	%D%/ssh_hostile.test \
	%D%/ssh_tty.test \
	%D%/sshd_alone.test \
	%D%/stdio.test \
	%D%/stuck.test \
	%D%/trusted.test \
	%D%/tty.test \
	%D%/tunnel.test \
	%D%/undelivered.test \
	%D%/upgrade.test \
	%D%/users.test \
	%D%/who.test \
	$(NULL)
dist_check_SCRIPTS += $(system_tests)
TESTS += $(system_tests)
EXTRA_DIST += %D%/blocked_job.py %D%/booted_job.py %D%/discovery.py %D%/fleet.py %D%/fuse.py %D%/items.py %D%/keys.py %D%/nets.py %D%/people.py %D%/sftp_liar.py \
	%D%/ssh_load.py \
	%D%/sshd.py %D%/support.py %D%/terminal.py %D%/tmux.py
