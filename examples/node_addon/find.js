'use strict';
// find: the offsets of a needle in a file, found by several threads, as an
// async iterable of Float64Arrays.
//
// The arrays of one thread are in order, those of several are not: thread i of
// n searches the pieces i, i + n, i + 2n, ... of PIECE bytes each.
const fs = require('node:fs/promises');
const os = require('node:os');
const path = require('node:path');
const { isUint8Array } = require('node:util/types');

const PIECE = 256 * 1024; // as in search.h

// The addon's class. pipe: 'loopchan', or 'threadsafe' for the same on
// napi_threadsafe_function; ADDONS: the directory where they were built.
const PIPES = ['loopchan', 'threadsafe'];
function load(pipe) {
  if (!PIPES.includes(pipe))
    throw new TypeError(`pipe: one of ${PIPES.join(', ')} is wanted`);
  const { ADDONS } = process.env;
  if (!ADDONS)
    throw new Error('ADDONS: it has to name the directory of the built addons');
  const addon = path.resolve(ADDONS, `find_${pipe}.node`);
  try {
    return require(addon).Stream;
  } catch (err) {
    if (err.code !== 'MODULE_NOT_FOUND')
      throw err;
    throw new Error(`ADDONS: there is no '${addon}'`); // and no trace in it
  }
}

// Before the file is opened; what Buffer.from() makes of other things than
// these is nothing to look for.
function bytesOf(needle) {
  if (typeof needle !== 'string' && !isUint8Array(needle))
    throw new TypeError('needle: a string or a Uint8Array is wanted');
  return Buffer.from(needle);
}

async function* find(file, needle, options = {}) {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('options: an object is wanted');
  const { threads = os.cpus().length, capacity = 4096, pipe = 'loopchan' } =
    options;
  const Stream = load(pipe);
  const bytes = bytesOf(needle);
  const handle = await fs.open(file);
  let stream;
  try {
    stream = new Stream(handle.fd, bytes, threads, capacity);
  } finally {
    await handle.close(); // the stream has a descriptor of its own
  }
  // A break, a return or an exception in the loop of whoever iterates comes
  // here, too. Without the close the threads would wait for room until the
  // garbage collector finds the stream.
  try {
    let offsets;
    while ((offsets = await stream.next()) !== undefined)
      yield offsets;
  } finally {
    await stream.close();
  }
}

module.exports = { find, load, PIECE, PIPES };
