'use strict';
// What find() promises, on both pipes.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');
const vm = require('node:vm');
const { find, load, PIECE } = require('../find.js');
const { PIPES, fileOf, lines, offsetsOf, sorted, turn, until } =
  require('./support.js');

const timeout = 300_000; // of a test; nothing measures a time
const LINES = 500_000; // 15 pieces and a bit

async function all(file, needle, options) {
  const found = [];
  for await (const offsets of find(file, needle, options))
    found.push(...offsets);
  return found;
}

// A thread that has been joined may be listed for a moment longer.
const threadsNow = () => fs.readdirSync('/proc/self/task').length;

for (const pipe of PIPES) {
  test(`${pipe}: all arrive, once, those of a thread in order`, { timeout },
       async () => {
    const content = lines(LINES);
    const file = fileOf(content);
    for (const threads of [1, 2, 5]) {
      const found = await all(file, '\n', { pipe, threads });
      const last = new Array(threads).fill(-1);
      for (const offset of found) {
        const thread = Math.floor(offset / PIECE) % threads;
        assert.ok(offset > last[thread]);
        last[thread] = offset;
      }
      assert.deepEqual(sorted(found), offsetsOf(content, '\n'));
    }
  });

  test(`${pipe}: needles may overlap, and lie across pieces`, { timeout },
       async () => {
    const content = Buffer.alloc(3 * PIECE, '.');
    for (const at of [0, PIECE - 3, PIECE - 1, 2 * PIECE - 4, 3 * PIECE - 4])
      content.write('abab', at);
    const file = fileOf(content);
    for (const needle of ['abab', 'ab', 'b', 'absent'])
      assert.deepEqual(sorted(await all(file, needle, { pipe, threads: 3 })),
                       offsetsOf(content, needle));
  });

  test(`${pipe}: an empty file, a file shorter than the needle`, { timeout },
       async () => {
    assert.deepEqual(await all(fileOf(''), 'x', { pipe }), []);
    assert.deepEqual(await all(fileOf('x'), 'xx', { pipe }), []);
  });

  test(`${pipe}: a capacity of one, many threads`, { timeout }, async () => {
    const content = lines(10_000);
    const found = await all(fileOf(content), '9', { pipe, capacity: 1,
                                                    threads: 20 });
    assert.deepEqual(sorted(found), offsetsOf(content, '9'));
  });

  test(`${pipe}: who does not ask for more stops the search`, { timeout },
       async () => {
    const capacity = 100;
    const fd = fs.openSync(fileOf(lines(LINES)));
    const stream = new (load(pipe))(fd, Buffer.from('\n'), 4, capacity);
    fs.closeSync(fd);
    let received = (await stream.next()).length;
    for (let round = 0; round < 5; round++) {
      await until(() => stream.queued() === capacity);
      for (let i = 0; i < 100; i++, await turn())
        assert.equal(stream.queued(), capacity);
      received += (await stream.next()).length;
    }
    for (let more; (more = await stream.next()) !== undefined;)
      received += more.length;
    await stream.close();
    assert.equal(received, LINES);
  });

  test(`${pipe}: a break ends the threads`, { timeout }, async () => {
    const file = fileOf(lines(LINES));
    const before = threadsNow();
    for await (const offsets of find(file, '\n', { pipe, threads: 4,
                                                   capacity: 10 })) {
      assert.ok(offsets.length > 0);
      assert.ok(threadsNow() > before);
      break;
    }
    await until(() => threadsNow() <= before);
  });

  test(`${pipe}: so does an exception in the loop`, { timeout }, async () => {
    const file = fileOf(lines(LINES));
    const before = threadsNow();
    await assert.rejects(async () => {
      for await (const _ of find(file, '\n', { pipe, capacity: 10 }))
        throw new Error('enough');
    }, { message: 'enough' });
    await until(() => threadsNow() <= before);
  });

  test(`${pipe}: and a return before the first next`, { timeout }, async () => {
    const before = threadsNow();
    const iterator = find(fileOf('x'), 'x', { pipe });
    assert.deepEqual(await iterator.return('r'), { value: 'r', done: true });
    await until(() => threadsNow() <= before);
  });

  test(`${pipe}: several searches at once`, { timeout }, async () => {
    const content = lines(50_000);
    const file = fileOf(content);
    const needles = ['1', '42', '\n', '999', 'absent'];
    const found = await Promise.all(
      needles.map((needle) => all(file, needle, { pipe, capacity: 64 })));
    for (const [i, needle] of needles.entries())
      assert.deepEqual(sorted(found[i]), offsetsOf(content, needle));
  });

  test(`${pipe}: timers have their turn beside an endless search`, { timeout },
       async () => {
    let fired = false;
    setTimeout(() => setImmediate(() => { fired = true; }), 1);
    for await (const _ of find('/dev/zero', '\0', { pipe }))
      if (fired)
        break;
  });

  test(`${pipe}: errors are told`, { timeout }, async () => {
    await assert.rejects(all('/nowhere', 'x', { pipe }), { code: 'ENOENT' });
    await assert.rejects(all('/', 'x', { pipe }), { code: 'EISDIR' });
    const Stream = load(pipe);
    assert.throws(() => new Stream(2 ** 31 - 1, Buffer.from('x'), 1, 1),
                  { code: 'EBADF' });
    assert.throws(() => Stream(0, Buffer.from('x'), 1, 1),
                  { name: 'TypeError', message: /^new Stream\(fd, needle/ });
    assert.throws(() => Stream.prototype.next.call({}), TypeError);
  });

  test(`${pipe}: errors name the argument`, { timeout }, () => {
    const Stream = load(pipe);
    const good = { fd: 0, needle: Buffer.from('x'), threads: 1, capacity: 1 };
    const refuses = (name, value, error) => {
      const args = Object.values({ ...good, [name]: value });
      assert.throws(() => new Stream(...args),
                    { name: error, message: new RegExp(`^${name}: `) });
    };
    for (const name of ['fd', 'threads', 'capacity']) {
      for (const value of [undefined, null, '1', 1n, {}, [], true, Symbol()])
        refuses(name, value, 'TypeError');
      for (const value of [NaN, Infinity, -Infinity, -1, 0.5, 1.5, 2 ** 31,
                           2 ** 32, 2 ** 32 + 1, 2 ** 53, -(2 ** 32) + 1])
        refuses(name, value, 'RangeError');
    }
    refuses('threads', 0, 'RangeError');
    refuses('threads', 257, 'RangeError');
    refuses('capacity', 0, 'RangeError');
    refuses('capacity', 2 ** 24 + 1, 'RangeError');
    for (const value of [undefined, null, 'x', 1, {}, [1], new ArrayBuffer(8),
                         new DataView(new ArrayBuffer(8)), new Int8Array(8),
                         new Float64Array(3)])
      refuses('needle', value, 'TypeError');
    const detached = Buffer.from(new ArrayBuffer(8));
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    for (const value of [Buffer.alloc(0), detached, Buffer.alloc(PIECE + 1)])
      refuses('needle', value, 'RangeError');
    for (const value of [Symbol(), new Proxy(Buffer.from('x'), {})])
      refuses('needle', value, 'TypeError');
    assert.throws(() => new Stream(), { message: /^fd: / });
  });

  test(`${pipe}: so do find()'s`, { timeout }, async () => {
    for (const needle of [undefined, null, 1, {}, ['x'], Symbol(),
                          Object.create(Uint8Array.prototype),
                          new Proxy(new Uint8Array(1), {})])
      await assert.rejects(all('/dev/null', needle, { pipe }),
                           { name: 'TypeError', message: /^needle: / });
    await assert.rejects(all('/dev/null', '', { pipe }), /needle: a byte/);
    const other = vm.runInNewContext('new Uint8Array([120])');
    assert.deepEqual(await all(fileOf('.x'), other, { pipe }), [1]);
    await assert.rejects(all('/dev/null', 'x', { pipe, threads: 2 ** 32 + 1 }),
                         { name: 'RangeError', message: /^threads: / });
    await assert.rejects(all('/dev/null', 'x', { pipe, capacity: 0 }),
                         { name: 'RangeError', message: /^capacity: / });
    await assert.rejects(all('/dev/null', 'x', { pipe: '../x' }),
                         { name: 'TypeError', message: /^pipe: / });
    for (const options of [null, 1, 'threads', Symbol(), () => { }])
      await assert.rejects(all('/dev/null', 'x', options),
                           { name: 'TypeError', message: /^options: / });
  });

  test(`${pipe}: calls out of turn`, { timeout }, async () => {
    const fd = fs.openSync(fileOf(lines(LINES)));
    const stream = new (load(pipe))(fd, Buffer.from('absent'), 2, 10);
    fs.closeSync(fd);
    const pending = stream.next();
    assert.throws(() => stream.next(), /before its last promise/);
    const closed = stream.close();
    assert.throws(() => stream.close(), /before its last promise/);
    await closed;
    assert.equal(await pending, undefined);
    assert.equal(await stream.next(), undefined);
    assert.equal(await stream.close(), undefined);
    assert.equal(stream.queued(), 0);
  });
}
