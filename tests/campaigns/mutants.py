#!/usr/bin/env python3
"""Breaks the code in small ways, one at a time, and looks whether the tests notice.

  tests/campaigns/mutants.py [--count N] [--seed N] [--minutes N] [--folders a,b] [--build DIR] [--again] [--near] [--trust]

A mutant is one change of one .cpp file: a comparison flipped, + and - exchanged, a constant one off,
a statement dropped, two arguments or an index exchanged, a condition inverted. Candidates are
drawn at random, with equal shares for each folder. Each is built (CPU alone) in a copy of the tree
in DIR (build/mutants): one file is compiled, and the doctest programs that depend on its folder are
linked and run one after the other until one fails (without [slow] cases and networks at full size).
Within a program those test files come first that include the header of the changed file.

  killed    a test failed, crashed or hung
  survived  all passed: a test is missing, or the change makes no difference
  invalid   it does not compile, or the object code is the same
  skipped   listed in mutants_skipped.tsv with the reason why no test can see it

DIR/verdicts.tsv keeps what was found: a second call continues where the first stopped, until --count
mutants are valid (killed or survived). --again builds and runs those that survived once more, after
tests were added. --near runs the first of a folder's programs alone, which is quicker and finds more
survivors: a lower bound of the score. --trust takes it that all tests pass on the unchanged tree,
which else is tried first. --list shows the candidates of this seed without running any. The score is
killed / (killed + survived). Exit code 1 if a mutant survived. The tree may change meanwhile: all is read
from the copy.
"""
import argparse
import hashlib
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SKIPPED = pathlib.Path(__file__).with_name("mutants_skipped.tsv")

# The test programs that depend on a folder, those that should notice first in front.
PROGRAMS = {
    "tensor": ["tensor", "autograd", "optim", "layers", "pix2vox"],
    "io": ["io", "pix2vox", "voxels", "datasets"],
    "cpu": ["cpu", "layers", "pix2vox"],
    "autograd": ["autograd", "optim", "layers", "pix2vox"],
    "layers": ["layers", "pix2vox"],
    "optim": ["optim", "pix2vox"],
    "voxels": ["voxels", "datasets", "pix2vox"],
    "datasets": ["datasets", "pix2vox"],
    "pix2vox": ["pix2vox", "apps"],
}


