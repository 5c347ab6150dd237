"""The end of every Python test: `main ()`. It runs the cases, and no case is silent about having been skipped.

Each skipped case is a line "SKIP: CASE: reason", as of the Check programs (skip.h); scripts/test counts these lines. The
exit status is 0 when all that ran passed, 1 when a case failed or there was none, and 77 when no case ran.

`main (at_once=N)` is for files whose cases mostly wait: N cases run at the same time, each in a process of its own. The
output of a case is printed when the case has ended. Cases that are named on the command line run one after the other.
"""

import ctypes
import os
import signal
import sys
import tempfile
import traceback
import unittest

SKIPPED = 77


class Result(unittest.TextTestResult):
    left_out = 0  # cases that were skipped as a whole, after they had begun

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.left_out += isinstance(test, unittest.TestCase) and not hasattr(test, "test_case")
        print("SKIP: %s: %s" % (test.id() if hasattr(test, "id") else test, reason), flush=True)


def status_of(run):
    """The exit status for the result of a run."""
    if not run.wasSuccessful():
        return 1
    # Where setUpClass skips, no case of the class has begun.
    return SKIPPED if run.testsRun == run.left_out else 0


def runner():
    return unittest.TextTestRunner(verbosity=2, descriptions=False, resultclass=Result)


def all_cases(suite):
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from all_cases(one)
        else:
            yield one


class Child:
    """A process that runs one case; its output goes to a file without a name."""

    def __init__(self, case):
        self.case, self.output = case, tempfile.TemporaryFile(dir="/tmp")
        parent = os.getpid()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                # When the parent is killed, the child is killed, too, and the daemon of the case with it.
                ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG
                if os.getppid() == parent:
                    os.dup2(self.output.fileno(), 1)
                    os.dup2(self.output.fileno(), 2)
                    status = status_of(runner().run(unittest.TestSuite([case])))
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)

    def report(self, wait_status):
        """Print what the case has printed. Returns its exit status."""
        status = os.waitstatus_to_exitcode(wait_status)
        self.output.seek(0)
        sys.stdout.write(self.output.read().decode("utf-8", "replace"))
        if status not in (0, 1, SKIPPED):
            print("ERROR: %s: the process of this case ended with %d" % (self.case.id(), status))
        sys.stdout.flush()
        self.output.close()
        return status


def run_at_once(n):
    """Run all cases of the program, n of them at the same time. Returns the exit status."""
    waiting = list(all_cases(unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])))
    running, statuses, failed = {}, [], []
    while waiting or running:
        while waiting and len(running) < n:
            child = Child(waiting.pop(0))
            running[child.pid] = child
        pid, wait_status = os.wait()
        child = running.pop(pid)
        statuses.append(child.report(wait_status))
        if statuses[-1] not in (0, SKIPPED):
            failed.append(child.case.id())
    print("%d cases, %d failed%s" % (len(statuses), len(failed), "".join("\n   " + name for name in failed)))
    if failed or not statuses:
        return 1
    return SKIPPED if all(status == SKIPPED for status in statuses) else 0


def main(at_once=1):
    if at_once > 1 and len(sys.argv) == 1:
        status = run_at_once(at_once)
    else:
        run = unittest.main(testRunner=runner(), exit=False).result
        if run.wasSuccessful() and not run.testsRun and not run.skipped:
            sys.exit("there is no case to run")
        status = status_of(run)
    sys.exit(status)
