"""mutate: is there a test for every line of the library?

Applies small edits to the library's sources, one at a time, and looks whether
a test or an explorer's program turns red. An edit that nothing notices has
survived: write a test, or argue in test/check/mutate.harmless that it does no harm.

  test/check/mutate                       all rooms: hours
  test/check/mutate --room inbox          one room, or more: --room inbox,node
  test/check/mutate --from 100 --to 150   a piece: the mutants' numbers are fixed as
                                    long as the sources are
  test/check/mutate --numbers 7,123       these
  test/check/mutate --quick 0.5           a first look, by the tests that take no more
                                    than half a second
  test/check/mutate --sample 40           so many, drawn by a seed that it prints: the
                                    commit, so the same sources give the same
              --seed 7              others
  test/check/mutate --list                only lists them
  test/check/mutate --show 123            one mutant as a diff, and what each of the
                                    tests says of it

What is edited: each memory order, one step weaker; statements deleted (fences,
locks, wakes, counts); conditions never or always met, and their parts left out;
comparisons off by one or the other way; constants off; arithmetic, outcomes and
states exchanged for others. Not: asserts, which state what cannot happen.

The sources are copied, one copy for each job, to build/mutate, and built there
without debug information, so that objects can be compared. A mutant that the
compiler refuses, or whose objects are those of the original, is counted as
such. If only the explorer's objects differ (a memory order that the processor
gives anyway), only its programs can tell. Otherwise tests run one by one, the
room's own first, then those that killed most for their time in earlier runs,
until one fails. A test that takes ten times as long as it should is stopped,
and has failed. A test is believed only if it passes on the sources as they are.

A line of test/check/mutate.harmless is

  file :: function :: line of code :: the same line as edited :: the reason

where * stands for any function, or line. An entry that fits no mutant, or whose
mutant has been killed, is reported: it is to be removed. A sample draws no
mutant that is on the list, for each takes the whole suite.

Ends with 0 if nothing survived and the list is right.
"""
import argparse
import collections
import concurrent.futures
import difflib
import fcntl
import glob
import hashlib
import json
import os
import queue
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
WORK = os.path.join(TOP, 'build', 'mutate')
HARMLESS = os.path.join(TOP, 'test', 'check', 'mutate.harmless')

# What can tell a mutant: the beginnings of ctest's names. The others look at
# texts, or run a room's program once more in another dress.
KINDS = ('room_', 'promise_', 'fault_', 'fuzz_', 'explore_')
ADD_TEST = re.compile(r'^add_test\((\w+) (".*")\)$', re.M)
COSTS = os.path.join(TOP, 'build', 'plain', 'Testing', 'Temporary',
                     'CTestCostData.txt')

# ------------------------------------------------------------------- mutants

Mutant = collections.namedtuple('Mutant', 'file function start end new')

WEAKER = {
    'memory_order_seq_cst': ['memory_order_acq_rel'],
    'memory_order_acq_rel': ['memory_order_acquire', 'memory_order_release'],
    'memory_order_acquire': ['memory_order_relaxed'],
    'memory_order_release': ['memory_order_relaxed'],
}
OTHERS = {
    '==': ['!='], '!=': ['=='],
    '<': ['<='], '<=': ['<'], '>': ['>='], '>=': ['>'],
    '++': ['--'], '--': ['++'], '+=': ['-='], '-=': ['+='],
    '*=': ['/='], '/=': ['*='], '!': [''], '~': [''],
    'true': ['false'], 'false': ['true'],
    'LC_EMPTY': ['LC_PARKED'], 'LC_PARKED': ['LC_EMPTY'],
    'LC_CLOSED': ['LC_PARKED'], 'LC_CONTROL': ['((uintptr_t) 0)'],
    'LC_PUSHED': ['LC_PUSHED_OWES_WAKE'], 'LC_PUSHED_OWES_WAKE': ['LC_PUSHED'],
    'LC_REFUSED': ['LC_PUSHED'],
    'LC_RENDEZVOUS': ['LC_BOUNDED'], 'LC_BOUNDED': ['LC_UNBOUNDED'],
    'LC_UNBOUNDED': ['LC_BOUNDED'], 'LC_NOTIFY_BATCH': ['LC_NOTIFY_EACH'],
    'LC_NOTIFY_EACH': ['LC_NOTIFY_BATCH'], 'LC_NOW': ['LC_NEVER'], 'LC_NEVER': ['LC_NOW'],
    'LC_OPEN': ['LC_CLOSING'], 'LC_CLOSING': ['LC_OPEN'],
    'LC_NEVER_OPENED': ['LC_CLOSED_FOR_GOOD'],
    'LC_CLOSED_FOR_GOOD': ['LC_NEVER_OPENED'],
    'LC_WRITER_OPEN': ['LC_WRITER_CLOSED'],
    'LC_WRITER_CLOSED': ['LC_WRITER_OPEN'],
}
# Between two values, as clang-format spaces them: not a pointer or an address.
BETWEEN = {'+': '-', '-': '+', '*': '/', '/': '*', '&': '|', '|': '&', '%': '/'}

TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*|"(?:\\.|[^"\\])*"|'
    r"'(?:\\.|[^'\\])*'|[A-Za-z_]\w*|\d\w*|\+\+|--|->|<<=?|>>=?|&&|\|\||"
    r'[-+*/%&|^!<>=]=|[^\s]', re.S | re.M)
DEFINE = re.compile(r'\s*#define (\w+) (\(\(size_t\) )?(\d+)\b')
NUMBER = re.compile(r'\d+$')
KEYWORDS = ('if', 'else', 'for', 'while', 'do', 'switch', 'case', 'default',
            'return', 'goto', 'sizeof')


def off_by_one(number):
    n = int(number)
    return [str(n + 1)] + ([str(n - 1)] if n > 0 else [])


class File:
    """The tokens of one source file, and the mutants in its functions."""

    def __init__(self, name):
        self.name = name
        with open(os.path.join(TOP, name), encoding='utf-8') as file:
            self.text = file.read()
        self.mutants = []
        self.function = '-'
        found = list(TOKEN.finditer(self.text))
        for match in found:
            if match.group().lstrip().startswith('#'):
                self.constant(match)
        self.tokens = [m for m in found
                       if not m.group().lstrip().startswith(('/*', '//', '#'))]
        self.words = [m.group() for m in self.tokens]
        self.find_functions()

    def constant(self, match):
        define = DEFINE.match(match.group())
        for n in off_by_one(define.group(3)) if define else []:
            self.add(match.start() + define.start(3),
                     match.start() + define.end(3), n)

    def add(self, start, end, new):
        # The lines stay where they are: asserts tell their numbers.
        old = self.text[start:end]
        mutant = Mutant(self.name, self.function, start, end,
                        new + '\n' * old.count('\n'))
        if mutant not in self.mutants:
            self.mutants.append(mutant)

    def replace(self, first, last, new):
        self.add(self.tokens[first].start(), self.tokens[last].end(), new)

    def closing(self, at, step=1):
        """The token that closes the bracket at, or opens it with step -1."""
        depth = 0
        while True:
            if self.words[at] in '([{':
                depth += 1
            elif self.words[at] in ')]}':
                depth -= 1
            if depth == 0:
                return at
            at += step

    def find_functions(self):
        at = 0
        while at < len(self.words):
            if self.words[at] == '{':
                end = self.closing(at)
                if self.words[at - 1] == ')':
                    head = self.closing(at - 1, -1)
                    self.function = self.words[head - 1]
                    self.mutate(at + 1, end)
                at = end
            at += 1
        self.mutants.sort(key=lambda mutant: mutant.start)

    def mutate(self, at, end):
        """The mutants of the tokens from at to end, a function's body."""
        new_statement, heads, in_head = True, set(), at
        while at < end:
            word = self.words[at]
            if word in ('lc_assert', 'lc_expect', 'lc_called', 'static_assert'):
                at = self.closing(at + 1) + 1
                new_statement = True
                continue
            if new_statement:
                self.delete(at)
            self.exchange(at)
            if word in ('if', 'while', 'switch', 'for'):
                close = self.closing(at + 1)
                if word in ('if', 'while'):
                    self.replace(at + 2, close - 1, '0')
                if word == 'if':
                    self.replace(at + 2, close - 1, '1')
                heads.add(close)
                in_head = close
            new_statement = at >= in_head and (
                word in (';', '{', '}', 'else', 'do') or at in heads or
                (word == ':' and self.is_label(at)))
            at += 1

    def is_label(self, at):
        """Whether the colon there ends a label, and no choice."""
        return self.words[at - 2] in (';', '}', 'case', '{')

    def delete(self, at):
        """The statement that begins there, if it can be left out."""
        words, end = self.words, at
        if (words[at] in KEYWORDS or words[at] in ';{}' or
                words[at + 1] == ':'):
            if not (words[at] == 'return' and words[at + 1] == ';'):
                return
        while words[end] != ';':
            if words[end] in '([{':
                end = self.closing(end)
            end += 1
        names = re.compile(r'[A-Za-z_]\w*$')
        first = at
        while words[first + 1] == '*':
            first += 1
        is_declaration = (names.match(words[at]) and
                          names.match(words[first + 1]))
        if words[at:at + 3] == ['(', 'void', ')'] or (
                is_declaration and words[at] != 'return'):
            return
        self.replace(at, end, ';')

    def exchange(self, at):
        """The token there for others, and the operands beside it left out."""
        word = self.words[at]
        for new in WEAKER.get(word, []) + OTHERS.get(word, []):
            self.replace(at, at, new)
        if NUMBER.match(word):
            for new in off_by_one(word):
                self.replace(at, at, new)
        if re.match('UV_E[A-Z]+$', word):
            self.replace(at, at, 'UV_E2BIG')
        token = self.tokens[at]
        if word in BETWEEN and (self.text[token.start() - 1].isspace() and
                                self.text[token.end()].isspace()):
            self.replace(at, at, BETWEEN[word])
        if word in ('&&', '||'):
            nothing = '1' if word == '&&' else '0'
            self.replace(self.operand(at, -1), at - 1, nothing)
            self.replace(at + 1, self.operand(at, 1), nothing)
        if word == '?':
            for new in '0', '1':
                self.replace(self.operand(at, -1, '?'), at - 1, new)

    def operand(self, at, step, operator='&&'):
        """How far the operand reaches that begins beside at."""
        ends = [';', ',', '{', '}', '=', 'return', '?', ':']
        if operator != '?':
            ends += ['&&', '||']
        opens, closes = ('([', ')]') if step > 0 else (')]', '([')
        at += step
        while self.words[at] not in ends and self.words[at] not in closes:
            if self.words[at] in opens:
                at = self.closing(at, step)
            at += step
        return at - step


