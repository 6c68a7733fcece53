"""Counts which four characters follow each other most in source text, for src/rules/grams.txt.

    python3 benches/grams.py FOLDER... > src/rules/grams.txt

Up to 20 MB of text is read below each folder. A line is a number, twice the bits of surprise, and the sequences
that surprise so much, with a blank between them. Letters are lower-case; a sequence that
holds anything but letters, digits, blanks and `_.:/=-` is left out: few literals of rules do.
"""

import collections
import hashlib
import math
import os
import re
import sys

EACH = 20_000_000
KEPT = 6_000
PLAIN = re.compile(r"[a-z0-9 _.:/=-]{4}")


def files(root):
    """Paths of plain files below a folder, in an order that mixes its parts and is the same each time."""
    found = (os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names)
    return sorted((path for path in found if not os.path.islink(path)), key=lambda p: hashlib.md5(p.encode()).digest())


def main():
    counts, total = collections.Counter(), 0
    for root in sys.argv[1:]:
        read = 0
        for path in files(root):
            if read >= EACH:
                break
            with open(path, "rb") as file:
                text = file.read(300_001)
            if not 200 <= len(text) <= 300_000 or b"\0" in text:
                continue
            text = text.decode("latin-1").lower()
            counts.update(text[at : at + 4] for at in range(len(text) - 3))
            read += len(text)
        total += read
        print(f"{root}: {read} bytes", file=sys.stderr)
    levels = collections.defaultdict(list)
    plain = (item for item in counts.most_common() if PLAIN.fullmatch(item[0]))
    for (gram, count), _ in zip(plain, range(KEPT)):
        levels[round(2 * math.log2(total / count))].append(gram)
    for bits, grams in sorted(levels.items()):
        print(f"{bits}\t{' '.join(sorted(grams))}")


main()
