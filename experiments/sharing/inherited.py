# --- What does a child find of what its parent had? It goes into cpython.py.

# What the child does. It comes as text, because a spawned one has nothing of this
# script. It reads one byte of the file, if that is open there.
HEIR = """
import json, os

at = -1
try:
    if os.path.samestat(os.fstat(fd), os.stat(path)):
        at = os.lseek(fd, 0, os.SEEK_CUR)
        os.read(fd, 1)
except OSError:
    pass  # it is not open
say.send((getattr(json, "inherited", 0), os.environ.get("PARCON_INHERITED", ""), at))
"""


def inherited(begin, unit, n, dir):
    """A child looks at a module's variable, the environment and an open file."""
    make = {"fork": fork_process, "spawn": spawn_process, "forkserver": lambda: server_process(dir)}[unit]()
    if unit == "forkserver":
        run_empty(make)  # starts the server
    path = os.__file__
    fd = os.open(path, os.O_RDONLY)
    high = 100  # a number that nothing else of a child has
    os.dup2(fd, high, inheritable=False)
    begin()
    seen = [0, 0, 0]
    for i in range(n):
        left = (i + 1, str(i + 1), 10 * i + 10)
        json.inherited, os.environ["PARCON_INHERITED"], at = left
        os.lseek(fd, 0, os.SEEK_SET)
        os.read(fd, at)
        found = tell(make, path, high)
        if any(is_ not in (was, none) for is_, was, none in zip(found, left, (0, "", -1))):
            raise ValueError("a parent had %r, and its child found %r" % (left, found))
        if (os.lseek(fd, 0, os.SEEK_CUR) != at) != (found[2] == at):
            raise ValueError("a child found a file at %d, and its parent then at %d" % (found[2], os.lseek(fd, 0, os.SEEK_CUR)))
        seen = [count + (is_ == was) for count, is_, was in zip(seen, found, left)]
    return dict(zip(("memory", "environment", "files"), seen), tries=n)


def tell(make, path, fd):
    """What a child found."""
    hear, say = multiprocessing.Pipe(duplex=False)
    child = make(target=exec, args=(HEIR, {"fd": fd, "path": path, "say": say}))
    child.start()
    say.close()
    if not hear.poll(30):
        raise ValueError("a child did not say in 30 s what it found")
    found = hear.recv()
    hear.close()
    child.join()
    return found


def server_process(dir):
    """Its socket lies in a folder. If this process is killed, the parent of trials removes it.

    The path is short: a socket's may have 107 bytes.
    """
    os.chdir(dir)
    import atexit
    import shutil

    folder = "parcon-scratch-%d" % os.getpid()  # see package scratch
    os.mkdir(folder, 0o700)
    multiprocessing.current_process()._config["tempdir"] = folder
    atexit.register(lambda: os.getpid() == owner and shutil.rmtree(folder, ignore_errors=True))
    owner = os.getpid()
    return multiprocessing.get_context("forkserver").Process


MECHANISMS["inherited"] = (
    inherited,
    {
        "unit": (one_of("fork", "spawn", "forkserver"), None),
        "n": (COUNT, None),
        "dir": (str, None),
    },
)


