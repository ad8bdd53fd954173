'use strict';
// What the tests share.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setImmediate: turn } = require('node:timers/promises');

const { PIPES } = require('../find.js');

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'loopchan-find-'));
process.once('exit', () => fs.rmSync(directory, { recursive: true }));

let files = 0;
function fileOf(content) {
  const file = path.join(directory, `${files++}`);
  fs.writeFileSync(file, content);
  return file;
}

// Numbered lines: 8 bytes each.
function lines(count) {
  const buffer = Buffer.alloc(8 * count);
  for (let i = 0; i < count; i++)
    buffer.write(String(i).padStart(7, '0') + '\n', 8 * i, 'latin1');
  return buffer;
}

function offsetsOf(content, needle) {
  const offsets = [];
  for (let at = -1; (at = content.indexOf(needle, at + 1)) !== -1;)
    offsets.push(at);
  return offsets;
}

const sorted = (offsets) => offsets.sort((a, b) => a - b);

// Lets the loop turn until it is so. If it never is, the test's time is up.
async function until(condition) {
  while (!condition())
    await turn();
}

module.exports = { PIPES, fileOf, lines, offsetsOf, sorted, turn, until };
