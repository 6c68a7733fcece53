"""What the guard's bench drives: a home of its own, repositories, secrets made at run time, the guard and its warnings."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
import zlib

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Failed(Exception):
    """Something that must hold does not."""


class Secrets:
    """GitHub tokens: 30 random characters and their CRC32 in base62, which is how GitHub makes them.

    A warning shows the last four characters, so no two have the same."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.ends = set()

    def make(self):
        while True:
            body = "".join(self.random.choices(BASE62, k=30))
            number, check = zlib.crc32(body.encode()), ""
            while number:
                number, digit = divmod(number, 62)
                check = BASE62[digit] + check
            token = "gh" + "p_" + body + check.rjust(6, "0")
            if token[-4:] not in self.ends:
                self.ends.add(token[-4:])
                return token


class Home:
    """A scratch folder with a home in it; programs that run in it see nothing of the account's own."""

    def __init__(self, folder):
        self.folder = folder
        self.repositories = os.path.join(folder, "src")
        runtime = os.path.join(folder, "run")
        os.makedirs(self.repositories)
        os.makedirs(runtime, mode=0o700)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "XDG_RUNTIME_DIR": runtime,
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        with open(os.path.join(folder, ".gitconfig"), "w") as file:
            file.write("[user]\n\tname = a\n\temail = a@b.invalid\n[init]\n\tdefaultBranch = main\n")
            file.write("[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[advice]\n\tdetachedHead = false\n")

    def run(self, *words, cwd=None, ok=(0,)):
        done = subprocess.run(words, cwd=cwd or self.folder, env=self.env, capture_output=True, text=True)
        if done.returncode not in ok:
            raise Failed("%s: exit %d\n%s%s" % (" ".join(words), done.returncode, done.stdout, done.stderr))
        return done.stdout


