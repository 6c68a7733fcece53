#!/usr/bin/env python3
"""Measures the guard: `sh benches/guard.sh [leakwarden] [options]`. No code of leakwarden's but the program itself.

Figures are printed beside their goals; a goal that is missed fails nothing. What must hold fails: a secret that was
missed, warned of twice or falsely, a final state that is not that of the files, descriptors or watches that grow."""

import argparse
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import edits  # noqa: E402
import kit  # noqa: E402

NEWS = ("opened",)
BACK = ("opened", "returned")


class Bench:
    def __init__(self, options, folder):
        self.options, self.random = options, random.Random(options.seed)
        self.secrets = kit.Secrets(options.seed)
        self.home = kit.Home(folder)
        self.guard = kit.Guard(options.binary, self.home)
        self.failed = 0
        begun = time.monotonic()
        self.large = kit.Repository(self.home, "large", options.folders, options.files)
        small = [kit.Repository(self.home, "small%d" % n, 12, 60) for n in range(options.repositories - 1)]
        self.all = [self.large] + small
        for repository in self.all:
            # A branch on which every file of a folder is another.
            repository.git("checkout", "-qb", "other")
            for path in repository.files[: options.switch]:
                with open(repository.path(path), "a") as file:
                    file.write("other\n")
            repository.git("commit", "-qam", "other")
            repository.git("checkout", "-q", "main")
        self.say("made", "%d repositories, %d files in %.0f s" % (
            len(self.all), sum(len(own.files) for own in self.all), time.monotonic() - begun))
        for repository in self.all:
            self.guard.command("add", repository.folder)

    def say(self, what, figure, goal=""):
        print("%-34s %s%s" % (what, figure, "   (goal: %s)" % goal if goal else ""), flush=True)

    def check(self, what, holds, why=""):
        if not holds:
            self.failed += 1
        print("%-34s %s" % (what, "holds" if holds else "FAILED: %s" % why), flush=True)

    def begin(self):
        """Everything as it is committed, the guard up to date."""
        for repository in self.all:
            repository.reset()
        self.guard.sync()

    def some(self, repository):
        return self.random.choice(repository.files)

    def equal(self, what, wanted):
        """Compares the open warnings with `wanted`: (folder, path, last four characters)."""
        ours, others = self.guard.open()
        missed, false = wanted - ours, ours - wanted
        why = "%d missed %s, %d false %s" % (len(missed), sorted(missed)[:3], len(false), sorted(false)[:3])
        self.check(what, not missed and not false, why)
        if others:
            self.check(what + ": no other", False, "%d others: %s" % (len(others), others[:3]))

    # --- scenarios ---------------------------------------------------------------------------------------

    def ready(self):
        taken = self.guard.start()
        self.say("ready", "%.2f s" % taken, "2 s")
        self.follow = kit.Follow(self.options.binary, self.home)
        time.sleep(1)
        now = self.guard.sample()
        self.say("memory when ready", "%.1f MiB, at most %.1f" % (now["rss"] / 1024, now["most"] / 1024), "25 MiB")
        self.say("watches, descriptors", "%d, %d" % (now["watches"], now["descriptors"]))
        self.equal("nothing is open", set())

    def idle(self):
        self.guard.sync()
        time.sleep(2)
        before = self.guard.sample()
        time.sleep(self.options.idle)
        after = self.guard.sample()
        self.say("CPU in %d idle seconds" % self.options.idle, "%.2f s" % (after["cpu"] - before["cpu"]), "none")
        self.say("memory when idle", "%.1f MiB" % (after["rss"] / 1024), "25 MiB")

    def latency(self, beside=False):
        self.begin()
        build = kit.Build(self.all[-1]) if beside else None
        times, missed = [], 0
        try:
            time.sleep(3 if beside else 0.5)
            for number in range(self.options.plants):
                repository = self.all[number % len(self.all)]
                token, since = self.secrets.make(), self.follow.count()
                edits.plant(repository, self.some(repository), token, edits.in_place)
                written = time.monotonic()
                at = self.follow.wait(NEWS, token[-4:], since, 15)
                if at is None:
                    missed += 1
                else:
                    times.append(at - written)
                time.sleep(self.random.uniform(0.1, 0.6))
        finally:
            if build:
                build.stop()
        name = "write to warning%s" % (", beside a build" if beside else "")
        if times:
            figures = "median %.2f s, worst %.2f s of %d" % (statistics.median(times), max(times), len(times))
            self.say(name, figures, "0.5 s, 1.5 s")
        self.check(name + ": none missed", not missed, "%d of %d" % (missed, self.options.plants))
        self.begin()

    def beside(self):
        self.latency(beside=True)

    def planted(self):
        """Rounds of work: secrets come in every way, then git moves them about; each is news once at each place."""
        self.begin()
        start, left, news, rounds = self.follow.count(), self.options.secrets, [], 0
        while left > 0:
            rounds += 1
            count = min(left, 20)
            left -= count
            since = self.follow.count()
            here = [self.plant_one(number) for number in range(count)]
            self.guard.sync()
            time.sleep(0.05)
            ours, _ = self.guard.open()
            wanted = {(repository.folder, path, token[-4:]) for repository, path, token in here}
            if ours != wanted:
                # Told once, by the round in which it was.
                self.check("round %d" % rounds, False, "missed %s, false %s" % (wanted - ours, ours - wanted))
            moved = self.disturb(here)
            self.guard.sync()
            ours, _ = self.guard.open()
            if ours != moved:
                self.check("round %d, moved" % rounds, False, "missed %s, false %s" % (moved - ours, ours - moved))
            places = {(folder, path, end) for folder, path, end in wanted | moved}
            news.append((since, places))
            for repository in {own for own, _, _ in here}:
                repository.reset()
            self.guard.sync()
        self.equal("all are withdrawn", set())
        time.sleep(0.5)
        times = {}
        for _, became, end, event in self.follow.since(start):
            if became in NEWS and end:
                key = (event["folder"], event["warning"].get("path", ""), end)
                times[key] = times.get(key, 0) + 1
        wanted = set().union(*(places for _, places in news)) if news else set()
        twice = [key for key, count in times.items() if count > 1]
        figures = "%d secrets, %d places, %d told" % (self.options.secrets, len(wanted), len(times))
        self.say("planted", figures)
        self.check("planted: none missed", wanted <= set(times), str(sorted(wanted - set(times))[:3]))
        self.check("planted: none twice", not twice, "%d: %s" % (len(twice), twice[:3]))
        self.check("planted: none false", set(times) <= wanted, str(sorted(set(times) - wanted)[:3]))

    def plant_one(self, number):
        repository, token = self.random.choice(self.all), self.secrets.make()
        kind = number % 7
        if kind < len(edits.WAYS):
            path = self.some(repository)
            edits.plant(repository, path, token, edits.WAYS[kind])
            return repository, path, token
        path = "new%d/a/b/f%s.py" % (self.random.randrange(10 ** 9), token[-4:])
        os.makedirs(os.path.dirname(repository.path(path)))
        if kind == 5:
            with open(repository.path(path), "w") as file:
                file.write('token = "%s"\n' % token)
            repository.git("add", path)
        else:
            # An env file that nobody ignores, in a folder that was made the moment before.
            path = os.path.dirname(path) + "/.env"
            with open(repository.path(path), "w") as file:
                file.write("GITHUB_TOKEN=%s\n" % token)
        return repository, path, token

    def disturb(self, here):
        """What git does to one repository, and where the secrets are then."""
        repository = self.random.choice(here)[0]
        own = [(path, token) for owner, path, token in here if owner is repository]
        what = self.random.choice(["stash", "rebase", "rename", "remove", "branch"])
        if what == "stash":
            repository.git("stash", "push", "-q")
            self.guard.sync()
            wanted = self.standing(repository, own)
            seen = {place for place in self.guard.open()[0] if place[0] == repository.folder}
            if seen != wanted:
                self.check("stashed", False, "missed %s, false %s" % (wanted - seen, seen - wanted))
            repository.git("stash", "pop", "-q", "--index")
        elif what == "rebase":
            repository.git("-c", "rebase.autoStash=true", "rebase", "-q", "--no-ff", "--root")
        elif what == "rename":
            moved = {path for path, _ in own if repository.git("ls-files", "--", path)}
            for path in moved:
                repository.git("mv", path, path + ".moved")
            own += [(path + ".moved", token) for path, token in own if path in moved]
        elif what == "remove":
            for path, token in own:
                edits.remove(repository, path, token, self.random.choice(edits.WAYS[:4]))
        else:
            repository.git("checkout", "-qf", "other")
            repository.git("checkout", "-qf", "main")
        others = {(owner.folder, path, token[-4:]) for owner, path, token in here if owner is not repository}
        return others | self.standing(repository, own)

    def standing(self, repository, own):
        """Which of these (path, token) are to be warned of: in the worktree or the index of a tracked file, or in an
        env file that is there."""
        places = set()
        for path, token in own:
            there = os.path.exists(repository.path(path)) and token in repository.read(path)
            staged = repository.git("ls-files", "--", path)
            in_index = staged and token in repository.git("show", ":" + path)
            if in_index or there and (staged or path.endswith("/.env")):
                places.add((repository.folder, path, token[-4:]))
        return places

    def burst(self):
        """Events by the hundred thousand, on files that are watched."""
        self.begin()
        token = self.secrets.make()
        path = self.large.files[0]
        edits.plant(self.large, path, token, edits.in_place)
        files = self.large.files[1 : 1 + min(2000, len(self.large.files) - 1)]
        begun, events = time.monotonic(), 0
        while events < self.options.events:
            # Opened, changed, closed: three events each, at least.
            for name in files:
                with open(self.large.path(name), "a") as file:
                    file.write("x\n")
                events += 3
        wrote = time.monotonic() - begun
        taken = self.guard.sync()
        now = self.guard.sample()
        self.say("burst of %d events" % events, "written in %.1f s, looked at %.1f s later, memory at most %.1f MiB" % (
            wrote, taken, now["most"] / 1024))
        self.equal("burst: the state of the files", {(self.large.folder, path, token[-4:])})
        self.begin()

    def overflow(self):
        """The guard stands still while more happens than the kernel remembers."""
        self.begin()
        self.guard.signal(signal.SIGSTOP)
        wanted = set()
        folders = sorted({os.path.dirname(path) for path in self.large.files})[:50]
        for number in range(self.options.overflow):
            with open(self.large.path("%s/x%d.py" % (folders[number % len(folders)], number)), "w") as file:
                file.write("x\n")
            if number % max(1, self.options.overflow // 20) == 0:
                token, path = self.secrets.make(), self.large.files[len(wanted) * 7 % len(self.large.files)]
                edits.plant(self.large, path, token, edits.replace)
                wanted.add((self.large.folder, path, token[-4:]))
        self.guard.signal(signal.SIGCONT)
        taken = self.guard.sync()
        now = self.guard.sample()
        figures = "%d files, looked at in %.1f s, memory at most %.1f MiB"
        self.say("stopped, then told of", figures % (self.options.overflow, taken, now["most"] / 1024))
        self.equal("overflow: the state of the files", wanted)
        self.begin()

    def killed(self):
        """Killed, changed, started again: the same state, and no news that was news before."""
        self.begin()
        before = [(self.random.choice(self.all), self.secrets.make()) for _ in range(20)]
        here = []
        for repository, token in before:
            path = self.some(repository)
            edits.plant(repository, path, token, edits.replace)
            here.append((repository, path, token))
        self.guard.sync()
        self.guard.kill()
        for repository, path, token in here[:10]:
            edits.remove(repository, path, token, edits.in_place)
        here = here[10:]
        for _ in range(10):
            repository, token = self.random.choice(self.all), self.secrets.make()
            path = self.some(repository)
            edits.plant(repository, path, token, edits.vim)
            here.append((repository, path, token))
        since = self.follow.count()
        taken = self.guard.start()
        self.guard.sync()
        self.say("ready after kill -9", "%.2f s" % taken, "2 s")
        self.equal("killed: the state of the files", {(own.folder, path, token[-4:]) for own, path, token in here})
        # Who follows waits a second before it asks again.
        time.sleep(3)
        news = [end for _, became, end, _ in self.follow.since(since) if became in NEWS]
        again = [token[-4:] for _, _, token in here[:10] if token[-4:] in news]
        self.check("killed: no news twice", not again and len(news) == len(set(news)), str(again))
        self.begin()

    def churn(self):
        """Work without an end, with samples: nothing grows."""
        self.begin()
        time.sleep(2)
        first, samples, begun, works = self.guard.sample(), [], time.monotonic(), 0
        every = max(5, self.options.minutes * 60 / 40)
        following = begun + every
        while time.monotonic() - begun < self.options.minutes * 60:
            self.work(self.random.choice(self.all))
            works += 1
            time.sleep(self.random.uniform(0, 0.1))
            if time.monotonic() >= following:
                following += every
                samples.append(self.guard.sample())
        self.begin()
        time.sleep(2)
        last = self.guard.sample()
        samples.append(last)
        third = max(1, len(samples) // 3)
        early = statistics.median(own["rss"] for own in samples[:third]) / 1024
        late = statistics.median(own["rss"] for own in samples[-third:]) / 1024
        self.say("churn", "%d works in %.1f min, CPU %.1f s, memory %.1f MiB, then %.1f, at most %.1f" % (
            works, (time.monotonic() - begun) / 60, last["cpu"] - first["cpu"], early, late, last["most"] / 1024))
        self.say("churn: memory in MiB", " ".join("%.0f" % (own["rss"] / 1024) for own in samples))
        self.check("churn: memory does not grow", late <= early * 1.15 + 1, "%.1f to %.1f MiB" % (early, late))
        self.check("churn: descriptors do not grow", last["descriptors"] <= first["descriptors"] + 2,
                   "%d to %d" % (first["descriptors"], last["descriptors"]))
        self.check("churn: watches are as before", last["watches"] == first["watches"],
                   "%d, then %d" % (first["watches"], last["watches"]))
        self.equal("churn: nothing is open", set())

    def work(self, repository):
        what = self.random.randrange(7)
        path = self.some(repository)
        if what == 0 and os.path.exists(repository.path(path)):
            edits.plant(repository, path, self.secrets.make(), self.random.choice(edits.WAYS))
        elif what == 1:
            folder = repository.path("made%d" % self.random.randrange(20))
            for number in range(50):
                os.makedirs("%s/a%d/b" % (folder, number), exist_ok=True)
                open("%s/a%d/b/f.py" % (folder, number), "w").close()
        elif what == 2:
            shutil.rmtree(repository.path("made%d" % self.random.randrange(20)), ignore_errors=True)
        elif what == 3:
            repository.git("checkout", "-qf", self.random.choice(["main", "other"]))
        elif what == 4:
            repository.git("stash", "push", "-qu")
            repository.git("stash", "drop", "-q", ok=(0, 1))
        elif what == 5:
            repository.git("reset", "-q", "--hard")
        else:
            for number in range(200):
                open(repository.path("%s.x%d" % (path, number)), "w").close()
            for number in range(200):
                os.unlink(repository.path("%s.x%d" % (path, number)))


SCENARIOS = ["ready", "idle", "latency", "beside", "planted", "burst", "overflow", "killed", "churn"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", nargs="?", default="leakwarden", help="the program")
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="only these, besides `ready`")
    parser.add_argument("--small", action="store_true", help="a minute instead of half an hour")
    parser.add_argument("--repositories", type=int, default=20)
    parser.add_argument("--folders", type=int, help="of the large repository; 10,000")
    parser.add_argument("--files", type=int, help="of the large repository; 100,000")
    parser.add_argument("--plants", type=int, help="secrets whose latency is taken; 100")
    parser.add_argument("--secrets", type=int, help="secrets planted during work; 1,000")
    parser.add_argument("--events", type=int, help="of the burst; 200,000")
    parser.add_argument("--overflow", type=int, help="files written while the guard is stopped; 50,000")
    parser.add_argument("--switch", type=int, help="files that differ between branches; 20,000")
    parser.add_argument("--idle", type=int, help="seconds; 30")
    parser.add_argument("--minutes", type=float, help="of churn; 20")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where it works; default: a temporary folder")
    parser.add_argument("--keep", action="store_true", help="leave the folder there")
    options = parser.parse_args()
    names = ["folders", "files", "plants", "secrets", "events", "overflow", "switch", "idle", "minutes"]
    small, whole = [60, 600, 10, 40, 12000, 20000, 100, 3, 0.2], [10000, 100000, 100, 1000, 200000, 50000, 20000, 30, 20]
    for name, value in zip(names, small if options.small else whole):
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.binary = shutil.which(options.binary) or sys.exit("there is no %s" % options.binary)
    options.binary = os.path.abspath(options.binary)
    folder = tempfile.mkdtemp(prefix="guard-", dir=options.folder)
    bench = None
    try:
        bench = Bench(options, folder)
        for name in SCENARIOS:
            if name == "ready" or not options.only or name in options.only:
                getattr(bench, name)()
    except kit.Failed as failed:
        print("FAILED: %s" % failed)
        return 1
    finally:
        if bench:
            if hasattr(bench, "follow"):
                bench.follow.stop()
            if bench.guard.process and bench.guard.process.poll() is None:
                bench.guard.kill()
        if options.keep:
            print("kept: %s" % folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