def mask(text):
    """The text with comments, strings and preprocessor lines blanked, so that places stay the same."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
                         r'|^[ \t]*#[^\n]*(?:\\\n[^\n]*)*', re.S | re.M)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def closing(text, opening):
    """The place of the bracket that closes the one at `opening`; -1 if there is none."""
    depth = 0
    for i in range(opening, len(text)):
        if text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            depth -= 1
            if depth == 0:
                return i
    return -1


def arguments(text, opening):
    """The spans of the arguments between the brackets that open there."""
    end = closing(text, opening)
    spans, depth, begin = [], 0, opening + 1
    for i in range(opening + 1, end):
        if text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            depth -= 1
        elif text[i] == "," and depth == 0:
            spans.append((begin, i))
            begin = i + 1
    return spans + [(begin, end)] if end > opening + 1 else []


# (name, pattern, replacement of the match or of its group 1)
SIMPLE = [
    ("comparison", r"(?<= )<=(?= )", "<"), ("comparison", r"(?<= )<(?= )", "<="),
    ("comparison", r"(?<= )>=(?= )", ">"), ("comparison", r"(?<= )>(?= )", ">="),
    ("comparison", r"(?<= )==(?= )", "!="), ("comparison", r"(?<= )!=(?= )", "=="),
    ("logic", r"(?<= )&&(?= )", "||"), ("logic", r"(?<= )\|\|(?= )", "&&"),
    ("logic", r"(?<=[( ])!(?=[\w(])", ""),
    ("logic", r"\btrue\b", "false"), ("logic", r"\bfalse\b", "true"),
    ("arithmetic", r"(?<=[\w)\]] )\+(?= [\w(])", "-"), ("arithmetic", r"(?<=[\w)\]] )-(?= [\w(])", "+"),
    ("arithmetic", r"(?<=[\w)\]] )\*(?= [\w(])", "/"), ("arithmetic", r"(?<=[\w)\]] )/(?= [\w(])", "*"),
    ("arithmetic", r"(?<= )\+=(?= )", "-="), ("arithmetic", r"(?<= )-=(?= )", "+="),
    ("arithmetic", r"(?<=::)min(?=[(<])", "max"), ("arithmetic", r"(?<=::)max(?=[(<])", "min"),
    ("constant", r"(?<![\w.'])0(?![\w.'])", "1"), ("constant", r"(?<![\w.'])1(?![\w.'])", "2"),
    ("constant", r"(?<![\w.'])2(?![\w.'])", "3"), ("constant", r"(?<![\w.'])[3-9](?![\w.'])", "+1"),
    ("constant", r"(?<![\w.'])[1-9]\d+(?![\w.'])", "+1"),
    ("constant", r"(?<![\w.])\d+\.\d+f?\b|(?<![\w.])\d+e-?\d+f?\b", "*2"),
    ("index", r"(?<=\w\[)0(?=\])", "1"), ("index", r"(?<=\w\[)1(?=\])", "0"),
]


def replace_simple(found, new):
    if new == "+1":
        return str(int(found) + 1)
    if new == "*2":
        return f"({found} * 2)"
    return new


def candidates(tree, path):
    """(operator, begin, end, new text) of every change of a file."""
    text = (tree / path).read_text()
    code = mask(text)
    result = []
    for operator, pattern, new in SIMPLE:
        for match in re.finditer(pattern, code):
            result.append((operator, match.start(), match.end(), replace_simple(match.group(), new)))
    for match in re.finditer(r"\bif (?:constexpr )?\(", code):  # conditions
        opening = match.end() - 1
        end = closing(code, opening)
        inside = code[opening + 1:end]
        if end > 0 and ";" not in inside and not re.match(r"\s*(const )?\w[\w:<>*& ]* = ", inside):
            result.append(("condition", opening, end + 1, f"(!({text[opening + 1:end]}))"))
    for match in re.finditer(r"\b[\w:]+(?:<\w+>)?\(", code):  # two arguments exchanged
        spans = arguments(code, match.end() - 1)
        for (a, b), (c, d) in zip(spans, spans[1:]):
            first, second = text[a:b].strip(), text[c:d].strip()
            plain = re.compile(r"[\w.\[\]>-]+$")
            if first != second and plain.match(code[a:b].strip()) and plain.match(code[c:d].strip()):
                blank = text[a:b][:len(text[a:b]) - len(text[a:b].lstrip())]
                result.append(("arguments", a, d, f"{blank}{second}, {first}"))
    # Statements: calls and assignments that stand by themselves within a function.
    for match in re.finditer(r"(?<=[;{})])(\s+)((?:\*?[\w.:\[\]>-]+(?:\([^;{}]*\))?(?: [+*/-]?= [^;{}]+)?|[+-]{2}[\w.>-]+|"
                             r"check(?:<\w+>)?\([^;]*\));)", code):
        statement = match.group(2)
        if re.match(r"(return|throw|using|break|continue|fail|delete|goto|public|private|default)\b", statement):
            continue
        if "(" not in statement and "=" not in statement and not statement.startswith(("++", "--")):
            continue
        result.append(("statement", match.start(2), match.end(2), ";"))
    return [c for c in result if not in_message(code, c[1])]


def in_message(code, place):
    """True for a place within the text that a check() or fail() would print, or in a static_assert."""
    for match in re.finditer(r"\b(check(?:<\w+>)?|fail(?:<\w+>)?|concat|static_assert|require)\(", code):
        if match.start() > place:
            return False
        end = closing(code, match.end() - 1)
        if match.end() <= place <= end:
            spans = arguments(code, match.end() - 1)
            name = match.group(1)
            if name.startswith(("fail", "concat", "static_assert")) or (spans and place > spans[0][1]):
                return True
    return False


def describe(tree, path, change):
    """(line number, line before, line after) of a change."""
    text = (tree / path).read_text()
    _, begin, end, new = change
    number = text.count("\n", 0, begin) + 1
    first = text.rfind("\n", 0, begin) + 1
    last = text.find("\n", end)
    one_line = lambda part: re.sub(r"\s+", " ", part).strip()
    return number, one_line(text[first:last]), one_line(text[first:begin] + new + text[end:last])


def draw(tree, folders, seed):
    """Every candidate in random order, folders in turn; within a folder, files by the root of their
    length, so that a long file does not take it all."""
    generator = random.Random(seed)
    queues = []
    for folder in folders:
        files = {p: candidates(tree, p) for p in sorted(
            f.relative_to(tree).as_posix() for f in (tree / folder).rglob("*.cpp"))}
        files = {p: c for p, c in files.items() if c}
        for changes in files.values():
            generator.shuffle(changes)
        queue = []
        while files:
            names = list(files)
            path = generator.choices(names, [len(files[n]) ** 0.5 for n in names])[0]
            queue.append((folder, path, files[path].pop()))
            if not files[path]:
                del files[path]
        queues.append(queue)
    while any(queues):
        for queue in queues:
            if queue:
                yield queue.pop(0)


class Skipped:
    """Reasons by (file, line before, line after). A line of * stands for every one."""

    def __init__(self):
        self.reasons = {}
        for line in SKIPPED.read_text().splitlines():
            if line and not line.startswith("#"):
                *key, reason = line.split("\t")
                self.reasons[tuple(key)] = reason

    def get(self, key):
        path, before, _ = key
        for candidate in (key, (path, before, "*"), (path, "*", "*")):
            if candidate in self.reasons:
                return self.reasons[candidate]
        return None


class Campaign:
    def __init__(self, options):
        self.folder = options.build.resolve()
        self.source = self.folder / "source"
        self.build = self.source / "build" / "release"  # as everywhere, so that caches of compilers serve
        self.jobs = options.jobs
        self.near = options.near
        self.trust = options.trust
        self.verdict_file = self.folder / "verdicts.tsv"
        self.baseline_file = self.folder / "baseline.json"  # seconds that each program takes, for one state of the tree
        self.baseline = {}
        self.environment = {**os.environ, "OMP_NUM_THREADS": str(options.jobs), "OMP_WAIT_POLICY": "passive"}

    def run(self, command, limit=None, folder=None):
        """Exit code and output; a code of None means that it did not end in time."""
        with subprocess.Popen([str(word) for word in command], cwd=folder or self.source, env=self.environment,
                              text=True, errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, start_new_session=True) as process:
            try:
                output, _ = process.communicate(timeout=limit)
                return process.returncode, output
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                return None, ""

    def copy_tree(self):
        """The files that git knows, or would add, where they differ; so that little is built anew."""
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                                capture_output=True, text=True).stdout.split("\n")
        wanted = {name for name in listed if name and (ROOT / name).is_file()}
        for name in wanted:
            target = self.source / name
            content = (ROOT / name).read_bytes()
            if target.is_file() and target.read_bytes() == content:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            shutil.copymode(ROOT / name, target)
        for path in list(self.source.rglob("*")):
            name = path.relative_to(self.source).as_posix()
            if not name.startswith("build/") and path.is_file() and name not in wanted:
                path.unlink()

    def tree_hash(self):
        """Of the names and contents of the copy's sources."""
        digest = hashlib.sha256()
        for path in sorted(self.source.rglob("*")):
            name = path.relative_to(self.source).as_posix()
            if not name.startswith("build/") and path.is_file():
                digest.update(f"{name}\0".encode() + path.read_bytes())
        return digest.hexdigest()

    def programs(self, folder):
        return PROGRAMS[folder][:1] if self.near else PROGRAMS[folder]

    def commands_of(self, target, place):
        """Those of the build that write to `place`."""
        code, output = self.run(["ninja", "-t", "commands", target], None, self.build)
        return [line for line in output.splitlines() if code == 0 and place in line]

    def shell(self, commands):
        """True if all succeed."""
        return all(self.run(["sh", "-c", command], 1800, self.build)[0] == 0 for command in commands)

    def prepare(self, programs):
        self.copy_tree()
        code, output = self.run(["cmake", "--preset", "release", "-DVOXGRAD_CUDA=OFF", "-DVOXGRAD_WERROR=ON", "-Wno-dev"])
        if code == 0:
            targets = [f"test_{name}" for name in programs]
            code, output = self.run(["cmake", "--build", self.build, "-j", self.jobs, "--target", *targets])
        if code != 0:
            sys.exit(f"the unchanged tree does not build:\n{output[-3000:]}")
        tree = self.tree_hash()
        remembered = json.loads(self.baseline_file.read_text()) if self.baseline_file.exists() else {}
        for name in programs:
            if remembered.get("tree") == tree and name in remembered:
                self.baseline[name] = remembered[name]
                continue
            if self.trust:
                self.baseline[name] = 60
                continue
            begin = time.monotonic()
            code, shown = self.test(name, None)
            if code != 0:
                sys.exit(f"test_{name} fails on the unchanged tree: {shown}")
            self.baseline[name] = time.monotonic() - begin
            print(f"test_{name}: {self.baseline[name]:.0f} s", flush=True)
        if not self.trust:
            self.baseline_file.write_text(json.dumps({"tree": tree, **self.baseline}))
        # The programs that a test runs are linked with it.
        self.links = {name: self.commands_of(f"test_{name}", " -o bin/") for name in programs}
        commands = json.loads((self.build / "compile_commands.json").read_text())
        # Some files are compiled once more for tests; those are not what programs are made of.
        self.commands = {os.path.relpath(c["file"], self.source): c for c in commands
                         if " -o tests/" not in c["command"]}

    def near_tests(self, name, path):
        """doctest's pattern of the program's test files that include the file's own header, or one beside it."""
        sources = {f: f.read_text() for f in (self.source / "tests" / name).glob("*.cpp")}
        own = f'#include "{path.removesuffix(".cpp")}.h"'
        beside = f'#include "{os.path.dirname(path)}/'
        for wanted in (own, beside):
            near = [f"*/{f.name}" for f, text in sources.items() if wanted in text]
            if near:
                return ",".join(sorted(near))
        return ""

    def test(self, name, limit, *filters):
        code, output = self.run([self.build / "bin" / f"test_{name}", "--abort-after=1", "--no-version=true",
                                 "--test-case-exclude=*[slow]*", "--test-suite-exclude=reference", *filters], limit)
        if code is None:
            return code, "hung"
        failed = re.findall(r"^TEST CASE:\s*(.*)$", output, re.M)
        return code, (failed[-1].strip() if failed else f"exit code {code}")

    def compile(self, path, out):
        """True if the file compiles. Warnings are no errors here: a mutant may leave a name unused."""
        entry = self.commands[path]
        words = [word for word in shlex.split(entry["command"]) if word != "-Werror" and not word.endswith("ccache")]
        words[words.index("-o") + 1] = str(out)
        code, _ = self.run(words, 1800, entry["directory"])
        return code == 0

    def judge(self, folder, path, change):
        """(verdict, what showed it)."""
        if path not in self.commands:
            return "invalid", "not built"
        source = self.source / path
        target = re.search(r" -o (\S+)", self.commands[path]["command"]).group(1)
        place, library = re.match(r"(.*/)?CMakeFiles/(\w+)\.dir/", target).groups()
        archive = self.commands_of(f"lib{library}.a", f"{place}lib{library}.a")[-1:]
        original = source.read_text()
        mutant, plain = self.folder / "mutant.o", self.folder / "plain.o"
        _, begin, end, new = change
        try:
            source.write_text(original[:begin] + new + original[end:])
            if not self.compile(path, mutant):
                return "invalid", "does not compile"
            source.write_text(original)
            if mutant.read_bytes() == (self.build / target).read_bytes():
                return "invalid", "the same object code"
            if not archive or not self.shell([archive[0].replace(target, str(mutant))]):
                sys.exit(f"{path}: its library cannot be made")
            for name in self.programs(folder):
                if not self.shell(self.links[name]):
                    return "invalid", "does not link"
                limit, near = 60 + 6 * self.baseline[name], self.near_tests(name, path)
                runs = ["--source-file=" + near, "--source-file-exclude=" + near] if near else [""]
                for filters in runs:
                    code, shown = self.test(name, limit, *filter(None, [filters]))
                    if code != 0:
                        return "killed", f"{name}: {shown}"
            if self.compile(path, plain) and plain.read_bytes() == mutant.read_bytes():
                return "invalid", "the same object code"
            return "survived", ""
        finally:
            source.write_text(original)
            self.shell(archive)

    def known(self):
        if not self.verdict_file.exists():
            return []
        return [line.split("\t") for line in self.verdict_file.read_text().splitlines()]

    def note(self, row):
        with open(self.verdict_file, "a") as file:
            file.write("\t".join(row) + "\n")


