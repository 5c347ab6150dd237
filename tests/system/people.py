"""Other users, for the tests and the bench: only root can act as them.

remexd lets root call and, where root started it, the members of group `remex`, each as itself. The people here are
users that every system has; `member_of` makes them members for one remexd only, and not on the rest of the machine.
"""

import ctypes
import grp
import os
import pwd
import shutil
import socket
import struct
import time

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x1000, 0x4000, 0x40000, 2  # unshare(2), mount(2)
GID = 54321  # of group remex, where the system has none: the view of /etc/group that has it is private


def find(*names):
    """The entry of the first of these users that exists, or None."""
    for name in names:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    return None


def other_groups(groups):
    """These groups without the machine's group remex, which a remexd of the tests may not see (hide_group)."""
    groups = set(groups)
    try:
        return groups - {grp.getgrnam("remex").gr_gid}
    except KeyError:
        return groups


def become(uid, groups=()):
    os.setgroups(list(groups))
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def in_child(function):
    """Run the function in a child; return its result as text, or the name of its error."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            text = str(function())
        except BaseException as error:
            text = type(error).__name__ + ": " + str(error)
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        text = file.read()
    os.waitpid(pid, 0)
    return text


def as_user(uid, function, groups=()):
    """The same in a child that runs as that user."""
    def work():
        become(uid, groups)
        return function()

    return in_child(work)


def connect_as(uid, path, groups=(GID,)):
    """A connection to a Unix socket whose other end sees that user (SO_PEERCRED, SO_PEERGROUPS): the kernel takes the
    caller of connect(2)."""
    connection = socket.socket(socket.AF_UNIX)
    said = as_user(uid, lambda: connection.connect(path), groups)
    if said != "None":
        connection.close()
        raise OSError("connecting to %s as uid %d: %s" % (path, uid, said))
    return connection


class Database:
    """A user database of one remexd's own, which a test can change while remexd runs: copies of these files of /etc in
    `directory`, which is private, mounted over them in a namespace of the daemon's own."""

    NAMES = ("passwd", "group", "shadow", "nsswitch.conf")

    def __init__(self, directory):
        self.directory = directory
        os.chmod(directory, 0o755)  # the front is another user
        for name in self.NAMES:
            with open("/etc/" + name) as file:
                self.write(name, file.read())
        self.set("group", "remex", None)
        self.write("nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\n")

    def path(self, name):
        return os.path.join(self.directory, "etc." + name)

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def write(self, name, text):
        """Write in place: the mount is of the file, not of its name."""
        fd = os.open(self.path(name), os.O_RDWR | os.O_CREAT, 0o644)
        os.pwrite(fd, text.encode(), 0)
        os.truncate(fd, len(text.encode()))
        os.close(fd)

    def set(self, name, key, line):
        """Replace the line for that name by this line, or by none."""
        lines = [old for old in self.read(name).splitlines(True) if not old.startswith(key + ":")]
        self.write(name, "".join(lines) + (line + "\n" if line else ""))

    def is_old(self):
        """Is the last change more than a moment ago? Before that, each request gets a worker of its own
        (base/userdb.c)."""
        return time.time() - max(os.stat(self.path(name)).st_ctime for name in self.NAMES) > 0.06

    def mount(self):
        """Called in a child that will become remexd."""
        libc = private_mounts()
        for name in self.NAMES:
            check_call(libc.mount(self.path(name).encode(), b"/etc/" + name.encode(), None, MS_BIND, None),
                       "a mount over /etc/" + name)


def check_call(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), "%s: %s" % (what, os.strerror(ctypes.get_errno())))


def private_mounts():
    """A mount namespace of our own, and the C library to mount with."""
    libc = ctypes.CDLL(None, use_errno=True)
    check_call(libc.unshare(CLONE_NEWNS), "a private mount namespace")
    check_call(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "making the mounts private")
    if hidden:  # nothing can be mounted over a removed file
        check_call(libc.umount2(b"/etc/group", MNT_DETACH), "the end of the mount over /etc/group")
    return libc


hidden = False  # set by hide_group, in this process


def give_group(directory):
    """Called in a child that will become remexd: from now on its /etc/group, and that of its children, has a group
    remex, with GID. The rest of the machine is not affected."""
    set_group(directory, "remex:x:%d:\n" % GID)


def hide_group(directory):
    """Called in such a child: its /etc/group has no group remex, where the machine's has one and it can be hidden. With
    that group remexd keeps room for its members, so the limits for one caller depend on the machine."""
    global hidden
    if not sees_group():
        return
    try:
        set_group(directory)
        hidden = True
        # While a file of the user database is younger than 50 ms, each request gets a worker of its own (base/userdb.c).
        while time.time() - os.stat("/etc/group").st_ctime < 0.06:
            time.sleep(0.01)
    except OSError:
        pass


def group_stays(directory):
    """Does a remexd that was started after hide_group still see a group remex?"""
    return os.geteuid() == 0 and in_child(lambda: (hide_group(directory), sees_group())[1]) == "True"