class Repository:
    """A repository with `files` tracked files in `folders` folders, one commit, and what is planted in it."""

    def __init__(self, home, name, folders, files):
        self.home, self.folder = home, os.path.join(home.repositories, name)
        os.makedirs(self.folder)
        self.git("init", "-q")
        with open(self.path(".gitignore"), "w") as file:
            file.write("/target/\nnode_modules/\n*.log\n")
        wide = max(1, round(folders ** 0.5))
        self.files = []
        for number in range(files):
            folder = number % folders
            path = "d%d/e%d/f%d.py" % (folder // wide, folder % wide, number // folders)
            self.files.append(path)
            os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
            with open(self.path(path), "w") as file:
                file.write("".join("line %d of file %d\n" % (line, number) for line in range(20)))
        self.git("add", ".")
        self.git("commit", "-qm", "begin")

    def path(self, path):
        return os.path.join(self.folder, path)

    def git(self, *words, ok=(0,)):
        return self.home.run("git", *words, cwd=self.folder, ok=ok)

    def read(self, path):
        with open(self.path(path)) as file:
            return file.read()

    def reset(self):
        """Back to the branch `main` as it is committed, and nothing besides."""
        self.git("checkout", "-qf", "main")
        self.git("reset", "-q", "--hard")
        self.git("clean", "-qfd")


class Follow:
    """Everything that `guard warnings --follow --json` says, with the time at which it was read."""

    def __init__(self, binary, home):
        words = [binary, "guard", "warnings", "--follow", "--json"]
        self.process = subprocess.Popen(
            words, env=home.env, cwd=home.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.changed = threading.Condition()
        self.events = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            at = time.monotonic()
            with self.changed:
                self.events.append((at, event.get("became") or event.get("event"), end_of(event["warning"]), event))
                self.changed.notify_all()

    def wait(self, what, end, since, patience):
        """When the event came; `None` where it did not."""
        until = time.monotonic() + patience
        with self.changed:
            while True:
                for at, became, own, _ in self.events[since:]:
                    if own == end and became in what:
                        return at
                left = until - time.monotonic()
                if left <= 0:
                    return None
                self.changed.wait(left)

    def count(self):
        with self.changed:
            return len(self.events)

    def since(self, number):
        with self.changed:
            return list(self.events[number:])

    def stop(self):
        self.process.kill()
        self.process.wait()


def end_of(warning):
    """The last four characters of the secret that a warning is about."""
    words = [word for word in warning.get("what", "").split() if "********" in word]
    return words[0][-4:] if words else None


class Guard:
    """`leakwarden guard run`, with us in the place of systemd, so that it says when it is ready."""

    def __init__(self, binary, home):
        self.binary, self.home = binary, home
        self.process = None

    def command(self, *words, ok=(0,)):
        return self.home.run(self.binary, "guard", *words, ok=ok)

    def start(self, patience=300):
        """Starts it and gives the seconds until it was ready."""
        path = os.path.join(self.home.folder, "notify")
        if os.path.exists(path):
            os.unlink(path)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(path)
        notify.settimeout(patience)
        begun = time.monotonic()
        self.log = open(os.path.join(self.home.folder, "guard.log"), "ab")
        self.process = subprocess.Popen(
            [self.binary, "guard", "run"], env=dict(self.home.env, NOTIFY_SOCKET=path), cwd=self.home.folder,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        threading.Thread(target=self.process.wait, daemon=True).start()
        try:
            while b"READY=1" not in notify.recv(4096):
                pass
        except socket.timeout:
            raise Failed("the guard is not ready after %d s: see guard.log" % patience)
        taken = time.monotonic() - begun
        # From now on it talks to nobody.
        notify.close()
        return taken

    def signal(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.command("stop")
            self.process.wait(30)

    def sync(self):
        """Gives the seconds until everything that happened was looked at."""
        begun = time.monotonic()
        self.command("sync")
        return time.monotonic() - begun

    def open(self):
        """The open warnings about secrets of ours, as (folder, path, last four characters), and all others."""
        said = json.loads(self.command("warnings", "--json", ok=(0, 1)))
        ours, others = set(), []
        for own in said["repositories"]:
            for warning in own["warnings"]:
                end = end_of(warning)
                if end:
                    ours.add((own["folder"], warning.get("path", ""), end))
                else:
                    others.append((own["folder"], warning["kind"], warning.get("path", "")))
        return ours, others

    def status(self):
        return json.loads(self.command("status", "--json", ok=(0, 1)))

    def sample(self):
        """Memory in KiB, the most it ever was, CPU seconds, descriptors, inotify watches."""
        pid = self.process.pid
        status = dict(line.split(":", 1) for line in open("/proc/%d/status" % pid))
        fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
        ticks = sum(int(field) for field in fields[11:15])
        watches, descriptors = 0, os.listdir("/proc/%d/fd" % pid)
        for name in descriptors:
            try:
                watches += sum(line.startswith("inotify wd:") for line in open("/proc/%d/fdinfo/%s" % (pid, name)))
            except FileNotFoundError:
                pass
        return {
            "rss": int(status["VmRSS"].split()[0]),
            "most": int(status["VmHWM"].split()[0]),
            "cpu": ticks / os.sysconf("SC_CLK_TCK"),
            "descriptors": len(descriptors),
            "watches": watches,
        }


class Build:
    """Work beside the guard, as a build is: every core busy, files written into an ignored folder."""

    def __init__(self, repository):
        self.target = repository.path("target")
        os.makedirs(self.target, exist_ok=True)
        script = 'while :; do tar cf - -C "$1" --exclude=./target . | gzip >"$1/target/$2.o"; rm -f "$1/target/$2.o"; done'
        self.processes = [
            subprocess.Popen(["sh", "-c", script, "sh", repository.folder, str(core)], start_new_session=True,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for core in range(os.cpu_count() or 1)
        ]

    def stop(self):
        for process in self.processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(self.target, ignore_errors=True)
