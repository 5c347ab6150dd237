"""The end of every Python test: `main ()`. It runs the cases, and no case is silent about having been skipped.

Each skipped case is a line "SKIP: CASE: reason", as of the Check programs (skip.h); scripts/test counts these lines. The
exit status is 0 when all that ran passed, 1 when a case failed or there was none, and 77 when no case ran.
"""

import sys
import unittest


class Result(unittest.TextTestResult):
    left_out = 0  # cases that were skipped as a whole, after they had begun

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.left_out += isinstance(test, unittest.TestCase) and not hasattr(test, "test_case")
        print("SKIP: %s: %s" % (test.id() if hasattr(test, "id") else test, reason), flush=True)


def main():
    run = unittest.main(testRunner=unittest.TextTestRunner(verbosity=2, descriptions=False, resultclass=Result),
                        exit=False).result
    if not run.wasSuccessful():
        sys.exit(1)
    if not run.testsRun and not run.skipped:
        sys.exit("there is no case to run")
    # Where setUpClass skips, no case of the class has begun.
    sys.exit(77 if run.testsRun == run.left_out else 0)