def lines_of(text, mutant):
    """The line of code where a mutant begins, as it was and as it is."""
    begin = text.rfind('\n', 0, mutant.start) + 1
    end = text.find('\n', mutant.end)
    edited = text[begin:mutant.start] + mutant.new + text[mutant.end:end]
    return ' '.join(text[begin:end].split()), ' '.join(edited.split())


def number_of(text, mutant):
    return text.count('\n', 0, mutant.start) + 1


def room_of(name):
    return os.path.splitext(os.path.basename(name))[0]


# -------------------------------------------------------------- harmless list

class Harmless:
    """What test/check/mutate.harmless says."""

    def __init__(self):
        self.entries = []
        self.met = collections.Counter()
        self.killed = collections.Counter()
        self.tried = collections.Counter()
        with open(HARMLESS, encoding='utf-8') as file:
            for line in file:
                if line.strip() and not line.startswith('#'):
                    entry = tuple(field.strip() for field in line.split(' :: '))
                    if len(entry) != 5:
                        sys.exit('mutate.harmless: not five fields: ' + line)
                    self.entries.append(entry)

    def find(self, text, mutant):
        was, becomes = lines_of(text, mutant)
        for entry in self.entries:
            if entry[0] == mutant.file and all(
                    pattern in ('*', value) for pattern, value in zip(
                        entry[1:4], (mutant.function, was, becomes))):
                return entry
        return None

    def wrong(self):
        for entry in self.entries:
            name = ' :: '.join(entry[:4])
            if not self.met[entry]:
                yield 'fits no mutant: ' + name
            elif self.tried[entry] and self.killed[entry] == self.met[entry]:
                yield 'has been killed: ' + name


# --------------------------------------------------------------- build, tests

def call(command, folder, seconds=600):
    return subprocess.run(command, cwd=folder, timeout=seconds,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)


def write_if_new(path, content):
    """A file that is the same keeps its time, so nothing is built for it."""
    if os.path.exists(path):
        with open(path, 'rb') as file:
            if file.read() == content:
                return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(content)


def files_to_copy():
    yield 'CMakeLists.txt'
    for top in 'src', 'include', 'test':
        for folder, _, names in os.walk(os.path.join(TOP, top)):
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), TOP)


