'use strict';
// demo [FILE NEEDLE]: counts the needle in the file, once with find(), once on
// Node's own thread, and tells how late a timer was meanwhile.
const fs = require('node:fs');
const { setImmediate: turn } = require('node:timers/promises');
const { find } = require('./find.js');
const { run } = require('./plain.js');

const [file = process.execPath, needle = 'node'] = process.argv.slice(2);

async function withThreads() {
  let count = 0;
  for await (const offsets of find(file, needle))
    count += offsets.length;
  return count;
}

async function onTheLoop() {
  const content = fs.readFileSync(file);
  let count = 0;
  for (let at = -1; (at = content.indexOf(needle, at + 1)) !== -1;)
    count++;
  await turn(); // for the timer
  return count;
}

// What a search finds, how long it takes, and how late a timer of 1 ms is.
async function watch(search) {
  const begun = performance.now();
  let last = begun, late = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    late = Math.max(late, now - last - 1);
    last = now;
  }, 1);
  const count = await search();
  clearInterval(timer);
  return { count, ms: performance.now() - begun, late };
}

run('demo', async () => {
  await withThreads(); // once before: the file is in memory then
  const results = { find: await watch(withThreads),
                    'indexOf on the loop': await watch(onTheLoop) };
  for (const [name, { count, ms, late }] of Object.entries(results))
    console.log(`${name}: ${count} times in ${ms.toFixed(1)} ms, ` +
                `a timer was ${late.toFixed(1)} ms late`);
  const counts = Object.values(results).map(({ count }) => count);
  process.exitCode = counts[0] === counts[1] ? 0 : 1;
});