def sees_group():
    try:
        return bool(grp.getgrnam("remex"))
    except KeyError:
        return False


def set_group(directory, more=""):
    """/etc/group of this process becomes the machine's without remex, and with `more`."""
    with open("/etc/group") as file:
        lines = [line for line in file if not line.startswith("remex:")]
    mount_over("/etc/group", directory, "".join(lines) + more)


def mount_over(target, directory, text):
    """The file `target` of this process has that text: it is mounted in a namespace of its own, and the file in `directory`,
    which is private, is gone when this function returns."""
    path = os.path.join(directory, "%s.%d" % (os.path.basename(target), os.getpid()))
    with open(path, "w") as file:
        file.write(text)
    try:
        os.chmod(path, 0o644)  # the front is another user
        libc = private_mounts()
        check_call(libc.mount(path.encode(), target.encode(), None, MS_BIND, None), "a mount over " + target)
    finally:
        os.unlink(path)


def public_copy(place, remexd, plugins):
    """Copies of both in the directory `place`, for users who cannot look into the build directory. Returns their
    paths."""
    os.chmod(place, 0o755)
    shutil.copy(remexd, place + "/remexd")
    shutil.copytree(plugins, place + "/plugins")
    os.chmod(place + "/plugins", 0o755)
    return place + "/remexd", place + "/plugins"


def obstacle(directory):
    """The reason why the tests cannot act as several users here, in words; None where they can."""
    if os.geteuid() != 0:
        return "only root can be several people"
    said = in_child(lambda: give_group(directory))
    return None if said == "None" else "the machine does not let root be several people: " + said


def no_own_files():
    """The reason why a process cannot have its own view of files such as /etc/passwd here, in words; None where it can."""
    if os.geteuid() != 0:
        return "only root can give a process an /etc/passwd or an /etc/shadow of its own"
    said = in_child(lambda: private_mounts() and None)
    return None if said == "None" else "no private mounts: " + said


# --- what a container takes from root ---------------------------------------------------------------------------------

# The capabilities(7) that a container usually leaves to root (Docker's list); CAP_NET_ADMIN is not among them.
CONTAINER_CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)


def drop_capabilities(keep=CONTAINER_CAPABILITIES):
    """Called in a child that will execute a program: the program has no other capabilities (prctl(2),
    PR_CAPBSET_DROP)."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/sys/kernel/cap_last_cap") as file:
        last = int(file.read())
    for capability in range(last + 1):
        if capability not in keep and libc.prctl(24, capability, 0, 0, 0) < 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_CAPBSET_DROP)")


def make_capabilities_inheritable():
    """Called in a child that will execute a program: all its capabilities are inheritable ones, too, as older container engines
    had it (CVE-2022-24769)."""
    libc = ctypes.CDLL(None, use_errno=True)
    head, sets = struct.pack("=Ii", 0x20080522, 0), ctypes.create_string_buffer(24)  # _LINUX_CAPABILITY_VERSION_3
    check_call(libc.capget(head, sets), "capget(2)")
    low, high = (struct.unpack_from("=3I", sets, at) for at in (0, 12))
    check_call(libc.capset(head, struct.pack("=6I", *low[:2], low[1], *high[:2], high[1])), "capset(2)")


def install_filter(rows):
    """Called in a child: a filter of system calls (seccomp(2)) from now on."""
    code = b"".join(struct.pack("=HBBI", *row) for row in rows)
    program = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("@HP", len(rows), ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 and libc.prctl(38, 1, 0, 0, 0) < 0:  # PR_SET_NO_NEW_PRIVS, without which only root may
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
    if libc.prctl(22, 2, ctypes.create_string_buffer(head, len(head)), 0, 0) < 0:  # PR_SET_SECCOMP
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_SECCOMP)")


def deny_netlink():
    """Called in a child: from now on there are no netlink sockets (seccomp(2)). False on an unknown architecture."""
    number = {"x86_64": 41, "aarch64": 198}.get(os.uname().machine)  # socket(2)
    if number is None:
        return False
    install_filter(((0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, 16), (0x15, 0, 1, socket.AF_NETLINK),
                    (0x06, 0, 0, 0x00050000 | 97), (0x06, 0, 0, 0x7fff0000)))  # bpf(2): EAFNOSUPPORT, or go on
    return True


SO_PASSRIGHTS = 83


def deny_passrights():
    """Called in a child: from now on there is no option SO_PASSRIGHTS to set, as in kernels before 6.16. False on an unknown
    architecture."""
    number = {"x86_64": 54, "aarch64": 208}.get(os.uname().machine)  # setsockopt(2)
    if number is None:
        return False
    install_filter(((0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, 32), (0x15, 0, 1, SO_PASSRIGHTS),
                    (0x06, 0, 0, 0x00050000 | 92), (0x06, 0, 0, 0x7fff0000)))  # bpf(2): ENOPROTOOPT, or go on
    return True
