"""The ways in which editors and tools bring a line into a file, or take it out again."""

import os
import re
import time


def in_place(repository, path, text):
    with open(repository.path(path), "w") as file:
        file.write(text)


def halves(repository, path, text):
    """Truncated, then written in two pieces, the first of which ends in the middle of a token."""
    cut = max(len(text) - 12, 0)
    with open(repository.path(path), "w") as file:
        file.write(text[:cut])
        file.flush()
        time.sleep(0.05)
        file.write(text[cut:])


def vim(repository, path, text):
    """vim with `backupcopy=no`: swap file, the probe `4913`, the old file renamed away, a new one."""
    whole = repository.path(path)
    folder, name = os.path.split(whole)
    swap = os.path.join(folder, "." + name + ".swp")
    open(swap, "w").close()
    open(os.path.join(folder, "4913"), "w").close()
    os.unlink(os.path.join(folder, "4913"))
    os.rename(whole, whole + "~")
    in_place(repository, path, text)
    os.unlink(whole + "~")
    os.unlink(swap)


def replace(repository, path, text):
    """Written beside and renamed into place: VS Code's atomic saves, `sed -i`, Python's `os.replace`."""
    whole = repository.path(path)
    with open(whole + ".tmp123", "w") as file:
        file.write(text)
    os.replace(whole + ".tmp123", whole)


def sed(repository, path, text):
    """The real `sed -i`, which replaces the whole text."""
    with open(repository.path(path) + ".log", "w") as file:
        file.write(text)
    repository.home.run("sed", "-i", "-e", "1r %s.log" % path, "-e", "d", path, cwd=repository.folder)
    os.unlink(repository.path(path) + ".log")
    if repository.read(path) != text:
        in_place(repository, path, text)


WAYS = [in_place, halves, vim, replace, sed]


def plant(repository, path, token, way):
    way(repository, path, repository.read(path) + 'token = "%s"\n' % token)


def remove(repository, path, token, way):
    kept = re.sub(r".*%s.*\n" % re.escape(token), "", repository.read(path))
    way(repository, path, kept)
