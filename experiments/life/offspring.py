# --- May a daemonic process have a child? It goes into cpython.py.

REFUSED = 3  # its exit code if it may not


def offspring(begin, n):
    """A daemonic process, and one that is not, start a child."""
    process = fork_process()
    if have_child(process, daemon=False) != 0:
        raise ValueError("a process that is no daemon could not start a child")
    begin()
    seen = 0
    for _ in range(n):
        code = have_child(process, daemon=True)
        if code not in (0, REFUSED):
            raise ValueError("a daemonic process ended with exit code %s" % code)
        seen += code == REFUSED
    return {"seen": seen, "tries": n}


def have_child(process, daemon):
    """The exit code of a process that starts a child."""
    parent = process(target=start_child, args=(process,), daemon=daemon)
    parent.start()
    parent.join(30)
    if parent.exitcode is None:
        raise ValueError("a process that starts a child did not end in 30 s")
    return parent.exitcode


def start_child(process):
    child = process()
    try:
        child.start()
    except AssertionError as error:
        sys.exit(REFUSED if "daemonic" in str(error) else str(error))
    child.join()
    sys.exit(child.exitcode)


MECHANISMS["offspring"] = (offspring, {"n": (COUNT, None)})