def end_session(session):
    """check runs each test in a process group of its own."""
    for stat in glob.glob('/proc/[0-9]*/stat'):
        try:
            with open(stat, encoding='utf-8', errors='replace') as file:
                fields = file.read().rpartition(')')[2].split()
            if int(fields[3]) == session:
                os.kill(int(stat.split('/')[2]), signal.SIGKILL)
        except (OSError, IndexError):
            pass


def limits():
    """A mutant may spin, eat memory or fill the disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (300, 300))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 26, 1 << 26))


class Copy:
    """A copy of the sources, its build, and its tests."""

    def __init__(self, number):
        self.top = os.path.join(WORK, str(number))
        self.build = os.path.join(self.top, 'build')
        kept, state = set(), hashlib.sha256()
        for name in sorted(files_to_copy()):
            kept.add(name)
            with open(os.path.join(TOP, name), 'rb') as file:
                content = file.read()
            state.update(content)
            write_if_new(os.path.join(self.top, name), content)
            shutil.copymode(os.path.join(TOP, name),
                            os.path.join(self.top, name))
        for top in 'src', 'include', 'test':
            for folder, _, names in os.walk(os.path.join(self.top, top)):
                for name in names:
                    path = os.path.join(folder, name)
                    if os.path.relpath(path, self.top) not in kept:
                        os.remove(path)
        self.state = state.hexdigest()
        self.make_whole()

    def make_whole(self):
        configure = ['cmake', '-G', 'Ninja', '-S', '.', '-B', 'build',
                     '-DCMAKE_BUILD_TYPE=None', '-DCMAKE_C_FLAGS=-O1 -w',
                     '-DLOOPCHAN_WERROR=OFF', '-DLOOPCHAN_BUILD_EXAMPLES=OFF',
                     '-DCMAKE_LINK_DEPENDS_NO_SHARED=ON']
        if os.path.exists(os.path.join(self.build, 'build.ninja')):
            configure = ['true']
        for command in configure, ['ninja', '-C', 'build', '-j', '1',
                                   'loopchan_shared', 'explored']:
            done = call(command, self.top)
            if done.returncode != 0:
                sys.exit('mutate: the sources do not build:\n' +
                         done.stdout.decode(errors='replace')[-2000:])
        self.tests = {}
        for path in glob.glob(os.path.join(self.build, 'test', '**',
                                           'CTestTestfile.cmake'),
                              recursive=True):
            with open(path, encoding='utf-8') as file:
                for name, command in ADD_TEST.findall(file.read()):
                    if name.startswith(KINDS):
                        self.tests[name] = shlex.split(command)
        self.plain = self.objects('CMakeFiles/loopchan_shared.dir')
        self.explored = self.objects('test/explore/CMakeFiles/explored.dir')

    def objects(self, folder):
        whole = hashlib.sha256()
        for path in sorted(glob.glob(os.path.join(self.build, folder, '**',
                                                  '*.o'), recursive=True)):
            with open(path, 'rb') as file:
                whole.update(file.read())
        return whole.hexdigest()

    def make(self, target):
        return call(['ninja', '-C', self.build, '-j', '1', target],
                    self.top).returncode == 0

    def read(self, name):
        with open(os.path.join(self.top, name), encoding='utf-8') as file:
            return file.read()

    def write(self, name, text):
        with open(os.path.join(self.top, name), 'w', encoding='utf-8') as file:
            file.write(text)

    def run(self, name, seconds):
        """'passes', 'fails', 'hangs', or 'does not compile'; and after how
        many seconds."""
        command = self.tests[name]
        if not self.make(os.path.basename(command[0])):
            return 'does not compile', 0
        begun = time.monotonic()
        process = subprocess.Popen(
            command, cwd=self.build, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=limits)
        try:
            verdict = 'passes' if process.wait(seconds) == 0 else 'fails'
        except subprocess.TimeoutExpired:
            verdict = 'hangs'
            process.terminate()
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if verdict != 'passes':
            end_session(process.pid)
        return verdict, time.monotonic() - begun


class Suite:
    """The order of the tests, how long each takes, and which are sound: they
    have passed on these sources as they are."""

    def __init__(self, copy, quick):
        self.path = os.path.join(WORK, 'times.json')
        self.seconds, self.kills, self.sound = {}, {}, {}
        self.state = copy.state
        if os.path.exists(self.path):
            with open(self.path, encoding='utf-8') as file:
                self.seconds, self.kills, self.sound = json.load(file)
        elif os.path.exists(COSTS):
            with open(COSTS, encoding='utf-8') as file:
                for name, _, seconds in re.findall(r'^(\w+) (\d+) (\S+)$',
                                                   file.read(), re.M):
                    self.seconds[name] = float(seconds)
        self.names = [name for name in copy.tests
                      if self.cost(name) <= quick]

    def cost(self, name):
        return self.seconds.get(name, 1)

    def save(self):
        with open(self.path, 'w', encoding='utf-8') as file:
            json.dump([self.seconds, self.kills, self.sound], file)

    def ask(self, copy, name, mutant, text):
        """What the test says of the mutant that is written into the copy."""
        limit = 5 + 10 * self.seconds[name] if name in self.seconds else 300
        verdict, seconds = copy.run(name, limit)
        if verdict == 'passes':
            # The shortest so far: others may use the machine.
            self.seconds[name] = min(seconds, self.seconds.get(name, seconds))
            return verdict
        if self.sound.get(name) != self.state:
            edited = copy.read(mutant.file)
            copy.write(mutant.file, text)
            sound, self.seconds[name] = copy.run(name, 300)
            if sound != 'passes':
                raise RuntimeError(name + ' fails before anything is edited')
            self.sound[name] = self.state
            copy.write(mutant.file, edited)
            return self.ask(copy, name, mutant, text)
        key = mutant.file + ' ' + name
        self.kills[key] = self.kills.get(key, 0) + 1
        return verdict

    def order(self, mutant, only_explorer):
        def weight(name):
            if name == 'promise_' + room_of(mutant.file):
                return 0
            kills = self.kills.get(mutant.file + ' ' + name, 0)
            return (0.1 + self.cost(name)) / (1 + kills)
        return sorted((name for name in self.names
                       if not only_explorer or name.startswith('explore_')),
                      key=weight)


# ----------------------------------------------------------------------- main

def try_out(copy, suite, text, mutant, all_tests=False):
    """'does not compile', 'same object', 'survived', or a test's name and what
    it did. With all_tests the verdict of each test is printed."""
    copy.write(mutant.file,
               text[:mutant.start] + mutant.new + text[mutant.end:])
    room = 'room_' + room_of(mutant.file)
    first = room in suite.names and not all_tests
    if first:
        # Cheaper to build than the library, and most are killed here.
        verdict = suite.ask(copy, room, mutant, text)
        if verdict in ('fails', 'hangs'):
            return room + ' ' + verdict
    if not copy.make('loopchan_shared'):
        return 'does not compile'
    only_explorer = False
    if copy.objects('CMakeFiles/loopchan_shared.dir') == copy.plain:
        only_explorer = True
        if not copy.make('explored'):
            return 'does not compile'
        if copy.objects(
                'test/explore/CMakeFiles/explored.dir') == copy.explored:
            return 'same object'
    for name in suite.order(mutant, only_explorer):
        if first and name == room:
            continue
        verdict = suite.ask(copy, name, mutant, text)
        if all_tests:
            print('%-32s %s' % (name, verdict), flush=True)
        elif verdict != 'passes':
            return name + ' ' + verdict
    return 'survived'


class Run:
    """One run over some mutants: the counts, and the lines it prints."""

    def __init__(self, args, files, mutants):
        self.args, self.files, self.mutants = args, files, mutants
        self.harmless = Harmless()
        self.counts = collections.defaultdict(collections.Counter)
        self.survivors = 0
        for mutant in mutants:
            entry = self.entry(mutant)
            if entry:
                self.harmless.met[entry] += 1

    def entry(self, mutant):
        return self.harmless.find(self.files[mutant.file].text, mutant)

    def describe(self, number):
        mutant = self.mutants[number]
        text = self.files[mutant.file].text
        was, becomes = lines_of(text, mutant)
        return '%d, line %d: %s :: %s :: %s :: %s' % (
            number, number_of(text, mutant), mutant.file, mutant.function, was,
            becomes)

    def judge(self, number, verdict):
        mutant = self.mutants[number]
        count = self.counts[room_of(mutant.file)]
        entry = self.entry(mutant)
        count['mutants'] += 1
        if entry:
            self.harmless.tried[entry] += 1
        if verdict in ('does not compile', 'same object'):
            count[verdict] += 1
        elif verdict != 'survived':
            count['killed'] += 1
            count['hung'] += verdict.endswith('hangs')
            if entry:
                self.harmless.killed[entry] += 1
        elif entry:
            count['harmless'] += 1
        else:
            count['survived'] += 1
            self.survivors += 1
        if self.args.verbose or (verdict == 'survived' and not entry):
            print('%s %s' % (verdict, self.describe(number)), flush=True)

    def go(self, numbers):
        os.makedirs(WORK, exist_ok=True)
        alone = open(os.path.join(WORK, 'lock'), 'w', encoding='utf-8')
        fcntl.flock(alone, fcntl.LOCK_EX)
        copies = queue.Queue()
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            made = list(pool.map(Copy, range(self.args.jobs)))
            suite = Suite(made[0], self.args.quick)
            for copy in made:
                copies.put(copy)

            def one(number):
                copy = copies.get()
                mutant = self.mutants[number]
                text = self.files[mutant.file].text
                try:
                    return number, try_out(copy, suite, text, mutant)
                finally:
                    copy.write(mutant.file, text)
                    copies.put(copy)

            for number, verdict in pool.map(one, numbers):
                self.judge(number, verdict)
        suite.save()

    def report(self):
        columns = ('mutants', 'killed', 'hung', 'does not compile',
                   'same object', 'harmless', 'survived')
        if self.args.sample is not None:
            self.counts = {'sample': sum(self.counts.values(),
                                         collections.Counter())}
        for room, count in sorted(self.counts.items()):
            print('%-16s %s' % (room + ':', ', '.join(
                '%d %s' % (count[c], c) for c in columns)))
        wrong = list(self.harmless.wrong())
        for line in wrong:
            print('mutate.harmless: ' + line)
        return 1 if self.survivors or wrong else 0


def show(run, number):
    """One mutant, and what every test says of it."""
    mutant = run.mutants[number]
    text = run.files[mutant.file].text
    edited = text[:mutant.start] + mutant.new + text[mutant.end:]
    sys.stdout.writelines(difflib.unified_diff(
        text.splitlines(True), edited.splitlines(True), mutant.file,
        mutant.file))
    copy = Copy(0)
    print(try_out(copy, Suite(copy, run.args.quick), text, mutant, all_tests=True))
    copy.write(mutant.file, text)


def seed_of_commit():
    """So that the same sources give the same sample; 0 without git."""
    try:
        return int(call(['git', 'rev-parse', 'HEAD'], TOP).stdout[:8], 16)
    except (OSError, ValueError):
        return 0


def choose(args, run):
    """The numbers of the mutants to be tried."""
    rooms = args.room.split(',') if args.room else None
    numbers = [n for n, mutant in enumerate(run.mutants)
               if args.begin <= n < args.to and
               (not rooms or room_of(mutant.file) in rooms)]
    if args.numbers:
        numbers = [int(number) for number in args.numbers.split(',')]
    if args.sample is not None:
        seed = args.seed if args.seed is not None else seed_of_commit()
        print('mutate: --seed %d' % seed, flush=True)
        numbers = [n for n in numbers if not run.entry(run.mutants[n])]
        random.Random(seed).shuffle(numbers)
        numbers = sorted(numbers[:args.sample])
    return numbers


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--room')
    parser.add_argument('--from', dest='begin', type=int, default=0)
    parser.add_argument('--to', type=int, default=sys.maxsize)
    parser.add_argument('--numbers')
    parser.add_argument('--quick', type=float, default=float('inf'))
    parser.add_argument('--sample', type=int)
    parser.add_argument('--seed', type=int)
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--show', type=int)
    parser.add_argument('--verbose', action='store_true')
    args = parser.parse_args()
    names = sorted(os.path.relpath(path, TOP)
                   for path in glob.glob(os.path.join(TOP, 'src', '*', '*.[ch]')))
    files = {name: File(name) for name in names}
    run = Run(args, files, [m for name in names for m in files[name].mutants])
    if args.show is not None:
        show(run, args.show)
        return 0
    numbers = choose(args, run)
    if args.list:
        for number in numbers:
            print(run.describe(number))
        return 0
    run.go(numbers)
    return run.report()


if __name__ == '__main__':
    sys.exit(main())
