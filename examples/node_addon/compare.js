'use strict';
// compare: the two pipes beside each other, in turn, each run in a process of
// its own: time per hit and the most memory, medians of RUNS, and the range.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { find } = require('./find.js');
const { run } = require('./plain.js');

const RUNS = 7;
const LINES = 2_000_000;
const LINE = '1234567\n';

// One run: prints how long it took, and the most memory.
async function one(file, needle, hits, pipe, threads) {
  const begun = process.hrtime.bigint();
  let found = 0;
  for await (const offsets of find(file, needle, { pipe, threads }))
    found += offsets.length;
  const ns = Number(process.hrtime.bigint() - begun);
  if (found !== hits)
    throw new Error(`${found} hits, not ${hits}`);
  console.log(JSON.stringify({ ns: ns / LINES,
                               kib: process.resourceUsage().maxRSS }));
}

function runOne(...args) {
  const child = spawnSync(process.execPath,
                          [__filename, ...args.map(String)],
                          { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.status !== 0)
    throw new Error(`${args} ended with ${child.status ?? child.signal}`);
  return JSON.parse(child.stdout);
}

function median(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1];
}

function compare(file) {
  const cases = [];
  for (const threads of [1, 2, 4])
    for (const pipe of ['loopchan', 'threadsafe'])
      for (const [needle, hits] of [['\n', LINES], ['absent', 0]])
        cases.push({ args: [file, needle, hits, pipe, threads], runs: [] });
  for (let i = 0; i < RUNS; i++)
    for (const c of cases)
      c.runs.push(runOne(...c.args));
  console.log(`${LINES} lines, ns per line (least to most), MiB`);
  for (const { args: [, needle, , pipe, threads], runs } of cases) {
    const ns = runs.map((r) => r.ns);
    const found = needle === '\n' ? 'every line found' : 'nothing found';
    console.log(`${threads} threads, ${pipe.padEnd(10)}, ${found.padEnd(16)}:`,
                median(ns).toFixed(1).padStart(7),
                `(${ns[0].toFixed(1)} to ${ns[RUNS - 1].toFixed(1)}),`,
                (median(runs.map((r) => r.kib)) / 1024).toFixed(1));
  }
}

run('compare', async () => {
  const args = process.argv.slice(2);
  if (args.length > 0) {
    const [file, needle, hits, pipe, threads] = args;
    await one(file, needle, Number(hits), pipe, Number(threads));
    return;
  }
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'loopchan-compare-'));
  try {
    const file = path.join(directory, 'lines');
    fs.writeFileSync(file, LINE.repeat(LINES));
    compare(file);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});
