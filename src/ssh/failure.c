/* failure - see failure.h. */
#include "config.h"

#include "ssh/failure.h"

const char *failure_word (enum failure failure)
{
	switch (failure) {
	case FAILURE_UNREACHABLE: return "unreachable";
	case FAILURE_UNTRUSTED: return "untrusted";
	case FAILURE_TRUSTED: return "trusted";
	case FAILURE_DENIED: return "denied";
	case FAILURE_BUSY: return "busy";
	case FAILURE_INTERNAL: break;
	}
	return "internal";
}

bool failure_is_of_channel (int result)
{
	switch (result) {
	case LIBSSH2_ERROR_CHANNEL_FAILURE:
	case LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED:
	case LIBSSH2_ERROR_CHANNEL_UNKNOWN:
	case LIBSSH2_ERROR_CHANNEL_CLOSED:
	case LIBSSH2_ERROR_CHANNEL_EOF_SENT:
	case LIBSSH2_ERROR_INVAL: return true;
	default: return false;
	}
}

int failure_of_session (LIBSSH2_SESSION *raw, const char *what, struct err *err)
{
	char *text = NULL;
	int code = libssh2_session_last_error (raw, &text, NULL, 0);

	if (!code)
		return err_set (err, FAILURE_UNREACHABLE, "%s: its sshd breaks the rules of ssh", what);
	/* An allocation may also fail for a length that the server has made up. */
	return err_set (
		err, FAILURE_UNREACHABLE, "%s: %s (libssh2 error %d)", what, text && *text ? text : "it failed", code);
}
