'use strict';
// The addon without memory: each of its allocations fails in turn, by the
// library of examples/faults/fail.c (FAIL_LIBRARY). A search finds all, or ends
// with an error; it never loses a hit in silence, nor waits without end.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const { PIPES, fileOf, lines } = require('./support.js');

const COUNT = 300;
const FIND = JSON.stringify(path.join(__dirname, '..', 'find.js'));
const FILE = JSON.stringify(fileOf(lines(COUNT)));

const script = (pipe) => `
  const { find } = require(${FIND});
  let end = 'never settled', count = 0;
  process.once('exit', () => console.log(end));
  (async () => {
    for await (const offsets of find(${FILE}, '\\n',
                                     { pipe: '${pipe}', threads: 3,
                                       capacity: 1 }))
      count += offsets.length;
  })().then(() => { end = 'found ' + count; }, ({ code }) => { end = code; });
`;

// Returns what a search without that allocation came to.
function searchWithout(pipe, fail) {
  const env = { ...process.env, LD_PRELOAD: process.env.FAIL_LIBRARY,
                FAIL: `memory:${fail}`, FAIL_IN: `find_${pipe}` };
  const { stdout, stderr } = spawnSync(process.execPath,
    ['-e', script(pipe)], { env, encoding: 'utf8', timeout: 240_000 });
  return stdout.trim() + stderr;
}

for (const pipe of PIPES)
  test(`${pipe}: no memory is an error`, { timeout: 800_000 }, () => {
    for (let n = 1; n <= 16; n++)
      for (const fail of [`${n}`, `${n}+`])
        assert.match(searchWithout(pipe, fail),
                     new RegExp(`^(found ${COUNT}|ENOMEM)$`), fail);
  });
