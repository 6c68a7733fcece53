"""Runs install/mdm/coverage.sql with DuckDB over made reports, and compares it with what a person counts."""

import datetime
import json
import pathlib
import sys
import tempfile

import duckdb

HERE = pathlib.Path(__file__).resolve().parent.parent
QUERY = (HERE / "install/mdm/coverage.sql").read_text()


def ago(**time):
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**time)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def check(name, status, text=""):
    return {"id": name, "status": status, "text": text, "fixable": False}


def policy(digest):
    return check("policy.fleet", "ok", f"1 files of user 0, digest {digest}, 3 days old, last good copy kept")


def report(host, user, covered, machine, repositories, **more):
    verdicts = {True: "ok", False: "fails", None: "unknown"}
    made = {"version": 1, "leakwarden": "0.1.0", "time": ago(hours=2, minutes=5), "host": host, "os_user": user}
    made |= {"covered": covered, "machine": {"covered": True, "checks": machine}}
    made["repositories"] = [
        {"path": f"/home/{user}/{number}", "covered": one, "checks": [check("covered", verdicts[one])]}
        for number, one in enumerate(repositories)
    ]
    return json.dumps(made | more)


def tables(folder, stale_after=None):
    database = duckdb.connect()
    database.execute(f"SET VARIABLE reports = '{folder}/*.json'")
    if stale_after:
        database.execute(f"SET VARIABLE stale_after = '{stale_after}'")
    answers = []
    for statement in duckdb.extract_statements(QUERY):
        result = database.execute(statement)
        if statement.type == duckdb.StatementType.SELECT:
            names = [column[0] for column in result.description]
            answers.append([dict(zip(names, row)) for row in result.fetchall()])
    return answers


def main():
    first, second = "ab12cd34ef56ab78", "1111222233334444"
    files = {
        "a-ann.json": report("a", "ann", True, [policy(first)], [True, True, True]),
        "a-bob.json": report("a", "bob", False, [policy(first), check("ledger.sink", "fails")], [True, False, None]),
        "b.json": report("b", "root", True, [policy(second)], [], leakwarden="0.0.9"),
        "c.json": report("c", "cem", None, [policy(first), check("git", "unknown")], [None]),
        "d.json": report("d", "dan", True, [policy(first)], [True], time=ago(days=5)),
        "e.json": report("e", "eve", True, [check("policy.fleet", "note", "there is none in /etc/leakwarden")], [True]),
        "f.json": report("f", "flo", True, [], [True])[:-40],  # the end is gone
        "g.json": report("g", "gus", True, [], [True], version=2),
        "h.json": "",
        "i.json": report("i", "ida", True, [policy(first)], [True], time=ago(days=-2)),
        "j.json": json.dumps({"version": 1, "leakwarden": "0.1.0"}),
        "k.json": report("k", "kim", False, [check("binary", "fails")], [], leakwarden="none"),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (pathlib.Path(folder) / name).write_text(text)
        rows, totals = tables(folder)
        longer = tables(folder, "30 days")[1][0]
    seen = {row["file"]: row for row in rows}
    short = lambda row: tuple(row[key] for key in ("state", "covered", "failing", "repos_covered", "repos_not", "repos_unknown"))
    counted = {
        "a-ann.json": ("current", "yes", "", 3, 0, 0),
        "a-bob.json": ("current", "no", "covered covered? ledger.sink", 1, 1, 1),
        "b.json": ("current", "yes", "", 0, 0, 0),
        "c.json": ("current", "no", "covered? git?", 0, 0, 1),
        "d.json": ("stale", "no", "", 1, 0, 0),
        "e.json": ("current", "yes", "", 1, 0, 0),
        "f.json": ("broken", "no", "", 0, 0, 0),
        "g.json": ("version 2, not read", "no", "", 0, 0, 0),
        "h.json": ("broken", "no", "", 0, 0, 0),
        "i.json": ("from the future", "no", "", 1, 0, 0),
        "j.json": ("broken", "no", "", 0, 0, 0),
        "k.json": ("current", "no", "binary", 0, 0, 0),
    }
    wrong = {name: (counted[name], short(seen[name])) for name in counted if short(seen[name]) != counted[name]}
    assert not wrong and len(rows) == len(files), wrong
    assert (seen["a-ann.json"]["host"], seen["a-ann.json"]["user"], seen["a-ann.json"]["policy"]) == ("a", "ann", first)
    assert (seen["b.json"]["leakwarden"], seen["b.json"]["age_hours"]) == ("0.0.9", 2)
    assert (seen["g.json"]["host"], seen["g.json"]["leakwarden"]) == ("g", None)
    expected = {
        "reports": 12, "hosts": 8, "covered": 3, "not_covered": 3, "stale": 2, "not_read": 4,
        "repos_covered": 5, "repos_not": 1, "repos_unknown": 2, "policies": 2, "versions": 2,
    }
    assert totals == [expected], totals
    assert (longer["covered"], longer["stale"]) == (4, 1), longer
    print("coverage: counted as by hand")


# With an argument: the table of that folder, for tests/fleet.sh.
if len(sys.argv) > 1:
    for table in tables(sys.argv[1]):
        for row in table:
            print(" ".join(f"{key}={value}" for key, value in row.items()))
else:
    main()
