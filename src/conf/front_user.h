/* front_user - the user that the front and the probe of the plugins run as, where root starts remexd: `front_user`, or
 * remex, or nobody where there is no user remex.
 */
#ifndef REMEX_CONF_FRONT_USER_H
#define REMEX_CONF_FRONT_USER_H

#include <pwd.h>

#include "conf/config.h"

/* The user's entry, as getpwnam(3) returns it; NULL: there is no such user. */
const struct passwd *front_user (const struct config *config);

#endif