def report(rows):
    """A table of verdicts by folder; returns the number of survivors."""
    verdicts = ("killed", "survived", "invalid", "skipped")
    counts = {}
    for row in rows.values():
        counts.setdefault(row[1], dict.fromkeys(verdicts, 0))[row[0]] += 1
    total = {v: sum(c[v] for c in counts.values()) for v in verdicts}
    print(f"{'folder':<10}" + "".join(f"{v:>10}" for v in verdicts) + f"{'score':>9}")
    for name, count in [*sorted(counts.items()), ("all", total)]:
        valid = count["killed"] + count["survived"]
        score = f"{100 * count['killed'] / valid:.1f}%" if valid else "-"
        print(f"{name:<10}" + "".join(f"{count[v]:>10}" for v in verdicts) + f"{score:>9}")
    for row in rows.values():
        if row[0] == "survived":
            print(f"survived: {row[2]}:{row[3]} ({row[4]})\n  - {row[5]}\n  + {row[6]}")
    return total["survived"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=150, help="valid mutants, over all folders")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, help="stop after so long")
    parser.add_argument("--folders", default=",".join(PROGRAMS))
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "mutants")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--again", action="store_true", help="run those that survived once more")
    parser.add_argument("--near", action="store_true", help="run only the first test program of each folder")
    parser.add_argument("--trust", action="store_true", help="do not run the tests of the unchanged tree first")
    parser.add_argument("--list", action="store_true", help="show candidates, run none")
    options = parser.parse_args()
    folders = options.folders.split(",")
    for folder in folders:
        if folder not in PROGRAMS:
            parser.error(f"no folder '{folder}'; there are {', '.join(PROGRAMS)}")
    if options.list:
        for _, (folder, path, change) in zip(range(options.count), draw(ROOT, folders, options.seed)):
            number, before, after = describe(ROOT, path, change)
            print(f"{path}:{number} ({change[0]})\n  - {before}\n  + {after}")
        return 0

    deadline = time.monotonic() + 60 * options.minutes if options.minutes else None
    campaign = Campaign(options)
    campaign.folder.mkdir(parents=True, exist_ok=True)
    campaign.source.mkdir(exist_ok=True)
    skipped = Skipped()
    rows = {}  # by file and lines, so that a mutant is known again after lines moved
    for row in campaign.known():
        if row[1] in folders:
            rows[(row[2], row[5], row[6])] = row
    for key, row in rows.items():  # reasons found since
        if skipped.get(key):
            rows[key] = ["skipped", *row[1:7], skipped.get(key)]
    campaign.prepare(list(dict.fromkeys(p for f in folders for p in campaign.programs(f))))

    def examine(folder, path, change, key):
        number, before, after = describe(campaign.source, path, change)
        begin = time.monotonic()
        reason = skipped.get(key)
        verdict, shown = ("skipped", reason) if reason else campaign.judge(folder, path, change)
        rows[key] = [verdict, folder, path, str(number), change[0], before, after, shown]
        campaign.note(rows[key])
        print(f"{verdict}: {path}:{number} ({change[0]}) {shown} [{time.monotonic() - begin:.0f} s]\n"
              f"  - {before}\n  + {after}", flush=True)

    def valid():
        return sum(row[0] in ("killed", "survived") for row in rows.values())

    for folder, path, change in draw(campaign.source, folders, options.seed):
        if deadline and time.monotonic() > deadline:
            break
        number, before, after = describe(campaign.source, path, change)
        key = (path, before, after)
        if options.again:
            if key in rows and rows[key][0] == "survived":
                examine(folder, path, change, key)
        elif valid() >= options.count:
            break
        elif key not in rows:
            examine(folder, path, change, key)
    print(f"seed {options.seed}:")
    return 1 if report(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
