'use strict';
// plain: the message of an error on one line, without what a terminal takes
// for a command: the names of files in it may contain that. Controls, marks
// that turn a line round, and halves of pairs, as in a string of JavaScript.
function plain(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    `\\u{${character.codePointAt(0).toString(16)}}`);
}

// Runs main; if it fails, says why in a line.
function run(name, main) {
  main().catch((err) => {
    console.error(`${name}: ${plain(err.message)}`);
    process.exitCode = 1;
  });
}

module.exports = { plain, run };
