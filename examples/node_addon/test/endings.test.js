'use strict';
// How a process ends, and a thread of worker_threads: each in a process of its
// own, which must end by itself, with status 0 and the last word of its script.
const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { promisify } = require('node:util');
const { PIPES, fileOf, lines } = require('./support.js');

const run = promisify(execFile);
const timeout = 300_000; // of a test; nothing measures a time
const FIND = JSON.stringify(path.join(__dirname, '..', 'find.js'));
const HOLES = JSON.stringify(fileOf('')); // it takes a while to search it
fs.truncateSync(JSON.parse(HOLES), 2 ** 28);
fs.appendFileSync(JSON.parse(HOLES), 'end');
const FILE = JSON.stringify(fileOf(lines(500_000)));

const scripts = {
  'a search to its end': `
    for await (const _ of search()) { }
    console.log('end');`,
  'a search that was broken off': `
    for await (const _ of search()) break;
    console.log('end');`,
  'an iterator that nobody goes on with': `
    await search().next();
    console.log('end');`,
  'the garbage collector finds a search': `
    for await (const _ of search('absent')) { } // Node's threads start
    const count = () => fs.readdirSync('/proc/self/task').length;
    const before = count();
    await search().next();
    while (count() > before) { gc(); await turn(); }
    console.log('end');`,
  'a promise whose stream nobody has': `
    const file = ${HOLES};
    const fd = fs.openSync(file);
    let found;
    (() => new (load(PIPE))(fd, Buffer.from('end'), 1, 1).next())()
      .then((offsets) => { found = offsets ?? []; });
    while (found === undefined) { gc(); await turn(); }
    console.log(found.length === 1 ? 'end' : 'was collected');`,
  'process.exit in the loop': `
    for await (const _ of search()) { console.log('end'); process.exit(0); }`,
  'process.exit while a promise waits': `
    search('absent').next();
    await turn();
    console.log('end');
    process.exit(0);`,
  'a worker that is terminated between two batches': `
    const worker = inWorker("for await (const _ of search()) {" +
      "parentPort.postMessage(0); await new Promise(() => { }); }");
    await once(worker, 'message');
    await worker.terminate();
    console.log('end');`,
  'a worker that is terminated while it takes batches': `
    const worker = inWorker("for (;;) for await (const _ of search())" +
      "parentPort.postMessage(0);");
    await once(worker, 'message');
    await worker.terminate();
    console.log('end');`,
  'a worker that ends with a search open': `
    const worker = inWorker("await search().next();");
    await once(worker, 'exit');
    console.log('end');`,
  'a worker that calls process.exit': `
    const worker = inWorker(
      "for await (const _ of search()) process.exit(0);");
    await once(worker, 'exit');
    console.log('end');`,
  'a worker, and the main thread beside it': `
    const worker = inWorker("for await (const _ of search()) { }");
    const ended = once(worker, 'exit');
    for await (const _ of search()) { }
    await ended;
    console.log('end');`,
};

const prelude = (pipe) => `
  const fs = require('node:fs');
  const { once } = require('node:events');
  const { Worker, parentPort } = require('node:worker_threads');
  const { setImmediate: turn } = require('node:timers/promises');
  const { find, load } = require(${FIND});
  const PIPE = '${pipe}';
  const search = (needle = '\\n') => find(${FILE}, needle,
    { pipe: '${pipe}', threads: 3, capacity: 100 });
  const asyncly = (body) => prelude + '(async () => {' + body + '})();';
  const inWorker = (body) => new Worker(asyncly(body), { eval: true });
`;

for (const pipe of PIPES)
  for (const [name, script] of Object.entries(scripts))
    test(`${pipe}: ${name}`, { timeout }, async () => {
      const text = prelude(pipe);
      const { stdout, stderr } = await run(process.execPath,
        ['--expose-gc', '-e', `const prelude = ${JSON.stringify(text)};
          ${text} (async () => { ${script} })();`], { timeout: 240_000 });
      assert.equal(stdout, 'end\n');
      assert.equal(stderr, '');
    });

// What demo.js and compare.js say when they cannot do it: a sentence on one
// line, with nothing in it that commands a terminal.
async function refused(script, args, env, says) {
  const { ADDONS, ...others } = process.env;
  await assert.rejects(
    run(process.execPath, [path.join(__dirname, '..', script), ...args],
      { env: { ...others, ...env } }),
    (err) => {
      assert.equal(err.code, 1);
      assert.equal(err.stdout, '');
      assert.match(err.stderr, says);
      assert.match(err.stderr, /^[\x20-\x7e]+\n$/);
      return true;
    });
}

const { ADDONS } = process.env;
const ESC = 'red\x1b[31m\x9b31m\n\u202e';
const ESCAPED = 'red\\\\u\\{1b\\}\\[31m\\\\u\\{9b\\}31m\\\\u\\{a\\}\\\\u\\{202e\\}';
for (const [script, args] of [['demo.js', []],
                              ['compare.js', ['file', 'x', 0, 'loopchan', 1]]]) {
  test(`${script} without the addons`, { timeout }, async () => {
    await refused(script, args, {}, /: ADDONS: it has to name/);
    await refused(script, args, { ADDONS: '' }, /: ADDONS: it has to name/);
    await refused(script, args, { ADDONS: ESC },
      new RegExp(`: ADDONS: there is no '/.*/${ESCAPED}/find_loopchan.node'`));
  });
  test(`${script}, a name that commands a terminal`, { timeout }, () =>
    refused(script, [ESC, ...args.slice(1)], { ADDONS },
      new RegExp(`: ENOENT: .*'${ESCAPED}'`)));
}
