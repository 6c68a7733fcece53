#!/usr/bin/env python3
"""Counts how often each letter follows another in this repository's own text, for
src/rules/likelihood/chance.rs. Prints the rows of the table: row a, column b is -log2 of the share of
b among the letters after a, in half bits, `a` for 0 to `z` for 25 and more. Run it in the top folder."""
import collections, glob, math, re, string

text = ''.join(open(f, encoding='utf-8').read() for pattern in ('src/**/*.rs', 'tests/**/*.rs', 'docs/*.md')
               for f in sorted(glob.glob(pattern, recursive=True)) if not f.endswith('chance.rs'))
pairs, classes = collections.Counter(), collections.Counter()
for word in re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+', text):
    pairs.update(a + b for a, b in zip(word.lower(), word.lower()[1:]))
kind = lambda c: 'lower' if c.islower() else 'upper' if c.isupper() else 'digit' if c.isdigit() else 'mark'
for name in set(re.findall(r'[A-Za-z0-9_.:/+=-]{6,}', text)):
    classes.update((kind(a), kind(b)) for a, b in zip(name, name[1:]))
letters = string.ascii_lowercase
half_bits = lambda count, total: round(-2 * math.log2((count + 1) / (total + 26)))
for a in letters:
    total = sum(pairs[a + b] for b in letters)
    print(f'    b"{"".join(letters[min(25, half_bits(pairs[a + b], total))] for b in letters)}",')
all_pairs = sum(pairs.values())
print('alone', ''.join(letters[min(25, half_bits(sum(pairs[a + b] for a in letters), all_pairs))] for b in letters))
for a in ('lower', 'upper', 'digit', 'mark'):
    total = sum(classes[a, b] for b in ('lower', 'upper', 'digit', 'mark'))
    print(a, [half_bits(classes[a, b], total) for b in ('lower', 'upper', 'digit', 'mark')])
